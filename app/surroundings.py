"""What goes on around a session, whatever shows it: quality, recording, and results for others."""

from __future__ import annotations

import argparse
import contextlib
import logging
from collections.abc import Iterator

from app.session.broadcast import Broadcast
from app.session.messages import ResultSink, publish
from app.session.quality_monitor import QualityMonitor
from app.session.rival_broadcast import RivalBroadcast
from app.session.session import Session
from app.session.trust_watch import Notice, TrustWatch
from sclcm_core.errors import ConfigError

log = logging.getLogger(__name__)


_NOT_KEPT = frozenset(("command", "place", "models"))
"""What the program adds to the options of the command line, and a recording need not say."""


@contextlib.contextmanager
def surround(session: Session, arguments: argparse.Namespace) -> Iterator[QualityMonitor]:
    """Attach to a session what the user asked for; detach it at the end.

    Parameters
    ----------
    session : Session
        Not yet started; to be stopped before this ends.
    arguments : Namespace
        With ``record``, ``osc`` and ``websocket``.

    Yields
    ------
    QualityMonitor
        Judges all channels of the stream twice a second.
    """
    with contextlib.ExitStack() as stack:
        monitor = QualityMonitor(session)
        session.trust = trust = TrustWatch(session)
        if arguments.record is not None:
            trust.on_notice.append(_record(session, arguments, monitor, stack))
        broadcast = Broadcast(session)
        stack.callback(broadcast.close)
        trust.on_notice.append(broadcast.notice)
        sinks: list[ResultSink] = [broadcast, *_bridges(arguments, stack)]
        publish(session, sinks)
        if session.rival is not None:
            stack.callback(RivalBroadcast(session).close)
        monitor.on_quality += [sink.quality for sink in sinks]
        stack.enter_context(monitor)
        yield monitor


def _record(session: Session, arguments: argparse.Namespace, monitor: QualityMonitor, stack: contextlib.ExitStack) -> Notice:
    """Record a session; return what keeps a notice."""
    from app.session.recorder import Recorder

    chosen = {name: str(value) for name, value in vars(arguments).items() if name not in _NOT_KEPT and value is not None}
    recorder = Recorder(
        session,
        arguments.record,
        settings=chosen,
        keeps_raw=not getattr(arguments, "no_raw", False),
        person=getattr(arguments, "person", None) or "",
        place=getattr(arguments, "place", None),
    )
    recorder.on_status.append(lambda status: log.warning("%s", status.message) if status.message else None)
    monitor.on_quality.append(recorder.take_quality)
    stack.enter_context(recorder)
    return lambda kind, text: recorder.take_event("trust", notice=kind, message=text)


def _bridges(arguments: argparse.Namespace, stack: contextlib.ExitStack) -> Iterator[ResultSink]:
    if arguments.osc is not None:
        from app.session.osc import OscSender

        yield stack.enter_context(OscSender(*_host_and_port(arguments.osc)))
    if arguments.websocket is not None:
        from app.session.websocket_bridge import WebSocketBridge

        bridge = WebSocketBridge(port=arguments.websocket)
        bridge.start()
        stack.callback(bridge.close)
        yield bridge


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError(f"'{text}' is not HOST:PORT.", "Write --osc 127.0.0.1:9000, say.")
    return host or "127.0.0.1", int(port)
