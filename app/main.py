"""The composition root: the one place where source, bundle, session and window meet."""

from __future__ import annotations

import argparse
import contextlib
import logging
import math
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from app.paths import bundle_paths, find_bundle
from sclcm_core.errors import BundleError, ConfigError

if TYPE_CHECKING:
    from app.acquisition.source import SampleSource
    from app.session.session import SessionSettings
    from sclcm_core.features.normalise import Normaliser
    from sclcm_core.inference.bundle import Bundle
    from sclcm_core.inference.manifest import Manifest
    from sclcm_core.recordings.recording import Recording

log = logging.getLogger(__name__)


def run_demo(arguments: argparse.Namespace) -> int:
    """Start a simulated headset and show it."""
    from app.acquisition.lsl_inlet import LslInlet, StreamSelection
    from app.acquisition.simulated_headset import SimulatedHeadset

    bundle = _load(arguments)
    seed = secrets.randbelow(2**31) if arguments.seed is None else arguments.seed
    with SimulatedHeadset(seed=seed) as headset:
        source = LslInlet(StreamSelection(source_id=headset.source_id), origin="simulated")
        return _run(arguments, source, bundle)


def run_live(arguments: argparse.Namespace) -> int:
    """Connect to a headset."""
    from app.acquisition.lsl_inlet import LslInlet, StreamSelection

    bundle = _load(arguments)
    selection = StreamSelection(name=arguments.name, type=arguments.type, source_id=arguments.source_id)
    return _run(arguments, LslInlet(selection), bundle, connect_timeout_s=arguments.timeout)


def run_replay(arguments: argparse.Namespace) -> int:
    """Play a recording."""
    from app.acquisition.matching import match_channels
    from sclcm_core.recordings.read import read_recording

    bundle = _load(arguments)
    if arguments.via_lsl and math.isinf(arguments.speed):
        raise ConfigError("'--speed max' and '--via-lsl' exclude each other: LSL runs on the clock.", "Drop one of them.")
    recording = read_recording(arguments.file, trial=arguments.trial)
    match_channels(recording.spec, bundle.manifest.features)  # before anything is started
    with _replaying(recording, arguments) as source:
        return _run(arguments, source, bundle)


@contextmanager
def _replaying(recording: Recording, arguments: argparse.Namespace) -> Iterator[SampleSource]:
    from app.acquisition.replay_source import ReplaySource

    if not arguments.via_lsl:
        yield ReplaySource(recording, speed=arguments.speed)
        return
    from app.acquisition.lsl_inlet import LslInlet, StreamSelection
    from app.acquisition.outlets import ReplayOutlet

    with ReplayOutlet(arguments.file, speed=arguments.speed, trial=arguments.trial) as outlet:
        yield LslInlet(StreamSelection(source_id=outlet.source_id), origin="replay")


def run_streams(arguments: argparse.Namespace) -> int:
    """List the streams in reach."""
    from app.acquisition.matching import describe_streams
    from app.stream_list import print_streams

    paths = [find_bundle(arguments.model)] if arguments.model else list(bundle_paths().values())
    print_streams(describe_streams([_manifest(path) for path in paths], arguments.seconds), sys.stdout, as_json=arguments.json)
    return 0


def run_models(arguments: argparse.Namespace) -> int:
    """List the bundles at hand."""
    from app.model_list import print_models

    manifests = []
    for path in bundle_paths().values():
        try:
            manifests.append((path, _manifest(path)))
        except BundleError as error:
            log.warning("%s", error)
    print_models(manifests, sys.stdout, as_json=arguments.json)
    return 0


def run_simulate(arguments: argparse.Namespace) -> int:
    """Put a simulated headset on the network."""
    from app.acquisition.simulated_headset import run_outlet

    seed = secrets.randbelow(2**31) if arguments.seed is None else arguments.seed
    run_outlet(name=arguments.name, source_id=arguments.source_id, seed=seed, seconds=arguments.seconds)
    return 0


def _load(arguments: argparse.Namespace) -> Bundle:
    """Load the model, and refuse what the options cannot mean, before anything is started."""
    from sclcm_core.inference.bundle import load_bundle

    if arguments.json and not arguments.headless:
        raise ConfigError("'--json' needs '--headless': with a window nothing is printed.", "Add --headless, or drop --json.")
    if not arguments.headless:
        _check_display()
    bundle = load_bundle(find_bundle(arguments.model))
    if arguments.baseline is not None and not bundle.manifest.personal_baseline:
        raise ConfigError(
            f"The model '{bundle.manifest.name}' was trained with the population's normaliser only; --baseline would mislead it.",
            "Drop --baseline, or choose a model that 'sclcm models' marks as trained for a personal baseline.",
        )
    return bundle


def _check_display() -> None:
    from app.gui.display import check_display

    check_display()


def _run(arguments: argparse.Namespace, source: SampleSource, bundle: Bundle, *, connect_timeout_s: float = 10.0) -> int:
    """Run a session headless or in the window; raise what ended it."""
    from app.session.session import Session

    session = Session(source, bundle, _settings(arguments, source, bundle.manifest, connect_timeout_s))
    if arguments.headless:
        from app.headless import run_headless

        run_headless(session, sys.stdout, as_json=arguments.json)
        return 0
    from app.gui.main_window import run_window

    status = run_window(session)
    if session.error is not None:
        raise session.error
    return status


def _settings(
    arguments: argparse.Namespace, source: SampleSource, manifest: Manifest, connect_timeout_s: float
) -> SessionSettings:
    from app.session.session import SessionSettings
    from sclcm_core.inference.pipeline import WindowPolicy

    seconds, normaliser = _baseline(arguments.baseline, manifest)
    return SessionSettings(
        connect_timeout_s=connect_timeout_s,
        baseline_s=seconds,
        normaliser=normaliser,
        policy=WindowPolicy.NEWEST if source.realtime else WindowPolicy.EVERY,
        max_seconds=arguments.seconds,
    )


def _baseline(text: str | None, manifest: Manifest) -> tuple[float, Normaliser | None]:
    """Return the rest to take from the stream in s, or the statistics of a rest recording."""
    if text is None:
        return 0.0, None
    with contextlib.suppress(ValueError):
        seconds = float(text)
        if not 0 < seconds < math.inf:
            raise ConfigError(f"A baseline of {text} s is not possible.", "Give a positive number of seconds, or a file.")
        return seconds, None
    from app.baseline_file import baseline_from_file

    return 0.0, baseline_from_file(Path(text), manifest.features)


def _manifest(path: Path) -> Manifest:
    from sclcm_core.inference.bundle import read_manifest

    return read_manifest(path)
