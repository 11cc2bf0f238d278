"""The last stage: export, quantize, compare, accept, and write bundle and model card."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import numpy as np

from offline.config import Line
from offline.evaluate.summary import Summary
from offline.final_fit import final_data, final_ensemble
from offline.finetune.word_table import word_stats
from offline.quantize.bundle import abstention_entry, make_manifest, typicality_stats
from offline.quantize.compare import Comparison, compare_files, shortfalls
from offline.quantize.export import export_network
from offline.quantize.ladder import TEXTS, chosen_rung, write_int8
from offline.quantize.live_budget import require_live
from offline.quantize.live_check import check_live
from offline.quantize.model_card import model_card
from offline.seeds import Seed
from offline.stages import Run
from offline.training.inputs import joined, population_normaliser
from sclcm_core.errors import SclcmError
from sclcm_core.inference.bundle import embed_manifest, read_manifest
from sclcm_core.inference.manifest import Trust

logger = logging.getLogger(__name__)


class QuantizeError(SclcmError):
    """An int8 network that is not good enough to be shipped."""


def quantize(run: Run) -> Comparison | None:
    """Write the final network as float and int8, and refuse an int8 that is not good enough.

    Parameters
    ----------
    run : Run
        The run; evaluated and finetuned.

    Returns
    -------
    Comparison or None
        Float against int8 on the training people (nobody else is left); None when the config ships float.

    Raises
    ------
    QuantizeError
        When int8 costs more than the config allows on the folds' validation people, or is too large.
    """
    network = final_ensemble(run)
    export_network(network, run.config.features.input_shape, run.folder.float_path)
    if not run.config.quantize.enabled:
        return None
    rung, on_validation, problems = chosen_rung(run.folder.read_json("metrics.json")["folds"], run.config)
    data = final_data(run)
    seed = Seed(run.config.seed).of("final")
    write_int8(rung, run.config, network, data, seed=seed, float_path=run.folder.float_path).replace(run.folder.int8_path)
    paths = run.folder.float_path, run.folder.int8_path
    comparison = compare_files(*paths, joined(list(data.train)), data.n_classes, "the training people")
    comparison = dataclasses.replace(comparison, on_validation=on_validation)
    run.folder.write_json("quantize.json", dataclasses.asdict(comparison))
    _accept(problems + shortfalls(0.0, 1.0, comparison.size_ratio, run.config.quantize))
    return comparison


def _accept(problems: list[str]) -> None:
    if problems:
        raise QuantizeError(
            f"The int8 network is not accepted: {'; '.join(problems)}.",
            "Try quantize.activations = 'percentile', more quantize.aware_epochs, or ship float32: quantize.enabled = false.",
        )


def ship(run: Run, summary: Summary, comparison: Comparison | None) -> Path | None:
    """Write the bundle and its model card; nothing when the config has no bundle.

    Parameters
    ----------
    run : Run
        The run, quantized.
    summary : Summary
        Its evaluation.
    comparison : Comparison or None
        Float against int8.

    Returns
    -------
    Path or None
        The bundle.

    Raises
    ------
    LiveBudgetError
        When a window takes longer than the live program may.
    """
    if run.config.bundle is None:
        return None
    network = run.folder.int8_path if comparison else run.folder.float_path
    cost = require_live(network, run.config)
    windows = run.windows
    manifest = make_manifest(
        run.config,
        windows,
        population_normaliser(windows, np.flatnonzero(windows.usable)),
        summary,
        method=run.shipped,
        trust=trust_by_line(run, summary),
        quantization=quantization_text(comparison),
        origin=run.folder.read_json("origin.json"),
    )
    manifest = manifest.model_copy(update={"words": word_stats(final_ensemble(run), run.config)})
    path = run.config.bundle.path
    path.parent.mkdir(parents=True, exist_ok=True)
    signed = embed_manifest(network, manifest, path)
    n_compared = check_live(path, run.recordings(), windows)
    logger.info("The live pipeline gives the same answers to %d windows", n_compared)
    card = model_card(run.config, signed, windows, summary, comparison, cost=cost)
    path.with_suffix(".md").write_text(card, encoding="utf-8")
    return path


def quantization_text(comparison: Comparison | None) -> str:
    """Say how the weights are stored."""
    return TEXTS[comparison.on_validation.rung] if comparison and comparison.on_validation else "float32"


def trust_by_line(run: Run, summary: Summary) -> dict[Line, Trust]:
    """Say how far the answers of the final network are to be trusted along each line of normalisation.

    Parameters
    ----------
    run : Run
        The run; all its people are training people of the final network.
    summary : Summary
        Its evaluation: temperatures and thresholds come from the folds' validation people.

    Returns
    -------
    dict of str to Trust
        By line.
    """
    data = final_data(run)
    return {
        line: Trust(
            temperature=round(summary.temperatures[line], 4),
            typicality=typicality_stats(inputs, run.config),
            abstention=tuple(abstention_entry(row) for row in summary.abstention if row.line == line),
        )
        for line, inputs in zip(run.config.lines, data.train, strict=True)
    }


def add_typicality(run: Run, path: Path) -> Path:
    """Add to a bundle where its training windows lie, computed anew from its recipe's data; the network stays as it is.

    Parameters
    ----------
    run : Run
        The recipe that made the bundle, with its data.
    path : Path
        The bundle; rewritten.

    Returns
    -------
    Path
        The bundle.

    Raises
    ------
    QuantizeError
        When the bundle was made from other features or other people.
    """
    manifest = read_manifest(path)
    n_subjects = len(np.unique(run.windows.subject[run.windows.usable]))
    if manifest.features != run.config.features or manifest.training_data.n_subjects != n_subjects:
        raise QuantizeError(
            f"The bundle '{path}' was not made by '{run.config.name}': features or number of people differ.",
            "Name its own config.",
        )
    found = {
        line: typicality_stats(inputs, run.config) for line, inputs in zip(run.config.lines, final_data(run).train, strict=True)
    }
    personal = manifest.personal or Trust(temperature=manifest.temperature)
    changes = {"typicality": found["population"]}
    own = {"personal": personal.model_copy(update={"typicality": found["personal"]})} if "personal" in found else {}
    embed_manifest(path, manifest.model_copy(update=changes | own), path)
    return path
