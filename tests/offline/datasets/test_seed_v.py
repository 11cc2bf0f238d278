from __future__ import annotations

import struct

import numpy as np
import pytest

from offline.datasets import seed_v
from offline.datasets.seed_v import CLIP_LABELS, ENDS_S, STARTS_S, SeedV
from sclcm_core.errors import DatasetError, SclcmError
from sclcm_core.features.extractor import extract, stack
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import SEED_CHANNELS

FILE_CHANNELS = [*(name.upper() for name in reversed(SEED_CHANNELS)), "M1", "M2", "VEO", "HEO"]
HEADER, CHANNEL = 900, 75


def write_cnt(path, samples, ch_names, sfreq=1000):
    """Write a Neuroscan file: samples (n_channels, n_times) in µV as 32-bit integers of 1/100 µV."""
    n_channels, n_times = samples.shape
    header = bytearray(HEADER + CHANNEL * n_channels)
    header[225:247] = b"01/02/18\0\0" + b"12:00:00\0\0\0\0"
    struct.pack_into("<H", header, 370, n_channels)
    struct.pack_into("<H", header, 376, sfreq)
    struct.pack_into("<i", header, 864, n_times)
    struct.pack_into("<i", header, 886, len(header) + 4 * n_channels * n_times)
    for k, name in enumerate(ch_names):
        at = HEADER + CHANNEL * k
        header[at : at + len(name)] = name.encode()
        struct.pack_into("<f", header, at + 59, 204.8 / 100)
        struct.pack_into("<f", header, at + 71, 1.0)
    data = np.ascontiguousarray((samples * 100).round().T, "<i4").tobytes()
    path.write_bytes(bytes(header) + data + struct.pack("<bii", 1, 0, 0))


def write_session(path, rng, duration_s=16, sfreq=1000, ch_names=FILE_CHANNELS):
    """Second k of every channel has the amplitude k + 1; T7 carries an additional 230 Hz."""
    times = np.arange(duration_s * sfreq) / sfreq
    samples = rng.standard_normal((len(ch_names), len(times))) * (1 + np.floor(times))
    samples[ch_names.index("T7")] = 50 * np.sin(2 * np.pi * 230 * times)
    write_cnt(path, samples, ch_names, sfreq)
    return samples


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(seed_v, "STARTS_S", (tuple(range(15)),) * 3)
    monkeypatch.setattr(seed_v, "ENDS_S", (tuple(range(1, 16)),) * 3)
    (tmp_path / "EEG_raw").mkdir()
    return tmp_path


@pytest.fixture
def path(root):
    return root / "EEG_raw" / "2_1_20180802.cnt"


def read(root):
    dataset = SeedV()
    return list(dataset.read(dataset.sources(root)[0]))


def test_the_published_times_rise_and_do_not_overlap():
    for starts, ends in zip(STARTS_S, ENDS_S, strict=True):
        edges = [edge for pair in zip(starts, ends, strict=True) for edge in pair]
        assert len(edges) == 30
        assert edges == sorted(edges)


def test_every_emotion_has_three_clips_a_session():
    for labels in CLIP_LABELS:
        assert sorted(labels) == sorted([0, 1, 2, 3, 4] * 3)


def test_clips_are_cut_by_their_seconds(root, path, rng):
    samples = write_session(path, rng)
    for k, trial in enumerate(read(root)):
        expected = samples[FILE_CHANNELS.index("OZ"), 1000 * k : 1000 * (k + 1)]
        found = trial.recording.samples[:, SEED_CHANNELS.index("Oz")]
        assert np.abs(found - expected).max() < 0.01
        assert (trial.stimulus, trial.label) == (f"s1clip{k + 1:02d}", CLIP_LABELS[0][k])


def test_channels_stand_in_the_order_of_seed_without_mastoids_and_eyes(root, path, rng):
    write_session(path, rng)
    spec = read(root)[0].recording.spec
    assert spec.ch_names == SEED_CHANNELS
    assert spec.sfreq == 1000


def test_what_lies_above_the_new_rate_does_not_fold_into_the_bands(root, path, rng):
    """Every fifth sample of 230 Hz is 30 Hz: beta would gain 50 µV. A filter takes it away."""
    write_session(path, rng)
    recording = read(root)[3].recording
    t7 = recording.samples[:, [SEED_CHANNELS.index("T7")]]
    spec = FeatureSpec(bands=(("beta", 14.0, 31.0),), ch_names=("T7",), sfreq=200.0, window_s=0.5, hop_s=0.1)
    values, _, _ = stack(extract(spec, t7, 1000.0))
    folded, _, _ = stack(extract(spec, t7[::5], 200.0))
    assert (np.median(folded) - np.median(values)) > np.log(10)


def test_sessions_are_those_of_the_names(root, rng):
    for name in ("10_1_20180507", "9_3_20180728", "9_1_20180714"):
        (root / "EEG_raw" / f"{name}.cnt").touch()
    found = [(source.subject, source.session) for source in SeedV().sources(root)]
    assert found == [("9", 1), ("9", 3), ("10", 1)]


def test_a_file_that_is_cut_short_is_refused_by_its_length(root, path, rng):
    write_session(path, rng, duration_s=12)
    with pytest.raises(DatasetError, match=r"lasts 12\.0 s; its last clip ends at 15 s"):
        read(root)


def test_a_wrong_rate_is_refused(root, path, rng):
    write_session(path, rng, sfreq=500)
    with pytest.raises(DatasetError, match="500 Hz; SEED-V has 1000 Hz"):
        read(root)


def test_a_renamed_electrode_is_named(root, path, rng):
    names = ["X1" if name == "CB1" else name for name in FILE_CHANNELS]
    write_session(path, rng, ch_names=names)
    with pytest.raises(DatasetError, match="has no channel CB1"):
        read(root)


def test_a_foreign_file_is_named(root, path):
    path.write_text("nothing")
    with pytest.raises(DatasetError, match=r"2_1_20180802\.cnt' cannot be read"):
        read(root)


@pytest.mark.parametrize("n_bytes", [0, 200, 880, HEADER + CHANNEL * 10, HEADER + CHANNEL * 66])
def test_a_file_that_ends_in_its_header_is_named(root, path, rng, n_bytes):
    write_session(path, rng, duration_s=2)
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(SclcmError, match=r"2_1_20180802\.cnt"):
        read(root)
