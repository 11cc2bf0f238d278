"""One recipe under the protocol of its publication and under honest ones, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from offline.config import RunConfig
from offline.evaluate.curves import Variant, changed_config
from sclcm_core.errors import ConfigError

ORIGINAL, UNSELECTED, PEOPLE, DISJOINT = "original", "original people", "unseen people", "unseen people and stimuli"
"""Names of the protocols."""


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
