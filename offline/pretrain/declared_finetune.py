"""Declarations: supervised training of encoder and head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offline.pretrain.method import Builder, Method, Setting

if TYPE_CHECKING:
    from offline.training.task import MethodTask


def _ce() -> Builder:
    from offline.finetune.classify import Classify
    from offline.training.networks import build_classifier

    def build(setting: Setting) -> MethodTask:
        if setting.labelled is None:
            raise ValueError("Finetuning needs labelled windows.")
        network = build_classifier(setting.config, setting.encoder, setting.n_classes, setting.seed)
        return Classify(network, setting.config.finetune, setting.labelled, setting.validation)

    return build


DECLARED: tuple[Method, ...] = (
    Method(
        name="ce",
        title="cross-entropy",
        stage="finetune",
        summary="Trains encoder and head, or the head alone, to name the class of each window.",
        when="The default.",
        signals=("features", "raw"),
        looks_at=("label",),
        encoders=("sclcm", "tcn", "patches"),
        loss="cross-entropy with label smoothing and class weights",
        trivial="the shares of the classes, whatever the window",
        batches="shuffled windows",
        source="every textbook",
        build=_ce,
    ),
)
