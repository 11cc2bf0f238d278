"""The rest of the cap as a second modality: what is computed, what is left out, what is refused."""

from pathlib import Path

import numpy as np
import pytest

from offline.datasets.dataset import LabelledRecording
from offline.datasets.frames import compute_frames
from offline.datasets.other_electrodes import cap_spec, window_other_electrodes
from offline.datasets.peripherals import CAP, VALUES, Peripherals, load_peripherals, windows_key
from offline.datasets.window_set import build_window_set
from sclcm_core.bands import ALPHA, BETA
from sclcm_core.errors import DatasetError
from sclcm_core.features.differential_entropy import differential_entropy
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.recordings import Recording
from sclcm_core.types import StreamSpec

SFREQ = 128.0
DATASET = {"name": "simulated", "options": {}}


def labelled(samples, ch_names, subject="1"):
    recording = Recording(
        StreamSpec(SFREQ, ch_names, origin="replay"), samples, np.arange(len(samples)) / SFREQ, (), Path("a.edf")
    )
    return LabelledRecording(recording, subject, 1, "a", "a", 0)


@pytest.fixture
def recordings(rng):
    names = [("EEG T4", "ECG", "EEG T3", "Fc5.", "Cz"), ("Cz", "T7", "T8", "GSR", "FC5"), ("T7", "T8", "Oz", "FC5", "Cz")]
    return [labelled(rng.normal(0, 3, (640, 5)).astype(np.float32), each, str(k)) for k, each in enumerate(names, start=1)]


def windows_of(recordings, spec, card, hop=3):
    frames = [compute_frames(each, spec) for each in recordings]
    return build_window_set(frames, spec, class_names=("a", "b"), card=card, window_hop_frames=hop)


def test_a_windows_values_are_the_entropies_of_the_recordings_own_samples(recordings, spec, card):
    windows = windows_of(recordings[:2], spec, card)
    found = window_other_electrodes(windows, recordings[:2], DATASET)
    assert found.names == ("FC5 alpha", "Cz alpha", "FC5 beta", "Cz beta")  # neither ECG nor GSR is an electrode
    assert found.of == CAP and found.made_for == windows_key(DATASET, spec) and np.array_equal(found.t0, windows.t0)
    assert len(np.unique(windows.t0)) > 1
    for row in range(len(windows)):
        number, start = windows.recording[row], round(windows.t0[row] * SFREQ)
        columns = ([3, 4], [4, 0])[number]
        frames = [start + k * 64 + np.arange(128) for k in range(4)]
        entropies = [
            differential_entropy(recordings[number].recording.samples[f][:, columns].T, SFREQ, spec.bands) for f in frames
        ]
        np.testing.assert_allclose(found.values[row], np.mean(entropies, axis=0).ravel(), atol=1e-5)


def test_electrodes_that_only_some_recordings_have_are_left_out_and_named(recordings, spec, card, caplog):
    found = window_other_electrodes(windows_of(recordings, spec, card), recordings, DATASET)
    assert found.names == ("FC5 alpha", "Cz alpha", "FC5 beta", "Cz beta")
    assert "Only some recordings have Oz" in caplog.text


def test_recordings_that_share_no_other_electrode_are_refused(rng, spec, card):
    made = [labelled(rng.normal(size=(640, 3)).astype(np.float32), ("T7", "T8", name)) for name in ("Cz", "Oz")]
    with pytest.raises(DatasetError, match=r"in all 2 recordings; some have Cz, Oz.*without_subjects"):
        window_other_electrodes(windows_of(made, spec, card), made, DATASET)


def test_a_cap_without_other_electrodes_is_refused(rng, spec, card):
    made = [labelled(rng.normal(size=(640, 3)).astype(np.float32), ("EEG T3", "T8", "ECG"))]
    with pytest.raises(DatasetError, match=r"'a.edf' has no electrode beside those of the features \(T7, T8\).*Name fewer"):
        window_other_electrodes(windows_of(made, spec, card), made, DATASET)


def test_where_an_electrode_stood_still_nothing_was_measured(recordings, spec, card):
    recordings[0].recording.samples[:, 3] = 7.0  # FC5 throughout
    recordings[0].recording.samples[:200, 4] = 7.0  # Cz in the first frames alone
    found = window_other_electrodes(windows_of(recordings[:1], spec, card), recordings[:1], DATASET).values
    assert np.isnan(found[:, [0, 2]]).all()
    assert np.isfinite(found[:, [1, 3]]).all() and (found[:, [1, 3]] > -1).all()


def test_other_features_and_raw_windows_have_entropies_of_the_rest_of_the_cap_beside_them(recordings, spec, card):
    same = window_other_electrodes(windows_of(recordings[:2], spec, card), recordings[:2], DATASET).values
    psd = spec.model_copy(update={"kind": "psd", "pairs": ("dasm",)})
    assert np.array_equal(window_other_electrodes(windows_of(recordings[:2], psd, card), recordings[:2], DATASET).values, same)
    raw = FeatureSpec(
        kind="raw", bands=(ALPHA, BETA), ch_names=("T7", "T8"), sfreq=SFREQ, window_s=0.25, hop_s=0.25, n_frames=8
    )
    windows = windows_of(recordings[:1], raw, card, hop=5)
    found = window_other_electrodes(windows, recordings[:1], DATASET).values
    start = round(windows.t0[1] * SFREQ)
    frames = [recordings[0].recording.samples[start + k * 32 :][:128, [3, 4]].T for k in range(5)]  # seconds within two
    np.testing.assert_allclose(found[1], differential_entropy(np.stack(frames), SFREQ, raw.bands).mean(0).ravel(), atol=1e-5)


def test_a_band_that_the_data_sets_filter_removed_is_refused_for_raw_windows_as_well(recordings, card):
    raw = FeatureSpec(kind="raw", ch_names=("T7", "T8"), sfreq=SFREQ, window_s=0.25, hop_s=0.25, n_frames=8)
    with pytest.raises(DatasetError, match="delta"):
        window_other_electrodes(windows_of(recordings[:1], raw, card), recordings[:1], {"name": "deap", "options": {}})


def test_the_rest_of_the_cap_keeps_the_filters_over_time_and_the_reference_of_the_recording():
    spec = FeatureSpec(
        ch_names=("T7", "T8"), sfreq=200.0, passband=(1.0, 60.0), notch_hz=50.0, reference="average", smoothing="kalman"
    )
    found = cap_spec(spec, ("Cz", "Oz"))
    assert (found.passband, found.notch_hz, found.sfreq) == ((1.0, 60.0), 50.0, 200.0)
    assert (found.kind, found.reference, found.smoothing, found.ch_names) == ("de", "as_recorded", "none", ("Cz", "Oz"))


def test_files_of_before_are_of_peripheral_channels(tmp_path):
    values, t0 = np.zeros((2, 18), np.float32), np.arange(2.0)
    np.savez_compressed(tmp_path / "old.npz", values=values, t0=t0, names=np.array(VALUES))
    found = load_peripherals(tmp_path / "old.npz")
    assert (found.of, found.names, found.made_for) == ("peripherals", VALUES, "")
    Peripherals(values[:, :1], t0, "key", ("Cz alpha",), CAP).save(tmp_path / "new.npz")
    found = load_peripherals(tmp_path / "new.npz")
    assert (found.of, found.names, found.made_for) == (CAP, ("Cz alpha",), "key")
