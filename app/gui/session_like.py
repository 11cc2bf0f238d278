"""What the window asks of a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from sclcm_core.types import Marker, Prediction, StreamSpec

if TYPE_CHECKING:
    from app.session.comparison import Comparison
    from app.session.session import SessionStatus
    from app.session.truth import TruthScore
    from sclcm_core.features.normalise import Normaliser
    from sclcm_core.inference.manifest import Manifest
    from sclcm_core.inference.predictor import Predictor
    from sclcm_core.streaming.ring_buffer import RingBuffer


class SessionLike(Protocol):
    """A running session, as far as the window needs to know it.

    The lists of callbacks are called from the session's own threads; the window adds itself to them through its bridge.
    """

    on_prediction: list[Callable[[Prediction], None]]
    on_marker: list[Callable[[Marker], None]]
    on_status: list[Callable[[SessionStatus], None]]

    @property
    def buffer(self) -> RingBuffer | None:
        """The samples; None until the stream is known."""
        ...

    @property
    def spec(self) -> StreamSpec | None:
        """The stream; None until it is known."""
        ...

    @property
    def manifest(self) -> Manifest:
        """What the model says of itself."""
        ...

    @property
    def channel_indices(self) -> tuple[int, ...]:
        """Where the model's channels stand in the stream; empty until it is known."""
        ...

    @property
    def status(self) -> SessionStatus:
        """A frozen snapshot."""
        ...

    def start(self) -> None:
        """Start to look for the source."""
        ...

    def stop(self) -> None:
        """End the session; may be called at any moment, and twice."""
        ...

    def score(self) -> TruthScore | None:
        """How often the predictions agree with the markers; None when no marker says."""
        ...


@runtime_checkable
class Transport(Protocol):
    """A replay that can be paused and moved."""

    n_samples: int
    loop: bool

    @property
    def position_s(self) -> float:
        """Where the replay stands, in s of the recording."""
        ...

    @property
    def is_paused(self) -> bool:
        """Whether the replay stands still."""
        ...

    @property
    def speed(self) -> float:
        """Pace relative to the clock."""
        ...

    def pause(self) -> None:
        """Stand still."""
        ...

    def play(self) -> None:
        """Go on."""
        ...

    def seek(self, position_s: float) -> None:
        """Go to a position in s of the recording."""
        ...

    def set_speed(self, speed: float) -> None:
        """Set the pace relative to the clock."""
        ...

    def set_loop(self, loop: bool) -> None:
        """Set whether to begin again at the end."""
        ...


class HoldsModel(Protocol):
    """A bundle, as far as the window asks its model."""

    @property
    def predictor(self) -> Predictor:
        """The model."""
        ...


@runtime_checkable
class Explains(Protocol):
    """A session whose model can be asked again, to see what drove a prediction."""

    @property
    def bundle(self) -> HoldsModel:
        """What holds the model."""
        ...

    @property
    def normaliser(self) -> Normaliser | None:
        """The statistics in use; None until the stream is known."""
        ...


@runtime_checkable
class Compares(Protocol):
    """A session in which a second model sees the same windows."""

    on_rival_prediction: list[Callable[[Prediction], None]]

    @property
    def rival_manifest(self) -> Manifest | None:
        """What the second model says of itself; None when there is none."""
        ...

    def comparison(self) -> Comparison | None:
        """Both models side by side; None when there is no second one."""
        ...


def notes_of(session: SessionLike) -> tuple[str, ...]:
    """Return what there is to know about the recording that a session replays; empty for anything else."""
    found = getattr(getattr(session, "source", None), "notes", ())
    return found if isinstance(found, tuple) else ()


def rival_of(session: SessionLike) -> Manifest | None:
    """Return what the second model of a session says of itself, or None."""
    return session.rival_manifest if isinstance(session, Compares) else None


def transport_of(session: SessionLike) -> Transport | None:
    """Return the transport of a session that replays a recording, or None."""
    found = getattr(getattr(session, "source", None), "transport", None)
    return found if isinstance(found, Transport) else None


def unread_notices(session: SessionLike) -> list[tuple[str, str]]:
    """Return what a session has noticed of how far it can be trusted since the last call: kind and words."""
    watch = getattr(session, "trust", None)
    return watch.unread() if watch is not None else []
