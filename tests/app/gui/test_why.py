import numpy as np
import pytest

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
