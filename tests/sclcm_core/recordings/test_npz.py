"""NumPy archives of both layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sclcm_core.errors import RecordingError
from sclcm_core.recordings import list_trials, read_recording, write_npz
from tests.sclcm_core.recordings.forge import small_samples

OWN = {"samples": small_samples(), "sfreq": 128.0, "ch_names": np.array(["T7", "T8", "O1"])}


def archive(tmp_path: Path, **content: object) -> Path:
    path = tmp_path / "a.npz"
    np.savez(path, **content)  # type: ignore[arg-type]
    return path


def test_what_is_written_is_read_again(small_files: dict[str, Path], tmp_path: Path) -> None:
    recording = read_recording(small_files[".edf"])
    write_npz(tmp_path / "b.npz", recording)
    again = read_recording(tmp_path / "b.npz")
    assert np.array_equal(again.samples, recording.samples) and again.markers == recording.markers
    assert again.spec.ch_names == recording.spec.ch_names and again.spec.sfreq == recording.spec.sfreq


@pytest.mark.parametrize(("unit", "factor"), [("mV", 1e-3), ("V", 1e-6), ("µV", 1.0)])
def test_the_unit_is_converted(unit: str, factor: float, tmp_path: Path) -> None:
    path = archive(tmp_path, **OWN | {"samples": small_samples() * factor, "unit": unit})
    assert read_recording(path).samples == pytest.approx(small_samples(), rel=1e-5)


def test_lost_samples_stay_lost_and_simulated_stays_simulated(tmp_path: Path) -> None:
    samples = small_samples()
    samples[10:20] = np.nan
    recording = read_recording(archive(tmp_path, **OWN | {"samples": samples, "simulated": True}))
    assert np.isnan(recording.samples).sum() == 30 and recording.simulated


def test_trials_lose_their_padding_and_keep_their_label(tmp_path: Path) -> None:
    trials = np.full((2, 3, 600), np.nan)
    trials[:, :, :512] = small_samples().T
    path = archive(tmp_path, X=trials, sfreq=128.0, ch_names=OWN["ch_names"], label=[1, 0], label_names=["calm", "busy"])
    recording = read_recording(path, trial=1)
    assert list_trials(path) == ("1", "2") and recording.n_samples == 512
    assert [(marker.t, marker.text, marker.duration_s) for marker in recording.markers] == [(0.0, "busy", 4.0)]


@pytest.mark.parametrize(
    ("content", "beat"),
    [
        ({"stuff": 1}, "holds stuff. An archive must hold samples, sfreq, ch_names"),
        (OWN | {"unit": "furlong"}, "unit 'furlong'"),
        (OWN | {"ch_names": ["T7"]}, "names 1 channels but holds 3"),
        (OWN | {"sfreq": 0.0}, "sampling rate of 0 Hz"),
        (OWN | {"samples": np.zeros((0, 3))}, "holds no signal"),
        (OWN | {"samples": np.array([None, {}], dtype=object)}, "cannot be read"),
    ],
)
def test_an_archive_that_is_no_recording_is_refused(content: dict[str, object], beat: str, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=beat):
        read_recording(archive(tmp_path, **content))
