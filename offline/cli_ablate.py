"""The subcommands that take a method apart and look into an embedding."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offline.config import RunConfig
    from offline.evaluate.curves import Variant
    from offline.stages import Run

Table = Callable[[Sequence[str], Sequence[Sequence[str]]], None]
"""Prints a table: header, rows."""

_TEXT = """\
Cross-validate a config with one part of its method changed at a time, on the same folds: for SI-CLEER classification alone,
contrast alone, no masking, the parts of the contrast, and a sweep of the loss weight; for ST-MEM the masks and targets; for JEPA
signal, band powers, or both; for either what dropping tokens costs. Each stands beside the config as it is, person by person. Writes
a table, a page and a run folder for each variant; finished ones are not repeated.

  sclcm-offline ablate assets/configs/sicleer-simulated.toml
  sclcm-offline ablate assets/configs/sicleer-simulated.toml --only "joint,classification only,contrast only,without masking"
"""

_EMBEDDING = """\
Pretrain on the first fold's training people and say what the embedding then holds of its validation people, beside the untrained
encoder: balanced accuracy of a linear probe and of the nearest neighbours, and whether classes, people or clips fall into clusters.
The fold's test people are not looked at. For choosing among methods, not for reporting.

  sclcm-offline embedding assets/configs/jepa-simulated.toml
"""


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand to a command line.

    Parameters
    ----------
    commands : argparse subparsers
        Those of 'sclcm-offline'.
    """
    kind = argparse.RawDescriptionHelpFormatter
    embedding = commands.add_parser(
        "embedding", help="ask what a pretrained embedding holds", description=_EMBEDDING, formatter_class=kind
    )
    command = commands.add_parser(
        "ablate", help="ask what the parts of a method are worth", description=_TEXT, formatter_class=kind
    )
    for each in (embedding, command):
        each.add_argument("config", type=Path, metavar="CONFIG", help="the run config, a TOML file")
        each.add_argument("--run-dir", type=Path, metavar="DIR", help="folder for results (default: runs/NAME)")
        each.add_argument("--data-root", type=Path, metavar="DIR", help="folder of the data set")
    command.add_argument("--only", metavar="A,B,...", help="variants to evaluate beside the config as it is (default: all)")
    command.add_argument("--jobs", type=int, metavar="N", help="folds at a time (default: one a core); changes no result")


def run_ablate(options: argparse.Namespace, print_table: Table) -> str:
    """Evaluate the variants, print their table and return what to tell.

    Parameters
    ----------
    options : argparse.Namespace
        What the user asked for.
    print_table : callable
        Prints a table.
    """
    from offline.config import load_config
    from offline.evaluate.ablation_table import ablation_html, ablation_notes, ablation_rows, ablation_table
    from offline.evaluate.cross_validate import default_jobs
    from offline.evaluate.run_fold import FLOAT, INT8
    from offline.seeds import Seed
    from offline.stages import evaluate_variants

    config = load_config(options.config)
    folder = (options.run_dir or Path("runs") / config.name) / "ablations"
    points = evaluate_variants(_chosen(config, options.only), folder, options.data_root, n_jobs=options.jobs or default_jobs())
    header, main = ablation_table(points), INT8 if config.quantize.enabled else FLOAT
    rows = ablation_rows(points, main, Seed(config.seed))
    content = [dict(zip(header, row, strict=True)) for row in rows]
    (folder / "ablations.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    (folder / "ablations.html").write_text(ablation_html(config.title, points, rows), encoding="utf-8")
    print_table(header, rows)
    return "\n".join((*ablation_notes(points), f"Report: {folder / 'ablations.html'}"))


def _chosen(config: RunConfig, only: str | None) -> list[Variant]:
    """Return the variants that were asked for, after the config as it is, which they are compared with."""
    from offline.evaluate.ablations import ablations
    from sclcm_core.errors import ConfigError, nearest

    variants = ablations(config)
    names = [variant.name for variant in variants]
    asked = names if only is None else [name.strip() for name in only.split(",")]
    for name in asked:
        if name not in names:
            raise ConfigError(f"There is no variant '{name}'.", nearest(name, names))
    return [variant for number, variant in enumerate(variants) if not number or variant.name in asked]


def run_embedding(options: argparse.Namespace, open_run: Callable[[argparse.Namespace], Run], print_table: Table) -> str:
    """Print what the embedding holds; return what to tell the user.

    Parameters
    ----------
    options : argparse.Namespace
        What the user asked for.
    open_run : callable
        Opens the run that the options name.
    print_table : callable
        Prints a table.
    """
    from offline.evaluate.embedding_study import CLUSTER_TABLE, PROBE_TABLE, embedding_notes, embedding_rows, study_embedding

    run = open_run(options)
    tables = dict(zip((PROBE_TABLE, CLUSTER_TABLE), embedding_rows(study_embedding(run.config, run.windows)), strict=True))
    notes = embedding_notes(run.config, run.windows)
    content = {"notes": notes, "rows": [dict(zip(header, row, strict=True)) for header, rows in tables.items() for row in rows]}
    run.folder.write_json("embedding.json", content)
    for header, rows in tables.items():
        print_table(header, rows)
    return "\n".join(notes)
