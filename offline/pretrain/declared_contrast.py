"""Declarations: contrast of windows by who, what and when."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from offline.pretrain.method import Builder, Method, Setting

if TYPE_CHECKING:
    from offline.pretrain.contrast import ViewLoss
    from offline.training.task import MethodTask

_BATCHES = "several windows from each of several groups; each window beside augmented views of itself"
_TRIVIAL = "orthogonal embeddings"


def _contrast(view_loss: ViewLoss, setting: Setting) -> MethodTask:
    from offline.pretrain.contrast import Contrast
    from offline.training.inputs import joined

    config = setting.config
    if config.pretrain is None:
        raise ValueError("The config has no section [pretrain].")
    validation = joined(list(setting.validation)) if setting.validation else None
    return Contrast(
        setting.encoder, config.pretrain, view_loss, setting.train, validation, span_s=config.features.span_s, seed=setting.seed
    )


def _sclcm() -> Builder:
    from offline.pretrain.view_losses import sclcm

    return partial(_contrast, sclcm)


def _basic() -> Builder:
    from offline.pretrain.view_losses import basic

    return partial(_contrast, basic)


def _clocs() -> Builder:
    from offline.pretrain.view_losses import clocs

    return partial(_contrast, clocs)


DECLARED: tuple[Method, ...] = (
    Method(
        name="sclcm",
        title="SCLCM, HardSoft loss",
        stage="pretrain",
        summary="Pulls windows of one trial together, pushes others apart: hard when person and stimulus differ, soft when one is shared.",
        when="The default for band features: several people, known trials, the smallest int8 model.",
        signals=("features", "raw"),
        looks_at=("subject", "trial", "stimulus", "time"),
        encoders=("sclcm", "tcn", "patches"),
        loss="sum over classes of pairs of weight * mean softplus(±cos / theta)",
        trivial=_TRIVIAL,
        batches=_BATCHES,
        source="github.com/sofi12321/SCLCM",
        build=_sclcm,
    ),
    Method(
        name="basic",
        title="SCLCM, basic loss",
        stage="pretrain",
        summary="Pulls windows of one trial together and pushes all others apart alike.",
        when="To see what the soft negatives of 'sclcm' are worth.",
        signals=("features", "raw"),
        looks_at=("subject", "trial", "time"),
        encoders=("sclcm", "tcn", "patches"),
        loss="weighted mean softplus(±cos / theta) over positives and negatives",
        trivial=_TRIVIAL,
        batches=_BATCHES,
        source="github.com/sofi12321/SCLCM",
        build=_basic,
    ),
    Method(
        name="clocs",
        title="CLOCS, patient-specific contrast",
        stage="pretrain",
        summary="Pulls views of a window, and windows of one person, together; risks learning who it is. Use theta = 0.1.",
        when="Only the person behind each window is known.",
        signals=("features", "raw"),
        looks_at=("subject", "time"),
        encoders=("sclcm", "tcn", "patches"),
        loss="cross-entropy of cosines / theta between two views, over windows of one person",
        trivial=_TRIVIAL,
        batches=_BATCHES,
        source="Kiyasseh et al. 2021, arXiv:2005.13249",
        build=_clocs,
    ),
)
