"""The command line of the offline module."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from offline import cli_explore
from sclcm_core.errors import ConfigError, SclcmError

if TYPE_CHECKING:
    from offline.evaluate.summary import Summary
    from offline.stages import Run

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
        "  sbatch --array=0-19 --wrap 'sclcm-offline evaluate CONFIG --fold $SLURM_ARRAY_TASK_ID'",
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
        "Ranges come from training windows. An int8 network that costs more than the config allows is refused.",
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
    return 0


def _parser() -> argparse.ArgumentParser:
    kind = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="sclcm-offline", description=_DESCRIPTION, formatter_class=kind)
    parser.add_argument("--verbose", action="store_true", help="say what is being done")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("datasets", help="list the data sets, their licences and where to get them")
    methods = commands.add_parser("methods", help="list the methods of pretraining and finetuning")
    methods.add_argument("--page", type=Path, metavar="FILE", help="write a page on them instead, in Markdown")
    compare = commands.add_parser(
        "compare",
        help="put runs side by side, with tests between them",
        description="Tables of the methods of several runs, and sign-flip tests on the people whom two runs both tested.",
    )
    compare.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folders that were evaluated")
    _add_curve(commands)
    _add_protocols(commands)
    _add_simulate(commands)
    cli_explore.add_commands(commands)
    for name, (summary, text) in _STAGES.items():
        stage = commands.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.\n\n{text}", formatter_class=kind
        )
        _add_stage_options(stage, name)
    return parser


def _add_curve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    curve = commands.add_parser(
        "curve",
        help="draw what fewer labels or fewer channels cost",
        description="Cross-validates a config many times over and draws the curve.\n\n"
        "  sclcm-offline curve labels CONFIG             1 to 100 % of the labels, with and without pretraining\n"
        "  sclcm-offline curve channels CONFIG --keep T7,T8 --keep F3,F4,T7,T8",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    curve.add_argument("what", choices=("labels", "channels"), help="what there is less of")
    _add_stage_options(curve, "evaluate")
    curve.add_argument("--keep", action="append", metavar="A,B,...", help="channels of a point of the curve; may be repeated")


def _add_protocols(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    protocols = commands.add_parser(
        "protocols",
        help="run a recipe under its publication's protocol and under honest ones",
        description="Evaluates one recipe as its publication did (selecting on the people who are tested) and honestly (unseen\n"
        "people; unseen people and stimuli), and puts the figures side by side in one report. With SEED or DEAP on disk:\n\n"
        "  sclcm-offline protocols assets/configs/sclcm-seed.toml --data-root /data/SEED --channels all --channels T7,T8",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_stage_options(protocols, "evaluate")
    protocols.add_argument(
        "--channels", action="append", metavar="A,B,...", help="channels, or 'all' (default: all); may be repeated"
    )
    protocols.add_argument(
        "--epochs", type=int, metavar="N", help="at most N epochs a stage: for a quick look; the report says so"
    )


def _add_simulate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    simulate = commands.add_parser(
        "simulate",
        help="write simulated files in the formats of SEED or DEAP",
        description="Writes files that are read like SEED's or DEAP's and say that they are simulated. The effects are known, and\n"
        "each can be switched off, which shows what a protocol can tell apart:\n\n"
        "  sclcm-offline simulate seed clips --class-effect 0 --stimulus-effect 1   no emotion in it, recognisable clips\n"
        "  sclcm-offline protocols assets/configs/sclcm-seed.toml --data-root clips",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    simulate.add_argument("what", choices=("seed", "deap"), help="whose format")
    simulate.add_argument(
        "folder", type=Path, metavar="DIR", help="where to write; 330 MB a subject of SEED, 100 MB one of DEAP"
    )
    simulate.add_argument("--subjects", type=int, default=15, metavar="N", help="people (default: 15)")
    simulate.add_argument("--class-effect", type=float, default=1.0, metavar="X", help="strength of the emotion (default: 1)")
    simulate.add_argument("--stimulus-effect", type=float, default=0.0, metavar="X", help="strength of the clips (default: 0)")
    simulate.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed writes the same signals")


def _add_stage_options(stage: argparse.ArgumentParser, name: str) -> None:
    stage.add_argument("config", type=Path, metavar="CONFIG", help="the run config, a TOML file")
    stage.add_argument("--run-dir", type=Path, metavar="DIR", help="folder for results (default: runs/NAME)")
    stage.add_argument(
        "--data-root",
        type=Path,
        metavar="DIR",
        help="folder of the data set (default: the config's; else the data set's name in the folder SCLCM_TEST_DATA)",
    )
    if name in ("run", "evaluate"):
        stage.add_argument("--jobs", type=int, metavar="N", help="folds at a time (default: one a core); changes no result")
    if name == "prepare":
        stage.add_argument("--jobs", type=int, default=1, metavar="N", help="recordings at a time (default: 1; -1: one a core)")
        stage.add_argument("--engine", metavar="NAME", help="who does it: dask, for the workers of a Dask cluster")
        stage.add_argument("--scheduler", metavar="ADDRESS", help="of the Dask cluster (default: workers started here)")
    if name == "evaluate":
        stage.add_argument("--fold", type=int, metavar="N", help="run this fold alone, from 0, and write no report")
    if name in ("run", "quantize"):
        stage.add_argument(
            "--float", action="store_true", help="also write the float network as NAME-float.onnx, to compare live"
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


def _compare(options: argparse.Namespace) -> None:
    from offline.evaluate.compare_runs import COMPARE_TABLE, PAIRED_TABLE, method_rows, paired_rows, read_runs
    from offline.seeds import Seed

    runs = read_runs(options.runs)
    _print_table(COMPARE_TABLE, method_rows(runs))
    if rows := paired_rows(runs, Seed(0)):
        _print_table(PAIRED_TABLE, rows)


def _curve(options: argparse.Namespace) -> None:
    from offline.config import load_config
    from offline.evaluate.cross_validate import default_jobs
    from offline.evaluate.curves import CURVE_TABLE, channel_variants, curve_rows, label_variants
    from offline.stages import follow_curve

    config = load_config(options.config)
    subsets = [text.split(",") for text in options.keep or ["T7,T8"]]
    variants = label_variants(config) if options.what == "labels" else channel_variants(config, subsets)
    folder = (options.run_dir or Path("runs") / config.name) / f"curve-{options.what}"
    points = follow_curve(variants, folder, options.data_root, n_jobs=options.jobs or default_jobs())
    _print_table(CURVE_TABLE, curve_rows(points))
    print(f"Curve: {folder / 'curve.png'}")


def _protocols(options: argparse.Namespace) -> None:
    from offline.config import load_config
    from offline.evaluate.cross_validate import default_jobs
    from offline.evaluate.protocols import PROTOCOLS_TABLE, protocol_rows, protocol_variants, protocols_html
    from offline.stages import evaluate_variants

    config = load_config(options.config)
    everything = config.features.ch_names
    subsets = [everything if text == "all" else text.split(",") for text in options.channels or ["all"]]
    variants = protocol_variants(config, subsets, epochs=options.epochs)
    folder = (options.run_dir or Path("runs") / config.name) / "protocols"
    points = evaluate_variants(variants, folder, options.data_root, n_jobs=options.jobs or default_jobs())
    _print_table(PROTOCOLS_TABLE, protocol_rows(points))
    report = folder / "report.html"
    report.write_text(protocols_html(config, points), encoding="utf-8")
    print(f"Report: {report}")


def _simulate(options: argparse.Namespace) -> None:
    from offline.progress import progress_bar
    from sclcm_core.simulation import HeadSettings, write_deap, write_seed

    if options.subjects < 1:
        raise ConfigError(f"--subjects must be at least 1; got {options.subjects}.", "Say how many people to simulate.")
    settings = HeadSettings(class_effect=options.class_effect, stimulus_effect=options.stimulus_effect)
    write = write_seed if options.what == "seed" else write_deap
    with progress_bar("writing") as report:
        paths = write(
            options.folder,
            n_subjects=options.subjects,
            settings=settings,
            seed=options.seed,
            progress=lambda done, total: report(done, total, ""),
        )
    print(f"Wrote {len(paths)} simulated files to '{options.folder}'.")


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
    if options.fold is not None:
        from offline.stages import run_folds

        (result,) = run_folds(_open(options), only=options.fold)
        print(f"Fold {options.fold} ({result.name}) is done.")
        return
    _evaluated(_open(options), options.jobs)


def _evaluated(run: Run, n_jobs: int | None) -> Summary:
    from offline.evaluate.cross_validate import default_jobs
    from offline.evaluate.report import METHODS_TABLE, method_cells
    from offline.reporting import write_report
    from offline.stages import measure

    summary = measure(run, n_jobs=n_jobs or default_jobs())
    _print_table(METHODS_TABLE, [method_cells(method) for method in summary.methods])
    print(f"Chance {summary.chance:.3f}. {summary.protocol}")
    print(f"Report: {write_report(run, summary)}")
    return summary


def _pretrain(options: argparse.Namespace) -> None:
    from offline.stages import pretrain_final
    from offline.training.distributed import process_group

    with process_group():
        pretrain_final(_open(options), options.epochs)


def _finetune(options: argparse.Namespace) -> None:
    from offline.stages import finetune_final

    finetune_final(_open(options), options.epochs)


def _quantize(options: argparse.Namespace) -> None:
    run = _open(options)
    _shipped(run, _evaluated(run, 1), options.float)


def _run(options: argparse.Namespace) -> None:
    from offline.stages import finetune_final, pretrain_final

    run = _open(options)
    summary = _evaluated(run, options.jobs)
    pretrain_final(run)
    finetune_final(run)
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
    "compare": _compare,
    "curve": _curve,
    "protocols": _protocols,
    "simulate": _simulate,
    "explore": lambda options: cli_explore.run_explore(options, _print_table),
    "audit": lambda options: cli_explore.run_audit(options, _print_table),
    "run": _run,
    "prepare": _prepare,
    "evaluate": _evaluate,
    "pretrain": _pretrain,
    "finetune": _finetune,
    "quantize": _quantize,
}

if __name__ == "__main__":
    sys.exit(main())
