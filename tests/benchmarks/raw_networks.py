"""The networks on raw windows, one window at a time on one thread: against the budget of a live window, and against torch.

The budget is held against processor time of the calling thread, which does the whole work: what else the machine does is no part of it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from offline.quantize.export import export_network
from sclcm_core.inference.onnx_runtime import OnnxPredictor
from sclcm_core.models import ClassifierHead, DilatedTcn, Encoder, PatchTransformer, SclcmClassifier
from sclcm_core.montage import DEAP_CHANNELS, SEED_CHANNELS
from sclcm_core.simulation import HEADSET_CHANNELS
from tests.benchmarks.row import Row, interleaved

BUDGET_MS = 20.0
"""A live window may take this long at the 99th percentile."""

N_WARM, N_CALLS = 20, 300


def rows() -> list[Row]:
    """Measure."""
    torch.set_num_threads(1)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, encoder in _encoders().items():
            found += _rows_of(name, encoder, Path(folder) / "network.onnx")
    return found


def _encoders() -> dict[str, Encoder]:
    def patches(ch_names: tuple[str, ...], depth: int = 4, n_embedding: int = 128) -> Encoder:
        shape = (32, len(ch_names), 16)
        return PatchTransformer(shape, ch_names, sfreq=128.0, depth=depth, n_embedding=n_embedding, n_hidden=4 * n_embedding)

    return {
        "patches 4 x 128, 8 channels": patches(tuple(HEADSET_CHANNELS)),
        "patches 4 x 128, 32 channels": patches(DEAP_CHANNELS),
        "patches 4 x 128, 62 channels": patches(SEED_CHANNELS),
        "patches 2 x 64, 62 channels": patches(SEED_CHANNELS, 2, 64),
        "dilated convolutions, 7 blocks, raw, 32 channels": DilatedTcn((32, 32, 16), n_blocks=7, is_raw=True),
        "dilated convolutions, 5 blocks, bands, 62 channels": DilatedTcn((5, 62, 20)),
    }


def _rows_of(name: str, encoder: Encoder, path: Path) -> list[Row]:
    network = SclcmClassifier(encoder, ClassifierHead(encoder.n_embedding, 3, n_hidden=0)).eval()
    export_network(network, encoder.input_shape, path)
    window = np.random.default_rng(0).standard_normal((1, *encoder.input_shape)).astype(np.float32)
    predictor = OnnxPredictor(path)
    slowest = _p99_ms(lambda: predictor.logits(window))
    ours, reference = interleaved(lambda: predictor.logits(window), _eager(network, window))
    return [
        Row(f"{name}: p99 of a window", slowest, BUDGET_MS, "ms", 1.0, "live budget"),
        Row(f"{name}: median of a window", 1e3 * ours, 1e3 * reference, "ms", 1.0, "torch"),
    ]


def _eager(network: nn.Module, window: np.ndarray) -> Callable[[], object]:
    tensor = torch.from_numpy(window)

    def call() -> object:
        with torch.inference_mode():
            return network(tensor)

    return call


def _p99_ms(call: Callable[[], object]) -> float:
    took = []
    for _ in range(N_WARM + N_CALLS):
        started = time.thread_time()
        call()
        took.append(1e3 * (time.thread_time() - started))
    return float(np.percentile(took[N_WARM:], 99))
