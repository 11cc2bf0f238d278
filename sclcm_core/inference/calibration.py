"""Personal calibration: two minutes of labelled blocks make a head that fits the person, or say that they do not.

Everything is judged on blocks that were held out. Windows of one block overlap and drift together: holding out windows would test
on what was trained on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sclcm_core.errors import CalibrationError
from sclcm_core.features.normalise import Normaliser
from sclcm_core.inference.manifest import Manifest
from sclcm_core.inference.onnx_runtime import OnnxEmbedder
from sclcm_core.inference.personal_head import PersonalHead, effective_weights, fit_head, fit_head_temperature
from sclcm_core.types import Float32Array, Float64Array, FloatArray

FEWEST_BLOCKS = 2
"""Blocks that each class needs."""

MOST_FOLDS = 20
"""With more blocks than this, several are held out at a time."""

Z_95 = 1.959963984540054

IntArray = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class LabelledBlock:
    """One presentation: its windows, in order.

    Parameters
    ----------
    label : str
        The class.
    name : str
        What was presented.
    features : ndarray of float32, shape (n, n_bands, n_columns, n_frames)
        Features in nats or dB, not normalised; ``n >= 1``.
    """

    label: str
    name: str
    features: Float32Array


@dataclass(frozen=True, slots=True)
class Share:
    """A share of right answers with its 95 % interval, each in 0..1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """What a calibration came to.

    Parameters
    ----------
    class_names : tuple of str
        The classes, in the order of the new logits.
    is_accepted : bool
        Whether it is better than chance on held-out blocks, and not worse than the model that is there.
    sentence : str
        The same in words, with the figures.
    held_out : Share
        Right answers on held-out blocks, classes counting alike.
    parent : Share or None
        The same for the model that is there, on the same blocks; None when it does not know the classes.
    chance : float
        Of guessing.
    n_blocks : int
        How many there were.
    head : PersonalHead
        Fitted on all blocks.
    knows_classes : bool
        Whether the parent's logits are its prior.
    parent_temperature : float
        Divided the parent's logits.
    temperature : float
        Divides the new logits.
    caveats : tuple of str
        What speaks against believing the figures.
    """

    class_names: tuple[str, ...]
    is_accepted: bool
    sentence: str
    held_out: Share
    parent: Share | None
    chance: float
    n_blocks: int
    head: PersonalHead
    knows_classes: bool
    parent_temperature: float
    temperature: float
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Windows:
    """All windows of a calibration: parent's logits, embedding, class, block; one row each."""

    prior: Float64Array
    embedding: Float64Array
    label: IntArray
    block: IntArray

    def fit(self, rows: npt.NDArray[np.bool_], overlap: float) -> PersonalHead:
        weight = effective_weights(self.label[rows], overlap)
        return fit_head(self.prior[rows], self.embedding[rows], self.label[rows], weight)


