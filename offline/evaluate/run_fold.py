"""One fold: fit everything, then read the test side once. A pure function of config, windows and fold."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from offline.code_origin import code_origin
from offline.config import Line, RunConfig
from offline.datasets.fold import Fold
from offline.datasets.window_set import Int64Array, WindowSet
from offline.evaluate.baselines import ALL_BASELINES
from offline.evaluate.calibration import fit_temperature
from offline.evaluate.covariances import Covariances
from offline.evaluate.fold_result import FoldResult, ValidationSide
from offline.evaluate.permutation import refit_answers, stimuli_are_dealt
from offline.evaluate.probes import LINEAR, NEIGHBOURS, UNTRAINED, fit_linear_probe, fit_neighbours
from offline.evaluate.riemannian import RIEMANNIAN, RiemannianBaseline
from offline.evaluate.sealed import Answer, open_and_sealed
from offline.finetune.classify import network_outputs
from offline.finetune.fit import Epochs, FitData, fit_ensemble
from offline.quantize.compare import Int8Cost
from offline.quantize.ladder import climb
from offline.seeds import Seed
from offline.training import History
from offline.training.inputs import Inputs, share_of_trials
from offline.training.networks import build_encoder
from sclcm_core.inference.onnx_runtime import OnnxPredictor
from sclcm_core.inference.predictor import softmax
from sclcm_core.models import Encoder, Ensemble
from sclcm_core.types import Float32Array

FLOAT, INT8 = "sclcm", "sclcm int8"
"""Names of the network's two forms in reports."""


