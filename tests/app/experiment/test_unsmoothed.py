from dataclasses import replace

import numpy as np
import pytest

from app.experiment.unsmoothed import UNKNOWN, unsmoothed
from sclcm_core.inference.pipeline import ABSTENTIONS
from sclcm_core.inference.smoothing import ProbabilitySmoother
from sclcm_core.types import Prediction

TAU_S = 2.0


def raw(rng: np.random.Generator, n: int = 30) -> list[Prediction]:
    shares = rng.dirichlet((0.5, 0.5, 0.5), n).astype(np.float32)
    return [Prediction(p, ("a", "b", "c"), k, k / 4, k / 4 + 1.0, 0.0, 0.0) for k, p in enumerate(shares)]


def smoothed(answers: list[Prediction], silent: dict[int, str]) -> list[Prediction]:
    """Smooth as the pipeline does; what is silent for another reason than an abstention begins anew."""
    smoother, shown = ProbabilitySmoother(TAU_S), []
    for p in answers:
        withheld = silent.get(p.index)
        if withheld is not None and not withheld.startswith(ABSTENTIONS):
            smoother.reset()
            probabilities = np.full(3, np.nan, np.float32)
        else:
            probabilities = smoother.push(p.probabilities, p.t_end)
            probabilities = np.full(3, np.nan, np.float32) if withheld else probabilities
        shown.append(replace(p, probabilities=probabilities, withheld=withheld))
    return shown


@pytest.mark.parametrize("skipped", [(), (3, 4, 11)])
def test_what_is_left_is_what_was_answered_before_smoothing(rng, skipped: tuple[int, ...]) -> None:
    answers = [p for p in raw(rng) if p.index not in skipped]
    found = list(unsmoothed(smoothed(answers, {7: "T7: samples missing"}), TAU_S))
    assert [p.withheld for p in found if p.index == 7] == ["T7: samples missing"]
    for mine, truth in zip(found, answers, strict=True):
        if mine.index != 7:
            np.testing.assert_allclose(mine.probabilities, truth.probabilities, atol=1e-5)


def test_what_follows_an_abstention_is_left_out_and_the_next_is_known_again(rng) -> None:
    answers = raw(rng)
    found = list(unsmoothed(smoothed(answers, {5: "not sure enough: 0.50 of 0.80"}), TAU_S))
    assert found[6].withheld == UNKNOWN
    np.testing.assert_allclose(found[7].probabilities, answers[7].probabilities, atol=1e-5)


def test_the_smoothing_begins_anew_with_the_stream(rng) -> None:
    answers = raw(rng)
    again = [replace(p, t_start=p.t_start + 100, t_end=p.t_end + 100) for p in answers]
    found = list(unsmoothed(smoothed(answers, {}) + smoothed(again, {}), TAU_S))
    np.testing.assert_allclose(found[30].probabilities, answers[0].probabilities)


def test_what_was_not_smoothed_stays_as_it_is(rng) -> None:
    answers = raw(rng)
    assert list(unsmoothed(answers, 0.0)) == answers
