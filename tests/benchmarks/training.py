"""The trainer against a bare torch loop on data that is in memory already."""

from __future__ import annotations

import time

import numpy as np
import torch

from offline.config import PretrainConfig, RunConfig
from offline.pretrain import view_losses
from offline.pretrain.contrast import Contrast
from offline.pretrain.hardsoft import DEFAULT_WEIGHTS, hardsoft_loss
from offline.pretrain.pairs import pair_classes
from offline.seeds import Seed
from offline.training import Trainer
from offline.training.inputs import Inputs
from offline.training.networks import build_encoder
from sclcm_core.models import Projector
from tests.benchmarks.row import Row

N_GROUPS, N_PER_GROUP, N_ROUNDS = 32, 64, 5
SETTINGS = PretrainConfig(epochs=1, n_groups=32, n_items=8, n_views=1, augmentations=(), device="cpu")


def rows() -> list[Row]:
    """Measure: the same encoder, batches and loss on both sides, in turn."""
    torch.set_num_threads(1)
    config = _config(n_frames=20)
    windows = _windows(config)
    ours, bare = zip(*[(_trainer_s(config, windows), _bare_s(config, windows)) for _ in range(N_ROUNDS)], strict=True)
    n = len(windows)
    rates = n / min(ours), n / min(bare)  # the best of each: what else the machine does is no part of it
    found = [Row("SCLCM pretraining on one thread, 2 x 20", *rates, "windows/s", 0.9, "bare torch loop", at_least=True)]
    return [*found, *_on_a_gpu()]


def _on_a_gpu() -> list[Row]:
    """The original's shape on a GPU against two threads; no row where there is no GPU."""
    if not torch.cuda.is_available():
        return []
    config = _config(n_frames=250)
    windows = _windows(config)
    torch.set_num_threads(2)
    rates = [len(windows) / min(_trainer_s(config, windows, device) for _ in range(3)) for device in ("cuda", "cpu")]
    torch.set_num_threads(1)
    return [Row("SCLCM pretraining on a GPU, 2 x 250", *rates, "windows/s", 20, "two CPU cores", at_least=True)]


def _config(n_frames: int) -> RunConfig:
    features = {"ch_names": ["T7", "T8"], "sfreq": 200.0, "n_frames": n_frames}
    return RunConfig.model_validate({"name": "bench", "title": "Bench", "dataset": {"name": "simulated"}, "features": features})


def _windows(config: RunConfig) -> Inputs:
    n = N_GROUPS * N_PER_GROUP
    features = np.random.default_rng(0).standard_normal((n, *config.features.input_shape)).astype(np.float32)
    group, number = np.divmod(np.arange(n), N_PER_GROUP)
    return Inputs(features, group % 3, group // 4, group, group % 4, group, np.arange(n), 100.0 * number)


def _trainer_s(config: RunConfig, windows: Inputs, device: str = "cpu") -> float:
    loss = view_losses.sclcm
    settings = SETTINGS.model_copy(update={"device": device})
    task = Contrast(build_encoder(config, Seed(0)), settings, loss, windows, None, span_s=10.0, seed=Seed(0))
    trainer = Trainer(task, settings, Seed(0))
    started = time.perf_counter()
    trainer.fit()
    return time.perf_counter() - started


def _bare_s(config: RunConfig, windows: Inputs) -> float:
    encoder, projector = build_encoder(config, Seed(0)).train(), Projector().train()
    optimiser = torch.optim.AdamW([*encoder.parameters(), *projector.parameters()], lr=1e-3)
    features = torch.from_numpy(windows.features)
    ids = [torch.from_numpy(array) for array in (windows.trial, windows.subject, windows.stimulus)]
    size = SETTINGS.n_groups * SETTINGS.n_items
    started = time.perf_counter()
    order = torch.randperm(len(features), generator=torch.Generator().manual_seed(0))
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        loss = hardsoft_loss(projector(encoder(features[chosen])), pair_classes(*(i[chosen] for i in ids)), DEFAULT_WEIGHTS)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return time.perf_counter() - started
