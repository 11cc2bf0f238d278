"""DEAP's files are read without executing anything that is in them."""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from sclcm_core.errors import RecordingError
from sclcm_core.montage import DEAP_CHANNELS
from sclcm_core.recordings import list_trials, read_recording
from sclcm_core.recordings.plain_pickle import NotPlainError, load_plain
from sclcm_core.simulation import write_deap

MARK = "executed"


@pytest.fixture(scope="module")
def deap(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_deap(tmp_path_factory.mktemp("deap"), n_subjects=1, video_s=1.0)


def test_both_formats_of_a_subject_are_the_same_recording(deap: list[Path]) -> None:
    python, matlab = (read_recording(path, trial=40) for path in deap)
    assert np.array_equal(python.samples, matlab.samples) and python.markers == matlab.markers
    assert list_trials(deap[0]) == list_trials(deap[1]) == tuple(str(k) for k in range(1, 41))


def test_a_trial_has_its_forty_channels_baseline_and_ratings(deap: list[Path]) -> None:
    recording = read_recording(deap[0], trial=3)
    assert recording.spec.ch_names[:32] == DEAP_CHANNELS and len(recording.spec.ch_names) == 40
    assert recording.spec.sfreq == 128.0 and recording.n_samples == 384 + 128 and recording.simulated
    labels = scipy.io.loadmat(deap[1])["labels"][2]
    baseline, video = recording.markers
    assert (baseline.t, baseline.text, baseline.duration_s) == (0.0, "baseline", 3.0)
    assert (video.t, video.duration_s) == (
        3.0,
        1.0,
    ) and f"trial 3: valence {labels[0]:.2f}, arousal {labels[1]:.2f}" in video.text


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", ["f8", ">f8", "f4", "i2", "u1"])
def test_plain_arrays_come_back_as_they_were_from_every_binary_protocol(protocol: int, kind: str) -> None:
    data = {"data": np.arange(24).reshape(2, 3, 4).astype(kind), "name": "x", "n": [1, 2.5, None, (True,)]}
    back = load_plain(pickle.dumps(data, protocol))
    assert np.array_equal(back["data"], data["data"]) and back["data"].dtype == np.dtype(kind)
    assert (back["name"], back["n"]) == (data["name"], data["n"])


def test_an_array_in_fortran_order_comes_back_as_it_was() -> None:
    values = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    assert np.array_equal(load_plain(pickle.dumps(values, 2)), values)


class Payload:
    """Pickles as a call."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


def attacks() -> dict[str, bytes]:
    shell = f"touch {MARK}"
    boxed = np.empty(1, object)
    boxed[0] = Payload(os.system, shell)
    text = pickle.dumps(Payload(os.system, shell), 0)
    return {
        "a call": pickle.dumps(Payload(os.system, shell)),
        "code": pickle.dumps(Payload(exec, f"open({MARK!r}, 'w')")),
        "in a dictionary": pickle.dumps({"data": Payload(os.system, shell), "labels": np.zeros((40, 4))}),
        "in an array": pickle.dumps({"data": boxed, "labels": 1}),
        "the text protocol": text,
        "a dotted name": b"\x80\x04\x8c\x05numpy\x94\x8c\x11ndarray.__class__\x94\x93\x94.",
        "numpy's own runner": b"\x80\x02cnumpy.testing._private.utils\nrunstring\n(U\x10open('executed','w')U\x02{}t\x85R.",
        "a getattr": b"\x80\x02cbuiltins\ngetattr\n(cnumpy\nndarray\nU\x04dumptR.",
        "an instance": b"(ios\nsystem\n(S'touch executed'\ntR.",
        "a changed maker": b"\x80\x02cnumpy\ndtype\n}U\x0c__defaults__(K\x01tsb.",
        "an extension code": b"\x80\x02\x82\x01.",
        "a persistent id": b"\x80\x02U\x01xQ.",
        "a huge memo": b"\x80\x02K\x01r\xff\xff\xff\xff.",
        "a huge string": b"\x80\x02T" + struct.pack("<i", 2**31 - 1) + b"x.",
        "nothing at all": b"",
    }


@pytest.mark.parametrize("name", attacks())
def test_a_dat_file_never_executes_what_it_holds(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s01.dat").write_bytes(attacks()[name] or b"\x80")
    with pytest.raises(RecordingError, match=r"s01\.dat' is not a file of DEAP: it .* Take sNN.dat"):
        read_recording("s01.dat", trial=1)
    assert not Path(MARK).exists()


def test_the_attacks_would_work_on_an_open_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pickle.loads(attacks()["a call"])
    assert Path(MARK).exists()


def test_an_array_of_objects_is_refused() -> None:
    with pytest.raises(NotPlainError, match="array of objects"):
        load_plain(pickle.dumps(np.array([{}, []], dtype=object)))


@pytest.mark.parametrize(
    ("content", "beat"),
    [
        ({"data": np.zeros((40, 40, 512))}, "holds data instead of 'data' and 'labels'"),
        ([1, 2], "holds list instead"),
        (
            {"data": np.zeros((40, 32, 512)), "labels": np.zeros((40, 4))},
            r"'data' of .*\(40, 32, 512\) instead of numbers \(trials, 40",
        ),
        ({"data": np.zeros((40, 40, 512)), "labels": np.zeros((39, 4))}, r"'labels' of .*\(39, 4\) instead of \(40, 4\)"),
        ({"data": np.zeros((40, 40, 512), int), "labels": np.zeros((40, 4))}, "int64"),
    ],
)
def test_content_that_is_not_deaps_is_told_by_field_and_shape(content: object, beat: str, tmp_path: Path) -> None:
    (tmp_path / "s01.dat").write_bytes(pickle.dumps(content, 2))
    with pytest.raises(RecordingError, match=beat):
        read_recording(tmp_path / "s01.dat", trial=1)
