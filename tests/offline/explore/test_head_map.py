import numpy as np
import pytest

from offline.explore.head_map import EDGE, flat_places, surface
from sclcm_core.montage import SEED_CHANNELS, positions


def test_the_vertex_is_the_centre_and_the_ears_are_at_the_sides():
    cz, t7, t8, fpz = flat_places(["Cz", "T7", "T8", "Fpz"])
    assert np.hypot(*cz) < 0.06
    assert t7[0] == pytest.approx(-1.05, abs=0.02) and t8[0] == pytest.approx(1.05, abs=0.02)
    assert fpz[1] == pytest.approx(1.0, abs=0.02)


def test_a_smooth_field_is_spread_as_it_is():
    values = positions(SEED_CHANNELS)[:, 0]
    picture = surface(values, SEED_CHANNELS, 65)
    assert picture[32, 32] == pytest.approx(0.0, abs=0.02)
    right = picture[32, 32 + round(0.5 / EDGE * 32)]
    assert right == pytest.approx(np.sin(0.5 * np.pi / 2), abs=0.03)
    assert np.isnan(picture[0, 0])


def test_a_constant_stays_a_constant():
    picture = surface(np.full(62, 3.0), SEED_CHANNELS)
    np.testing.assert_allclose(picture[np.isfinite(picture)], 3.0, rtol=1e-6)


def test_nothing_is_interpolated_between_few_electrodes():
    assert surface(np.ones(2), ["T7", "T8"]) is None


def test_nothing_is_drawn_where_no_electrode_is_near():
    picture = surface(np.arange(6.0), ["F7", "F8", "T7", "T8", "O1", "O2"], 65)
    assert np.isnan(picture[32, 32])
    assert np.isfinite(picture[32, 32 + round(1 / EDGE * 32)])


def test_the_electrodes_of_the_10_20_system_reach_everywhere():
    names = "Fp1 Fp2 F7 F3 Fz F4 F8 T7 C3 Cz C4 T8 P7 P3 Pz P4 P8 O1 O2".split()
    picture = surface(np.ones(len(names)), names, 65)
    axis = np.linspace(-EDGE, EDGE, 65)
    assert np.isfinite(picture[np.hypot(*np.meshgrid(axis, axis)) <= 1.0]).all()
