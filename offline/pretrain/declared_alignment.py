"""Declarations: finetuning by triplets, by text, and by the network's own answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offline.finetune.options import EegclipOptions, SelftrainOptions, TripletOptions
from offline.pretrain.method import Builder, Method, Setting

if TYPE_CHECKING:
    from offline.training.inputs import Inputs
    from offline.training.task import MethodTask


def _triplet() -> Builder:
    from offline.finetune.triplet import Triplet
    from offline.training.networks import build_classifier

    def build(setting: Setting) -> MethodTask:
        network = build_classifier(setting.config, setting.encoder, setting.n_classes, setting.seed)
        config = setting.config.finetune
        options = TripletOptions.model_validate(config.options)
        return Triplet(network, config, options, _labelled(setting), setting.validation)

    return build


def _eegclip() -> Builder:
    from offline.finetune.caption_source import build_eegclip

    return build_eegclip


def _selftrain() -> Builder:
    from offline.finetune.selftrain import self_training
    from offline.training.networks import build_classifier

    def build(setting: Setting) -> MethodTask:
        network = build_classifier(setting.config, setting.encoder, setting.n_classes, setting.seed)
        return self_training(network, setting, SelftrainOptions.model_validate(setting.config.finetune.options))

    return build


def _labelled(setting: Setting) -> Inputs:
    if setting.labelled is None:
        raise ValueError("Finetuning needs labelled windows.")
    return setting.labelled


DECLARED: tuple[Method, ...] = (
    Method(
        name="triplet",
        title="triplets, semi-hard",
        stage="finetune",
        summary="Places windows in a small space: near those of their class in other trials and people, far from other classes.",
        when="Few labelled trials of a new person, or classes that are added later: the nearest anchor answers.",
        signals=("features", "raw"),
        looks_at=("label", "subject", "trial"),
        encoders=("sclcm", "tcn", "patches"),
        loss="mean over triplets that cost something of max(0, d+ - d- + margin), d = 2 - 2 cos",
        trivial="all windows at one place: every triplet costs the margin",
        batches="as many windows of each class, of people and trials in turn",
        source="Schroff et al. 2015, arXiv:1503.03832; SMILES ssl-biosignals, whose code compares anchors with anchors",
        build=_triplet,
        options=TripletOptions,
    ),
    Method(
        name="eegclip",
        title="EEG-CLIP, captions with several positives",
        stage="finetune",
        summary="Aligns windows with sentences about them; a class is told by prompts, and any word can be matched live.",
        when="Ratings or notes exist, or users shall type words. Told by prompts of words that stood in captions, it is a classifier.",
        signals=("features", "raw"),
        looks_at=("label", "trial", "text"),
        encoders=("sclcm", "tcn", "patches"),
        loss="half of cross-entropy of cosines / tau over windows and over captions, captions of one meaning sharing the target",
        trivial="all windows at one place: ln of the batch size",
        batches="at most two windows of a trial, meanings in turn, one wording drawn for each",
        source="Camaret et al. 2025, arXiv:2503.16531; Radford et al. 2021, arXiv:2103.00020",
        build=_eegclip,
        options=EegclipOptions,
    ),
    Method(
        name="selftrain",
        title="self-training, trial votes",
        stage="finetune",
        summary="Trains, labels the trials it is sure of, and trains again with them; plain cross-entropy where every label is known.",
        when="Many trials without labels (finetune.label_share below 1).",
        signals=("features", "raw"),
        looks_at=("label", "trial"),
        encoders=("sclcm", "tcn", "patches"),
        loss="cross-entropy, pseudo-labelled windows weighing half",
        trivial="the shares of the classes, whatever the window",
        batches="shuffled windows",
        source="MER2024-SEMI, arXiv:2409.04447",
        build=_selftrain,
        options=SelftrainOptions,
    ),
)
