"""What the parts of a method are worth: the same config with one part changed at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from offline.config import RunConfig, parse_config
from offline.evaluate.curves import Variant
from sclcm_core.errors import ConfigError

Content = dict[str, Any]
Change = Callable[[Content], None]

CLASS_WEIGHTS = (0.1, 0.3, 3.0, 10.0)
"""Weights of the cross-entropy that are tried beside 1."""


PRUNE_RATE = 0.3
"""Share of its tokens that a transformer drops after each of two blocks."""


def ablations(config: RunConfig) -> list[Variant]:
    """Return the ablations of the config's method.

    Parameters
    ----------
    config : RunConfig
        One that pretrains by 'sicleer', 'stmem' or a 'jepa', or finetunes by 'sicleer_joint'.

    Returns
    -------
    list of Variant
        The config as it is first.

    Raises
    ------
    ConfigError
        When there are none for its method.
    """
    names = (config.finetune.method, config.pretrain.method if config.pretrain else "")
    known = next((ABLATIONS[name] for name in names if name in ABLATIONS), None)
    if known is None:
        raise ConfigError(
            f"There are no ablations for the methods '{config.finetune.method}' and '{names[1]}'.",
            f"There are some for {', '.join(ABLATIONS)}.",
        )
    return [_variant(config, place, name, change) for place, (name, change) in enumerate(known.items())]


def _variant(config: RunConfig, place: int, name: str, change: Change) -> Variant:
    content = config.model_dump(mode="json")
    content["bundle"] = None
    change(content)
    changed = parse_config(content, f"the ablation '{name}' of {config.name}")
    return Variant(name, place, changed.pretrain is not None, changed)


def _as_it_is(content: Content) -> None:
    """Change nothing."""


def _without_pretraining(content: Content) -> None:
    content["pretrain"] = None


def _options(stage: str, **options: Any) -> Change:
    def change(content: Content) -> None:
        content[stage]["options"] = {**content[stage]["options"], **options}

    return change


def _contrast_only(content: Content) -> None:
    joint = content["finetune"]
    shared = {key: value for key, value in joint["options"].items() if key not in ("class_weight", "contrast_weight")}
    trainer = ("epochs", "patience", "weight_decay", "warmup_share", "clip_norm", "precision", "device")
    content["pretrain"] = {key: joint[key] for key in trainer} | {
        "method": "sicleer",
        "lr": joint["encoder_lr"],
        "options": shared,
    }
    content["finetune"] = joint | {"method": "ce", "options": {}, "mode": "probe"}


def _contrast_then_classes(content: Content) -> None:
    _contrast_only(content)
    content["finetune"]["mode"] = "finetune"


def _contrast_then_both(content: Content) -> None:
    joint = dict(content["finetune"])
    _contrast_only(content)
    content["finetune"] = joint


def _tokens(method: str, tokens: str) -> Change:
    def change(content: Content) -> None:
        content["pretrain"]["method"] = method
        content["encoder"]["patches"]["tokens"] = tokens

    return change


def _tokens_dropped(content: Content) -> None:
    content["encoder"]["patches"]["prune"] = PRUNE_RATE


_SICLEER: Mapping[str, Change] = {
    "joint": _as_it_is,
    "classification only": _options("finetune", contrast_weight=0.0),
    "contrast only": _contrast_only,
    "without masking": _options("finetune", keep=1.0),
    "contrast, then classification": _contrast_then_classes,
    "contrast, then joint": _contrast_then_both,
    "without contrast between windows": _options("finetune", alpha=0.0),
    "without contrast between moments": _options("finetune", alpha=1.0),
    "without crops": _options("finetune", crops=False),
    "cosines over 0.2": _options("finetune", similarity="cos"),
    **{f"class weight {weight:g}": _options("finetune", class_weight=weight) for weight in CLASS_WEIGHTS},
}
_STMEM: Mapping[str, Change] = {
    "as it is": _as_it_is,
    "without pretraining": _without_pretraining,
    **{f"mask {name}": _options("pretrain", mask=name) for name in ("per_channel", "tube", "block", "mixed")},
    "waveform alone": _options("pretrain", spectral=0.0),
    "spectrum alone": _options("pretrain", spectral=1.0),
    "tokens dropped": _tokens_dropped,
}
_JEPA: Mapping[str, Change] = {
    "as it is": _as_it_is,
    "without pretraining": _without_pretraining,
    "signal alone": _tokens("jepa", "raw"),
    "signal and band powers": _tokens("jepa_hybrid", "hybrid"),
    "band powers alone": _tokens("jepa_hybrid", "features"),
    "single moments hidden": _options("pretrain", mask="random"),
    "tokens dropped": _tokens_dropped,
}

ABLATIONS: dict[str, Mapping[str, Change]] = {
    "sicleer_joint": _SICLEER,
    "stmem": _STMEM,
    "jepa": _JEPA,
    "jepa_hybrid": _JEPA,
}
"""The ablations by method, each by its name."""
