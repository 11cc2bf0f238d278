"""The header of BrainVision files, read to see whether the data file is whole."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

from sclcm_core.errors import RecordingError

_MARKER_POSITION = re.compile(r"^Mk\d+=[^,\n]*,[^,\n]*,(\d{1,15})", re.MULTILINE)
_SAMPLE_BYTES = {"INT_16": 2, "INT_32": 4, "IEEE_FLOAT_32": 4}


def check_data_file(path: Path) -> None:
    """Check that the data file that a header names is there and ends with a whole sample.

    Parameters
    ----------
    path : Path
        The ``.vhdr`` file. `RecordingError` is raised when its data file is missing or cut short; what else may be wrong with
        the header is left to the reader.
    """
    header = _parse(path)
    common = header["Common Infos"] if header.has_section("Common Infos") else {}
    if "DataFile" not in common:
        raise RecordingError(f"'{path}' names no data file.", "Export it again, or check that it is a BrainVision header.")
    data_path = path.with_name(common["DataFile"].strip().replace("$b", path.stem))
    if not data_path.is_file():
        raise RecordingError(f"The data file '{data_path}' of '{path.name}' is missing.", "Put it beside its header.")
    form = header.get("Binary Infos", "BinaryFormat", fallback="").strip().upper()
    channels = common.get("NumberOfChannels", "").strip()
    if common.get("DataFormat", "").strip().upper() != "BINARY" or form not in _SAMPLE_BYTES or not channels.isdigit():
        return
    n_samples, rest = divmod(data_path.stat().st_size, max(1, int(channels) * _SAMPLE_BYTES[form]))
    last = _last_marked_sample(path.with_name(common.get("MarkerFile", "").strip().replace("$b", path.stem)))
    if rest or last > n_samples:
        found = f"it ends within sample {n_samples + 1}" if rest else f"it holds {n_samples} samples, a marker is at {last}"
        raise RecordingError(f"'{data_path}' is cut short: {found}.", "Copy it again from where it was recorded.")


def _last_marked_sample(markers_path: Path) -> int:
    """Return the number of the last sample that has a marker, counted from 1; 0 when none has."""
    if not markers_path.is_file():
        return 0
    text = markers_path.read_text("utf-8", errors="replace")
    return max((int(position) for position in _MARKER_POSITION.findall(text)), default=0)


def _parse(path: Path) -> configparser.ConfigParser:
    """Read the sections of the header; the comment at its end is free text and is left out."""
    _, _, body = path.read_text("utf-8", errors="replace").partition("\n")
    header = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    try:
        header.read_string(body.partition("[Comment]")[0])
    except configparser.Error as error:
        raise RecordingError(f"'{path}' is no BrainVision header ({type(error).__name__}).", "Export it again.") from error
    return header
