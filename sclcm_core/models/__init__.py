"""Networks; the only room of the core that knows torch."""

from sclcm_core.models.classifier import Ensemble, SclcmClassifier
from sclcm_core.models.encoder import Layout, Pooling, SclcmEncoder, flat_positions
from sclcm_core.models.fold import fold_batchnorm, pool_before_relu
from sclcm_core.models.head import ClassifierHead
from sclcm_core.models.order import serpentine
from sclcm_core.models.projector import Projector

__all__ = [
    "ClassifierHead",
    "Ensemble",
    "Layout",
    "Pooling",
    "Projector",
    "SclcmClassifier",
    "SclcmEncoder",
    "flat_positions",
    "fold_batchnorm",
    "pool_before_relu",
    "serpentine",
]
