"""Makes sessions: the first one from the command line, others from what the user asks for in the window."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.acquisition.device_profile import DeviceProfile, ProfiledSource, as_known
from app.acquisition.lsl_inlet import LslInlet
from app.acquisition.lsl_network import list_streams
from app.acquisition.matching import describe, match
from app.acquisition.replay_source import ReplaySource
from app.acquisition.source import SampleSource
from app.experiment.marked_source import MarkedSource
from app.gui.workbench import Assignment, FoundStream, ModelAtHand
from app.paths import bundle_paths, user_dir
from app.session.rival import Rival
from app.session.session import Session, SessionSettings
from app.surroundings import surround
from sclcm_core.errors import BundleError
from sclcm_core.features.normalise import Normaliser
from sclcm_core.inference.bundle import Bundle, load_bundle, read_manifest
from sclcm_core.inference.manifest import Manifest
from sclcm_core.inference.pipeline import WindowPolicy

LISTEN_S = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a session is made of, but for the model.

    Parameters
    ----------
    make_source : callable
        Returns a new source.
    settings : SessionSettings
        What the session is told; its normaliser is filled in.
    normaliser_for : callable or None
        Returns a person's own statistics for a model.
    """

    make_source: Callable[[], SampleSource]
    settings: SessionSettings = field(default_factory=SessionSettings)
    normaliser_for: Callable[[Manifest], Normaliser | None] | None = None


class SessionMaker:
    """Makes sessions one after the other, each with what goes on around it; a context manager.

    Parameters
    ----------
    arguments : Namespace
        With ``record``, ``osc`` and ``websocket``, which hold for every session.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._around = contextlib.ExitStack()
        self._plan: Plan | None = None
        self._bundle: Bundle | None = None
        self._rival: Bundle | None = None
        self._session: Session | None = None
        self._marked: MarkedSource | None = None

    def __enter__(self) -> SessionMaker:
        return self

    def __exit__(self, *_: object) -> None:
        self._around.close()

    def make(self, plan: Plan, bundle: Bundle, rival: Bundle | None = None) -> Session:
        """Return a session, not yet started, with a second model or none; what went on around the last one ends."""
        if rival is not None:
            plan = _asking_once(plan)
        second = Rival(rival, bundle.manifest, _settings_for(plan, rival.manifest)) if rival else None
        self._marked = MarkedSource(plan.make_source())
        session = Session(self._marked, bundle, _settings_for(plan, bundle.manifest), second)
        self._around.close()
        self._around.enter_context(surround(session, self._arguments))
        self._plan, self._bundle, self._rival, self._session = plan, bundle, rival, session
        return session

    def mark(self, text: str, t: float) -> None:
        """Put a marker into the present session and its recording, at a time in s on the clock of the stream."""
        if self._marked is not None:
            self._marked.mark(text, t)

    def models(self) -> list[ModelAtHand]:
        """Return the bundles at hand; those that cannot be read are left out."""
        found = []
        for path in bundle_paths().values():
            with contextlib.suppress(BundleError):
                found.append(ModelAtHand(path, read_manifest(path)))
        return found

    def streams(self, manifest: Manifest) -> list[FoundStream]:
        """Listen for a moment and return the streams in reach, those that fit a model first."""
        found = []
        for stream in list_streams(LISTEN_S):
            record = describe(as_known(stream, user_dir() / "devices")[0], manifest.features)
            verdict = record["match"] or record["why_not"] or ""
            found.append(
                FoundStream(
                    stream.name, stream.type, stream.source_id, stream.hostname, stream.sfreq, stream.labels,
                    record["why_not"] is None, verdict,
                )
            )  # fmt: skip
        return sorted(found, key=lambda stream: (not stream.fits, stream.name))

    def open_stream(self, stream: FoundStream, model_path: Path | None, assignment: Assignment) -> Session:
        """Return a session on a stream."""
        stated = _profile(assignment.channels)

        def make_source() -> SampleSource:
            inlet = LslInlet(stream.name, stream.type, stream.source_id or None, unit=assignment.unit)
            return ProfiledSource(inlet, user_dir() / "devices", stated)

        return self.make(Plan(make_source), self._chosen(model_path))

    def open_recording(self, path: Path, model_path: Path | None) -> Session:
        """Return a session that replays a recording."""
        from sclcm_core.recordings.read import read_recording

        recording = read_recording(path)
        settings = SessionSettings(policy=WindowPolicy.EVERY)
        folder = user_dir() / "devices"
        return self.make(Plan(lambda: ProfiledSource(ReplaySource(recording), folder), settings), self._chosen(model_path))

    def with_model(self, model_path: Path) -> Session:
        """Return a session on the present source with another model."""
        if self._plan is None:
            raise RuntimeError("No session has been made yet.")
        bundle = load_bundle(model_path)
        is_other = self._rival is not None and self._rival.manifest.name != bundle.manifest.name
        return self.make(self._plan, bundle, self._rival if is_other else None)

    def with_rival(self, model_path: Path | None) -> Session:
        """Return a session on the present source with a second model beside the first, or with none."""
        if self._plan is None or self._bundle is None or self._session is None:
            raise RuntimeError("No session has been made yet.")
        rival = None if model_path is None else load_bundle(model_path)
        if rival is not None and self._session.spec is not None:
            match(self._session.spec, rival.manifest.features)  # while the present session still runs
        return self.make(self._plan, self._bundle, rival)

    def _chosen(self, model_path: Path | None) -> Bundle:
        if model_path is not None:
            return load_bundle(model_path)
        if self._bundle is None:
            raise RuntimeError("No session has been made yet.")
        return self._bundle


def _asking_once(plan: Plan) -> Plan:
    """Return a plan that takes a person's statistics once for models with the same features, as int8 and float have."""
    normaliser_for = plan.normaliser_for
    if normaliser_for is None:
        return plan
    known: dict[str, Normaliser | None] = {}

    def remembered(manifest: Manifest) -> Normaliser | None:
        key = manifest.features.cache_key()
        if key not in known:
            known[key] = normaliser_for(manifest)
        return known[key]

    return replace(plan, normaliser_for=remembered)


def _settings_for(plan: Plan, manifest: Manifest) -> SessionSettings:
    """Return the settings with the statistics that a model is to use."""
    normaliser_for = plan.normaliser_for
    if normaliser_for is None or not manifest.personal_baseline:
        return plan.settings
    return replace(plan.settings, normaliser=lambda: normaliser_for(manifest))


def _profile(channels: Mapping[str, str]) -> DeviceProfile | None:
    """Return the profile that says which label of the stream is which channel of the model."""
    return DeviceProfile(electrodes={label: name for name, label in channels.items()}) if channels else None
