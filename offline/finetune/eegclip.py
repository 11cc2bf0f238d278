"""EEG-CLIP: windows and captions in one space; a class is told by prompts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from offline.config import FinetuneConfig
from offline.finetune.captions import Caption
from offline.finetune.classify import Classify, network_outputs
from offline.finetune.options import EegclipOptions
from offline.finetune.text_space import TextSpace
from offline.finetune.trial_sampler import TrialSampler
from offline.pretrain.similarity import cosine_matrix
from offline.pretrain.text_alignment import multi_positive_clip_loss, siglip_loss
from offline.training.collapse import collapse_figures
from offline.training.inputs import Inputs
from offline.training.task import Indices, Validation
from sclcm_core.models import SclcmClassifier
from sclcm_core.models.space_head import PromptHead

SOFTNESS = 0.1
"""Temperature of soft targets."""


class EegClip(Classify):
    """Alignment of windows with captions on a `PromptHead`.

    Parameters
    ----------
    network : SclcmClassifier
        With a `PromptHead`.
    config : FinetuneConfig
        How.
    options : EegclipOptions
        Loss, targets and what is held out.
    train : Inputs
        Windows whose captions may be used.
    validation : tuple of Inputs
        Windows of other people, one entry a line of normalisation.
    captions : mapping of int to Caption
        By trial of the training windows.
    class_prompts : sequence of sequence of str
        Sentences that stand for each class.
    space : TextSpace
        Vectors of all of these texts.
    """

    def __init__(
        self,
        network: SclcmClassifier,
        config: FinetuneConfig,
        options: EegclipOptions,
        train: Inputs,
        validation: tuple[Inputs, ...],
        *,
        captions: Mapping[int, Caption],
        class_prompts: Sequence[Sequence[str]],
        space: TextSpace,
    ) -> None:
        hidden = options.without_classes
        train, validation = _without(train, hidden), tuple(_without(inputs, hidden) for inputs in validation)
        super().__init__(network, config, train, validation)
        self._options, self._head = options, cast(PromptHead, network.head)
        self._sentences = torch.from_numpy(space.vectors).to(self._label.device)
        meanings = sorted({caption.meaning for caption in captions.values()})
        self._meaning = np.array([meanings.index(captions[t].meaning) for t in train.trial.tolist()], np.int64)
        self._texts = [space.rows(captions[trial].texts) for trial in train.trial.tolist()]
        self._sampler = TrialSampler(
            train.trial, batch_size=config.batch_size, n_per_trial=options.n_per_trial, kind=self._meaning
        )
        self._start(space, class_prompts)

    @torch.no_grad()
    def _start(self, space: TextSpace, class_prompts: Sequence[Sequence[str]]) -> None:
        head = self._head
        head.centre.copy_(torch.from_numpy(space.centre))
        head.prompts.copy_(torch.from_numpy(np.stack([space.mean(texts) for texts in class_prompts])))
        head.text.weight.copy_(torch.from_numpy(space.axes))
        head.settle_prompts()

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the head's parameters as far as they are learnt, and the encoder's unless it is frozen."""
        head, *rest = super().parameter_groups()
        learnt: list[Tensor] = [*self._head.into_space.parameters(), self._head.log_scale]
        learnt += [self._head.text.weight] if self._options.text_head == "trained" else []
        learnt += [self._head.offset] if self._options.loss == "siglip" else []
        return [{**head, "params": learnt}, *rest]

    @property
    def n_batches(self) -> int:
        """Batches in an epoch."""
        return self._sampler.n_batches

    def batches(self, rng: np.random.Generator) -> Iterator[Indices]:
        """Yield batches with few windows of each trial, meanings in turn."""
        return self._sampler.epoch(rng)

    def loss(self, indices: Indices, generator: torch.Generator) -> Tensor:
        """Return the loss of windows against captions drawn for them, shape () and without unit."""
        places = self._head.place(self._network.encoder(self.drawn(indices, generator)).float())
        sentences = self._sentences[self._draw(indices, generator)]
        texts = self._head.place_text(sentences)
        belongs = self._belongs(indices, sentences)
        if self._options.loss == "siglip":
            return siglip_loss(places, texts, belongs > 0.5, scale=self._head.scale, bias=self._head.offset)
        return multi_positive_clip_loss(places, texts, belongs, tau=1 / self._head.scale)

    def _draw(self, indices: Indices, generator: torch.Generator) -> Tensor:
        """Draw a wording for each window."""
        shares = torch.rand(len(indices), generator=generator, device=self._label.device).tolist()
        rows = [self._texts[k][int(share * len(self._texts[k]))] for k, share in zip(indices.tolist(), shares, strict=True)]
        return torch.tensor(rows, device=self._label.device)

    def _belongs(self, indices: Indices, sentences: Tensor) -> Tensor:
        if self._options.targets == "soft":
            centred = sentences - self._head.centre
            return torch.exp(cosine_matrix(centred, centred) / SOFTNESS)
        meaning = torch.from_numpy(self._meaning[indices]).to(self._label.device)
        return (meaning[:, None] == meaning[None, :]).float()

    def validate(self) -> Validation | None:
        """Place the prompts, then score the validation people by them; tells whether their places have collapsed."""
        self._head.settle_prompts()
        found = super().validate()
        if found is None:
            return None
        embeddings = torch.from_numpy(network_outputs(self._network.encoder, self._validation[0].features))
        places = self._head.place(embeddings.to(self._label.device))
        return Validation(found.score, {**found.figures, **collapse_figures(places)})

    def trivial_loss(self) -> float:
        """Return the loss of windows that all lie at one place, without unit: ``ln n``, where EEG-CLIP's collapsed runs stay."""
        first = next(self._sampler.epoch(np.random.default_rng(0)))
        return float(np.log(len(first)))


def _without(inputs: Inputs, labels: tuple[int, ...]) -> Inputs:
    return inputs.select(np.flatnonzero(~np.isin(inputs.label, labels))) if labels else inputs
