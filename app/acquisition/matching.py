"""Does a stream fit a model, and how: which channels, at which rate."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from app.acquisition.selection import refusal
from app.acquisition.stream_description import StreamDescription
from app.acquisition.units import factor_of
from sclcm_core.errors import MatchError
from sclcm_core.features.extractor import check_rate
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import canonical_name, find_channels
from sclcm_core.types import StreamSpec

_LISTED = 24


@dataclass(frozen=True, slots=True)
class Match:
    """How a stream serves a model.

    Parameters
    ----------
    channel_indices : tuple of int
        Column of the stream for each channel of the model, in the model's order.
    renamed : tuple of (str, str)
        Channels that the stream calls otherwise: the model's name and the stream's label.
    left_out : tuple of str
        Labels of the stream that the model does not use.
    sfreq : float
        Rate of the stream in Hz.
    resampled_to : float or None
        Rate in Hz at which features are computed, when it is not the stream's.
    doubled : tuple of (str, int)
        Channels of the model for which the stream has several: the name, and the number from 1 of the one that is taken.
    """

    channel_indices: tuple[int, ...]
    renamed: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]
    sfreq: float
    resampled_to: float | None
    doubled: tuple[tuple[str, int], ...] = ()

    @property
    def doubt(self) -> str:
        """What the user should know before believing it; empty when there is nothing."""
        return ", ".join(f"{name} stands more than once, channel {number} is taken" for name, number in self.doubled)

    @property
    def text(self) -> str:
        """The match in a sentence."""
        parts = [f"{len(self.channel_indices)} channels matched"]
        if self.renamed:
            parts.append(", ".join(f"{label} is taken as {name}" for name, label in self.renamed))
        if self.resampled_to is not None:
            parts.append(f"resampled from {self.sfreq:g} to {self.resampled_to:g} Hz")
        return "; ".join([*parts, *([self.doubt] if self.doubt else [])])


def match(spec: StreamSpec, features: FeatureSpec) -> Match:
    """Find a model's channels in a stream and check the rate.

    Parameters
    ----------
    spec : StreamSpec
        What the stream says of itself.
    features : FeatureSpec
        What the model needs.

    Returns
    -------
    Match
        Channels in the order of the model, and whether the rate is changed.

    Raises
    ------
    MatchError
        When channels are missing or the rate is too low; it names what is missing and what is there.

    Examples
    --------
    >>> features = FeatureSpec(ch_names=("T7", "T8"), sfreq=200.0)
    >>> found = match(StreamSpec(250.0, ("TRIG", "EEG T4", "EEG T3")), features)
    >>> found.channel_indices, found.resampled_to
    ((2, 1), 200.0)
    """
    indices, missing = find_channels(features.ch_names, spec.ch_names)
    if missing:
        raise MatchError(_missing_text(spec, missing), _missing_remedy(spec))
    check_rate(features, spec.sfreq)
    labels = [spec.ch_names[k] for k in indices]
    renamed = tuple((name, label) for name, label in zip(features.ch_names, labels, strict=True) if name != label)
    left_out = tuple(label for k, label in enumerate(spec.ch_names) if k not in indices)
    is_resampled = abs(spec.sfreq - features.sfreq) > 1e-6 * features.sfreq
    resampled_to = features.sfreq if is_resampled else None
    return Match(tuple(indices), renamed, left_out, spec.sfreq, resampled_to, _doubled(spec, features, indices))


def _doubled(spec: StreamSpec, features: FeatureSpec, indices: list[int]) -> tuple[tuple[str, int], ...]:
    meanings = Counter(canonical_name(label) or label for label in spec.ch_names)
    pairs = zip(features.ch_names, indices, strict=True)
    return tuple((name, k + 1) for name, k in pairs if meanings[canonical_name(name) or name] > 1)


def _missing_text(spec: StreamSpec, missing: list[str]) -> str:
    labels = ", ".join(spec.ch_names[:_LISTED]) + (", ..." if spec.n_channels > _LISTED else "")
    needs = f"The model needs the channel{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
    return f"{needs}; the stream '{spec.name}' has {labels or 'none'}."


def _missing_remedy(spec: StreamSpec) -> str:
    if not any(canonical_name(label) for label in spec.ch_names):
        return (
            "Give the channels the names of electrodes (10-20 system) in the device's LSL program, "
            "or say which is which with --electrodes 3=T7,4=T8."
        )
    return "Choose a model that uses other channels (`sclcm models` lists them), or a device that has these."


def describe(stream: StreamDescription, features: FeatureSpec | None = None) -> dict[str, Any]:
    """Return what a stream is and whether it can be used, as plain values.

    Parameters
    ----------
    stream : StreamDescription
        What the stream says of itself.
    features : FeatureSpec, optional
        What the model needs; without, only whether the stream is EEG is told.

    Returns
    -------
    dict
        The description, ``usable`` (bool), ``why_not`` and, as its end, what to do about it: ``remedy`` (str or None), and ``match``
        (str or None).
    """
    out: dict[str, Any] = asdict(stream) | {"ch_names": list(stream.labels), "ch_types": list(stream.ch_types)}
    out["units"] = list(stream.units)
    out["unit_known"] = bool(stream.units) and all(factor_of(unit) for unit in stream.units if unit)
    why_not, remedy, matched = refusal(stream), None, None
    if why_not is None and features is not None:
        try:
            matched = match(StreamSpec(stream.sfreq, stream.labels, stream.name, stream.source_id), features).text
        except MatchError as error:
            why_not, remedy = str(error), error.remedy
    return out | {"usable": why_not is None, "why_not": why_not, "remedy": remedy, "match": matched}
