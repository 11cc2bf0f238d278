"""The recorder: all that a session sees and says, in one XDF file that survives whatever ends it."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from app.session.inbox import Inbox, Listener, Opened
from app.session.recording_file import OwnFiles, RecordingPlace
from app.session.session import Session, SessionStatus
from app.session.session_file import Event, RivalAnswer, RivalHeader, SampleRun, SessionFile, SessionHeader, describe_model
from app.session.xdf_writer import BatchFile, BinaryFile, NewFile, XdfWriter
from sclcm_core.features.normalise import Normaliser
from sclcm_core.inference.manifest import NormaliserStats
from sclcm_core.streaming.quality import QualityReport
from sclcm_core.types import Float64Array, Marker, Prediction, StreamSpec

log = logging.getLogger(__name__)

WRITE_EVERY_S = 0.25
"""What has gathered is written this often, in s."""

SYNC_EVERY_S = 0.75
"""After this long, in s, the next write also waits for the disk: never more than a second of a session is only in memory."""

MARK_EVERY_S = 10.0
"""Time in s between the marks by which readers find their way after damage."""


class RecorderState(StrEnum):
    """What a recorder is doing."""

    WAITING = "waiting"
    """The stream is not open yet."""
    RECORDING = "recording"
    """All that comes is written."""
    BEHIND = "behind"
    """The disk is too slow; some samples were left out."""
    FAILED = "failed"
    """The file takes no more; what was written is safe."""
    FINISHED = "finished"
    """The recording is complete."""


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """A snapshot of a recorder.

    Parameters
    ----------
    state : RecorderState
        What it is doing.
    path : Path
        The file.
    message : str
        The same for the user; empty when all is well.
    n_samples : int
        Samples in the file.
    n_not_recorded : int
        Samples that came and are not in the file.
    n_bytes : int
        Size of the file.
    """

    state: RecorderState
    path: Path
    message: str = ""
    n_samples: int = 0
    n_not_recorded: int = 0
    n_bytes: int = 0


class Recorder:
    """Records a session.

    Parameters
    ----------
    session : Session
        Not yet started.
    folder : Path
        Where the file goes; made when it is not there.
    settings : mapping of str to str, optional
        What the user chose, kept in the file's header.
    keeps_raw : bool
        Whether the EEG itself is kept; otherwise only what was said of it: predictions, quality, markers, events.
    new_file : callable
        Makes a file that did not exist; raises `FileExistsError` when it does.
    now : callable
        Returns the date and time for the file's name.
    inbox : Inbox, optional
        Holds what is not written yet.
    person : str
        Whose session it is, where several people share a file.
    place : RecordingPlace, optional
        Where the file comes from; a new one in the folder when left out.

    Notes
    -----
    One thread of its own writes; the session's threads only leave things in a bounded inbox. Nothing that goes wrong here ends a
    session: `on_status` is called, from the recorder's thread, when the state changes.
    """

    def __init__(
        self,
        session: Session,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        keeps_raw: bool = True,
        new_file: Callable[[Path], BinaryFile] = NewFile,
        now: Callable[[], datetime] = datetime.now,
        inbox: Inbox | None = None,
        person: str = "",
        place: RecordingPlace | None = None,
    ) -> None:
        self.on_status: list[Callable[[RecorderStatus], None]] = []
        self._session, self._settings, self._keeps_raw = session, dict(settings or {}), keeps_raw
        self._person, self._part = person, 0
        self._place = place or OwnFiles(folder, new_file, now)
        self._inbox = inbox or Inbox()
        self._status = RecorderStatus(RecorderState.WAITING, folder)
        self._opened: Opened | None = None
        self._own: Normaliser | None = None
        self._batches: BatchFile | None = None
        self._writer: XdfWriter | None = None
        self._file: SessionFile | None = None
        self._early: list[Event] = []
        self._listener = Listener(session.source, self._inbox)
        self._synced = self._marked = 0.0
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)

    @property
    def status(self) -> RecorderStatus:
        """The newest snapshot."""
        return replace(self._status, n_not_recorded=self._listener.n_left_out)

    def start(self) -> None:
        """Make the file and listen to the session.

        Raises
        ------
        RecordingError
            When no file can be written in the folder.
        """
        if self._session.spec is not None:
            raise ValueError("A recorder must be started before its session: the first samples would be missing.")
        self._begin_file()
        self._session.source = self._listener
        settings = self._session.settings
        if settings.normaliser is not None:
            self._session.settings = replace(settings, normaliser=self._overhear(settings.normaliser))
        self._session.on_prediction.append(self._take_prediction)
        self._session.on_rival_prediction.append(self._take_rival)
        self._session.on_status.append(self._take_status)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> RecorderStatus:
        """Write what is left and end the file; call it after the session has stopped. May be called twice."""
        self._inbox.close()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                log.warning("The disk has not taken the end of '%s' within %g s.", self._status.path, timeout_s)
        return self._status

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def take_quality(self, report: QualityReport) -> None:
        """Keep a quality report; may be called from any thread."""
        self._inbox.put(report)

    def take_event(self, kind: str, **facts: Any) -> None:
        """Keep something that happened, with facts that JSON can hold; may be called from any thread."""
        self._inbox.put(Event(self._listener.t_now(), kind, facts))

    # -- the session's threads -------------------------------------------------------------------------------------------------

    def _overhear(self, normaliser: Callable[[], Normaliser | None]) -> Callable[[], Normaliser | None]:
        """Return a function that also tells the recorder which statistics the session was given."""

        def overheard() -> Normaliser | None:
            own = normaliser()
            self._inbox.put(own)
            return own

        return overheard

    def _take_prediction(self, prediction: Prediction) -> None:
        self._inbox.put(replace(prediction, frame=None))

    def _take_rival(self, prediction: Prediction) -> None:
        self._inbox.put(RivalAnswer(replace(prediction, frame=None)))

    def _take_status(self, status: SessionStatus) -> None:
        facts = {"phase": status.phase.value, "message": status.message, "n_samples": status.n_samples}
        self.take_event("phase", **facts, n_lost=status.n_lost, clock_offset_s=status.clock_offset_s)

    # -- the recorder's thread -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        is_over = False
        while not is_over:
            items, is_over = self._inbox.take(WRITE_EVERY_S)
            self._guarded(lambda batch=items: self._step(batch))  # type: ignore[misc]
        self._guarded(lambda: self._end_file(self._opened.n_before if self._opened else self._listener.n_seen))

    def _guarded(self, action: Callable[[], None]) -> None:
        """Do something with the file: the one place where an error ends a recording, and nothing but the recording."""
        if self._status.state is RecorderState.FAILED:
            return
        try:
            action()
        except OSError as error:
            self._fail(f"The recording has ended: '{self._status.path}' takes no more ({error.strerror or error}).")
        except Exception as error:
            log.exception("The recording failed.")
            self._fail(f"The recording has ended ({type(error).__name__}: {error}).")

    def _step(self, items: list[Any]) -> None:
        """Write what has gathered."""
        for item in items:
            self._write(item)
        if self._writer is None:
            return
        self._keep_house(self._writer, time.monotonic())
        self._tell(self._writer)

    def _keep_house(self, writer: XdfWriter, now: float) -> None:
        if self._file is not None and now - self._marked >= MARK_EVERY_S:
            self._file.boundary()
            self._marked = now
        writer.commit()
        if now - self._synced >= SYNC_EVERY_S:
            writer.sync()
            self._synced = now

    def _write(self, item: Any) -> None:
        """Write an item; the streams are described when the first of it comes, for by then all is known that shapes it."""
        if isinstance(item, Opened):
            self._opened = item
            return
        if item is None or isinstance(item, Normaliser):
            self._own = item
            return
        if self._opened is not None:
            self._begin_streams(self._opened)
        if self._file is None:
            return  # an event before the stream was open
        if isinstance(item, Event) and math.isnan(item.t):
            self._early.append(item)
        elif isinstance(item, SampleRun):
            self._file.samples(item)
            self._date_early(item.chunk.timestamps)
        elif isinstance(item, Prediction):
            self._file.prediction(item)
        elif isinstance(item, RivalAnswer):
            self._file.rival(item)
        elif isinstance(item, Marker):
            self._file.marker(item)
        elif isinstance(item, QualityReport):
            self._file.quality(item)
        else:
            self._file.event(item)

    def _date_early(self, stamps: Float64Array) -> None:
        """Write what happened before the clock of the stream was known, under its first stamp; stamps (n_samples,) in s."""
        early, self._early = (self._early, []) if len(stamps) else ([], self._early)
        for event in early:
            if self._file is not None:
                self._file.event(replace(event, t=float(stamps[0])))

    def _begin_file(self) -> None:
        """Get a file to write to."""
        self._batches, path = self._place.open()
        self._writer = XdfWriter(self._batches)
        self._part += 1
        self._status = replace(self._status, path=path)
        if path not in self._session.recorded_in:
            self._session.recorded_in.append(path)

    def _begin_streams(self, opened: Opened) -> None:
        """Describe the streams; for a source that opens again, with another shape perhaps, in a new file or a new part of it."""
        if self._file is not None:
            self._end_file(opened.n_before)
            self._begin_file()
        if self._writer is None:
            raise RuntimeError("the recorder has no file")
        self._opened = None
        self._file = SessionFile(self._writer, self._header(opened.spec))
        self._show(RecorderState.RECORDING)

    def _header(self, spec: StreamSpec) -> SessionHeader:
        settings, own = self._session.settings, self._own
        return SessionHeader(
            sfreq=spec.sfreq,
            ch_names=spec.ch_names,
            stream_name=spec.name,
            source_id=spec.source_id,
            origin=spec.origin,
            policy=settings.policy.value,
            baseline_s=settings.baseline_s,
            risk=settings.risk,
            raw=self._keeps_raw,
            person=self._person,
            part=self._part if self._person else 1,
            normaliser=NormaliserStats(mean=own.mean.tolist(), sd=own.sd.tolist()) if own else None,
            rival=_rival_header(self._session),
            version=_version(),
            settings=self._settings,
            **describe_model(self._session.bundle),
        )

    def _end_file(self, n_seen: int) -> None:
        """Write what is missing at the end, given how many samples there were, and the footers."""
        if self._writer is None:
            return
        if self._file is None:
            self._writer.close()
            self._writer = None
            if self._batches is not None and self._batches.is_closed and self._batches.is_empty:
                self._status.path.unlink(missing_ok=True)
                self._session.recorded_in.remove(self._status.path)
            self._show(RecorderState.FINISHED, "No stream was opened; nothing was recorded.")
            return
        t = self._listener.t_now()
        t = 0.0 if math.isnan(t) else t
        self._date_early(np.array([t]))
        self._file.left_out(n_seen, t)
        self._writer.close()
        self._tell(self._writer)
        self._writer = self._file = None
        self._show(RecorderState.FINISHED, self._what_is_missing())

    def _fail(self, message: str) -> None:
        if self._writer is not None:
            self._writer.abandon()
        self._inbox.close()
        self._show(RecorderState.FAILED, f"{message} What was recorded before is safe; the session goes on.")

    def _tell(self, writer: XdfWriter) -> None:
        """Bring the counts up to date."""
        if self._file is None:
            return
        n_told, n_left_out = self._status.n_not_recorded, self._listener.n_left_out
        self._status = replace(self._status, n_samples=self._file.n_samples, n_not_recorded=n_left_out, n_bytes=writer.n_bytes)
        if n_left_out > n_told:
            self._show(RecorderState.BEHIND, self._what_is_missing())

    def _what_is_missing(self) -> str:
        n_samples, n_notes = self._listener.n_left_out, self._inbox.n_refused
        if not (n_samples or n_notes):
            return ""
        notes = f" and {n_notes} predictions, markers or events" if n_notes else ""
        return f"The disk was too slow: {n_samples} samples{notes} are not in the recording."

    def _show(self, state: RecorderState, message: str = "") -> None:
        self._status = replace(self._status, state=state, message=message)
        for callback in self.on_status:
            callback(self._status)


def _rival_header(session: Session) -> RivalHeader | None:
    if session.rival is None:
        return None
    bundle = session.rival.bundle
    return RivalHeader(model=bundle.manifest.name, model_sha256=bundle.sha256, class_names=bundle.manifest.class_names)


def _version() -> str:
    try:
        return version("sclcm-live")
    except PackageNotFoundError:
        return ""
