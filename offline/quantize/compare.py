"""Float against int8: the same windows, the same runtime, one thread."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from offline.config import QuantizeConfig
from offline.evaluate.scores import balanced_accuracy, confusion
from offline.training.inputs import Inputs
from sclcm_core.inference.onnx_runtime import OnnxPredictor
from sclcm_core.types import Float32Array

Rung = Literal["static", "mixed", "aware", "dynamic"]
"""Ways to eight bits: post-training; with the outer layers in float32; finetuned under rounding first; of a transformer, its linear
layers alone, with ranges of activations found as they come."""

N_WARMUP, N_TIMED = 50, 1000


@dataclass(frozen=True, slots=True)
class Latency:
    """How long one window takes, one at a time on one thread.

    Parameters
    ----------
    p50_us, p99_us : float
        Median and 99th percentile in µs.
    """

    p50_us: float
    p99_us: float


@dataclass(frozen=True, slots=True)
class Int8Cost:
    """What eight bits cost on windows of validation people.

    Parameters
    ----------
    rung : {'static', 'mixed', 'aware', 'dynamic'}
        How the network came to eight bits.
    float_accuracy, int8_accuracy : float
        Balanced accuracy in 0..1, mean over the lines of normalisation.
    agreement : float
        Share of windows with the same answer, in 0..1, likewise.
    """

    rung: Rung
    float_accuracy: float
    int8_accuracy: float
    agreement: float

    @property
    def drop(self) -> float:
        """Balanced accuracy that is lost."""
        return self.float_accuracy - self.int8_accuracy


@dataclass(frozen=True, slots=True)
class Comparison:
    """What eight bits cost and bring.

    Parameters
    ----------
    n_windows : int
        Windows compared on.
    of_whom : str
        Whose windows they are.
    float_accuracy, int8_accuracy : float
        Balanced accuracy, in 0..1.
    agreement : float
        Share of windows with the same answer, in 0..1.
    logit_error : float
        Root mean square difference of the logits over their root mean square, without unit.
    float_bytes, int8_bytes : int
        Sizes of the files.
    float_latency, int8_latency : Latency
        Times in µs.
    on_validation : Int8Cost or None
        Accuracy and agreement on the folds' validation people, mean over the folds.
    """

    n_windows: int
    of_whom: str
    float_accuracy: float
    int8_accuracy: float
    agreement: float
    logit_error: float
    float_bytes: int
    int8_bytes: int
    float_latency: Latency
    int8_latency: Latency
    on_validation: Int8Cost | None = None

    @property
    def size_ratio(self) -> float:
        """Size of the int8 file over that of the float file."""
        return self.int8_bytes / self.float_bytes


def compare_files(float_path: Path, int8_path: Path, inputs: Inputs, n_classes: int, of_whom: str) -> Comparison:
    """Compare two files on windows.

    Parameters
    ----------
    float_path, int8_path : Path
        The ``.onnx`` files.
    inputs : Inputs
        Windows.
    n_classes : int
        Number of classes.
    of_whom : str
        Whose windows they are, for the report.

    Returns
    -------
    Comparison
        What eight bits cost and bring.
    """
    predictors = OnnxPredictor(float_path), OnnxPredictor(int8_path)
    logits = [predictor.logits(inputs.features) for predictor in predictors]
    answers = [values.argmax(axis=1) for values in logits]
    accuracies = [balanced_accuracy(confusion(inputs.label, answer, n_classes)) for answer in answers]
    error = np.sqrt(np.mean((logits[0] - logits[1]) ** 2) / np.mean(logits[0] ** 2))
    latencies = [measure_latency(predictor, inputs.features) for predictor in predictors]
    return Comparison(
        n_windows=len(inputs),
        of_whom=of_whom,
        float_accuracy=accuracies[0],
        int8_accuracy=accuracies[1],
        agreement=float(np.mean(answers[0] == answers[1])),
        logit_error=float(error),
        float_bytes=float_path.stat().st_size,
        int8_bytes=int8_path.stat().st_size,
        float_latency=latencies[0],
        int8_latency=latencies[1],
    )


def measure_latency(predictor: OnnxPredictor, features: Float32Array) -> Latency:
    """Time single windows.

    Parameters
    ----------
    predictor : OnnxPredictor
        A network on one thread.
    features : ndarray of float32, shape (n, n_bands, n_columns, n_frames)
        Windows to take turns with.

    Returns
    -------
    Latency
        Over 1000 windows, after 50 that are not counted.
    """
    windows = [np.ascontiguousarray(features[k % len(features)][None]) for k in range(64)]
    for k in range(N_WARMUP):
        predictor.logits(windows[k % 64])
    times = np.empty(N_TIMED)
    for k in range(N_TIMED):
        start = time.perf_counter()
        predictor.logits(windows[k % 64])
        times[k] = time.perf_counter() - start
    return Latency(float(np.percentile(times, 50) * 1e6), float(np.percentile(times, 99) * 1e6))


def shortfalls(accuracy_drop: float, agreement: float, size_ratio: float, config: QuantizeConfig) -> list[str]:
    """Return what keeps an int8 network from being accepted; empty when nothing does.

    Parameters
    ----------
    accuracy_drop : float
        Balanced accuracy of float less that of int8 on validation people, mean over the folds.
    agreement : float
        Share of their windows with the same answer, in 0..1, mean over the folds.
    size_ratio : float
        Size of the int8 file over that of the float file.
    config : QuantizeConfig
        What is asked for.

    Returns
    -------
    list of str
        One sentence a shortfall, with the figure and the bound.
    """
    out = []
    if accuracy_drop > config.max_accuracy_drop:
        out.append(
            f"balanced accuracy falls by {100 * accuracy_drop:.1f} points (at most {100 * config.max_accuracy_drop:.1f})"
        )
    if agreement < config.min_agreement:
        out.append(f"{100 * agreement:.1f} % same answers (at least {100 * config.min_agreement:.0f} %)")
    if size_ratio > config.max_size_ratio:
        out.append(f"{100 * size_ratio:.0f} % of the float file (at most {100 * config.max_size_ratio:.0f} %)")
    return out
