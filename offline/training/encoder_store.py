"""Pretrained encoders that are kept: points of a curve that differ in their labels alone begin from the same one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from pathlib import Path

from offline.code_origin import code_origin
from offline.config import RunConfig
from offline.seeds import Seed
from offline.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from offline.training.inputs import Inputs
from offline.training.networks import build_encoder
from offline.training.trainer import History
from sclcm_core.models import Encoder


def encoder_path(folder: Path, config: RunConfig, sides: tuple[Inputs | None, ...], seed: Seed) -> Path:
    """Return where an encoder is kept: under a hash of everything that its pretraining depends on, the code included.

    Parameters
    ----------
    folder : Path
        Where encoders are kept.
    config : RunConfig
        Shape of the encoder, and how it is pretrained; nothing else of it counts.
    sides : tuple of Inputs or None
        Training and validation windows. Labels do not count: pretraining does not look at them.
    seed : Seed
        Determines everything drawn.

    Returns
    -------
    Path
        A ``.safetensors`` file, which need not be there.
    """
    content = config.model_dump(mode="json", include={"encoder", "pretrain", "features"})
    digest = hashlib.sha256(json.dumps([content, seed.value, list(seed.keys), code_origin().source], sort_keys=True).encode())
    for side in sides:
        for field in fields(Inputs):
            if side is not None and field.name not in ("label", "features"):
                digest.update(getattr(side, field.name).tobytes())
        digest.update(side.features.tobytes() if side is not None else b"nobody")
    return folder / f"{digest.hexdigest()[:16]}.safetensors"


def save_encoder(path: Path, encoder: Encoder, history: History) -> None:
    """Keep an encoder, and how long it took to be at its best."""
    facts = {"rows": history.rows, "best_epoch": history.best_epoch, "best_score": history.best_score}
    save_checkpoint(path, Checkpoint(encoder.state_dict(), {"history": facts}))


def load_encoder(path: Path, config: RunConfig, seed: Seed) -> tuple[Encoder, History]:
    """Return a kept encoder, in evaluation mode, and the history of its pretraining."""
    kept = load_checkpoint(path)
    encoder = build_encoder(config, seed)
    encoder.load_state_dict(kept.weights)
    return encoder.eval(), History(**kept.facts["history"])
