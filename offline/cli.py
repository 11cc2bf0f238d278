"""The command line of the offline module."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from offline import cli_ablate, cli_calibrate, cli_compare, cli_explore, cli_methods, cli_study
from sclcm_core.errors import ConfigError, SclcmError, file_error

if TYPE_CHECKING:
    from offline.evaluate.summary import Summary
    from offline.stages import Run
    from offline.training.logs import LogKind

_DESCRIPTION = """\
Train models on recordings and write the bundles that 'sclcm' runs live.

One TOML file says everything a run does; see assets/configs for those that made the shipped models. The quickest start:

  sclcm-offline run assets/configs/emotion-simulated.toml

reads the data, cross-validates, trains on everybody, quantizes to int8, and writes bundle, model card and report.
A run that was interrupted goes on where it stopped when the same command is given again.
"""

_STAGES: dict[str, tuple[str, str]] = {
    "run": (
        "all stages of a config, from recordings to a bundle",
        "Runs prepare, evaluate, pretrain, finetune and quantize. Finished stages are not repeated. Example:\n\n"
        "  sclcm-offline run assets/configs/workload-eegmat.toml --data-root ../shared/data/eegmat",
    ),
    "prepare": (
        "read the data set and say what is in it",
        "Computes the features by the extractor that runs live, and counts windows by class and what was left out.",
    ),
    "evaluate": (
        "cross-validate the recipe and write the report",
        "Trains on some people, stops by others, tests on the rest, each test side read once. Writes metrics.json and\n"
        "report.html: balanced accuracy with intervals over people, beside chance and logistic regression on the same folds.\n\n"
        "On a cluster, an array job runs the folds, each by itself, in a folder that they share; evaluate then puts them together:\n\n"
        "  sbatch --array=0-19 --wrap 'sclcm-offline evaluate CONFIG --fold $SLURM_ARRAY_TASK_ID'\n\n"
        "or, in one command, with seeds and settings as well:\n\n"
        "  sclcm-offline evaluate CONFIG --seeds 1,2,3 --sweep finetune.encoder_lr=1e-3,2e-3 --engine submitit --jobs 40",
    ),
    "pretrain": (
        "pretrain the final encoder on all people",
        "Contrastive, without labels, for as long as the folds found best (so evaluate first, or say --epochs).\n"
        "Over several processes or machines, on one loss over the whole batch:\n\n"
        "  torchrun --nproc-per-node 2 -m offline.cli pretrain CONFIG --epochs 20",
    ),
    "finetune": (
        "finetune the final network on all people",
        "Supervised, for as long as the folds found best (so evaluate first, or say --epochs).",
    ),
    "quantize": (
        "write the int8 network, its bundle and its model card",
        "Ranges come from training windows. Where int8 costs more than the config allows on the folds' validation people, the outer\n"
        "layers stay float; where that is not enough, the network is finetuned under rounding; where that is not, it is refused.",
    ),
    "typicality": (
        "add to a bundle what tells windows unlike those it was trained on",
        "Computed from the training data of the bundle's recipe; the network is not changed. New bundles have it already.",
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands after the program's name; that of the process when left out.

    Returns
    -------
    int
        0 on success, 2 with a message for what the user can mend, 130 when interrupted.
    """
    options = _parser().parse_args(arguments)
    level = logging.INFO if options.verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(levelname)s %(message)s", stream=sys.stderr, force=True)
    try:
        _COMMANDS[options.command](options)
    except SclcmError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted. Give the same command again to go on.", file=sys.stderr)
        return 130
    except OSError as error:
        if (told := file_error(error)) is None:
            raise
        print(told, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    kind = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="sclcm-offline", description=_DESCRIPTION, formatter_class=kind)
    parser.add_argument("--verbose", action="store_true", help="say what is being done")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("datasets", help="list the data sets, their licences and where to get them")
    methods = commands.add_parser("methods", help="list the methods of pretraining and finetuning")
    methods.add_argument("--page", type=Path, metavar="FILE", help="write a page on them instead, in Markdown")
    cli_study.add_commands(commands, _add_stage_options)
    cli_explore.add_commands(commands)
    cli_methods.add_commands(commands)
    cli_ablate.add_commands(commands)
    cli_compare.add_command(commands)
    cli_calibrate.add_command(commands, _add_stage_options)
    for name, (summary, text) in _STAGES.items():
        stage = commands.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.\n\n{text}", formatter_class=kind
        )
        _add_stage_options(stage, name)
    return parser


