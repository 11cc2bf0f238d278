"""Post-training static quantization: symmetric, absolute maximum, per output channel."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx

from offline.datasets.window_set import Int64Array
from offline.quantize.export import quiet_exporter
from offline.training.inputs import Inputs
from sclcm_core.inference.onnx_runtime import INPUT
from sclcm_core.types import Float32Array

logger = logging.getLogger(__name__)

_QUANTIZED = ("Conv", "Gemm", "MatMul")
_PASSING = ("Relu", "MaxPool", "Flatten", "Reshape", "Squeeze", "Transpose")
"""What makes no value larger than it comes in; without a range of its own it would have that of the calibration, spikes and all."""


def quantize_int8(
    float_path: Path,
    int8_path: Path,
    calibration: Float32Array,
    *,
    activations: Literal["absmax", "percentile", "affine"] = "absmax",
    keep_float: Sequence[str] = (),
    limits: Mapping[str, float] | None = None,
) -> None:
    """Write the int8 form of a float network.

    Parameters
    ----------
    float_path : Path
        The float ``.onnx`` file, BatchNorm folded.
    int8_path : Path
        The file to write.
    calibration : ndarray of float32, shape (n, n_bands, n_columns, n_frames)
        Normalised training windows on which the ranges of the activations are found.
    activations : {'absmax', 'percentile', 'affine'}
        Symmetric range up to the largest absolute value, or up to its 99.9th percentile; or unsigned from the smallest to the
        largest value, which uses all 256 steps after a ReLU.
    keep_float : sequence of str
        Names of nodes that stay float.
    limits : mapping of str to float, optional
        Ranges of activations that are known already, by the name of the tensor: the largest absolute value that int8 shall hold.

    Notes
    -----
    Weights: per output channel, ``s = max|w| / 127``, ``q = round(w / s)``; activations: per tensor, ``s = max|a| / 127`` over the
    calibration windows; zero points 0 (Jacob et al. 2018, doi:10.1109/CVPR.2018.00286). QDQ format: the QOperator format was ten
    times slower in ONNX Runtime.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    method = CalibrationMethod.Percentile if activations == "percentile" else CalibrationMethod.MinMax
    extra: dict[str, Any] = {"ActivationSymmetric": activations != "affine", "WeightSymmetric": True}
    if activations == "percentile":
        extra["CalibPercentile"] = 99.9
    if limits:
        extra["TensorQuantOverrides"] = {name: [_override(limit)] for name, limit in limits.items()}
    with quiet_exporter():
        quantize_static(
            str(float_path),
            str(int8_path),
            _Windows(calibration),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8 if activations == "affine" else QuantType.QInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=method,
            nodes_to_exclude=list(keep_float),
            extra_options=extra,
        )


def quantize_linear(float_path: Path, int8_path: Path) -> None:
    """Write the form of a transformer whose linear layers alone are int8.

    Parameters
    ----------
    float_path : Path
        The float ``.onnx`` file.
    int8_path : Path
        The file to write.

    Notes
    -----
    Weights as in `quantize_int8`; activations of these layers are rounded by the range of each window as it comes, and everything else
    (attention, normalisation, GELU) stays float: their activations have outliers that static ranges do not hold (Bondarenko et al.
    2021, arXiv:2109.12948).
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with quiet_exporter():
        quantize_dynamic(
            str(float_path),
            str(int8_path),
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )


def _override(limit: float) -> dict[str, Any]:
    from onnxruntime.quantization import QuantType

    zero = np.array(0, np.int8)
    return {"quant_type": QuantType.QInt8, "scale": np.array(limit / 127, np.float32), "zero_point": zero}


def named_limits(path: Path, limits: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Find the tensors that ranges belong to.

    Parameters
    ----------
    path : Path
        A float ``.onnx`` file.
    limits : sequence of (float, float)
        Ranges of the input and the output of each layer with weights, in the order of the file.

    Returns
    -------
    dict of str to float
        Ranges by the name of the tensor; where one layer's output is the next one's input, the input's range holds.

    Raises
    ------
    ValueError
        When the file has more layers than there are ranges, or fewer.
    """
    graph = onnx.load(str(path)).graph.node
    nodes = [node for node in graph if node.op_type in _QUANTIZED]
    if len(nodes) != len(limits):
        raise ValueError(f"'{path}' has {len(nodes)} layers with weights; there are ranges for {len(limits)}.")
    outputs = {node.output[0]: limit for node, (_, limit) in zip(nodes, limits, strict=True)}
    found = outputs | {node.input[0]: limit for node, (limit, _) in zip(nodes, limits, strict=True)}
    for node in graph:  # in the order of computing
        if node.op_type in _PASSING and node.input[0] in found:
            found.setdefault(node.output[0], found[node.input[0]])
    return found


class _Windows:
    """Hands the calibration windows to ONNX Runtime, all at once: percentiles over parts would not be those of the whole."""

    def __init__(self, windows: Float32Array) -> None:
        self._left = [windows]

    def get_next(self) -> dict[str, Float32Array] | None:
        return {INPUT: self._left.pop()} if self._left else None

    def __iter__(self) -> Iterator[dict[str, Float32Array]]:
        while (inputs := self.get_next()) is not None:
            yield inputs


def outer_layers(path: Path) -> list[str]:
    """Return the names of the first and the last layer with weights: those that suffer most from eight bits.

    Parameters
    ----------
    path : Path
        A float ``.onnx`` file.
    """
    names = [node.name for node in onnx.load(str(path)).graph.node if node.op_type in _QUANTIZED]
    return [names[0], names[-1]] if names else []


def calibration_windows(train: Sequence[Inputs], n: int, rng: np.random.Generator) -> Float32Array:
    """Choose training windows, as many of each class and person as of any other.

    Parameters
    ----------
    train : sequence of Inputs
        Training windows, one entry a line of normalisation; each contributes alike.
    n : int
        How many windows in all.
    rng : numpy Generator
        Source of chance.

    Returns
    -------
    ndarray of float32, shape (n or fewer, n_bands, n_columns, n_frames)
        Normalised features, without unit.
    """
    share = -(-n // len(train))
    return np.concatenate([inputs.features[_stratified(inputs, share, rng)] for inputs in train])[:n]


def _stratified(inputs: Inputs, n: int, rng: np.random.Generator) -> Int64Array:
    order = rng.permutation(len(inputs))
    stratum = inputs.subject[order] * (int(inputs.label.max()) + 1) + inputs.label[order]
    rank = np.empty(len(order), np.int64)
    for key in np.unique(stratum):
        mine = np.flatnonzero(stratum == key)
        rank[mine] = np.arange(len(mine))
    return order[np.argsort(rank, kind="stable")[:n]]
