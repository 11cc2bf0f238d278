"""Read the next recording while the features of this one are computed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from offline.datasets.dataset import LabelledRecording


def read_ahead(recordings: Iterator[LabelledRecording]) -> Iterator[LabelledRecording]:
    """Go through recordings with one of them read in advance, in a thread of its own.

    Parameters
    ----------
    recordings : iterator of LabelledRecording
        Reads the next recording when asked for it.

    Yields
    ------
    LabelledRecording
        The same recordings in the same order. At any time there are two at most: the one in use, and the next.

    Notes
    -----
    Unpacking a file and transforming a signal both leave the interpreter to others, so that on two cores the shorter of the two
    costs no time. An error of the reader is raised here, in its turn.
    """
    with ThreadPoolExecutor(1) as reader:
        upcoming = reader.submit(next, recordings, None)
        while (recording := upcoming.result()) is not None:
            upcoming = reader.submit(next, recordings, None)
            yield recording
            del recording  # not held while the caller waits for the next one
