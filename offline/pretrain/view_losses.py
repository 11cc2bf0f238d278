"""The losses on projections of views, as the contrastive task calls them."""

from __future__ import annotations

from torch import Tensor

from offline.config import PretrainConfig
from offline.pretrain.basic import basic_loss
from offline.pretrain.clocs import clocs_loss
from offline.pretrain.contrast_options import ClocsOptions
from offline.pretrain.hardsoft import PairWeights, hardsoft_loss
from offline.pretrain.pairs import Ids, PairClasses


def sclcm(projections: Tensor, ids: Ids, classes: PairClasses, config: PretrainConfig) -> Tensor:
    """Return the HardSoft loss, shape () and without unit, of projections of shape (n_views * n, n_projection)."""
    return hardsoft_loss(projections, classes, PairWeights(*config.weights), theta=config.theta, normaliser=config.count)


def basic(projections: Tensor, ids: Ids, classes: PairClasses, config: PretrainConfig) -> Tensor:
    """Return the loss with two classes of pairs, shape () and without unit, of projections of shape (n_views * n, n_projection)."""
    return basic_loss(projections, classes, theta=config.theta, normaliser=config.count)


def clocs(projections: Tensor, ids: Ids, classes: PairClasses, config: PretrainConfig) -> Tensor:
    """Return the patient-specific loss, shape () and without unit, of projections of shape (n_views * n, n_projection)."""
    options = ClocsOptions.model_validate(config.options)
    views = projections.reshape(config.n_views, -1, projections.shape[1])
    kin = ids.subject if options.kin == "subject" else ids.recording
    return clocs_loss(views, kin[: views.shape[1]], tau=options.tau)
