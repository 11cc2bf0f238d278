import threading
from types import SimpleNamespace

import numpy as np
import pytest

from app.gui.explainer import Explainer
from app.gui.history import History
from app.gui.why import attribution
from sclcm_core.features.normalise import Normaliser
from sclcm_core.types import FeatureFrame

pytestmark = pytest.mark.gui


class Linear:
    """A model whose logit is a weighted sum, so that the answer is known."""

    def __init__(self, weight: np.ndarray) -> None:
        self.weight = weight

    def logits(self, features: np.ndarray) -> np.ndarray:
        score = (features.mean(axis=-1) * self.weight).sum(axis=(1, 2))
        return np.stack([score, -score], axis=1).astype(np.float32)


def frames_of(values: np.ndarray) -> list[FeatureFrame]:
    return [FeatureFrame(v.astype(np.float32), k, 0.5 * k) for k, v in enumerate(values)]


@pytest.mark.parametrize("class_index", [0, 1])
def test_for_a_linear_model_it_is_the_weight_times_the_normalised_feature(rng, class_index):
    values, weight = rng.standard_normal((4, 5, 2)), rng.standard_normal((5, 2))
    mean, sd = rng.standard_normal((5, 2)), rng.uniform(0.5, 2, (5, 2))
    found = attribution(Linear(weight), Normaliser(mean, sd), frames_of(values), class_index)
    expected = (1 - 2 * class_index) * weight * ((values - mean) / sd).mean(axis=0)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_with_many_channels_the_column_that_matters_is_found(rng):
    weight = np.zeros((5, 62))
    weight[3, 40] = 5.0
    values = np.ones((4, 5, 62))
    found = attribution(Linear(weight), Normaliser(np.zeros((5, 62)), np.ones((5, 62))), frames_of(values), 0)
    assert found.shape == (5, 62)
    assert np.unravel_index(found.argmax(), found.shape) == (3, 40)


def test_where_rows_are_samples_whole_electrodes_are_taken_away(rng):
    weight = np.zeros((32, 3))
    weight[:, 1] = 0.25
    values = np.ones((2, 32, 3))
    found = attribution(
        Linear(weight), Normaliser(np.zeros((32, 3)), np.ones((32, 3))), frames_of(values), 0, columns_only=True
    )
    np.testing.assert_allclose(found.sum(axis=0), [0.0, 8.0, 0.0], atol=1e-4)


class Slow(Linear):
    """Takes its time, and counts how often it is asked."""

    n_asked = 0

    def logits(self, features: np.ndarray) -> np.ndarray:
        self.n_asked += 1
        threading.Event().wait(0.02)
        return super().logits(features)


def test_a_large_model_is_asked_less_often_so_that_the_window_stays_quick(session, noise):
    history = History(session.manifest.class_names)
    session.normaliser, session.bundle = session.manifest.normaliser.normaliser(), SimpleNamespace()
    session.bundle.predictor = predictor = Slow(np.ones((5, 2)))
    explainer = Explainer(session, history)
    session.push(noise)
    for _ in range(12):
        session.push(noise[:64])
        history.add_prediction(session.predict(0.2, 0.8, 0.0))
        explainer.refresh()
    assert predictor.n_asked == 1
    assert history.why is not None
