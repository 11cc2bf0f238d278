"""The subcommand that takes a method apart."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

Table = Callable[[Sequence[str], Sequence[Sequence[str]]], None]
"""Prints a table: header, rows."""

_TEXT = """\
Cross-validate a config with one part of its method changed at a time, on the same folds: for SI-CLEER classification alone,
contrast alone, no masking, the parts of the contrast, and a sweep of the loss weight; for ST-MEM the masks and targets; for JEPA
signal, band powers, or both. Writes a table and a run folder for each variant; finished ones are not repeated.

  sclcm-offline ablate assets/configs/sicleer-simulated.toml
  sclcm-offline ablate assets/configs/sicleer-simulated.toml --only "joint,classification only,contrast only,without masking"
"""


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand to a command line.

    Parameters
    ----------
    commands : argparse subparsers
        Those of 'sclcm-offline'.
    """
    kind = argparse.RawDescriptionHelpFormatter
    command = commands.add_parser(
        "ablate", help="ask what the parts of a method are worth", description=_TEXT, formatter_class=kind
    )
    command.add_argument("config", type=Path, metavar="CONFIG", help="the run config, a TOML file")
    command.add_argument("--run-dir", type=Path, metavar="DIR", help="folder for results (default: runs/NAME)")
    command.add_argument("--data-root", type=Path, metavar="DIR", help="folder of the data set")
    command.add_argument("--only", metavar="A,B,...", help="variants to evaluate (default: all)")
    command.add_argument("--jobs", type=int, metavar="N", help="folds at a time (default: one a core); changes no result")


def run_ablate(options: argparse.Namespace, print_table: Table) -> None:
    """Evaluate the variants and print their table.

    Parameters
    ----------
    options : argparse.Namespace
        What the user asked for.
    print_table : callable
        Prints a table.
    """
    from offline.config import load_config
    from offline.evaluate.ablations import ablations
    from offline.evaluate.cross_validate import default_jobs
    from offline.evaluate.curves import CURVE_TABLE, curve_rows
    from offline.stages import evaluate_variants
    from sclcm_core.errors import ConfigError, nearest

    config = load_config(options.config)
    variants = ablations(config)
    names = [variant.name for variant in variants]
    asked = names if options.only is None else [name.strip() for name in options.only.split(",")]
    for name in asked:
        if name not in names:
            raise ConfigError(f"There is no variant '{name}'.", nearest(name, names))
    folder = (options.run_dir or Path("runs") / config.name) / "ablations"
    chosen = [variant for variant in variants if variant.name in asked]
    points = evaluate_variants(chosen, folder, options.data_root, n_jobs=options.jobs or default_jobs())
    rows = curve_rows(points)
    table = [dict(zip(CURVE_TABLE, row, strict=True)) for row in rows]
    (folder / "ablations.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print_table(CURVE_TABLE, rows)
