"""What the command report does."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from app.experiment.findings import find_out
from app.experiment.quality_rows import read_quality
from app.experiment.report import report_html, report_tables, write_report
from app.experiment.session_folder import FACTS_NAME, mapping_of, open_session_folder, recordings_of
from app.experiment.tables import write_tables
from app.session.recorded_session import RecordedSession, read_session, read_sessions
from sclcm_core.recordings.spans import read_mapping

_UNSAFE = re.compile(r"[^\w-]+")
"""What a person's code may hold and a folder's name had better not."""


def report_command(arguments: argparse.Namespace) -> int:
    """Write the report of each recording of a session, and say where it is."""
    folder = open_session_folder(arguments.session)
    mapping_path = arguments.mapping or mapping_of(folder)
    mapping = read_mapping(mapping_path) if mapping_path else None
    paths = recordings_of(folder) if arguments.session.is_dir() else [arguments.session]
    is_whole = arguments.session.is_dir() or (folder.path / FACTS_NAME).is_file()
    out = arguments.out or folder.path / ("report" if is_whole else f"report-{arguments.session.stem}")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from app.gui.session_picture import time_course

    told = [(path, session) for path in paths for session in _sessions(path, arguments.person)]
    for number, (path, session) in enumerate(told):
        if arguments.session.is_dir() and not session.header.who:
            write_tables(folder, session, mapping)
        findings = find_out(session, mapping)
        tables = report_tables(findings, read_quality(path, session.header.who))
        picture = time_course(session, findings)
        title = f"{folder.task}, {folder.subject}" if folder.subject != "unknown" else path.stem
        title = f"{title}: {session.header.who}" if session.header.who else title
        page = write_report(
            _place(out, number, session.header.who), tables, report_html(session, tables, findings, picture, title), picture
        )
        sys.stdout.write(f"{page}\n")
    return 0


def _sessions(path: Path, person: str | None) -> list[RecordedSession]:
    return read_sessions(path) if person is None else [read_session(path, person)]


def _place(out: Path, number: int, who: str) -> Path:
    """Return the folder of a recording's page: of a person, where there are several; else by number, from the second on."""
    if who:
        return out.with_name(f"{out.name}-{_UNSAFE.sub('-', who)}")
    return out if number == 0 else out.with_name(f"{out.name}-{number + 1}")
