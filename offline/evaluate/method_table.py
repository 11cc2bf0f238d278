"""The table of all methods: accuracy at each share of labels, beside the twin without pretraining, and what it costs."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from offline.datasets.dataset import DatasetCard
from offline.evaluate.compare_cell import FINETUNED, PROBE, Cell, tested_name
from offline.evaluate.compare_latency import BUDGET_MS, LiveCost
from offline.evaluate.compare_methods import Outcome
from offline.evaluate.intervals import Figure, bootstrap_mean, paired_test
from offline.evaluate.report import page, table, warning
from offline.evaluate.scores import balanced_accuracy
from offline.seeds import Seed

ACCURACY_TABLE = (
    "Method",
    "Network",
    "Labels",
    "Frozen probe [95 %]",
    "less untrained",
    "Trained [95 %]",
    "less twin",
    "less its start",
)
COST_TABLE = (
    "Method",
    "Loss",
    "Learning nothing",
    "Share told",
    "Effective rank",
    "Parameters",
    "CPU s pretraining",
    "CPU s finetuning",
    "Live p50 / p99 ms",
)

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tested:
    """How an arm did in one way, with one share of labels.

    Parameters
    ----------
    accuracy : Figure
        Balanced accuracy, mean over people, in 0..1.
    people : dict of str to float
        Person by person.
    difference : Figure or None
        Mean over people of this less the same of the twin; None where there is no twin.
    p : float or None
        Two-sided sign-flip test of it.
    over_start : Figure or None
        Mean over people of this less plain cross-entropy from the same pretrained encoder; None where it starts from a new one.
    """

    accuracy: Figure
    people: dict[str, float]
    difference: Figure | None = None
    p: float | None = None
    over_start: Figure | None = None


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """Everything that an arm came to.

    Parameters
    ----------
    name, network, stage, twin, start : str
        Which; what it trains; 'pretrain', 'finetune' or empty; its twin; the pretraining that it starts from.
    probe, trained : dict of float to Tested
        By share of labels: the frozen encoder under a linear probe, and the network trained further.
    loss, trivial_loss : float or None
        Of the method's own stage, mean over the seeds and folds that were trained, without unit; None where all kept their probe.
    embedding : dict of str to float
        Mean over seeds and folds.
    n_parameters : int
        Of encoder and head.
    pretrain_cpu_s, finetune_cpu_s : float
        Processor time in s, mean over seeds and folds; finetuning with most labels.
    live : LiveCost or None
        None where it is not shipped.
    refusal : str
        Why it has no figures, or is not shipped; empty otherwise.
    """

    name: str
    network: str
    stage: str
    twin: str
    start: str = ""
    probe: dict[float, Tested] = field(default_factory=dict)
    trained: dict[float, Tested] = field(default_factory=dict)
    loss: float | None = None
    trivial_loss: float | None = None
    embedding: dict[str, float] = field(default_factory=dict)
    n_parameters: int = 0
    pretrain_cpu_s: float = 0.0
    finetune_cpu_s: float = 0.0
    live: LiveCost | None = None
    refusal: str = ""

    @property
    def told(self) -> float | None:
        """Share of the trivial solution's loss that it does without; negative where it is worse than learning nothing."""
        if self.loss is None or not self.trivial_loss:
            return None
        return 1 - self.loss / self.trivial_loss

    def as_dict(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        out = dataclasses.asdict(self)
        for what in ("probe", "trained"):
            out[what] = {f"{share:g}": tested for share, tested in out[what].items()}
        return out | {"told": self.told}


def arm_figures(
    outcomes: Sequence[Outcome], shares: Sequence[float], live: Mapping[str, LiveCost], seed: Seed
) -> list[ArmFigures]:
    """Put the cells of every arm together.

    Parameters
    ----------
    outcomes : sequence of Outcome
        What every arm came to; twins are found among them by name.
    shares : sequence of float
        Shares of labels.
    live : mapping of str to LiveCost
        By name of the arm.
    seed : Seed
        Determines the resampling.

    Returns
    -------
    list of ArmFigures
        In the order of the outcomes.
    """
    people = {
        outcome.arm.name: {
            tested_name(what, share): found
            for what in (PROBE, FINETUNED)
            for share in shares
            if (found := _people(outcome.cells, tested_name(what, share)))
        }
        for outcome in outcomes
    }
    return [_figures(outcome, shares, people, live.get(outcome.arm.name), seed) for outcome in outcomes]


def _people(cells: Sequence[Cell], name: str) -> dict[str, float]:
    tables: dict[str, Any] = {}
    for cell in cells:
        for person, found in cell.confusions.get(name, {}).items():
            tables[person] = tables.get(person, 0) + np.array(found)
    return {person: balanced_accuracy(found) for person, found in sorted(tables.items())}


Scores = dict[str, float]
People = Mapping[str, Mapping[str, Scores]]


def _figures(outcome: Outcome, shares: Sequence[float], people: People, live: LiveCost | None, seed: Seed) -> ArmFigures:
    arm, cells = outcome.arm, outcome.cells
    stage = arm.method.stage if arm.method else ""
    refusal = outcome.refusal or (arm.method.refusal if arm.method else "")
    if not cells:
        return ArmFigures(arm.name, arm.network, stage, arm.twin, arm.start, live=live, refusal=refusal)
    own = people[arm.name]
    twin, start = people.get(arm.twin, {}), people.get(arm.start, {})
    probe, trained = (
        {
            share: _tested(own[name], twin.get(name), start.get(name), seed)
            for share in shares
            if (name := tested_name(what, share)) in own
        }
        for what in (PROBE, FINETUNED)
    )
    most = f"{max(shares):g}"
    before = [cell.pretraining for cell in cells if cell.pretraining]
    after = [cell.finetuning[most] for cell in cells if most in cell.finetuning]
    judged = [
        each for each in (before if stage == "pretrain" else after if stage == "finetune" else []) if each.loss is not None
    ]
    return ArmFigures(
        arm.name,
        arm.network,
        stage,
        arm.twin,
        arm.start,
        probe,
        trained,
        loss=_mean([each.loss for each in judged if each.loss is not None]) if judged else None,
        trivial_loss=_mean([each.trivial_loss for each in judged]) if judged else None,
        embedding={key: _mean([cell.embedding[key] for cell in cells]) for key in cells[0].embedding},
        n_parameters=cells[0].n_parameters,
        pretrain_cpu_s=_mean([figures.cpu_s for figures in before]),
        finetune_cpu_s=_mean([figures.cpu_s for figures in after]),
        live=live,
        refusal=refusal,
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else 0.0


def _tested(own: Scores, twin: Scores | None, start: Scores | None, seed: Seed) -> Tested:
    accuracy = bootstrap_mean(np.array(list(own.values())), seed.of("bootstrap").rng())
    difference, p = _gap(own, twin, seed) if twin else (None, None)
    return Tested(accuracy, own, difference, p, _gap(own, start, seed)[0] if start else None)


def _gap(own: Scores, other: Scores, seed: Seed) -> tuple[Figure, float]:
    shared = [person for person in own if person in other]
    mine, theirs = (np.array([scores[person] for person in shared]) for scores in (own, other))
    return paired_test(mine, theirs, seed.of("paired").rng())


def accuracy_rows(figures: Sequence[ArmFigures], shares: Sequence[float]) -> list[Row]:
    """Return a row for each arm and share of labels, for `ACCURACY_TABLE`; an arm that refused has one, with its reason."""
    rows: list[Row] = []
    for arm in figures:
        if not arm.trained:
            rows.append((_title(arm), arm.network, "", arm.refusal, "", "", "", ""))
        for share in (share for share in shares if share in arm.trained):
            trained = arm.trained[share]
            cells = *_tested_cells(arm.probe.get(share)), *_tested_cells(trained), _gap_text(trained.over_start)
            rows.append((_title(arm), arm.network, f"{100 * share:g} %", *cells))
    return rows


def _title(arm: ArmFigures) -> str:
    return f"{arm.name}, after {arm.start}" if arm.start else arm.name


def _tested_cells(tested: Tested | None) -> tuple[str, str]:
    return (str(tested.accuracy), _gap_text(tested.difference)) if tested else ("", "")


def _gap_text(gap: Figure | None) -> str:
    return f"{gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]" if gap else ""


def cost_rows(figures: Sequence[ArmFigures]) -> list[Row]:
    """Return a row for each arm that was trained, for `COST_TABLE`."""
    return [
        (
            _title(arm),
            _number(arm.loss),
            _number(arm.trivial_loss),
            "" if arm.told is None else f"{arm.told:+.0%}",
            f"{arm.embedding['effective_rank']:.1f}" + (" collapsed" if arm.embedding["collapsed"] > 0 else ""),
            f"{arm.n_parameters:,}",
            f"{arm.pretrain_cpu_s:.1f}" if arm.pretrain_cpu_s else "",
            f"{arm.finetune_cpu_s:.1f}",
            _live_text(arm),
        )
        for arm in figures
        if arm.embedding
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _live_text(arm: ArmFigures) -> str:
    if arm.live is None:
        return arm.refusal
    over = "" if arm.live.is_within_budget else f" (over {BUDGET_MS:g}: distil it)"
    return f"{arm.live.p50_ms:.2f} / {arm.live.p99_ms:.2f}{over}"


def notes(card: DatasetCard, protocol: str, n_people: int, n_draws: int, chance: float, *, start: str) -> list[str]:
    """Return what must be read with the tables.

    Parameters
    ----------
    card : DatasetCard
        What must be said of the data.
    protocol : str
        What was held out, in words.
    n_people : int
        People tested.
    n_draws : int
        Draws of the labelled trials.
    chance : float
        One over the number of classes.
    start : {'new', 'probe'}
        How finetuning starts.
    """
    began = (
        " Finetuning starts as the linear probe, in every arm whose method brings no head along, and keeps it where training makes nothing"
        " better on the validation people."
    )
    simulated = ", simulated" if card.simulated and "simulated" not in card.title.lower() else ""
    return [
        f"{card.title}{simulated}. {protocol} {n_people} people tested; chance is {chance:.3f}. Where a fold holds out stimuli, the"
        " class that is the most frequent in training is rarer in its test: 'majority' then stands below chance.",
        "Balanced accuracy, mean over people; intervals over people, on the stimuli that were shown. Every arm has the same windows, folds,"
        f" seeds and labelled trials ({n_draws} draws where not all are labelled), and at most the epochs that its config gives; an epoch"
        f" draws as many windows as training has, however few are labelled.{began if start == 'probe' else ''}",
        "'less untrained' and 'less twin': the same network without pretraining, trained by plain cross-entropy; person by person."
        " 'less its start', for a method of finetuning that is meant to follow a pretraining: plain cross-entropy from the same pretrained"
        " encoder, which is what the finetuning itself adds. Intervals are not corrected for the number of comparisons.",
        "Loss beside what learning nothing costs: of validation people in pretraining, of training people in finetuning; folds that kept"
        " their probe have none. 'Share told' is how much of that cost the method does without. Effective rank: dimensions that the"
        " embedding uses. Processor time of one core, one fold; live: float32 ONNX, one window, one thread, without its features.",
    ]


def comparison_html(
    title: str, card: DatasetCard, texts: Sequence[str], figures: Sequence[ArmFigures], shares: Sequence[float]
) -> str:
    """Write the tables as a self-contained page.

    Parameters
    ----------
    title : str
        Of the page.
    card : DatasetCard
        What must be said of the data.
    texts : sequence of str
        What must be read with the tables.
    figures : sequence of ArmFigures
        The arms.
    shares : sequence of float
        Shares of labels.
    """
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        warning(card),
        *(f"<p>{html.escape(text)}</p>" for text in texts),
        "<h2>Accuracy</h2>" + table(ACCURACY_TABLE, accuracy_rows(figures, shares)),
        "<h2>Loss and cost</h2>" + table(COST_TABLE, cost_rows(figures)),
    ]
    return page(title, parts)


__all__ = [
    "ACCURACY_TABLE",
    "COST_TABLE",
    "ArmFigures",
    "accuracy_rows",
    "arm_figures",
    "comparison_html",
    "cost_rows",
    "notes",
]
