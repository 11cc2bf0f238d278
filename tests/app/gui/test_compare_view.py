from dataclasses import replace

import pytest
from PyQt5.QtGui import QPixmap

from app.gui.compare_view import NOBODY, CompareView, what_it_costs
from app.gui.history import History
from app.gui.report import report_html
from app.gui.theme import THEMES
from app.session.comparison import Comparison, Disagreement, Standing
from app.session.truth import TruthScore
from tests.app.gui.fake_session import a_manifest
from tests.app.gui.pixels import is_colour, pixels

pytestmark = pytest.mark.gui

MINE = Standing("emotion-simulated", 120, cost_s=0.0019, score=TruthScore(100, 92))
THEIRS = Standing("float32", 118, n_skipped=2, cost_s=0.0031, score=TruthScore(100, 90))
FOUND = Comparison(
    MINE,
    THEIRS,
    n_compared=110,
    n_agreed=107,
    mean_difference=0.0123,
    disagreements=tuple(Disagreement(1000.0 + k, 35.0 + k, "positive", "neutral") for k in range(3)),
)


@pytest.fixture
def view(qtbot, session, noise):
    session.rival_manifest, session.side_by_side = a_manifest(name="float32"), FOUND
    shown = CompareView(session, History(session.manifest.class_names))
    shown.resize(460, 320)
    qtbot.addWidget(shown)
    shown.show()
    session.push(noise)
    shown.history.add_prediction(session.predict(0.1, 0.1, 0.8))
    shown.history.add_rival(session.predict(0.8, 0.1, 0.1))
    shown.refresh()
    return shown


def test_agreement_and_the_last_disagreement_are_told(view):
    assert view.says == "97.3% of 110 agree · differ by 0.012 · last apart at 0:37"
    assert view.accessibleDescription() == view.says


def test_what_each_model_costs_and_how_right_it_is(view):
    assert what_it_costs(MINE) == "1.9 ms CPU · 92% of 100 right"
    assert what_it_costs(THEIRS) == "3.1 ms CPU · 90% of 100 right · 2 skipped"
    assert what_it_costs(Standing("new")) == ""


@pytest.mark.parametrize("name", THEMES)
def test_each_side_shows_its_own_answer_in_its_own_colour(view, name):
    theme = THEMES[name]
    view.apply_theme(theme)
    shown = pixels(view.grab())
    half = shown.shape[1] // 2
    positive, negative = is_colour(shown, theme.valences[2], 12), is_colour(shown, theme.valences[0], 12)
    assert positive[:, :half].sum() > 500 > positive[:, half:].sum()
    assert negative[:, half:].sum() > 500 > negative[:, :half].sum()


def test_the_newest_disagreements_stand_below_where_there_is_room(view, session):
    with_them = pixels(view.grab())
    session.side_by_side = replace(FOUND, disagreements=())
    view._count_due = 0.0
    view.refresh()
    assert (pixels(view.grab()) != with_them).any(axis=-1).sum() > 200
    view.resize(460, 180)
    view.grab()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"trouble": "'float32' has stopped"}, "'float32' has stopped"),
        ({"is_comparable": False, "n_compared": 0}, "not counted against each other"),
        ({"n_compared": 0, "n_agreed": 0}, "No window yet"),
    ],
)
def test_what_stands_in_the_way_of_a_comparison_is_said(view, session, change, said):
    session.side_by_side = replace(FOUND, **change)
    view._count_due = 0.0
    view.refresh()
    assert said in view.says
    view.grab()


def test_without_a_second_model_it_says_how_to_get_one(qtbot, session):
    view = CompareView(session, History(session.manifest.class_names))
    qtbot.addWidget(view)
    view.refresh()
    assert view.says == NOBODY
    assert "Ctrl+M" in NOBODY
    view.grab()


def test_the_report_says_how_two_models_agreed(view, session):
    text = report_html(session, view.history, QPixmap(4, 4))
    for part in ("Two models", "107 of 110 answers agree (97.3%)", "0:37 positive | neutral", "90% of 100 right"):
        assert part in text


def test_that_the_second_model_has_stopped_is_in_the_log_once(window, session):
    session.side_by_side = replace(FOUND, trouble="'float32' has stopped")
    for _ in range(3):
        window.desk._score_due = 0.0
        window.desk.follow()
    assert [event.text for event in window.desk.history.events].count("'float32' has stopped") == 1
