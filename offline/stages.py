"""The stages of a run, each usable by itself: prepare, evaluate, pretrain, finetune, quantize."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from offline.config import RunConfig
from offline.datasets import find_dataset, load_windows
from offline.datasets.dataset import LabelledRecording
from offline.datasets.splits import make_folds
from offline.datasets.window_set import WindowSet
from offline.evaluate.covariances import Covariances, window_covariances
from offline.evaluate.cross_validate import cross_validate
from offline.evaluate.curves import CURVE_TABLE, Point, Variant, curve_rows, draw_curve
from offline.evaluate.fold_result import FoldResult
from offline.evaluate.riemannian import RIEMANNIAN
from offline.evaluate.run_fold import FLOAT, INT8, labelled_windows
from offline.evaluate.summary import Summary, summarise
from offline.progress import Report, progress_bar, silent
from offline.roots import data_root
from offline.runs import RunFolder, open_run
from offline.seeds import Seed
from offline.training.logs import LogKind
from sclcm_core.errors import ConfigError

logger = logging.getLogger(__name__)

PROTOCOLS = {
    "leave_one_subject_out": "Leave one person out: each person is tested by a network that never saw any of theirs.",
    "grouped_folds": "Groups of people left out: each is tested by a network that never saw any of them.",
    "subject_and_stimulus_disjoint": "People and stimuli left out together: unseen people are tested on unseen stimuli.",
    "selected_on_test": "The original's protocol: the people who are tested also decide when training stops, and the training people "
    "saw the same stimuli. What comes out is no estimate of what unknown people would get.",
    "within_subject": "Trials left out within each person: the tested person is known from other trials.",
    "first_trials": "The later trials of each visit left out: the tested person is known from the earlier ones of the same visit.",
}
"""What each split holds out, in words."""

HELD_OUT = "The original's test people; training people decide when to stop. The stimuli are still those of the training."
"""What the original's protocol is without its look at the test side."""

INNER = "Other people, chosen by chance in each fold, decide when to stop; the test side is read once."

INNER_TRIALS = "Other trials of the same person decide when to stop; the test side is read once."


@dataclass(frozen=True, slots=True)
class Run:
    """A run: its config, its folder, its data.

    Parameters
    ----------
    config : RunConfig
        What it does.
    folder : RunFolder
        Where results are kept.
    windows : WindowSet
        All windows.
    root : Path or None
        Folder of the data set; None where it needs none.
    """

    config: RunConfig
    folder: RunFolder
    windows: WindowSet
    root: Path | None = None

    def recordings(self) -> Iterator[LabelledRecording]:
        """Read the recordings that the windows were cut from, in the same order."""
        dataset = find_dataset(self.config.dataset.name, self.config.dataset.options).resolve(self.root)
        subjects = _subjects(self.config, self.root)
        return (r for r in dataset.recordings(self.root) if subjects is None or r.subject in subjects)

    @property
    def shipped(self) -> str:
        """Name of the form of the network that is shipped."""
        return INT8 if self.config.quantize.enabled else FLOAT


def prepare(
    config: RunConfig,
    folder: RunFolder,
    root: Path | None = None,
    *,
    n_jobs: int = 1,
    engine: str | None = None,
    scheduler: str | None = None,
) -> Run:
    """Read the data set and cut it into windows.

    Parameters
    ----------
    config : RunConfig
        Which data and features.
    folder : RunFolder
        Where results are kept.
    root : Path, optional
        Folder of the data set, before all others.
    n_jobs, engine, scheduler
        Who computes the features; see :func:`~offline.datasets.engine.engine`.

    Returns
    -------
    Run
        Ready for the other stages.
    """
    with progress_bar("reading") as report:
        run = read_run(config, folder, root, report=report, n_jobs=n_jobs, backend=engine, scheduler=scheduler)
    folder.write_json("windows.json", windows_facts(run.windows))
    return run


