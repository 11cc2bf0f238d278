"""The table behind ``sclcm models``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.table import Table

from sclcm_core.inference.manifest import Interval, Manifest


def print_models(models: Sequence[tuple[Path, Manifest]], out: TextIO, *, as_json: bool) -> None:
    """Write the models at hand, as a table or one JSON object a line.

    Parameters
    ----------
    models : sequence of (Path, Manifest)
        Files and what they say of themselves.
    out : TextIO
        Where to.
    as_json : bool
        JSON lines instead of a table.
    """
    if as_json:
        for path, manifest in models:
            record = manifest.model_dump(mode="json", exclude={"normaliser"})
            out.write(json.dumps({"type": "model", "path": str(path), "simulated": manifest.simulated, **record}) + "\n")
        return
    table = Table(
        "model", "predicts", "channels", "trained on", "balanced accuracy [95 %]", "with own baseline", title="Models at hand"
    )
    for _, manifest in models:
        table.add_row(*_cells(manifest))
    Console(file=out, width=None if out.isatty() else 160).print(table)


def _cells(manifest: Manifest) -> tuple[str, ...]:
    names = manifest.features.ch_names
    channels = " ".join(names) if len(names) <= 8 else f"{len(names)}: {' '.join(names[:4])} …"
    data = manifest.training_data
    trained_on = f"{data.name}{' (SIMULATED)' if data.simulated else ''}, {data.n_subjects} people"
    own, population = "–", "not evaluated"
    if manifest.evaluation:
        evaluation = manifest.evaluation
        population = f"{_interval(evaluation.balanced_accuracy)}, chance {evaluation.chance:.2f}"
        own = _interval(evaluation.balanced_accuracy_personal) if evaluation.balanced_accuracy_personal else "–"
    predicts = f"{manifest.target}: {' / '.join(manifest.class_names)}"
    return (
        manifest.name,
        predicts,
        channels,
        trained_on,
        population,
        own if manifest.personal_baseline else "not trained for it",
    )


def _interval(interval: Interval) -> str:
    return f"{interval.value:.2f} [{interval.low:.2f}, {interval.high:.2f}]"
