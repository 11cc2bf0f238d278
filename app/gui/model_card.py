"""What a model is, from what, and how well it does: the card that comes with every bundle."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from app.gui.theme import Theme

if TYPE_CHECKING:
    from sclcm_core.inference.manifest import Interval, Manifest


def card_html(manifest: Manifest, theme: Theme) -> str:
    """Return the card as rich text.

    Parameters
    ----------
    manifest : Manifest
        What the bundle says of itself.
    theme : Theme
        Gives the colours.
    """
    data = manifest.training_data
    parts = [f"<h2>{escape(manifest.title)}</h2>", f"<p>{escape(manifest.description)}</p>"]
    if manifest.simulated:
        parts.append(
            f'<p style="background:{theme.simulated};color:#0a0e15"><b>&nbsp;SIMULATED&nbsp;</b> '
            "This model has never seen real EEG. It shows that the program works, and says nothing of a person.&nbsp;</p>"
        )
    parts.append(_table("What it tells", _what_it_tells(manifest), theme))
    if manifest.evaluation is not None:
        parts.append(_table("How well", _how_well(manifest), theme))
    people = f"{data.n_subjects} people" + (f", without {', '.join(data.left_out)}" if data.left_out else "")
    source = [("Data", data.name), ("People", people), ("Cite", data.attribution), ("Licence", data.licence)]
    parts.append(_table("Trained on", source, theme))
    parts.append(_table("File", _file(manifest), theme))
    return "".join(parts)


def _what_it_tells(manifest: Manifest) -> list[tuple[str, str]]:
    features = manifest.features
    bands = ", ".join(f"{b.name} {b.low:g}–{b.high:g}" for b in features.bands)
    seen = features.title if features.is_raw else f"{features.title} in {features.unit}, in {bands} Hz"
    return [
        ("Target", manifest.target),
        ("Classes", ", ".join(manifest.class_names)),
        ("Channels", ", ".join(features.ch_names)),
        ("Differences", ", ".join(features.signal_names) if features.bipolar else ""),
        ("Features", f"{seen}, at {features.sfreq:g} Hz"),
        ("Smoothed", _smoothing(manifest)),
        ("Looks back", f"{features.span_s:g} s, a new answer each {features.hop_s:g} s"),
        ("Own baseline", "can use a person's own rest" if manifest.personal_baseline else "not trained for it"),
    ]


def _smoothing(manifest: Manifest) -> str:
    features = manifest.features
    said = []
    if features.smoothing != "none":
        said.append(f"features over {features.smoothing_s:g} s ({features.smoothing.replace('_', ' ')})")
        said.append(f"so they tell of {features.smoothing_delay_s:.1f} s ago on average")
    if manifest.smoothing_s > 0:
        said.append(f"probabilities with a time constant of {manifest.smoothing_s:g} s")
    return ", ".join(said)


def _how_well(manifest: Manifest) -> list[tuple[str, str]]:
    evaluation = manifest.evaluation
    if evaluation is None:
        return []
    rows = [
        ("Protocol", f"{evaluation.protocol}, {evaluation.n_subjects} people"),
        ("Balanced accuracy", _interval(evaluation.balanced_accuracy)),
        ("Chance", f"{evaluation.chance:.2f}"),
        (evaluation.baseline_name.capitalize(), _interval(evaluation.baseline_balanced_accuracy)),
    ]
    if evaluation.balanced_accuracy_personal is not None:
        rows.insert(2, ("… with own baseline", _interval(evaluation.balanced_accuracy_personal)))
    if evaluation.macro_f1 is not None:
        rows.append(("Macro F1", _interval(evaluation.macro_f1)))
    return rows


def _file(manifest: Manifest) -> list[tuple[str, str]]:
    rows = [("Name", manifest.name), ("Weights", manifest.quantization), ("Made", manifest.created)]
    return [*rows, ("Config", manifest.config)] if manifest.config else rows


def _interval(interval: Interval) -> str:
    return f"{interval.value:.2f}  [{interval.low:.2f}, {interval.high:.2f}]"


def _table(title: str, rows: list[tuple[str, str]], theme: Theme) -> str:
    lines = "".join(
        f'<tr><td style="color:{theme.muted};padding:3px 18px 3px 0">{escape(name)}</td>'
        f'<td style="padding:3px 0">{escape(text)}</td></tr>'
        for name, text in rows
        if text
    )
    return f'<h3 style="color:{theme.accent}">{escape(title)}</h3><table cellspacing="0">{lines}</table>'
