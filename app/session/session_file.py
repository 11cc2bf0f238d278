"""A recorded session as streams of an XDF file: which streams there are, and what their rows mean."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from app.session.xdf_text import StreamHeader
from app.session.xdf_writer import XdfWriter
from sclcm_core.inference.bundle import Bundle
from sclcm_core.inference.manifest import NormaliserStats
from sclcm_core.montage import is_eeg_label
from sclcm_core.recordings.trials import PART
from sclcm_core.streaming.figures import FIGURES
from sclcm_core.streaming.quality import QualityReport, figure_table
from sclcm_core.types import Chunk, Marker, Origin, Prediction, StreamSpec

HEADER_KEY = "sclcm_session"
"""Where the description of the session stands in the header of the EEG stream."""

PERSON_KEY = "sclcm_person"
"""Where the header of each stream says whose it is, in a file that several people share."""

MARKERS, GAPS, PREDICTIONS, WITHHELD = "Markers", "SCLCM gaps", "SCLCM predictions", "SCLCM withheld"
EVENTS, QUALITY = "SCLCM events", "SCLCM quality"
RIVAL_PREDICTIONS, RIVAL_WITHHELD = "SCLCM rival predictions", "SCLCM rival withheld"
"""Types of the streams beside the EEG."""

EXTRA_COLUMNS = ("frame", "t_start", "latency_s", "is_withheld")
"""What a row of predictions holds after the probabilities: number of the newest frame, time of the first sample in s, latency in s,
and 1 when it was withheld; the reason is then the next text of the stream of reasons."""

GAP_COLUMNS = ("first_sample", "n_samples", "kind")


class GapKind(IntEnum):
    """Why samples are not in the file."""

    LOST = 0
    """The source lost them."""
    NOT_RECORDED = 1
    """They came, but the disk was too slow."""


class RivalHeader(BaseModel):
    """The second model of a session in which two were compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(description="name of the model")
    model_sha256: str = Field(description="hash of its bundle")
    class_names: tuple[str, ...] = Field(description="in the order of the probabilities")


class SessionHeader(BaseModel):
    """What must be known to run a recorded session again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = Field(1, description="version of this description")
    sfreq: float = Field(description="nominal sampling rate in Hz")
    ch_names: tuple[str, ...] = Field(description="labels of all channels of the stream")
    stream_name: str = Field("", description="name of the stream")
    source_id: str = Field("", description="what identifies the device")
    origin: Origin = Field(description="live, replay or simulated")
    model: str = Field(description="name of the model")
    model_path: str = Field("", description="where its bundle was")
    model_sha256: str = Field(description="hash of its bundle")
    features_key: str = Field(description="hash of what was computed from the signal")
    class_names: tuple[str, ...] = Field(description="in the order of the probabilities")
    smoothing_s: float | None = Field(None, description="time constant of the smoothing in s; older recordings do not say")
    policy: Literal["every", "newest"] = Field(description="which windows were predicted")
    baseline_s: float = Field(0.0, description="rest at the start of the stream from which the baseline was taken, in s")
    person: str = Field("", description="whose session it is, where several people share a file")
    part: int = Field(1, ge=1, description="counts the person's parts in a shared file: a device came back changed after each")
    raw: bool = Field(True, description="whether the samples of the EEG are in the file")
    risk: float | None = Field(None, description="share of wrong answers that the model was held to, 0..1")
    normaliser: NormaliserStats | None = Field(None, description="the person's own statistics, when they were known before")
    rival: RivalHeader | None = Field(None, description="the second model, where two were compared")
    version: str = Field("", description="version of the program")
    settings: dict[str, str] = Field(default_factory=dict, description="what else the user had chosen")

    @property
    def who(self) -> str:
        """The person and the part, as streams are called by them in a shared file; empty in a file of one session."""
        return f"{self.person}{PART}{self.part}" if self.part > 1 else self.person

    @property
    def spec(self) -> StreamSpec:
        """The stream that was recorded."""
        return StreamSpec(self.sfreq, self.ch_names, self.stream_name, self.source_id, "replay")


@dataclass(frozen=True, slots=True)
class SampleRun:
    """Samples as they came, with the number of the first.

    Parameters
    ----------
    first : int
        Number of the chunk's first sample since the stream opened.
    chunk : Chunk
        The samples.
    """

    first: int
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class RivalAnswer:
    """What the second model says.

    Parameters
    ----------
    prediction : Prediction
        Its prediction.
    """

    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the session.

    Parameters
    ----------
    t : float
        When, in s on the clock of the stream.
    kind : str
        What: ``"phase"``, ``"note"``, ...
    facts : dict
        The particulars, as JSON can hold them.
    """

    t: float
    kind: str
    facts: dict[str, Any]


def describe_model(bundle: Bundle) -> dict[str, Any]:
    """Return what a header says of a bundle."""
    manifest = bundle.manifest
    return {
        "model": manifest.name,
        "model_path": str(bundle.path.absolute()),
        "model_sha256": bundle.sha256,
        "features_key": manifest.features.cache_key(),
        "class_names": manifest.class_names,
        "smoothing_s": manifest.smoothing_s,
    }


