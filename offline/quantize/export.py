"""From a torch network to an ONNX file."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from sclcm_core.inference.onnx_runtime import EMBEDDING, INPUT, OUTPUT
from sclcm_core.models import fold_batchnorm, pool_before_relu
from sclcm_core.models.merge import merge_members
from sclcm_core.models.space_head import WithPlaces, knows_words

_CHATTY = ("torch.onnx", "torch.onnx._internal.exporter._registration", "onnxscript", "onnx_ir", "root")


def export_network(network: nn.Module, input_shape: tuple[int, int, int], path: Path) -> None:
    """Write a network as ONNX: BatchNorm folded, an ensemble side by side, any number of windows at a time, float32.

    Parameters
    ----------
    network : nn.Module
        Takes (n, n_bands, n_columns, n_frames), returns (n, n_classes).
    input_shape : (int, int, int)
        (n_bands, n_columns, n_frames).
    path : Path
        The ``.onnx`` file to write; input ``features``, output ``logits``, and ``embedding`` where the network shares a space
        with words.
    """
    plain = exportable(network)
    speaking = knows_words(plain)
    example = torch.zeros(2, *input_shape)  # two: one would be taken for a constant
    with quiet_exporter():
        program = torch.onnx.export(
            WithPlaces(speaking) if speaking else plain,
            (example,),
            dynamo=True,
            input_names=[INPUT],
            output_names=[OUTPUT, EMBEDDING] if speaking else [OUTPUT],
            dynamic_shapes=({0: torch.export.Dim("n")},),
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned nothing.")
    model = program.model_proto
    _strip(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))


def exportable(network: nn.Module) -> nn.Module:
    """Return a copy of a network, in evaluation mode on the CPU, that gives the same answers by less work.

    Parameters
    ----------
    network : nn.Module
        Any network whose BatchNorms fold; one whose have been folded comes out as it went in.

    Returns
    -------
    nn.Module
        BatchNorms folded, members of an ensemble side by side, pooling before ReLU.
    """
    return pool_before_relu(merge_members(fold_batchnorm(network))).cpu()


def _strip(model: Any) -> None:
    """Drop what says where and by which lines of code the graph was made: it is of no use, and names folders of this machine."""
    del model.metadata_props[:]
    model.doc_string = ""
    graph = model.graph
    graph.doc_string = ""
    del graph.value_info[:], graph.metadata_props[:]
    for item in (*graph.node, *graph.input, *graph.output, *graph.initializer):
        item.doc_string = ""
        del item.metadata_props[:]


@contextmanager
def quiet_exporter() -> Iterator[None]:
    """Hold back remarks of exporter and quantizer on packages that are not needed."""
    loggers = [logging.getLogger(name) for name in _CHATTY]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
