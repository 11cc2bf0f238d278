"""Masked autoencoding of patches: most are hidden, and the rest must tell what they were."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor

from offline.pretrain.masking import draw_mask, visible_numbers
from offline.pretrain.method import Setting
from offline.pretrain.methods import options_of
from offline.pretrain.patch_decoder import ChannelDecoder
from offline.pretrain.patch_targets import log_spectrum, masked_mse, norm_patch, patches
from offline.pretrain.raw_options import StmemOptions
from offline.pretrain.raw_setting import patch_encoder
from offline.pretrain.window_task import WindowTask, fresh, pretrain_config, settle


class Stmem(WindowTask):
    """Masked autoencoding after ST-MEM, for EEG.

    Parameters
    ----------
    setting : Setting
        What the method is given; the encoder is a patch transformer on tokens 'raw'.

    Notes
    -----
    Written from a description of ST-MEM (arXiv:2402.09450), whose code is not free. The encoder sees the visible patches alone; a
    small decoder, channel by channel, gives waveform (without level and scale) and log-spectrum of the hidden ones. Neighbouring
    electrodes share so much that patches hidden in one channel alone are too easy: the mask is drawn anew for each batch, among three
    kinds.
    """

    def __init__(self, setting: Setting) -> None:
        self._options = cast(StmemOptions, options_of(pretrain_config(setting), "pretrain"))
        self._encoder = patch_encoder(setting, tokens=("raw",))
        n_in_patch, _, n_patches = self._encoder.input_shape
        self._n_spectrum = n_in_patch // 2 + 1
        o = self._options
        self._decoder = fresh(
            setting,
            "decoder",
            lambda: ChannelDecoder(
                self._encoder.n_embedding, o.n_decoder, o.decoder_depth, n_patches, n_in_patch + self._n_spectrum
            ),
        )
        super().__init__(setting, {"decoder": self._decoder}, o.batch_size)

    def batch_loss(self, features: Tensor, generator: torch.Generator) -> Tensor:
        """Return how badly hidden patches are told from the visible ones.

        Parameters
        ----------
        features : Tensor, shape (n, n_in_patch, n_channels, n_patches)
            Normalised samples, without unit.
        generator : torch.Generator
            Source of chance for the mask.

        Returns
        -------
        Tensor, shape ()
            ``(1 - s) MSE(waveform) + s MSE(log-spectrum)`` at hidden patches, without unit.
        """
        hidden = self._mask(len(features), generator)
        kept = visible_numbers(hidden.flatten(1))
        seen = self._encoder.visible_tokens(features, kept)
        settle(self._encoder, seen)
        out = self._decoder(seen, kept, features.shape[2]).float()
        return self._error(out, patches(features).float(), hidden)

    def _mask(self, n: int, generator: torch.Generator) -> Tensor:
        place, n_patches = self._encoder.channel_code.place, self._encoder.n_patches
        return draw_mask(self._options.mask, n, place, n_patches, ratio=self._options.ratio, generator=generator)

    def _error(self, out: Tensor, target: Tensor, hidden: Tensor) -> Tensor:
        waveform, spectrum = out[..., : -self._n_spectrum], out[..., -self._n_spectrum :]
        of_waveform = masked_mse(waveform, norm_patch(target), hidden)
        of_spectrum = masked_mse(spectrum, log_spectrum(target), hidden)
        return (1 - self._options.spectral) * of_waveform + self._options.spectral * of_spectrum

    @torch.no_grad()
    def trivial_loss(self) -> float:
        """Return the loss of no waveform at all and the mean log-spectrum, without unit."""
        usual = log_spectrum(patches(self._train)).mean(dim=(0, 1, 2))  # (n_spectrum,)
        losses = []
        for part, generator in self.judged_parts():
            target = patches(part).float()
            out = torch.cat([torch.zeros_like(target), usual.expand(*target.shape[:-1], -1)], dim=-1)
            losses.append(float(self._error(out, target, self._mask(len(part), generator))))
        return float(np.mean(losses))
