"""Several people at once: a stream, a session and a model each, side by side in one window, and one recording of all."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TextIO

from app.acquisition.device_profile import ProfiledSource
from app.acquisition.lsl_inlet import LslInlet
from app.headless import PredictionPrinter, summary_record
from app.paths import user_dir
from app.session.recording_file import OwnFiles, SharedFile
from app.session.session import Session
from app.session_maker import Plan, SessionMaker
from sclcm_core.errors import ConfigError
from sclcm_core.inference.bundle import Bundle

PATIENCE_S = 0.1


def run_together(arguments: argparse.Namespace, people: Sequence[Person]) -> int:
    """Run a session for each person until all have ended, or it is interrupted.

    Parameters
    ----------
    arguments : Namespace
        Of ``sclcm live`` with two or more ``--stream``.
    people : sequence of Person
        Who takes part.

    Returns
    -------
    int
        Exit status.

    Notes
    -----
    There is one recording: an XDF file with the streams of all, under each person's name, with stamps on one clock, that of this
    machine.
    """
    shared = SharedFile(OwnFiles(arguments.record)) if arguments.record else None
    with ExitStack() as stack:
        sessions: list[tuple[str, Session, SessionMaker]] = []
        for person in people:
            own = {**vars(arguments), "model": person.model, "stream": person.stream, "person": person.name, "place": shared}
            maker = stack.enter_context(SessionMaker(argparse.Namespace(**own)))
            sessions.append((person.name, maker.make(person.plan, person.bundle), maker))
        if arguments.headless:
            return _run_headless(sessions, sys.stdout, in_json=arguments.json)
        from app.gui.two_people import run_people

        return run_people(sessions, close_at_end=arguments.seconds is not None)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who takes part.

    Parameters
    ----------
    name : str
        What the window and the recording call the person.
    stream, model : str
        As the command line names them.
    plan : Plan
        What the session is made of.
    bundle : Bundle
        The person's model.
    """

    name: str
    stream: str
    model: str
    plan: Plan
    bundle: Bundle


def people_of(
    arguments: argparse.Namespace,
    load: Callable[[str], Bundle],
    make_plan: Callable[[Bundle, Callable[[], ProfiledSource]], Plan],
) -> list[Person]:
    """Return who takes part: somebody for each ``--stream``, which names a stream or its source id.

    Parameters
    ----------
    arguments : Namespace
        With ``stream``, ``person`` and ``models``: lists; one model is everybody's.
    load : callable
        Returns a model by its name.
    make_plan : callable
        Returns a plan for a model and a source.
    """
    _check(arguments)
    streams, models = arguments.stream, arguments.models
    names = arguments.person or [stream.removeprefix("id:") for stream in streams]
    if len(models) == 1:
        models = models * len(streams)
    bundles = [load(model) for model in models]
    return [
        Person(name, stream, model, make_plan(bundle, _source_of(stream)), bundle)
        for name, stream, model, bundle in zip(names, streams, models, bundles, strict=True)
    ]


def _check(arguments: argparse.Namespace) -> None:
    """Refuse what several people cannot share, before anything is started."""
    streams, models, names = arguments.stream, arguments.models, arguments.person or arguments.stream
    if len(streams) < 2 or len(set(streams)) < len(streams):
        raise ConfigError(
            f"--stream was given {len(streams)} time(s): {', '.join(streams)}.", "Name two or more different streams."
        )
    if len(models) not in (1, len(streams)):
        raise ConfigError(
            f"--model was given {len(models)} times for {len(streams)} streams.", "Give it once for all, or once for each."
        )
    if len(set(names)) != len(streams):
        raise ConfigError(
            f"--person was given as {', '.join(names)} for {len(streams)} streams.", "Give each person a name of their own."
        )
    for option in ("osc", "websocket", "compare", "words", "name", "type", "source_id"):
        if getattr(arguments, option):
            raise ConfigError(
                f"--{option.replace('_', '-')} tells of one person, and --stream of {len(streams)}.",
                "Drop it: each stream has LSL outlets of its own.",
            )
    if arguments.baseline and not arguments.baseline.replace(".", "", 1).isdecimal():
        raise ConfigError(
            f"The rest recording '{arguments.baseline}' is one person's.",
            "Give --baseline SECONDS, or a personal model for each ('sclcm calibrate --rest-only').",
        )


def _source_of(name: str) -> Callable[[], ProfiledSource]:
    """Return what connects to a stream by its source id, where it has the form ``id:...``, else by its name."""
    chosen = {"source_id": name.removeprefix("id:")} if name.startswith("id:") else {"name": name}
    return lambda: ProfiledSource(LslInlet(**chosen), user_dir() / "devices", None)


def _run_headless(sessions: Sequence[tuple[str, Session, SessionMaker]], out: TextIO, *, in_json: bool) -> int:
    printers = [PredictionPrinter(out, as_json=in_json, who=name) for name, _, _ in sessions]
    for printer, (_, session, _) in zip(printers, sessions, strict=True):
        session.on_prediction.append(printer.prediction)
        session.start()
    try:
        while not all(session.wait(PATIENCE_S) for _, session, _ in sessions):
            pass
    except KeyboardInterrupt:
        pass
    finally:
        for _, session, _ in sessions:
            session.stop()
    for printer, (_, session, _) in zip(printers, sessions, strict=True):
        if session.error is not None:
            raise session.error
        printer.summary(summary_record(session))
    return 0