def read_run(config: RunConfig, folder: RunFolder, root: Path | None = None, *, report: Report = silent, **workers: Any) -> Run:
    """Cut the data set into windows, from frames that are kept beside the run folder where they are known.

    Parameters
    ----------
    config : RunConfig
        Which data and features.
    folder : RunFolder
        Where results are kept.
    root : Path, optional
        Folder of the data set, before all others.
    report : callable
        Told of each recording.
    **workers
        Who computes the features; see `load_windows`.

    Returns
    -------
    Run
        Ready for the other stages.
    """
    where = data_root(config.dataset, root)
    windows = load_windows(
        config.dataset.name,
        where,
        config.features,
        options=config.dataset.options,
        window_hop_frames=config.dataset.window_hop_frames,
        last_only=config.dataset.last_window_only,
        subjects=_subjects(config, where),
        cache_dir=folder.path.parent / "frames",
        progress=report,
        **workers,
    )
    return Run(config, folder, windows, where)


def _subjects(config: RunConfig, root: Path | None) -> list[str] | None:
    without = config.dataset.without_subjects
    if not without:
        return None
    sources = find_dataset(config.dataset.name, config.dataset.options).sources(root)
    known = {source.subject for source in sources if source.subject is not None}
    unknown = sorted(set(without) - known)
    if unknown:
        raise ConfigError(
            f"without_subjects names {', '.join(unknown)}; the data set has {', '.join(sorted(known))}.", "Correct the config."
        )
    return sorted(known - set(without))


def windows_facts(windows: WindowSet) -> dict[str, Any]:
    """Return how many windows of what there are, for tables and JSON."""
    usable = windows.usable
    return {
        "data_set": dataclasses.asdict(windows.dataset),
        "n_windows": int(usable.sum()),
        "n_subjects": len(np.unique(windows.subject[usable])),
        "input_shape": list(windows.spec.input_shape),
        "by_class": {name: int((windows.label[usable] == k).sum()) for k, name in enumerate(windows.class_names)},
        "baseline_frames": {windows.subject_names[s]: len(frames) for s, frames in windows.baseline_frames.items()},
        "dropped": dict(windows.dropped),
    }


def run_folds(
    run: Run, *, n_jobs: int = 1, only: int | None = None, log: LogKind = "csv", encoder_dir: Path | None = None
) -> list[FoldResult]:
    """Run the folds that have no result yet.

    Parameters
    ----------
    run : Run
        The run.
    n_jobs : int
        Folds at a time.
    only : int, optional
        Number of the one fold to run, from 0.
    log : {'csv', 'tensorboard'}
        Whether TensorBoard's files of every fold are written as well.
    encoder_dir : Path, optional
        Where pretrained encoders are kept and looked for.

    Returns
    -------
    list of FoldResult
        In the order of the folds; the one alone when `only` is given.
    """
    covariances = run_covariances(run)
    with progress_bar("evaluating") as report:
        return cross_validate(
            run.config,
            run.windows,
            run.folder,
            covariances=covariances,
            n_jobs=n_jobs,
            only=only,
            log=log,
            encoder_dir=encoder_dir,
            report=report,
        )


def run_covariances(run: Run) -> Covariances | None:
    """Return the covariances of the windows' signals where the config compares with a method that looks at them."""
    wants_signal = RIEMANNIAN in run.config.evaluate.baselines
    return window_covariances(run.windows, run.recordings()) if wants_signal else None


def protocol_text(config: RunConfig) -> str:
    """Say in words what an evaluation holds out and who decides when to stop."""
    evaluate = config.evaluate
    if evaluate.split != "selected_on_test":
        return f"{PROTOCOLS[evaluate.split]} {INNER_TRIALS if evaluate.split in ('within_subject', 'first_trials') else INNER}"
    return HELD_OUT if evaluate.options.get("honest") else PROTOCOLS[evaluate.split]


