"""A folder of recordings of one's own, with a csv file that says what they are."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from offline.datasets.cutting import cut_recording, refuse_overlaps
from offline.datasets.dataset import UNLABELLED, LabelledRecording, Source, natural_key
from offline.datasets.local_dataset import LocalDataset
from sclcm_core.errors import DatasetError, nearest
from sclcm_core.recordings import read_recording

USUAL_NAME = "labels.csv"
_NEEDED = ("file", "subject", "label")
_COLUMNS = (*_NEEDED, "session", "trial", "stimulus", "start_s", "stop_s", "baseline_s")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the csv file: one trial.

    Parameters
    ----------
    file, subject, label, trial, stimulus : str
        What it says; an empty label belongs to no class.
    session : int
        From 1.
    start_s, stop_s : float
        Which piece of the file, in s; all of it when left out.
    baseline_s : float
        Leading seconds of the piece that are the subject's rest, or ``all``.
    """

    file: str
    subject: str
    label: str
    session: int
    trial: str
    stimulus: str
    start_s: float
    stop_s: float
    baseline_s: float


@dataclass(frozen=True)
class RecordingFolder(LocalDataset):
    """Recordings in any format that can be replayed, and ``labels.csv``.

    The columns ``file``, ``subject`` and ``label`` are needed; ``session``, ``trial``, ``stimulus``, ``start_s``, ``stop_s`` and
    ``baseline_s`` are optional. Name the stimulus: rows without one get one each, so that a split by stimulus does not know of
    stimuli that subjects share.

    Parameters
    ----------
    labels : str
        Name of the csv file in the folder.
    target : str
        What the labels mean.
    title, licence, attribution : str
        What must be said of the data.
    classes : tuple of str
        Names of the classes in order; those of the csv file, sorted, when left out.
    """

    labels: str = USUAL_NAME
    target: str = "emotion"
    title: str = "Own recordings"
    licence: str = "not stated"
    attribution: str = "not stated"
    classes: tuple[str, ...] = ()

    name = "folder"
    where = f"it is a folder of recordings with a file {USUAL_NAME} of the columns {', '.join(_COLUMNS)}."

    @property
    def class_names(self) -> tuple[str, ...]:
        """As the csv file says."""
        return tuple(self.classes)

    def resolve(self, root: Path | None) -> Self:
        """Take the classes from the csv file."""
        found = sorted({row.label for row in read_rows(self._table(root), self)} - {""}, key=natural_key)
        classes = tuple(self.classes) or tuple(found)
        for label in found:
            if label not in classes:
                raise DatasetError(f"'{self._table(root)}' has a label '{label}' that is no class.", nearest(label, classes))
        if len(classes) < 2:
            raise DatasetError(
                f"'{self._table(root)}' has the labels {list(classes)}; two classes are needed.", "Label more rows."
            )
        resolved = replace(self, classes=classes)
        return super(RecordingFolder, resolved).resolve(root)

    def sources(self, root: Path | None) -> Sequence[Source]:
        """Return every file that the csv file names."""
        table = self._table(root)
        rows = read_rows(table, self)
        sources = []
        for file in sorted({row.file for row in rows}, key=natural_key):
            path = table.parent / file
            if not path.is_file():
                raise DatasetError(f"'{path}', named in '{table}', does not exist.", "Correct the column 'file'.")
            mine = {(row.subject, row.session) for row in rows if row.file == file}
            if len(mine) > 1:
                raise DatasetError(f"'{table}' gives '{file}' to several subjects or sessions.", "Give every file to one.")
            ((subject, session),) = mine
            key = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in file)
            sources.append(Source(key, subject, session, (path, table)))
        return sources

    def read(self, source: Source) -> Iterator[LabelledRecording]:
        """Read one file and cut it into the trials that the csv file tells of."""
        path, table = source.paths
        rows = [row for row in read_rows(table, self) if (table.parent / row.file) == path]
        if len(rows) > 1:
            refuse_overlaps(f"'{table}', file '{rows[0].file}'", [(row.start_s, row.stop_s) for row in rows])
        recording = read_recording(path)
        for row in rows:
            piece = cut_recording(recording, row.start_s, row.stop_s)
            label = self.class_names.index(row.label) if row.label else UNLABELLED
            yield LabelledRecording(piece, row.subject, row.session, row.trial, row.stimulus, label, row.baseline_s)

    def _table(self, root: Path | None) -> Path:
        table = self.require_root(root) / self.labels
        if not table.is_file():
            raise self.error(f"'{table}' is missing.")
        return table


def read_rows(path: Path, dataset: LocalDataset) -> list[Row]:
    """Read the csv file.

    Parameters
    ----------
    path : Path
        The file.
    dataset : LocalDataset
        For the text of errors.

    Returns
    -------
    list of Row
        One a trial.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = [column.strip() for column in reader.fieldnames or ()]
        for needed in _NEEDED:
            if needed not in columns:
                raise dataset.error(f"'{path}' has no column '{needed}'; it has {', '.join(columns) or 'none'}.")
        for column in columns:
            if column not in _COLUMNS:
                raise DatasetError(f"'{path}' has an unknown column '{column}'.", nearest(column, _COLUMNS))
        rows = [_row(path, number, values) for number, values in enumerate(reader, start=2)]
    if not rows:
        raise dataset.error(f"'{path}' holds no rows.")
    return rows


def _row(path: Path, line: int, values: dict[str, str]) -> Row:
    text = {key.strip(): (value or "").strip() for key, value in values.items() if key}
    if not (text["file"] and text["subject"]):
        raise DatasetError(f"'{path}', line {line}: file and subject must not be empty.", "Fill them in.")
    try:
        return Row(
            file=text["file"],
            subject=text["subject"],
            label=text["label"],
            session=int(text.get("session") or 1),
            trial=text.get("trial") or f"line{line}",
            stimulus=text.get("stimulus") or f"line{line}",
            start_s=float(text.get("start_s") or 0.0),
            stop_s=float(text.get("stop_s") or math.inf),
            baseline_s=math.inf if text.get("baseline_s") == "all" else float(text.get("baseline_s") or 0.0),
        )
    except ValueError as error:
        raise DatasetError(f"'{path}', line {line}: {error}.", "Correct the number.") from error
