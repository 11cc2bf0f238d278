from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.io import savemat

from offline.datasets import load_windows
from offline.datasets.seed import CLIP_LABELS
from offline.datasets.seed_features import SeedFeatures, SeedIVFeatures
from offline.datasets.seed_v_features import CLIP_LABELS as CLIP_LABELS_V
from offline.datasets.seed_v_features import SeedVFeatures
from sclcm_core.bands import BETA, GAMMA, SEED_BANDS, THETA
from sclcm_core.errors import DatasetError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import SEED_CHANNELS

SPEC = FeatureSpec(ch_names=("T8", "T7"), bands=(BETA, GAMMA), sfreq=200.0, window_s=1.0, hop_s=1.0, n_frames=3)
ROWS = {"de": 62, "psd": 62, "dasm": 27, "rasm": 27, "asm": 54, "dcau": 23}
N_WINDOWS = 5


def numbered(n_rows, trial):
    """Feature (row, window, band) holds 1000 row + 10 window + band, plus the trial as a fraction."""
    row, window, band = np.ogrid[:n_rows, :N_WINDOWS, :5]
    return 1000.0 * row + 10.0 * window + band + trial / 100


def features(n_trials, kinds):
    return {
        f"{kind}_{smoothing}{k}": numbered(ROWS[kind], k) + (0.5 if smoothing == "LDS" else 0.0)
        for kind in kinds
        for smoothing in ("movingAve", "LDS")
        for k in range(1, n_trials + 1)
    }


@pytest.fixture
def root(tmp_path):
    for name in ("ExtractedFeatures", "ExtractedFeatures_4s"):
        folder = tmp_path / name
        folder.mkdir()
        savemat(folder / "label.mat", {"label": np.array([CLIP_LABELS])})
        (folder / "SIMULATED.txt").touch()
        content = features(15, ROWS)
        if name.endswith("_4s"):
            content = {key: value + 1e6 for key, value in content.items()}
        savemat(folder / "1_20131027.mat", content, do_compression=True)
    return tmp_path


def frames(root, spec=SPEC, **options):
    dataset = SeedFeatures(**options)
    return list(dataset.frames(dataset.sources(root)[0], spec))


def test_channels_and_bands_are_picked_in_the_order_of_the_spec(root):
    trial = frames(root)[6]
    t8, t7 = SEED_CHANNELS.index("T8"), SEED_CHANNELS.index("T7")
    expected = [[1000 * t8 + 20 + 3, 1000 * t7 + 20 + 3], [1000 * t8 + 20 + 4, 1000 * t7 + 20 + 4]]
    assert np.allclose(trial.values[2], np.array(expected) + 0.07)
    assert (trial.stimulus, trial.label) == ("clip07", CLIP_LABELS[6] + 1)


def test_pairs_come_from_the_file_in_the_order_of_the_columns(root):
    spec = SPEC.model_copy(update={"ch_names": ("FT7", "T7", "T8", "FT8", "TP7", "TP8"), "pairs": ("dasm", "dcau")})
    values = frames(root, spec)[0].values
    names = spec.columns
    assert values.shape == (N_WINDOWS, 2, len(names))
    assert values[0, 0, names.index("dasm T7-T8")] == pytest.approx(1000 * 10 + 3.01)
    assert values[0, 0, names.index("dcau FT8-TP8")] == pytest.approx(1000 * 8 + 3.01)


def test_the_window_of_the_spec_chooses_the_folder(root):
    four = SPEC.model_copy(update={"window_s": 4.0, "hop_s": 4.0})
    assert frames(root, four)[0].values.min() > 1e6 > frames(root)[0].values.max()


def test_the_smoothing_is_an_option(root):
    one, other = frames(root), frames(root, smoothing="LDS")
    assert np.allclose(other[0].values - one[0].values, 0.5, atol=1e-2)


def test_density_becomes_decibel(root):
    psd = frames(root, SPEC.model_copy(update={"kind": "psd"}))[0].values
    assert np.allclose(psd, 10 * np.log10(frames(root)[0].values))


def test_windows_say_that_no_live_stream_can_give_them(root):
    windows = load_windows("seed-features", root, SPEC)
    assert not windows.dataset.live
    assert windows.features.shape == (45, 2, 2, 3)
    assert ("smoothing", "movingAve") in windows.dataset.options


def test_signals_are_not_made_up(root):
    with pytest.raises(DatasetError, match="holds features, not signals"):
        list(SeedFeatures().recordings(root))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hop_s": 0.5}, "windows of 1 s side by side"),
        ({"ch_names": ("T7", "Iz")}, "no channel Iz"),
        ({"bands": (THETA._replace(high=7.0),)}, r"band theta \(4-7 Hz\)"),
    ],
)
def test_what_the_authors_did_not_compute_is_refused(root, change, message):
    with pytest.raises(DatasetError, match=message):
        frames(root, SPEC.model_copy(update=change))


