"""What personal calibration is worth: calibrate on the first half of an unseen person's blocks, test on the second half."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from offline.datasets.dataset import RecordingFrames
from offline.datasets.fold import Fold
from offline.datasets.registry import find_dataset
from offline.datasets.splits import make_folds
from offline.datasets.window_set import WindowSet
from offline.evaluate.fold_bundles import fold_bundle
from offline.evaluate.intervals import Figure, bootstrap_mean, paired_test
from offline.progress import Report, silent
from offline.seeds import Seed
from offline.stages import Run
from offline.training.inputs import personal_normaliser
from sclcm_core.errors import CalibrationError, DatasetError
from sclcm_core.features.normalise import Normaliser
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.bundle import Bundle
from sclcm_core.inference.calibration import CalibrationResult, LabelledBlock, calibrate, normalise_windows
from sclcm_core.inference.onnx_runtime import OnnxEmbedder
from sclcm_core.types import Float64Array

POPULATION, BASELINE, APPLIED, ALWAYS = "as shipped", "own rest", "calibrated where accepted", "calibrated always"
METHODS = (POPULATION, BASELINE, APPLIED, ALWAYS)
"""The model with the training people's statistics; with the person's rest; with the person's head, where accepted or always."""

BLOCK_S, GAP_S = 14.0, 1.0
"""Usual length of a block, and the gap between two, in s: four blocks fit into a minute of task."""


@dataclass(frozen=True, slots=True)
class PersonCheck:
    """One person's outcome.

    Parameters
    ----------
    subject : str
        Who.
    scores : dict of str to float
        Balanced accuracy of each method on the second half, 0..1.
    is_accepted : bool
        Whether the calibration on the first half was accepted.
    sentence : str
        What the person would have read.
    n_blocks, n_test_blocks : int
        Blocks calibrated and tested on.
    fit_s : float
        How long the calibration took, in s.
    """

    subject: str
    scores: dict[str, float]
    is_accepted: bool
    sentence: str
    n_blocks: int
    n_test_blocks: int
    fit_s: float


@dataclass(frozen=True, slots=True)
class CalibrationCheck:
    """The outcome over people.

    Parameters
    ----------
    people : tuple of PersonCheck
        One each.
    means : dict of str to Figure
        Balanced accuracy of each method with its interval over people.
    gains : dict of str to (Figure, float)
        Paired differences with their intervals and sign-flip p values, by ``"one - other"``.
    caveats : tuple of str
        What speaks against believing the figures.
    """

    people: tuple[PersonCheck, ...]
    means: Mapping[str, Figure]
    gains: Mapping[str, tuple[Figure, float]]
    caveats: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "people": [dataclasses.asdict(person) for person in self.people],
            "means": {name: dataclasses.asdict(figure) for name, figure in self.means.items()},
            "gains": {name: {**dataclasses.asdict(figure), "p": p} for name, (figure, p) in self.gains.items()},
            "caveats": list(self.caveats),
        }


def check_calibration(
    run: Run, *, block_s: float = BLOCK_S, report: Report = silent, folder: Path | None = None
) -> CalibrationCheck:
    """Check calibration on every person of a data set, each with a network that has never seen them.

    Parameters
    ----------
    run : Run
        The recipe and its data.
    block_s : float
        Length of a block in s; blocks are `GAP_S` apart.
    report : callable
        Told of each person.
    folder : Path, optional
        Where the folds' bundles are kept; in the run's folder when left out.

    Returns
    -------
    CalibrationCheck
        Whatever it says.
    """
    config, where = run.config, folder or run.folder.path / "calibration"
    folds = make_folds(config.evaluate.split, run.windows, seed=config.seed, options=config.evaluate.options)
    _refuse_known_people(folds, run.windows, config.evaluate.split)
    people: list[PersonCheck] = []
    caveats: dict[str, None] = {}
    for number, fold in enumerate(folds, start=1):
        bundle = fold_bundle(config, run.windows, fold, where)
        for subject in _tested(run, fold.test):
            own = own_rest(run.windows, subject)
            person, result = check_person(bundle, subject, list(_frames(run, subject)), block_s, own)
            people.append(person)
            caveats |= dict.fromkeys(result.caveats if result else ())
        report(number, len(folds), f"{fold.name} done")
    return summarise_check(people, Seed(config.seed).of("calibrate"), tuple(caveats))


