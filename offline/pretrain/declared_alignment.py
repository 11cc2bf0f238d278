"""Declarations: contrast between modalities; finetuning by triplets, by text, and by the network's own answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offline.finetune.options import DistilOptions, EegclipOptions, SelftrainOptions, TripletOptions
from offline.pretrain.method import Builder, Method, Setting
from offline.pretrain.mrccl_options import MrcclFinetuneOptions, MrcclPretrainOptions

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


def _distil() -> Builder:
    from offline.finetune.distil import build_distil

    return build_distil


def _mrccl() -> Builder:
    from offline.pretrain.mrccl import MrCcl

    def build(setting: Setting) -> MethodTask:
        given = setting.config.pretrain.options if setting.config.pretrain else {}
        return MrCcl(setting, MrcclPretrainOptions.model_validate(given))

    return build


def _mrccl_joint() -> Builder:
    from offline.finetune.privileged import Privileged

    def build(setting: Setting) -> MethodTask:
        return Privileged(setting, MrcclFinetuneOptions.model_validate(setting.config.finetune.options))

    return build


def _labelled(setting: Setting) -> Inputs:
    if setting.labelled is None:
        raise ValueError("Finetuning needs labelled windows.")
    return setting.labelled


DECLARED: tuple[Method, ...] = (
    Method(
        name="mrccl",
        title="MR-CCL, contrast between modalities",
        stage="pretrain",
        summary="A window's EEG and what else was measured find each other among other trials; each finds its noisy twin.",
        when="DEAP-like peripheral channels exist for training (sclcm-offline peripherals); without them, a weaker second view of the EEG.",
        signals=("features",),
        looks_at=("trial", "second modality"),
        encoders=("sclcm", "tcn"),
        loss="NT-Xent between modalities + NT-Xent between clean and noisy",
        trivial="all windows at one place: ln(2n - 1) for each of the two",
        batches="one window of a trial",
        source="MER2024-SEMI, arXiv:2409.04447, whose code takes each vector for its own positive",
        build=_mrccl,
        options=MrcclPretrainOptions,
    ),
    Method(
        name="mrccl_joint",
        title="MR-CCL, second modality in training only",
        stage="finetune",
        summary="Trains EEG, second modality and both together with modality dropout; the EEG's own classifier is kept.",
        when="After 'mrccl': what else was measured teaches, and the live program needs the EEG alone.",
        signals=("features",),
        looks_at=("label", "trial", "second modality"),
        encoders=("sclcm", "tcn"),
        loss="cross-entropy of both + half of each alone + 0.1 (contrast between modalities + clean against noisy)",
        trivial="the shares of the classes, whatever the window, and all windows at one place",
        batches="shuffled windows, trials of rare classes more often",
        source="MER2024-SEMI, arXiv:2409.04447",
        build=_mrccl_joint,
        options=MrcclFinetuneOptions,
    ),
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
    Method(
        name="distil",
        title="distillation",
        stage="finetune",
        summary="Trains a teacher of another config on the same people; the run's own network learns its softened answers, and the labels.",
        when="The teacher is good and too slow for the live program: the student is what is shipped.",
        signals=("features", "raw"),
        looks_at=("label", "trial", "time"),
        encoders=("sclcm", "tcn", "patches"),
        loss="half cross-entropy, half T² KL of softened answers, T = 2",
        trivial="the shares of the classes, whatever the window",
        batches="shuffled windows",
        source="Hinton et al. 2015, arXiv:1503.02531",
        build=_distil,
        options=DistilOptions,
    ),
)
