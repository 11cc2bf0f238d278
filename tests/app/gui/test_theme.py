import itertools

import numpy as np
import pytest
from PyQt5.QtGui import QColor

from app.gui.meaning import class_colours, expected_place, meaning, shown_name
from app.gui.theme import THEMES, contrast, mix, on, style_sheet, trace_colours

pytestmark = pytest.mark.gui

# Machado, Oliveira & Fernandes 2009, doi:10.1109/TVCG.2009.113, severity 1
BLINDNESS = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def seen(text: str, blindness: str) -> np.ndarray:
    colour = QColor(text)
    rgb = np.array([colour.redF(), colour.greenF(), colour.blueF()])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return lab(np.clip(np.array(BLINDNESS[blindness]) @ linear, 0, 1))


def lab(linear: np.ndarray) -> np.ndarray:
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    f = np.cbrt(xyz / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda t: t.name)
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_the_colours_of_valence_are_told_apart_by_the_colour_blind(theme, blindness):
    for first, second in itertools.combinations(theme.valences, 2):
        assert np.linalg.norm(seen(first, blindness) - seen(second, blindness)) > 18


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda t: t.name)
def test_writing_can_be_read(theme):
    assert contrast(theme.text, theme.card) >= 10
    assert contrast(theme.muted, theme.card) >= 4.5
    for shade in (theme.simulated, theme.replay, theme.live, theme.accent):
        assert contrast(shade, on(shade)) >= 3.8
    for shade in (*theme.valences, *theme.classes, *theme.traces, theme.good, theme.warn, theme.bad):
        assert contrast(shade, theme.card) >= 3.0


def test_the_high_contrast_theme_deserves_its_name():
    theme = THEMES["contrast"]
    assert contrast(theme.text, theme.card) == pytest.approx(21)
    assert contrast(theme.muted, theme.card) >= 12
    assert theme.scale > 1


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda t: t.name)
def test_no_name_is_left_open_in_the_style_sheet(theme):
    text = style_sheet(theme)
    assert "@" not in text.split("*/", 1)[1]
    assert theme.card in text


def test_larger_letters_make_larger_lengths():
    assert "font-size: 26px" in style_sheet(THEMES["dark"].larger(2.0))


def test_lanes_go_evenly_through_the_colours():
    theme = THEMES["dark"]
    shades = trace_colours(theme, 7)
    assert (shades[0], shades[-1]) == (theme.traces[0], theme.traces[-1])
    assert len(set(shades)) == 7
    assert mix("#000000", "#ffffff", 0.25) == "#404040"


def test_every_class_has_a_sign_and_a_colour_of_its_own():
    theme = THEMES["light"]
    for names in (("negative", "neutral", "positive"), ("rest", "mental arithmetic"), ("HVHA", "HVLA", "LVHA", "LVLA")):
        assert len(set(class_colours(theme, names))) == len(names)
        assert len({meaning(name, k).sign for k, name in enumerate(names)}) == len(names)


def test_the_place_on_the_axes_is_the_mean_under_the_probabilities():
    valence, arousal = expected_place(("negative", "neutral", "positive"), np.array([0.5, 0.25, 0.25]))
    assert valence == pytest.approx(-0.25)
    assert arousal is None
    valence, arousal = expected_place(("hvha", "lvla"), np.array([1.0, 0.0]))
    assert (valence, arousal) == (pytest.approx(0.7), pytest.approx(0.7))
    assert expected_place(("rest", "mental arithmetic"), np.array([0.5, 0.5])) == (None, None)


@pytest.mark.parametrize(("name", "shown"), [("high valence", "High valence"), ("HVHA", "HVHA"), ("iPad", "iPad"), ("", "")])
def test_a_class_name_is_shown_as_the_model_writes_it_with_a_capital_where_it_has_none(name, shown):
    assert shown_name(name) == shown
