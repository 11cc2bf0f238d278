"""The paper's two claims as curves: less data, and fewer electrodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from offline.code_origin import CodeOrigin, mixture_sentence
from offline.config import RunConfig, parse_config
from offline.datasets.dataset import DatasetCard
from offline.evaluate.intervals import Figure
from offline.evaluate.plots import curve_plot
from offline.evaluate.probes import LINEAR, UNTRAINED
from offline.evaluate.summary import Summary
from sclcm_core.errors import ConfigError
from sclcm_core.montage import find_channels

LABEL_SHARES = (0.01, 0.05, 0.10, 0.25, 1.0)
"""Shares of the training trials whose labels are used."""

CURVE_TABLE = ("Variant", "Pretraining", "Method", "Normalised by", "Balanced accuracy [95 %]", "Macro-F1 [95 %]")


@dataclass(frozen=True, slots=True)
class Variant:
    """One point of a curve.

    Parameters
    ----------
    name : str
        What it is; also the name of its folder.
    place : float
        Where it stands on the curve's axis.
    pretrained : bool
        Whether its config pretrains.
    config : RunConfig
        What it does.
    """

    name: str
    place: float
    pretrained: bool
    config: RunConfig


def label_variants(config: RunConfig, shares: Iterable[float] = LABEL_SHARES) -> list[Variant]:
    """Return configs that use ever fewer labels, with pretraining on all training windows and without.

    Parameters
    ----------
    config : RunConfig
        The whole; it must pretrain.
    shares : iterable of float
        Shares of labelled training trials, in 0..1.

    Returns
    -------
    list of Variant
        Two for each share.
    """
    if config.pretrain is None:
        raise ConfigError(
            f"The config '{config.name}' does not pretrain.", "Add a section [pretrain]: the curve compares with it."
        )
    evaluate = config.evaluate.model_dump(mode="json")
    probed = evaluate | {"baselines": [*evaluate["baselines"], UNTRAINED]}
    return [
        Variant(f"labels-{100 * share:g}-{'pretrained' if pretrained else 'scratch'}", 100 * share, pretrained, changed)
        for share in shares
        for pretrained in (True, False)
        for wanted in [evaluate if pretrained else probed]
        for changed in [changed_config(config, pretrained=pretrained, label_share=share, evaluate=wanted)]
    ]


def channel_variants(config: RunConfig, subsets: Sequence[Sequence[str]]) -> list[Variant]:
    """Return configs that see ever fewer channels, beginning with all.

    Parameters
    ----------
    config : RunConfig
        The whole.
    subsets : sequence of sequence of str
        Names of the channels to keep; aliases are understood.

    Returns
    -------
    list of Variant
        All channels, then each subset in the order of the whole's columns; a subset of fewer than four columns has the 1-D
        encoder.
    """
    whole = config.features.ch_names
    variants = [Variant(f"channels-all-{len(whole)}", len(whole), config.pretrain is not None, config)]
    for subset in subsets:
        kept, missing = find_channels(subset, whole)
        if missing:
            raise ConfigError(f"The config '{config.name}' has no channel {', '.join(missing)}.", f"It has {', '.join(whole)}.")
        names = [whole[index] for index in sorted(set(kept))]
        name = f"channels-{'-'.join(names)}" if len(names) < 5 else f"channels-{len(names)}"
        variants.append(Variant(name, len(names), config.pretrain is not None, changed_config(config, ch_names=names)))
    return variants


def changed_config(
    config: RunConfig,
    *,
    pretrained: bool = True,
    label_share: float | None = None,
    ch_names: list[str] | None = None,
    **sections: Any,
) -> RunConfig:
    """Return a config of which some things are different, and which ships nothing.

    Parameters
    ----------
    config : RunConfig
        The whole.
    pretrained : bool
        Whether it keeps its pretraining.
    label_share : float, optional
        Share of labelled training trials, in 0..1.
    ch_names : list of str, optional
        Channels; fewer than four have the 1-D encoder.
    **sections
        Whole sections or keys of the top level, by name.

    Returns
    -------
    RunConfig
        Checked anew.
    """
    content = config.model_dump(mode="json") | sections
    content["bundle"] = None
    if not pretrained:
        content["pretrain"] = None
    if label_share is not None:
        content["finetune"]["label_share"] = label_share
    if ch_names is not None:
        content["features"]["ch_names"] = ch_names
        if len(ch_names) < 4:
            content["encoder"]["layout"] = "1d"
    return parse_config(content, f"a variant of {config.name}")


@dataclass(frozen=True, slots=True)
class Point:
    """A variant, what it came to, what must be said of the data, and how many trials were labelled, mean over the folds."""

    variant: Variant
    summary: Summary
    data: DatasetCard
    n_labelled: float = float("nan")


def mixed_code(points: Sequence[Point]) -> list[str]:
    """Say so, in one sentence, where several versions of the code computed the folds of the points; nothing where one did.

    Parameters
    ----------
    points : sequence of Point
        What is put side by side.
    """
    folds = (CodeOrigin(**fold["code"]) for point in points for fold in point.summary.folds)
    return [text] if (text := mixture_sentence(folds)) else []


def curve_rows(points: Sequence[Point]) -> list[tuple[str, ...]]:
    """Return rows for `CURVE_TABLE`; chance is left out."""
    return [
        (
            point.variant.name,
            "yes" if point.variant.pretrained else "no",
            method.name,
            method.line,
            str(method.balanced_accuracy),
            str(method.macro_f1),
        )
        for point in points
        for method in point.summary.methods
        if method.method != "majority"
    ]


def draw_curve(points: Sequence[Point], method: str, axis: str) -> bytes:
    """Draw balanced accuracy over the curve's axis, one line a kind of normalisation and pretraining.

    Parameters
    ----------
    points : sequence of Point
        What the variants came to.
    method : str
        Which method.
    axis : str
        What the axis means.

    Returns
    -------
    bytes
        A PNG.
    """
    lines: dict[str, list[tuple[float, Figure]]] = {}
    for point in points:
        for found in point.summary.methods:
            if found.method in (method, LINEAR, UNTRAINED, "logistic_regression"):
                start = "pretrained" if point.variant.pretrained else "from scratch"
                name = f"{found.name}, {found.line}" + (f", {start}" if found.method == method else "")
                place = (point.variant.place, found.balanced_accuracy)
                if place not in lines.setdefault(name, []):  # both starts have the same simple methods
                    lines[name].append(place)
    return curve_plot(lines, points[0].summary.chance, axis, points[0].data.title)
