import numpy as np
import pytest

from app.gui.history import History
from app.gui.words_view import NO_WORDS, WordsView
from sclcm_core.inference.sentence_encoder import HASHED, HashedWords
from sclcm_core.inference.word_stats import WordStats
from sclcm_core.inference.words import WordTable
from tests.app.gui.fake_session import FakeSession, a_manifest
from tests.app.gui.pixels import is_colour, pixels

pytestmark = pytest.mark.gui


def stats(encoder=HASHED):
    rng = np.random.default_rng(0)
    centre, projection = (rng.normal(0, 0.1, shape).astype(np.float32) for shape in (384, (6, 384)))
    empty = WordTable(encoder, ("is {}",), (), np.zeros((0, 6), np.float32), centre, projection)
    words = ("calm", "sad")
    vectors = np.stack([empty.vector(word, HashedWords()) for word in words])
    return WordStats.of(WordTable(encoder, ("is {}",), words, vectors, centre, projection, frozenset({"calm"})))


@pytest.fixture
def view(qtbot):
    session = FakeSession(manifest=a_manifest(words=stats()))
    shown = WordsView(session, History(session.manifest.class_names))
    shown.resize(420, 240)
    qtbot.addWidget(shown)
    shown.show()
    return shown


def tell(view, embedding):
    from dataclasses import replace

    prediction = replace(view.session.predict(0.2, 0.3, 0.5), embedding=embedding)
    view.history.add_prediction(prediction)
    view.take_prediction(prediction)
    view.refresh()


def test_stored_words_are_matched_at_once_and_the_best_is_in_the_title(view):
    tell(view, view.table.vectors[1])
    assert [match.word for match in view.matches] == ["calm", "sad"]
    assert view.matches[1].similarity == pytest.approx(1.0, abs=1e-3)
    assert view.heading() == "Words · most like “sad”"
    assert is_colour(pixels(view.grab()), view.theme.accent).any()


def test_words_that_are_typed_are_read_outside_the_windows_thread(view, qtbot):
    view.line.setText("gloomy, calm")
    view.line.returnPressed.emit()
    qtbot.waitUntil(lambda: view.matcher.words == ("gloomy", "calm"))
    tell(view, view.table.vectors[0])
    assert [match.is_new for match in view.matches] == [True, False]


def test_a_word_that_cannot_be_read_is_told_and_the_others_stay(qtbot, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    session = FakeSession(manifest=a_manifest(words=stats("all-MiniLM-L6-v2")))
    shown = WordsView(session, History(session.manifest.class_names))
    qtbot.addWidget(shown)
    shown.choose(["gloomy"])
    qtbot.waitUntil(lambda: "pip install" in shown.bars._note)
    assert shown.matcher.words == ("calm", "sad")


def test_without_words_in_the_model_it_says_so(qtbot, session):
    shown = WordsView(session, History(session.manifest.class_names))
    qtbot.addWidget(shown)
    shown.refresh()
    assert shown.bars._text == NO_WORDS and not shown.line.isEnabled() and not shown.opens_itself


def test_nothing_is_matched_while_predictions_are_withheld(view):
    tell(view, view.table.vectors[1])
    tell(view, None)
    assert view.matches == ()
