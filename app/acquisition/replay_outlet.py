"""A recording on the network, as if it were a headset."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from app.acquisition.child_process import STOP_WITH_PARENT, ChildProcess, leave_now, report_ready, watch_parent
from app.acquisition.faults import Fault, FaultInjector, parse_fault
from app.acquisition.lsl_network import local_clock
from app.acquisition.outlets import MarkerOutlet, OutletSpec, SampleOutlet
from app.acquisition.sender import Block, Sender
from app.acquisition.transport import Span, Transport, check_speed
from sclcm_core.errors import SclcmError
from sclcm_core.montage import is_eeg_label
from sclcm_core.recordings.recording import Recording
from sclcm_core.types import Marker

END_MARKER = "sclcm: end of recording"
"""Text of the marker that says that no more samples come."""

_BLOCK_S = 0.02
_LONGEST_BLOCK_S = 1.0
_LINGER_S = 5.0
_STEP_S = 0.2


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """How a recording is put on the network.

    Parameters
    ----------
    name : str
        Name of the stream; that of the recording when empty.
    source_id : str
        What identifies the device; made from the file's name when empty.
    speed : float
        Pace relative to the clock, 0.25 to 20.
    loop : bool
        Whether to begin again at the end.
    wait_s : float
        How long to wait for a listener before the first sample, in s; 0 to begin at once.
    faults : tuple of Fault
        What goes wrong.
    seed : int
        Of the jitter.
    """

    name: str = ""
    source_id: str = ""
    speed: float = 1.0
    loop: bool = False
    wait_s: float = 0.0
    faults: tuple[Fault, ...] = ()
    seed: int = 0


class ReplayOutlet:
    """A recording on the network, played by a child process; a context manager.

    Parameters
    ----------
    path : Path
        The recording.
    speed : float
        Pace relative to the clock, 0.25 to 20.
    loop : bool
        Whether to begin again at the end.
    wait_s : float
        How long to wait for a listener before the first sample, in s: who listens by then gets every sample.
    trial : str, optional
        Which trial of a file that holds several.
    name : str
        Name of the stream; that of the recording when empty.
    source_id : str, optional
        What identifies the device; unique when not given.
    faults : sequence of str
        What goes wrong, as `parse_fault` reads it.

    Attributes
    ----------
    notes : tuple of str
        What there is to know about the recording, once it is on the network.
    """

    def __init__(
        self,
        path: Path,
        speed: float = 1.0,
        *,
        loop: bool = False,
        wait_s: float = 30.0,
        trial: str | None = None,
        name: str = "",
        source_id: str | None = None,
        faults: Sequence[str] = (),
    ) -> None:
        self.notes: tuple[str, ...] = ()
        self.source_id = f"sclcm-replay-{uuid.uuid4().hex[:12]}" if source_id is None else source_id
        arguments = [f"--speed={speed}", f"--wait={wait_s}", f"--name={name}", f"--source-id={self.source_id}"]
        arguments += ["--loop"] * loop + ([f"--trial={trial}"] if trial is not None else [])
        self._child = ChildProcess(
            "app.acquisition.replay_outlet", [*arguments, *(f"--fault={fault}" for fault in faults), "--", str(path)]
        )

    def start(self) -> Self:
        """Start the child and wait until its stream is up.

        Raises
        ------
        StreamError
            When the recording cannot be read or played.
        """
        self.notes = tuple(self._child.start().get("notes", ()))
        return self

    def pause(self) -> None:
        """Stand still."""
        self._child.tell("pause")

    def play(self) -> None:
        """Go on."""
        self._child.tell("play")

    def seek(self, position_s: float) -> None:
        """Go to a position in s of the recording."""
        self._child.tell(f"seek {position_s}")

    def set_speed(self, speed: float) -> None:
        """Set the pace relative to the clock."""
        self._child.tell(f"speed {check_speed(speed)}")

    def set_loop(self, loop: bool) -> None:
        """Set whether to begin again at the end."""
        self._child.tell(f"loop {int(loop)}")

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end of the recording, at most for a time in s; tell whether it was reached."""
        return self._child.wait(timeout_s)

    @property
    def pid(self) -> int | None:
        """Number of the child process while it runs."""
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Whether the child is alive."""
        return self._child.is_running

    @property
    def has_failed(self) -> bool:
        """Whether the child has ended before the recording."""
        return self._child.has_failed

    def kill(self) -> None:
        """Let the process end as in a crash."""
        self._child.kill()

    def stop(self) -> None:
        """Take the stream off the network; safe to call twice."""
        self._child.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def outlet_spec(recording: Recording, settings: ReplaySettings) -> OutletSpec:
    """Return what the outlet of a recording says of itself.

    Parameters
    ----------
    recording : Recording
        The recording.
    settings : ReplaySettings
        How it is played.
    """
    spec = recording.spec
    is_eeg = [is_eeg_label(label) for label in spec.ch_names]
    source_id = settings.source_id or f"sclcm-replay-{recording.path.stem}"
    return OutletSpec(
        settings.name or spec.name or recording.path.stem,
        "EEG",
        source_id,
        spec.ch_names,
        spec.sfreq,
        tuple("microvolts" if eeg or not any(is_eeg) else "" for eeg in is_eeg),
        tuple("EEG" if eeg or not any(is_eeg) else "MISC" for eeg in is_eeg),
        "SCLCM Live (replay)",
        simulated=recording.simulated,
        speed=settings.speed,
        markers_id=f"{source_id}-markers",
        end_marker=END_MARKER,
        notes=(("recording", recording.path.name),),
    )


def play_recording_over_lsl(
    recording: Recording,
    settings: ReplaySettings,
    stop: threading.Event,
    on_ready: Callable[[Transport], None] = lambda _: None,
) -> None:
    """Put a recording on the network, and return when it has been played and heard.

    Time stamps are one sampling interval apart throughout; at speed 1 they are on the LSL clock. The end is told on the marker
    stream, and the streams stay until nobody listens any more.

    Parameters
    ----------
    recording : Recording
        What to play.
    settings : ReplaySettings
        How.
    stop : threading.Event
        Ends the playing when set.
    on_ready : callable
        Called with the transport once the streams are up.
    """
    spec = outlet_spec(recording, settings)
    rng = np.random.default_rng(settings.seed)
    injector = FaultInjector(settings.faults, spec.sfreq, spec.ch_names, rng)
    markers = MarkerOutlet(f"{spec.name} markers", spec.markers_id, simulated=recording.simulated)
    sender = Sender(lambda: SampleOutlet(spec), markers, injector, stop)
    transport = Transport(recording.n_samples, spec.sfreq, settings.speed, local_clock, loop=settings.loop)
    on_ready(transport)
    _wait_for_listeners(sender, settings.wait_s, stop)
    t0 = local_clock()
    sender.run(_blocks(recording, transport, t0, stop))
    if not stop.is_set():
        sender.mark(Marker(t0 + transport.n_taken / spec.sfreq, END_MARKER))
        _linger(sender, stop)
    sender.close()


def _wait_for_listeners(sender: Sender, wait_s: float, stop: threading.Event) -> None:
    """Wait for who listens to the samples, and then a moment for the markers."""
    for outlet, patience_s in ((sender.samples, wait_s), (sender.markers, min(wait_s, 2.0))):
        deadline = time.monotonic() + patience_s
        while outlet is not None and not stop.is_set() and time.monotonic() < deadline:
            if outlet.wait_for_consumers(_STEP_S):
                break


def _linger(sender: Sender, stop: threading.Event) -> None:
    """Stay until nobody listens, or a few seconds."""
    deadline = time.monotonic() + _LINGER_S
    while sender.samples is not None and sender.samples.has_consumers() and time.monotonic() < deadline:
        sender.mark()  # who hears of the markers only now must know the end too
        if stop.wait(0.02):
            return


def _blocks(recording: Recording, transport: Transport, t0: float, stop: threading.Event) -> Iterator[Block]:
    sfreq = recording.spec.sfreq
    while not stop.is_set() and not transport.is_at_end:
        n_block = max(round(_BLOCK_S * sfreq * transport.speed), 1)
        span = transport.next(n_block, max(round(_LONGEST_BLOCK_S * sfreq), n_block), _STEP_S)
        if span is not None:
            stamps = t0 + np.arange(span.first, span.first + span.stop - span.start) / sfreq
            markers = _markers(recording, span, t0)
            yield Block(recording.samples[span.start : span.stop], stamps, local_clock(), span.first, markers)


def _markers(recording: Recording, span: Span, t0: float) -> tuple[Marker, ...]:
    """Return the markers of a span, with times in s on the LSL clock."""
    sfreq = recording.spec.sfreq
    shift = t0 + (span.first - span.start) / sfreq
    begin = span.start / sfreq if span.start else -np.inf
    end = span.stop / sfreq if span.stop < recording.n_samples else np.inf
    return tuple(Marker(m.t + shift, m.text, m.duration_s) for m in recording.markers if begin <= m.t < end)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.acquisition.replay_outlet", description=__doc__)
    parser.add_argument("path", help="the recording")
    parser.add_argument("--trial", default=None, help="which trial of a file that holds several")
    parser.add_argument("--name", default="", help="name of the stream")
    parser.add_argument("--source-id", default="", help="what identifies the device")
    parser.add_argument("--speed", type=float, default=1.0, help="pace relative to the clock")
    parser.add_argument("--loop", action="store_true", help="begin again at the end")
    parser.add_argument("--wait", type=float, default=0.0, help="how long to wait for a listener, in s")
    parser.add_argument("--fault", action="append", default=[], help="what goes wrong, such as drop:3s@10")
    parser.add_argument(STOP_WITH_PARENT, action="store_true", help="end when standard input is closed")
    return parser


def obey(transport: Transport, command: str) -> None:
    """Do what a line says: ``pause``, ``play``, ``seek 12.5``, ``speed 2``, ``loop 1``; others are left alone.

    Parameters
    ----------
    transport : Transport
        What is steered.
    command : str
        The line.
    """
    word, _, rest = command.partition(" ")
    actions: dict[str, Callable[[float], None]] = {
        "pause": lambda _: transport.pause(),
        "play": lambda _: transport.play(),
        "seek": transport.seek,
        "speed": transport.set_speed,
        "loop": lambda on: transport.set_loop(bool(on)),
    }
    try:
        actions[word](float(rest or 0.0))
    except (KeyError, ValueError):
        return


def main(argv: Sequence[str] | None = None) -> int:
    """Play a recording until its end, or until told to stop; return the exit status."""
    args = _parser().parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        _play(args, stop)
    except SclcmError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    leave_now(stop)
    return 0


def _play(args: argparse.Namespace, stop: threading.Event) -> None:
    from sclcm_core.recordings import read_recording

    faults = tuple(parse_fault(text) for text in args.fault)
    recording = read_recording(args.path, trial=args.trial)
    settings = ReplaySettings(args.name, args.source_id, args.speed, args.loop, args.wait, faults)

    def on_ready(transport: Transport) -> None:
        if args.stop_with_parent:
            watch_parent(stop, lambda command: obey(transport, command))
        report_ready(source_id=args.source_id, n_samples=recording.n_samples, notes=recording.notes)

    play_recording_over_lsl(recording, settings, stop, on_ready)


if __name__ == "__main__":
    raise SystemExit(main())