def _add_stage_options(stage: argparse.ArgumentParser, name: str) -> None:
    stage.add_argument("config", type=Path, metavar="CONFIG", help="the run config, a TOML file")
    stage.add_argument("--run-dir", type=Path, metavar="DIR", help="folder for results (default: runs/NAME)")
    stage.add_argument(
        "--data-root",
        type=Path,
        metavar="DIR",
        help="folder of the data set (default: the config's; else the data set's name in the folder SCLCM_TEST_DATA)",
    )
    if name in ("run", "evaluate", "curve"):
        stage.add_argument("--jobs", type=int, metavar="N", help="folds at a time (default: one a core); changes no result")
    if name == "prepare":
        stage.add_argument(
            "--jobs",
            type=int,
            default=1,
            metavar="N",
            help="recordings at a time (default: 1, which reads the next while this one is computed and so keeps two cores busy; on "
            "more cores say more; -1: one a core)",
        )
        stage.add_argument("--engine", metavar="NAME", help="who does it: dask, for the workers of a Dask cluster")
        stage.add_argument("--scheduler", metavar="ADDRESS", help="of the Dask cluster (default: workers started here)")
    if name == "typicality":
        stage.add_argument("--bundle", type=Path, metavar="FILE", help="the bundle to change (default: the config's)")
    if name == "evaluate":
        cli_study.add_engine_options(stage)
        stage.add_argument("--fold", type=int, metavar="N", help="run this fold alone, from 0, and write no report")
    if name in ("run", "quantize"):
        stage.add_argument(
            "--float", action="store_true", help="also write the float network as NAME-float.onnx, to compare live"
        )
    if name in ("run", "evaluate", "pretrain", "finetune"):
        stage.add_argument(
            "--log",
            choices=("csv", "tensorboard"),
            default="csv",
            help="tables alone (default), or TensorBoard's files as well",
        )
    if name in ("pretrain", "finetune"):
        stage.add_argument("--epochs", type=int, metavar="N", help="how long, instead of what the folds found best")


def _datasets(options: argparse.Namespace) -> None:
    from offline.datasets import DATASETS

    rows = [(d.name, d.title, d.target, "simulated" if d.simulated else "", d.licence, d.where) for d in DATASETS.values()]
    _print_table(("name", "title", "labels", "", "licence", "where"), rows)


def _methods(options: argparse.Namespace) -> None:
    from offline.pretrain.methods import ALL
    from offline.pretrain.methods_page import methods_page

    if options.page:
        options.page.write_text(methods_page(ALL), encoding="utf-8")
        return
    rows = [(m.name, m.stage, m.title, m.needs, ", ".join(m.encoders), m.summary) for m in ALL]
    _print_table(("name", "stage", "method", "looks at", "encoders", "what it does"), rows)


def _open(options: argparse.Namespace, **how: Any) -> Run:
    from offline.config import load_config
    from offline.runs import open_run

    config = load_config(options.config)
    folder = open_run(config, options.run_dir)
    from offline.stages import prepare

    return prepare(config, folder, options.data_root, **how)


def _prepare(options: argparse.Namespace) -> None:
    from offline.stages import windows_facts

    run = _open(options, n_jobs=options.jobs, engine=options.engine, scheduler=options.scheduler)
    facts = windows_facts(run.windows)
    data = facts.pop("data_set")
    _print_table(("what", "how much"), [("data set", data["title"]), *((key, str(value)) for key, value in facts.items())])


def _evaluate(options: argparse.Namespace) -> None:
    from offline.config import load_config

    if options.fold is not None:
        from offline.stages import run_folds

        (result,) = run_folds(_open(options), only=options.fold, log=options.log)
        print(f"Fold {options.fold} ({result.name}) is done.")
        return
    if options.seeds or options.sweep or load_config(options.config).evaluate.seeds:
        print(cli_study.run_seeds(options, _print_table))
        return
    run = _open(options)
    if options.engine != "joblib":
        from offline.fold_jobs import compute_folds

        compute_folds([run], cli_study.engine_of(options, run.folder.path), log=options.log)
    _evaluated(run, options.jobs, options.log)


