"""Commands over several runs: comparing them, and following a recipe over labels, channels, protocols, seeds and settings."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from offline.cli_values import whole_numbers
from sclcm_core.errors import ConfigError

if TYPE_CHECKING:
    from offline.engines import Engine

PrintTable = Callable[[Sequence[str], Sequence[Sequence[str]]], None]
AddOptions = Callable[[argparse.ArgumentParser, str], None]


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser], add_stage_options: AddOptions) -> None:
    """Add the commands of this file to the command line; `add_stage_options` adds those that every stage has."""
    compare = commands.add_parser(
        "compare",
        help="put runs side by side, with tests between them",
        description="Tables of the methods of several runs, and sign-flip tests on the people whom two runs both tested.",
    )
    compare.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folders that were evaluated")
    _add_curve(commands, add_stage_options)
    _add_protocols(commands, add_stage_options)
    _add_simulate(commands)


def _add_curve(commands: argparse._SubParsersAction[argparse.ArgumentParser], add_stage_options: AddOptions) -> None:
    curve = commands.add_parser(
        "curve",
        help="draw what fewer labels or fewer channels cost",
        description="Cross-validates a config many times over and draws the curve.\n\n"
        "  sclcm-offline curve labels CONFIG             1 to 100 % of the labels, with and without pretraining\n"
        "  sclcm-offline curve channels CONFIG --keep T7,T8 --keep F3,F4,T7,T8",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    curve.add_argument("what", choices=("labels", "channels"), help="what there is less of")
    add_stage_options(curve, "curve")
    curve.add_argument("--keep", action="append", metavar="A,B,...", help="channels of a point of the curve; may be repeated")


def _add_protocols(commands: argparse._SubParsersAction[argparse.ArgumentParser], add_stage_options: AddOptions) -> None:
    protocols = commands.add_parser(
        "protocols",
        help="run a recipe under its publication's protocol and under honest ones",
        description="Evaluates one recipe as its publication did (selecting on the people who are tested) and honestly (unseen\n"
        "people; unseen people and stimuli), and puts the figures side by side in one report. With SEED or DEAP on disk:\n\n"
        "  sclcm-offline protocols assets/configs/sclcm-seed.toml --data-root /data/SEED --channels all --channels T7,T8",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_stage_options(protocols, "curve")
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


def run_compare(options: argparse.Namespace, print_table: PrintTable) -> None:
    """Run the command ``compare``."""
    from offline.evaluate.compare_runs import COMPARE_TABLE, PAIRED_TABLE, method_rows, paired_rows, read_runs
    from offline.seeds import Seed

    runs = read_runs(options.runs)
    print_table(COMPARE_TABLE, method_rows(runs))
    if rows := paired_rows(runs, Seed(0)):
        print_table(PAIRED_TABLE, rows)


def write_json(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table's rows as a list of objects."""
    content = [dict(zip(header, row, strict=True)) for row in rows]
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def run_curve(options: argparse.Namespace, print_table: PrintTable) -> str:
    """Run the command ``curve`` and return what to tell."""
    from offline.config import load_config
    from offline.evaluate.cross_validate import default_jobs
    from offline.evaluate.curves import CURVE_TABLE, channel_variants, curve_rows, label_variants, mixed_code
    from offline.evaluate.gains import GAIN_TABLE, gain_rows
    from offline.evaluate.run_fold import FLOAT, INT8
    from offline.seeds import Seed
    from offline.stages import follow_curve

    config = load_config(options.config)
    subsets = [text.split(",") for text in options.keep or ["T7,T8"]]
    variants = label_variants(config) if options.what == "labels" else channel_variants(config, subsets)
    folder = (options.run_dir or Path("runs") / config.name) / f"curve-{options.what}"
    points = follow_curve(variants, folder, options.data_root, n_jobs=options.jobs or default_jobs())
    print_table(CURVE_TABLE, curve_rows(points))
    main = INT8 if config.quantize.enabled else FLOAT
    if gains := gain_rows(points, main, Seed(config.seed)):
        print_table(GAIN_TABLE, gains)
        write_json(folder / "gains.json", GAIN_TABLE, gains)
    simulated = ["Simulated data: the figures say nothing about people."] if points[0].data.simulated else []
    notes = [*simulated, *mixed_code(points)]
    (folder / "notes.txt").write_text("".join(f"{note}\n" for note in notes), encoding="utf-8")
    return "\n".join([*notes, f"Curve: {folder / 'curve.png'}"])


