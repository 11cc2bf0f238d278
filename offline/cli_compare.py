"""The subcommand that puts every method side by side."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from offline.cli_values import numbers, whole_numbers

if TYPE_CHECKING:
    from offline.config import RunConfig
    from offline.evaluate.compare_methods import Plan
    from offline.stages import Run

PrintTable = Callable[[Sequence[str], Sequence[Sequence[str]]], None]
"""Prints a table: header, rows."""

NAME = "compare-methods"

_TEXT = """\
Train every registered method of pretraining and finetuning on the same windows, splits, seeds and budget, and put them into one
table: balanced accuracy of a probe on the frozen encoder and of the trained network at each share of labels, the difference to the same
network without pretraining, the loss beside that of learning nothing, collapse, parameters, cost of training and of a live window.
Methods that need the raw signal get raw windows of the same moments. Simple methods stand beside them. Finished parts are kept.

  sclcm-offline compare-methods assets/configs/compare-simulated.toml
  sclcm-offline compare-methods assets/configs/compare-simulated.toml --methods sclcm,jepa --shares 0.05,1
"""


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand to a command line.

    Parameters
    ----------
    commands : argparse subparsers
        Those of 'sclcm-offline'.
    """
    command = commands.add_parser(
        NAME, help="put every method side by side", description=_TEXT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument("config", type=Path, metavar="CONFIG", help="a run config, which may have a section [compare]")
    command.add_argument("--methods", metavar="A,B,...", help="methods to compare (default: all)")
    command.add_argument(
        "--shares", type=numbers, metavar="X,X,...", help="shares of labelled training trials, 0..1 (default: the config's)"
    )
    command.add_argument("--seeds", type=whole_numbers, metavar="N,N,...", help="seeds (default: the config's)")
    command.add_argument("--folds", type=int, metavar="N", help="run the first N folds alone; the tables say how many people")
    command.add_argument("--run-dir", type=Path, metavar="DIR", help="folder for results (default: runs/NAME)")
    command.add_argument("--data-root", type=Path, metavar="DIR", help="folder of the data set")
    command.add_argument("--jobs", type=int, default=1, metavar="N", help="methods and folds at a time (default: 1)")


def run(options: argparse.Namespace, print_table: PrintTable) -> str:
    """Run the command and return what to tell.

    Parameters
    ----------
    options : argparse.Namespace
        What the user asked for.
    print_table : callable
        Prints a table.
    """
    from offline.engines import Engine
    from offline.evaluate import method_table as tables
    from offline.evaluate.compare_latency import measure_arms
    from offline.evaluate.compare_methods import compare, plan_key, read_views
    from offline.progress import progress_bar
    from offline.seeds import Seed
    from offline.stages import protocol_text

    plan = _plan(options)
    with progress_bar("comparing") as report:
        outcomes = compare(plan, Engine("joblib", options.jobs), report)
    windows = read_views(plan).features
    live = measure_arms([outcome.arm for outcome in outcomes if outcome.cells], windows.n_classes)
    shares = plan.comparison.shares
    figures = tables.arm_figures(outcomes, shares, live, Seed(plan.config.seed).of("comparison"))
    n_people = max((len(tested.people) for arm in figures for tested in arm.trained.values()), default=0)
    protocol, n_draws, start = protocol_text(plan.config), plan.comparison.n_draws, plan.config.finetune.start
    texts = tables.notes(windows.dataset, protocol, n_people, n_draws, 1 / windows.n_classes, start=start)
    content = {**plan_key(plan), "notes": texts, "methods": [arm.as_dict() for arm in figures]}
    (plan.folder / "methods.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    html = tables.comparison_html(plan.config.title, windows.dataset, texts, figures, shares)
    (plan.folder / "methods.html").write_text(html, encoding="utf-8")
    print_table(tables.ACCURACY_TABLE, tables.accuracy_rows(figures, shares))
    print_table(tables.COST_TABLE, tables.cost_rows(figures))
    return "\n".join((*texts, f"Report: {plan.folder / 'methods.html'}"))


def is_comparison(path: Path) -> bool:
    """Tell whether a config has a section for this command, which other commands refuse."""
    import tomllib

    from offline.evaluate.compare_config import SECTION

    try:
        return SECTION in tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False  # whoever reads the config says what is the matter


def open_comparison(options: argparse.Namespace) -> Run:
    """Open the data of a comparison: the windows that its methods get, numbered as they see them.

    Parameters
    ----------
    options : argparse.Namespace
        The config, the run folder and the folder of the data set.
    """
    from offline.evaluate.compare_arms import make_arms
    from offline.evaluate.compare_config import load_comparison
    from offline.evaluate.compare_methods import Plan, read_views
    from offline.runs import RunFolder
    from offline.stages import Run

    config, comparison = load_comparison(options.config)
    folder = options.run_dir or Path("runs") / config.name
    config, root = _at_home(config, options.data_root)
    plan = Plan(config, comparison, tuple(make_arms(config, comparison, [])), (config.seed,), folder, root)
    return Run(config, RunFolder(folder), read_views(plan).features, root)


def _plan(options: argparse.Namespace) -> Plan:
    from offline.evaluate.compare_arms import make_arms
    from offline.evaluate.compare_config import load_comparison, parse_comparison
    from offline.evaluate.compare_methods import Plan, require_seeds

    config, comparison = load_comparison(options.config)
    if options.shares:
        comparison = parse_comparison(comparison.model_dump() | {"shares": options.shares}, "--shares")
    only = [name.strip() for name in options.methods.split(",")] if options.methods else None
    seeds = require_seeds(options.seeds or [config.seed])
    folder = options.run_dir or Path("runs") / config.name
    config, root = _at_home(config, options.data_root)
    return Plan(config, comparison, tuple(make_arms(config, comparison, only)), seeds, folder, root, options.folds)


def _at_home(config: RunConfig, option: Path | None) -> tuple[RunConfig, Path | None]:
    """Return the folder of the data set, and the config naming it: captions read ratings from there."""
    from offline.roots import data_root

    root = data_root(config.dataset, option)
    return config.model_copy(update={"dataset": config.dataset.model_copy(update={"root": root})}), root