def run_fold(
    config: RunConfig,
    windows: WindowSet,
    fold: Fold,
    covariances: Covariances | None = None,
    *,
    log_dir: Path | None = None,
    encoder_dir: Path | None = None,
) -> FoldResult:
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
    log_dir : Path, optional
        Where to keep TensorBoard's files of the training; none are written when left out.
    encoder_dir : Path, optional
        Where pretrained encoders are kept and looked for.

    Returns
    -------
    FoldResult
        What came out.
    """
    seed = _seed(config, fold)
    labelled = labelled_windows(config, windows, fold)
    data, sealed, _ = open_and_sealed(windows, fold, config.lines, labelled)
    fit = fit_ensemble(config, data, seed, log_dir=log_dir, encoder_dir=encoder_dir)
    validation = _validation(config.lines, fit.ensemble, data)
    temperatures = {line: fit_temperature(side.logits, side.label) for line, side in validation.items()}
    answers = _baseline_answers(config, data, covariances) | _probe_answers(config, data, fit.pretrained)
    answers |= _untrained_answers(config, data, seed) | _refits(config, data, seed, windows)
    with tempfile.TemporaryDirectory() as folder:
        logits = [side.logits for side in validation.values()]
        predictor, costs = _int8(config, fit.ensemble, data, logits, seed=seed, folder=Path(folder))
        answers |= _network_answers(fit.ensemble, predictor, temperatures)
        reading = sealed.open(answers)
    epochs = Epochs(*(round(float(np.mean([getattr(n, k) for n in fit.epochs]))) for k in ("pretrain", "finetune")))
    score = float(np.mean([_best_macro_f1(history) for history in fit.histories]))
    return FoldResult(fold.name, epochs, score, temperatures, costs, validation, reading, code_origin())


def _best_macro_f1(history: History) -> float:
    """Return macro-F1 on the validation people after the epoch that was kept; what stopped the training may be another figure."""
    return history.best.get("macro_f1", history.best_score)


def labelled_windows(config: RunConfig, windows: WindowSet, fold: Fold) -> Int64Array:
    """Return the training windows of a fold whose labels are used.

    Parameters
    ----------
    config : RunConfig
        Its seed, and the share of labelled trials.
    windows : WindowSet
        All windows.
    fold : Fold
        Who and what is trained on.

    Returns
    -------
    ndarray of int64, shape (n_labelled,)
        All windows of the chosen trials.
    """
    return share_of_trials(windows, fold.train, config.finetune.label_share, _seed(config, fold).of("labels").rng())


def _seed(config: RunConfig, fold: Fold) -> Seed:
    return Seed(config.seed).of("fold", fold.name)


def _validation(lines: tuple[Line, ...], ensemble: Ensemble, data: FitData) -> dict[Line, ValidationSide]:
    return {
        line: ValidationSide(inputs.label, inputs.subject, network_outputs(ensemble, inputs.features))
        for line, inputs in zip(lines, data.validation, strict=True)
    }


def _refits(config: RunConfig, data: FitData, seed: Seed, windows: WindowSet) -> dict[tuple[str, Line], Answer]:
    n, usable = config.evaluate.n_refits, windows.usable
    by_stimulus = stimuli_are_dealt(windows.label[usable], windows.stimulus[usable])
    seed = (Seed(config.seed) if by_stimulus else seed).of("refits")
    return {
        (name, line): answer
        for line, train in zip(config.lines, data.labelled, strict=True)
        for name, answer in refit_answers(train, data.n_classes, n, seed, by_stimulus=by_stimulus).items()
    }


def _baseline_answers(config: RunConfig, data: FitData, covariances: Covariances | None) -> dict[tuple[str, Line], Answer]:
    sides = list(zip(config.lines, data.labelled, data.validation, strict=True))
    simple = [name for name in config.evaluate.baselines if name in ALL_BASELINES]
    answers: dict[tuple[str, Line], Answer] = {
        (name, line): ALL_BASELINES[name](train, validation, data.n_classes)
        for name in simple
        for line, train, validation in sides
    }
    if covariances is not None:
        method = RiemannianBaseline(covariances)
        answers |= {
            (RIEMANNIAN, line): method.fit(train, validation, data.n_classes, line) for line, train, validation in sides
        }
    return answers


def _probe_answers(config: RunConfig, data: FitData, encoder: Encoder | None) -> dict[tuple[str, Line], Answer]:
    if encoder is None:
        return {}
    answers: dict[tuple[str, Line], Answer] = {}
    for line, train, validation in zip(config.lines, data.labelled, data.validation, strict=True):
        answers[LINEAR, line] = fit_linear_probe(encoder, train, validation, data.n_classes)
        answers[NEIGHBOURS, line] = fit_neighbours(encoder, train, data.n_classes)
    return answers


def _untrained_answers(config: RunConfig, data: FitData, seed: Seed) -> dict[tuple[str, Line], Answer]:
    """Probe the encoder as it was born: what a frozen encoder knows without having learnt anything."""
    if UNTRAINED not in config.evaluate.baselines:
        return {}
    encoder = build_encoder(config, seed.of("member", 0)).eval()
    return {
        (UNTRAINED, line): fit_linear_probe(encoder, train, validation, data.n_classes)
        for line, train, validation in zip(config.lines, data.labelled, data.validation, strict=True)
    }


def _int8(
    config: RunConfig, ensemble: Ensemble, data: FitData, logits: list[Float32Array], *, seed: Seed, folder: Path
) -> tuple[OnnxPredictor | None, tuple[Int8Cost, ...]]:
    if not config.quantize.enabled:
        return None, ()
    return climb(config, ensemble, data, logits, seed=seed, folder=folder)


def _network_answers(
    ensemble: Ensemble, predictor: OnnxPredictor | None, temperatures: Mapping[Line, float]
) -> dict[tuple[str, Line], Answer]:
    def of_float(inputs: Inputs) -> Float32Array:
        return network_outputs(ensemble, inputs.features)

    answers: dict[tuple[str, Line], Answer] = {}
    for line, temperature in temperatures.items():
        answers[FLOAT, line] = _cooled(of_float, temperature)
        if predictor is not None:
            answers[INT8, line] = _cooled(lambda inputs: predictor.logits(inputs.features), temperature)
    return answers


def _cooled(logits: Answer, temperature: float) -> Answer:
    return lambda inputs: softmax(logits(inputs), temperature)
