"""The chain of tags of a FIF file, walked before mne follows it blindly."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import BinaryIO, cast

from sclcm_core.errors import RecordingError

_TAG = struct.Struct(">iIii")
_LAST = -1


def check_tags(path: Path) -> None:
    """Check that every tag of a FIF file lies inside it and that the chain moves on, so that reading it ends.

    Parameters
    ----------
    path : Path
        The file, packed by gzip or not. `RecordingError` is raised when the chain breaks.
    """
    packed = path.suffix.lower() == ".gz"
    with gzip.open(path) if packed else path.open("rb") as opened:
        file = cast("BinaryIO", opened)
        size = len(file.read()) if packed else file.seek(0, 2)
        at = 0
        while at < size:
            following = _next_tag(file, at, size, path)
            if following is None:
                return
            at = following


def _next_tag(file: BinaryIO, at: int, size: int, path: Path) -> int | None:
    """Return where the next tag is, or None after the last."""
    file.seek(at)
    head = file.read(_TAG.size)
    if len(head) == _TAG.size:
        n_bytes, following = (int(number) for number in _TAG.unpack(head)[2:])
        end = at + _TAG.size + n_bytes
        if n_bytes >= 0 and end <= size and following == _LAST:
            return None
        at_next = end if following == 0 else following
        if n_bytes >= 0 and end <= size and at_next >= end:
            return at_next
    raise RecordingError(
        f"'{path}' is cut short or damaged: the tag at byte {at} of {size} leads outside.",
        "Copy it again from where it was recorded.",
    )
