"""Which channels are drawn, in which order, and where."""

from __future__ import annotations

from dataclasses import dataclass

from app.gui.sweep import Lane
from app.gui.theme import Theme, mix, trace_colours
from sclcm_core.montage import canonical_name
from sclcm_core.types import StreamSpec

FEW = 12
"""Streams of at most this many channels are shown whole from the start."""
MODEL_WEIGHT = 1.9
"""How much higher the lanes of the model's channels are than others, while few are shown."""

MARGIN = 0.25
"""Room above the first and below the last lane, in lanes."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel that is drawn.

    Parameters
    ----------
    column : int
        Where it stands in the stream.
    name : str
        What stands beside it.
    feeds_model : bool
        Whether the model sees it.
    """

    column: int
    name: str
    feeds_model: bool


def ordered_channels(spec: StreamSpec, model_columns: tuple[int, ...]) -> tuple[Channel, ...]:
    """Return all channels of a stream: those of the model first, then the others as the stream has them."""
    rest = [k for k in range(spec.n_channels) if k not in model_columns]
    names = [canonical_name(label) or label for label in spec.ch_names]
    return tuple(Channel(k, names[k], k in model_columns) for k in (*model_columns, *rest))


def shown_at_first(channels: tuple[Channel, ...]) -> tuple[Channel, ...]:
    """Return the channels that are shown before anybody asks for others."""
    return channels if len(channels) <= FEW else tuple(c for c in channels if c.feeds_model) or channels[:FEW]


def lay_out(channels: tuple[Channel, ...], height: float, theme: Theme) -> tuple[Lane, ...]:
    """Return a lane for each channel, from top to bottom."""
    weights = [MODEL_WEIGHT if c.feeds_model and len(channels) <= FEW else 1.0 for c in channels]
    unit = height / (sum(weights) + 2 * MARGIN) if weights else height
    colours = trace_colours(theme, len(channels))
    lanes, top = [], MARGIN * unit
    for channel, weight, colour in zip(channels, weights, colours, strict=True):
        bright = colour if channel.feeds_model or theme.name == "contrast" else mix(colour, theme.card, 0.18)
        lanes.append(Lane(top + weight * unit / 2, weight * unit, bright))
        top += weight * unit
    return tuple(lanes)
