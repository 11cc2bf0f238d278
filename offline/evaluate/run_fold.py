"""One fold: fit everything, then read the test side once. A pure function of config, windows and fold."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from offline.config import Line, RunConfig
from offline.datasets.fold import Fold
from offline.datasets.window_set import WindowSet
from offline.evaluate.baselines import BASELINES
from offline.evaluate.calibration import fit_temperature
from offline.evaluate.covariances import Covariances
from offline.evaluate.probes import LINEAR, NEIGHBOURS, fit_linear_probe, fit_neighbours
from offline.evaluate.riemannian import RIEMANNIAN, RiemannianBaseline
from offline.evaluate.sealed import Answer, Reading, open_and_sealed
from offline.finetune.classify import network_outputs
from offline.finetune.fit import Epochs, FitData, fit_ensemble
from offline.quantize.export import export_network
from offline.quantize.static_int8 import calibration_windows, outer_layers, quantize_int8
from offline.seeds import Seed
from offline.training.inputs import Inputs, share_of_trials
from sclcm_core.inference.onnx_runtime import OnnxPredictor
from sclcm_core.inference.predictor import softmax
from sclcm_core.models import Ensemble, SclcmEncoder
from sclcm_core.types import Float32Array

FLOAT, INT8 = "sclcm", "sclcm int8"
"""Names of the network's two forms in reports."""


@dataclass(frozen=True, slots=True)
class FoldResult:
    """What came out of a fold.

    Parameters
    ----------
    name : str
        The fold's.
    epochs : Epochs
        How long the stages were at their best, mean over the members.
    temperature : float
        Fitted on the validation people.
    validation_score : float
        Macro-F1 there, mean over the members.
    validation_agreement : float
        Share of validation windows with the same answer in float and int8; NaN without int8.
    validation_drop : float
        Balanced accuracy of float less that of int8 on the validation windows; NaN without int8.
    reading : Reading
        What the methods answered on the test side.
    """

    name: str
    epochs: Epochs
    temperature: float
    validation_score: float
    validation_agreement: float
    validation_drop: float
    reading: Reading


def run_fold(config: RunConfig, windows: WindowSet, fold: Fold, covariances: Covariances | None = None) -> FoldResult:
    """Fit the network and the simple methods on a fold and test them.

    Parameters
    ----------
    config : RunConfig
        Everything.
    windows : WindowSet
        All windows.
    fold : Fold
        Who and what is trained, validated and tested on.
    covariances : Covariances, optional
        Of the windows' signals, for the Riemannian baseline.

    Returns
    -------
    FoldResult
        What came out.
    """
    seed = Seed(config.seed).of("fold", fold.name)
    labelled = share_of_trials(windows, fold.train, config.finetune.label_share, seed.of("labels").rng())
    data, sealed, _ = open_and_sealed(windows, fold, config.lines, labelled)
    fit = fit_ensemble(config, data, seed)
    ensemble = fit.ensemble
    logits = [network_outputs(ensemble, inputs.features) for inputs in data.validation]
    label = np.concatenate([inputs.label for inputs in data.validation])
    temperature = fit_temperature(np.concatenate(logits), label)
    answers = _baseline_answers(config, data, covariances) | _probe_answers(config, data, fit.pretrained)
    with tempfile.TemporaryDirectory() as folder:
        predictor = _int8(config, ensemble, data, seed, Path(folder))
        agreement, drop = _cost_of_int8(predictor, data, logits)
        answers |= _network_answers(config.lines, ensemble, predictor, temperature)
        reading = sealed.open(answers)
    epochs = Epochs(*(round(float(np.mean([getattr(n, k) for n in fit.epochs]))) for k in ("pretrain", "finetune")))
    score = float(np.mean([history.best_score for history in fit.histories]))
    return FoldResult(fold.name, epochs, temperature, score, agreement, drop, reading)


def _baseline_answers(config: RunConfig, data: FitData, covariances: Covariances | None) -> dict[tuple[str, Line], Answer]:
    sides = list(zip(config.lines, data.labelled, data.validation, strict=True))
    simple = [name for name in config.evaluate.baselines if name in BASELINES]
    answers: dict[tuple[str, Line], Answer] = {
        (name, line): BASELINES[name](train, validation, data.n_classes) for name in simple for line, train, validation in sides
    }
    if covariances is not None:
        method = RiemannianBaseline(covariances)
        answers |= {
            (RIEMANNIAN, line): method.fit(train, validation, data.n_classes, line) for line, train, validation in sides
        }
    return answers


def _probe_answers(config: RunConfig, data: FitData, encoder: SclcmEncoder | None) -> dict[tuple[str, Line], Answer]:
    if encoder is None:
        return {}
    answers: dict[tuple[str, Line], Answer] = {}
    for line, train, validation in zip(config.lines, data.labelled, data.validation, strict=True):
        answers[LINEAR, line] = fit_linear_probe(encoder, train, validation, data.n_classes)
        answers[NEIGHBOURS, line] = fit_neighbours(encoder, train, data.n_classes)
    return answers


def _int8(config: RunConfig, ensemble: Ensemble, data: FitData, seed: Seed, folder: Path) -> OnnxPredictor | None:
    if not config.quantize.enabled:
        return None
    float_path, int8_path = folder / "float.onnx", folder / "int8.onnx"
    export_network(ensemble, config.features.input_shape, float_path)
    windows = calibration_windows(data.train, config.quantize.n_calibration, seed.of("calibration").rng())
    keep = outer_layers(float_path) if config.quantize.keep_outer_layers else []
    quantize_int8(float_path, int8_path, windows, activations=config.quantize.activations, keep_float=keep)
    return OnnxPredictor(int8_path)


def _cost_of_int8(predictor: OnnxPredictor | None, data: FitData, logits: list[Float32Array]) -> tuple[float, float]:
    if predictor is None:
        return float("nan"), float("nan")
    same, drops = [], []
    for inputs, of_float in zip(data.validation, logits, strict=True):
        of_int8 = predictor.logits(inputs.features).argmax(axis=1)
        same.append(np.mean(of_int8 == of_float.argmax(axis=1)))
        drops.append(_recall(inputs, of_float.argmax(axis=1)) - _recall(inputs, of_int8))
    return float(np.mean(same)), float(np.mean(drops))


def _recall(inputs: Inputs, answer: Float32Array) -> float:
    return float(np.mean([np.mean(answer[inputs.label == label] == label) for label in np.unique(inputs.label)]))


def _network_answers(
    lines: tuple[Line, ...], ensemble: Ensemble, predictor: OnnxPredictor | None, temperature: float
) -> dict[tuple[str, Line], Answer]:
    def of_float(inputs: Inputs) -> Float32Array:
        return softmax(network_outputs(ensemble, inputs.features), temperature)

    answers: dict[tuple[str, Line], Answer] = {(FLOAT, line): of_float for line in lines}
    if predictor is None:
        return answers

    def of_int8(inputs: Inputs) -> Float32Array:
        return softmax(predictor.logits(inputs.features), temperature)

    return answers | {(INT8, line): of_int8 for line in lines}
