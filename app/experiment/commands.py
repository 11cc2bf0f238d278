"""What the commands calibrate, experiment and sessions do."""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from app.acquisition.source import SampleSource
from app.calibrate import CalibrationOutcome, calibrate_on, personal_path, read_for_calibration, undo
from app.experiment.live_run import LiveRun, Present, lead_head, present_as_text, run_protocol
from app.experiment.protocol import Protocol, calibration_protocol, read_protocol
from app.experiment.schedule import Step, make_schedule
from app.experiment.session_folder import (
    SessionFolder,
    delete_session,
    discard_folder,
    find_sessions,
    make_session_folder,
    name_recordings,
    recordings_of,
    write_facts,
)
from app.experiment.tables import write_tables
from app.paths import bundle_paths, find_bundle
from app.session.recorded_session import read_session
from sclcm_core.errors import CalibrationError, ConfigError
from sclcm_core.inference.bundle import Bundle, load_bundle
from sclcm_core.inference.calibration import FEWEST_BLOCKS
from sclcm_core.recordings.spans import MarkerMapping, read_mapping

MakeSource = Callable[[], SampleSource]


def calibrate_command(arguments: argparse.Namespace, make_source: MakeSource) -> int:
    """Calibrate a model to a person; 0 when the bundle was written, 1 when the calibration was not accepted."""
    bundle = load_bundle(find_bundle(arguments.model))
    if arguments.undo:
        parent = undo(bundle)
        sys.stdout.write(f"'{bundle.manifest.name}' was made from '{parent.manifest.name}': use --model {_name_of(parent)}\n")
        return 0
    path = arguments.out or personal_path(arguments.save_as or f"{bundle.manifest.name}-personal")
    mapping = read_mapping(arguments.mapping) if arguments.mapping else None
    if arguments.file is not None:
        found = read_for_calibration(arguments.file, bundle, arguments.person)
        outcome = calibrate_on(bundle, *found, mapping, rest_only=arguments.rest_only)
        source = arguments.file.name
    else:
        protocol = _calibration_protocol(arguments, bundle)
        if mapping is None and not arguments.rest_only:
            check_blocks(protocol)
        run = _run_live(arguments, bundle, protocol, make_source, mapping)
        outcome = calibrate_on(bundle, run.predictions, run.markers, mapping, rest_only=arguments.rest_only)
        source = protocol.name
    return _conclude(arguments, outcome, path, source)


def _name_of(bundle: Bundle) -> str:
    """Return how a user names a bundle: by its name where that finds it, else by its path."""
    name = bundle.manifest.name
    return name if bundle_paths().get(name) == bundle.path else str(bundle.path)


def check_blocks(protocol: Protocol) -> None:
    """Refuse a protocol that cannot calibrate, before anybody has sat through it."""
    label_of = {stimulus.name: stimulus.label for stimulus in protocol.stimuli}
    counts = Counter[str]()
    for block in protocol.blocks:
        for name in block.stimuli:
            counts[label_of[name]] += block.repeats
    few = [label for label, n in counts.items() if n < FEWEST_BLOCKS]
    if len(counts) == 1 or few:
        what = "only one class" if len(counts) == 1 else f"the class '{few[0]}' in {counts[few[0]]} block"
        raise CalibrationError(
            f"The protocol '{protocol.name}' presents {what} ({', '.join(counts)}): nothing could be held out and compared.",
            f"Present two classes or more, each in {FEWEST_BLOCKS} blocks or more, or measure the rest alone with --rest-only.",
        )


def _calibration_protocol(arguments: argparse.Namespace, bundle: Bundle) -> Protocol:
    if arguments.protocol is not None:
        return read_protocol(arguments.protocol)
    labels = tuple(arguments.classes.split(",")) if arguments.classes else bundle.manifest.class_names
    return calibration_protocol(
        () if arguments.rest_only else labels,
        n_blocks=arguments.blocks,
        duration_s=max(arguments.block_seconds, bundle.manifest.features.span_s + 2.0),
        rest_s=arguments.rest,
    )


def _run_live(
    arguments: argparse.Namespace, bundle: Bundle, protocol: Protocol, make_source: MakeSource, mapping: MarkerMapping | None
) -> LiveRun:
    steps = make_schedule(protocol, secrets.randbelow(2**31) if arguments.seed is None else arguments.seed)
    with ExitStack() as stack:
        source, follow = _source(arguments, make_source)
        present = listen_only(arguments.seconds) if mapping else _presenter(arguments, protocol, stack)

        def led(run: LiveRun, steps: Sequence[Step]) -> None:
            run.on_step += follow
            present(run, steps)

        return run_protocol(arguments, bundle, source, steps, led)


