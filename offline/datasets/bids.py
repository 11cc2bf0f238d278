"""Any BIDS-EEG folder, with a small file that says what its events mean (Pernet et al. 2019)."""

from __future__ import annotations

import csv
import json
import logging
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from offline.datasets.cutting import cut_recording, refuse_overlaps
from offline.datasets.dataset import UNLABELLED, LabelledRecording, Source, natural_key
from offline.datasets.labels_file import USUAL_NAME, EventLabels, read_event_labels
from offline.datasets.local_dataset import LocalDataset
from sclcm_core.errors import DatasetError
from sclcm_core.recordings import Recording, read_recording

logger = logging.getLogger(__name__)

_NAME = re.compile(r"sub-(?P<subject>[A-Za-z0-9]+)(_ses-(?P<session>[A-Za-z0-9]+))?(_task-(?P<task>[A-Za-z0-9]+))?.*_eeg\.\w+")
_SUFFIXES = (".edf", ".bdf", ".vhdr", ".set", ".fif")


@dataclass(frozen=True)
class BidsFolder(LocalDataset):
    """A folder in the Brain Imaging Data Structure: ``sub-*/[ses-*/]eeg/*_eeg.*`` with ``*_events.tsv``.

    Parameters
    ----------
    labels : str
        File that says which events are trials of which class; a path inside the folder.
    title, licence, attribution, target : str
        As ``dataset_description.json`` and the labels file say; filled in when the folder is opened.
    classes : tuple of str
        Names of the classes; likewise.

    Notes
    -----
    Source: Pernet et al. 2019, doi:10.1038/s41597-019-0104-8.
    """

    labels: str = USUAL_NAME
    title: str = "BIDS folder"
    licence: str = "as stated in dataset_description.json"
    attribution: str = "as stated in dataset_description.json"
    target: str = "stated by the labels file"
    classes: tuple[str, ...] = ()

    name = "bids"
    where = "any BIDS-EEG data set will do, for example of https://openneuro.org."

    @property
    def class_names(self) -> tuple[str, ...]:
        """As the labels file says."""
        return self.classes

    def resolve(self, root: Path | None) -> Self:
        """Take title, licence, authors, classes and target from the folder."""
        folder = self.require_root(root)
        meaning = read_event_labels(folder / self.labels)
        said = _description(folder)
        authors = ", ".join(map(str, said.get("Authors", ()))) or self.attribution
        resolved = replace(
            self,
            title=str(said.get("Name", folder.resolve().name)),
            licence=str(said.get("License", self.licence)),
            attribution=authors,
            target=meaning.target,
            classes=meaning.class_names,
        )
        return super(BidsFolder, resolved).resolve(root)

    def sources(self, root: Path | None) -> Sequence[Source]:
        """Return every recording of the task."""
        folder = self.require_root(root)
        meaning = read_event_labels(folder / self.labels)
        found = [path for path in folder.glob("sub-*/**/*_eeg.*") if path.suffix.lower() in _SUFFIXES]
        matched = [(path, match) for path in found if (match := _NAME.fullmatch(path.name))]
        chosen = [(path, match) for path, match in matched if meaning.task in (None, match["task"])]
        if not chosen:
            tasks = ", ".join(sorted({match["task"] or "none" for _, match in matched})) or "none"
            raise self.error(
                f"'{folder}' holds no recording sub-*/eeg/*_eeg.* of task '{meaning.task}' (tasks found: {tasks})."
            )
        sessions = _session_numbers([(match["subject"], match["session"] or "") for _, match in chosen])
        chosen.sort(key=lambda item: natural_key(item[0].name))
        labels_path = folder / self.labels
        return [
            Source(
                path.name.replace(".", "_"),
                match["subject"],
                sessions[match["subject"], match["session"] or ""],
                (path, _events_path(path), labels_path, *_companions(path)),
            )
            for path, match in chosen
        ]

    def read(self, source: Source) -> Iterator[LabelledRecording]:
        """Cut a recording into the trials that its events tell of."""
        path, events_path, labels_path, *_ = source.paths
        meaning = read_event_labels(labels_path)
        trials = [trial for trial in read_events(events_path, meaning) if trial.value in (*meaning.labels, *meaning.baseline)]
        if not trials:
            raise DatasetError(
                f"'{events_path}' holds no event whose '{meaning.column}' is one of {', '.join(meaning.labels)}.",
                f"Correct the labels in '{labels_path}'.",
            )
        refuse_overlaps(f"'{events_path}'", [(trial.onset_s, trial.onset_s + trial.duration_s) for trial in trials])
        recording = read_recording(path)
        _check_channels(path, recording)
        for number, trial in enumerate(trials, start=1):
            yield _labelled(source, recording, trial, number, meaning)


