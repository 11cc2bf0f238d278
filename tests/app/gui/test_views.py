import numpy as np
import pytest

from app.acquisition.source import Phase
from app.gui.bands_view import BandsView, chosen_sides
from app.gui.emotion_view import EmotionView
from app.gui.events_view import EventsView
from app.gui.history import History
from app.gui.history_view import HistoryView
from app.gui.quality_view import QualityView
from app.gui.scalp_view import ScalpView
from app.gui.spectrogram_view import SpectrogramView
from app.gui.spectrum_view import SpectrumView
from app.gui.theme import THEMES
from app.gui.views import VIEWS
from sclcm_core.types import Marker
from tests.app.gui.fake_session import FakeSession, a_manifest
from tests.app.gui.pixels import is_colour, pixels

pytestmark = pytest.mark.gui


@pytest.fixture
def show(qtbot, session):
    def make(kind, size=(460, 300), shown_session=None):
        view = kind(shown_session or session, History((shown_session or session).manifest.class_names))
        view.resize(*size)
        qtbot.addWidget(view)
        view.show()
        return view

    return make


def tell(view, prediction):
    view.history.add_prediction(prediction)
    view.take_prediction(prediction)


@pytest.mark.parametrize("kind", VIEWS, ids=lambda k: k.key)
@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda t: t.name)
def test_every_view_can_be_seen_empty_and_full_in_every_theme_at_any_size(show, session, noise, kind, theme):
    view = show(kind)
    view.apply_theme(theme)
    view.refresh()
    view.grab()
    session.push(noise)
    tell(view, session.predict(0.2, 0.3, 0.5))
    view.take_marker(Marker(1.0, "clap"))
    view.history.add_marker(Marker(1.0, "clap"))
    for size in ((150, 90), (900, 500)):
        view.resize(*size)
        view.refresh()
        shown = pixels(view.grab())
        assert shown.shape[1] >= size[0]
    if view.key != "compare":
        assert len(np.unique(shown[::3, ::3].reshape(-1, 3), axis=0)) > 4


def test_every_view_has_a_name_of_its_own_and_says_what_it_shows(show):
    assert len({kind.key for kind in VIEWS}) == len(VIEWS)
    for kind in VIEWS:
        view = show(kind)
        assert view.accessibleName() == kind.title
        assert len(view.accessibleDescription()) > 30


def test_the_label_stands_there_in_its_colour(show, session, noise):
    view = show(EmotionView)
    session.push(noise)
    tell(view, session.predict(0.1, 0.1, 0.8))
    view.refresh()
    assert view.says == "positive, confidence 0.80"
    assert is_colour(pixels(view.grab()), view.theme.valences[2], 10).sum() > 2000


def test_no_class_lies_upon_another_however_low_the_view(show) -> None:
    view = show(EmotionView)
    view.resize(view.minimumSizeHint())
    assert view._parts().bars.height() >= 20 * len(view.history.class_names)


def test_a_withheld_prediction_gives_its_reason_and_no_figure(show, session, noise):
    view = show(EmotionView)
    session.push(noise)
    tell(view, session.predict(0.1, 0.1, 0.8))
    tell(view, session.predict(withheld="gap at T7"))
    view.refresh()
    assert view.says == "Withheld: gap at T7"
    assert is_colour(pixels(view.grab()), view.theme.warn, 10).sum() > 100


def test_during_a_baseline_the_person_is_asked_to_rest(show, session):
    from dataclasses import replace

    session.status = replace(session.status, baseline_progress_s=(12.0, 60.0))
    assert show(EmotionView).says == "Please rest: 12 of 60 s of baseline taken."


def test_a_model_with_valence_and_arousal_shows_the_plane_with_a_trail(show, noise):
    session = FakeSession(manifest=a_manifest(("HVHA", "HVLA", "LVHA", "LVLA")))
    view = show(EmotionView, shown_session=session)
    session.push(noise)
    for k in range(30):
        tell(view, session.predict(0.7 - 0.01 * k, 0.1, 0.1, 0.1 + 0.01 * k))
    view.refresh()
    assert len(view._places) == 24
    assert is_colour(pixels(view.grab()), view.theme.accent, 30).sum() > 60


