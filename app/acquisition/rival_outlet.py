"""What a second model says, back on the wire beside the first."""

from __future__ import annotations

import numpy as np

from app.acquisition.outlets import OutletSpec, SampleOutlet
from app.acquisition.result_outlets import PREFIX
from sclcm_core.inference.manifest import Manifest
from sclcm_core.types import Prediction, StreamSpec

RIVAL_NAME = f"{PREFIX} rival probabilities"
"""Name of the stream of a second model."""


class RivalOutlet:
    """The probabilities of a second model, under the time stamps of the samples; NaN while it says nothing.

    Parameters
    ----------
    source : StreamSpec
        The stream that is analysed.
    manifest : Manifest
        The second model.
    """

    def __init__(self, source: StreamSpec, manifest: Manifest) -> None:
        identity = f"{source.source_id or source.name}-rival-probabilities"
        notes = (("model", manifest.name), ("target", manifest.target), ("source_name", source.name))
        made_up = manifest.simulated or source.origin == "simulated"
        kind, unit = "Probabilities", "probability"
        self._outlet = SampleOutlet(
            OutletSpec(RIVAL_NAME, kind, identity, manifest.class_names, 0.0, (unit,), (kind,), simulated=made_up, notes=notes)
        )

    def publish(self, prediction: Prediction) -> None:
        """Send a prediction."""
        values = prediction.probabilities if prediction.withheld is None else np.full(len(prediction.class_names), np.nan)
        self._outlet.push(np.asarray(values, dtype=np.float32)[None], np.array([prediction.t_end]))

    def close(self) -> None:
        """Take the stream off the network."""
        self._outlet.close()
