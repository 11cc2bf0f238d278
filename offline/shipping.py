"""The last stage: export, quantize, compare, accept, and write bundle and model card."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import Any

import numpy as np

from offline.evaluate.summary import Summary
from offline.quantize.bundle import make_manifest
from offline.quantize.compare import Comparison, compare_files, shortfalls
from offline.quantize.export import export_network
from offline.quantize.live_check import check_live
from offline.quantize.model_card import model_card
from offline.quantize.static_int8 import calibration_windows, outer_layers, quantize_int8
from offline.seeds import Seed
from offline.stages import Run, final_data, final_ensemble
from offline.training.inputs import joined, population_normaliser
from sclcm_core.errors import SclcmError
from sclcm_core.inference.bundle import embed_manifest

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
    export_network(final_ensemble(run), run.config.features.input_shape, run.folder.float_path)
    if not run.config.quantize.enabled:
        return None
    data = final_data(run)
    rng = Seed(run.config.seed).of("final", "calibration").rng()
    calibration = calibration_windows(data.train, run.config.quantize.n_calibration, rng)
    paths = run.folder.float_path, run.folder.int8_path
    keep = outer_layers(run.folder.float_path) if run.config.quantize.keep_outer_layers else []
    quantize_int8(*paths, calibration, activations=run.config.quantize.activations, keep_float=keep)
    comparison = compare_files(*paths, joined(list(data.train)), data.n_classes, "the training people")
    run.folder.write_json("quantize.json", dataclasses.asdict(comparison))
    _accept(run, comparison)
    return comparison


def _accept(run: Run, comparison: Comparison) -> None:
    folds = run.folder.read_json("metrics.json")["folds"]
    drop, agreement = (float(np.mean([fold[key] for fold in folds])) for key in ("validation_drop", "validation_agreement"))
    problems = shortfalls(drop, agreement, comparison.size_ratio, run.config.quantize)
    if problems:
        raise QuantizeError(
            f"The int8 network is not accepted: {'; '.join(problems)}.",
            "Try quantize.keep_outer_layers = true, quantize.activations = 'percentile', or ship float32: quantize.enabled = false.",
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
    """
    if run.config.bundle is None:
        return None
    windows = run.windows
    manifest = make_manifest(
        run.config,
        windows,
        population_normaliser(windows, np.flatnonzero(windows.usable)),
        summary,
        method=run.shipped,
        temperature=temperature(summary.folds),
        quantization="int8 symmetric per channel" if comparison else "float32",
        origin=run.folder.read_json("origin.json"),
    )
    network = run.folder.int8_path if comparison else run.folder.float_path
    path = run.config.bundle.path
    path.parent.mkdir(parents=True, exist_ok=True)
    signed = embed_manifest(network, manifest, path)
    n_compared = check_live(path, run.recordings(), windows)
    logger.info("The live pipeline gives the same answers to %d windows", n_compared)
    card = model_card(run.config, signed, windows, summary, comparison)
    path.with_suffix(".md").write_text(card, encoding="utf-8")
    return path


def temperature(folds: list[dict[str, Any]]) -> float:
    """Return the geometric mean of the temperatures that the folds' validation people chose."""
    return float(np.exp(np.mean([np.log(fold["temperature"]) for fold in folds])))