def test_the_bars_show_the_features_the_model_was_given(show, session, noise):
    view = show(BandsView)
    session.push(noise)
    prediction = session.predict(0.2, 0.3, 0.5)
    tell(view, prediction)
    view.refresh()
    np.testing.assert_allclose(view.shown, prediction.frame.values[:, :2], rtol=1e-6)


def test_t7_and_t8_are_compared_where_they_are_and_the_first_pair_where_not():
    assert [s.name for s in chosen_sides(("F3", "T8", "F4", "T7"))] == ["T7", "T8"]
    assert [s.column for s in chosen_sides(("F3", "T8", "F4", "T7"))] == [3, 1]
    assert [s.name for s in chosen_sides(("O1", "F4", "F3"))] == ["F3", "F4"]
    assert [s.column for s in chosen_sides(("Cz", "Pz"))] == [0, 1]


def test_what_drove_the_answer_is_marked_above_its_bar(show, session, noise):
    view = show(BandsView)
    session.push(noise)
    tell(view, session.predict(0.2, 0.3, 0.5))
    view.refresh()
    before = is_colour(pixels(view.grab()), view.theme.warn, 20).sum()
    view.history.why = np.zeros((5, 2), np.float32)
    view.history.why[4, 1] = 2.0
    assert is_colour(pixels(view.grab()), view.theme.warn, 20).sum() > before + 20


def test_the_history_is_stacked_and_grey_where_withheld(show, session, noise):
    view = show(HistoryView)
    view.set_span(20.0)
    for k in range(30):
        session.push(noise[:125])
        tell(view, session.predict(withheld="noise") if 10 <= k < 15 else session.predict(0.2, 0.3, 0.5))
    shown = pixels(view.grab())
    theme = view.theme
    assert is_colour(shown, theme.gap).sum() > 1000
    for share, shade in zip((0.2, 0.3, 0.5), theme.valences, strict=True):
        assert is_colour(shown, shade, 45).sum() > 15_000 * share


def test_marked_states_stand_under_the_history_and_count(show, session, noise):
    from app.session.truth import TruthScore

    view = show(HistoryView)
    for text in ("negative", "positive"):
        view.history.add_marker(Marker(session.t, text))
        for _ in range(20):
            session.push(noise[:125])
            tell(view, session.predict(0.2, 0.3, 0.5))
    assert [s[2] for s in view.history.states_since(0.0, session.t)] == ["negative", "positive"]
    view.history.score = TruthScore(40, 30)
    assert view.heading() == "Last 3 min · 75% agree with markers"
    view.grab()


def test_the_spectrum_finds_alpha_at_ten_hertz(show, session):
    t = np.arange(1500)[:, None] / 250.0
    rng = np.random.default_rng(1)
    session.push(rng.standard_normal((1500, 8)) * 3 + 15 * np.sin(2 * np.pi * 10 * t))
    view = show(SpectrumView)
    view.refresh()
    assert view.peak_hz == 10.0
    view.grab()


def test_the_spectrogram_grows_by_a_column_each_quarter_second(show, session, noise):
    view = show(SpectrogramView)
    session.push(noise[:500])
    view.refresh()
    filled = np.isfinite(view.levels).all(axis=0).sum()
    session.push(noise[500:750])
    view.refresh()
    assert np.isfinite(view.levels).all(axis=0).sum() == filled + 4
    assert view.levels.shape == (50, 240)


def test_the_spectrogram_is_grey_over_a_gap(show, session, noise):
    view = show(SpectrogramView)
    session.push(noise[:1000])
    session.lose(200)
    session.push(noise[:500])
    view.refresh()
    assert np.isnan(view.levels[:, -12:]).any()
    assert is_colour(pixels(view.grab()), view.theme.gap, 12).sum() > 50


def test_the_spectrogram_catches_up_after_a_stall_without_computing_everything_at_once(show, session, noise):
    view = show(SpectrogramView)
    session.push(noise)
    view.refresh()
    session.push(np.tile(noise, (9, 1)))
    view.refresh()
    n_first = np.isfinite(view.levels).all(axis=0).sum()
    for _ in range(6):
        view.refresh()
    assert np.isfinite(view.levels).all(axis=0).sum() > n_first