def listen_only(seconds: float | None) -> Present:
    """Return what leads through nothing: another program presents, and its markers come over LSL."""
    if seconds is None:
        raise ConfigError("--mapping says that another program presents; when it ends is not known.", "Add --seconds.")

    def present(run: LiveRun, steps: Sequence[Step]) -> None:
        run.session.wait(seconds)

    return present


def _source(arguments: argparse.Namespace, make_source: MakeSource) -> tuple[SampleSource, list[Callable[[Step], None]]]:
    """Return where samples come from, and what must hear of each step."""
    if not arguments.simulated:
        return make_source(), []
    from app.acquisition.served_inlet import ServedInlet
    from app.acquisition.simulated_headset import SimulatedHeadset

    headset = SimulatedHeadset(seed=secrets.randbelow(2**31) if arguments.seed is None else arguments.seed)
    return ServedInlet(headset), [lead_head(headset)]


def _presenter(arguments: argparse.Namespace, protocol: Protocol, stack: ExitStack) -> Present:
    if arguments.headless:
        return present_as_text(sys.stderr)
    from app.gui.display import check_display
    from app.gui.experiment_window import present_in_window

    check_display()
    return present_in_window(protocol, stack, full_screen=not arguments.windowed)


def _conclude(arguments: argparse.Namespace, outcome: CalibrationOutcome, path: Path, source: str) -> int:
    bundle = outcome.keep(path.stem, path, source) if outcome.is_accepted else None
    if arguments.json:
        facts = {"type": "calibration", "accepted": outcome.is_accepted, "path": str(path) if bundle else None}
        result = outcome.result
        figures = {
            "held_out": [result.held_out.value, result.held_out.low, result.held_out.high],
            "parent": result.parent.value if result.parent else None,
            "chance": result.chance,
            "n_blocks": result.n_blocks,
        } if result else {}  # fmt: skip
        sys.stdout.write(json.dumps(facts | figures | {"sentences": outcome.sentences}) + "\n")
    else:
        sys.stdout.write("\n".join(outcome.sentences) + "\n")
        if bundle:
            sys.stdout.write(f"Saved: {path}\nUse it with --model {path.stem if not arguments.out else path}. ")
            sys.stdout.write(f"To undo, use --model {outcome.parent.manifest.name} again.\n")
    return 0 if bundle else 1


def experiment_command(arguments: argparse.Namespace, make_source: MakeSource) -> int:
    """Run a protocol and keep everything of it in a folder."""
    protocol = read_protocol(arguments.protocol)
    bundle = load_bundle(find_bundle(arguments.model))
    mapping = read_mapping(arguments.mapping) if arguments.mapping else None
    folder = make_session_folder(arguments.sessions, arguments.subject, protocol.name, datetime.now())
    seed = secrets.randbelow(2**31) if arguments.seed is None else arguments.seed
    shutil.copyfile(arguments.protocol, folder.file("protocol.toml"))
    if arguments.mapping:
        shutil.copyfile(arguments.mapping, folder.file("mapping.toml"))  # for the report, and for training from the folder
    write_facts(folder, protocol=protocol.name, seed=seed, model=bundle.manifest.name, model_sha256=bundle.sha256)
    chosen = argparse.Namespace(**{**vars(arguments), "record": folder.path, "seed": seed})
    try:
        _run_live(chosen, bundle, protocol, make_source, mapping)
    finally:
        finish_folder(folder, mapping)
    sys.stdout.write(f"{folder.path}\n")
    sys.stderr.write(f"What it came to: sclcm report {folder.path}\n")
    return 0


def finish_folder(folder: SessionFolder, mapping: MarkerMapping | None = None) -> list[Path]:
    """Name the recordings of a session and write its tables; where nothing was recorded, leave no folder."""
    if not any(folder.path.glob("*.xdf")):
        discard_folder(folder)
        return []
    name_recordings(folder)
    return write_tables(folder, read_session(recordings_of(folder)[0]), mapping)


def sessions_command(arguments: argparse.Namespace) -> int:
    """List sessions, or delete one."""
    if arguments.action == "delete":
        if not arguments.name:
            raise ConfigError("Which session is to be deleted was not said.", "Name one that 'sclcm sessions list' shows.")
        sys.stdout.write(f"Deleted: {delete_session(arguments.sessions, arguments.name)}\n")
        return 0
    found = find_sessions(arguments.sessions)
    if not found:
        sys.stderr.write(f"There are no sessions in '{arguments.sessions}'.\n")
    for folder in found:
        n_bytes = sum(path.stat().st_size for path in folder.path.rglob("*") if path.is_file())
        sys.stdout.write(f"{folder.path.relative_to(arguments.sessions)}  {folder.task}  {n_bytes / 1e6:.1f} MB\n")
    return 0
