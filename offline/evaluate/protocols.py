"""One recipe under the protocol of its publication and under honest ones, side by side."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from offline.config import RunConfig
from offline.evaluate.curves import Point, Variant, changed_config
from offline.evaluate.intervals import Figure
from offline.evaluate.plots import protocols_plot
from offline.evaluate.report import image, page, table, warning
from offline.evaluate.run_fold import FLOAT
from offline.evaluate.summary import MethodSummary
from sclcm_core.errors import ConfigError
from sclcm_core.simulation.sidecar import SIDECAR

PROTOCOLS_TABLE = (
    "Protocol",
    "Channels",
    "Method",
    "Normalised by",
    "Accuracy [95 %]",
    "Balanced accuracy [95 %]",
    "Trials right [95 %]",
)

ORIGINAL, UNSELECTED, PEOPLE, DISJOINT = "original", "original people", "unseen people", "unseen people and stimuli"

WHAT_IT_IS = {
    ORIGINAL: "As published: each window is standardised by itself, and the people who are tested decide when training stops. "
    "The number is not an accuracy on unknown people; it is printed because others are compared with it.",
    UNSELECTED: "The same people are tested, by the same normalisation, but others decide when training stops. What is lost "
    "against the line above came from looking at the test side.",
    PEOPLE: "Everybody is tested once, others decide when training stops, features keep their level. Test people saw the same "
    "stimuli as the training people, so recognising a stimulus still helps.",
    DISJOINT: "Unseen people on unseen stimuli: the number to quote.",
}
"""What each protocol's figure means."""

WHO_IT_IS = {
    "sclcm": "the recipe: pretrained by contrast, then finetuned, in float32",
    "sclcm int8": "the same network in eight bits",
    "sclcm, not pretrained": "the same network, finetuned from its first weights",
    "linear probe": "logistic regression on the embeddings of the pretrained encoder, which no label has touched",
    "nearest neighbours": "the vote of the nearest training windows in those embeddings",
    "time_course": "logistic regression on every frame of the window: no network, but it sees the course over time",
    "logistic_regression": "logistic regression on the mean over the window's time; where each window is standardised by itself this mean "
    "is 0, and nothing is left to tell",
    "majority": "always the most frequent class",
}
"""What each method is, in words."""

_DRAWN = (FLOAT, f"{FLOAT}, not pretrained", "time_course", "logistic_regression")


def protocol_variants(config: RunConfig, subsets: Sequence[Sequence[str]] = (), *, epochs: int | None = None) -> list[Variant]:
    """Return a config under each protocol.

    Parameters
    ----------
    config : RunConfig
        The recipe; it names the people whom its publication tested.
    subsets : sequence of sequence of str
        Names of the channels to keep, once for each set of channels; all of the config's when left out.
    epochs : int, optional
        Most epochs of each stage, where that is fewer than the config says.

    Returns
    -------
    list of Variant
        Eight for each set of channels: each protocol with pretraining, then without; four where the recipe does not pretrain.

    Raises
    ------
    ConfigError
        When the config has no original, or a subset is not in its channels.
    """
    if config.original is None:
        raise ConfigError(
            f"The config '{config.name}' names no original protocol.", "Add a section [original] with test_subjects."
        )
    choices = [list(subset) for subset in subsets] or [list(config.features.ch_names)]
    stages = _shortened(config, epochs)
    return [
        variant
        for names in choices
        for name, lines, split, options in _protocols(config)
        for variant in _with_and_without(
            f"{name}, {len(names)} channels",
            changed_config(
                config,
                ch_names=names,
                lines=lines,
                **stages,
                evaluate=config.evaluate.model_dump(mode="json") | {"split": split, "options": options},
            ),
        )
    ]


def _with_and_without(name: str, config: RunConfig) -> Iterator[Variant]:
    """Give the recipe, and the same network without pretraining, of which the simple methods and int8 would say nothing new."""
    yield Variant(name, len(config.features.ch_names), config.pretrain is not None, config)
    if config.pretrain is not None:
        evaluate = config.evaluate.model_dump(mode="json") | {"baselines": []}
        scratch = changed_config(config, pretrained=False, evaluate=evaluate, quantize={"enabled": False})
        yield Variant(f"{name}, from scratch", len(config.features.ch_names), False, scratch)


def _shortened(config: RunConfig, epochs: int | None) -> dict[str, Any]:
    stages = {"pretrain": config.pretrain, "finetune": config.finetune}
    return {
        name: stage.model_dump(mode="json") | {"epochs": min(stage.epochs, epochs or stage.epochs)}
        for name, stage in stages.items()
        if stage is not None
    }


def _protocols(config: RunConfig) -> list[tuple[str, list[str], str, dict[str, bool | int | str]]]:
    people = ",".join(config.original.test_subjects) if config.original else ""
    own = config.evaluate.options
    return [
        (ORIGINAL, ["window"], "selected_on_test", {"test_subjects": people}),
        (UNSELECTED, ["window"], "selected_on_test", {"test_subjects": people, "honest": True}),
        (PEOPLE, list(config.lines), config.evaluate.split, dict(own)),
        (DISJOINT, list(config.lines), "subject_and_stimulus_disjoint", {}),
    ]


def protocol_rows(points: Sequence[Point]) -> list[tuple[str, ...]]:
    """Return rows for `PROTOCOLS_TABLE`."""
    return [
        (
            _protocol(point),
            f"{point.variant.place:g}",
            name,
            method.line,
            str(method.accuracy),
            str(method.balanced_accuracy),
            str(method.trial_accuracy),
        )
        for point in points
        for name, method in _named(points, point)
    ]