def test_the_scalp_is_brightest_where_alpha_is(show, session, noise):
    view = show(ScalpView)
    session.push(noise)
    view.refresh()
    values = view.shown_values()
    names = session.spec.ch_names
    assert {names[k] for k in np.argsort(values)[-2:]} == {"O1", "O2"}
    assert len(np.unique(pixels(view.grab()).reshape(-1, 3), axis=0)) > 200


def test_two_electrodes_are_shown_by_themselves(show):
    session = FakeSession(ch_names=("T7", "T8"))
    view = show(ScalpView, shown_session=session)
    session.push(np.random.default_rng(0).standard_normal((1500, 2)) * 10)
    view.refresh()
    assert view._weights is None
    view.grab()


def test_a_bad_electrode_gets_another_colour_another_shape_and_a_hint(show, session, noise):
    view = show(QualityView)
    session.push(noise)
    view.refresh()
    assert view.heading() == "Signal · 8 of 8 good"
    flat = noise.copy()
    flat[:, 2] = 3.0
    session.push(flat)
    view.refresh()
    assert view.heading() == "Signal · 7 of 8 good"
    assert view.says == "T7: No signal: plug the electrode in, or press it onto the skin."
    assert is_colour(pixels(view.grab()), view.theme.bad).sum() > 50


def test_no_electrode_is_called_good_while_nothing_comes_from_it(show, session, noise):
    view = show(QualityView)
    session.push(noise)
    session.go(Phase.STREAMING)
    view.refresh()
    bright = is_colour(pixels(view.grab()), view.theme.good).sum()
    session.go(Phase.LOST)
    view.refresh()
    assert view.says == "No samples come: this is how the electrodes were last."
    assert view.heading() == "Signal quality · not now"
    assert is_colour(pixels(view.grab()), view.theme.good).sum() < bright / 10
    session.go(Phase.RECOVERED)
    view.refresh()
    assert view.heading() == "Signal · 8 of 8 good"


def test_channels_that_are_no_electrodes_are_left_in_peace(show):
    session = FakeSession(ch_names=("T7", "T8", "ECG"))
    view = show(QualityView, shown_session=session)
    samples = np.random.default_rng(0).standard_normal((750, 3)).cumsum(axis=0)
    samples[:, 2] = 0.0
    session.push(samples)
    view.refresh()
    assert view.heading().endswith("of 2 good")
    assert "ECG" not in view.says


def test_the_log_is_kept_and_filtered(show):
    view = show(EventsView)
    view.history.note("phase", "Streaming")
    view.history.add_marker(Marker(1.0, "clap"))
    view.refresh()
    assert [line[8:].strip() for line in view.lines] == ["Streaming", "clap"]
    view._box.setCurrentIndex(1)
    view._fill()
    assert [line[8:].strip() for line in view.lines] == ["clap"]


def test_the_log_does_not_grow_for_ever(show):
    view = show(EventsView)
    for k in range(900):
        view.history.note("marker", str(k))
        if k % 100 == 0:
            view.refresh()
    view.refresh()
    assert len(view.lines) == 500
    assert view.lines[-1].endswith("899")


def test_when_nothing_new_comes_the_last_answer_is_called_so(show, session, noise):
    from app.acquisition.source import Phase

    view = show(EmotionView)
    session.push(noise)
    tell(view, session.predict(0.1, 0.1, 0.8))
    session.go(Phase.LOST, "gone")
    view.refresh()
    assert view.says == "The last answer, 0 s ago, was positive"
    assert is_colour(pixels(view.grab()), view.theme.valences[2], 10).sum() == 0


def test_a_dead_electrode_says_nothing_on_the_scalp_and_is_crossed_out(show, session, noise):
    view = show(ScalpView)
    noise[:, 6] = 0.0
    session.push(noise)
    view.refresh()
    shown = view.shown_values()
    assert np.flatnonzero(np.isnan(shown)).tolist() == [6]
    assert is_colour(pixels(view.grab()), view.theme.bad, 30).sum() > 8
    assert view._weights.shape[1] == 7


def test_a_flat_channel_does_not_take_the_scale_of_the_bars(show, session, noise):
    view = show(BandsView)
    noise[:, 3] = 0.0
    session.push(noise)
    tell(view, session.predict(0.2, 0.3, 0.5))
    for _ in range(12):
        view.refresh()
    assert view.shown.min() < -10
    assert view._range[0] >= -2
    view.grab()
