"""Token pruning and words: what they cost a window, on one thread, against the network without them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch

from app.paths import find_bundle
from offline.quantize.export import export_network
from sclcm_core.inference.bundle import load_bundle
from sclcm_core.inference.onnx_runtime import OnnxPredictor
from sclcm_core.models import ClassifierHead, PatchTransformer, SclcmClassifier
from sclcm_core.models.contract import Encoder
from sclcm_core.models.token_pruning import PrunedTransformer
from sclcm_core.montage import DEAP_CHANNELS
from sclcm_core.types import Float32Array
from tests.benchmarks.row import Row, interleaved

RATE = 0.3


def rows() -> list[Row]:
    """Measure."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        return [_pruned(mode, Path(folder)) for mode in ("full", "cropa")] + [_words()]


def _pruned(attention: str, folder: Path) -> Row:
    base = PatchTransformer((32, 32, 16), DEAP_CHANNELS, sfreq=128.0, attention=attention)  # type: ignore[arg-type]
    whole, pruned = _exported(base, folder / "whole.onnx"), _exported(PrunedTransformer(base, RATE), folder / "pruned.onnx")
    window = _window((32, 32, 16))
    ours, reference = interleaved(lambda: pruned.logits(window), lambda: whole.logits(window), rounds=7)
    what = f"patches 4 x 128, 32 channels, attention {attention}: pruned at {RATE}"
    return Row(what, 1e3 * ours, 1e3 * reference, "ms", 0.85, "all tokens")


def _words() -> Row:
    predictor = load_bundle(find_bundle("words-simulated")).predictor
    window = _window(tuple(int(n) for n in predictor.input_shape[1:]))  # type: ignore[arg-type]
    ours, reference = interleaved(lambda: predictor.outputs(window), lambda: predictor.logits(window), rounds=7)
    return Row("words: logits and place of a window", 1e6 * ours, 1e6 * reference, "µs", 1.1, "logits alone")


def _exported(encoder: Encoder, path: Path) -> OnnxPredictor:
    network = SclcmClassifier(encoder, ClassifierHead(128, 3, n_hidden=0)).eval()
    export_network(network, encoder.input_shape, path)
    return OnnxPredictor(path)


def _window(shape: tuple[int, ...]) -> Float32Array:
    return np.random.default_rng(0).standard_normal((1, *shape)).astype(np.float32)
