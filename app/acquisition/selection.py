"""Which of the visible streams is meant, at the start and after it was lost."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from app.acquisition.stream_description import MAX_CHANNELS, StreamDescription
from app.acquisition.units import factor_of, is_eeg_channel
from sclcm_core.errors import StreamError
from sclcm_core.montage import is_eeg_label

MAX_SFREQ = 1e5
"""Rates above this, in Hz, are a mistake."""


@dataclass(frozen=True, slots=True)
class StreamQuery:
    """What the user asked for; what is None does not matter.

    Parameters
    ----------
    name, type, source_id : str or None
        As the stream declares them; the type in any case. Without a type, EEG streams are meant.
    """

    name: str | None = None
    type: str | None = None
    source_id: str | None = None

    def accepts(self, stream: StreamDescription) -> bool:
        """Tell whether a stream is one of those meant; whether it can be used is another question."""
        if self.name is not None and stream.name != self.name:
            return False
        if self.source_id is not None and stream.source_id != self.source_id:
            return False
        if self.type is not None:
            return stream.type.lower() == self.type.lower()
        named = self.name is not None or self.source_id is not None
        return named or stream.type.lower() == "eeg"

    @property
    def text(self) -> str:
        """The query in words."""
        parts = [f"named '{self.name}'"] if self.name is not None else []
        parts += [f"with source id '{self.source_id}'"] if self.source_id is not None else []
        kind = f"{self.type} stream" if self.type is not None else "stream" if parts else "EEG stream"
        return " ".join([kind, *parts])


def refusal(stream: StreamDescription) -> str | None:
    """Return why a stream cannot be used as EEG, or None.

    Parameters
    ----------
    stream : StreamDescription
        The stream; its channels need not be known.
    """
    numbers = _refusal_of_numbers(stream)
    if numbers is not None or stream.type.lower() == "eeg" or any(is_eeg_label(label) for label in stream.ch_names):
        return numbers
    if stream.ch_names and not any(map(is_eeg_channel, stream.labels, stream.ch_types or [""] * stream.n_channels)):
        return f"it is of type '{stream.type}' and none of its channels is an electrode"
    return None


def _refusal_of_numbers(stream: StreamDescription) -> str | None:
    refusals = (
        (stream.channel_format == "string", "it carries text, not samples"),
        (stream.sfreq <= 0, "it has no fixed sampling rate"),
        (stream.sfreq > MAX_SFREQ, f"it declares {stream.sfreq:g} Hz, and no amplifier is faster than {MAX_SFREQ:g} Hz"),
        (stream.n_channels < 1, "it has no channels"),
        (stream.n_channels > MAX_CHANNELS, f"it has more than {MAX_CHANNELS} channels"),
    )
    return next((text for is_so, text in refusals if is_so), None)


def choose(query: StreamQuery, visible: Sequence[StreamDescription]) -> tuple[StreamDescription, str]:
    """Choose the stream that is meant.

    Parameters
    ----------
    query : StreamQuery
        What is asked for.
    visible : sequence of StreamDescription
        What is there.

    Returns
    -------
    stream : StreamDescription
        The one.
    message : str
        What the user should know of the choice, or an empty string.

    Raises
    ------
    StreamError
        When none is meant, none can be used, or several are meant.
    """
    meant = [s for s in visible if query.accepts(s)]
    if not meant:
        raise StreamError(f"No {query.text} was found.", list_visible(visible))
    usable = [s for s in meant if refusal(s) is None]
    if not usable:
        raise StreamError(
            f"The stream '{meant[0].name}' ({meant[0].type}) cannot be used: {refusal(meant[0])}.",
            list_visible(visible),
        )
    identities = {(s.name, s.type, s.source_id, s.hostname if not s.source_id else "") for s in usable}
    if len(identities) > 1:
        listed = "; ".join(sorted(_line(s) for s in usable))
        raise StreamError(f"{len(usable)} streams answer: {listed}.", "Choose one with --name or --source-id.")
    return _newest(usable)


def _newest(twins: Sequence[StreamDescription]) -> tuple[StreamDescription, str]:
    here = socket.gethostname()
    best = max(twins, key=lambda s: (s.hostname == here, s.created_at))
    if len(twins) == 1:
        return best, ""
    return (
        best,
        f"{len(twins)} streams call themselves '{best.source_id or best.name}'; the newest was taken. Close the others.",
    )


def list_visible(visible: Sequence[StreamDescription]) -> str:
    """Return a remedy that names the EEG that is there, and counts the rest."""
    if not visible:
        return (
            "No stream at all is visible: start the device's LSL program, check that both are in the same network, "
            "and ask `sclcm doctor`."
        )
    usable = sorted(_line(stream) for stream in visible if refusal(stream) is None)
    n_others = len(visible) - len(usable)
    others = [f"{n_others} stream{'s' if n_others > 1 else ''} without EEG"] if n_others else []
    return f"Visible are: {'; '.join([*usable, *others])}."


def _line(stream: StreamDescription) -> str:
    rate = f"{stream.sfreq:g} Hz" if stream.sfreq else "irregular"
    return f"'{stream.name}' ({stream.type or 'no type'}, {stream.n_channels} ch, {rate}, source id '{stream.source_id}')"


def rank_reunion(old: StreamDescription, new: StreamDescription, *, by_source_id: bool) -> int | None:
    """Return how surely a stream is one that was lost: 0 sure, 1 likely, None not.

    Parameters
    ----------
    old, new : StreamDescription
        The stream that was lost, and one that is there.
    by_source_id : bool
        Whether the user named the source id: then nothing else will do.

    Notes
    -----
    Programs that let pylsl invent the source id give another one at each start; name, type and computer then tell.
    """
    if old.source_id and old.source_id == new.source_id:
        return 0
    if by_source_id:
        return None
    same = (old.name, old.type, old.hostname) == (new.name, new.type, new.hostname)
    return 1 if same else None


def find_again(
    old: StreamDescription,
    visible: Sequence[StreamDescription],
    others: frozenset[str],
    *,
    by_source_id: bool,
    may_be_twin: bool = True,
) -> tuple[StreamDescription, str] | None:
    """Find a stream that was lost.

    Parameters
    ----------
    old : StreamDescription
        The stream that was lost.
    visible : sequence of StreamDescription
        What is there now.
    others : frozenset of str
        Uids of streams that were there beside it while it lived: those are not it.
    by_source_id : bool
        Whether the user named the source id.
    may_be_twin : bool
        Whether one of the others will do when it has the same source id.

    Returns
    -------
    (StreamDescription, str) or None
        The stream and what to tell of the choice.
    """
    ranked: dict[int, list[StreamDescription]] = {}
    for stream in visible:
        rank = rank_reunion(old, stream, by_source_id=by_source_id)
        is_other = stream.uid in others and not (rank == 0 and may_be_twin)
        if rank is not None and not is_other:
            ranked.setdefault(rank, []).append(stream)
    return _newest(ranked[min(ranked)]) if ranked else None


def differences(old: StreamDescription, new: StreamDescription) -> str:
    """Return in words how a stream that came back differs in what a model sees, or an empty string."""
    out = []
    if new.n_channels != old.n_channels:
        out.append(f"{new.n_channels} channels instead of {old.n_channels}")
    elif new.labels != old.labels:
        changed = [f"{a} → {b}" for a, b in zip(old.labels, new.labels, strict=True) if a != b]
        out.append(f"other channel labels ({', '.join(changed[:4])}{'...' if len(changed) > 4 else ''})")
    if abs(new.sfreq - old.sfreq) > 1e-6 * max(old.sfreq, 1.0):
        out.append(f"{new.sfreq:g} Hz instead of {old.sfreq:g} Hz")
    if new.channel_format == "string":
        out.append("text instead of samples")
    if unknown := _units_no_longer_known(old, new):
        out.append(f"a unit that is not known ({unknown})")
    return " and ".join(out)


def _units_no_longer_known(old: StreamDescription, new: StreamDescription) -> str:
    """Return how known units became others of which it is not known how many µV they are, or an empty string."""
    lost = [f"{a} → {b or 'none'}" for a, b in zip(old.units, _units(new), strict=False) if factor_of(a) and not factor_of(b)]
    return ", ".join(dict.fromkeys(lost)) if new.n_channels == old.n_channels else ""


def _units(stream: StreamDescription) -> tuple[str, ...]:
    return stream.units or ("",) * stream.n_channels
