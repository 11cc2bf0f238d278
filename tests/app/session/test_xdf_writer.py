import io
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyxdf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.session.xdf_text import StreamHeader
from app.session.xdf_writer import BOUNDARY, BatchFile, NewFile, XdfWriter

EEG = StreamHeader("Cap", "EEG", "float32", ("T7", "T8"), 128.0, "microvolts", ("EEG", "EEG"), "cap-1", {"model": "tiny"})
TEXT = StreamHeader("Notes", "Markers", "string", ("marker",))


class MemoryFile:
    """Remembers every byte in the order in which it was written; can be full."""

    def __init__(self, room: float = float("inf"), *, keeps_states: bool = False) -> None:
        self.content = bytearray()
        self.states: list[bytes] = []
        self.room = room
        self.keeps_states = keeps_states
        self.is_closed = False

    def write_at(self, data: bytes, position: int) -> None:
        for offset, byte in enumerate(data):
            at = position + offset
            if at >= self.room:
                raise OSError(28, "No space left on device")
            if at == len(self.content):
                self.content.append(byte)
            else:
                self.content[at] = byte
            if self.keeps_states:
                self.states.append(bytes(self.content))

    def truncate(self, length: int) -> None:
        del self.content[length:]

    def sync(self) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True


def load(data: bytes) -> list[Any]:
    with np.errstate(all="ignore"):
        streams, _ = pyxdf.load_xdf(io.BytesIO(data), synchronize_clocks=False, dejitter_timestamps=False)
    return streams


def write_some(file: Any, n_batches: int = 4, n_samples: int = 3) -> XdfWriter:
    """Two streams; channel 0 counts the samples."""
    writer = XdfWriter(BatchFile(file))
    eeg, notes = writer.add_stream(EEG), writer.add_stream(TEXT)
    writer.clock_offset(eeg, 0.0, 0.0)
    writer.commit()
    for batch in range(n_batches):
        writer.boundary()
        numbers = np.arange(batch * n_samples, (batch + 1) * n_samples)
        writer.numbers(eeg, numbers / 128.0, np.stack([numbers, -numbers], axis=1))
        writer.texts(notes, np.array([numbers[0] / 128.0]), [(f"batch {batch}",)])
        writer.commit()
    return writer


def test_pyxdf_reads_what_was_written() -> None:
    file = MemoryFile()
    write_some(file).close()
    eeg, notes = load(bytes(file.content))
    assert eeg["time_series"].dtype == np.float32
    assert eeg["time_series"].tolist() == [[k, -k] for k in range(12)]
    assert eeg["time_stamps"].tolist() == [k / 128.0 for k in range(12)]
    assert notes["time_series"] == [[f"batch {k}"] for k in range(4)]
    info = eeg["info"]
    assert (info["name"], info["type"], info["source_id"]) == (["Cap"], ["EEG"], ["cap-1"])
    assert float(info["nominal_srate"][0]) == 128.0
    channels = info["desc"][0]["channels"][0]["channel"]
    assert [c["label"][0] for c in channels] == ["T7", "T8"] and channels[0]["unit"] == ["microvolts"]
    assert info["desc"][0]["model"] == ["tiny"]
    footer = eeg["footer"]["info"]
    assert (footer["sample_count"], footer["first_timestamp"], footer["last_timestamp"]) == (["12"], ["0.0"], ["0.0859375"])


def test_pyxdf_leaves_the_stamps_alone_when_it_synchronises_clocks() -> None:
    file = MemoryFile()
    write_some(file).close()
    streams, _ = pyxdf.load_xdf(io.BytesIO(bytes(file.content)), dejitter_timestamps=False)
    assert streams[0]["time_stamps"].tolist() == [k / 128.0 for k in range(12)]


@given(st.data())
@settings(max_examples=20, deadline=None)
def test_every_bit_of_numbers_and_stamps_survives(data: st.DataObject) -> None:
    n_samples = data.draw(st.integers(1, 300))
    bits = np.random.default_rng(data.draw(st.integers(0, 2**32))).integers(0, 2**32, (n_samples, 2), dtype=np.uint32)
    values = bits.view(np.float32)
    stamps = np.array(data.draw(st.lists(st.floats(allow_nan=False), min_size=n_samples, max_size=n_samples)))
    file = MemoryFile()
    writer = XdfWriter(BatchFile(file))
    writer.numbers(writer.add_stream(EEG), stamps, values)
    writer.close()
    found = load(bytes(file.content))[0]
    assert found["time_series"].tobytes() == values.tobytes() and found["time_stamps"].tobytes() == stamps.tobytes()


@given(texts=st.lists(st.text(max_size=300), min_size=1, max_size=4), name=st.text(max_size=20))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_can_be_written_and_any_name(texts: list[str], name: str) -> None:
    file = MemoryFile()
    writer = XdfWriter(BatchFile(file))
    stream = writer.add_stream(StreamHeader(name, "Markers", "string", (name,), notes={"note": name}))
    writer.texts(stream, np.arange(len(texts), dtype=float), [(text,) for text in texts])
    writer.close()
    assert load(bytes(file.content))[0]["time_series"] == [[text.encode("utf-8", "replace").decode()] for text in texts]


