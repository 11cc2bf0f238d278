"""One HTML page that shows what is in a data set."""

from __future__ import annotations

import base64
import html
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from offline.datasets.dataset import Progress
from offline.datasets.registry import find_dataset
from offline.evaluate.report import table
from offline.explore import plots
from offline.explore.effects import FALSE_DISCOVERY_RATE, FEWEST_PEOPLE, Effect, paired_effects
from offline.explore.survey import RecordingFacts, Survey, survey
from offline.explore.usual_spec import usual_spec
from sclcm_core.features.spec import FeatureSpec

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; } td, th { padding: .2rem .7rem; border-bottom: 1px solid #ddd; text-align: left; }
th { background: #f4f4f4; } td.n { text-align: right; font-variant-numeric: tabular-nums; } img { max-width: 100%; }
.warn { background: #fff3cd; padding: .5rem 1rem; } details { margin: 1rem 0; }
"""


def explore(
    name: str,
    root: Path | None,
    out_path: Path,
    *,
    options: Mapping[str, Any] | None = None,
    subjects: Collection[str] | None = None,
    spec: FeatureSpec | None = None,
    progress: Progress | None = None,
) -> Survey:
    """Look at a data set, and write what is seen as one page.

    Parameters
    ----------
    name : str
        Name of the data set in the registry.
    root : Path or None
        Its folder; the usual one when None.
    out_path : Path
        Where the page goes.
    options : mapping of str to anything, optional
        Options of the data set that differ from the usual ones.
    subjects : collection of str, optional
        Names of the people to read; all when left out.
    spec : FeatureSpec, optional
        By which features to look, without pairs; differential entropy of all electrodes when left out.
    progress : callable, optional
        Called with (number of sources done, number of sources, name of the source).

    Returns
    -------
    Survey
        The figures on the page.
    """
    dataset = find_dataset(name, options).resolve(root)
    found = survey(dataset, root, spec or usual_spec(dataset, root), subjects=subjects, progress=progress)
    out_path.parent.mkdir(parents=True, exist_ok=True)
    out_path.write_text(page(found), encoding="utf-8")
    return found


def page(found: Survey) -> str:
    """Return a survey as a self-contained HTML page.

    Parameters
    ----------
    found : Survey
        What a data set holds.
    """
    effects = paired_effects(found.class_means, found.class_names)
    title = html.escape(found.card.title)
    parts = [
        f"<h1>{title}</h1>",
        _warning(found),
        f"<p>{html.escape(found.card.licence)}. {html.escape(found.card.attribution)}</p>",
        f"<p>{_summary(found)}</p>",
        "<h2>How much there is of each class</h2>" + _balance(found) + _image(plots.balance_plot(found)),
        "<h2>Mean of each class</h2>" + _image(plots.class_maps(found)),
        "<h2>Differences between classes</h2>" + _effects(found, effects),
        "<h2>Along one visit</h2>" + _image(plots.spectrogram_plot(found.spectrogram, found.class_names)),
        "<h2>Quality of the recordings</h2>" + _quality(found.recordings),
    ]
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    return head + "\n".join(parts) + "</html>\n"


def _warning(found: Survey) -> str:
    return '<p class="warn">Simulated data: no person was measured.</p>' if found.card.simulated else ""


def _summary(found: Survey) -> str:
    spec, n = found.spec, len(found.recordings)
    minutes = sum(r.duration_s for r in found.recordings) / 60
    return html.escape(
        f"{len(found.subject_names)} people, {n} recordings, {minutes:.0f} min. {spec.title[0].upper()}{spec.title[1:]} "
        f"({spec.unit}) of {len(spec.signal_names)} channels in windows of {spec.window_s:g} s, at {spec.sfreq:g} Hz."
    )


def _balance(found: Survey) -> str:
    header = ("Class", "Recordings", "Stimuli", "People", "Minutes")
    rows = []
    for label, name in [*enumerate(found.class_names), (-1, "no class (rest, or left out)")]:
        mine = [r for r in found.recordings if r.label == label]
        numbers = (len(mine), len({r.stimulus for r in mine}), len({r.subject for r in mine}))
        rows.append((name, *map(str, numbers), f"{sum(r.duration_s for r in mine) / 60:.1f}"))
    return table(header, rows)


def _effects(found: Survey, effects: Sequence[Effect]) -> str:
    parts = [_image(plots.effect_maps(found, effects))] if effects else []
    if not effects or max(effect.n_people for effect in effects) < FEWEST_PEOPLE:
        return "".join([*parts, f"<p>Nothing is tested: at least {FEWEST_PEOPLE} people with two classes are needed.</p>"])
    n = sum(int(np.isfinite(effect.p).sum()) for effect in effects)
    text = (
        f"Effect sizes d_z over people (a person's mean in one class less that in the other; mean over spread). {n} paired t-tests, "
        f"false discovery rate {FALSE_DISCOVERY_RATE:.0%} over all of them; rings and dots mark what stands. A difference between "
        "classes may be one between the stimuli that were shown; 'sclcm-offline audit' asks for that."
    )
    strongest = "<h3>Strongest</h3>" + table(("Difference", "Band", "Electrode", "d_z", "p"), _strongest(found, effects))
    return "".join([f"<p>{html.escape(text)}</p>", *parts, _image(plots.effect_table(found, effects)), strongest])


def _strongest(found: Survey, effects: Sequence[Effect], most: int = 12) -> list[tuple[str, ...]]:
    cells = [
        (effect.size[row, column], effect, row, column)
        for effect in effects
        for row, column in zip(*np.nonzero(effect.is_significant), strict=True)
    ]
    cells.sort(key=lambda cell: -abs(cell[0]))
    names, bands = found.spec.columns, found.spec.bands
    rows: list[tuple[str, ...]] = [
        (e.title, bands[r].name, names[c], f"{size:+.2f}", f"{e.p[r, c]:.2g}") for size, e, r, c in cells[:most]
    ]
    return rows or [("none stands after correction", "", "", "", "")]


def _quality(recordings: Sequence[RecordingFacts]) -> str:
    header = ("Subject", "Session", "Trial", "Seconds", "Good channels", "Poor channels", "Frames left out", "Worst")
    rows = [_quality_row(r) for r in recordings]
    shown = f"<details><summary>All {len(rows)} recordings</summary>{table(header, rows)}</details>"
    return _image(plots.quality_plot(recordings)) + shown


def _quality_row(r: RecordingFacts) -> tuple[str, ...]:
    share = r.n_faulty / max(1, r.n_frames)
    return (
        r.subject,
        str(r.session),
        r.trial,
        f"{r.duration_s:.1f}",
        f"{r.good_share:.0%}",
        f"{r.poor_share:.0%}",
        f"{share:.1%}",
        r.worst,
    )


def _image(png: bytes) -> str:
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
