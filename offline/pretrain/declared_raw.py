"""Declarations: the methods of the dilated convolutions and of the patch transformer."""

from __future__ import annotations

from offline.pretrain.method import Builder, Method
from offline.pretrain.raw_options import (
    JepaOptions,
    SicleerJointOptions,
    SicleerOptions,
    StmemOptions,
    VqvaeOptions,
)

_ALONE = "shuffled windows, each by itself"


def _sicleer() -> Builder:
    from offline.pretrain.sicleer import Sicleer

    return Sicleer


def _sicleer_joint() -> Builder:
    from offline.pretrain.sicleer import SicleerJoint

    return SicleerJoint


def _stmem() -> Builder:
    from offline.pretrain.stmem import Stmem

    return Stmem


def _jepa() -> Builder:
    from offline.pretrain.jepa import Jepa

    return Jepa


def _jepa_hybrid() -> Builder:
    from offline.pretrain.jepa import HybridJepa

    return HybridJepa


def _vqvae() -> Builder:
    from offline.pretrain.vqvae import Vqvae

    return Vqvae


DECLARED: tuple[Method, ...] = (
    Method(
        name="sicleer",
        title="SI-CLEER, contrast in time",
        stage="pretrain",
        summary="Two overlapping pieces of a window must agree step by step, against other windows and against other moments.",
        when="Labels are few and windows long; robust to dropped samples. Follow it with 'sicleer_joint'.",
        signals=("features", "raw"),
        looks_at=("trial",),
        encoders=("tcn",),
        loss="mean over levels of time of alpha * contrast between windows + (1 - alpha) * contrast between moments",
        trivial="all steps of all windows alike",
        batches="one window of a trial at most; two overlapping pieces, half of the steps hidden",
        source="arXiv:2405.07260, with Yue et al. 2022, arXiv:2106.10466",
        build=_sicleer,
        options=SicleerOptions,
    ),
    Method(
        name="stmem",
        title="ST-MEM, masked autoencoding",
        stage="pretrain",
        summary="Hides most patches of a raw window; waveform and spectrum of the hidden ones must be told from the rest.",
        when="The first to try on raw EEG without labels, from any caps.",
        signals=("raw",),
        looks_at=(),
        encoders=("patches",),
        loss="squared error of waveform and log-spectrum at hidden patches",
        trivial="no waveform and the mean spectrum",
        batches=_ALONE,
        source="arXiv:2402.09450, from its description",
        build=_stmem,
        options=StmemOptions,
    ),
    Method(
        name="jepa",
        title="EEG-JEPA, prediction of a teacher's tokens",
        stage="pretrain",
        summary="A student tells, from the moments it sees, what a slowly following teacher makes of those it does not see.",
        when="Raw EEG without labels, for an encoder that stays frozen; with few labels 'stmem' did better on simulated EEG.",
        signals=("raw",),
        looks_at=(),
        encoders=("patches",),
        loss="smooth L1 between predicted tokens and the teacher's, at hidden moments",
        trivial="the mean token of the teacher",
        batches=_ALONE,
        source="Kim 2024, arXiv:2410.08559",
        build=_jepa,
        options=JepaOptions,
    ),
    Method(
        name="jepa_hybrid",
        title="EEG-JEPA on signal and band powers",
        stage="pretrain",
        summary="As 'jepa', with the band powers of scalp regions as further channels.",
        when="Little raw data: the band powers need not be found first.",
        signals=("raw",),
        looks_at=(),
        encoders=("patches",),
        loss="smooth L1 between predicted tokens and the teacher's, at hidden moments",
        trivial="the mean token of the teacher",
        batches=_ALONE,
        source="github.com/tenebrissilvam/smiles_ssl_biosignals, from its description",
        build=_jepa_hybrid,
        options=JepaOptions,
    ),
    Method(
        name="vqvae",
        title="VQ-VAE, a vocabulary of patches",
        stage="pretrain",
        summary="Replaces each patch by the nearest of a few hundred words, from which it must be drawn again.",
        when="For experiments: words that later stages can count or predict.",
        signals=("raw",),
        looks_at=(),
        encoders=("patches",),
        loss="squared error of waveform and log-spectrum + beta * distance from the word",
        trivial="no waveform and the mean spectrum",
        batches=_ALONE,
        source="van den Oord et al. 2017, arXiv:1711.00937",
        build=_vqvae,
        options=VqvaeOptions,
        experimental=True,
    ),
    Method(
        name="sicleer_joint",
        title="SI-CLEER, joint training",
        stage="finetune",
        summary="Contrast in time and cross-entropy at once; windows without a label take part in the contrast.",
        when="Labels are there and the encoder is 'tcn'.",
        signals=("features", "raw"),
        looks_at=("label", "trial"),
        encoders=("tcn",),
        loss="contrast + lambda * cross-entropy",
        trivial="all steps alike, and the shares of the classes",
        batches="one window of a trial at most; two overlapping pieces, half of the steps hidden",
        source="arXiv:2405.07260",
        build=_sicleer_joint,
        options=SicleerJointOptions,
    ),
)
