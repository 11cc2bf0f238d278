import numpy as np
import pytest
from PyQt5.QtCore import QSize
from PyQt5.QtGui import QPainter, QPixmap

from app.gui.sweep import CURSOR_GAP, Lane, Sweep, SweepStyle
from tests.app.gui.pixels import is_colour, pixels

pytestmark = pytest.mark.gui

STYLE = SweepStyle("#000000", "#101010", "#505050")
LANES = (Lane(50.0, 100.0, "#00ff00"), Lane(150.0, 100.0, "#ff00ff"))


def a_sweep(n_visible: int = 400, width: int = 400, sfreq: float = 100.0) -> Sweep:
    return Sweep(QSize(width, 200), 1.0, LANES, n_visible=n_visible, sfreq=sfreq, uv_per_lane=100.0, style=STYLE)


def waves(n: int, n_lanes: int = 2) -> np.ndarray:
    t = np.arange(n) / 100.0
    return np.stack([30 * np.sin(2 * np.pi * (k + 1) * t) for k in range(n_lanes)], axis=1)


@pytest.mark.parametrize("chunk", [1, 7, 32, 150])
def test_however_the_signal_is_cut_the_picture_is_the_same(qapp, chunk):
    values = waves(350)
    whole, cut = a_sweep(), a_sweep()
    whole.advance(values, 0)
    for start in range(0, 350, chunk):
        cut.advance(values[start : start + chunk], start)
    difference = np.abs(pixels(whole.pixmap) - pixels(cut.pixmap)).max(axis=-1)
    assert (difference > 90).mean() < 1e-3


def test_only_the_columns_that_are_new_are_said_to_have_changed(qapp):
    sweep = a_sweep()
    sweep.advance(waves(200), 0)
    changed = sweep.advance(waves(210)[200:], 200)
    assert len(changed) == 1
    assert changed[0].width() < 10 + CURSOR_GAP + 6
    assert changed[0].contains(205, 100)


def test_a_sweep_over_the_edge_goes_on_at_the_left(qapp):
    sweep = a_sweep()
    sweep.advance(waves(395), 0)
    changed = sweep.advance(waves(410)[395:], 395)
    assert {rect.x() for rect in changed} >= {0}
    assert sweep.column(400) == 0.0
    assert is_colour(pixels(sweep.pixmap)[:, 2:8], "#00ff00", 120).any()


def test_in_front_of_the_newest_sample_there_is_nothing(qapp):
    sweep = a_sweep()
    sweep.advance(waves(400), 0)
    sweep.advance(waves(500)[400:], 400)
    ahead = pixels(sweep.pixmap)[:, 102 : 100 + CURSOR_GAP - 1]
    assert not is_colour(ahead, "#00ff00", 150).any()


def test_lost_samples_are_a_grey_gap_and_nothing_is_drawn_into_it(qapp):
    sweep = a_sweep()
    values = waves(300)
    values[100:140] = np.nan
    sweep.advance(values, 0)
    gap = pixels(sweep.pixmap)[:, 103:137]
    assert is_colour(gap, "#505050").all()


def test_a_channel_alone_may_be_missing(qapp):
    sweep = a_sweep()
    values = waves(300)
    values[100:140, 1] = np.nan
    sweep.advance(values, 0)
    shown = pixels(sweep.pixmap)
    assert is_colour(shown[103:197, 105:135], "#505050").all()
    assert is_colour(shown[:100, 105:135], "#00ff00", 120).any()


def test_a_steady_value_lies_where_the_scale_says(qapp):
    sweep = a_sweep()
    sweep.advance(np.full((200, 2), 25.0), 0)
    rows = np.flatnonzero(is_colour(pixels(sweep.pixmap)[:, 50:150], "#00ff00", 120).any(axis=1))
    assert rows.min() >= 24
    assert rows.max() <= 26


def test_many_samples_a_pixel_keep_their_extremes(qapp):
    sweep = a_sweep(n_visible=40_000, sfreq=10_000.0)
    values = np.zeros((20_000, 2))
    values[10_000, 0] = 45.0
    sweep.advance(values, 0)
    column = pixels(sweep.pixmap)[:, 98:103]
    assert is_colour(column[4:9], "#00ff00", 190).any()


def test_painting_a_tick_costs_the_same_after_an_hour(qapp):
    sweep = a_sweep()
    sweep.advance(waves(400), 3_600_000)
    assert sweep.position == 3_600_400
    assert len(sweep._heights) == sweep._n_context + sweep.n_visible


@pytest.mark.parametrize("n_visible", [400, 4000])
def test_new_columns_straight_on_the_screen_are_those_of_the_picture(qapp, n_visible):
    sweep, signal = a_sweep(n_visible=n_visible), waves(n_visible // 2 + n_visible // 20)
    sweep.advance(signal[: n_visible // 2], 0)
    (strip,) = sweep.advance(signal[n_visible // 2 :], n_visible // 2)
    screen = QPixmap(sweep.size)
    painter = QPainter(screen)
    painter.setClipRect(strip)
    assert sweep.paint_newest(painter, strip)
    painter.end()
    there, kept = (pixels(pixmap.copy(strip)).astype(int) for pixmap in (screen, sweep.pixmap))
    assert np.abs(there - kept)[:, 3:].max() <= 48  # where the first line begins, a pixel may be a shade apart
    assert np.abs(there - kept).mean() < 1.0


def test_a_gap_in_the_signal_is_painted_by_way_of_the_picture(qapp):
    sweep, signal = a_sweep(), waves(220)
    signal[205:210] = np.nan
    sweep.advance(signal[:200], 0)
    (strip,) = sweep.advance(signal[200:], 200)
    screen = QPixmap(sweep.size)
    painter = QPainter(screen)
    assert not sweep.paint_newest(painter, strip)
    painter.end()
