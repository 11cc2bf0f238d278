"""A headset in a process of its own comes back otherwise, and a session goes on with it or says what to do."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import pytest

from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.simulated_headset import SimulatedHeadset
from app.acquisition.source import Phase
from app.paths import find_bundle
from app.session.session import Session
from sclcm_core.errors import MatchError
from sclcm_core.inference.bundle import load_bundle

pytestmark = [pytest.mark.lsl, pytest.mark.slow]

SHOWN_S, RESUMED_S = 2.0, 3.0


class Watched:
    """A session on a headset, and when it came into which phase."""

    def __init__(self) -> None:
        self.source_id = f"back-{uuid.uuid4().hex}"
        self.session = Session(LslInlet(source_id=self.source_id), load_bundle(find_bundle("emotion-simulated")))
        self.phases: list[tuple[float, Phase]] = []
        self.session.on_status.append(lambda status: self.phases.append((time.monotonic(), status.phase)))

    def headset(self, *options: str) -> SimulatedHeadset:
        return SimulatedHeadset(announce=False, source_id=self.source_id, extra=options)

    def until(self, is_so: Callable[[], bool], at_most_s: float) -> bool:
        deadline = time.monotonic() + at_most_s
        while not is_so() and time.monotonic() < deadline:
            self.session.wait(0.02)
        return is_so()


@pytest.fixture
def watched():
    watched = Watched()
    yield watched
    watched.session.stop()


def run_and_kill(watched: Watched) -> None:
    """Let the first headset be heard for a while, and then die."""
    with watched.headset("--channels=T7,T8,Cz") as first:
        watched.session.start()
        assert watched.until(lambda: watched.session.status.n_samples > 100, 10.0)
        first.kill()
        assert watched.until(lambda: watched.session.status.phase is Phase.LOST, SHOWN_S)


def test_with_another_rate_and_order_it_is_planned_anew(watched):
    run_and_kill(watched)
    before = watched.session.status.n_samples
    with watched.headset("--channels=Cz,T8,T7", "--sfreq=500"):
        back = time.monotonic()
        assert watched.until(lambda: watched.session.status.n_samples > before + 100, 10.0)
        assert time.monotonic() - back < RESUMED_S
        assert watched.session.spec.sfreq == 500.0 and watched.session.channel_indices == (2, 1)
        assert watched.until(lambda: watched.session.status.n_predictions > 0, 8.0)


def test_without_an_electrode_that_the_model_needs_it_says_which_and_what_to_do(watched):
    run_and_kill(watched)
    with watched.headset("--channels=T7,O1,Cz"):
        assert watched.until(lambda: watched.session.status.phase is Phase.FAILED, SHOWN_S + RESUMED_S)
    assert isinstance(watched.session.error, MatchError)
    told = watched.session.status.message
    assert "came back changed" in told and "needs the channel T8" in told and "T7, O1, Cz" in told
    assert "Choose a model" in told


def test_with_a_unit_that_nobody_knows_the_unit_is_judged_by_the_signal_and_told(watched):
    run_and_kill(watched)
    before = watched.session.status.n_samples
    with watched.headset("--channels=T7,T8,Cz", "--unit=counts", "--volts-per-unit=1"):
        assert watched.until(lambda: watched.session.status.n_samples > before + 100, RESUMED_S + SHOWN_S)
        assert watched.until(lambda: "signal fits V" in watched.session.status.message, SHOWN_S)
    assert watched.session.error is None
