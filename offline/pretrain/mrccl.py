"""MR-CCL: a window's EEG and its other modalities find each other, and each finds its noisy twin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from offline.finetune.trial_sampler import TrialSampler
from offline.pretrain.method import Setting
from offline.pretrain.modalities import ModalityNetwork, OtherModalities, noisy_twin
from offline.pretrain.mrccl_options import MrcclPretrainOptions
from offline.pretrain.ntxent import trivial_ntxent_loss
from offline.training.collapse import collapse_figures
from offline.training.inputs import Inputs, joined
from offline.training.task import Indices, Validation
from offline.training.trainer import pick_device


class MrCcl:
    """Pretraining by contrast between modalities.

    Parameters
    ----------
    setting : Setting
        What every method is given; labels are not looked at.
    options : MrcclPretrainOptions
        The other modalities, temperature and noise.
    """

    def __init__(self, setting: Setting, options: MrcclPretrainOptions) -> None:
        if setting.config.pretrain is None:
            raise ValueError("The config has no section [pretrain].")
        self._config, self._options, self._seed = setting.config.pretrain, options, setting.seed
        others = OtherModalities(setting.config, options, setting.train)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(setting.seed.of("modalities").number())
            self._beside = ModalityNetwork(others.n_values, setting.encoder.n_embedding)
        self._encoder = setting.encoder
        self._network = nn.ModuleDict({"encoder": setting.encoder, "beside": self._beside})
        self._train = _Pairs(setting.train, others, self._config.device)
        self._validation = _Pairs(joined(list(setting.validation)), others, self._config.device) if setting.validation else None
        self._sampler = TrialSampler(setting.train.trial, batch_size=options.batch_size, n_per_trial=1)

    @property
    def network(self) -> nn.Module:
        """The encoders of all modalities, and what is contrasted by."""
        return self._network

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return one group."""
        return [{"params": list(self._network.parameters()), "lr": self._config.lr}]

    @property
    def n_batches(self) -> int:
        """Batches in an epoch."""
        return self._sampler.n_batches

    def batches(self, rng: np.random.Generator) -> Iterator[Indices]:
        """Yield batches of one window a trial."""
        return self._sampler.epoch(rng)

    def loss(self, indices: Indices, generator: torch.Generator) -> Tensor:
        """Return the sum of both contrasts, shape () and without unit."""
        return self._loss_of(self._train, indices, generator)[0]

    def _loss_of(self, pairs: _Pairs, indices: Indices, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        chosen = torch.from_numpy(indices)
        windows = [pairs.features[chosen], *(values[chosen] for values in pairs.vectors)]
        clean = self._embeddings(windows)
        noisy = self._embeddings([noisy_twin(values, generator, self._options) for values in windows])
        across, against_noise = self._beside.losses(clean, noisy, pairs.trial[chosen], tau=self._options.tau)
        return across + self._options.noise_weight * against_noise, clean[0]

    def _embeddings(self, windows: list[Tensor]) -> list[Tensor]:
        return [self._encoder(windows[0]).float(), *self._beside.embed(windows[1:])]

    def validate(self) -> Validation | None:
        """Return the loss on validation people, with the same batches and noise each time, and how far it has collapsed."""
        if self._validation is None:
            return None
        seed = self._seed.of("validation")
        generator = seed.torch_generator(self._validation.features.device.type)
        batches = self._sampler_of(self._validation).epoch(seed.rng())
        found = [self._loss_of(self._validation, indices, generator) for indices in batches]
        loss = float(np.mean([float(value.detach()) for value, _ in found]))
        return Validation(-loss, {"validation_loss": loss, **collapse_figures(torch.cat([e for _, e in found]))})

    def _sampler_of(self, pairs: _Pairs) -> TrialSampler:
        return TrialSampler(pairs.trial.cpu().numpy(), batch_size=self._options.batch_size, n_per_trial=1)

    def trivial_loss(self) -> float:
        """Return the loss of projections that are all alike, in batches of the validation people (of training without)."""
        sampler = self._sampler_of(self._validation) if self._validation else self._sampler
        n = len(next(sampler.epoch(np.random.default_rng(0))))
        return (1 + self._options.noise_weight) * trivial_ntxent_loss(n)


class _Pairs:
    """Windows with their other modalities as tensors on the device."""

    def __init__(self, inputs: Inputs, others: OtherModalities, wish: str) -> None:
        device = pick_device(wish)
        self.features = torch.from_numpy(inputs.features).to(device)
        self.vectors = [values.to(device) for values in others.of(inputs)]
        self.trial = torch.from_numpy(inputs.trial).to(device)
