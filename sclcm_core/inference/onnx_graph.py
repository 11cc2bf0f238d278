"""Two small operations on the graph inside an ONNX file: showing the embedding, and putting a linear head on top.

The file on disk is never changed: both take bytes and return new ones. A ModelProto holds its graph in field 7; a graph its nodes in
field 1, its initializers in 5 and its outputs in 12; a node its inputs in field 1, its outputs in 2 and its operator in 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sclcm_core.inference.protobuf import fields, number_field, text_field
from sclcm_core.types import FloatArray

LOGITS = "logits"
PARENT_LOGITS = "parent_logits"

_GRAPH, _NODE, _INITIALIZER, _OUTPUT = 7, 1, 5, 12
_TRANSPARENT = frozenset(
    "QuantizeLinear DequantizeLinear ReduceMean Concat Unsqueeze Squeeze Reshape Identity Add Mul Div Cast".split()
)
"""What may stand between the last linear layers and the logits: it changes how scores are stored, and averages them."""
_LINEAR = ("Gemm", "MatMul")
_FLOAT32 = 1
_INT_ATTRIBUTE = 2


@dataclass(frozen=True, slots=True)
class _Node:
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def embedding_tensors(model: bytes) -> tuple[str, ...]:
    """Find what the last linear layers of a network look at.

    Parameters
    ----------
    model : bytes
        An ONNX file with an output ``logits``.

    Returns
    -------
    tuple of str
        Names of the tensors, one for each member of an ensemble; empty when the graph ends in something else.
    """
    made_by = {name: node for node in _nodes(_graph_of(model)) for name in node.outputs}
    found: list[str] = []
    waiting = [LOGITS]
    while waiting:
        node = made_by.get(waiting.pop(0))
        if node is None:
            continue  # a weight or a constant
        if node.operator in _LINEAR:
            found.append(node.inputs[0])
        elif node.operator in _TRANSPARENT:
            waiting += node.inputs
        else:
            return ()
    return tuple(dict.fromkeys(found))


def with_outputs(model: bytes, names: tuple[str, ...]) -> bytes:
    """Return the network with tensors inside it as further outputs.

    Parameters
    ----------
    model : bytes
        An ONNX file.
    names : tuple of str
        The tensors.

    Returns
    -------
    bytes
        The same network; the runtime finds the types of the new outputs by itself.
    """
    extra = b"".join(text_field(_OUTPUT, text_field(1, name.encode())) for name in names)
    return _with_graph(model, lambda graph: graph + extra)


def with_linear_head(model: bytes, tensors: tuple[str, ...], matrix: FloatArray, bias: FloatArray) -> bytes:
    """Put a linear layer on the logits and the embedding of a network.

    Parameters
    ----------
    model : bytes
        An ONNX file with an output ``logits``.
    tensors : tuple of str
        Names of the embedding's tensors, each (n, n_of_it).
    matrix : ndarray, shape (n_old_classes + n_embedding, n_classes)
        Weights of the old logits, then of the embedding, without unit.
    bias : ndarray, shape (n_classes,)
        Logits without unit.

    Returns
    -------
    bytes
        A network whose ``logits`` are ``[old logits, embedding] @ matrix + bias``.
    """
    joined = _node("Concat", (PARENT_LOGITS, *tensors), "personal_input", _int_attribute("axis", 1))
    linear = _node("Gemm", ("personal_input", "personal_weight", "personal_bias"), LOGITS)
    weights = _tensor("personal_weight", matrix) + _tensor("personal_bias", bias)

    def change(graph: bytes) -> bytes:
        kept = b"".join(_renamed(number, payload, raw) for number, payload, raw in fields(graph) if number != _OUTPUT)
        return kept + joined + linear + weights + _logits_output(len(bias))

    return _with_graph(model, change)


def _graph_of(model: bytes) -> bytes:
    return next(payload for number, payload, _ in fields(model) if number == _GRAPH)


def _with_graph(model: bytes, change: Callable[[bytes], bytes]) -> bytes:
    return b"".join(text_field(_GRAPH, change(payload)) if number == _GRAPH else raw for number, payload, raw in fields(model))


def _nodes(graph: bytes) -> Iterator[_Node]:
    for number, payload, _ in fields(graph):
        if number == _NODE:
            parts = [(inner, value) for inner, value, _ in fields(payload) if inner in (1, 2, 4)]
            inputs, outputs, operator = ([value.decode() for n, value in parts if n == wanted] for wanted in (1, 2, 4))
            yield _Node(operator[0], tuple(inputs), tuple(outputs))


def _renamed(number: int, payload: bytes, raw: bytes) -> bytes:
    """Return a field of the graph; the node that makes the logits calls them the parent's."""
    if number != _NODE:
        return raw
    old = LOGITS.encode()
    if not any(inner == 2 and value == old for inner, value, _ in fields(payload)):
        return raw
    parts = (text_field(2, PARENT_LOGITS.encode()) if (n, value) == (2, old) else part for n, value, part in fields(payload))
    return text_field(_NODE, b"".join(parts))


def _node(operator: str, inputs: tuple[str, ...], output: str, attribute: bytes = b"") -> bytes:
    names = b"".join(text_field(1, name.encode()) for name in inputs) + text_field(2, output.encode())
    return text_field(_NODE, names + text_field(3, output.encode()) + text_field(4, operator.encode()) + attribute)


def _int_attribute(name: str, value: int) -> bytes:
    return text_field(5, text_field(1, name.encode()) + number_field(3, value) + number_field(20, _INT_ATTRIBUTE))


def _tensor(name: str, values: FloatArray) -> bytes:
    array = np.ascontiguousarray(values, dtype="<f4")
    dims = b"".join(number_field(1, n) for n in array.shape)
    content = dims + number_field(2, _FLOAT32) + text_field(8, name.encode()) + text_field(9, array.tobytes())
    return text_field(_INITIALIZER, content)


def _logits_output(n_classes: int) -> bytes:
    shape = text_field(1, text_field(2, b"n")) + text_field(1, number_field(1, n_classes))
    tensor_type = number_field(1, _FLOAT32) + text_field(2, shape)
    return text_field(_OUTPUT, text_field(1, LOGITS.encode()) + text_field(2, text_field(1, tensor_type)))
