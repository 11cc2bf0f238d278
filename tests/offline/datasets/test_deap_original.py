from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from offline.datasets import deap_original
from offline.datasets.deap_original import DeapOriginal, status_codes
from sclcm_core.errors import DatasetError, SclcmError
from sclcm_core.montage import DEAP_CHANNELS
from sclcm_core.recordings import Recording
from sclcm_core.types import StreamSpec

TWENTE = """Fp1 AF3 F7 F3 FC1 FC5 T7 C3 CP1 CP5 P7 P3 Pz PO3 O1 Oz O2 PO4 P4 P8 CP6 CP2 C4 T8 FC6 FC2 F4 F8 AF4 Fp2 Fz
Cz""".split()
OTHERS = """EXG1 EXG2 EXG3 EXG4 EXG5 EXG6 EXG7 EXG8 GSR1 GSR2 Erg1 Erg2 Resp Plet Temp""".split()
SFREQ, REST_S, VIDEO_S = 512, 2, 1


def session(order, high_bits=0, status_name="Status", channels=TWENTE, n_videos=40):
    """Each video lasts a second, in which T7 has the number of the video; the rest lasts two."""
    times = [(0.5, 1), (1.0, 1), (1.0 + REST_S, 2)]
    t = 4.0
    starts = []
    for _ in range(n_videos):
        times += [(t, 3), (t + 0.25, 4), (t + 0.25 + VIDEO_S, 5), (t + 1.5, 1)]
        starts.append(t + 0.25)
        t += 1.75
    times.append((t, 7))
    n = round((t + 1) * SFREQ)
    samples = np.zeros((n, 48), np.float32)
    samples[:, :47] = np.random.default_rng(0).normal(size=(n, 47))
    for start, video in zip(starts, order, strict=False):
        span = slice(round(start * SFREQ), round((start + VIDEO_S) * SFREQ))
        samples[span, channels.index("T7")] = video + 1
    samples[:, 47] = high_bits
    for at, code in times:
        samples[round(at * SFREQ) : round(at * SFREQ) + 16, 47] = high_bits + code
    spec = StreamSpec(float(SFREQ), (*channels, *OTHERS, status_name), origin="replay")
    return Recording(spec, samples, np.arange(n) / SFREQ, (), Path("s01.bdf"))


@pytest.fixture
def order():
    return np.random.default_rng(3).permutation(40)


@pytest.fixture
def root(tmp_path, order, monkeypatch):
    monkeypatch.setattr(deap_original, "_VIDEO_S", float(VIDEO_S))
    monkeypatch.setattr(deap_original, "_REST_S", float(REST_S))
    (tmp_path / "data_original").mkdir()
    (tmp_path / "data_original" / "s01.bdf").touch()
    rows = ["Participant_id,Trial,Experiment_id,Start_time,Valence,Arousal,Dominance,Liking,Familiarity"]
    for trial, video in enumerate(order, start=1):
        rows.append(f"1,{trial},{video + 1},0,{1 + video % 9},5,5,5,3")
    (tmp_path / "metadata_csv").mkdir()
    (tmp_path / "metadata_csv" / "participant_ratings.csv").write_text("\n".join(rows))
    return tmp_path


def read(root, monkeypatch, recording):
    monkeypatch.setattr(deap_original, "read_recording", lambda path: recording)
    dataset = DeapOriginal()
    return list(dataset.read(dataset.sources(root)[0]))


@pytest.mark.parametrize(
    ("high_bits", "name", "channels"), [(0, "Status", TWENTE), (0x18FF00, "", TWENTE), (0x58FF00, "-1", list(DEAP_CHANNELS))]
)
def test_videos_are_cut_and_named_whatever_bits_and_order_the_site_used(root, order, monkeypatch, high_bits, name, channels):
    rest, *videos = read(root, monkeypatch, session(order, high_bits, name, channels))
    assert (rest.label, rest.baseline_s, rest.recording.duration_s) == (-1, np.inf, REST_S)
    assert [trial.stimulus for trial in videos] == [f"video{k + 1:02d}" for k in order]
    for trial, video in zip(videos, order, strict=True):
        t7 = trial.recording.samples[:, trial.recording.spec.ch_names.index("T7")]
        assert np.all(t7 == video + 1)
        assert trial.label == int(1 + video % 9 >= 5)


def test_only_the_low_eight_bits_are_codes():
    codes, onsets = status_codes(session(range(40), 0x58FF00))
    assert codes[:4].tolist() == [1, 1, 2, 3]
    assert onsets[:2].tolist() == [0.5, 1.0]


def test_all_frequencies_are_there():
    assert DeapOriginal().passband is None


def test_a_session_without_all_videos_is_refused(root, order, monkeypatch):
    with pytest.raises(DatasetError, match=r"38 starts of a video \(code 4\) instead of 40"):
        read(root, monkeypatch, session(order, n_videos=38))


def test_a_renamed_electrode_is_named(root, order, monkeypatch):
    names = ["X" if name == "T8" else name for name in TWENTE]
    with pytest.raises(DatasetError, match="has no channel T8"):
        read(root, monkeypatch, session(order, channels=names))


def test_the_questionnaires_are_needed_because_they_tell_the_order(root):
    (root / "metadata_csv" / "participant_ratings.csv").unlink()
    with pytest.raises(DatasetError, match="which video was shown when"):
        DeapOriginal().sources(root)


@pytest.mark.data
def test_another_bdf_file_is_refused(root, data_dir):
    source = data_dir / "samples" / "eegmmidb_S001R03_19ch_160Hz_60s.bdf"
    (root / "data_original" / "s01.bdf").write_bytes(source.read_bytes())
    with pytest.raises(DatasetError, match=r"at 160 Hz; DEAP's have 48 at 512 Hz"):
        list(DeapOriginal().recordings(root))


@pytest.mark.data
@pytest.mark.parametrize("n_bytes", [100, 3000, 20_000])
def test_a_truncated_bdf_file_is_refused_by_name(root, data_dir, n_bytes):
    source = data_dir / "samples" / "eegmmidb_S001R03_19ch_160Hz_60s.bdf"
    (root / "data_original" / "s01.bdf").write_bytes(source.read_bytes()[:n_bytes])
    with pytest.raises(SclcmError, match=r"s01\.bdf"):
        list(DeapOriginal().recordings(root))
