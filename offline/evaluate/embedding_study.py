"""What a pretrained embedding holds, before any finetuning: neighbours, a linear probe, and clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from offline.config import RunConfig
from offline.datasets.splits import make_folds
from offline.datasets.window_set import WindowSet
from offline.evaluate.clustering import CLUSTER_TABLE, Clustering, cluster_figures
from offline.evaluate.probes import fit_linear_probe, fit_neighbours
from offline.evaluate.scores import balanced_accuracy, confusion
from offline.evaluate.sealed import Answer
from offline.finetune.classify import network_outputs
from offline.pretrain.fit import pretrain
from offline.seeds import Seed
from offline.training.inputs import Inputs, normalised, population_normaliser
from offline.training.networks import build_encoder
from sclcm_core.errors import ConfigError
from sclcm_core.models import Encoder

PROBE_TABLE = ("Encoder", "Linear probe", "Nearest neighbours", "Chance")


@dataclass(frozen=True, slots=True)
class EmbeddingFigures:
    """What an embedding holds of people whom its training never saw.

    Parameters
    ----------
    name : str
        Which encoder.
    linear, neighbours : float
        Balanced accuracy of probes that were fitted on the training people, in 0..1.
    chance : float
        One over the number of classes.
    clusters : dict of str to Clustering
        How well classes, people and clips part.
    """

    name: str
    linear: float
    neighbours: float
    chance: float
    clusters: dict[str, Clustering]

    def probe_cells(self) -> tuple[str, ...]:
        """Return a row for `PROBE_TABLE`."""
        return self.name, f"{self.linear:.3f}", f"{self.neighbours:.3f}", f"{self.chance:.3f}"

    def cluster_cells(self) -> list[tuple[str, ...]]:
        """Return rows for `CLUSTER_TABLE`."""
        return [found.cells(f"{self.name}: {of}") for of, found in self.clusters.items()]


def study_embedding(config: RunConfig, windows: WindowSet) -> list[EmbeddingFigures]:
    """Measure an encoder on validation people as it was born, and as pretraining left it.

    Parameters
    ----------
    config : RunConfig
        One that pretrains.
    windows : WindowSet
        All windows.

    Returns
    -------
    list of EmbeddingFigures
        Untrained, then pretrained; of the first fold, whose test people are not looked at. The validation people also chose the
        penalty of the linear probe and when pretraining stopped: the figures are for choosing among methods, not for reporting.
    """
    if config.pretrain is None:
        raise ConfigError(f"The config '{config.name}' does not pretrain.", "Add a section [pretrain].")
    fold = make_folds(config.evaluate.split, windows, seed=config.seed, options=config.evaluate.options)[0]
    population = population_normaliser(windows, fold.train)
    train, judges = (normalised(windows, part, config.lines[0], population) for part in (fold.train, fold.validation))
    seed = Seed(config.seed).of("fold", fold.name, "member", 0)
    born = _figures("untrained", build_encoder(config, seed).eval(), train, judges, windows)
    encoder, _ = pretrain(config, train, judges, seed)
    return [born, _figures(config.pretrain.method, encoder.eval(), train, judges, windows)]


def _figures(name: str, encoder: Encoder, train: Inputs, judges: Inputs, windows: WindowSet) -> EmbeddingFigures:
    n_classes = windows.n_classes

    def score(answer: Answer) -> float:
        return balanced_accuracy(confusion(judges.label, answer(judges).argmax(axis=1), n_classes))

    linear = score(fit_linear_probe(encoder, train, judges, n_classes))
    neighbours = score(fit_neighbours(encoder, train, n_classes))
    embeddings = network_outputs(encoder, judges.features)
    groups = {"classes": judges.label, "people": judges.subject, "clips": judges.stimulus}
    clusters = {of: cluster_figures(embeddings, group) for of, group in groups.items() if len(np.unique(group)) > 1}
    return EmbeddingFigures(name, linear, neighbours, 1 / n_classes, clusters)


def embedding_rows(found: Sequence[EmbeddingFigures]) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return rows for `PROBE_TABLE` and for `CLUSTER_TABLE`."""
    return [figures.probe_cells() for figures in found], [row for figures in found for row in figures.cluster_cells()]


def embedding_notes(config: RunConfig, windows: WindowSet) -> list[str]:
    """Return what must be read with the tables.

    Parameters
    ----------
    config : RunConfig
        What was studied.
    windows : WindowSet
        All windows.
    """
    fold = make_folds(config.evaluate.split, windows, seed=config.seed, options=config.evaluate.options)[0]
    card, judges = windows.dataset, len(np.unique(windows.subject[fold.validation]))
    return [
        f"{card.title}{': figures of simulated data say nothing about people' if card.simulated else ''}. {judges} validation people of "
        "the first fold, who also chose when to stop: for choosing among methods, not for reporting. One fold, one seed.",
        "Balanced accuracy of probes fitted on the training people. Classes should part: silhouette, Calinski-Harabasz, NMI and ARI large, "
        "Davies-Bouldin small. People should not. Clips part as far as their classes do; further, and clips are recognised.",
    ]


__all__ = ["CLUSTER_TABLE", "PROBE_TABLE", "EmbeddingFigures", "embedding_notes", "embedding_rows", "study_embedding"]