def _protocol(point: Point) -> str:
    return point.variant.name.split(", ")[0]


def _named(points: Sequence[Point], point: Point) -> Iterator[tuple[str, MethodSummary]]:
    """Give the methods of a point; the network that was not pretrained says so where another was."""
    bare = not point.variant.pretrained and any(other.variant.pretrained for other in points)
    for method in point.summary.methods:
        yield (f"{method.method}, not pretrained" if bare else method.method), method


def drawn_protocols(points: Sequence[Point], place: float) -> bytes:
    """Draw accuracy under each protocol, one mark a method, with its interval.

    Parameters
    ----------
    points : sequence of Point
        What the variants came to.
    place : float
        Which number of channels.

    Returns
    -------
    bytes
        A PNG.
    """
    marks: dict[str, list[tuple[str, Figure]]] = {}
    for point in points:
        if point.variant.place == place:
            for name, method in _named(points, point):
                if name in _DRAWN:
                    marks.setdefault(name, []).append((_protocol(point), method.trial_accuracy))
    return protocols_plot(marks, points[0].summary.chance, f"{place:g} channels")


def gap_sentences(points: Sequence[Point]) -> list[str]:
    """Say, for each set of channels, what the published protocol shows and what is left of it where nothing is known beforehand."""
    found = {(point.variant.place, _protocol(point)): point for point in points if point.variant.pretrained} or {
        (point.variant.place, _protocol(point)): point for point in points
    }
    sentences = []
    for place in dict.fromkeys(point.variant.place for point in points):
        ends = [_network(found[place, name]) for name in (ORIGINAL, DISJOINT) if (place, name) in found]
        if len(ends) == 2:
            published, honest = ends
            sentences.append(
                f"From {place:g} channels, the recipe names {published.trial_accuracy} of the trials rightly as it was published, and "
                f"{honest.trial_accuracy} of those of unseen people and stimuli; guessing, {points[0].summary.chance:.3f}."
            )
    return sentences


def _network(point: Point) -> MethodSummary:
    return next(method for method in point.summary.methods if method.method == FLOAT)


def simulated_settings(root: Path | None) -> str:
    """Return what a folder of simulated files says of its effects, on one line; empty for recordings of people."""
    note = root / SIDECAR if root is not None else None
    if note is None or not note.is_file():
        return ""
    return ", ".join(line for line in note.read_text(encoding="utf-8").splitlines() if " = " in line)


def protocols_html(config: RunConfig, points: Sequence[Point], settings: str = "") -> str:
    """Write the report that puts the protocols side by side.

    Parameters
    ----------
    config : RunConfig
        The recipe.
    points : sequence of Point
        What the variants came to.
    settings : str
        Of the simulator, where the data are simulated.

    Returns
    -------
    str
        A self-contained HTML page.
    """
    card = points[0].data
    places = list(dict.fromkeys(point.variant.place for point in points))
    parts = [
        f"<h1>{html.escape(config.title)}: the same recipe under four protocols</h1>",
        warning(card),
        f"<p>The simulator's settings: {html.escape(settings)}.</p>" if settings else "",
        "".join(f"<p><b>{html.escape(text)}</b></p>" for text in gap_sentences(points)),
        "".join(image(drawn_protocols(points, place)) for place in places),
        f"<p>{html.escape(card.title)}, {html.escape(card.licence)}. {html.escape(card.attribution)}</p>",
        "<h2>The protocols</h2>" + _definitions(WHAT_IT_IS),
        "<h2>The figures</h2>" + table(PROTOCOLS_TABLE, protocol_rows(points)),
        f"<p>Chance: {points[0].summary.chance:.3f}. Intervals of accuracy and balanced accuracy are over people, those of trials "
        "are Wilson's.</p>",
        "<h2>The methods</h2>" + _definitions(_explained(points)),
        "<h2>What was tested</h2>" + table(_SIZES_TABLE, _sizes(points)),
        f"<p>At most {_epochs(points[0].variant.config)} epochs. The config:</p><pre>{html.escape(config.model_dump_json(indent=1))}</pre>",
    ]
    return page(config.name, parts)


def _explained(points: Sequence[Point]) -> dict[str, str]:
    shown = {name for point in points for name, _ in _named(points, point)}
    return {name: text for name, text in WHO_IT_IS.items() if name in shown}


def _definitions(texts: Mapping[str, str]) -> str:
    return "<dl>" + "".join(f"<dt><b>{name}</b></dt><dd>{html.escape(text)}</dd>" for name, text in texts.items()) + "</dl>"


_SIZES_TABLE = ("Protocol", "Channels", "Folds", "People tested", "Windows tested")


def _sizes(points: Sequence[Point]) -> list[tuple[str, ...]]:
    return [
        (
            _protocol(point),
            f"{point.variant.place:g}",
            str(len(point.summary.folds)),
            str(len(people)),
            str(sum(row.n_windows for row in people)),
        )
        for point in points
        if point.variant.pretrained or not any(other.variant.pretrained for other in points)
        for people in [point.summary.methods[0].subjects]
    ]


def _epochs(config: RunConfig) -> str:
    before = f"{config.pretrain.epochs} (pretraining) and " if config.pretrain else ""
    return f"{before}{config.finetune.epochs} (finetuning)"
