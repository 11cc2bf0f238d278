"""Ways to eight bits, from the cheapest to the dearest, until one is good enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from offline.config import RunConfig
from offline.datasets.window_set import Int64Array
from offline.evaluate.scores import balanced_accuracy, confusion
from offline.finetune.fit import FitData
from offline.quantize.aware import finetune_rounded
from offline.quantize.compare import Int8Cost, Rung, shortfalls
from offline.quantize.export import export_network
from offline.quantize.static_int8 import calibration_windows, named_limits, outer_layers, quantize_int8, quantize_linear
from offline.seeds import Seed
from offline.training.inputs import Inputs
from sclcm_core.inference.onnx_runtime import OnnxPredictor
from sclcm_core.types import Float32Array

TEXTS: Mapping[Rung, str] = {
    "static": "int8 symmetric per channel",
    "mixed": "int8 symmetric per channel, outer layers float32",
    "aware": "int8 symmetric per channel, finetuned under rounding",
    "dynamic": "int8 symmetric per channel in the linear layers, float32 elsewhere",
}
"""What a manifest says of the weights."""


def rungs(config: RunConfig) -> tuple[Rung, ...]:
    """Return what is tried, in turn.

    Parameters
    ----------
    config : RunConfig
        Finetuning under rounding knows convolutions and linear layers, as of the SCLCM encoder; of a transformer the linear layers alone
        are quantized.
    """
    if config.encoder.kind == "patches":
        return ("dynamic",)
    unknown = {"aware"} if config.encoder.kind != "sclcm" else set()
    needless = {"mixed"} if config.quantize.keep_outer_layers else set()
    return ("static", *(rung for rung in config.quantize.on_failure if rung not in unknown | needless))


def write_int8(rung: Rung, config: RunConfig, network: nn.Module, data: FitData, *, seed: Seed, float_path: Path) -> Path:
    """Bring a network to eight bits.

    Parameters
    ----------
    rung : {'static', 'mixed', 'aware', 'dynamic'}
        Post-training; with the outer layers in float32; finetuned under rounding first; or the linear layers alone.
    config : RunConfig
        Everything.
    network : nn.Module
        Finetuned.
    data : FitData
        What it may see.
    seed : Seed
        Determines the windows of the calibration, and the order of finetuning.
    float_path : Path
        The network as it was exported in float32.

    Returns
    -------
    Path
        The ``.onnx`` file, beside the float one.
    """
    int8_path = float_path.with_name(f"int8-{rung}.onnx")
    if rung == "dynamic":
        quantize_linear(float_path, int8_path)
        return int8_path
    settings = config.quantize
    calibration = calibration_windows(data.train, settings.n_calibration, seed.of("calibration").rng())
    fit = finetune_rounded(config, network, data, calibration, seed) if rung == "aware" else None
    if fit:
        float_path = float_path.with_name(f"float-{rung}.onnx")
        export_network(fit.network, config.features.input_shape, float_path)
    keep = outer_layers(float_path) if settings.keep_outer_layers or rung == "mixed" else []
    limits = named_limits(float_path, fit.limits) if fit else None
    quantize_int8(float_path, int8_path, calibration, activations=settings.activations, keep_float=keep, limits=limits)
    return int8_path


def climb(
    config: RunConfig, network: nn.Module, data: FitData, logits: Sequence[Float32Array], *, seed: Seed, folder: Path
) -> tuple[OnnxPredictor, tuple[Int8Cost, ...]]:
    """Try one way after the other until the validation people's windows accept one.

    Parameters
    ----------
    config : RunConfig
        Everything.
    network : nn.Module
        Finetuned.
    data : FitData
        What it may see, the validation people among it.
    logits : sequence of ndarray of float32, each of shape (n, n_classes)
        Of the float network on the validation windows, one entry a line.
    seed : Seed
        Determines what is drawn.
    folder : Path
        Where files are written.

    Returns
    -------
    predictor : OnnxPredictor
        The first that was accepted; that with the most equal answers where none was.
    costs : tuple of Int8Cost
        Of each way that was tried, in turn.
    """
    float_path = folder / "float.onnx"
    export_network(network, config.features.input_shape, float_path)
    tried: list[tuple[OnnxPredictor, Int8Cost]] = []
    for rung in rungs(config):
        predictor = OnnxPredictor(write_int8(rung, config, network, data, seed=seed, float_path=float_path))
        cost = _cost(rung, predictor, data, logits)
        tried.append((predictor, cost))
        if not shortfalls(cost.drop, cost.agreement, 0.0, config.quantize):
            return predictor, tuple(cost for _, cost in tried)
    best = max(tried, key=lambda entry: entry[1].agreement)
    return best[0], tuple(cost for _, cost in tried)


def chosen_rung(folds: Sequence[Mapping[str, Any]], config: RunConfig) -> tuple[Rung, Int8Cost, list[str]]:
    """Choose the way of the final network by the folds' validation people.

    Parameters
    ----------
    folds : sequence of mapping
        Rows of ``metrics.json``; each has ``int8``: the costs of the ways tried in it.
    config : RunConfig
        Everything.

    Returns
    -------
    rung : str
        The first that is good enough in the mean over the folds; the last where none is. A fold that needed no further way counts with
        the one that it accepted.
    cost : Int8Cost
        Its mean over the folds.
    problems : list of str
        What keeps it from being accepted; empty when nothing does.
    """
    for number, rung in enumerate(rungs(config)):
        costs = [fold["int8"][min(number, len(fold["int8"]) - 1)] for fold in folds]
        figures = [float(np.mean([cost[key] for cost in costs])) for key in ("float_accuracy", "int8_accuracy", "agreement")]
        mean = Int8Cost(rung, *figures)
        problems = shortfalls(mean.drop, mean.agreement, 0.0, config.quantize)
        if not problems:
            break
    return rung, mean, problems


def _cost(rung: Rung, predictor: OnnxPredictor, data: FitData, logits: Sequence[Float32Array]) -> Int8Cost:
    rows = []
    for inputs, of_float in zip(data.validation, logits, strict=True):
        answers: tuple[Int64Array, Int64Array] = of_float.argmax(axis=1), predictor.logits(inputs.features).argmax(axis=1)
        rows.append([_accuracy(inputs, answer, data.n_classes) for answer in answers] + [np.mean(answers[0] == answers[1])])
    return Int8Cost(rung, *(float(value) for value in np.mean(rows, axis=0)))


def _accuracy(inputs: Inputs, answer: Int64Array, n_classes: int) -> float:
    return balanced_accuracy(confusion(inputs.label, answer, n_classes))
