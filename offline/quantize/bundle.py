"""The manifest of a bundle, from config, data and measurements."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from offline.config import Line, RunConfig
from offline.datasets.window_set import WindowSet
from offline.evaluate.abstention import AbstentionRow
from offline.evaluate.intervals import Figure
from offline.evaluate.summary import MethodSummary, Summary
from offline.training.inputs import Inputs
from sclcm_core.features.normalise import Normaliser
from sclcm_core.inference.manifest import (
    Abstention,
    Evaluation,
    Interval,
    Manifest,
    NormaliserStats,
    TrainingData,
    Trust,
    TypicalityStats,
)
from sclcm_core.inference.typicality import fit_typicality

_DIGITS = 6


def make_manifest(
    config: RunConfig,
    windows: WindowSet,
    population: Normaliser,
    summary: Summary,
    *,
    method: str,
    trust: Mapping[Line, Trust],
    quantization: str,
    origin: Mapping[str, Any],
) -> Manifest:
    """Say what a network needs and how well its recipe does.

    Parameters
    ----------
    config : RunConfig
        What the run did.
    windows : WindowSet
        What the final network was trained on.
    population : Normaliser
        Statistics of the people in it.
    summary : Summary
        The cross-validation of the recipe.
    method : str
        Name in the summary of the form that is shipped.
    trust : mapping of str to Trust
        How far the answers are to be trusted, by line of normalisation.
    quantization : str
        How the weights are stored.
    origin : mapping
        The run's commit.

    Returns
    -------
    Manifest
        Ready to be put into a bundle.
    """
    if config.bundle is None:
        raise ValueError("The config has no bundle.")
    return Manifest(
        format_version=1,
        name=config.name,
        title=config.title,
        description=config.bundle.description,
        target=windows.dataset.target,
        class_names=windows.class_names,
        features=config.features,
        normaliser=_stats(population),
        personal_baseline="personal" in config.lines,
        smoothing_s=config.bundle.smoothing_s,
        **_trusted(trust),
        quantization=quantization,
        training_data=_training_data(config, windows),
        evaluation=_evaluation(summary, method),
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
        config=f"{config.name}.toml",
        commit=str(origin.get("commit", "")),
        graph_sha256="",
    )


def _trusted(trust: Mapping[Line, Trust]) -> dict[str, Any]:
    return {**dict(trust["population"]), "personal": trust.get("personal")}


def typicality_stats(train: Inputs, config: RunConfig) -> TypicalityStats | None:
    """Say where training windows lie.

    Parameters
    ----------
    train : Inputs
        Windows of all training people along one line, and of nobody else.
    config : RunConfig
        What the windows hold.

    Returns
    -------
    TypicalityStats or None
        In four digits, which is far finer than people differ; None for raw windows, whose mean says nothing.
    """
    if config.features.is_raw:
        return None
    model = fit_typicality(train.mean_frame, train.subject)
    return TypicalityStats(
        centre=tuple(_short(v) for v in model.centre),
        directions=tuple(tuple(_short(v) for v in row) for row in model.directions),
        spreads=tuple(_short(v) for v in model.spreads),
        rest_spread=_short(model.rest_spread),
        distances=tuple(_short(v) for v in model.distances),
    )


def abstention_entry(row: AbstentionRow) -> Abstention:
    """Return a threshold as the manifest holds it."""
    return Abstention(risk=row.risk, confidence=round(row.confidence, 4), coverage=round(row.coverage, 4))


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _stats(population: Normaliser) -> NormaliserStats:
    mean, sd = (
        tuple(tuple(round(float(v), _DIGITS) for v in row) for row in matrix) for matrix in (population.mean, population.sd)
    )
    return NormaliserStats(mean=mean, sd=sd)


def _training_data(config: RunConfig, windows: WindowSet) -> TrainingData:
    card = windows.dataset
    return TrainingData(
        name=card.title,
        licence=card.licence,
        attribution=card.attribution,
        n_subjects=len(set(windows.subject[windows.usable].tolist())),
        left_out=config.dataset.without_subjects,
        simulated=card.simulated,
    )


def _evaluation(summary: Summary, method: str) -> Evaluation:
    population = summary.find(method, "population")
    if population is None:
        raise ValueError(f"The evaluation has no figures of '{method}'.")
    simple = "logistic_regression" if summary.find("logistic_regression", "population") else "majority"
    reference = summary.find(simple, "population")
    if reference is None:
        raise ValueError("The evaluation has no baseline.")
    return Evaluation(
        protocol=summary.protocol,
        n_subjects=len(population.subjects),
        chance=summary.chance,
        balanced_accuracy=_interval(population.balanced_accuracy),
        balanced_accuracy_personal=_optional(summary.find(method, "personal")),
        baseline_name=simple.replace("_", " "),
        baseline_balanced_accuracy=_interval(reference.balanced_accuracy),
        baseline_balanced_accuracy_personal=_optional(summary.find(simple, "personal")),
        macro_f1=_interval(population.macro_f1),
    )


def _interval(figure: Figure) -> Interval:
    return Interval(value=round(figure.value, 4), low=round(figure.low, 4), high=round(figure.high, 4))


def _optional(method: MethodSummary | None) -> Interval | None:
    return _interval(method.balanced_accuracy) if method else None