@dataclass(frozen=True, slots=True)
class Event:
    """A row of ``events.tsv``.

    Parameters
    ----------
    onset_s, duration_s : float
        When it began and how long it lasted, in s.
    value : str
        What it was.
    stimulus : str
        What was presented.
    """

    onset_s: float
    duration_s: float
    value: str
    stimulus: str


def read_events(path: Path, meaning: EventLabels) -> list[Event]:
    """Read the events that may be trials.

    Parameters
    ----------
    path : Path
        ``*_events.tsv``.
    meaning : EventLabels
        Which columns to read.

    Returns
    -------
    list of Event
        In the order of the file.
    """
    if not path.is_file():
        raise DatasetError(f"'{path}' is missing.", "Every recording needs its events.")
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    needed = ["onset", "duration", meaning.column, *([meaning.stimulus_column] if meaning.stimulus_column else [])]
    for column in needed:
        if rows and column not in rows[0]:
            raise DatasetError(f"'{path}' has no column '{column}'; it has {', '.join(rows[0])}.", "Correct the labels file.")
    known = (*meaning.labels, *meaning.baseline)
    return [_event(path, row, meaning) for row in rows if row[meaning.column] in known]


def _event(path: Path, row: dict[str, str], meaning: EventLabels) -> Event:
    value = row[meaning.column]
    duration_s = _seconds(row["duration"])
    if not duration_s > 0:
        duration_s = meaning.duration_s or math.nan
    onset_s = _seconds(row["onset"])
    if not (math.isfinite(onset_s) and duration_s > 0):
        raise DatasetError(
            f"'{path}': event '{value}' has onset '{row['onset']}' and duration '{row['duration']}'.",
            "Correct the row, or give duration_s in the labels file.",
        )
    return Event(onset_s, duration_s, value, row[meaning.stimulus_column] if meaning.stimulus_column else value)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _labelled(source: Source, recording: Recording, event: Event, number: int, meaning: EventLabels) -> LabelledRecording:
    piece = cut_recording(recording, event.onset_s, event.onset_s + event.duration_s)
    is_rest = event.value in meaning.baseline
    label = UNLABELLED if is_rest else meaning.class_names.index(meaning.labels[event.value])
    trial = f"{source.key}:{number}"
    return LabelledRecording(
        piece, str(source.subject), source.session, trial, event.stimulus, label, np.inf if is_rest else 0.0
    )


def _description(folder: Path) -> dict[str, Any]:
    path = folder / "dataset_description.json"
    if not path.is_file():
        logger.warning("'%s' is missing: nothing is known of licence and authors", path)
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DatasetError(f"'{path}' is no JSON file ({error}).", "Correct it.") from error
    return found if isinstance(found, dict) else {}


def _session_numbers(pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Number each subject's sessions in the order of their names."""
    numbers: dict[tuple[str, str], int] = {}
    for subject in {subject for subject, _ in pairs}:
        names = sorted({session for who, session in pairs if who == subject}, key=natural_key)
        numbers |= {(subject, name): rank for rank, name in enumerate(names, start=1)}
    return numbers


def _companions(path: Path) -> list[Path]:
    """Return the files in which BrainVision and EEGLAB keep the samples, so that a change of them is noticed."""
    return [found for suffix in (".eeg", ".vmrk", ".fdt") if (found := path.with_suffix(suffix)).is_file()]


def _events_path(path: Path) -> Path:
    return path.with_name(f"{path.name.rsplit('_eeg.', 1)[0]}_events.tsv")


def _check_channels(path: Path, recording: Recording) -> None:
    """Compare the file's channels with ``channels.tsv``: a renamed electrode is another electrode."""
    table = path.with_name(f"{path.name.rsplit('_eeg.', 1)[0]}_channels.tsv")
    if not table.is_file():
        return
    with table.open(newline="", encoding="utf-8-sig") as file:
        stated = [row.get("name", "") for row in csv.DictReader(file, delimiter="\t")]
    strange = [name for name in stated if name not in recording.spec.ch_names]
    if strange:
        raise DatasetError(
            f"'{table}' names the channels {', '.join(strange)}, which '{path}' does not have.", "Correct either."
        )
