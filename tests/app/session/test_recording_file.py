"""One file for several recorders."""

import threading
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from app.session.recorded_session import read_session, read_sessions
from app.session.recorder import Recorder
from app.session.recording_file import OwnFiles, SharedFile
from app.session.session import Session, SessionSettings
from app.session.xdf_text import StreamHeader
from app.session.xdf_writer import XdfWriter
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.pipeline import WindowPolicy
from tests.app.session.array_source import ArraySource
from tests.app.session.test_xdf_writer import load
from tests.tiny_bundle import write_bundle

EVERY = SessionSettings(policy=WindowPolicy.EVERY)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(write_bundle(tmp_path_factory.mktemp("bundle")))


def a_shared_file(folder: Path) -> SharedFile:
    return SharedFile(OwnFiles(folder, now=lambda: datetime(2026, 1, 2)))


def test_writers_of_one_file_write_at_once_and_every_sample_comes_back(tmp_path: Path) -> None:
    shared = a_shared_file(tmp_path)

    def write(writer: XdfWriter, first: float) -> None:
        stream = writer.add_stream(StreamHeader(f"from {first:g}", "EEG", "float32", ("a", "b"), 100.0))
        for batch in range(200):
            numbers = first + np.arange(batch * 5, batch * 5 + 5)
            writer.numbers(stream, numbers / 100.0, np.stack([numbers, -numbers], axis=1))
            writer.boundary() if batch % 20 == 0 else writer.commit()
        writer.close()

    writers = [XdfWriter(shared.open()[0]) for _ in range(4)]
    threads = [threading.Thread(target=write, args=(writer, 10_000.0 * k)) for k, writer in enumerate(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    streams = load(next(tmp_path.glob("*.xdf")).read_bytes())
    assert len(streams) == 4
    for stream in streams:
        first = float(stream["info"]["name"][0].removeprefix("from "))
        np.testing.assert_array_equal(stream["time_series"][:, 0], (first + np.arange(1000)).astype(np.float32))


def run_two(bundle: Bundle, folder: Path, seeds: tuple[int | None, int | None]) -> list[np.ndarray]:
    """Record two people one beside the other; None is somebody whose stream never opens."""
    shared, kept, running = a_shared_file(folder), [], []
    for name, seed in zip(("ada", "bo"), seeds, strict=True):
        samples = np.random.default_rng(seed).normal(0.0, 20.0, (900, 2)).astype(np.float32)
        session = Session(ArraySource(samples, chunk=16), bundle, EVERY)
        recorder = Recorder(session, folder, person=name, place=shared)
        recorder.start()
        running.append((session, recorder, seed))
        kept.append(samples)
    for session, _, seed in running:
        if seed is not None:
            session.start()
    for session, recorder, seed in running:
        assert seed is None or session.wait(20)
        session.stop()
        recorder.stop()
    return kept


def test_two_recorders_leave_one_file_with_the_samples_of_each(bundle: Bundle, tmp_path: Path) -> None:
    kept = run_two(bundle, tmp_path, (1, 2))
    (path,) = tmp_path.iterdir()
    found = read_sessions(path)
    assert [session.header.person for session in found] == ["ada", "bo"]
    for session, samples in zip(found, kept, strict=True):
        assert session.samples.tobytes() == samples.tobytes() and session.predictions and session.n_cut == 0


def test_somebody_whose_stream_never_came_is_not_in_the_file(bundle: Bundle, tmp_path: Path) -> None:
    run_two(bundle, tmp_path, (None, 2))
    (path,) = tmp_path.iterdir()
    assert read_session(path).header.person == "bo"


def test_of_two_streams_that_never_came_nothing_is_left(bundle: Bundle, tmp_path: Path) -> None:
    run_two(bundle, tmp_path, (None, None))
    assert not list(tmp_path.iterdir())


def test_a_file_that_all_have_left_is_not_taken_up_again(tmp_path: Path) -> None:
    shared = a_shared_file(tmp_path)
    writer = XdfWriter(shared.open()[0])
    first = shared.open()[1]
    writer.close()
    file, second = shared.open()
    XdfWriter(file).close()
    assert second != first


@pytest.mark.parametrize("cut", [0.5, 0.8, 0.95])
def test_a_cut_file_of_two_people_is_a_shorter_one(bundle: Bundle, tmp_path: Path, cut: float) -> None:
    kept = run_two(bundle, tmp_path, (1, 2))
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    path.write_bytes(content[: int(cut * len(content))])
    for session in read_sessions(path):
        samples = kept[0 if session.header.person == "ada" else 1]
        assert session.samples.tobytes() == samples[: len(session.samples)].tobytes()