def _refuse_known_people(folds: Sequence[Fold], windows: WindowSet, split: str) -> None:
    """Refuse folds whose network knows whom it is tested on, and folds that test somebody twice."""
    tested = [set(windows.subject[fold.test].tolist()) for fold in folds]
    met = any(not people.isdisjoint(windows.subject[fold.train]) for fold, people in zip(folds, tested, strict=True))
    if met or any(fold.selects_on_test for fold in folds) or len(set().union(*tested)) < sum(map(len, tested)):
        raise DatasetError(
            f"The split '{split}' does not test each person once by a network that has never seen them.",
            "Set evaluate.split = 'leave_one_subject_out' or 'grouped_folds'.",
        )


def own_rest(windows: WindowSet, subject: str) -> Normaliser | None:
    """Return a person's own normaliser: of the rest before the first visit's first trial, as live; None where there is none.

    Parameters
    ----------
    windows : WindowSet
        With the baselines of their subjects.
    subject : str
        Who.
    """
    person = windows.subject_names.index(subject)
    if person not in windows.baseline_frames:
        return None
    return personal_normaliser(windows, person, int(windows.session[windows.subject == person].min()))


def summarise_check(people: Sequence[PersonCheck], seed: Seed, caveats: tuple[str, ...] = ()) -> CalibrationCheck:
    """Put people together.

    Parameters
    ----------
    people : sequence of PersonCheck
        One each.
    seed : Seed
        Of the resampling.
    caveats : tuple of str
        What speaks against believing the figures.
    """
    scores = {name: np.array([person.scores[name] for person in people]) for name in METHODS}
    means = {name: bootstrap_mean(values, seed.of(name).rng()) for name, values in scores.items()}
    pairs = [(APPLIED, POPULATION), (APPLIED, BASELINE), (ALWAYS, POPULATION), (ALWAYS, BASELINE)]
    gains = {f"{a} - {b}": paired_test(scores[a], scores[b], seed.of(a, b).rng()) for a, b in pairs}
    return CalibrationCheck(tuple(people), means, gains, caveats)


def _tested(run: Run, test: np.ndarray[Any, Any]) -> list[str]:
    return [run.windows.subject_names[k] for k in np.unique(run.windows.subject[test]).tolist()]


def _frames(run: Run, subject: str) -> Iterator[RecordingFrames]:
    dataset = find_dataset(run.config.dataset.name, run.config.dataset.options).resolve(run.root)
    for source in dataset.sources(run.root):
        if source.subject in (None, subject):
            yield from (found for found in dataset.frames(source, run.config.features) if found.subject == subject)


def check_person(
    bundle: Bundle, subject: str, recordings: Sequence[RecordingFrames], block_s: float, own: Normaliser | None
) -> tuple[PersonCheck, CalibrationResult | None]:
    """Calibrate on the first half of a person's blocks of each class, and test on the second.

    Parameters
    ----------
    bundle : Bundle
        A model that has never seen the person.
    subject : str
        Who.
    recordings : sequence of RecordingFrames
        All of the person's recordings, in order.
    block_s : float
        Length of a block in s.
    own : Normaliser or None
        Of the person's rest; None where there is none, and the training people's statistics serve.

    Returns
    -------
    person : PersonCheck
        Scores on the second half.
    result : CalibrationResult or None
        The calibration; None when there were too few blocks, which leaves the person with the own rest.
    """
    manifest, embedder = bundle.manifest, OnnxEmbedder(bundle.path)
    first, second = halves(blocks_of(recordings, manifest.features, manifest.class_names, block_s))
    if {block.label for block in second} != set(manifest.class_names):
        raise DatasetError(f"Subject '{subject}' has too few blocks of {block_s:g} s to test on.", "Take shorter blocks.")
    started = perf_counter()
    try:
        result = calibrate(embedder, manifest, first, own)
    except CalibrationError:
        result = None
    fit_s = perf_counter() - started
    answers = _answers(embedder, bundle, second, own, result)
    scores = {name: _balanced(second, rows, manifest.class_names) for name, rows in answers.items()}
    accepted, sentence = (result.is_accepted, result.sentence) if result else (False, "too few good blocks")
    return PersonCheck(subject, scores, accepted, sentence, len(first), len(second), fit_s), result