def test_whole_numbers_of_64_bits_survive() -> None:
    file = MemoryFile()
    writer = XdfWriter(BatchFile(file))
    stream = writer.add_stream(StreamHeader("Gaps", "gaps", "int64", ("first", "n")))
    writer.numbers(stream, np.zeros(1), np.array([[2**53 + 1, -(2**62)]]))
    writer.close()
    assert load(bytes(file.content))[0]["time_series"].tolist() == [[2**53 + 1, -(2**62)]]


def test_killed_after_any_byte_the_file_holds_all_that_was_committed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    file = MemoryFile(keeps_states=True)
    write_some(file)
    n_header = next(k for k, state in enumerate(file.states) if BOUNDARY in state) - 20
    counts = []
    for state in file.states[n_header:]:
        eeg, notes = load(state)
        assert eeg["time_series"][:, 0].tolist() == list(range(len(eeg["time_series"])))
        assert len(notes["time_series"]) == len(eeg["time_series"]) / 3, "a commit is there as a whole or not at all"
        counts.append(len(eeg["time_series"]))
    assert counts == sorted(counts) and set(counts) == {0, 3, 6, 9, 12}


def test_cut_at_any_byte_the_whole_part_is_read(tmp_path: Path) -> None:
    from sclcm_core.recordings.xdf_chunks import whole_chunks

    file, path = MemoryFile(), tmp_path / "a.xdf"
    write_some(file, n_batches=2, n_samples=2).close()
    content = bytes(file.content)
    seen = set()
    for stop in range(content.index(BOUNDARY), len(content) + 1):
        path.write_bytes(content[:stop])
        eeg = load(whole_chunks(path).whole)[0]
        assert eeg["time_series"][:, 0].tolist() == list(range(len(eeg["time_series"])))
        seen.add(len(eeg["time_series"]))
    assert seen == {0, 2, 4}


def test_a_full_disk_costs_the_last_batch_only() -> None:
    for room in range(1200, 1900, 7):
        file = MemoryFile(room)
        try:
            write_some(file, n_batches=30)
        except OSError as error:
            assert error.errno == 28
        streams = load(bytes(file.content))
        if len(streams) == 2:
            assert streams[0]["time_series"][:, 0].tolist() == list(range(len(streams[0]["time_series"])))
            assert len(streams[1]["time_series"]) == len(streams[0]["time_series"]) / 3


def test_a_new_file_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "a.xdf").write_text("precious")
    with pytest.raises(FileExistsError):
        NewFile(tmp_path / "a.xdf")
    assert (tmp_path / "a.xdf").read_text() == "precious"


CHILD = """
import itertools, resource, signal, sys
from pathlib import Path
import numpy as np
from app.session.xdf_writer import BatchFile, NewFile, XdfWriter
from app.session.xdf_text import StreamHeader
if len(sys.argv) > 2:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
writer = XdfWriter(BatchFile(NewFile(Path(sys.argv[1]))))
stream = writer.add_stream(StreamHeader("Cap", "EEG", "float32", tuple(f"C{k}" for k in range(64)), 1000.0))
writer.commit()
print("ready", flush=True)
for batch in itertools.count():
    numbers = np.arange(batch * 100, batch * 100 + 100)
    writer.numbers(stream, numbers / 1000.0, np.repeat(numbers[:, None], 64, axis=1))
    writer.boundary()
    writer.commit()
"""


def child(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, *arguments]
    root = Path(__file__).parents[3]
    return subprocess.Popen(command, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.1])
def test_a_process_that_is_killed_leaves_a_readable_file(tmp_path: Path, after_s: float) -> None:
    path = tmp_path / "a.xdf"
    with child(str(path)) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
    eeg = load(path.read_bytes())[0]
    numbers = eeg["time_series"][:, 0]
    assert len(numbers) % 100 == 0
    np.testing.assert_array_equal(numbers, np.arange(len(numbers), dtype=np.float32))


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limits")
def test_when_the_system_takes_no_more_the_file_ends_with_the_last_commit(tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    with child(str(path), "100000") as process:
        _, errors = process.communicate(timeout=30)
    assert "OSError" in errors
    eeg = load(path.read_bytes())[0]
    assert len(eeg["time_series"]) == 300
    assert os.path.getsize(path) < 100_000  # noqa: PTH202


def test_committing_nothing_writes_nothing() -> None:
    file = MemoryFile()
    writer = XdfWriter(BatchFile(file))
    before = len(file.content)
    writer.commit()
    writer.numbers(writer.add_stream(EEG), np.zeros(0), np.zeros((0, 2)))
    assert len(file.content) == before
    writer.close()
    writer.close()
    assert file.is_closed


def test_large_chunks_get_long_lengths() -> None:
    file = MemoryFile()
    writer = XdfWriter(BatchFile(file))
    stream = writer.add_stream(EEG)
    values = np.arange(600.0).reshape(300, 2)
    writer.numbers(stream, np.arange(300.0), values)
    writer.close()
    np.testing.assert_array_equal(load(bytes(file.content))[0]["time_series"], values.astype(np.float32))
