"""The composition root: the one place where source, bundle, session and window meet."""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import logging
import math
import os
import secrets
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.paths import bundle_paths, find_bundle, user_dir
from sclcm_core.errors import BundleError, ConfigError

if TYPE_CHECKING:
    from app.acquisition.device_profile import DeviceProfile
    from app.acquisition.source import SampleSource
    from app.session_maker import Plan
    from sclcm_core.features.normalise import Normaliser
    from sclcm_core.inference.bundle import Bundle
    from sclcm_core.inference.manifest import Manifest
    from sclcm_core.inference.words import WordMatcher
    from sclcm_core.recordings.recording import Recording

log = logging.getLogger(__name__)


def set_up_network(arguments: argparse.Namespace) -> None:
    """Apply the network settings of the command line, or else of the settings file, before LSL is first used."""
    from app.acquisition.lsl_network import SETTINGS_VARIABLE, configure
    from app.settings import load_settings

    chosen = {"session_id": arguments.session_id, "known_peers": arguments.known_peer and tuple(arguments.known_peer)}
    given = {key: value for key, value in chosen.items() if value}
    settings = load_settings().network.model_copy(update=given)
    if given or SETTINGS_VARIABLE not in os.environ:
        configure(settings)


def run_demo(arguments: argparse.Namespace) -> int:
    """Start a simulated headset and show it."""
    from app.acquisition.served_inlet import ServedInlet
    from app.acquisition.simulated_headset import CAST, SimulatedHeadset

    bundle = _load(arguments)
    seed = secrets.choice(CAST) if arguments.seed is None else arguments.seed
    plan = _plan(arguments, bundle, lambda: ServedInlet(SimulatedHeadset(seed=seed)))
    if arguments.baseline is None:
        from app.simulated_rest import rest_for

        plan = replace(plan, normaliser_for=functools.partial(rest_for, seed))
    return _run(arguments, plan, bundle)


def run_live(arguments: argparse.Namespace) -> int:
    """Connect to a headset."""
    if arguments.stream:
        from app.pair import people_of, run_together

        people = people_of(
            arguments,
            lambda model: _load(argparse.Namespace(**{**vars(arguments), "model": model})),
            lambda bundle, source: _plan(arguments, bundle, source, connect_timeout_s=arguments.timeout),
        )
        return run_together(arguments, people)
    arguments.model = _one_model(arguments)
    bundle = _load(arguments)
    return _run(arguments, _plan(arguments, bundle, _stream_of(arguments), connect_timeout_s=arguments.timeout), bundle)


def _one_model(arguments: argparse.Namespace) -> str:
    """Return the model of a single person."""
    if arguments.person or len(arguments.models) > 1:
        raise ConfigError(
            "--person, or a second --model, is for several people.",
            "Give --stream once for each of them; for a second model on the same stream take --compare.",
        )
    return str(arguments.models[0])


def _stream_of(arguments: argparse.Namespace) -> Callable[[], SampleSource]:
    """Return what connects to the stream that the command line names."""
    from app.acquisition.device_profile import ProfiledSource
    from app.acquisition.lsl_inlet import LslInlet

    stated = _stated_profile(arguments)

    def make_source() -> SampleSource:
        inlet = LslInlet(name=arguments.name, type=arguments.type, source_id=arguments.source_id)
        return ProfiledSource(inlet, _profiles(), stated)

    return make_source


def run_calibrate(arguments: argparse.Namespace) -> int:
    """Calibrate a model to a person."""
    from app.experiment.commands import calibrate_command

    return calibrate_command(arguments, _stream_of(arguments))


def run_experiment(arguments: argparse.Namespace) -> int:
    """Run a protocol."""
    from app.experiment.commands import experiment_command

    return experiment_command(arguments, _stream_of(arguments))


def run_sessions(arguments: argparse.Namespace) -> int:
    """List sessions, or delete one."""
    from app.experiment.commands import sessions_command

    return sessions_command(arguments)


def run_report(arguments: argparse.Namespace) -> int:
    """Write the report of a session."""
    from app.experiment.report_command import report_command

    return report_command(arguments)


def run_replay(arguments: argparse.Namespace) -> int:
    """Play a recording."""
    from app.acquisition.device_profile import ProfiledSource, load_profile, profile_path
    from app.acquisition.matching import match
    from sclcm_core.recordings.read import read_recording

    bundle = _load(arguments)
    recording = read_recording(arguments.file, trial=arguments.trial)
    stated = _stated_profile(arguments)
    if stated is None and load_profile(profile_path(_profiles(), recording.spec)) is None:
        match(recording.spec, bundle.manifest.features)  # before anything is started
    if any(record.protocol == arguments.file.name for record in bundle.manifest.calibration):
        text = "'%s' was calibrated on '%s': how well it does there says nothing of how well it does elsewhere."
        log.warning(text, bundle.manifest.name, arguments.file.name)

    def make_source() -> SampleSource:
        return ProfiledSource(_replaying(recording, arguments), _profiles(), stated)

    return _run(arguments, _plan(arguments, bundle, make_source, every_window=True), bundle)


