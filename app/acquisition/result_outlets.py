"""What the program finds out, back on the wire: probabilities, quality, events, under the time stamps of the samples."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import numpy as np

from app.acquisition.outlets import MarkerOutlet, OutletSpec, SampleOutlet
from sclcm_core.types import FloatArray, Prediction, StreamSpec

PREFIX = "SCLCM"
"""What the names of all result streams begin with."""


def is_result_of(identity: str, name: str, source_id: str) -> bool:
    """Tell whether a stream carries what this program, in any process, says of a stream of samples.

    Parameters
    ----------
    identity : str
        Source id of the stream of samples, or its name when it gives none.
    name, source_id : str
        Of the stream in question.
    """
    what = name.removeprefix(f"{PREFIX} ")
    return what != name and source_id == f"{identity}-{what.replace(' ', '-')}"


class ResultOutlets:
    """Three streams for other programs: probabilities, signal quality, events; a context manager.

    Parameters
    ----------
    source : StreamSpec
        The stream that was analysed.
    class_names : sequence of str
        Classes of the model.
    ch_names : sequence of str
        Channels whose quality is told.
    model : str
        Name of the model.
    target : str
        What the model tells: ``"emotion"``, ``"workload"``...
    simulated : bool
        Whether the model was trained on a simulated signal, or the stream is simulated.

    Notes
    -----
    A prediction is sent at the capture time of its newest sample; one that is withheld is sent as NaN, with the reason as an event.
    Time stamps are on the local LSL clock; results of a replay that does not run on the clock have no place there.
    """

    def __init__(
        self,
        source: StreamSpec,
        class_names: Sequence[str],
        ch_names: Sequence[str],
        *,
        model: str,
        target: str = "emotion",
        simulated: bool = False,
    ) -> None:
        identity = source.source_id or source.name
        notes = (("model", model), ("target", target), ("source_name", source.name), ("source_id", source.source_id))
        made_up = simulated or source.origin == "simulated"

        def outlet(what: str, kind: str, labels: Sequence[str], unit: str) -> SampleOutlet:
            name, own_id = f"{PREFIX} {what}", f"{identity}-{what}"
            return SampleOutlet(
                OutletSpec(name, kind, own_id, tuple(labels), 0.0, (unit,), (kind,), simulated=made_up, notes=notes)
            )

        self._probabilities = outlet("probabilities", "Probabilities", class_names, "probability")
        self._quality = outlet("quality", "Quality", ch_names, "share")
        self._events = MarkerOutlet(f"{PREFIX} events", f"{identity}-events", simulated=made_up)
        self._withheld: str | None = None
        self._label: str | None = None

    def publish(self, prediction: Prediction) -> None:
        """Send a prediction; an event when the label changes, or the reason to withhold it does."""
        values = prediction.probabilities if prediction.withheld is None else np.full(len(prediction.class_names), np.nan)
        self._probabilities.push(np.asarray(values, dtype=np.float32)[None], np.array([prediction.t_end]))
        if prediction.withheld != self._withheld and prediction.withheld is not None:
            self._events.mark(f"withheld: {prediction.withheld}", prediction.t_end)
        if prediction.label is not None and prediction.label != self._label:
            self._events.mark(f"label: {prediction.label}", prediction.t_end)
        self._withheld, self._label = prediction.withheld, prediction.label

    def publish_quality(self, quality: FloatArray, t_end: float) -> None:
        """Send the quality of each channel.

        Parameters
        ----------
        quality : ndarray, shape (n_channels,)
            Share of good signal, in 0..1.
        t_end : float
            Capture time of the newest sample it is made of, in s on the LSL clock.
        """
        self._quality.push(np.asarray(quality, dtype=np.float32)[None], np.array([t_end]))

    def publish_event(self, text: str, t: float) -> None:
        """Send an event, at a time in s on the LSL clock."""
        self._events.mark(text, t)

    def close(self) -> None:
        """Take the streams off the network."""
        for outlet in (self._probabilities, self._quality, self._events):
            outlet.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