def calibrate(
    embedder: OnnxEmbedder, manifest: Manifest, blocks: Sequence[LabelledBlock], normaliser: Normaliser | None = None
) -> CalibrationResult:
    """Fit a person's own head and judge it on held-out blocks.

    Parameters
    ----------
    embedder : OnnxEmbedder
        The model that is there.
    manifest : Manifest
        Its manifest.
    blocks : sequence of LabelledBlock
        In the order in which they were presented; at least `FEWEST_BLOCKS` of each class.
    normaliser : Normaliser, optional
        The person's own rest; the population's statistics when left out.

    Returns
    -------
    CalibrationResult
        Accepted or not; the head is there in both cases.

    Raises
    ------
    CalibrationError
        When there are fewer than two classes, or too few blocks of one.

    Notes
    -----
    Blocks are held out one at a time, or, where every class has several stimuli, all blocks of a stimulus together: who was told a clip
    knows it again, whatever it moves. The head is fitted on the others. What is held out together is one observation, its share of
    right windows: the showings of a clip are answered alike. So the interval is Wilson's with the number of blocks, or of stimuli: a
    share in 0..1 varies no more than a yes or no, and the interval is on the safe side. Classes count alike; ``n = n_classes² /
    Σ 1/n_of_class`` is the number of observations that such a mean is worth.
    """
    class_names = _class_names(manifest, blocks)
    trust = manifest.trust(has_baseline=normaliser is not None)
    knows = class_names == manifest.class_names
    scale = 1.0 / trust.temperature if knows else 0.0
    windows = _windows(embedder, normaliser or manifest.normaliser.normaliser(), blocks, class_names, scale=scale)
    overlap = max(1.0, manifest.features.span_s / manifest.features.hop_s)
    held_out = _held_out_logits(windows, _folds(blocks), overlap)
    of_window = _observations(blocks)[windows.block]
    share = block_share(held_out.argmax(axis=1) == windows.label, of_window, windows.label)
    parent = block_share(windows.prior.argmax(axis=1) == windows.label, of_window, windows.label) if knows else None
    chance, n_blocks = 1.0 / len(class_names), len(blocks)
    is_accepted = share.low > chance and (parent is None or share.value >= parent.value)
    return CalibrationResult(
        class_names,
        is_accepted,
        _sentence(share, parent, chance, _counted(n_blocks, len(np.unique(of_window)))),
        share,
        parent,
        chance,
        n_blocks,
        windows.fit(np.ones(len(windows.label), np.bool_), overlap),
        knows,
        trust.temperature,
        fit_head_temperature(held_out, windows.label, effective_weights(windows.label, overlap)),
        _caveats(blocks),
    )