def test_a_frame_that_is_no_number_is_not_trusted(root):
    content = features(15, ROWS)
    content["de_movingAve1"][SEED_CHANNELS.index("T7"), 2, 3] = np.nan
    savemat(root / "ExtractedFeatures" / "1_20131027.mat", content)
    assert frames(root)[0].ok.tolist() == [True, True, False, True, True]


@pytest.mark.parametrize(
    ("change", "message"),
    [({"de_movingAve3": None}, "no variable 'de_movingAve3'"), ({"de_movingAve3": np.ones((61, 5, 5))}, r"\(61, 5, 5\)")],
)
def test_a_file_with_other_variables_or_shapes_is_named(root, change, message):
    content = {key: value for key, value in (features(15, ["de"]) | change).items() if value is not None}
    savemat(root / "ExtractedFeatures" / "1_20131027.mat", content)
    with pytest.raises(DatasetError, match=message):
        frames(root)


def test_seed_iv_has_windows_of_four_seconds_and_no_pairs(tmp_path):
    for session in (1, 2, 3):
        folder = tmp_path / "eeg_feature_smooth" / str(session)
        folder.mkdir(parents=True)
        (folder / "SIMULATED.txt").touch()
        savemat(folder / f"1_2016051{session}.mat", features(24, ["de", "psd"]))
    spec = SPEC.model_copy(update={"window_s": 4.0, "hop_s": 4.0, "bands": SEED_BANDS})
    windows = load_windows("seed-iv-features", tmp_path, spec)
    assert len(windows.stimulus_names) == 72
    assert windows.features.shape == (216, 5, 2, 3)
    with pytest.raises(DatasetError, match="holds no dasm"):
        load_windows("seed-iv-features", tmp_path, spec.model_copy(update={"pairs": ("dasm",)}))
    assert SeedIVFeatures().class_names == ("neutral", "sad", "fear", "happy")


class TestSeedV:
    spec = SPEC.model_copy(update={"window_s": 4.0, "hop_s": 4.0})

    @pytest.fixture
    def content(self):
        data = {k: numbered(62, k).transpose(1, 0, 2).reshape(N_WINDOWS, 310) for k in range(45)}
        labels = {k: np.full(N_WINDOWS, CLIP_LABELS_V[k // 15][k % 15]) for k in range(45)}
        return data, labels

    def write(self, folder, data, labels):
        (folder / "EEG_DE_features").mkdir(exist_ok=True)
        np.savez(folder / "EEG_DE_features" / "1_123.npz", data=pickle.dumps(data), label=pickle.dumps(labels))

    def test_features_are_laid_out_channel_by_channel(self, tmp_path, content):
        self.write(tmp_path, *content)
        found = list(SeedVFeatures().frames(SeedVFeatures().sources(tmp_path)[0], self.spec))
        assert len(found) == 45
        t8 = SEED_CHANNELS.index("T8")
        assert found[17].values[1, 0, 0] == pytest.approx(1000 * t8 + 10 + 3 + 0.17)
        assert (found[17].session, found[17].stimulus, found[17].label) == (2, "s2clip03", 3)

    def test_other_labels_than_the_published_ones_are_refused(self, tmp_path, content):
        data, labels = content
        self.write(tmp_path, data, labels | {4: np.array([1.0])})
        with pytest.raises(DatasetError, match=r"trial 4, is \[1\.0\]; published is 0"):
            load_windows("seed-v-features", tmp_path, self.spec)

    def test_a_pickle_that_would_run_something_is_refused(self, tmp_path, content):
        self.write(tmp_path, print, content[1])
        with pytest.raises(DatasetError, match="no readable 'data' and 'label'"):
            load_windows("seed-v-features", tmp_path, self.spec)

    def test_a_trial_of_another_width_is_named(self, tmp_path, content):
        data, labels = content
        self.write(tmp_path, data | {3: np.ones((5, 300))}, labels)
        with pytest.raises(DatasetError, match=r"trial 3, is float64 \(5, 300\)"):
            load_windows("seed-v-features", tmp_path, self.spec)


def test_a_truncated_file_is_refused_by_name(root):
    path = root / "ExtractedFeatures" / "1_20131027.mat"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DatasetError, match=r"1_20131027\.mat"):
        frames(root)


def test_a_truncated_archive_of_seed_v_is_refused_by_name(tmp_path):
    (tmp_path / "EEG_DE_features").mkdir()
    path = tmp_path / "EEG_DE_features" / "1_123.npz"
    np.savez(path, data=pickle.dumps({}), label=pickle.dumps({}))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DatasetError, match=r"1_123\.npz"):
        load_windows("seed-v-features", tmp_path, SPEC.model_copy(update={"window_s": 4.0, "hop_s": 4.0}))