def _profiles() -> Path:
    return user_dir() / "devices"


def _stated_profile(arguments: argparse.Namespace) -> DeviceProfile | None:
    from app.acquisition.device_profile import make_profile

    return make_profile(arguments.electrodes, arguments.scale)


def _replaying(recording: Recording, arguments: argparse.Namespace) -> SampleSource:
    if not arguments.via_lsl:
        from app.acquisition.replay_source import ReplaySource

        return ReplaySource(recording, "max" if math.isinf(arguments.speed) else arguments.speed)
    from app.acquisition.remote_transport import RemoteTransport
    from app.acquisition.replay_outlet import ReplayOutlet
    from app.acquisition.served_inlet import ServedInlet
    from app.acquisition.transport import SPEEDS

    speed = min(arguments.speed, SPEEDS[1])  # LSL runs on the clock: 'max' is the fastest that it can do
    outlet = ReplayOutlet(arguments.file, speed=speed, trial=arguments.trial)
    return ServedInlet(outlet, recording.notes, RemoteTransport(outlet, recording.n_samples, recording.spec.sfreq, speed))


def run_streams(arguments: argparse.Namespace) -> int:
    """List the streams in reach."""
    from app.acquisition.lsl_network import list_streams
    from app.stream_list import print_streams, stream_records

    paths = [find_bundle(arguments.model)] if arguments.model else list(bundle_paths().values())
    records = stream_records(list_streams(arguments.seconds), [_manifest(path) for path in paths], _profiles())
    print_streams(records, sys.stdout, as_json=arguments.json)
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


def run_play(arguments: argparse.Namespace) -> int:
    """Put a recording on the network."""
    from app.play import play_command

    return play_command(arguments)


def run_rerun(arguments: argparse.Namespace) -> int:
    """Run a recorded session again."""
    from app.rerun_report import print_rerun

    return print_rerun(arguments.file, arguments.model, sys.stdout, as_json=arguments.json)


def run_doctor(arguments: argparse.Namespace) -> int:
    """Look at everything that a stream needs on its way here; 0 when all is well, 1 otherwise."""
    from app.doctor_report import print_report

    return print_report(sys.stdout, [_manifest(path) for path in bundle_paths().values()], as_json=arguments.json)


