"""How each method's task is made. With this file comes torch: it is imported when a method is built, not when a config is read."""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from offline.finetune.caption_source import build_eegclip
from offline.finetune.classify import Classify
from offline.finetune.distil import build_distil
from offline.finetune.linear_probe import new_classifier
from offline.finetune.options import SelftrainOptions, TripletOptions
from offline.finetune.privileged import Privileged
from offline.finetune.selftrain import SelfTrain, self_training
from offline.finetune.triplet import Triplet
from offline.pretrain.contrast import Contrast, ViewLoss
from offline.pretrain.contrast_options import ClocsOptions
from offline.pretrain.jepa import HybridJepa, Jepa
from offline.pretrain.method import Builder, MethodOptions, Setting
from offline.pretrain.mrccl import MrCcl
from offline.pretrain.mrccl_options import MrcclFinetuneOptions, MrcclPretrainOptions
from offline.pretrain.sicleer import Sicleer, SicleerJoint
from offline.pretrain.stmem import Stmem
from offline.pretrain.view_losses import basic, clocs, sclcm
from offline.pretrain.vqvae import Vqvae
from offline.pretrain.window_task import pretrain_config
from offline.training.inputs import joined

Options = TypeVar("Options", bound=MethodOptions)


def _contrast(setting: Setting, view_loss: ViewLoss, *, adjacent: bool = False) -> Contrast:
    validation = joined(list(setting.validation)) if setting.validation else None
    span_s = setting.config.features.span_s
    encoder, config = setting.encoder, pretrain_config(setting)
    sides = setting.train, validation
    return Contrast(encoder, config, view_loss, *sides, span_s=span_s, seed=setting.seed, adjacent=adjacent)


def _clocs(setting: Setting) -> Contrast:
    options = ClocsOptions.model_validate(pretrain_config(setting).options)
    return _contrast(setting, clocs, adjacent=options.views == "adjacent")


def _mrccl(setting: Setting) -> MrCcl:
    return MrCcl(setting, MrcclPretrainOptions.model_validate(pretrain_config(setting).options))


def _mrccl_joint(setting: Setting) -> Privileged:
    return Privileged(setting, _options(setting, MrcclFinetuneOptions))


def _ce(setting: Setting) -> Classify:
    return Classify(new_classifier(setting), setting.config.finetune, setting.known, setting.validation)


def _triplet(setting: Setting) -> Triplet:
    options = _options(setting, TripletOptions)
    return Triplet(new_classifier(setting), setting.config.finetune, options, setting.known, setting.validation)


def _selftrain(setting: Setting) -> SelfTrain:
    return self_training(new_classifier(setting), setting, _options(setting, SelftrainOptions))


def _options(setting: Setting, kind: type[Options]) -> Options:
    return kind.model_validate(setting.config.finetune.options)


BUILDERS: dict[str, Builder] = {
    "sclcm": partial(_contrast, view_loss=sclcm),
    "basic": partial(_contrast, view_loss=basic),
    "clocs": _clocs,
    "sicleer": Sicleer,
    "stmem": Stmem,
    "jepa": Jepa,
    "jepa_hybrid": HybridJepa,
    "vqvae": Vqvae,
    "mrccl": _mrccl,
    "sicleer_joint": SicleerJoint,
    "mrccl_joint": _mrccl_joint,
    "triplet": _triplet,
    "eegclip": build_eegclip,
    "selftrain": _selftrain,
    "distil": build_distil,
    "ce": _ce,
}
"""By the method's name; each takes what every method is given."""
