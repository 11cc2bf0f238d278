"""The folder of a session: BIDS-like names, everything of one sitting in one place."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sclcm_core.errors import RecordingError, SclcmError

FACTS_NAME = "session.json"
_LABEL = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """Where the files of a session lie.

    Parameters
    ----------
    path : Path
        ``.../sub-ada/ses-20260102T120000``.
    subject, session, task : str
        Letters and digits.
    """

    path: Path
    subject: str
    session: str
    task: str

    @property
    def stem(self) -> str:
        """What the names of its files begin with."""
        return f"sub-{self.subject}_ses-{self.session}_task-{self.task}"

    def file(self, suffix: str) -> Path:
        """Return the path of a file by the end of its name, such as ``events.tsv``."""
        return self.path / f"{self.stem}_{suffix}"


def make_session_folder(root: Path, subject: str, task: str, now: datetime) -> SessionFolder:
    """Make the folder of a new session.

    Parameters
    ----------
    root : Path
        The folder of all sessions.
    subject : str
        Who; letters and digits. A code, not a name, keeps people unknown.
    task : str
        Name of the protocol; other signs than letters and digits are left out.
    now : datetime
        When; a session that began in the same second gets another name.

    Returns
    -------
    SessionFolder
        Empty.
    """
    if not _LABEL.fullmatch(subject):
        raise SclcmError(f"'{subject}' is no code of a person.", "Take letters and digits only, such as 07.")
    label = "".join(_LABEL.findall(task)) or "session"
    stem = f"{now:%Y%m%dT%H%M%S}"
    for number in range(1, 1000):
        session = stem if number == 1 else f"{stem}x{number}"
        path = root / f"sub-{subject}" / f"ses-{session}"
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise RecordingError(f"'{path}' cannot be made ({error.strerror}).", "Choose another folder.") from error
        return SessionFolder(path, subject, session, label)
    raise RecordingError(f"A thousand sessions began in one second in '{root}'.", "Choose another folder.")


def open_session_folder(path: Path) -> SessionFolder:
    """Return the folder of a session that was recorded.

    Parameters
    ----------
    path : Path
        The folder, or a file in it.

    Returns
    -------
    SessionFolder
        With the names that its facts say, or what the path says of them.
    """
    folder = path if path.is_dir() else path.parent
    if not path.exists():
        raise RecordingError(f"There is no session at '{path}'.", "'sclcm sessions list' shows those at hand.")
    facts = _read_facts(folder / FACTS_NAME)
    subject = facts.get("subject") or _after("sub-", folder) or "unknown"
    return SessionFolder(folder, subject, facts.get("session") or _after("ses-", folder) or "1", facts.get("task") or "session")


def recordings_of(folder: SessionFolder) -> list[Path]:
    """Return the recordings in a session's folder, the first one first."""
    found = sorted(folder.path.glob("*.xdf"))
    if not found:
        raise RecordingError(f"'{folder.path}' holds no recording (*.xdf).", "Name the folder of one session.")
    return found


def mapping_of(folder: SessionFolder) -> Path | None:
    """Return the file that says what the markers of another program meant in a session; None where this one presented."""
    return next(iter(sorted(folder.path.glob("*_mapping.toml"))), None)


def name_recordings(folder: SessionFolder) -> list[Path]:
    """Give the recordings their names, once they are finished; return them."""
    named = []
    for number, path in enumerate(recordings_of(folder), start=1):
        target = folder.file(f"run-{number:02d}_eeg.xdf")
        named.append(path if path == target else path.rename(target))
    return named


def write_facts(folder: SessionFolder, **facts: Any) -> Path:
    """Write what is known of a session beside its recordings."""
    path = folder.path / FACTS_NAME
    content = {"subject": folder.subject, "session": folder.session, "task": folder.task, **facts}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _read_facts(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _after(prefix: str, folder: Path) -> str:
    return next((part.removeprefix(prefix) for part in reversed(folder.parts) if part.startswith(prefix)), "")


def find_sessions(root: Path) -> list[SessionFolder]:
    """Return every session below a folder, in the order of their paths."""
    return [open_session_folder(path.parent) for path in sorted(root.glob(f"**/{FACTS_NAME}"))]


def delete_session(root: Path, name: str) -> Path:
    """Delete a session whole: recordings, tables, reports.

    Parameters
    ----------
    root : Path
        The folder of all sessions.
    name : str
        ``ses-...`` as 'sclcm sessions' lists it, or ``sub-.../ses-...`` where several people have one of that name.

    Returns
    -------
    Path
        What was deleted.

    Raises
    ------
    RecordingError
        When there is none of that name, or several.
    """
    found = [folder.path for folder in find_sessions(root) if _is_called(folder.path, name)]
    if len(found) != 1:
        what = "no session" if not found else f"{len(found)} sessions"
        raise RecordingError(f"'{root}' holds {what} called '{name}'.", "'sclcm sessions list' shows them.")
    _remove(found[0], root)
    return found[0]


def discard_folder(folder: SessionFolder) -> None:
    """Remove the folder of a session that never began, and its person's when there is nothing else in it."""
    _remove(folder.path, folder.path.parent.parent)


def _remove(path: Path, root: Path) -> None:
    shutil.rmtree(path)
    person = path.parent
    if person != root and not any(person.iterdir()):
        person.rmdir()


def _is_called(path: Path, name: str) -> bool:
    wanted = Path(name).parts
    return bool(wanted) and ".." not in wanted and path.parts[-len(wanted) :] == wanted
