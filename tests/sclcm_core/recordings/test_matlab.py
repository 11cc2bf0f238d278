"""MATLAB files of SEED: by the numbers in their keys, checked, one trial at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from sclcm_core.errors import RecordingError
from sclcm_core.montage import SEED_CHANNELS
from sclcm_core.recordings import list_trials, read_recording
from sclcm_core.recordings.matlab_v5 import MatlabError, list_variables, load_numbers, look_through
from sclcm_core.simulation import write_seed


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_seed(tmp_path_factory.mktemp("seed"), n_subjects=1, clip_s=1.0)[0]


def test_a_trial_of_seed_has_its_channels_rate_and_label(seed: Path) -> None:
    recording = read_recording(seed, trial=3)
    assert recording.spec.ch_names == SEED_CHANNELS and recording.spec.sfreq == 200.0 and recording.simulated
    assert recording.n_samples == 201 and [marker.text for marker in recording.markers] == ["negative"]
    assert list_trials(seed) == tuple(str(k) for k in range(1, 16))


def test_the_samples_are_those_of_the_file(seed: Path) -> None:
    content = scipy.io.loadmat(seed)
    key = next(name for name in content if name.endswith("_eeg12"))
    assert np.array_equal(read_recording(seed, trial=12).samples, content[key].T.astype(np.float32))


def test_trials_are_found_by_their_number_and_not_by_their_order(small_files: dict[str, Path]) -> None:
    assert list_trials(small_files[".mat"]) == ("1", "2", "10")
    offsets = [read_recording(small_files[".mat"], trial=k).samples[:, 40].mean() for k in (1, 2, 10)]
    assert offsets == [1.0, 2.0, 10.0]


def test_without_labels_a_trial_is_called_by_its_number(small_files: dict[str, Path]) -> None:
    assert [marker.text for marker in read_recording(small_files[".mat"], trial=2).markers] == ["trial 2"]


def test_damaged_labels_beside_the_file_are_told(seed: Path, tmp_path: Path) -> None:
    path = tmp_path / seed.name
    path.write_bytes(seed.read_bytes())
    (tmp_path / "label.mat").write_bytes(b"no labels")
    with pytest.raises(RecordingError, match=r"label.mat' does not tell the label of trial 1\. Copy"):
        read_recording(path, trial=1)


@pytest.mark.parametrize(
    ("content", "beat"),
    [
        ({"abc_eeg1": np.zeros((32, 400))}, r"'abc_eeg1' of .* float64 \(32, 400\) instead of numbers \(62, times\)"),
        ({"abc_eeg1": np.zeros((62, 4, 4))}, r"\(62, 4, 4\) instead"),
        ({"abc_eeg1": np.zeros((62, 0))}, "holds no signal"),
        ({"abc_eeg1": "words"}, "holds no numbers"),
        ({"x": 1.0, "y": 2.0}, "holds x, y. Files of SEED"),
        ({"data": np.zeros((4, 32, 500)), "labels": np.zeros((4, 4))}, r"'data' of .*\(4, 32, 500\)"),
    ],
)
def test_a_file_of_something_else_is_told_by_field_and_shape(content: dict[str, object], beat: str, tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "a.mat", content)
    with pytest.raises(RecordingError, match=beat):
        read_recording(tmp_path / "a.mat", trial=1)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("kind", ["f8", "f4", "i2", "u1", "i8"])
def test_numbers_are_read_as_scipy_reads_them(kind: str, packed: bool, tmp_path: Path, rng: np.random.Generator) -> None:
    values = (100 * rng.standard_normal((5, 3, 7))).astype(kind)
    scipy.io.savemat(tmp_path / "a.mat", {"values": values, "one": 3.0}, do_compression=packed)
    variables = list_variables(tmp_path / "a.mat")
    read = load_numbers(tmp_path / "a.mat", variables["values"])
    assert np.array_equal(read, scipy.io.loadmat(tmp_path / "a.mat")["values"]) and read.dtype == np.dtype(kind)
    assert load_numbers(tmp_path / "a.mat", variables["one"]).tolist() == [[3.0]]


@pytest.mark.parametrize("share", [0.3, 0.7, 0.999])
@pytest.mark.parametrize("packed", [True, False])
def test_a_cut_file_is_refused_though_its_first_variables_are_whole(share: float, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    scipy.io.savemat(
        path, {f"a_eeg{k}": np.random.default_rng(k).standard_normal((62, 50)) for k in range(3)}, do_compression=packed
    )
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(RecordingError, match="cut short"):
        read_recording(path, trial="0")


def test_structures_and_cells_are_looked_through(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "a.mat", {"s": {"a": 1.0, "b": {"c": "words"}}, "c": np.array([[1, "x"]], dtype=object)})
    look_through(tmp_path / "a.mat")
    assert list_variables(tmp_path / "a.mat")["s"].kind is None


def test_format_7_3_names_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x89HDF" * 100)
    with pytest.raises(MatlabError, match="save it again with the option '-v7'"):
        list_variables(tmp_path / "a.mat")