def _answers(
    embedder: OnnxEmbedder,
    bundle: Bundle,
    blocks: Sequence[LabelledBlock],
    own: Normaliser | None,
    result: CalibrationResult | None,
) -> dict[str, list[Float64Array]]:
    """Return the scores that each method gives the windows of each block."""
    manifest = bundle.manifest
    population = manifest.normaliser.normaliser()
    plain = [embedder.outputs(normalise_windows(block.features, population))[0] for block in blocks]
    with_rest = [embedder.outputs(normalise_windows(block.features, own or population)) for block in blocks]
    of_rest = [logits for logits, _ in with_rest]
    temperature = manifest.trust(has_baseline=own is not None).temperature
    always = [result.head.logits(logits / temperature, e) for logits, e in with_rest] if result else of_rest
    applied = always if result and result.is_accepted else of_rest
    rows = {POPULATION: plain, BASELINE: of_rest, APPLIED: applied, ALWAYS: always}
    return {name: [np.asarray(block, np.float64) for block in found] for name, found in rows.items()}


def _balanced(blocks: Sequence[LabelledBlock], rows: Sequence[Float64Array], class_names: Sequence[str]) -> float:
    right: dict[str, list[float]] = {}
    for block, scores in zip(blocks, rows, strict=True):
        right.setdefault(block.label, []).extend((scores.argmax(axis=1) == class_names.index(block.label)).tolist())
    return float(np.mean([np.mean(values) for values in right.values()]))


def blocks_of(
    recordings: Iterable[RecordingFrames], spec: FeatureSpec, class_names: Sequence[str], block_s: float
) -> list[LabelledBlock]:
    """Cut recordings into blocks of consecutive frames, behind the baseline, `GAP_S` apart.

    Parameters
    ----------
    recordings : iterable of RecordingFrames
        In order.
    spec : FeatureSpec
        What a window is.
    class_names : sequence of str
        Names of the labels.
    block_s : float
        Length of a block in s.

    Returns
    -------
    list of LabelledBlock
        In order; blocks without a good window are left out.
    """
    n_in_block = int((block_s - spec.window_s) / spec.hop_s) + 1
    n_apart = -(-(spec.window + round(GAP_S * spec.sfreq)) // spec.hop)
    if n_in_block < spec.n_frames:
        raise DatasetError(f"A block of {block_s:g} s holds no window of {spec.span_s:g} s.", "Take longer blocks.")
    blocks = []
    for recording in recordings:
        if recording.label < 0:
            continue
        start = -(-round(recording.baseline_s * spec.sfreq) // spec.hop)
        while start + n_in_block <= len(recording.values):
            features = _good_windows(recording, start, n_in_block, spec.n_frames)
            if len(features):
                blocks.append(LabelledBlock(class_names[recording.label], f"{recording.stimulus} {start}", features))
            start += n_in_block + n_apart - 1
    return blocks


def _good_windows(recording: RecordingFrames, start: int, n_in_block: int, n_frames: int) -> np.ndarray[Any, Any]:
    ok = recording.ok
    firsts = [k for k in range(start, start + n_in_block - n_frames + 1) if ok[k : k + n_frames].all()]
    return np.ascontiguousarray(recording.windows(n_frames)[firsts])


def halves(blocks: Sequence[LabelledBlock]) -> tuple[list[LabelledBlock], list[LabelledBlock]]:
    """Part blocks into the first and the second half of each class, in time; where each class has several stimuli, by these.

    Parameters
    ----------
    blocks : sequence of LabelledBlock
        In order.

    Returns
    -------
    first, second : list of LabelledBlock
        In order; of an odd number the middle one is in the first half. No stimulus is in both, for it would be known again: in
        SEED the same clips come in every visit. Where a class is one task, blocks of it are all there is.
    """
    shown = {label: dict.fromkeys(_stimulus(b) for b in blocks if b.label == label) for label in {b.label for b in blocks}}
    by_stimulus = min(map(len, shown.values()), default=0) > 1
    units = [_stimulus(block) if by_stimulus else str(number) for number, block in enumerate(blocks)]
    order: dict[str, dict[str, None]] = {}
    for block, unit in zip(blocks, units, strict=True):
        order.setdefault(block.label, {})[unit] = None
    early = {(label, unit) for label, own in order.items() for unit in list(own)[: (len(own) + 1) // 2]}
    first, second = (
        [block for block, unit in zip(blocks, units, strict=True) if ((block.label, unit) in early) is wanted]
        for wanted in (True, False)
    )
    return first, second


def _stimulus(block: LabelledBlock) -> str:
    return block.name.rpartition(" ")[0]