class SessionFile:
    """Writes a session into an XDF file.

    Parameters
    ----------
    writer : XdfWriter
        A new file.
    header : SessionHeader
        What the session is.
    """

    def __init__(self, writer: XdfWriter, header: SessionHeader) -> None:
        self.n_samples = 0
        self._writer, self._header = writer, header
        self._next = 0
        self._quality: tuple[int, tuple[str, ...]] | None = None
        self._eeg = self._add(self._eeg_header())
        self._markers = self._add(StreamHeader("SCLCM markers", MARKERS, "string", ("marker",)))
        self._gaps = self._add(StreamHeader(GAPS, GAPS, "int64", GAP_COLUMNS))
        self._answers = self._add_answers(WITHHELD, PREDICTIONS, header.class_names)
        rival = header.rival
        self._rivals = self._add_answers(RIVAL_WITHHELD, RIVAL_PREDICTIONS, rival.class_names) if rival else None
        self._events = self._add(StreamHeader(EVENTS, EVENTS, "string", ("event",)))
        writer.commit()

    def _eeg_header(self) -> StreamHeader:
        header = self._header
        types = tuple("EEG" if is_eeg_label(label) else "MISC" for label in header.ch_names)
        return StreamHeader(
            header.stream_name or "EEG",
            "EEG",
            "float32",
            header.ch_names,
            header.sfreq,
            "microvolts",
            types if "EEG" in types else ("EEG",) * len(types),
            header.source_id,
            {
                "manufacturer": "SCLCM Live, simulated" if header.origin == "simulated" else "SCLCM Live",
                "model": header.model,
                "model_sha256": header.model_sha256,
                HEADER_KEY: header.model_dump_json(),
            },
        )

    def _add_answers(self, reasons: str, predictions: str, class_names: tuple[str, ...]) -> tuple[int, int]:
        """Add the streams of a model: the reasons for which it says nothing, and what it says."""
        first = self._add(StreamHeader(reasons, reasons, "string", ("reason",)))
        return first, self._add(StreamHeader(predictions, predictions, "double64", (*class_names, *EXTRA_COLUMNS)))

    def _add(self, header: StreamHeader) -> int:
        """Add a stream whose stamps are on this machine's clock already."""
        who = self._header.who
        if who:
            header = replace(header, name=f"{who}: {header.name}", notes={**header.notes, PERSON_KEY: who})
        stream = self._writer.add_stream(header)
        self._writer.clock_offset(stream, 0.0, 0.0)
        return stream

    def samples(self, run: SampleRun) -> None:
        """Take samples; those that are missing before them are noted, and never invented."""
        if not self._header.raw:
            return  # that they came and are not here is noted at the end, as one gap
        chunk = run.chunk
        t = float(chunk.timestamps[0]) if len(chunk.timestamps) else 0.0
        self.left_out(run.first - chunk.n_lost_before, t)
        if chunk.n_lost_before:
            self._gap(t, run.first - chunk.n_lost_before, chunk.n_lost_before, GapKind.LOST)
        self._writer.numbers(self._eeg, chunk.timestamps, chunk.samples)
        self._next = run.first + len(chunk.samples)
        self.n_samples += len(chunk.samples)

    def left_out(self, until: int, t: float) -> None:
        """Note that the samples up to a number, which came until a time in s, are not in the file."""
        if until > self._next:
            self._gap(t, self._next, until - self._next, GapKind.NOT_RECORDED)
            self._next = until

    def _gap(self, t: float, first: int, n_samples: int, kind: GapKind) -> None:
        self._writer.numbers(self._gaps, np.array([t]), np.array([[first, n_samples, kind]], dtype=np.int64))

    def marker(self, marker: Marker) -> None:
        """Take a marker; a duration goes into the stream of events."""
        self._writer.texts(self._markers, np.array([marker.t]), [(marker.text,)])
        if marker.duration_s:
            self.event(Event(marker.t, "marker duration", {"text": marker.text, "duration_s": marker.duration_s}))

    def prediction(self, prediction: Prediction) -> None:
        """Take a prediction, withheld or not."""
        self._answer(self._answers, prediction)

    def rival(self, answer: RivalAnswer) -> None:
        """Take a prediction of the second model."""
        if self._rivals is not None:
            self._answer(self._rivals, answer.prediction)

    def _answer(self, streams: tuple[int, int], p: Prediction) -> None:
        stamp = np.array([p.t_end])
        if p.withheld is not None:
            self._writer.texts(streams[0], stamp, [(p.withheld,)])
        extra = (p.index, p.t_start, p.latency_s, p.withheld is not None)
        self._writer.numbers(streams[1], stamp, np.array([[*p.probabilities.tolist(), *extra]]))

    def quality(self, report: QualityReport) -> None:
        """Take a quality report; the stream begins with the first one."""
        names = tuple(channel.name for channel in report.channels)
        if self._quality is None or self._quality[1] != names:
            columns = tuple(f"{name}: {figure}" for name in names for figure in ("light", *FIGURES))
            header = StreamHeader(QUALITY, QUALITY, "float32", (*columns, "line_frequency", "blinks_per_minute"))
            self._quality = self._add(header), names
        ends = [np.nan if value is None else value for value in (report.line_frequency, report.blinks_per_minute)]
        row = np.concatenate([figure_table(report).ravel(), ends])
        self._writer.numbers(self._quality[0], np.array([report.t_end]), row[None])

    def event(self, event: Event) -> None:
        """Take an event."""
        text = json.dumps({"event": event.kind, **event.facts}, ensure_ascii=False)
        self._writer.texts(self._events, np.array([event.t]), [(text,)])

    def boundary(self) -> None:
        """Put a mark from which a reader of a damaged file can go on."""
        self._writer.boundary()
