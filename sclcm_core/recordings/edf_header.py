"""The fixed header of EDF and BDF files, read to see whether the file is all there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sclcm_core.errors import RecordingError
from sclcm_core.types import Float64Array

_VERSIONS = {b"0       ": 2, b"\xffBIOSEMI": 3}
_SIGNAL_BYTES = 256
_SAMPLES_FIELD_AT = 216
_LABEL_BYTES = 16
_CANNOT = "Export it again as EDF or BDF, or check that it is what its name says."


@dataclass(frozen=True)
class EdfHeader:
    """What the header says.

    Parameters
    ----------
    n_records : int
        Number of data records; -1 when the recorder did not live to write it.
    record_s : float
        Duration of a record in s.
    labels : tuple of str
        Labels of the signals, annotations included.
    n_per_record : tuple of int
        Samples of each signal in a record.
    sample_bytes : int
        Bytes a sample: 2 for EDF, 3 for BDF.
    header_bytes : int
        Length of the header.
    discontinuous : bool
        Whether records may be apart in time (EDF+D).
    """

    n_records: int
    record_s: float
    labels: tuple[str, ...]
    n_per_record: tuple[int, ...]
    sample_bytes: int
    header_bytes: int
    discontinuous: bool

    @property
    def record_bytes(self) -> int:
        """Length of a record in bytes."""
        return sum(self.n_per_record) * self.sample_bytes


def read_edf_header(path: Path) -> EdfHeader:
    """Read the header of an EDF or BDF file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    EdfHeader
        What it says.
    """
    with path.open("rb") as file:
        fixed = file.read(256)
        if len(fixed) < 256 or fixed[:8] not in _VERSIONS:
            raise RecordingError(f"'{path}' is not an EDF or BDF file: it begins with {fixed[:8]!r}.", _CANNOT)
        try:
            return _parse(fixed, file.read(max(0, int(fixed[252:256])) * _SIGNAL_BYTES))
        except (ValueError, IndexError) as error:
            raise RecordingError(f"The header of '{path}' is damaged ({error}).", _CANNOT) from error


def _parse(fixed: bytes, signals: bytes) -> EdfHeader:
    n_signals, header_bytes = int(fixed[252:256]), int(fixed[184:192])
    if n_signals < 1 or header_bytes != 256 + n_signals * _SIGNAL_BYTES or len(signals) != n_signals * _SIGNAL_BYTES:
        raise ValueError(f"{n_signals} signals in {header_bytes} bytes")
    at = n_signals * _SAMPLES_FIELD_AT
    n_per_record = tuple(int(signals[at + 8 * k : at + 8 * k + 8]) for k in range(n_signals))
    if min(n_per_record) < 1:
        raise ValueError(f"{min(n_per_record)} samples a record")
    labels = (signals[_LABEL_BYTES * k : _LABEL_BYTES * (k + 1)].decode("latin1").strip() for k in range(n_signals))
    return EdfHeader(
        n_records=int(fixed[236:244]),
        record_s=float(fixed[244:252]),
        labels=tuple(labels),
        n_per_record=n_per_record,
        sample_bytes=_VERSIONS[fixed[:8]],
        header_bytes=header_bytes,
        discontinuous=fixed[192:197] in (b"EDF+D", b"BDF+D"),
    )


def check_complete(path: Path, header: EdfHeader) -> tuple[str, ...]:
    """Compare the size of the file with what its header promises.

    Parameters
    ----------
    path : Path
        The file.
    header : EdfHeader
        Its header.

    Returns
    -------
    tuple of str
        What the user should know; a file that is too short raises `RecordingError`.
    """
    n_found, rest = divmod(path.stat().st_size - header.header_bytes, header.record_bytes)
    if n_found < 1 or (header.n_records >= 0 and n_found < header.n_records):
        promised = f"{header.n_records} records" if header.n_records >= 0 else "at least one record"
        raise RecordingError(
            f"'{path}' is cut short: its header promises {promised} of {header.record_s:g} s, the file holds {n_found}.",
            "Copy it again from where it was recorded.",
        )
    if header.n_records < 0:
        return (f"The recorder did not finish the header; {n_found} complete records of {header.record_s:g} s are read.",)
    if rest or n_found > header.n_records:
        return (f"The file is longer than the {header.n_records} records that its header promises; the rest is left out.",)
    return ()


def record_onsets(path: Path, header: EdfHeader) -> Float64Array | None:
    """Read when each record of a discontinuous file begins.

    Parameters
    ----------
    path : Path
        The file.
    header : EdfHeader
        Its header.

    Returns
    -------
    ndarray of float64, shape (n_records,), or None
        Onsets in s from the start; None when the file keeps none.
    """
    keepers = [k for k, label in enumerate(header.labels) if label in ("EDF Annotations", "BDF Annotations")]
    if not keepers:
        return None
    first = sum(header.n_per_record[: keepers[0]]) * header.sample_bytes
    length = header.n_per_record[keepers[0]] * header.sample_bytes
    data = path.read_bytes()[header.header_bytes :]
    records = range(first, len(data) // header.record_bytes * header.record_bytes, header.record_bytes)
    try:
        return np.array([float(data[at : at + length].split(b"\x14", 1)[0]) for at in records])
    except ValueError:
        return None
