"""A simulated headset: a head that was never there, as an LSL outlet in a process of its own."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

import numpy as np

from app.acquisition.child_process import STOP_WITH_PARENT, ChildProcess, leave_now, report_ready, watch_parent
from app.acquisition.faults import Fault, FaultInjector, parse_fault
from app.acquisition.lsl_network import local_clock
from app.acquisition.outlets import MarkerOutlet, OutletSpec, SampleOutlet
from app.acquisition.sender import Block, Sender
from sclcm_core.errors import SclcmError
from sclcm_core.simulation.settings import EMOTIONS, HEADSET_CHANNELS, Emotion
from sclcm_core.types import Float32Array, Marker

logger = logging.getLogger(__name__)

NAME = "SCLCM simulated headset"
SFREQ = 250.0
CAST = tuple(seed for seed in range(24) if seed != 5)
"""Seeds of the people of the demonstration. The fifth's temples are as busy as a clenched jaw, and nearly all would be withheld."""

COUNTER = "COUNT"
"""Label of the channel that carries each sample's number."""

_BLOCK_S = 0.02
_STATE_S = (12.0, 20.0)

Render = Callable[[int, Emotion], Float32Array]


class SimulatedHeadset:
    """A simulated headset in a child process; a context manager.

    Parameters
    ----------
    name : str
        Name of the stream.
    source_id : str, optional
        What identifies the device; unique when not given.
    seed : int
        Of the person and of the noise.
    announce : bool
        Whether the state of the head is told on a marker stream.
    faults : sequence of str
        What goes wrong, as `parse_fault` reads it.
    sfreq : float
        Sampling rate in Hz.
    extra : sequence of str
        More options of the command line of this module.

    Examples
    --------
    ::

        with SimulatedHeadset() as headset:
            inlet = LslInlet(source_id=headset.source_id)
    """

    def __init__(
        self,
        name: str = NAME,
        source_id: str | None = None,
        *,
        seed: int = 0,
        announce: bool = True,
        faults: Sequence[str] = (),
        sfreq: float = SFREQ,
        extra: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.source_id = f"sclcm-headset-{uuid.uuid4().hex[:12]}" if source_id is None else source_id
        arguments = [f"--name={name}", f"--source-id={self.source_id}", f"--seed={seed}", f"--sfreq={sfreq}"]
        arguments += ["--announce"] * announce + [f"--fault={fault}" for fault in faults] + list(extra)
        self._child = ChildProcess("app.acquisition.simulated_headset", arguments)

    def start(self) -> Self:
        """Start the child and wait until its stream is up.

        Raises
        ------
        StreamError
            When it cannot be started.
        """
        self._child.start()
        return self

    def stop(self) -> None:
        """Switch the headset off; safe to call twice."""
        self._child.stop()

    def kill(self) -> None:
        """Let the process end as in a crash."""
        self._child.kill()

    def feel(self, state: str) -> None:
        """Put the head into a state, where it stays until the next one is ordered."""
        self._child.tell(state)

    @property
    def pid(self) -> int | None:
        """Number of the child process while it runs."""
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Whether the child is alive."""
        return self._child.is_running

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def counting(sfreq: float, ch_names: Sequence[str]) -> Render:
    """Return a source of samples without EEG: each channel is a 10 Hz wave, quick to make.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    ch_names : sequence of str
        Channel labels.
    """
    made = 0

    def render(n_samples: int, state: Emotion) -> Float32Array:
        nonlocal made
        t = (made + np.arange(n_samples)) / sfreq
        made += n_samples
        wave = 20.0 * np.sin(2 * np.pi * 10.0 * t)
        return np.repeat(wave[:, None], len(ch_names), axis=1).astype(np.float32)

    return render


def simulated(sfreq: float, ch_names: Sequence[str], seed: int) -> Render:
    """Return the simulated head as a source of samples in µV.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    ch_names : sequence of str
        Channel labels.
    seed : int
        Of all randomness.
    """
    from sclcm_core.simulation import SimulatedHead

    return SimulatedHead(np.random.default_rng(seed), sfreq, ch_names).render


def blocks(
    render: Render,
    sfreq: float,
    rate_factor: float,
    rng: np.random.Generator,
    *,
    counted: bool,
    start: float,
    block_s: float,
    ordered: Sequence[str] = (),
) -> Iterator[Block]:
    """Yield the blocks of a headset for ever.

    Parameters
    ----------
    render : callable
        Makes samples in µV.
    sfreq : float
        Nominal sampling rate in Hz.
    rate_factor : float
        How much faster the device runs than it says.
    rng : numpy.random.Generator
        Draws the states and how long they last.
    counted : bool
        Whether a first channel carries each sample's number.
    start : float
        When the first sample is captured, in s on the LSL clock.
    block_s : float
        Length of a block in s.
    ordered : sequence of str
        States that were ordered so far; the last one holds, and none is drawn any more.
    """
    n_block = max(round(block_s * sfreq), 1)
    first, until, state = 0, 0, "neutral"
    while True:
        numbers = first + np.arange(n_block)
        stamps = start + numbers / (sfreq * rate_factor)
        markers: tuple[Marker, ...] = ()
        if ordered:
            if state != ordered[-1]:
                state = ordered[-1]
                markers = (Marker(float(stamps[0]), state),)
        elif first >= until:
            state = str(rng.choice([emotion for emotion in EMOTIONS if emotion != state or first == 0]))
            until = first + round(rng.uniform(*_STATE_S) * sfreq)
            markers = (Marker(float(stamps[0]), state),)
        samples = render(n_block, state)  # type: ignore[arg-type]
        if counted:
            samples = np.concatenate([numbers[:, None].astype(np.float32), samples], axis=1)
        yield Block(samples, stamps, float(stamps[-1]), first, markers)
        first += n_block


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.acquisition.simulated_headset", description=__doc__)
    parser.add_argument("--name", default=NAME, help="name of the stream")
    parser.add_argument("--source-id", default="sclcm-simulated-headset", help="what identifies the device")
    parser.add_argument("--type", default="EEG", help="type of the stream")
    parser.add_argument("--seed", type=int, default=0, help="seed of the person and of the noise")
    parser.add_argument("--sfreq", type=float, default=SFREQ, help="sampling rate in Hz")
    parser.add_argument("--channels", default=",".join(HEADSET_CHANNELS), help="channel labels, separated by commas")
    parser.add_argument("--announce", action="store_true", help="tell the state of the head on a marker stream")
    parser.add_argument("--fault", action="append", default=[], help="what goes wrong, such as drop:3s@10")
    parser.add_argument("--count", action="store_true", help="a first channel carries each sample's number")
    parser.add_argument("--plain", action="store_true", help="a plain wave instead of EEG")
    parser.add_argument("--unit", default="microvolts", help="unit that the description declares; empty for none")
    parser.add_argument("--volts-per-unit", type=float, default=1e-6, help="size of the unit in which samples are sent")
    parser.add_argument("--format", default="float32", help="number format on the wire")
    parser.add_argument("--block", type=float, default=_BLOCK_S, help="length of a block in s")
    parser.add_argument("--start", type=float, default=None, help="LSL time of sample number 0, in s; now when not given")
    parser.add_argument(STOP_WITH_PARENT, action="store_true", help="end when standard input is closed")
    return parser


def outlet_spec(args: argparse.Namespace) -> OutletSpec:
    """Return what the headset says of itself, by its command line."""
    labels = tuple(args.channels.split(","))
    notes = (("montage", "10-20"), ("reference", "linked ears"))
    markers_id = f"{args.source_id}-markers" if args.announce else ""
    spec = OutletSpec(
        args.name, args.type, args.source_id, labels, args.sfreq, (args.unit,), ("EEG",), "SCLCM Live (simulated)",
        args.format, simulated=True, markers_id=markers_id, notes=notes,
    )  # fmt: skip
    if not args.count:
        return spec
    n_eeg = len(labels)
    return replace(spec, ch_names=(COUNTER, *labels), units=("none", *[args.unit] * n_eeg), ch_types=("AUX", *["EEG"] * n_eeg))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the headset until it is told to stop; return the exit status."""
    args = _parser().parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    ordered: list[str] = []
    if args.stop_with_parent:
        watch_parent(stop, lambda state: ordered.append(state) if state in EMOTIONS else None)
    try:
        _run(args, [parse_fault(text) for text in args.fault], stop, ordered)
    except SclcmError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    leave_now(stop)
    return 0


def _run(args: argparse.Namespace, faults: Sequence[Fault], stop: threading.Event, ordered: Sequence[str]) -> None:
    spec = outlet_spec(args)
    labels = args.channels.split(",")
    render = counting(args.sfreq, labels) if args.plain else simulated(args.sfreq, labels, args.seed)
    injector = FaultInjector(faults, args.sfreq, spec.ch_names, np.random.default_rng(args.seed + 1))
    markers = MarkerOutlet(f"{args.name} markers", spec.markers_id, simulated=True) if args.announce else None
    sender = Sender(lambda: SampleOutlet(spec), markers, injector, stop)
    report_ready(name=args.name, source_id=args.source_id)
    start = local_clock() if args.start is None else args.start
    stream = blocks(
        _in_unit(render, args.volts_per_unit), args.sfreq, injector.rate_factor, np.random.default_rng(args.seed + 2),
        counted=args.count, start=start, block_s=args.block, ordered=ordered,
    )  # fmt: skip
    sender.run(stream)
    sender.close()


def _in_unit(render: Render, volts_per_unit: float) -> Render:
    if volts_per_unit == 1e-6:
        return render
    return lambda n_samples, state: (render(n_samples, state) * (1e-6 / volts_per_unit)).astype(np.float32)


if __name__ == "__main__":
    raise SystemExit(main())
