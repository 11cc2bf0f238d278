"""Pieces of recordings."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sclcm_core.errors import DatasetError
from sclcm_core.recordings import Recording

_EPSILON_S = 1e-6


def cut_recording(recording: Recording, start_s: float, stop_s: float) -> Recording:
    """Return a piece of a recording; its time starts from 0 again.

    Parameters
    ----------
    recording : Recording
        The whole.
    start_s, stop_s : float
        Where the piece starts and ends, in s from the start of the whole; infinite for its end.

    Returns
    -------
    Recording
        The piece, a view of the same samples, without markers.

    Raises
    ------
    DatasetError
        When it does not lie inside the whole.
    """
    sfreq, n_samples = recording.spec.sfreq, recording.n_samples
    start = round(start_s * sfreq)
    stop = n_samples if np.isinf(stop_s) else round(stop_s * sfreq)
    if not 0 <= start < stop <= n_samples:
        raise DatasetError(
            f"'{recording.path}' lasts {recording.duration_s:.2f} s; the piece from {start_s:.2f} to {stop_s:.2f} s is not in it.",
            "Correct the times, or copy the file again if it was cut short.",
        )
    timestamps = np.arange(stop - start) / sfreq
    return replace(recording, samples=recording.samples[start:stop], timestamps=timestamps, markers=())


def refuse_overlaps(what: str, pieces: Sequence[tuple[float, float]]) -> None:
    """Refuse pieces of one recording that share a moment: they could end up on both sides of a split.

    Parameters
    ----------
    what : str
        Where the times are stated.
    pieces : sequence of (float, float)
        Start and end of each, in s.
    """
    in_order = sorted(pieces)
    for (start, stop), (next_start, _) in itertools.pairwise(in_order):
        if next_start < stop - _EPSILON_S:
            raise DatasetError(
                f"{what}: the piece from {start:g} to {stop:g} s overlaps the one from {next_start:g} s.",
                "Correct the times: every moment may belong to one trial only.",
            )
