"""csv and OpenBCI text: times, markers, losses, dialects and damaged fields."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sclcm_core.errors import RecordingError
from sclcm_core.recordings import read_recording
from tests.sclcm_core.recordings.forge import csv_text, even_stamps, openbci_text, small_samples


def written(tmp_path: Path, text: str, name: str = "a.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_missing_rows_are_lost_samples(tmp_path: Path) -> None:
    kept = np.r_[0:200, 300:512]
    recording = read_recording(written(tmp_path, csv_text(small_samples()[kept], even_stamps()[kept])))
    assert np.array_equal(np.flatnonzero(np.isnan(recording.samples[:, 0])), np.arange(200, 300))
    assert recording.started_at == 1000.0


def test_a_semicolon_table_with_decimal_commas_is_understood(tmp_path: Path) -> None:
    text = csv_text(small_samples(), even_stamps()).replace(",", ";").replace(".", ",")
    assert np.abs(read_recording(written(tmp_path, text)).samples - small_samples()).max() < 1e-3


def test_tabs_comments_quotes_and_a_byte_order_mark_are_understood(tmp_path: Path) -> None:
    text = "\ufeff# made by hand\n" + csv_text(small_samples(), even_stamps()).replace("T7", '"T7"').replace(",", "\t")
    recording = read_recording(written(tmp_path, text))
    assert recording.spec.ch_names == ("T7", "T8", "O1") and recording.n_samples == 512


@pytest.mark.parametrize(
    ("name", "written_as"),
    [
        ("time_ms", lambda t: f"{t * 1e3:.3f}"),
        ("Timestamp (us)", lambda t: f"{t * 1e6:.1f}"),
        ("time [s]", lambda t: f"{t:.6f}"),
        ("timestamp", lambda t: f"2026-11-21 10:{int(t // 60):02d}:{t % 60:09.6f}"),
        ("Time", lambda t: f"2026-11-21T10:{int(t // 60):02d}:{t % 60:09.6f}Z"),
    ],
)
def test_times_may_be_in_other_units_or_dates(tmp_path: Path, name: str, written_as: Callable[[float], str]) -> None:
    stamps, samples = even_stamps() - 1000.0 + 55.0, small_samples()
    rows = [f"{written_as(t)},{a:.5f}" for t, (a, _, _) in zip(stamps, samples, strict=True)]
    recording = read_recording(written(tmp_path, f"{name},T7\n" + "\n".join(rows)))
    assert recording.spec.ch_names == ("T7",) and recording.spec.sfreq == 128.0 and recording.markers == ()
    np.testing.assert_allclose(recording.samples[:, 0], samples[:, 0], atol=1e-4)


def test_a_column_of_words_becomes_markers_whenever_it_changes(tmp_path: Path) -> None:
    words = [""] * 100 + ["happy"] * 200 + ["sad"] * 212
    rows = [f"{t:.5f},{a},{word}" for t, (a, _, _), word in zip(even_stamps(), small_samples(), words, strict=True)]
    recording = read_recording(written(tmp_path, "time,T7,state\n" + "\n".join(rows)))
    assert recording.spec.ch_names == ("T7",)
    assert [(round(marker.t * 128), marker.text) for marker in recording.markers] == [(100, "happy"), (300, "sad")]


def test_fields_that_are_no_numbers_are_lost_and_counted(tmp_path: Path) -> None:
    lines = csv_text(small_samples(), even_stamps()).splitlines()
    lines[50] = lines[50].replace(lines[50].split(",")[1], "oops")
    recording = read_recording(written(tmp_path, "\n".join(lines)))
    assert np.argwhere(np.isnan(recording.samples)).tolist() == [[49, 0]]
    assert "1 fields hold no number" in recording.notes[0]


@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_an_incomplete_last_row_is_left_out_with_a_note(name: str, tmp_path: Path) -> None:
    text = csv_text(small_samples(), even_stamps()) if name == "a.csv" else openbci_text(small_samples())
    recording = read_recording(written(tmp_path, text[: text.rindex(",") - 25], name))
    assert recording.n_samples == 511 and "last row is incomplete" in recording.notes[0]


@pytest.mark.parametrize(
    ("text", "beat"),
    [
        ("a,b,c\n1,2,3\n", "no column of times; its columns are a, b, c. Name a column"),
        ("timestamps,T7\n", "no table .it has a header but no rows"),
        ("timestamps\n1\n2\n3\n", "holds no signal"),
        ("0.0,1.5\n0.1,2.5\n", "no row of names: it begins with 0.0, 1.5. Put a row above"),
        ("time,T7\n10h00,1\n10h01,2\n", "times of .* are written as '10h00'. Write them in s, or as dates"),
        ("# nothing\n", "holds no table"),
        ("timestamps,T7\n5,1\n5,2\n5,3\n", "do not tell when"),
        ("timestamps,T7\n0,1\n100,2\n200,3\n", "sampling rate of 0.01 Hz"),
    ],
)
def test_a_table_that_is_no_recording_is_refused(text: str, beat: str, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=beat):
        read_recording(written(tmp_path, text))


def test_openbci_losses_are_seen_by_the_sample_index(tmp_path: Path) -> None:
    index = np.arange(512) % 256
    kept = np.r_[0:100, 107:512]
    recording = read_recording(written(tmp_path, openbci_text(small_samples()[kept], index[kept]), "a.txt"))
    assert np.array_equal(np.flatnonzero(np.isnan(recording.samples[:, 0])), np.arange(100, 107))


def test_openbci_losses_longer_than_the_index_counts_are_seen_by_the_clock(tmp_path: Path) -> None:
    lines = openbci_text(np.tile(small_samples(), (4, 1))).splitlines(keepends=True)
    recording = read_recording(written(tmp_path, "".join(lines[: 5 + 500] + lines[5 + 1300 :]), "a.txt"))
    assert np.array_equal(np.flatnonzero(np.isnan(recording.samples[:, 0])), np.arange(500, 1300))


def test_openbci_counting_in_steps_of_two_loses_nothing(tmp_path: Path) -> None:
    recording = read_recording(written(tmp_path, openbci_text(small_samples(), np.arange(512) * 2 % 256), "a.txt"))
    assert recording.n_samples == 512 and recording.notes == ()


def test_openbci_without_an_orderly_index_falls_back_to_the_clock(tmp_path: Path) -> None:
    recording = read_recording(written(tmp_path, openbci_text(small_samples(), np.zeros(512, int)), "a.txt"))
    assert recording.n_samples == 512


def test_openbci_keeps_the_offset_of_its_electrodes(tmp_path: Path) -> None:
    recording = read_recording(written(tmp_path, openbci_text(small_samples() + 60_000.0), "a.txt"))
    assert recording.samples.mean() == pytest.approx(60_000.0, rel=1e-3) and recording.notes == ()


def test_a_text_file_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="not a text file of the OpenBCI GUI"):
        read_recording(written(tmp_path, csv_text(small_samples(), even_stamps()), "a.txt"))
