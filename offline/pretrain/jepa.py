"""Joint-embedding prediction: a student tells, from what it sees, what a teacher makes of what it does not see."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import layer_norm, smooth_l1_loss

from offline.pretrain.masking import hidden_moments
from offline.pretrain.method import Setting
from offline.pretrain.methods import options_of
from offline.pretrain.patch_decoder import ChannelDecoder
from offline.pretrain.raw_options import JepaOptions
from offline.pretrain.raw_setting import patch_encoder, settle_powers
from offline.pretrain.teacher import Teacher, momentum_at
from offline.pretrain.window_task import WindowTask, fresh, pretrain_config, settle
from offline.training.task import Validation
from sclcm_core.models import PatchTransformer


class Jepa(WindowTask):
    """Prediction of a teacher's tokens after ECG-JEPA, for EEG.

    Parameters
    ----------
    setting : Setting
        What the method is given; the encoder is a patch transformer.

    Notes
    -----
    The same moments are hidden in all channels and pseudo-channels (band powers that stayed visible would tell of masked samples). The
    teacher sees whole windows; its tokens, without level and scale, are the targets at hidden moments; the predictor works channel by
    channel. The loss is a smooth L1 with its bend at 1 (Kim 2024, arXiv:2410.08559). A low loss by itself is no success: a teacher
    that says the same of everything is easy to predict. The score is therefore the share of the targets' spread that is told.
    """

    def __init__(self, setting: Setting) -> None:
        self._options = cast(JepaOptions, options_of(pretrain_config(setting), "pretrain"))
        self._encoder = patch_encoder(setting, tokens=("raw", "hybrid", "features"))
        settle_powers(self._encoder, setting.train)
        self._teacher = Teacher(self._encoder)
        width, o = self._encoder.n_embedding, self._options
        self._predictor = fresh(
            setting,
            "predictor",
            lambda: ChannelDecoder(width, o.n_predictor, o.predictor_depth, self._encoder.n_patches, width),
        )
        super().__init__(setting, {"teacher": self._teacher, "predictor": self._predictor}, o.batch_size)

    def batch_loss(self, features: Tensor, generator: torch.Generator) -> Tensor:
        """Return how badly the hidden tokens of the teacher are told.

        Parameters
        ----------
        features : Tensor, shape (n, n_in_patch, n_channels, n_patches)
            Normalised samples, without unit.
        generator : torch.Generator
            Source of chance for the mask.

        Returns
        -------
        Tensor, shape ()
            Smooth L1, mean over tokens and places, without unit.

        Notes
        -----
        The teacher follows at the beginning of the next batch: what came after the last step is the same.
        """
        if self._network.training:
            self._follow()
        predicted, target = self._sides(features, generator)
        return smooth_l1_loss(predicted, target)

    def _follow(self) -> None:
        step = int(self._teacher.n_followed)
        self._teacher.follow(self._encoder, momentum_at(step, self.n_steps, self._options.momentum))

    def _sides(self, features: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Predictions and targets, each (n, n_rows, n_hidden, n_embedding)."""
        moments = hidden_moments(self._options.mask, self._encoder.n_patches, generator)
        n_rows = self._encoder.n_rows
        kept = moments.logical_not().repeat(n_rows).nonzero()[:, 0].expand(len(features), -1)
        seen = self._encoder.visible_tokens(features, kept)
        settle(self._encoder, seen)
        predicted = self._predictor(seen, kept, n_rows)
        return predicted[:, :, moments].float(), self.targets(features)[:, :, moments]

    @torch.no_grad()
    def targets(self, features: Tensor) -> Tensor:
        """Return what the teacher makes of whole windows.

        Parameters
        ----------
        features : Tensor, shape (n, n_in_patch, n_channels, n_patches)
            Normalised samples, without unit.

        Returns
        -------
        Tensor, shape (n, n_rows, n_patches, n_embedding)
            Tokens of mean 0 and variance 1, without unit.
        """
        teacher = cast(PatchTransformer, self._teacher.network)
        tokens = token_norm(teacher.all_tokens(features).float())  # (n, n_rows * n_patches, n_embedding)
        return tokens.reshape(len(features), teacher.n_rows, teacher.n_patches, -1)

    def validate(self) -> Validation | None:
        """Return the share of the targets' spread that is told on validation people, and how far the embeddings have collapsed."""
        found = super().validate()
        if found is None:
            return None
        trivial = self.trivial_loss()
        told = 1 - found.figures["validation_loss"] / max(trivial, 1e-6)
        return Validation(told, {**found.figures, "trivial_loss": trivial, "told": told})

    @torch.no_grad()
    def trivial_loss(self) -> float:
        """Return the loss of answering with the mean target, whatever the window, without unit."""
        losses = []
        for part, generator in self.judged_parts():
            moments = hidden_moments(self._options.mask, self._encoder.n_patches, generator)
            target = self.targets(part)[:, :, moments]
            losses.append(float(smooth_l1_loss(target.mean(dim=0, keepdim=True).expand_as(target), target)))
        return float(np.mean(losses))


def token_norm(tokens: Tensor) -> Tensor:
    """Return tokens without level and scale.

    Parameters
    ----------
    tokens : Tensor, shape (..., n_embedding)
        Without unit.

    Returns
    -------
    Tensor, same shape
        ``(x - mean) / sqrt(var + 1e-5)`` over the places of each token, with the biased variance; without unit.

    Examples
    --------
    >>> [round(x, 3) for x in token_norm(torch.tensor([1.0, 2.0, 4.0, 8.0])).tolist()]
    [-1.026, -0.653, 0.093, 1.585]
    """
    return layer_norm(tokens, tokens.shape[-1:])


class HybridJepa(Jepa):
    """The same, on an encoder that is given band powers too.

    Parameters
    ----------
    setting : Setting
        What the method is given; the encoder is a patch transformer on tokens 'hybrid' or 'features'.
    """

    def __init__(self, setting: Setting) -> None:
        patch_encoder(setting, tokens=("hybrid", "features"))
        super().__init__(setting)
