import numpy as np
import pytest

from app.gui.scalp_map import RIM, flat_places, round_places, weights
from sclcm_core.montage import DEAP_CHANNELS, POSITIONS, positions

pytestmark = pytest.mark.gui


def pixel_of(flat: np.ndarray, n_pixels: int) -> tuple[int, int]:
    column = int((flat[0] + RIM) / (2 * RIM) * n_pixels)
    row = int((RIM - flat[1]) / (2 * RIM) * n_pixels)
    return row, column


def test_t7_is_on_the_left_and_fpz_in_front():
    flat = flat_places(positions(["T7", "T8", "Fpz", "Oz", "Cz"]))
    assert flat[0, 0] < -0.9 < 0.9 < flat[1, 0]
    assert flat[2, 1] > 0.9
    assert flat[3, 1] < -0.8
    assert np.abs(flat[4]).max() < 0.1


def test_laying_flat_can_be_undone():
    everywhere = np.array(list(POSITIONS.values()))
    everywhere /= np.linalg.norm(everywhere, axis=1, keepdims=True)
    np.testing.assert_allclose(round_places(flat_places(everywhere)), everywhere, atol=1e-9)


def test_equal_values_make_an_even_picture():
    matrix = weights(positions(DEAP_CHANNELS), 24)
    np.testing.assert_allclose(matrix @ np.full(32, 3.0), 3.0, atol=1e-8)


def test_the_picture_goes_through_the_electrodes(rng):
    places = positions(DEAP_CHANNELS)
    values = rng.standard_normal(32)
    picture = (weights(places, 120) @ values).reshape(120, 120)
    flat = flat_places(places)
    shown = [picture[pixel_of(place, 120)] for place in flat]
    assert np.corrcoef(shown, values)[0, 1] > 0.97


def test_a_hill_at_o2_is_behind_on_the_right():
    names = ["Fp1", "Fp2", "T7", "T8", "C3", "C4", "O1", "O2"]
    values = np.zeros(8)
    values[-1] = 1.0
    picture = (weights(positions(names), 60) @ values).reshape(60, 60)
    inside = np.add.outer((np.arange(60) - 29.5) ** 2, (np.arange(60) - 29.5) ** 2) < (60 / 2 / RIM) ** 2
    row, column = np.unravel_index(np.where(inside, picture, -9).argmax(), picture.shape)
    assert row > 40
    assert column > 30
