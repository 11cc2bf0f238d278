"""A folder of sessions, as 'sclcm experiment' and '--record' leave them: XDF files whose markers say what was presented."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from offline.datasets.cutting import cut_recording
from offline.datasets.dataset import UNLABELLED, LabelledRecording, Source, natural_key
from offline.datasets.local_dataset import LocalDataset
from sclcm_core.errors import DatasetError, nearest
from sclcm_core.recordings import Recording, list_trials, read_recording
from sclcm_core.recordings.spans import EYES_CLOSED, Span, find_spans, read_mapping
from sclcm_core.recordings.trials import person_of

_SUBJECT, _SESSION = re.compile(r"sub-([A-Za-z0-9]+)"), re.compile(r"ses-([A-Za-z0-9]+)")
_SHORTEST_S = 0.5


@dataclass(frozen=True)
class SessionFolder(LocalDataset):
    """Sessions with presentations; nothing needs to be converted.

    Person and session stand in the path (``sub-07/ses-20260102T120000/...``); a file without them is a person of its own, or
    of the people that it was recorded from. The stimulus
    is what was presented, without the number of the presentation.

    Parameters
    ----------
    mapping : str
        A file in the folder that says what the markers of another program mean; the program's own when empty.
    target : str
        What the labels mean.
    title, licence, attribution : str
        What must be said of the data.
    classes : tuple of str
        Names of the classes in order; those presented, sorted, when left out.
    """

    mapping: str = ""
    target: str = "emotion"
    title: str = "Own sessions"
    licence: str = "not stated"
    attribution: str = "not stated"
    classes: tuple[str, ...] = ()

    name = "sessions"
    where = "it is a folder that 'sclcm experiment' has written sessions into."

    @property
    def class_names(self) -> tuple[str, ...]:
        """As the sessions' markers say."""
        return tuple(self.classes)

    def resolve(self, root: Path | None) -> Self:
        """Take the classes from what was presented."""
        found = sorted({label for path in self._files(root) for label in self._labels(path, root)}, key=natural_key)
        classes = tuple(self.classes) or tuple(found)
        for label in found:
            if label not in classes:
                raise DatasetError(f"A session presents '{label}', which is no class.", nearest(label, classes))
        if len(classes) < 2:
            raise DatasetError(
                f"The sessions in '{root}' present the labels {list(classes)}; two classes are needed.",
                "Record sessions with more, or say with the option 'mapping' what their markers mean.",
            )
        return super(SessionFolder, replace(self, classes=classes)).resolve(root)

    def sources(self, root: Path | None) -> Sequence[Source]:
        """Return every recording."""
        found = [(path, who) for path in self._files(root) for who in _people(path)]
        visits: dict[str, list[str]] = {}
        for _, (trial, session) in found:
            if session not in visits.setdefault(person_of(trial), []):
                visits[person_of(trial)].append(session)
        return [
            Source(
                _key(path, self.require_root(root), trial),
                person_of(trial),
                visits[person_of(trial)].index(session) + 1,
                (path, *beside),
            )
            for path, (trial, session) in found
            for beside in (self._beside(path, root),)
        ]

    def read(self, source: Source) -> Iterator[LabelledRecording]:
        """Cut a session into its rests and its presentations."""
        path = source.paths[0]
        recording = _recording(path, next(who for who, _ in _people(path) if source.key.endswith(_key(path, path.parent, who))))
        mapping = read_mapping(source.paths[1]) if len(source.paths) > 1 else None
        spans = find_spans(recording.markers, mapping)
        rests = [span for span in spans if span.kind == "rest"]
        baseline = [span for span in rests if span.name != EYES_CLOSED] or rests
        for number, span in enumerate(spans, start=1):
            piece = _piece(recording, span)
            if piece is None or (span.kind == "rest" and span not in baseline):
                continue
            label = UNLABELLED if span.kind == "rest" else self.class_names.index(span.label)
            stimulus = span.name.partition("#")[0] or "rest"
            baseline_s = float("inf") if span.kind == "rest" else 0.0
            yield LabelledRecording(piece, str(source.subject), source.session, f"{number}", stimulus, label, baseline_s)

    def _files(self, root: Path | None) -> list[Path]:
        folder = self.require_root(root)
        found = sorted(folder.glob("**/*.xdf"), key=lambda path: natural_key(str(path.relative_to(folder))))
        if not found:
            raise self.error(f"'{folder}' holds no recording (*.xdf).")
        return found

    def _beside(self, path: Path, root: Path | None) -> list[Path]:
        """Return the file that says what the markers of a recording mean: the chosen one, else the one in its folder."""
        chosen = self._mapping_path(root)
        return [chosen] if chosen else sorted(path.parent.glob("*_mapping.toml"))[:1]

    def _mapping_path(self, root: Path | None) -> Path | None:
        return self.require_root(root) / self.mapping if self.mapping else None

    def _labels(self, path: Path, root: Path | None) -> set[str]:
        """Return what a session presents: by its table where the program wrote one, else by its markers."""
        table = path.with_name(re.sub(r"(_run-\d+)?_eeg\.xdf$", "_events.tsv", path.name))
        if not self.mapping and table != path and table.is_file():
            with table.open(newline="", encoding="utf-8") as file:
                rows = csv.DictReader(file, delimiter="\t")
                return {row["trial_type"] for row in rows if row["trial_type"] != "rest"}
        beside = self._beside(path, root)
        mapping = read_mapping(beside[0]) if beside else None
        markers = [marker for subject, _ in _people(path) for marker in _recording(path, subject).markers]
        return {span.label for span in find_spans(markers, mapping) if span.kind == "stimulus"}


def _people(path: Path) -> list[tuple[str, str]]:
    """Return who was recorded, each part of a person's by itself, and in which session: a file may be of several people."""
    subject, session = _who(path)
    names = () if _SUBJECT.findall(str(path)) else list_trials(path)
    return [(name, session + name.removeprefix(person_of(name))) for name in names] or [(subject, session)]


def _recording(path: Path, subject: str) -> Recording:
    return read_recording(path) if subject == _who(path)[0] else read_recording(path, trial=subject)


def _who(path: Path) -> tuple[str, str]:
    """Return the person and the session that a path ends with: a folder above them may be called 'sub-project' as well."""
    subjects, sessions = _SUBJECT.findall(str(path)), _SESSION.findall(str(path))
    return subjects[-1] if subjects else path.stem, sessions[-1] if sessions else path.stem


def _key(path: Path, folder: Path, subject: str) -> str:
    text = "/".join((*path.relative_to(folder).parts, *(() if subject == _who(path)[0] else (subject,))))
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in text)


def _piece(recording: Recording, span: Span) -> Recording | None:
    """Return the piece of a recording; None when there is hardly any of it."""
    start, stop = max(span.t_start, 0.0), min(span.t_end, recording.duration_s)
    return cut_recording(recording, start, stop) if stop - start >= _SHORTEST_S else None
