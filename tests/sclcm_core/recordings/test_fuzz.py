"""Damage of any kind gives a recording or a clear error, never anything else."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sclcm_core.errors import RecordingError
from sclcm_core.recordings import Recording, list_trials, read_recording

COMPANIONS = (".eeg", ".vmrk")
SUFFIXES = (".edf", ".bdf", ".fif", ".set", ".vhdr", *COMPANIONS, ".xdf", ".xdfz", ".csv", ".txt", ".npz", ".mat", ".dat")

flips = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 7)), min_size=1, max_size=4)
replaced = st.tuples(st.floats(0, 1), st.sampled_from([b"\xff" * 4, b"\x00" * 8, b"\x7f", b"", b"9" * 12]))


def damaged(content: bytes, damage: tuple[str, object], front: float) -> bytes:
    """Apply a damage; places are shares of the first `front` of the file, where most formats keep their structure."""
    kind, what = damage
    reach = max(64, int(front * len(content)))
    data = bytearray(content)
    if kind == "cut":
        return content[: int(what * len(content))]  # type: ignore[operator]
    if kind == "flip":
        for place, bit in what:  # type: ignore[attr-defined]
            data[min(int(place * reach), len(data) - 1)] ^= 1 << bit
        return bytes(data)
    place, new = what  # type: ignore[misc]
    at = int(place * reach)
    return bytes(data[:at]) + new + bytes(data[at + max(len(new), 3) :])


damages = st.one_of(
    st.tuples(st.just("cut"), st.floats(0, 1)), st.tuples(st.just("flip"), flips), st.tuples(st.just("replace"), replaced)
)


def copied(files: dict[str, Path], suffix: str, folder: Path) -> tuple[Path, Path]:
    """Copy a small file with its companions; return what to damage and what to read."""
    source = files[".vhdr" if suffix in COMPANIONS else suffix]
    for name in {source.name} | ({"small.eeg", "small.vmrk"} if source.suffix == ".vhdr" else set()):
        shutil.copy(source.with_name(name), folder / name)
    opened = folder / source.name
    return (opened.with_suffix(suffix) if suffix in COMPANIONS else opened), opened


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=damages, front=st.sampled_from([0.02, 0.2, 1.0]))
def test_damage_gives_a_recording_or_a_clear_error(
    suffix: str, damage: tuple[str, object], front: float, small_files: dict[str, Path], tmp_path: Path
) -> None:
    victim, opened = copied(small_files, suffix, tmp_path)
    victim.write_bytes(damaged(victim.read_bytes(), damage, front))
    try:
        trials = list_trials(opened)
        recording = read_recording(opened, trial=trials[0] if trials else None)
    except RecordingError as error:
        assert str(tmp_path) in str(error) and error.remedy
    else:
        assert_sound(recording)


def assert_sound(recording: Recording) -> None:
    n, n_channels = recording.samples.shape
    assert n == len(recording.timestamps) > 0 and n_channels == recording.spec.n_channels > 0
    assert recording.samples.dtype == np.float32 and not np.isinf(recording.samples).any()
    assert 1.0 <= recording.spec.sfreq <= 100_000.0 and np.all(np.diff(recording.timestamps) > 0)
    assert all(np.isfinite((marker.t, marker.duration_s)).all() for marker in recording.markers)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(min_size=1, max_size=400), suffix=st.sampled_from([s for s in SUFFIXES if s not in COMPANIONS]))
def test_noise_under_any_suffix_gives_a_clear_error(content: bytes, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(RecordingError):
        read_recording(path)
