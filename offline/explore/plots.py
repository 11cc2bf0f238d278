"""The pictures of the report, as PNG bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from offline.explore.effects import Effect
from offline.explore.head_map import EDGE, flat_places, surface
from offline.explore.spectrogram import Spectrogram
from offline.explore.survey import RecordingFacts, Survey
from sclcm_core.types import BoolArray, Float64Array

_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999", "#000000")
_DPI = 100
_ABOVE: dict[str, Any] = {"fontsize": 7, "loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "frameon": False}
"""A legend above a panel, where it covers nothing."""


def class_maps(found: Survey) -> bytes:
    """Draw the mean of each class over people: a row a band, a column a class; one scale a band."""
    means = np.nanmean(found.class_means, axis=0)
    rows = [(band.name, [means[k, row] for k in range(len(means))], None) for row, band in enumerate(found.spec.bands)]
    return _maps(rows, found.class_names, found.spec.ch_names, found.spec.unit, diverging=False)


def effect_maps(found: Survey, effects: Sequence[Effect]) -> bytes:
    """Draw the differences between classes; rings mark electrodes at which the difference is significant after correction."""
    rows = [
        (band.name, [effect.difference[row] for effect in effects], [effect.is_significant[row] for effect in effects])
        for row, band in enumerate(found.spec.bands)
    ]
    return _maps(rows, [effect.title for effect in effects], found.spec.ch_names, found.spec.unit, diverging=True)


def _maps(
    rows: Sequence[tuple[str, list[Float64Array], list[BoolArray] | None]],
    titles: Sequence[str],
    ch_names: Sequence[str],
    unit: str,
    *,
    diverging: bool,
) -> bytes:
    figure = _figure(1.9 * len(titles) + 1.4, 1.9 * len(rows) + 0.4)
    panels = np.asarray(figure.subplots(len(rows), len(titles), squeeze=False))
    for row, (name, maps, marks) in enumerate(rows):
        scale = _scale(maps, diverging=diverging)
        colours = "RdBu_r" if diverging else "viridis"
        for column, values in enumerate(maps):
            mark = marks[column] if marks else None
            _draw_head(panels[row, column], values, ch_names, scale=scale, colours=colours, marked=mark)
            if row == 0:
                panels[row, column].set_title(titles[column], fontsize=9)
        panels[row, 0].set_ylabel(name, fontsize=9)
        figure.colorbar(ScalarMappable(scale, colours), ax=list(panels[row]), shrink=0.8, label=unit)
    return _png(figure)


def _scale(maps: Sequence[Float64Array], *, diverging: bool) -> Normalize:
    every = np.concatenate(maps)
    every = every[np.isfinite(every)] if np.isfinite(every).any() else np.array([-1.0, 1.0])
    reach = max(float(np.abs(every).max()), 1e-9)
    return Normalize(-reach, reach) if diverging else Normalize(float(every.min()), float(every.max()) + 1e-9)


def _draw_head(
    panel: Axes, values: Float64Array, ch_names: Sequence[str], *, scale: Normalize, colours: str, marked: BoolArray | None
) -> None:
    picture = surface(values, ch_names)
    if picture is not None:
        panel.imshow(picture, origin="lower", extent=(-EDGE, EDGE, -EDGE, EDGE), cmap=colours, norm=scale)
    places = flat_places(ch_names)
    size = 6 if picture is not None else 60
    panel.scatter(places[:, 0], places[:, 1], c=values, cmap=colours, norm=scale, s=size, edgecolors="0.2", linewidths=0.3)
    if marked is not None and marked.any():
        panel.scatter(places[marked, 0], places[marked, 1], s=34, facecolors="none", edgecolors="black", linewidths=1.2)
    panel.add_patch(Circle((0, 0), 1.0, fill=False, color="0.3", linewidth=0.8))
    panel.plot([-0.1, 0.0, 0.1], [0.995, 1.12, 0.995], color="0.3", linewidth=0.8)
    panel.set(xlim=(-1.25, 1.25), ylim=(-1.25, 1.25), aspect="equal", xticks=[], yticks=[])
    panel.spines[:].set_visible(False)


def effect_table(found: Survey, effects: Sequence[Effect]) -> bytes:
    """Draw the effect size at each electrode in each band; dots mark what is significant after correction."""
    names = found.spec.columns
    figure = _figure(max(7.0, 0.19 * len(names) + 2.0), (0.3 * found.spec.n_bands + 1.1) * len(effects))
    panels = np.atleast_1d(np.asarray(figure.subplots(len(effects), 1)))
    reach = max([float(np.nanmax(np.abs(effect.size))) for effect in effects if np.isfinite(effect.size).any()], default=1.0)
    for panel, effect in zip(panels, effects, strict=True):
        image = panel.imshow(effect.size, cmap="RdBu_r", vmin=-reach, vmax=reach, aspect="auto")
        rows, columns = np.nonzero(effect.is_significant)
        panel.plot(columns, rows, "k.", markersize=4)
        panel.set_yticks(range(found.spec.n_bands), [band.name for band in found.spec.bands], fontsize=8)
        panel.set_xticks(range(len(names)), names, rotation=90, fontsize=6)
        panel.set_title(f"{effect.title} ({effect.n_people} people)", fontsize=9)
        figure.colorbar(image, ax=panel, label="d_z")
    return _png(figure)


def spectrogram_plot(shown: Spectrogram, class_names: Sequence[str]) -> bytes:
    """Draw the spectrogram of each channel, and under it which class was shown when."""
    n = len(shown.ch_names)
    figure = _figure(9.5, 2.1 * n + 1.0)
    panels = figure.subplots(n + 1, 1, sharex=True, height_ratios=[*[5] * n, 1])
    stop = shown.density.shape[-1] * shown.hop_s
    finite = shown.density[np.isfinite(shown.density)]
    low, high = np.percentile(finite, [2, 98]) if finite.size else (-1.0, 1.0)
    extent = (0.0, stop, float(shown.frequencies[0]), float(shown.frequencies[-1]))
    for panel, name, density in zip(panels, shown.ch_names, shown.density, strict=False):
        image = panel.imshow(density, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=low, vmax=high)
        panel.set_ylabel(f"{name}\nHz", fontsize=8)
    figure.colorbar(image, ax=list(panels[:n]), label="dB re 1 µV²/Hz")
    _draw_labels(panels[n], shown, class_names, stop)
    panels[0].set_title(shown.title, fontsize=9)
    return _png(figure)


def _draw_labels(panel: Axes, shown: Spectrogram, class_names: Sequence[str], stop: float) -> None:
    colours = ["#ffffff", *(_COLOURS[k % len(_COLOURS)] for k in range(len(class_names)))]
    norm = BoundaryNorm(np.arange(-1.5, len(class_names)), len(colours))
    panel.imshow(shown.label[None], aspect="auto", extent=(0.0, stop, 0.0, 1.0), cmap=ListedColormap(colours), norm=norm)
    for k, name in enumerate(class_names):
        panel.plot([], [], "s", color=colours[k + 1], label=name)
    panel.legend(fontsize=7, ncols=len(class_names), loc="upper center", bbox_to_anchor=(0.5, -0.9), frameon=False)
    panel.set_yticks([])
    panel.set_xlabel("time over the trials laid end to end, s", fontsize=8)


def balance_plot(found: Survey) -> bytes:
    """Draw how much there is of each class from each person, in minutes."""
    figure = _figure(max(6.0, 0.3 * len(found.subject_names) + 2.0), 2.8)
    panel = figure.subplots()
    bottom = np.zeros(len(found.subject_names))
    for k, name in enumerate(found.class_names):
        minutes = np.array([_minutes(found.recordings, subject, k) for subject in found.subject_names])
        panel.bar(range(len(minutes)), minutes, bottom=bottom, color=_COLOURS[k % len(_COLOURS)], label=name)
        bottom += minutes
    panel.set_xticks(range(len(bottom)), found.subject_names, rotation=90, fontsize=7)
    panel.set(ylabel="minutes", xlabel="person")
    panel.legend(ncols=len(found.class_names), **_ABOVE)
    return _png(figure)


def _minutes(recordings: Sequence[RecordingFacts], subject: str, label: int) -> float:
    return sum(r.duration_s for r in recordings if (r.subject, r.label) == (subject, label)) / 60.0


def quality_plot(recordings: Sequence[RecordingFacts]) -> bytes:
    """Draw for each recording the share of its channels that look good, fair and poor."""
    figure = _figure(9.5, 2.4)
    panel = figure.subplots()
    good, poor = (np.array([getattr(r, name) for r in recordings]) for name in ("good_share", "poor_share"))
    places = np.arange(len(recordings))
    for bottom, height, colour, name in (
        (0 * good, good, "#009e73", "good"),
        (good, 1 - good - poor, "#e69f00", "fair"),
        (1 - poor, poor, "#d55e00", "poor"),
    ):
        panel.bar(places, height, width=1.0, bottom=bottom, color=colour, label=name)
    panel.set(ylim=(0, 1), xlim=(-0.5, len(recordings) - 0.5), xlabel="recording", ylabel="share of channels")
    panel.legend(ncols=3, **_ABOVE)
    return _png(figure)


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")  # no pyplot: no global state, no window
    FigureCanvasAgg(figure)
    return figure


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
