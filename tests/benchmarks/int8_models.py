"""The int8 network in ONNX Runtime against float32 and against torch, on the original's T7/T8 model."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from offline.quantize.export import export_network
from offline.quantize.static_int8 import quantize_int8
from sclcm_core.inference.onnx_runtime import OnnxPredictor
from sclcm_core.models import ClassifierHead, Ensemble, SclcmClassifier, SclcmEncoder
from tests.benchmarks.row import Row, interleaved

LONG, LIVE, WORKLOAD = (5, 2, 250), (5, 2, 20), (5, 19, 10)
MIB = 2**20

COLD_OURS = """
from pathlib import Path
import numpy as np
from sclcm_core.inference.onnx_runtime import OnnxPredictor
OnnxPredictor(Path({path!r})).logits(np.zeros((1, 5, 2, 250), np.float32))
"""
COLD_TORCH = """
import torch
torch.set_num_threads(1)
torch.jit.load({path!r})(torch.zeros(1, 5, 2, 250))
"""
MEASURE = """
import time
start = time.perf_counter()
{code}
took = time.perf_counter() - start
import psutil  # the memory in use; the system's peak would begin with the parent's
print(took, psutil.Process().memory_info().rss / 2**20)
"""


def rows() -> list[Row]:
    """Measure."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch announces the end of its own quantization
        return [*_latencies(Path(folder)), _ensemble(Path(folder)), *_cold_start(Path(folder))]


def _latencies(folder: Path) -> list[Row]:
    out = []
    for shape, limit in ((LONG, 1.25), (LIVE, 1.0)):
        network = _network(shape)
        window = torch.randn(1, *shape, generator=torch.Generator().manual_seed(1))
        int8, float32 = _files(network, shape, folder)
        ours = _call(OnnxPredictor(int8).logits, window.numpy())
        fx = _fx_int8(network, shape)
        name = f"int8 SCLCM, {shape[1]} x {shape[2]}, one window"
        out += [
            _row(name, ours, _call(network, window), 1 / 2.6, "torch eager float32"),
            _row(name, ours, _call(fx, window), limit, "torch FX int8"),
        ]
        if shape is LONG:
            out.append(_row(name, ours, _call(OnnxPredictor(float32).logits, window.numpy()), 1.0, "ONNX Runtime float32"))
            sizes = int8.stat().st_size / MIB, float32.stat().st_size / MIB
            out.append(Row("size of int8 SCLCM, 2 x 250", *sizes, "MiB", 0.26, "float32"))
            torch.jit.save(torch.jit.trace(fx, window), str(folder / "fx.pt"))
    return out


def _ensemble(folder: Path) -> Row:
    """The shape of the workload model: its members are exported side by side."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        members = [
            SclcmClassifier(
                SclcmEncoder(WORKLOAD, widths=(32, 64), n_embedding=64, pooling="mean"), ClassifierHead(64, 2, n_hidden=0)
            )
            for _ in range(4)
        ]
        network = Ensemble(members).train()
        network(torch.randn(64, *WORKLOAD))
    int8, float32 = _files(network.eval().requires_grad_(False), WORKLOAD, folder)
    window = np.random.default_rng(1).standard_normal((1, *WORKLOAD)).astype(np.float32)
    calls = [_call(OnnxPredictor(path).logits, window) for path in (int8, float32)]
    return _row("int8 ensemble of four, 19 x 10, one window", calls[0], calls[1], 1.0, "ONNX Runtime float32")


def _cold_start(folder: Path) -> list[Row]:
    ours = _in_a_process(COLD_OURS.format(path=str(folder / "250-int8.onnx")))
    theirs = _in_a_process(COLD_TORCH.format(path=str(folder / "fx.pt")))
    return [
        Row("cold start: import, load, first answer", ours[0], theirs[0], "s", 1 / 5, "torch FX int8"),
        Row("memory of a process that has answered once", ours[1], theirs[1], "MiB", 1 / 3, "torch FX int8"),
    ]


def _network(shape: tuple[int, int, int]) -> torch.nn.Module:
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = SclcmClassifier(SclcmEncoder(shape), ClassifierHead(128, 3)).train()
        for _ in range(3):
            network(torch.randn(32, *shape, generator=generator))
    return network.eval().requires_grad_(False)


def _files(network: torch.nn.Module, shape: tuple[int, int, int], folder: Path) -> tuple[Path, Path]:
    float32, int8 = folder / f"{shape[2]}-float.onnx", folder / f"{shape[2]}-int8.onnx"
    export_network(network, shape, float32)
    calibration = np.random.default_rng(0).standard_normal((256, *shape)).astype(np.float32)
    quantize_int8(float32, int8, calibration)
    return int8, float32


def _fx_int8(network: torch.nn.Module, shape: tuple[int, int, int]) -> torch.nn.Module:
    """What the original does: torch's FX graph mode, calibrated on as many windows."""
    from torch.ao.quantization import get_default_qconfig_mapping
    from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx

    torch.backends.quantized.engine = "fbgemm"
    example = torch.randn(256, *shape, generator=torch.Generator().manual_seed(2))
    prepared = prepare_fx(network, get_default_qconfig_mapping("fbgemm"), (example[:1],))
    prepared(example)
    converted: torch.nn.Module = convert_fx(prepared)
    return converted


def _call(function: Callable[[Any], Any], window: Any) -> Callable[[], Any]:
    def call() -> Any:
        with torch.inference_mode():
            return function(window)

    return call


def _row(what: str, ours: Callable[[], Any], reference: Callable[[], Any], target: float, name: str) -> Row:
    mine, theirs = interleaved(ours, reference)
    return Row(what, mine * 1e6, theirs * 1e6, "µs", target, name)


def _in_a_process(code: str) -> tuple[float, float]:
    """Return the best of three times in s and the memory in MiB of a new process."""
    command = [sys.executable, "-W", "ignore", "-c", MEASURE.format(code=code)]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() for _ in range(3)]
    return min(float(run[0]) for run in runs), min(float(run[1]) for run in runs)
