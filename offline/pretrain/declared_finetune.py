"""Declarations: supervised training of encoder and head."""

from __future__ import annotations

from offline.pretrain.method import Method

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
    ),
)