def block_share(is_right: npt.NDArray[np.bool_], block: IntArray, label: IntArray) -> Share:
    """Return the share of right answers with an interval over blocks.

    Parameters
    ----------
    is_right : ndarray of bool, shape (n,)
        Of each window.
    block, label : ndarray of int, shape (n,)
        Block and class of each window, as indices.

    Returns
    -------
    Share
        Mean over classes of the mean over blocks, with Wilson's 95 % interval (1927, doi:10.1080/01621459.1927.10502953).
    """
    numbers = np.unique(block)
    of_block = np.array([is_right[block == k].mean() for k in numbers])
    classes = np.array([label[block == k][0] for k in numbers])
    present, counts = np.unique(classes, return_counts=True)
    value = float(np.mean([of_block[classes == k].mean() for k in present]))
    n = len(present) ** 2 / float(np.sum(1.0 / counts))
    centre = (value + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
    half = Z_95 / (1 + Z_95**2 / n) * math.sqrt(value * (1 - value) / n + Z_95**2 / (4 * n * n))
    return Share(value, max(0.0, centre - half), min(1.0, centre + half))


def _class_names(manifest: Manifest, blocks: Sequence[LabelledBlock]) -> tuple[str, ...]:
    """Return the classes: the model's own, in its order, when all were presented; otherwise those presented, as they came."""
    counts: dict[str, int] = {}
    for block in blocks:
        counts[block.label] = counts.get(block.label, 0) + 1
    if len(counts) < 2:
        raise CalibrationError(f"There are blocks of {len(counts)} class(es): {', '.join(counts) or 'none'}.", "Present two.")
    for label, count in counts.items():
        if count < FEWEST_BLOCKS:
            raise CalibrationError(
                f"The class '{label}' has {count} good block(s); {FEWEST_BLOCKS} are needed to hold one out.",
                "Present each class more often, with all electrodes in contact.",
            )
    return manifest.class_names if set(counts) == set(manifest.class_names) else tuple(counts)


def _windows(
    embedder: OnnxEmbedder,
    normaliser: Normaliser,
    blocks: Sequence[LabelledBlock],
    class_names: tuple[str, ...],
    *,
    scale: float,
) -> _Windows:
    """Run the network over all windows; `scale` multiplies its logits, and is 0 where it does not know the classes."""
    outputs = [embedder.outputs(normalise_windows(block.features, normaliser)) for block in blocks]
    logits = np.concatenate([found[0] for found in outputs]).astype(np.float64)
    embedding = np.concatenate([found[1] for found in outputs]).astype(np.float64)
    n_each = [len(block.features) for block in blocks]
    label = np.repeat([class_names.index(block.label) for block in blocks], n_each)
    prior = scale * logits if scale else np.zeros((len(label), len(class_names)))
    if not embedding.shape[1]:  # a network that shows no embedding: its scores are the next best
        embedding = logits
    return _Windows(prior, embedding, label, np.repeat(np.arange(len(blocks)), n_each))


def normalise_windows(features: FloatArray, normaliser: Normaliser) -> Float32Array:
    """Normalise windows as the live pipeline does.

    Parameters
    ----------
    features : ndarray, shape (n, n_bands, n_columns, n_frames)
        Features in nats or dB.
    normaliser : Normaliser
        Whose.

    Returns
    -------
    ndarray of float32, same shape
        Features without unit.
    """
    return np.moveaxis(normaliser.transform(np.moveaxis(features, -1, 1)), 1, -1)


def _held_out_logits(windows: _Windows, fold_of_block: IntArray, overlap: float) -> Float64Array:
    """Return the logits of each window, shape (n, n_classes), without unit, by a head that has not seen its block."""
    fold = fold_of_block[windows.block]
    out = np.empty_like(windows.prior)
    for k in np.unique(fold):
        test = fold == k
        head = windows.fit(~test, overlap)
        out[test] = head.logits(windows.prior[test], windows.embedding[test])
    return out


def _folds(blocks: Sequence[LabelledBlock]) -> IntArray:
    """Return the fold of each block: one for each of what is held out together, or dealt out class by class when that is much."""
    _, first, together = np.unique(_held_together(blocks), return_index=True, return_inverse=True)
    if len(first) <= MOST_FOLDS:
        return together
    order = np.argsort([blocks[k].label for k in first], kind="stable")
    fold = np.empty(len(first), dtype=np.int64)
    fold[order] = np.arange(len(first)) % MOST_FOLDS
    return fold[together]


def _held_together(blocks: Sequence[LabelledBlock]) -> Sequence[int] | Sequence[str]:
    """Return the stimulus of each block, without the number of its presentation, where every class has several; else its number."""
    stimuli = [block.name.rpartition("#")[0] or block.name for block in blocks]
    of_class: dict[str, set[str]] = {}
    for stimulus, block in zip(stimuli, blocks, strict=True):
        of_class.setdefault(block.label, set()).add(stimulus)
    return stimuli if min(map(len, of_class.values())) > 1 else range(len(blocks))


def _observations(blocks: Sequence[LabelledBlock]) -> IntArray:
    """Return the number of the observation that each block belongs to: of its class and of what it is held out together with."""
    numbers: dict[tuple[str, object], int] = {}
    held = _held_together(blocks)
    return np.array([numbers.setdefault((b.label, h), len(numbers)) for b, h in zip(blocks, held, strict=True)])


def _counted(n_blocks: int, n_observations: int) -> str:
    return f"{n_blocks} blocks" if n_observations == n_blocks else f"{n_blocks} blocks of {n_observations} stimuli"


def _sentence(share: Share, parent: Share | None, chance: float, counted: str) -> str:
    figures = f"{share.value:.0%} on held-out blocks [{share.low:.0%}, {share.high:.0%}], chance {chance:.0%}, {counted}"
    before = "" if parent is None else f"; before: {parent.value:.0%}"
    if share.low <= chance:
        return f"Not better than chance: not applied. {figures}{before}."
    if parent is not None and share.value < parent.value:
        return f"Worse than the model as it is: not applied. {figures}{before}."
    return f"{figures}{before}."


def _caveats(blocks: Sequence[LabelledBlock]) -> tuple[str, ...]:
    labels = [block.label for block in blocks]
    n_changes = sum(a != b for a, b in pairwise(labels))
    if n_changes < len(set(labels)):
        return (
            "All blocks of a class came one after another: what drifts with time cannot be told from the class. "
            "Mix the blocks.",
        )
    return ()