def run_screenshots(arguments: argparse.Namespace) -> int:
    """Write pictures of everything there is to see."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from app.gui.screenshots import take_screenshots
    from sclcm_core.inference.bundle import load_bundle

    bundle = load_bundle(find_bundle(arguments.model))
    for path in take_screenshots(bundle, arguments.folder):
        sys.stdout.write(f"{path}\n")
    return 0


def run_simulate(arguments: argparse.Namespace) -> int:
    """Put a simulated headset on the network."""
    from app.acquisition.simulated_headset import SimulatedHeadset

    seed = secrets.randbelow(2**31) if arguments.seed is None else arguments.seed
    with SimulatedHeadset(arguments.name, arguments.source_id, seed=seed) as headset:
        sys.stderr.write(f"'{headset.name}' (source id {headset.source_id}) is on the network. Ctrl-C ends it.\n")
        threading.Event().wait(arguments.seconds)
    return 0


def _load(arguments: argparse.Namespace) -> Bundle:
    """Load the model, and refuse what the options cannot mean, before anything is started."""
    from sclcm_core.inference.bundle import load_bundle

    if arguments.json and not arguments.headless:
        raise ConfigError("'--json' needs '--headless': with a window nothing is printed.", "Add --headless, or drop --json.")
    if arguments.no_raw and arguments.record is None:
        raise ConfigError(
            "'--no-raw' needs '--record': nothing is recorded without it.", "Add --record FOLDER, or drop --no-raw."
        )
    if not arguments.headless:
        _check_display()
    bundle = load_bundle(find_bundle(arguments.model))
    if arguments.baseline is not None and not bundle.manifest.personal_baseline:
        raise ConfigError(
            f"The model '{bundle.manifest.name}' was trained with the population's normaliser only; --baseline would mislead it.",
            "Drop --baseline, or choose a model that 'sclcm models' marks as trained for a personal baseline.",
        )
    return bundle


def _load_rival(arguments: argparse.Namespace, bundle: Bundle) -> Bundle | None:
    """Load the model that is to be compared with the first."""
    from sclcm_core.inference.bundle import load_bundle

    if arguments.compare is None:
        return None
    rival = load_bundle(find_bundle(arguments.compare))
    if rival.sha256 == bundle.sha256:
        raise ConfigError(
            f"'--compare {arguments.compare}' is the same model as '--model {arguments.model}'.",
            "Name another one; 'sclcm models' lists those at hand.",
        )
    return rival


def _check_display() -> None:
    from app.gui.display import check_display

    check_display()


def _plan(
    arguments: argparse.Namespace,
    bundle: Bundle,
    make_source: Callable[[], SampleSource],
    *,
    connect_timeout_s: float = 10.0,
    every_window: bool = False,
) -> Plan:
    """Return what the command line asks for."""
    from app.session.session import SessionSettings
    from app.session_maker import Plan
    from sclcm_core.inference.pipeline import WindowPolicy

    baseline_s, normaliser_for = _baseline(arguments.baseline, bundle.manifest)
    settings = SessionSettings(
        connect_timeout_s=connect_timeout_s,
        baseline_s=baseline_s,
        risk=_risk(arguments.risk, bundle.manifest),
        policy=WindowPolicy.EVERY if every_window else WindowPolicy.NEWEST,
        max_seconds=arguments.seconds,
    )
    return Plan(make_source, settings, normaliser_for)


def _risk(risk: float | None, manifest: Manifest) -> float | None:
    """Return the risk that the model is to be held to; refuse one for which it knows no confidence, before anything is started."""
    trusts = [manifest.trust(has_baseline=has_baseline) for has_baseline in (False, True)]
    if risk is not None and all(trust.threshold(risk) is None for trust in trusts):
        known = sorted({entry.risk for trust in trusts for entry in trust.abstention})
        hint = f"It knows {', '.join(f'{r:g}' for r in known)}." if known else "Drop --risk, or choose a model with thresholds."
        raise ConfigError(f"The model '{manifest.name}' knows no confidence for at most {100 * risk:g} % wrong answers.", hint)
    return risk


def _run(arguments: argparse.Namespace, plan: Plan, bundle: Bundle) -> int:
    """Run a session headless or in the window; raise what ended it."""
    from app.session_maker import SessionMaker

    _matcher(arguments, bundle)  # what is wrong with the words is told before anything is started
    with SessionMaker(arguments) as maker:
        session = maker.make(plan, bundle, _load_rival(arguments, bundle))
        if arguments.headless:
            from app.headless import run_headless

            gc.freeze()  # what is loaded by now stays: a collector that walks over it holds the samples up for tens of ms
            run_headless(session, sys.stdout, as_json=arguments.json, matcher=_matcher(arguments, bundle))
            return 0
        from app.gui.run_window import run_window

        words = _typed_words(arguments)
        gc.freeze()
        status = run_window(session, close_at_end=arguments.seconds is not None, workbench=maker, words=words)
        if session.error is not None:
            raise session.error
        return status


def _typed_words(arguments: argparse.Namespace) -> list[str]:
    from sclcm_core.inference.words import split_words

    return split_words(arguments.words or "")


def _matcher(arguments: argparse.Namespace, bundle: Bundle) -> WordMatcher | None:
    """Return what matches predictions with the words of the command line, or None."""
    from sclcm_core.inference.words import WordMatcher

    words, manifest = _typed_words(arguments), bundle.manifest
    if not words:
        return None
    if manifest.words is None:
        raise ConfigError(
            f"The model '{manifest.name}' matches no words.",
            "Drop --words, or choose a model trained with the method 'eegclip', such as 'words-simulated'.",
        )
    return WordMatcher(manifest.words.table(), words, smoothing_s=manifest.smoothing_s)


def _baseline(text: str | None, manifest: Manifest) -> tuple[float, Callable[[Manifest], Normaliser] | None]:
    """Return the rest to take from the stream in s, or what takes a model's statistics from a rest recording."""
    if text is None:
        return 0.0, None
    with contextlib.suppress(ValueError):
        seconds = float(text)
        if not 0 < seconds < math.inf:
            raise ConfigError(f"A baseline of {text} s is not possible.", "Give a positive number of seconds, or a file.")
        _refuse_short_rest(seconds, manifest)
        return seconds, None
    from app.baseline import baseline_from_file

    path = Path(text)
    baseline_from_file(path, manifest.features)  # what is wrong with the file is told before anything is started
    return 0.0, lambda other: baseline_from_file(path, other.features)


def _refuse_short_rest(seconds: float, manifest: Manifest) -> None:
    from sclcm_core.inference.personal_baseline import FEWEST_FRAMES

    hop_s = manifest.features.hop_s
    n_frames = math.ceil(seconds / hop_s)
    if n_frames < FEWEST_FRAMES:
        raise ConfigError(
            f"A baseline of {seconds:g} s makes {n_frames} windows of the model '{manifest.name}'; fewer than {FEWEST_FRAMES} say too "
            "little of a person.",
            f"Give --baseline {FEWEST_FRAMES * hop_s:g} or more; a minute is usual.",
        )


def _manifest(path: Path) -> Manifest:
    from sclcm_core.inference.bundle import read_manifest

    return read_manifest(path)
