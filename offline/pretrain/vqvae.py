"""A vocabulary of patches: each is replaced by a word, and the words must be enough to draw it again."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from offline.pretrain.codebook import TOKENS_A_CODE, Codebook, perplexity
from offline.pretrain.method import Setting
from offline.pretrain.methods import options_of
from offline.pretrain.patch_decoder import ChannelDecoder
from offline.pretrain.patch_targets import log_spectrum, norm_patch, patches
from offline.pretrain.raw_options import VqvaeOptions
from offline.pretrain.raw_setting import patch_encoder
from offline.pretrain.window_task import WindowTask, fresh, pretrain_config, settle
from offline.training.task import Validation
from sclcm_core.errors import SclcmError

FEWEST_WORDS, PATIENCE = 4, 5
"""A perplexity below this for so many epochs in a row ends the training."""

_ENTROPY_TAU = 0.1


class CollapseError(SclcmError):
    """Training has collapsed: everything is told by the same few words."""


class Vqvae(WindowTask):
    """A vector-quantised autoencoder of patches; experimental.

    Parameters
    ----------
    setting : Setting
        What the method is given; the encoder is a patch transformer on tokens 'raw'.

    Notes
    -----
    ``MSE(waveform) + MSE(log-spectrum) + β |z - word|²`` (van den Oord et al. 2017, arXiv:1711.00937), a word for each patch of each
    channel: one word for a whole recording, as it has been tried, holds a few bits and collapses.
    """

    def __init__(self, setting: Setting) -> None:
        self._options = cast(VqvaeOptions, options_of(pretrain_config(setting), "pretrain"))
        self._encoder = patch_encoder(setting, tokens=("raw",))
        self._n_in_patch, _, n_patches = self._encoder.input_shape
        o, n_spectrum = self._options, self._n_in_patch // 2 + 1
        self._narrow = fresh(setting, "narrow", lambda: nn.Linear(self._encoder.n_embedding, o.n_code))
        self._decoder = fresh(
            setting,
            "decoder",
            lambda: ChannelDecoder(o.n_code, o.n_decoder, o.decoder_depth, n_patches, self._n_in_patch + n_spectrum),
        )
        self._codebook = Codebook(
            o.n_codes, o.n_code, decay=o.decay, restart_share=o.restart_share, restart_after=o.restart_after
        )
        parts = {"narrow": self._narrow, "decoder": self._decoder, "codebook": self._codebook}
        super().__init__(setting, parts, o.batch_size)
        self._start()
        self._n_poor = 0

    @torch.no_grad()
    def _start(self) -> None:
        rng = self._setting.seed.of("codebook")
        each = self._encoder.n_rows * self._encoder.n_patches
        wanted = min(len(self._train), max(1, math.ceil(TOKENS_A_CODE * self._options.n_codes / each)))
        chosen = torch.from_numpy(rng.rng().permutation(len(self._train))[:wanted])
        tokens = self._tokens(self._train[chosen])
        self._codebook.start(tokens, rng.torch_generator(tokens.device.type))

    def _tokens(self, features: Tensor) -> Tensor:
        encoded = self._encoder.all_tokens(features)
        settle(self._encoder, encoded)
        tokens: Tensor = self._narrow(encoded).flatten(0, 1)  # (n * n_tokens, n_code)
        return tokens

    def batch_loss(self, features: Tensor, generator: torch.Generator) -> Tensor:
        """Return how badly patches are drawn from their words.

        Parameters
        ----------
        features : Tensor, shape (n, n_in_patch, n_channels, n_patches)
            Normalised samples, without unit.
        generator : torch.Generator
            Source of chance for words that are replaced.

        Returns
        -------
        Tensor, shape ()
            Without unit.
        """
        straight, unit, chosen = self._codebook(self._tokens(features))
        commitment = ((unit - self._codebook.codes[chosen]) ** 2).mean()
        n, n_rows = len(features), self._encoder.n_rows
        out = self._decoder(straight.reshape(n, -1, straight.shape[1]), None, n_rows).float()
        loss: Tensor = self._error(out, patches(features).float()) + self._options.commitment * commitment
        if self._options.entropy:
            loss = loss - self._options.entropy * self._evenness(unit)
        if self._network.training:
            self._codebook.follow(unit.detach(), chosen, generator)
        return loss

    def _error(self, out: Tensor, target: Tensor) -> Tensor:
        waveform, spectrum = out[..., : self._n_in_patch], out[..., self._n_in_patch :]
        return ((waveform - norm_patch(target)) ** 2).mean() + ((spectrum - log_spectrum(target)) ** 2).mean()

    def _evenness(self, unit: Tensor) -> Tensor:
        codes = self._codebook.codes.clone()  # they follow the tokens before the gradient is taken
        shares = (unit @ codes.T / _ENTROPY_TAU).softmax(dim=1).mean(dim=0)  # (n_codes,)
        return perplexity(shares).log()

    @torch.no_grad()
    def usage(self) -> Tensor:
        """Return how often each word is used on the validation people, shape (n_codes,), as counts."""
        n_codes = self._options.n_codes
        counts = [torch.bincount(self._codebook(self._tokens(part))[2], minlength=n_codes) for part, _ in self.judged_parts()]
        return torch.stack(counts).sum(dim=0).float()

    def validate(self) -> Validation | None:
        """Return the loss on validation people, with the words in use; raise `CollapseError` when they stay too few."""
        found = super().validate()
        if found is None:
            return None
        usage = self.usage()
        words = float(perplexity(usage))
        self._n_poor = self._n_poor + 1 if words < FEWEST_WORDS else 0
        if self._n_poor >= PATIENCE:
            raise CollapseError(
                f"For {PATIENCE} epochs fewer than {FEWEST_WORDS} words are in use (perplexity {words:.1f}).",
                f"Lower the learning rate, or raise entropy in [pretrain.options] (now {self._options.entropy:g}).",
            )
        return Validation(found.score, {**found.figures, "perplexity": words, "used": float((usage > 0).float().mean())})

    @torch.no_grad()
    def trivial_loss(self) -> float:
        """Return the loss of no waveform at all and the mean log-spectrum, without unit."""
        usual = log_spectrum(patches(self._train)).mean(dim=(0, 1, 2))
        losses = []
        for part, _ in self.judged_parts():
            target = patches(part).float()
            out = torch.cat([torch.zeros_like(target), usual.expand(*target.shape[:-1], -1)], dim=-1)
            losses.append(float(self._error(out, target)))
        return float(np.mean(losses))
