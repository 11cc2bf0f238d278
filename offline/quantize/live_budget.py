"""The live budget: a network that takes too long for a window is not shipped."""

from __future__ import annotations

from pathlib import Path

from offline.config import RunConfig
from offline.evaluate.compare_latency import BUDGET_MS, LiveCost, live_cost
from sclcm_core.errors import SclcmError
from sclcm_core.inference.onnx_runtime import OnnxPredictor


class LiveBudgetError(SclcmError):
    """A network that is too slow for the live program."""


def require_live(path: Path, config: RunConfig, budget_ms: float = BUDGET_MS) -> LiveCost:
    """Time single windows and refuse a network that takes longer than the live program may.

    Parameters
    ----------
    path : Path
        The ``.onnx`` file that is to be shipped.
    config : RunConfig
        What made it.
    budget_ms : float
        Processor time in ms that a window may take at the 99th percentile, on one thread.

    Returns
    -------
    LiveCost
        What a window takes.

    Raises
    ------
    LiveBudgetError
        When it takes longer; says how to get a network that does not.
    """
    cost = live_cost(OnnxPredictor(path), config.features.input_shape)
    if cost.p99_ms > budget_ms:
        raise LiveBudgetError(
            f"The network of '{config.name}' takes {cost.p99_ms:.1f} ms of one thread for a window (99 %); the live program may take "
            f"{budget_ms:g}.",
            " ".join((*_ways_out(config), "The network is kept in the run folder.")),
        )
    return cost


def _ways_out(config: RunConfig) -> list[str]:
    encoder = config.encoder
    ways = [
        "Let it teach a small network: a config of fewer features with finetune.method = 'distil' and this one as its teacher."
    ]
    if encoder.kind == "patches":
        ways.append(
            f"Or make it smaller: fewer blocks (encoder.patches.depth = {max(1, encoder.patches.depth // 2)}), shorter tokens "
            f"(encoder.n_embedding = {encoder.n_embedding // 2}), fewer channels."
        )
        if not encoder.patches.prune:
            ways.append(
                "Or train it to drop tokens (encoder.patches.prune, 0.3 to 0.6 at each of two blocks), which costs accuracy: "
                "'sclcm-offline ablate' says how much."
            )
    else:
        ways.append("Or make it smaller: fewer planes or blocks, fewer channels, fewer members (finetune.n_members).")
    return ways
