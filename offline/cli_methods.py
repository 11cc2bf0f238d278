"""The subcommands around methods: few-shot, words, peripherals."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from offline.cli_values import whole_numbers

if TYPE_CHECKING:
    from offline.stages import Run

Table = Callable[[Sequence[str], Sequence[Sequence[str]]], None]
"""Prints a table: header, rows."""

Opener = Callable[[argparse.Namespace], "Run"]
"""Opens the run that the options name."""

_TEXTS: dict[str, tuple[str, str]] = {
    "few-shot": (
        "ask what a few labelled trials of a new person are worth",
        "Trains on other people, by cross-entropy and by triplets, then uses 1, 3 or 5 trials a class of each new person in four\n"
        "ways and tests on that person's other trials. Intervals are over people.\n\n"
        "  sclcm-offline few-shot assets/configs/words-simulated.toml --trials 1,3",
    ),
    "words": (
        "ask how well EEG is told by words, and whether by new ones",
        "Cross-validates a config of the method 'eegclip' with prompts of words that stood in captions (prompt classification), with\n"
        "prompts of words that did not (held-out words), with each class in turn kept out of training (zero-shot classes), with\n"
        "captions of other trials (must be chance), and the same encoder with an ordinary head.",
    ),
    "peripherals": (
        "compute what else was measured, window by window: DEAP's peripheral channels, or the rest of the cap",
        "Writes one file for pretrain.options.peripherals and finetune.options.peripherals of the methods 'mrccl' and 'mrccl_joint',\n"
        "which learn with it and ship a model that needs the config's own electrodes alone. Takes a run config, or one for\n"
        "'compare-methods'. Of the cap: differential entropy at every electrode that the config's features do not use.\n\n"
        "  sclcm-offline peripherals assets/configs/compare-deap.toml --data-root DEAP --out runs/deap-peripherals.npz\n"
        "  sclcm-offline peripherals assets/configs/compare-seed.toml --of cap --data-root SEED --out runs/seed-cap.npz",
    ),
}


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommands to a command line.

    Parameters
    ----------
    commands : argparse subparsers
        Those of 'sclcm-offline'.
    """
    kind = argparse.RawDescriptionHelpFormatter
    for name, (summary, text) in _TEXTS.items():
        command = commands.add_parser(name, help=summary, description=text, formatter_class=kind)
        command.add_argument("config", type=Path, metavar="CONFIG", help="the run config, a TOML file")
        command.add_argument("--run-dir", type=Path, metavar="DIR", help="folder for results (default: runs/NAME)")
        command.add_argument("--data-root", type=Path, metavar="DIR", help="folder of the data set")
        if name == "few-shot":
            command.add_argument(
                "--trials",
                type=whole_numbers,
                default="1,3,5",
                metavar="A,B,...",
                help="labelled trials a class (default: 1,3,5)",
            )
            command.add_argument(
                "--methods", default="ce,triplet", metavar="A,B", help="finetuning methods (default: ce,triplet)"
            )
        if name == "words":
            command.add_argument("--jobs", type=int, metavar="N", help="folds at a time (default: one a core)")
        if name == "peripherals":
            command.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="where to write")
            command.add_argument(
                "--of",
                choices=("peripherals", "cap"),
                default="peripherals",
                help="DEAP's peripheral channels (the default), or the electrodes that the features do not use",
            )


def run_few_shot(options: argparse.Namespace, open_run: Opener, print_table: Table) -> str:
    """Print what a few trials are worth; return what to tell the user."""
    from offline.evaluate.curves import changed_config
    from offline.finetune.few_shot import FEW_SHOT_TABLE, few_shot, few_shot_notes, few_shot_rows
    from offline.progress import progress_bar

    run = open_run(options)
    rows = []
    for method in options.methods.split(","):
        section = run.config.finetune.model_dump(mode="json") | {"method": method, "options": _options_for(run, method)}
        config = changed_config(run.config, finetune=section)
        with progress_bar(method) as report:
            rows += few_shot(config, run.windows, options.trials, report=report)
    table = few_shot_rows(rows)
    notes = few_shot_notes(run.windows.dataset, run.windows.n_classes)
    content = {"notes": notes, "rows": [dict(zip(FEW_SHOT_TABLE, row, strict=True)) for row in table]}
    run.folder.write_json("few_shot.json", content)
    print_table(FEW_SHOT_TABLE, table)
    return "\n".join(notes)


def _options_for(run: Run, method: str) -> dict[str, object]:
    return dict(run.config.finetune.options) if run.config.finetune.method == method else {}


def run_words(options: argparse.Namespace, open_run: Opener, print_table: Table) -> str:
    """Print how well EEG is told by words; return what to tell the user."""
    from offline.evaluate.cross_validate import default_jobs
    from offline.finetune.words_study import WORDS_TABLE, words_notes, words_study

    run = open_run(options)
    rows = words_study(run, n_jobs=options.jobs or default_jobs())
    notes = words_notes(run)
    run.folder.write_json("words.json", {"notes": notes, "rows": [dict(zip(WORDS_TABLE, row, strict=True)) for row in rows]})
    print_table(WORDS_TABLE, rows)
    return "\n".join(notes)


def run_peripherals(options: argparse.Namespace, open_run: Opener) -> str:
    """Write what else was measured in a run's windows; return what to tell the user."""
    from offline.cli_compare import is_comparison, open_comparison
    from offline.datasets.other_electrodes import window_other_electrodes
    from offline.datasets.peripherals import CAP, window_peripherals

    run = open_comparison(options) if is_comparison(options.config) else open_run(options)
    compute = window_other_electrodes if options.of == CAP else window_peripherals
    found = compute(run.windows, run.recordings(), run.config.dataset.model_dump(mode="json"))
    found.save(options.out)
    what = "the rest of the cap" if options.of == CAP else "the peripheral channels"
    return f"Wrote {len(found.names)} values of {what} of each of {len(run.windows)} windows to '{options.out}'."
