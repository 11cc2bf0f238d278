"""What a window costs live: the exported network of an arm on one thread."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from offline.evaluate.compare_arms import Arm
from offline.quantize.export import export_network
from offline.seeds import Seed
from offline.training.networks import build_classifier, build_encoder
from sclcm_core.inference.onnx_runtime import OnnxPredictor

BUDGET_MS = 20.0
"""What a window may cost live at the 99th percentile, in ms."""

N_TIMED, N_WARMUP = 500, 50


@dataclass(frozen=True, slots=True)
class LiveCost:
    """Processor time of one window on one thread.

    Parameters
    ----------
    p50_ms, p99_ms : float
        Median and 99th percentile in ms.
    """

    p50_ms: float
    p99_ms: float

    @property
    def is_within_budget(self) -> bool:
        """Whether the 99th percentile is 20 ms or less."""
        return self.p99_ms <= BUDGET_MS


def measure_arms(arms: list[Arm], n_classes: int) -> dict[str, LiveCost]:
    """Export the network of each arm as float32 ONNX and time single windows of noise.

    Parameters
    ----------
    arms : list of Arm
        Those with a network are measured; networks of the same shape once.
    n_classes : int
        Number of classes.

    Returns
    -------
    dict of str to LiveCost
        By name of the arm. Weights are new: what is computed does not depend on them. It is processor time, which other programs
        on the machine lengthen less than they lengthen the time on a clock.
    """
    by_shape: dict[str, LiveCost] = {}
    out = {}
    for arm in arms:
        if arm.baseline or (arm.method and arm.method.refusal):
            continue
        seed = Seed(arm.config.seed)
        network = build_classifier(arm.config, build_encoder(arm.config, seed), n_classes, seed).eval()
        shape = str(network)
        if shape not in by_shape:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "network.onnx"
                export_network(network, arm.config.features.input_shape, path)
                by_shape[shape] = live_cost(OnnxPredictor(path), arm.config.features.input_shape)
        out[arm.name] = by_shape[shape]
    return out


def live_cost(predictor: OnnxPredictor, shape: tuple[int, int, int]) -> LiveCost:
    """Time single windows of noise on one thread.

    Parameters
    ----------
    predictor : OnnxPredictor
        A network.
    shape : (int, int, int)
        (n_bands, n_columns, n_frames).
    """
    window = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    times = np.empty(N_WARMUP + N_TIMED)
    for k in range(len(times)):
        start = time.thread_time()
        predictor.logits(window)
        times[k] = time.thread_time() - start
    p50, p99 = np.percentile(times[N_WARMUP:] * 1e3, (50, 99))
    return LiveCost(float(p50), float(p99))
