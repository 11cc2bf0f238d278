"""Networks; the only room of the core that knows torch."""

from sclcm_core.models.classifier import Ensemble, SclcmClassifier
from sclcm_core.models.contract import Encoder, Head
from sclcm_core.models.dilated_tcn import DilatedTcn
from sclcm_core.models.encoder import Layout, Pooling, SclcmEncoder, flat_positions
from sclcm_core.models.fold import fold_batchnorm, pool_before_relu
from sclcm_core.models.head import ClassifierHead
from sclcm_core.models.order import serpentine
from sclcm_core.models.patch_transformer import PatchTransformer
from sclcm_core.models.projector import Projector
from sclcm_core.models.step_head import StepClassifier, StepHead

__all__ = [
    "ClassifierHead",
    "DilatedTcn",
    "Encoder",
    "Ensemble",
    "Head",
    "Layout",
    "PatchTransformer",
    "Pooling",
    "Projector",
    "SclcmClassifier",
    "SclcmEncoder",
    "StepClassifier",
    "StepHead",
    "flat_positions",
    "fold_batchnorm",
    "pool_before_relu",
    "serpentine",
]
