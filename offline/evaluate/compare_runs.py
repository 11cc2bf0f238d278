"""Several runs side by side, and tests between them where they tested the same people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from offline.evaluate.intervals import Figure, paired_test
from offline.evaluate.run_fold import FLOAT
from offline.evaluate.summary import shown_name
from offline.seeds import Seed
from sclcm_core.errors import ConfigError

COMPARE_TABLE = (
    "Run",
    "Method",
    "Normalised by",
    "Balanced accuracy [95 %]",
    "Macro-F1 [95 %]",
    "ECE",
    "p (permuted)",
    "People",
)
PAIRED_TABLE = ("Runs", "Method", "Normalised by", "Difference in balanced accuracy [95 %]", "p (sign flips)", "People")

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunMetrics:
    """What a run measured.

    Parameters
    ----------
    name : str
        Name of its config; of its folder where two runs share it.
    metrics : dict
        Content of ``metrics.json``.
    """

    name: str
    metrics: dict[str, Any]


def read_runs(paths: Sequence[Path]) -> list[RunMetrics]:
    """Read what runs measured.

    Parameters
    ----------
    paths : sequence of Path
        Run folders.

    Returns
    -------
    list of RunMetrics
        In the order given.

    Raises
    ------
    ConfigError
        When a folder is no run, or was not evaluated.
    """
    contents = [_read(path) for path in paths]
    names = [str(config["name"]) for config, _ in contents]
    unique = [path.name if names.count(name) > 1 else name for path, name in zip(paths, names, strict=True)]
    return [RunMetrics(name, metrics) for name, (_, metrics) in zip(unique, contents, strict=True)]


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    files = path / "config.json", path / "metrics.json"
    for file in files:
        if not file.is_file():
            raise ConfigError(f"'{path}' is no evaluated run: '{file.name}' is missing.", "Run 'sclcm-offline evaluate' first.")
    config, metrics = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    return config, metrics


def method_rows(runs: Sequence[RunMetrics]) -> list[Row]:
    """Return a row for each method of each run, for `COMPARE_TABLE`; chance, which is the same everywhere, is left out."""
    return [
        (
            run.name,
            _name(method),
            method["line"],
            str(Figure(**method["balanced_accuracy"])),
            str(Figure(**method["macro_f1"])),
            f"{method['calibration_error']:.3f}",
            f"{method['permutation']['p']:.4f}" if method.get("permutation") else "",
            str(len(method["subjects"])),
        )
        for run in runs
        for method in run.metrics["methods"]
        if method["method"] != "majority"
    ]


def paired_rows(runs: Sequence[RunMetrics], seed: Seed) -> list[Row]:
    """Compare each pair of runs, method by method, on the people whom both tested.

    Parameters
    ----------
    runs : sequence of RunMetrics
        At least two for a row.
    seed : Seed
        Determines the resampling.

    Returns
    -------
    list of tuple of str
        Rows for `PAIRED_TABLE`; pairs that share fewer than three people are left out.
    """
    rows = []
    for a, b in combinations(runs, 2):
        of_b = {(m["method"], m["line"]): m for m in b.metrics["methods"]}
        for method in a.metrics["methods"]:
            other = of_b.get((method["method"], method["line"]))
            if other and method["method"] != "majority":
                rows += _paired_row(f"{a.name} - {b.name}", method, other, seed)
    return rows


def _paired_row(names: str, a: dict[str, Any], b: dict[str, Any], seed: Seed) -> list[Row]:
    of_a, of_b = ({row["subject"]: row["balanced_accuracy"] for row in m["subjects"]} for m in (a, b))
    shared = [person for person in of_a if person in of_b]
    if len(shared) < 3:
        return []
    scores = [np.array([scores[person] for person in shared]) for scores in (of_a, of_b)]
    difference, p = paired_test(scores[0], scores[1], seed.of("compare").rng())
    return [(names, " / ".join(dict.fromkeys((_name(a), _name(b)))), a["line"], str(difference), f"{p:.4f}", str(len(shared)))]


def _name(method: dict[str, Any]) -> str:
    return shown_name(method["method"], method.get("network", FLOAT))
