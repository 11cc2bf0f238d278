"""The pretraining methods by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sclcm_core.errors import ConfigError, nearest

if TYPE_CHECKING:
    from torch import Tensor

    from offline.config import PretrainConfig
    from offline.pretrain.contrast import ViewLoss
    from offline.pretrain.pairs import Ids, PairClasses


@dataclass(frozen=True, slots=True)
class Method:
    """A pretraining method.

    Parameters
    ----------
    name : str
        Name in run configs.
    title : str
        Name in the literature.
    summary : str
        What it does, in a sentence.
    needs : str
        Which ids it looks at, besides the signal.
    source : str
        Where it comes from.
    view_loss : callable
        Returns its loss; torch is imported only then.
    """

    name: str
    title: str
    summary: str
    needs: str
    source: str
    view_loss: Callable[[], ViewLoss]


def _sclcm() -> ViewLoss:
    from offline.pretrain.hardsoft import PairWeights, hardsoft_loss

    def loss(projections: Tensor, ids: Ids, classes: PairClasses, config: PretrainConfig) -> Tensor:
        weights = PairWeights(*config.weights)
        return hardsoft_loss(projections, classes, weights, theta=config.theta, normaliser=config.count)

    return loss


def _basic() -> ViewLoss:
    from offline.pretrain.basic import basic_loss

    def loss(projections: Tensor, ids: Ids, classes: PairClasses, config: PretrainConfig) -> Tensor:
        return basic_loss(projections, classes, theta=config.theta, normaliser=config.count)

    return loss


def _clocs() -> ViewLoss:
    from offline.pretrain.clocs import clocs_loss

    def loss(projections: Tensor, ids: Ids, classes: PairClasses, config: PretrainConfig) -> Tensor:
        views = projections.reshape(config.n_views, -1, projections.shape[1])
        return clocs_loss(views, ids.subject[: views.shape[1]], tau=config.theta)

    return loss


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "sclcm",
            "SCLCM, HardSoft loss",
            "Pulls windows of one trial together, pushes others apart: hard when person and stimulus differ, soft when one is shared.",
            "subject, trial, stimulus",
            "github.com/sofi12321/SCLCM",
            _sclcm,
        ),
        Method(
            "basic",
            "SCLCM, basic loss",
            "Pulls windows of one trial together and pushes all others apart alike.",
            "subject, trial",
            "github.com/sofi12321/SCLCM",
            _basic,
        ),
        Method(
            "clocs",
            "CLOCS, patient-specific contrast",
            "Pulls views of a window, and windows of one person, together; risks learning who it is. Use theta = 0.1.",
            "subject",
            "Kiyasseh et al. 2021, arXiv:2005.13249",
            _clocs,
        ),
    )
}
"""All methods by name."""


def find_method(name: str) -> Method:
    """Look a method up; raise `ConfigError` with the nearest name when it is not known."""
    if name not in METHODS:
        raise ConfigError(f"There is no pretraining method '{name}'.", nearest(name, METHODS))
    return METHODS[name]
