"""Files that are whole but say the strangest things give a recording or a clear error, never anything else."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import scipy.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sclcm_core.errors import RecordingError
from sclcm_core.recordings import list_trials, read_recording
from tests.sclcm_core.recordings import forge

QUIETLY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

words = st.one_of(
    st.text(max_size=10),
    st.sampled_from(
        ["T7", "t8", "timestamps", "time", "", " ", "EEG T3", "marker", "Timestamp", "Sample Index", "µV", "🙂", "nan"]
    ),
)
values = st.one_of(st.floats(width=32), st.sampled_from([0.0, np.nan, np.inf, -np.inf, 1e30, -1e-30, 1e9, 0.004]))
even = (1000.0 + np.arange(200) / 128.0).tolist()
stamps = st.one_of(
    st.just(even),
    st.tuples(st.integers(0, 199), values).map(lambda p: [*even[: p[0]], p[1], *even[p[0] + 1 :]]),
    st.lists(values, min_size=0, max_size=80),
    st.tuples(values, st.sampled_from([0.004, 1e-9, -0.01, 1e6, np.nan])).map(lambda p: (p[0] + p[1] * np.arange(70)).tolist()),
)


def assert_read_or_refused(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            trials = list_trials(path)
            recording = read_recording(path, trial=trials[0] if trials else None)
        except RecordingError as error:
            assert str(path) in str(error) and error.remedy
            return
    n_samples, n_channels = recording.samples.shape
    assert n_samples == len(recording.timestamps) > 0 and n_channels == len(recording.spec.ch_names) > 0
    assert not np.isinf(recording.samples).any() and np.all(np.diff(recording.timestamps) > 0)
    assert 1.0 <= recording.spec.sfreq <= 100_000.0


@QUIETLY
@given(
    header=st.lists(words, min_size=1, max_size=5),
    rows=st.lists(st.lists(st.one_of(values, words), max_size=6), max_size=40),
    delimiter=st.sampled_from([",", ";", "\t"]),
    suffix=st.sampled_from([".csv", ".txt"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
)
def test_tables_of_anything(
    header: list[str], rows: list[list[object]], delimiter: str, suffix: str, encoding: str, tmp_path: Path
) -> None:
    lines = [delimiter.join(header), *(delimiter.join(map(str, row)) for row in rows)]
    path = tmp_path / f"a{suffix}"
    path.write_bytes("\n".join(lines).encode(encoding, errors="replace"))
    assert_read_or_refused(path)


@QUIETLY
@given(times=stamps, columns=st.lists(values, min_size=2, max_size=3), scale=values)
def test_tables_with_times_of_any_kind(times: list[float], columns: list[float], scale: float, tmp_path: Path) -> None:
    names = ["timestamps", "T7", "T8", "AUX"][: len(columns) + 1]
    with np.errstate(all="ignore"):
        rows = [
            ",".join(map(repr, [t, *(float(np.float64(c) + k * np.float64(scale)) for c in columns)]))
            for k, t in enumerate(times)
        ]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([",".join(names), *rows]), encoding="utf-8")
    assert_read_or_refused(path)


@QUIETLY
@given(
    times=stamps,
    channels=st.lists(st.tuples(words, words), min_size=1, max_size=4),
    sfreq=st.one_of(values, st.sampled_from([0.0, 128.0, 250.0])),
    kind=st.one_of(st.just("EEG"), st.just("EEG"), words),
    form=st.sampled_from(["float32"] * 5 + ["double64", "int16", "string", "float99", ""]),
    value=values,
)
def test_xdf_streams_of_any_description(
    times: list[float], channels: list[tuple[str, str]], sfreq: float, kind: str, form: str, value: float, tmp_path: Path
) -> None:
    said = [(escape(label), escape(unit)) for label, unit in channels]
    rows = np.full((len(times), len(channels)), value, dtype=np.float32)
    parts = [b"XDF:", forge.xdf_header(1, escape(kind), escape(kind), said, sfreq, form)]
    parts += [forge.xdf_samples(1, np.array(times), rows)] if times else []
    path = tmp_path / "a.xdf"
    path.write_bytes(b"".join(parts))
    assert_read_or_refused(path)


numbers = arrays(
    st.sampled_from([np.float64, np.float32, np.int16, np.uint8, np.bool_, np.complex64]),
    array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6),
)
fields = st.sampled_from(["data", "labels", "label", "djc_eeg1", "ww_eeg10", "eeg_15", "x"])
contents = st.dictionaries(
    fields, st.one_of(numbers, words, st.floats(), st.lists(st.integers(-(2**31), 2**31), max_size=3)), max_size=4
)


@QUIETLY
@given(content=contents, is_packed=st.booleans(), n_times=st.integers(0, 400), value=values)
def test_mat_files_of_any_variables(
    content: dict[str, object], is_packed: bool, n_times: int, value: float, tmp_path: Path
) -> None:
    path = tmp_path / "a.mat"
    for more in ({}, {"a_eeg1": np.full((62, n_times), value)}):
        scipy.io.savemat(path, content | more, do_compression=is_packed)
        assert_read_or_refused(path)


@QUIETLY
@given(
    content=st.one_of(contents, st.lists(words), st.none(), numbers),
    shape=st.tuples(st.integers(0, 2), st.sampled_from([0, 32, 40]), st.integers(0, 300)),
    value=values,
    protocol=st.integers(1, 5),
)
def test_pickles_of_any_plain_content(
    content: object, shape: tuple[int, int, int], value: float, protocol: int, tmp_path: Path
) -> None:
    path = tmp_path / "s01.dat"
    deap = {"data": np.full(shape, value), "labels": np.full((shape[0], 4), value)}
    for whole in (content, deap):
        path.write_bytes(pickle.dumps(whole, protocol))
        assert_read_or_refused(path)
