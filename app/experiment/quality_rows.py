"""The quality of the signal, as a recorded session kept it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.session.recorded_session import noted
from app.session.session_file import PERSON_KEY, QUALITY
from sclcm_core.recordings.xdf_chunks import whole_chunks

LIGHTS = ("good", "fair", "poor")


@dataclass(frozen=True, slots=True)
class ChannelTime:
    """How long a channel was how good.

    Parameters
    ----------
    name : str
        Label of the channel.
    shares : tuple of float
        Share of the reports that call it good, fair and poor, each in 0..1.
    """

    name: str
    shares: tuple[float, float, float]


def read_quality(path: Path, who: str = "") -> list[ChannelTime]:
    """Read how good each channel was.

    Parameters
    ----------
    path : Path
        The recording of a session.
    who : str
        Whose, in a file that several people share.

    Returns
    -------
    list of ChannelTime
        Empty when no report was recorded.
    """
    import pyxdf

    with np.errstate(all="ignore"):  # it divides by a duration of zero
        streams, _ = pyxdf.load_xdf(
            io.BytesIO(whole_chunks(path).whole), synchronize_clocks=False, dejitter_timestamps=False, select_streams=None
        )
    out: list[ChannelTime] = []
    for stream in streams:
        if stream["info"]["type"][0] != QUALITY or noted(stream, PERSON_KEY) != who or not len(stream["time_stamps"]):
            continue
        labels = [entry["label"][0] for entry in stream["info"]["desc"][0]["channels"][0]["channel"]]
        rows = np.asarray(stream["time_series"], dtype=np.float64)
        out += [
            ChannelTime(label.removesuffix(": light"), _shares(rows[:, k]))
            for k, label in enumerate(labels)
            if label.endswith(": light")
        ]
    return out


def _shares(lights: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float, float]:
    good, fair, poor = (float(np.mean(lights == k)) for k in range(3))
    return good, fair, poor
