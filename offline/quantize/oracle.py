"""The int8 network computed by NumPy from the numbers in the file: slow, plain, and independent of the runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from sclcm_core.types import Float32Array, Float64Array

Values = dict[str, Any]
Attributes = dict[str, Any]


def oracle_logits(path: Path, features: Float32Array) -> Float64Array:
    """Compute the logits of a network in QDQ format.

    Parameters
    ----------
    path : Path
        The ``.onnx`` file.
    features : ndarray of float32, shape (n, n_bands, n_columns, n_frames)
        Normalised features, without unit.

    Returns
    -------
    ndarray of float64, shape (n, n_classes)
        Logits, without unit.

    Raises
    ------
    NotImplementedError
        When the network has an operation that the oracle does not know.

    Notes
    -----
    Between two quantizations everything is computed in float64, where sums of products of int8 numbers times their scales are exact
    to 1e-15: what the integer accumulator of the runtime computes.
    """
    graph = onnx.load(str(path)).graph
    values: Values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    values[graph.input[0].name] = features.astype(np.float64)
    for node in graph.node:
        operation = _OPERATIONS.get(node.op_type)
        if operation is None:
            raise NotImplementedError(f"The oracle does not know the operation {node.op_type}.")
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        values[node.output[0]] = operation([values[name] if name else None for name in node.input], attributes)
    logits: Float64Array = values[graph.output[0].name]
    return logits


def quantize_symmetric(values: Float64Array, scale: float) -> Float64Array:
    """Round to int8 steps.

    Parameters
    ----------
    values : ndarray, any shape
        What to round.
    scale : float
        Size of a step; the largest absolute value over 127.

    Returns
    -------
    ndarray of float64, same shape
        Whole numbers in -128..127; halves go to the even neighbour, as in ONNX.

    Examples
    --------
    >>> quantize_symmetric(np.array([0.5, -1.27, 0.02]), 0.01)
    array([  50., -127.,    2.])
    """
    return np.clip(np.round(values / scale), -128, 127)


def _along(axis: int, parameter: Any, ndim: int) -> Float64Array:
    wide = np.asarray(parameter, dtype=np.float64)
    return wide.reshape([-1 if k == axis % ndim else 1 for k in range(ndim)]) if wide.ndim else wide


def _quantize(inputs: list[Any], attributes: Attributes) -> Any:
    x, scale = inputs[0], _along(attributes.get("axis", 1), inputs[1], inputs[0].ndim)
    return np.clip(np.round(np.float32(x) / np.float32(scale)), -128, 127).astype(np.int8)


def _dequantize(inputs: list[Any], attributes: Attributes) -> Any:
    return inputs[0].astype(np.float64) * _along(attributes.get("axis", 1), inputs[1], inputs[0].ndim)


def _conv(inputs: list[Any], attributes: Attributes) -> Any:
    x, weight, bias = inputs
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    patches = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], axis=(2, 3))  # (n, planes, h, w, kh, kw)
    n_groups = attributes.get("group", 1)
    parts = zip(np.split(patches, n_groups, axis=1), np.split(weight, n_groups), strict=True)
    return np.concatenate([np.einsum("nchwij,ocij->nohw", p, w) for p, w in parts], axis=1) + bias[:, None, None]


def _max_pool(inputs: list[Any], attributes: Attributes) -> Any:
    x = inputs[0]
    high, wide = attributes["kernel_shape"]
    n, planes, rows, columns = x.shape
    cut = x[:, :, : rows // high * high, : columns // wide * wide]
    return cut.reshape(n, planes, rows // high, high, columns // wide, wide).max(axis=(3, 5))


def _gemm(inputs: list[Any], attributes: Attributes) -> Any:
    weight = inputs[1].T if attributes.get("transB", 0) else inputs[1]
    return inputs[0] @ weight + inputs[2]


def _reshape(inputs: list[Any], attributes: Attributes) -> Any:
    shape = [inputs[0].shape[k] if size == 0 else int(size) for k, size in enumerate(inputs[1])]
    return inputs[0].reshape(shape)


def _reduce_mean(inputs: list[Any], attributes: Attributes) -> Any:
    axes = inputs[1] if len(inputs) > 1 else attributes["axes"]
    return inputs[0].mean(axis=tuple(int(axis) for axis in axes), keepdims=bool(attributes.get("keepdims", 1)))


_OPERATIONS: dict[str, Callable[[list[Any], Attributes], Any]] = {
    "QuantizeLinear": _quantize,
    "DequantizeLinear": _dequantize,
    "Conv": _conv,
    "Relu": lambda inputs, _: np.maximum(inputs[0], 0),
    "MaxPool": _max_pool,
    "Gemm": _gemm,
    "MatMul": lambda inputs, _: inputs[0] @ inputs[1],
    "Add": lambda inputs, _: inputs[0] + inputs[1],
    "Flatten": lambda inputs, _: inputs[0].reshape(len(inputs[0]), -1),
    "Reshape": _reshape,
    "ReduceMean": _reduce_mean,
    "Unsqueeze": lambda inputs, _: np.expand_dims(inputs[0], tuple(int(axis) for axis in inputs[1])),
    "Concat": lambda inputs, attributes: np.concatenate(inputs, axis=attributes["axis"]),
}