def run_protocols(options: argparse.Namespace, print_table: PrintTable) -> str:
    """Run the command ``protocols`` and return what to tell."""
    from offline.config import load_config
    from offline.evaluate.cross_validate import default_jobs
    from offline.evaluate.curves import mixed_code
    from offline.evaluate.protocols import protocol_variants
    from offline.evaluate.protocols_report import (
        PROTOCOLS_TABLE,
        gap_sentences,
        protocol_rows,
        protocols_html,
        simulated_settings,
    )
    from offline.roots import data_root
    from offline.stages import evaluate_variants

    config = load_config(options.config)
    everything = config.features.ch_names
    subsets = [everything if text == "all" else text.split(",") for text in options.channels or ["all"]]
    variants = protocol_variants(config, subsets, epochs=options.epochs)
    folder = (options.run_dir or Path("runs") / config.name) / "protocols"
    points = evaluate_variants(variants, folder, options.data_root, n_jobs=options.jobs or default_jobs())
    print_table(PROTOCOLS_TABLE, protocol_rows(points))
    write_json(folder / "protocols.json", PROTOCOLS_TABLE, protocol_rows(points))
    report = folder / "report.html"
    settings = simulated_settings(data_root(config.dataset, options.data_root))
    report.write_text(protocols_html(config, points, settings), encoding="utf-8")
    return "\n".join([*gap_sentences(points), *mixed_code(points), f"Report: {report}"])


def run_simulate(options: argparse.Namespace) -> str:
    """Run the command ``simulate`` and return what to tell."""
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
    return f"Wrote {len(paths)} simulated files to '{options.folder}'."


def add_engine_options(stage: argparse.ArgumentParser) -> None:
    """Add what says who computes, and over which seeds and settings."""
    stage.add_argument(
        "--seeds",
        type=whole_numbers,
        metavar="N,N,...",
        help="evaluate with each seed, and give mean and spread (default: those of the config)",
    )
    stage.add_argument(
        "--sweep",
        action="append",
        default=[],
        metavar="KEY=V,V,...",
        help="evaluate with each value of a config key, such as finetune.encoder_lr=1e-3,2e-3; of several, each combination",
    )
    stage.add_argument(
        "--engine", choices=("joblib", "dask", "submitit"), default="joblib", help="who computes: this machine, Dask, SLURM"
    )
    stage.add_argument("--scheduler", metavar="ADDRESS", help="of Dask (default: workers are started here)")
    stage.add_argument(
        "--slurm",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="for submitit, such as slurm_partition=cpu; repeatable",
    )


def run_seeds(options: argparse.Namespace, print_table: PrintTable) -> str:
    """Run the command ``evaluate`` over seeds and settings and return what to tell."""
    from offline.code_origin import CodeOrigin, mixture_sentence
    from offline.config import load_config
    from offline.study import STUDY_TABLE, plan_study, run_study, study_rows

    config = load_config(options.config)
    trials = plan_study(config, options.seeds or (), options.sweep)
    folder = options.run_dir or Path("runs") / config.name / "study"
    summaries = run_study(trials, folder, options.data_root, engine_of(options, folder), log=options.log)
    print_table(STUDY_TABLE, study_rows(trials, summaries))
    folds = (CodeOrigin(**fold["code"]) for summary in summaries for fold in summary.folds)
    mixture = f"{text}\n" if (text := mixture_sentence(folds)) else ""
    return (
        "Settings are to be chosen by the last column, which is of validation people; the others are of test people.\n"
        f"{mixture}Table: {folder / 'study.json'}; a run folder for each beside it"
    )


def engine_of(options: argparse.Namespace, folder: Path) -> Engine:
    """Return the engine that the options name."""
    from offline.engines import Engine
    from offline.evaluate.cross_validate import default_jobs

    pairs = [text.partition("=") for text in options.slurm]
    if bad := [key for key, _, value in pairs if not value]:
        raise ConfigError(f"--slurm {bad[0]} has no value.", "Example: --slurm slurm_partition=cpu")
    settings = {key: int(value) if value.isdigit() else value for key, _, value in pairs}
    jobs = options.jobs or default_jobs()
    return Engine(options.engine, jobs, options.scheduler, folder / "jobs", settings)
