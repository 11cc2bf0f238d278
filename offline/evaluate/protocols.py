"""One recipe under the protocol of its publication and under honest ones, side by side."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from offline.config import RunConfig
from offline.evaluate.curves import Point, Variant, changed_config
from offline.evaluate.report import page, table, warning
from sclcm_core.errors import ConfigError

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
        Four for each set of channels.

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
        Variant(
            f"{name}, {len(names)} channels",
            len(names),
            config.pretrain is not None,
            changed_config(
                config,
                ch_names=names,
                lines=lines,
                **stages,
                evaluate=config.evaluate.model_dump(mode="json") | {"split": split, "options": options},
            ),
        )
        for names in choices
        for name, lines, split, options in _protocols(config)
    ]


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
            point.variant.name.rsplit(", ", 1)[0],
            f"{point.variant.place:g}",
            method.method,
            method.line,
            str(method.accuracy),
            str(method.balanced_accuracy),
            str(method.trial_accuracy),
        )
        for point in points
        for method in point.summary.methods
    ]


def protocols_html(config: RunConfig, points: Sequence[Point]) -> str:
    """Write the report that puts the protocols side by side.

    Parameters
    ----------
    config : RunConfig
        The recipe.
    points : sequence of Point
        What the variants came to.

    Returns
    -------
    str
        A self-contained HTML page.
    """
    card = points[0].data
    parts = [
        f"<h1>{html.escape(config.title)}: the same recipe under four protocols</h1>",
        warning(card),
        f"<p>{html.escape(card.title)}, {html.escape(card.licence)}. {html.escape(card.attribution)}</p>",
        "<dl>" + "".join(f"<dt><b>{name}</b></dt><dd>{html.escape(text)}</dd>" for name, text in WHAT_IT_IS.items()) + "</dl>",
        table(PROTOCOLS_TABLE, protocol_rows(points)),
        f"<p>Chance: {points[0].summary.chance:.3f}. Intervals of accuracy and balanced accuracy are over people, those of trials "
        "are Wilson's.</p>",
        f"<p>At most {_epochs(points[0].variant.config)} epochs. The config:</p><pre>{html.escape(config.model_dump_json(indent=1))}</pre>",
    ]
    return page(config.name, parts)


def _epochs(config: RunConfig) -> str:
    before = f"{config.pretrain.epochs} (pretraining) and " if config.pretrain else ""
    return f"{before}{config.finetune.epochs} (finetuning)"
