"""Several people at once: a stream, a session and a model each, side by side, and one folder for all recordings."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TextIO

from app.acquisition.device_profile import ProfiledSource
from app.acquisition.lsl_inlet import LslInlet
from app.headless import summary_record
from app.paths import user_dir
from app.session.messages import as_json, prediction_message
from app.session.session import Session
from app.session_maker import Plan, SessionMaker
from sclcm_core.errors import ConfigError
from sclcm_core.inference.bundle import Bundle
from sclcm_core.types import Prediction

PATIENCE_S = 0.1


def run_together(arguments: argparse.Namespace, plans: Sequence[tuple[str, Plan]], bundle: Bundle) -> int:
    """Run a session for each stream until all have ended, or it is interrupted.

    Parameters
    ----------
    arguments : Namespace
        Of ``sclcm live`` with two or more ``--stream``.
    plans : sequence of (str, Plan)
        Name of each stream, and what its session is made of.
    bundle : Bundle
        The model of all.

    Returns
    -------
    int
        Exit status.

    Notes
    -----
    All recordings lie in one folder, one XDF file a person, with stamps on one clock: that of this machine.
    """
    if arguments.osc or arguments.websocket:
        raise ConfigError("--osc and --websocket tell of one person.", "Drop them: each stream has LSL outlets of its own.")
    record = arguments.record and arguments.record / f"together-{datetime.now():%Y-%m-%dT%H-%M-%S}"
    with ExitStack() as stack:
        sessions: list[tuple[str, Session, SessionMaker]] = []
        for name, plan in plans:
            folder = record and record / _plain(name)
            own = argparse.Namespace(**{**vars(arguments), "record": folder})
            maker = stack.enter_context(SessionMaker(own))
            sessions.append((name, maker.make(plan, bundle), maker))
        if arguments.headless:
            return _run_headless(sessions, sys.stdout, in_json=arguments.json)
        from app.gui.side_by_side import run_side_by_side

        return run_side_by_side(sessions, seconds=arguments.seconds)


def plans_of(
    arguments: argparse.Namespace, make_plan: Callable[[Callable[[], ProfiledSource]], Plan]
) -> list[tuple[str, Plan]]:
    """Return a plan for each ``--stream``, which names a stream or its source id."""
    names = arguments.stream
    if len(set(names)) < 2 or len(set(names)) < len(names):
        raise ConfigError(
            f"--stream was given {len(names)} time(s): {', '.join(names)}.", "Name two or more different streams."
        )
    return [(name, make_plan(_source_of(name))) for name in names]


def _source_of(name: str) -> Callable[[], ProfiledSource]:
    """Return what connects to a stream by its source id, where it has the form ``id:...``, else by its name."""
    chosen = {"source_id": name.removeprefix("id:")} if name.startswith("id:") else {"name": name}
    return lambda: ProfiledSource(LslInlet(**chosen), user_dir() / "devices", None)


def _plain(name: str) -> Path:
    return Path("".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name))


def _run_headless(sessions: Sequence[tuple[str, Session, SessionMaker]], out: TextIO, *, in_json: bool) -> int:
    lock = threading.Lock()

    def write(record: dict[str, object], words: str) -> None:
        with lock:
            out.write((as_json(record) if in_json else words) + "\n")
            out.flush()

    def teller(name: str) -> Callable[[Prediction], None]:
        return lambda p: write({"stream": name, **prediction_message(p)}, f"{name}: {p.label or p.withheld}")

    for name, session, _ in sessions:
        session.on_prediction.append(teller(name))
        session.start()
    try:
        while not all(session.wait(PATIENCE_S) for _, session, _ in sessions):
            pass
    except KeyboardInterrupt:
        pass
    finally:
        for _, session, _ in sessions:
            session.stop()
    for name, session, _ in sessions:
        if session.error is not None:
            raise session.error
        record = {"stream": name, **summary_record(session)}
        write(record, json.dumps(record))
    return 0