def _evaluated(run: Run, n_jobs: int | None, log: LogKind = "csv") -> Summary:
    from offline.evaluate.cross_validate import default_jobs
    from offline.evaluate.report import METHODS_TABLE, method_cells
    from offline.reporting import write_report
    from offline.stages import measure

    summary = measure(run, n_jobs=n_jobs or default_jobs(), log=log)
    _print_table(METHODS_TABLE, [method_cells(method) for method in summary.methods])
    print(f"Chance {summary.chance:.3f}. {summary.protocol}")
    print(f"Report: {write_report(run, summary)}")
    return summary


def _pretrain(options: argparse.Namespace) -> None:
    from offline.final_fit import pretrain_final
    from offline.training.distributed import process_group

    with process_group():
        pretrain_final(_open(options), options.epochs, log=options.log)


def _finetune(options: argparse.Namespace) -> None:
    from offline.final_fit import finetune_final

    finetune_final(_open(options), options.epochs, log=options.log)


def _quantize(options: argparse.Namespace) -> None:
    run = _open(options)
    _shipped(run, _evaluated(run, 1), options.float)


def _typicality(options: argparse.Namespace) -> None:
    from offline.shipping import add_typicality

    run = _open(options)
    path = options.bundle or (run.config.bundle.path if run.config.bundle else None)
    if path is None:
        raise ConfigError(f"The config '{run.config.name}' makes no bundle.", "Name the bundle with --bundle.")
    print(f"Bundle: {add_typicality(run, path)}")


def _run(options: argparse.Namespace) -> None:
    from offline.final_fit import finetune_final, pretrain_final

    run = _open(options)
    summary = _evaluated(run, options.jobs, options.log)
    pretrain_final(run, log=options.log)
    finetune_final(run, log=options.log)
    _shipped(run, summary, options.float)


def _shipped(run: Run, summary: Summary, with_float: bool) -> None:
    from offline.quantize.float_twin import write_float_twin
    from offline.shipping import quantize, ship

    comparison = quantize(run)
    if comparison:
        before, after = comparison.float_latency, comparison.int8_latency
        rows = [
            ("balanced accuracy, training people", f"{comparison.float_accuracy:.3f}", f"{comparison.int8_accuracy:.3f}"),
            ("same answers", "", f"{comparison.agreement:.1%}"),
            ("bytes", str(comparison.float_bytes), f"{comparison.int8_bytes} ({comparison.size_ratio:.1%})"),
            (
                "one window, p50 / p99 µs",
                f"{before.p50_us:.0f} / {before.p99_us:.0f}",
                f"{after.p50_us:.0f} / {after.p99_us:.0f}",
            ),
        ]
        _print_table(("", "float32", "int8"), rows)
    path = ship(run, summary, comparison)
    print(f"Bundle: {path}" if path else f"No bundle asked for; networks in {run.folder.path}")
    if with_float and path and comparison:
        print(f"Its float twin: {write_float_twin(run.folder.float_path, path)}")


def _print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*header)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200).print(table)


_COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "datasets": _datasets,
    "methods": _methods,
    "compare": lambda options: cli_study.run_compare(options, _print_table),
    cli_compare.NAME: lambda options: print(cli_compare.run(options, _print_table)),
    "curve": lambda options: print(cli_study.run_curve(options, _print_table)),
    "protocols": lambda options: print(cli_study.run_protocols(options, _print_table)),
    "simulate": lambda options: print(cli_study.run_simulate(options)),
    cli_calibrate.NAME: lambda options: print(cli_calibrate.run_check(options, _open, _print_table)),
    "embedding": lambda options: print(cli_ablate.run_embedding(options, _open, _print_table)),
    "ablate": lambda options: print(cli_ablate.run_ablate(options, _print_table)),
    "explore": lambda options: cli_explore.run_explore(options, _print_table),
    "audit": lambda options: cli_explore.run_audit(options, _print_table),
    "few-shot": lambda options: print(cli_methods.run_few_shot(options, _open, _print_table)),
    "words": lambda options: print(cli_methods.run_words(options, _open, _print_table)),
    "peripherals": lambda options: print(cli_methods.run_peripherals(options, _open)),
    "run": _run,
    "prepare": _prepare,
    "evaluate": _evaluate,
    "pretrain": _pretrain,
    "finetune": _finetune,
    "quantize": _quantize,
    "typicality": _typicality,
}

if __name__ == "__main__":
    sys.exit(main())
