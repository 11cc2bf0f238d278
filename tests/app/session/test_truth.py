from dataclasses import replace

import numpy as np

from app.session.truth import MOST_PENDING, TruthScore, TruthScorer
from sclcm_core.types import Marker, Prediction

NAMES = ("calm", "tense")


def answer(t: float, label: str) -> Prediction:
    probabilities = np.array([label == name for name in NAMES], dtype=np.float32)
    return Prediction(probabilities, NAMES, int(t), t - 1.0, t, 0.0, 0.0)


def test_hours_of_predictions_are_counted_rightly_and_not_kept() -> None:
    scorer = TruthScorer(NAMES)
    rng = np.random.default_rng(0)
    n_correct = n_compared = 0
    for block in range(200):
        state, start = NAMES[block % 2], 100.0 * block
        scorer.push_marker(Marker(start, state))
        for k in range(1, 100):
            label = NAMES[int(rng.integers(2))]
            scorer.push_prediction(answer(start + k, label))
            n_compared += 1
            n_correct += label == state
    score = scorer.score()
    assert score is not None and (score.n_compared, score.n_correct) == (n_compared, n_correct)
    assert len(scorer._answers) <= MOST_PENDING and len(scorer._markers) < 20


def test_a_window_that_is_a_state_to_the_last_bit_but_one_is_counted() -> None:
    scorer = TruthScorer(NAMES)
    for marker in (Marker(0.0, "calm"), Marker(1.0, "tense", 1.0)):
        scorer.push_marker(marker)
    for label, t_start, t_end in (("calm", -1e-16, 1.0 + 1e-15), ("tense", 1.0 - 1e-15, 2.0 + 1e-15)):
        scorer.push_prediction(replace(answer(t_end, label), t_start=t_start))
    assert scorer.score() == TruthScore(2, 2)


def test_a_late_marker_still_counts() -> None:
    scorer = TruthScorer(NAMES)
    scorer.push_prediction(answer(5.0, "calm"))
    assert scorer.score() is None
    scorer.push_marker(Marker(1.0, "calm", duration_s=10.0))
    score = scorer.score()
    assert score is not None and score.accuracy == 1.0
