"""What pretraining gains over none, at each share of the labels, with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from offline.evaluate.curves import Point
from offline.evaluate.intervals import paired_test
from offline.evaluate.probes import LINEAR, NEIGHBOURS, UNTRAINED
from offline.evaluate.summary import MethodSummary
from offline.seeds import Seed

GAIN_TABLE = (
    "Labels in %",
    "Labelled trials",
    "Pretrained",
    "Not pretrained",
    "Normalised by",
    "Balanced accuracy",
    "Without pretraining",
    "Gain [95 %]",
    "p (sign flips)",
    "People",
)

Row = tuple[str, ...]


def gain_rows(points: Sequence[Point], main: str, seed: Seed) -> list[Row]:
    """Compare pretrained encoders with the network that was not pretrained, on the same people and the same labels.

    Parameters
    ----------
    points : sequence of Point
        A curve's points, with and without pretraining at each place.
    main : str
        The method that both starts have: the finetuned network.
    seed : Seed
        Determines the resampling.

    Returns
    -------
    list of tuple of str
        Rows for `GAIN_TABLE`: the finetuned network, then the frozen encoder under a linear probe and under its nearest
        neighbours, each less the network trained from scratch; and the linear probe less the same probe on an encoder that was never
        trained, where that was probed.
    """
    scratch = {point.variant.place: point for point in points if not point.variant.pretrained}
    pairs = ((main, main), (LINEAR, main), (NEIGHBOURS, main), (LINEAR, UNTRAINED))
    return [
        _row(point, pretrained, without, seed)
        for point in points
        if point.variant.pretrained and point.variant.place in scratch
        for line in point.variant.config.lines
        for first, second in pairs
        if (pretrained := point.summary.find(first, line)) is not None
        and (without := scratch[point.variant.place].summary.find(second, line)) is not None
    ]


def _row(point: Point, pretrained: MethodSummary, scratch: MethodSummary, seed: Seed) -> Row:
    with_it, without = ({row.subject: row.balanced_accuracy for row in m.subjects} for m in (pretrained, scratch))
    shared = [person for person in with_it if person in without]
    scores = [np.array([found[person] for person in shared]) for found in (with_it, without)]
    gain, p = paired_test(scores[0], scores[1], seed.of("gain").rng())
    means = [f"{found.mean():.3f}" for found in scores]
    place = (f"{point.variant.place:g}", f"{point.n_labelled:.0f}")
    return (*place, pretrained.name, scratch.name, pretrained.line, *means, str(gain), f"{p:.4f}", str(len(shared)))
