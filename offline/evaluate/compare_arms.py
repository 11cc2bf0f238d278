"""The arms of a comparison: one for each method, one for each network without pretraining, and the simple methods."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from offline.config import RunConfig, parse_config
from offline.datasets.raw_windows import PATCH_S, raw_spec
from offline.evaluate.baselines import BASELINES
from offline.evaluate.compare_config import CompareConfig
from offline.pretrain.method import Method, Signal
from offline.pretrain.methods import ALL
from offline.pretrain.names import EncoderKind
from sclcm_core.errors import ConfigError, nearest
from sclcm_core.features.spec import FeatureSpec

Content = dict[str, Any]

_OWN_TOKENS: dict[str, Content] = {"jepa_hybrid": {"patches": {"tokens": "hybrid"}}}
"""What a method changes in its encoder, which its twin without pretraining then has too."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One row of the comparison.

    Parameters
    ----------
    name : str
        Name of the method; of the network for one without pretraining.
    network : str
        The encoder, and what it looks at, in words.
    signal : {'features', 'raw'}
        What kind of windows it takes.
    config : RunConfig
        What it does; where all labels are used.
    method : Method or None
        Its declaration; None without a method.
    twin : str
        Name of the arm that has the same network, no pretraining and plain cross-entropy; empty for that arm itself.
    start : str
        Of a method of finetuning: name of the pretraining arm whose encoder it starts from; empty where it starts from a new one.
    baseline : str
        Name of the simple method that it is; empty where it has a network.
    """

    name: str
    network: str
    signal: Signal
    config: RunConfig
    method: Method | None = None
    twin: str = ""
    start: str = ""
    baseline: str = ""

    @property
    def is_probed(self) -> bool:
        """Whether its frozen encoder is asked: where pretraining, or the lack of it, is the point."""
        return not self.baseline and self.config.finetune.method == "ce"


def make_arms(config: RunConfig, comparison: CompareConfig, only: Collection[str] | None = None) -> list[Arm]:
    """Lay out the arms of a comparison.

    Parameters
    ----------
    config : RunConfig
        Data, band features, split, seed and budget.
    comparison : CompareConfig
        Networks, and settings of single methods.
    only : collection of str, optional
        Names of the methods to compare, with the networks and the pretrainings that they need; all when left out.

    Returns
    -------
    list of Arm
        The simple methods, then each network without pretraining before the methods that train it.

    Raises
    ------
    ConfigError
        When a method is unknown, or the config has no band features.
    """
    known = [method.name for method in ALL]
    for name in (*(only or ()), *comparison.methods):
        if name not in known:
            raise ConfigError(f"There is no method '{name}'.", nearest(name, known))
    if config.features.is_raw:
        raise ConfigError(
            f"The config '{config.name}' has raw windows.",
            "Give it band features: raw windows of the same moments are cut for the methods that need them.",
        )
    arms = [Arm(name, "mean over the window", "features", _plain(config), baseline=name) for name in BASELINES]
    chosen = _chosen(only)
    twins: dict[str, Arm] = {}
    methods: dict[str, list[Arm]] = {}
    for method in chosen:
        twin = _twin(method, config, comparison)
        twins.setdefault(twin.name, twin)
        methods.setdefault(twin.name, []).append(_arm(method, twin, config, comparison))
    return arms + [arm for name, twin in twins.items() for arm in (twin, *methods[name])]


def _chosen(only: Collection[str] | None) -> list[Method]:
    """Return the methods to compare, each pretraining that one of them starts from included."""
    compared = [method for method in ALL if method.name != "ce"]
    if only is None:
        return compared
    needed = {method.after for method in compared if method.name in only} | set(only)
    return [method for method in compared if method.name in needed]


def _plain(config: RunConfig) -> RunConfig:
    return parse_config(_base(config), f"the comparison of {config.name}")


def _base(config: RunConfig) -> Content:
    content = config.model_dump(mode="json")
    content["lines"] = content["lines"][:1]
    content["bundle"] = content["pretrain"] = None
    content["quantize"]["enabled"] = False
    content["finetune"] |= {"method": "ce", "options": {}, "n_members": 1, "mode": "finetune", "label_share": 1.0}
    return content


def _twin(method: Method, config: RunConfig, comparison: CompareConfig) -> Arm:
    kind = method.encoders[0]
    signal: Signal = "features" if "features" in method.signals else "raw"
    content = _base(config)
    if signal == "raw":
        content |= raw_twin(config)
    changes = merged(comparison.encoders.get(kind, {}), _OWN_TOKENS.get(method.name, {}))
    content["encoder"] = merged(content["encoder"], {"kind": kind} | changes)
    content["finetune"] |= comparison.finetune.get(kind, {})
    tokens = _OWN_TOKENS.get(method.name, {}).get("patches", {}).get("tokens", "")
    network = f"{kind}, {tokens or ('bands' if signal == 'features' else 'raw')}"
    name = f"no pretraining ({network})"
    return Arm(name, network, signal, parse_config(content, f"'{name}' of {config.name}"))


def _arm(method: Method, twin: Arm, config: RunConfig, comparison: CompareConfig) -> Arm:
    content = twin.config.model_dump(mode="json")
    if method.stage == "finetune":
        content["finetune"] |= _own(method.name, comparison)
    if before := method.name if method.stage == "pretrain" else method.after:
        shared = config.pretrain.model_dump(mode="json") if config.pretrain else {}
        kind: EncoderKind = twin.config.encoder.kind
        content["pretrain"] = shared | comparison.pretrain.get(kind, {}) | _own(before, comparison)
    changed = parse_config(content, f"the method '{method.name}' of {config.name}")
    return Arm(method.name, twin.network, twin.signal, changed, method, twin.name, method.after)


def _own(name: str, comparison: CompareConfig) -> Content:
    return {"method": name, "options": {}} | comparison.methods.get(name, {})


def raw_twin(config: RunConfig) -> Content:
    """Return the sections ``features`` and ``dataset`` of raw windows that end where the config's windows do.

    Parameters
    ----------
    config : RunConfig
        One with band features.

    Returns
    -------
    dict
        Windows as long as the features' span in whole patches, and as often where their distance is a whole number of patches;
        one a patch otherwise, of which those are taken that end with a window of features.
    """
    features: FeatureSpec = config.features
    span_s = PATCH_S * int(features.span_s / PATCH_S + 1e-9)
    raw = raw_spec(features.ch_names, window_s=span_s)
    hop = features.hop_s * config.dataset.window_hop_frames / PATCH_S
    fits = abs(hop - round(hop)) < 1e-9 and abs(features.span_s - span_s) < 1e-9
    dataset = config.dataset.model_dump(mode="json") | {"window_hop_frames": max(1, round(hop)) if fits else 1}
    return {"features": raw.model_dump(mode="json"), "dataset": dataset}


def merged(content: Mapping[str, Any], changes: Mapping[str, Any]) -> Content:
    """Return nested content with changes; tables are merged, everything else is replaced.

    Parameters
    ----------
    content, changes : mapping of str to anything
        As TOML holds them.
    """
    out = dict(content)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(out.get(key), Mapping)
        out[key] = merged(out[key], value) if both else value
    return out
