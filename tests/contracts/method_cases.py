"""Tiny runs for the contract of the methods: one config and one set of windows for each."""

from pathlib import Path

import numpy as np

from offline.config import RunConfig
from offline.pretrain.method import Method, Setting
from offline.seeds import Seed
from offline.training.inputs import Inputs
from offline.training.networks import build_encoder

CH_NAMES = ["Fp1", "F3", "T7", "T8", "Cz", "O2"]
RAW = {"kind": "raw", "ch_names": CH_NAMES, "sfreq": 128.0, "window_s": 0.25, "hop_s": 0.25, "n_frames": 8}
BANDS = {"kind": "de", "ch_names": CH_NAMES, "sfreq": 128.0, "n_frames": 8}
ENCODERS = {
    "sclcm": {"kind": "sclcm", "widths": [8, 12], "n_embedding": 16, "dropouts": [0.0, 0.0]},
    "tcn": {"kind": "tcn", "n_embedding": 16, "tcn": {"width": 8, "n_blocks": 2, "dropout": 0.0}},
    "patches": {
        "kind": "patches",
        "n_embedding": 16,
        "patches": {"depth": 1, "n_heads": 2, "n_hidden": 32, "attention": "cropa"},
    },
}
HYBRID = {**ENCODERS["patches"], "patches": {**ENCODERS["patches"]["patches"], "tokens": "hybrid"}}
STAGE = {"epochs": 3, "warmup_share": 0.0, "weight_decay": 0.0, "device": "cpu"}

SPECIAL: dict[str, dict] = {
    "jepa_hybrid": {"encoder": HYBRID},
    "vqvae": {"pretrain": {"options": {"n_codes": 16, "n_code": 4, "n_decoder": 16, "decoder_depth": 1, "batch_size": 16}}},
    "stmem": {"pretrain": {"options": {"n_decoder": 16, "decoder_depth": 1, "batch_size": 16}}},
    "jepa": {"pretrain": {"options": {"n_predictor": 16, "predictor_depth": 1, "batch_size": 16, "momentum": 0.9}}},
    "sicleer": {"pretrain": {"options": {"batch_size": 8}}},
    "sicleer_joint": {"head": {"kind": "steps"}},
    "distil": {"finetune": {"options": {"teacher": str(Path(__file__).with_name("teacher.toml"))}}},
    "eegclip": {
        "finetune": {"options": {"encoder": "hashed words", "class_words": [["happy", "glad"], ["sad"]], "n_space": 8}},
    },
}
"""What a method needs besides the usual; an entry is merged over the usual config, section by section."""


def config_for(method: Method) -> RunConfig:
    """A config that runs the method in a moment."""
    section = {**STAGE, "method": method.name}
    section |= (
        {"lr": 1e-3, "n_groups": 4, "n_items": 2} if method.stage == "pretrain" else {"batch_size": 16, "encoder_lr": 1e-3}
    )
    content = {
        "name": "tiny",
        "title": "Tiny",
        "lines": ["population"],
        "dataset": {"name": "simulated"},
        "features": BANDS if "features" in method.signals else RAW,
        "encoder": ENCODERS[method.encoders[0]],
        "head": {"n_hidden": 0, "dropout": 0.0},
        method.stage: section,
        "quantize": {"enabled": False},
    }
    for name, changes in SPECIAL.get(method.name, {}).items():
        content[name] = {**content.get(name, {}), **changes}
    return RunConfig.model_validate(content)


def inputs_for(config: RunConfig, *, n_subjects: int = 4, n_per_trial: int = 4, first: int = 0) -> Inputs:
    """Windows of two classes, one trial of each for everybody, with what a method may want to know of them."""
    rng = np.random.default_rng(first)
    n = n_subjects * 2 * n_per_trial
    number = np.arange(n)
    label, subject = (number // n_per_trial) % 2, first + number // (2 * n_per_trial)
    trial = 2 * subject + label
    features = rng.normal(0, 1, (n, *config.features.input_shape)) + label[:, None, None, None] * np.sin(np.arange(8))
    t0 = 100.0 * (number % n_per_trial)
    return Inputs(features.astype(np.float32), label, subject, trial, label, trial, first * n + number, t0)


def setting_for(method: Method, seed: int = 0) -> Setting:
    """What the method is given."""
    config = config_for(method)
    train, judges = inputs_for(config), inputs_for(config, n_subjects=2, first=10)
    labelled = train if method.stage == "finetune" else None
    n_classes = 2 if method.stage == "finetune" else 0
    return Setting(config, build_encoder(config, Seed(seed)), train, labelled, (judges,), n_classes, Seed(seed))