def rest_text(config: RunConfig, windows: WindowSet) -> str:
    """Say whose personal baseline holds rest that live would come later; empty where nobody's does."""
    n_people, n_late = len(windows.baseline_frames), len(windows.late_rest)
    if "personal" not in config.lines or not n_late:
        return ""
    return (
        f" Along the line 'personal', {n_late} of {n_people} people are normalised by rest that comes later, a minute from between their "
        "trials or that of a later visit, for too little comes before the first: live, a person has only what came before, and these "
        "figures may be better than that."
    )


def measure(run: Run, *, n_jobs: int = 1, log: LogKind = "csv", encoder_dir: Path | None = None) -> Summary:
    """Cross-validate the recipe.

    Parameters
    ----------
    run : Run
        The run.
    n_jobs : int
        Folds at a time.
    log : {'csv', 'tensorboard'}
        Whether TensorBoard's files of every fold are written as well.
    encoder_dir : Path, optional
        Where pretrained encoders are kept and looked for.

    Returns
    -------
    Summary
        Also in ``metrics.json``.
    """
    results = run_folds(run, n_jobs=n_jobs, log=log, encoder_dir=encoder_dir)
    protocol = protocol_text(run.config) + rest_text(run.config, run.windows)
    seed = Seed(run.config.seed).of("summary")
    evaluate = run.config.evaluate
    summary = summarise(
        results,
        run.windows,
        protocol,
        main=run.shipped,
        seed=seed,
        design_subjects=evaluate.design_subjects,
        n_permutations=evaluate.n_permutations,
        network=run.config.encoder.kind,
    )
    run.folder.write_json("metrics.json", summary.as_dict())
    return summary


def evaluate_variants(
    variants: Sequence[Variant], path: Path, root: Path | None = None, *, n_jobs: int = 1, encoder_dir: Path | None = None
) -> list[Point]:
    """Evaluate variants of a config, each in a run folder of its own.

    Parameters
    ----------
    variants : sequence of Variant
        The variants.
    path : Path
        Where the run folders are.
    root : Path, optional
        Folder of the data set.
    n_jobs : int
        Folds at a time.
    encoder_dir : Path, optional
        Where pretrained encoders are kept and looked for: variants that differ in their labels alone share them.

    Returns
    -------
    list of Point
        In the order of the variants.
    """
    points = []
    for variant in variants:
        logger.info("%s", variant.name)
        run = prepare(variant.config, open_run(variant.config, path / variant.name.replace(", ", "-").replace(" ", "-")), root)
        summary = measure(run, n_jobs=n_jobs, encoder_dir=encoder_dir)
        points.append(Point(variant, summary, run.windows.dataset, labelled_trials(run)))
    return points


def labelled_trials(run: Run) -> float:
    """Return how many trials have labels in a fold's training, mean over the folds."""
    evaluate, windows = run.config.evaluate, run.windows
    folds = make_folds(evaluate.split, windows, seed=run.config.seed, options=evaluate.options)
    return float(np.mean([len(np.unique(windows.trial[labelled_windows(run.config, windows, fold)])) for fold in folds]))


def follow_curve(variants: Sequence[Variant], path: Path, root: Path | None = None, *, n_jobs: int = 1) -> list[Point]:
    """Evaluate the points of a curve and draw it.

    Parameters
    ----------
    variants : sequence of Variant
        The points.
    path : Path
        Folder for ``curve.png``, ``curve.json`` and a run folder for each point.
    root : Path, optional
        Folder of the data set.
    n_jobs : int
        Folds at a time.

    Returns
    -------
    list of Point
        In the order of the variants.
    """
    points = evaluate_variants(variants, path, root, n_jobs=n_jobs, encoder_dir=path / "encoders")
    axis = "labelled trials in %" if variants[0].name.startswith("labels") else "channels"
    main = INT8 if variants[0].config.quantize.enabled else FLOAT
    (path / "curve.png").write_bytes(draw_curve(points, main, axis))
    rows = [dict(zip(CURVE_TABLE, row, strict=True)) for row in curve_rows(points)]
    (path / "curve.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return points
