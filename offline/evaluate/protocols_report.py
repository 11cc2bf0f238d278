"""The figures of the protocols, side by side: table, plot and page."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from offline.config import RunConfig
from offline.evaluate.curves import Point, mixed_code
from offline.evaluate.intervals import Figure
from offline.evaluate.plots import protocols_plot
from offline.evaluate.protocols import DISJOINT, ORIGINAL, PEOPLE, UNSELECTED
from offline.evaluate.report import OVER_PEOPLE, image, page, table, warning
from offline.evaluate.run_fold import FLOAT, INT8
from offline.evaluate.summary import MethodSummary
from sclcm_core.simulation.sidecar import SIDECAR

PROTOCOLS_TABLE = (
    "Protocol",
    "Method",
    "Channels",
    "Normalised by",
    "Accuracy [95 %]",
    "Balanced accuracy [95 %]",
    "Trials right [95 %]",
    "p (permuted)",
)

WHAT_IT_IS = {
    ORIGINAL: "As published: each window is standardised by itself, and the people who are tested decide when training stops. "
    "The number is not an accuracy on unknown people; it is printed because others are compared with it.",
    UNSELECTED: "The same people are tested, by the same normalisation, but others decide when training stops. What is lost "
    "against the line above came from looking at the test side, and from having those others no longer to learn from.",
    PEOPLE: "Everybody is tested once, others decide when training stops, features keep their level. Test people saw the same "
    "stimuli as the training people, so recognising a stimulus still helps.",
    DISJOINT: "Unseen people on unseen stimuli: the number to quote.",
}
"""What each protocol's figure means."""

WHO_IT_IS = {
    FLOAT: "the recipe, in float32",
    INT8: "the same network in eight bits",
    f"{FLOAT}, not pretrained": "the same network, finetuned from its first weights",
    "linear probe": "logistic regression on the embeddings of the pretrained encoder, which no label has touched",
    "nearest neighbours": "the vote of the nearest training windows in those embeddings",
    "time_course": "logistic regression on every frame of the window: no network, but it sees the course over time",
    "logistic_regression": "logistic regression on the mean over the window's time; where each window is standardised by itself this mean "
    "is 0, and nothing is left to tell",
    "majority": "always the most frequent class",
}
"""What each method is, in words; a network is shown by what it is."""

_NO_EMOTION = "class_effect = 0"

_DRAWN = (FLOAT, f"{FLOAT}, not pretrained", "time_course", "logistic_regression")


def protocol_rows(points: Sequence[Point]) -> list[tuple[str, ...]]:
    """Return rows for `PROTOCOLS_TABLE`."""
    return [
        (
            protocol,
            _shown(name, method),
            f"{place:g}",
            method.line,
            str(method.accuracy),
            str(method.balanced_accuracy),
            str(method.trial_accuracy),
            f"{method.permutation.p:.4f}" if method.permutation else "",
        )
        for place, protocol in _blocks(points)
        for name, method in _methods(points, place, protocol)
    ]


def _blocks(points: Sequence[Point]) -> list[tuple[float, str]]:
    """Return each number of channels with each protocol, in order."""
    return list(dict.fromkeys((point.variant.place, _protocol(point)) for point in points))


def _methods(points: Sequence[Point], place: float, protocol: str) -> list[tuple[str, MethodSummary]]:
    """Return the methods under one protocol, the recipe first and guessing last."""
    order = list(WHO_IT_IS)
    found = [pair for p in points if (p.variant.place, _protocol(p)) == (place, protocol) for pair in _named(points, p)]
    return sorted(found, key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order))


def _protocol(point: Point) -> str:
    return point.variant.name.split(", ")[0]


def _named(points: Sequence[Point], point: Point) -> Iterator[tuple[str, MethodSummary]]:
    """Give the methods of a point; the network that was not pretrained says so where another was."""
    bare = not point.variant.pretrained and any(other.variant.pretrained for other in points)
    for method in point.summary.methods:
        yield (f"{method.method}, not pretrained" if bare else method.method), method


def _shown(name: str, method: MethodSummary) -> str:
    return name.replace(method.method, method.name, 1)


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
    for channels, protocol in _blocks(points):
        for name, method in _methods(points, place, protocol) if channels == place else ():
            if name in _DRAWN:
                marks.setdefault(_shown(name, method), []).append((protocol, method.trial_accuracy))
    return protocols_plot(marks, points[0].summary.chance, f"{points[0].data.title}, {place:g} channels")


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
    """Say which effects are in a folder of simulated files; nothing for recordings of people."""
    note = root / SIDECAR if root is not None else None
    if note is None or not note.is_file():
        return ""
    lines = [line for line in note.read_text(encoding="utf-8").splitlines() if " = " in line]
    none = " There is no emotion in these signals: what is above chance was had otherwise." if _NO_EMOTION in lines else ""
    return f"The simulator's settings: {', '.join(lines)}.{none}"


def protocols_html(config: RunConfig, points: Sequence[Point], settings: str = "") -> str:
    """Write the report that puts the protocols side by side.

    Parameters
    ----------
    config : RunConfig
        The recipe.
    points : sequence of Point
        What the variants came to.
    settings : str
        What `simulated_settings` says, where the data are simulated.

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
        f"<p>{html.escape(settings)}</p>" if settings else "",
        "".join(f"<p><b>{html.escape(text)}</b></p>" for text in gap_sentences(points)),
        "".join(image(drawn_protocols(points, place), f"The figures below, {place:g} channels") for place in places),
        f"<p>{html.escape(card.title)}, {html.escape(card.licence)}. {html.escape(card.attribution)}</p>",
        "<h2>The protocols</h2>" + _definitions(WHAT_IT_IS),
        "<h2>The figures</h2>" + table(PROTOCOLS_TABLE, protocol_rows(points)),
        f"<p>Chance: {points[0].summary.chance:.3f}. {OVER_PEOPLE}</p>",
        "".join(f'<p class="warn">{html.escape(text)}</p>' for text in mixed_code(points)),
        "<h2>The methods</h2>" + _definitions(_explained(points)),
        "<h2>What was tested</h2>" + table(_SIZES_TABLE, _sizes(points)),
        f"<p>Trained for at most {_epochs(points[0].variant.config)} epochs{_fewer(config, points[0].variant.config)}.</p>",
        f"<details><summary>The config</summary><pre>{html.escape(config.model_dump_json(indent=1))}</pre></details>",
    ]
    return page(config.name, parts)


def _fewer(config: RunConfig, run: RunConfig) -> str:
    """Say where fewer epochs were allowed than the recipe has."""
    return "" if run.finetune.epochs == config.finetune.epochs else f"; the recipe has {_epochs(config)}"


def _explained(points: Sequence[Point]) -> dict[str, str]:
    """Say what each method is, the recipe with what it was pretrained by."""
    found = {name: _shown(name, method) for point in points for name, method in _named(points, point)}
    texts = {name: text for name, text in WHO_IT_IS.items() if name in found}
    by = next(
        (f"pretrained by '{p.variant.config.pretrain.method}'" for p in points if p.variant.config.pretrain), "not pretrained"
    )
    texts[FLOAT] = f"{WHO_IT_IS[FLOAT]}: {by}, then finetuned"
    return {found[name]: text for name, text in texts.items() if name in found}


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
