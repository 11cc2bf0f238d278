"""Faults that are ordered."""

from __future__ import annotations

import numpy as np
import pytest

from app.acquisition.faults import FAULTS, KINDS, RAIL_UV, Fault, FaultInjector, parse_fault
from sclcm_core.errors import ConfigError

LABELS = ("T7", "T8")


def injector(*texts: str) -> FaultInjector:
    return FaultInjector([parse_fault(text) for text in texts], 100.0, LABELS, np.random.default_rng(1))


def wave(n_samples: int = 300) -> np.ndarray:
    return np.repeat(np.arange(n_samples, dtype=np.float32)[:, None], 2, axis=1)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("drop:3s@10", Fault("drop", 3.0, 10.0)),
        ("drop:300ms@1.5s", Fault("drop", 0.3, 1.5)),
        ("jitter:50ms", Fault("jitter", 0.05)),
        ("drift:-1%", Fault("drift", -0.01)),
        ("jump:-1000s@4", Fault("jump", -1000.0, 4.0)),
        ("flat:5s@2/T7", Fault("flat", 5.0, 2.0, "T7")),
        ("line:100uV", Fault("line", 100.0)),
        ("offset:-187000uV", Fault("offset", -187_000.0)),
        ("restart", Fault("restart", 3.0)),
    ],
)
def test_faults_are_read_as_users_write_them(text, fault):
    assert parse_fault(text) == fault


@pytest.mark.parametrize("text", ["", "drop:", "drop:3x", "drop@", ":3", "drop:1.2.3s", "3s@drop"])
def test_what_is_no_fault_is_refused_with_an_example(text):
    with pytest.raises(ConfigError, match="such as drop:3s@10"):
        parse_fault(text)


def test_an_unknown_fault_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match=r"no fault 'freze'\. Did you mean 'freeze'"):
        parse_fault("freze:3s")


def test_an_unknown_channel_is_refused():
    with pytest.raises(ConfigError, match="names the channel 'T9'"):
        injector("flat/T9")


def test_every_kind_is_explained_and_can_be_ordered_by_its_name_alone():
    assert set(FAULTS) == set(KINDS)
    assert [parse_fault(kind).kind for kind in KINDS] == list(KINDS)


def test_without_faults_nothing_is_copied_or_changed():
    samples, stamps = wave(), np.arange(300) / 100
    none = injector()
    assert none.alter(samples, 0) is samples
    assert none.stray(stamps, 0) is stamps
    assert none.is_kept(0, 300).all()
    assert none.rate_factor == 1.0


@pytest.mark.parametrize("size", [1, 7, 300])
def test_faults_of_the_signal_lie_where_they_were_ordered_whatever_the_chunks(size):
    faults = injector("nan:0.5s@1/T7", "railed:0.25s@2/T8", "flat:0.3s@0.5/T8")
    out = np.concatenate([faults.alter(wave()[k : k + size], k) for k in range(0, 300, size)])
    assert np.flatnonzero(np.isnan(out[:, 0])).tolist() == list(range(100, 150))
    assert np.flatnonzero(out[:, 1] == np.float32(RAIL_UV)).tolist() == list(range(200, 225))
    assert out[50:80, 1].tolist() == [50.0] * 30
    assert out[80, 1] == 80.0


def test_a_lost_electrode_stays_lost():
    assert np.isnan(injector("loss@1/T8").alter(wave(), 0)[100:, 1]).all()


def test_mains_hum_has_its_amplitude():
    hum = injector("line:100uV").alter(np.zeros((300, 2), np.float32), 3)
    assert np.abs(hum).max() <= 100.0


def test_an_offset_lies_on_top_of_the_signal_from_its_start():
    samples = injector("offset:1000uV@1/T8").alter(wave(), 0)
    assert np.array_equal(samples[:, 0], wave()[:, 0])
    assert np.array_equal(samples[:, 1] - wave()[:, 1], np.repeat([0.0, 1000.0], [100, 200]))


def test_dropped_samples_are_dropped_and_jittered_stamps_stray_no_further():
    faults = injector("drop:1s@1", "jitter:20ms")
    assert np.flatnonzero(~faults.is_kept(0, 300)).tolist() == list(range(100, 200))
    strayed = faults.stray(np.arange(300) / 100, 0) - np.arange(300) / 100
    assert 0.01 < np.abs(strayed).max() <= 0.02


def test_a_clock_jumps_once():
    stamps = injector("jump:-5s@1").stray(np.arange(300) / 100, 0)
    assert np.flatnonzero(np.diff(stamps) < 0).tolist() == [99]


def test_a_freeze_holds_samples_until_its_end():
    faults = injector("freeze:1s@1")
    assert [faults.ends_of_freeze(k) for k in (99, 100, 199, 200)] == [None, 2.0, 2.0, None]
