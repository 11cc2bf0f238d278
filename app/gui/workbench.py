"""What the window can ask for beyond the session it shows: other models, other streams, recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.gui.session_like import SessionLike

if TYPE_CHECKING:
    from sclcm_core.inference.manifest import Manifest


@dataclass(frozen=True, slots=True)
class FoundStream:
    """A stream on the network.

    Parameters
    ----------
    name, type, source_id, hostname : str
        As the stream declares them.
    sfreq : float
        Nominal sampling rate in Hz.
    ch_names : tuple of str
        Labels of its channels.
    fits : bool
        Whether the model can use it as it is.
    verdict : str
        How it is matched, or why not.
    """

    name: str
    type: str
    source_id: str
    hostname: str
    sfreq: float
    ch_names: tuple[str, ...]
    fits: bool
    verdict: str


@dataclass(frozen=True, slots=True)
class ModelAtHand:
    """A bundle that can be loaded.

    Parameters
    ----------
    path : Path
        Its file.
    manifest : Manifest
        What it says of itself.
    """

    path: Path
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Assignment:
    """What the user said where a stream does not say it itself.

    Parameters
    ----------
    channels : mapping of str to str
        Label of the stream for each channel of the model; empty when the labels match by themselves.
    unit : str
        Unit of the stream; empty when it declares one.
    """

    channels: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""


class Workbench(Protocol):
    """Makes sessions; every method may take seconds and is called outside the GUI's thread.

    Errors the user can mend are raised as `SclcmError` and shown as banners.
    """

    def models(self) -> list[ModelAtHand]:
        """Return the bundles at hand."""
        ...

    def streams(self, manifest: Manifest) -> list[FoundStream]:
        """Listen for a moment and return the streams in reach, matched against a model."""
        ...

    def open_stream(self, stream: FoundStream, model_path: Path | None, assignment: Assignment) -> SessionLike:
        """Return a session, not yet started, on a stream; with the present model when no path is given."""
        ...

    def open_recording(self, path: Path, model_path: Path | None) -> SessionLike:
        """Return a session, not yet started, that replays a recording; with the present model when no path is given."""
        ...

    def mark(self, text: str, t: float) -> None:
        """Put a marker into the present session and its recording, at a time in s on the clock of the stream."""
        ...

    def with_model(self, model_path: Path) -> SessionLike:
        """Return a session, not yet started, on the present source with another model."""
        ...

    def with_rival(self, model_path: Path | None) -> SessionLike:
        """Return a session, not yet started, on the present source with a second model beside the first, or with none."""
        ...
