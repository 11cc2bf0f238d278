"""A made-up sitting: EEG of a rest and of blocks whose classes differ in amplitude, with the markers of a protocol."""

import numpy as np
from scipy.signal import lfilter

from app.calibrate import predict_every
from sclcm_core.inference.bundle import Bundle
from sclcm_core.types import Marker, Prediction, StreamSpec

SFREQ, REST_S, BLOCK_S, GAP_S = 128.0, 14.0, 6.0, 1.0
LABELS = ["loud", "quiet", "quiet", "loud"] * 2
SPEC = StreamSpec(SFREQ, ("T7", "T8"))


def sitting(difference: float = 1.8) -> tuple[np.ndarray, list[Marker]]:
    """Return samples in µV, shape (n_samples, 2), and markers in s."""
    rng = np.random.default_rng(5)
    gains, markers, t = [np.full(round(REST_S * SFREQ), 1.0)], [Marker(0.0, "rest/eyes-open")], REST_S
    markers.append(Marker(t, "rest-end/eyes-open"))
    for number, label in enumerate(LABELS):
        gain = difference if label == "loud" else 1.0
        gains += [np.ones(round(GAP_S * SFREQ)), np.full(round(BLOCK_S * SFREQ), gain)]
        markers.append(Marker(t + GAP_S, f"stimulus/{label}/{label}#{number}"))
        t += GAP_S + BLOCK_S
        markers.append(Marker(t, f"stimulus-end/{label}/{label}#{number}"))
    noise = lfilter([1.0], [1.0, -0.95], rng.standard_normal((sum(map(len, gains)), 2)), axis=0)
    return (4.0 * noise * np.concatenate(gains)[:, None]).astype(np.float32), markers


def predicted(bundle: Bundle, samples: np.ndarray) -> list[Prediction]:
    """Every window of a sitting."""
    return predict_every(bundle, SPEC, samples, np.arange(len(samples)) / SFREQ)
