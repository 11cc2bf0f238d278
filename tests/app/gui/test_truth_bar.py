from dataclasses import replace

import pytest

from app.acquisition.source import Phase
from app.gui.truth_bar import Budget, TruthBar, statements
from tests.app.gui.fake_session import FakeSession, a_manifest
from tests.app.gui.pixels import is_colour, pixels

pytestmark = pytest.mark.gui


def said(session, now=0.0, budget=None):
    return {cell.name: cell for cell in statements(session, budget or Budget(), now)}


def test_it_says_where_from_how_fast_and_which_model(session, noise):
    session.push(noise)
    cells = said(session)
    assert cells["Source"].text == "Simulated headset"
    assert cells["Rate"].text == "250 / 249.9 Hz"
    assert cells["Channels"].text == "8 · T7, T8"
    assert cells["Latency"].text == "2.1 / 4.6 ms"
    assert cells["Model"].text == "emotion-simulated · int8"
    assert cells["Trained on"].text == "simulated emotion set"
    assert {cell.tone for cell in cells.values()} == {"plain"}


def test_aliases_are_named(session):
    session = FakeSession(ch_names=("EEG T3", "EEG T4"))
    session.channel_indices = (0, 1)
    assert said(session)["Channels"].text == "2 · T7, T8"
    assert "T7 (EEG T3)" in said(session)["Channels"].why


def test_a_model_of_simulated_data_says_so_whatever_its_name():
    data = a_manifest().training_data.model_copy(update={"name": "set A"})
    session = FakeSession(manifest=a_manifest(training_data=data.model_dump()))
    assert said(session)["Trained on"].text == "set A (simulated)"


@pytest.mark.parametrize(
    ("name", "changes", "tone"),
    [
        ("Latency", {"latency_p99_s": 0.2}, "bad"),
        ("Rate", {"sfreq_effective": 240.0}, "bad"),
        ("Lost · skipped · withheld", {"n_lost": 3}, "warn"),
        ("Lost · skipped · withheld", {"n_skipped": 1}, "warn"),
        ("Age", {"backlog_s": 4.0}, "bad"),
    ],
)
def test_what_is_over_budget_is_red_and_what_was_lost_is_yellow(session, noise, name, changes, tone):
    session.push(noise)
    session.status = replace(session.status, **changes)
    now = session.buffer.arrival(session.buffer.head - 1)
    assert said(session, now)[name].tone == tone


def test_samples_that_stop_coming_turn_the_age_red_until_the_stream_has_ended(session, noise):
    session.push(noise)
    now = session.buffer.arrival(session.buffer.head - 1) + 2.0
    assert said(session, now)["Age"].tone == "bad"
    assert said(session, now)["Age"].text == "2 s"
    session.go(Phase.ENDED)
    assert said(session, now)["Age"].tone == "plain"


def test_red_is_seen(qtbot, session, noise):
    bar = TruthBar(session)
    qtbot.addWidget(bar)
    bar.resize(1500, 46)
    session.push(noise)
    bar.refresh()
    assert is_colour(pixels(bar.grab()), bar.theme.bad, 10).sum() == 0
    session.status = replace(session.status, latency_p99_s=0.2)
    bar.refresh()
    assert is_colour(pixels(bar.grab()), bar.theme.bad, 30).sum() > 20
    assert "Latency: 2.1 / 200.0 ms" in bar.accessibleName()


def test_without_room_the_least_important_are_left_out_and_red_ones_never(qtbot, session, noise):
    bar = TruthBar(session)
    qtbot.addWidget(bar)
    session.push(noise)
    session.status = replace(session.status, clock_offset_s=0.5, latency_p99_s=0.3)
    bar.resize(700, 46)
    bar.refresh()
    bar.grab()
    shown = [cell.name for _, cell in bar._places]
    assert "Clock" not in shown
    assert {"Source", "Latency"} <= set(shown)
    right = bar._places[-1][0].right()
    assert right <= 700


def test_before_the_stream_is_known_it_says_what_it_is_doing(session):
    session.spec = None
    session.buffer = None
    session.go(Phase.SEARCHING)
    assert said(session)["Source"].text == "searching"
    assert said(session)["Age"].text == "–"


@pytest.mark.parametrize("who", ["the population", "your recorded rest", "your first 60 s of rest", "your rest, being taken"])
def test_whose_statistics_a_person_is_compared_with_is_said(session, who):
    session.status = replace(session.status, normalised_by=who)
    cell = said(session)["Normalised by"]
    assert cell.text == who
    assert ("--baseline" in cell.why) == (who == "the population")


def test_the_delay_of_smoothed_features_stands_beside_the_latency():
    spec = a_manifest().features.model_copy(update={"smoothing": "moving_average", "smoothing_s": 5.0})
    session = FakeSession(manifest=a_manifest(features=spec, smoothing_s=3.0))
    cell = said(session)["Latency"]
    assert cell.text == "2.1 / 4.6 ms + 2.2 s smoothing"
    assert "tell of 2.2 s ago" in cell.why
    assert "time constant of 3 s" in cell.why
