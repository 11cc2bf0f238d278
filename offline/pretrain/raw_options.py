"""Options of the methods that train the dilated convolutions and the patch transformer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from offline.pretrain.method import MethodOptions


class WindowOptions(MethodOptions):
    """What all of them share."""

    batch_size: int = Field(default=64, ge=2, description="windows in a batch")


class SicleerOptions(MethodOptions):
    """SI-CLEER's contrast; both stages."""

    batch_size: int = Field(default=32, ge=2, description="most windows in a batch, each of another trial")
    alpha: float = Field(
        default=0.5, ge=0, le=1, description="share of the contrast between windows; the rest is between moments"
    )
    temporal_unit: int = Field(default=0, ge=0, description="first level of the hierarchy at which moments are contrasted")
    keep: float = Field(default=0.5, gt=0, le=1, description="chance that a step is seen; 1 for no masking")
    crops: bool = Field(default=True, description="contrast two overlapping pieces; false contrasts whole windows")
    similarity: Literal["dot", "cos"] = Field(default="dot", description="dot products (the original), or cosines over tau")
    tau: float = Field(default=0.2, gt=0, description="temperature of the cosine")


class SicleerJointOptions(SicleerOptions):
    """SI-CLEER's joint training."""

    class_weight: float = Field(default=1.0, ge=0, description="lambda: weight of the cross-entropy")
    contrast_weight: float = Field(default=1.0, ge=0, description="weight of the contrast; 0 for classification alone")


class StmemOptions(WindowOptions):
    """Masked autoencoding."""

    mask: Literal["per_channel", "tube", "block", "mixed"] = Field(
        default="mixed",
        description="each channel by itself (the original), the same moments of all, regions of scalp and time, or one of these a batch",
    )
    ratio: float = Field(default=0.75, gt=0, lt=1, description="share of the patches that is hidden; 'tube' hides 0.8 of it")
    spectral: float = Field(default=0.5, ge=0, le=1, description="weight of the log-spectrum; the rest is for the waveform")
    n_decoder: int = Field(default=64, ge=8, description="length of a token in the decoder; a multiple of 8")
    decoder_depth: int = Field(default=2, ge=1, description="blocks of the decoder")


class JepaOptions(WindowOptions):
    """Prediction of a teacher's tokens."""

    mask: Literal["block", "random"] = Field(default="block", description="four blocks of time, or single moments")
    momentum: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="the teacher's first momentum; by default 0.95, from 2000 steps on 0.99, from 10 000 on 0.996",
    )
    n_predictor: int = Field(default=64, ge=8, description="length of a token in the predictor; a multiple of 8")
    predictor_depth: int = Field(default=2, ge=1, description="blocks of the predictor")


class VqvaeOptions(WindowOptions):
    """A vocabulary of patches."""

    n_codes: int = Field(default=512, ge=8, description="words of the vocabulary")
    n_code: int = Field(default=32, ge=2, description="length of a word")
    decay: float = Field(default=0.99, gt=0, lt=1, description="how slowly the words follow the tokens")
    commitment: float = Field(default=0.25, ge=0, description="weight of staying near the word")
    entropy: float = Field(
        default=0.1,
        ge=0,
        description="weight of using all words alike; without it, six of nine vocabularies collapsed on simulated EEG",
    )
    restart_share: float = Field(default=0.03, ge=0, description="a word used less than this share of the mean is dying")
    restart_after: int = Field(default=100, ge=1, description="steps after which a dying word is replaced")
    n_decoder: int = Field(default=64, ge=8, description="length of a token in the decoder; a multiple of 8")
    decoder_depth: int = Field(default=2, ge=1, description="blocks of the decoder")
