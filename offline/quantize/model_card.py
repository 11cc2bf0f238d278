"""The model card beside a bundle: what a user must know before trusting it."""

from __future__ import annotations

from collections.abc import Sequence

from offline.config import RunConfig
from offline.datasets.window_set import WindowSet
from offline.evaluate.compare_latency import BUDGET_MS, LiveCost
from offline.evaluate.report import (
    ABSTENTION_TABLE,
    METHODS_TABLE,
    UNTOUCHED_TABLE,
    abstention_cells,
    method_cells,
    refit_sentences,
    untouched_rows,
)
from offline.evaluate.summary import Summary
from offline.quantize.compare import Comparison, Rung
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.manifest import Manifest
from sclcm_core.inference.word_stats import WordStats


def model_card(
    config: RunConfig,
    manifest: Manifest,
    windows: WindowSet,
    summary: Summary,
    comparison: Comparison | None,
    *,
    cost: LiveCost,
) -> str:
    """Write the model card.

    Parameters
    ----------
    config : RunConfig
        What the run did.
    manifest : Manifest
        What the bundle says of itself.
    windows : WindowSet
        What the final network was trained on.
    summary : Summary
        The cross-validation of the recipe.
    comparison : Comparison or None
        Float against int8, where int8 is shipped.
    cost : LiveCost
        What a window takes live.

    Returns
    -------
    str
        Markdown.
    """
    parts = [
        f"# {manifest.title}",
        manifest.description,
        *(_simulated() if manifest.simulated else ()),
        *(config.bundle.caveats if config.bundle else ()),
        "## What it takes and gives",
        _inputs(manifest, cost),
        *words_part(manifest.words),
        "## Data",
        _data(manifest, windows),
        "## How well it does",
        _protocol(summary, manifest),
        _table(METHODS_TABLE, [method_cells(m) for m in summary.methods]),
        _untouched(config, summary),
        _comparisons(summary),
        "\n\n".join(refit_sentences(summary)),
        "## When to trust an answer",
        *_trust(manifest, summary),
        "## Float and int8",
        _int8(config, manifest, comparison),
        "## How it was made",
        f"`sclcm-offline run assets/configs/{manifest.config}` at commit `{manifest.commit or 'unknown'}`, {manifest.created}.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _simulated() -> tuple[str, ...]:
    return (
        "**Simulated.** Every signal that it was trained and tested on came from a simulator. It says nothing about people.",
    )


def _inputs(manifest: Manifest, cost: LiveCost) -> str:
    spec = manifest.features
    baseline = (
        "Works with the training people's statistics, and with a person's own minute of rest (`--baseline 60`), which it was "
        "trained for."
        if manifest.personal_baseline
        else "Works with the training people's statistics; it was not trained for a personal baseline."
    )
    lines = [
        f"- Channels: {', '.join(spec.ch_names)}; computed at {spec.sfreq:g} Hz",
        f"- Features: {_features(spec)}",
        f"- Window: {spec.n_frames} frames of {spec.window_s:g} s every {spec.hop_s:g} s, {spec.span_s:g} s in all",
        f"- Answers ({manifest.target}): {', '.join(manifest.class_names)}",
        f"- Weights: {manifest.quantization}; smoothing {manifest.smoothing_s:g} s",
        f"- A window takes {cost.p99_ms:.2f} ms of one thread (99 %), without its features; {BUDGET_MS:g} are allowed",
        f"- {baseline}",
    ]
    return "\n".join(lines)


def _features(spec: FeatureSpec) -> str:
    if spec.is_raw:
        passed = "-".join(f"{edge:g}" for edge in spec.passband or ())
        return f"the signal itself{f', {passed} Hz' if passed else ''}, in patches of {spec.window_s:g} s"
    bands = ", ".join(f"{band.name} {band.low:g}-{band.high:g}" for band in spec.bands)
    return f"{'differential entropy in nats' if spec.kind == 'de' else 'spectral density in dB'}; bands in Hz: {bands}"


def words_part(words: WordStats | None) -> tuple[str, ...]:
    """Return the part of a model card about words; nothing for a model that knows none.

    Parameters
    ----------
    words : WordStats or None
        Those of the manifest.
    """
    if words is None:
        return ()
    spoken, new = (", ".join(word for word in words.words if (word in words.in_captions) is known) for known in (True, False))
    lines = [
        f"- In training captions: {spoken}",
        f"- In none (marked ∗, matched through the sentence encoder alone): {new}",
        "- Others, typed live, need the sentence encoder (`make words`)",
    ]
    return (
        "## Words",
        f"Its answers are given by prompts, and {len(words.words)} words are stored (sentence encoder {words.encoder}, frozen). How well "
        "a window matches a word is how near its embedding lies to the word's: it ranks words, and measures no feeling.",
        "\n".join(lines),
    )


def _data(manifest: Manifest, windows: WindowSet) -> str:
    data = manifest.training_data
    usable = windows.label[windows.usable]
    counts = ", ".join(f"{name} {int((usable == k).sum())}" for k, name in enumerate(windows.class_names))
    left_out = f" Left out: subject {', '.join(data.left_out)}." if data.left_out else ""
    return (
        f"{data.name}, {data.n_subjects} people; windows: {counts}.{left_out} Licence: {data.licence}.\n\n"
        f"Attribution: {data.attribution}"
    )


def _protocol(summary: Summary, manifest: Manifest) -> str:
    return (
        f"{summary.protocol} The figures are those of the recipe on people it has not seen. The network in this file was then "
        f"trained by the same recipe on all {manifest.training_data.n_subjects} people, for as long as the folds found best. "
        f"Chance is {summary.chance:.3f}. Intervals: bootstrap over people, on the stimuli that were shown."
    )


def _untouched(config: RunConfig, summary: Summary) -> str:
    rows = untouched_rows(summary)
    if not rows:
        return ""
    design = ", ".join(config.evaluate.design_subjects)
    return f"Shape and training were chosen on people {design} alone. On the others by themselves:\n\n" + _table(
        UNTOUCHED_TABLE, rows
    )


def _comparisons(summary: Summary) -> str:
    lines = [
        f"- {c.first} less {c.second}, normalised by {c.line}: {c.difference}, p = {c.p:.3f} (sign flips over people)"
        for c in summary.comparisons
        if c.second != "majority"
    ]
    return "Differences in balanced accuracy, on the same people:\n\n" + "\n".join(lines) if lines else ""


def _trust(manifest: Manifest, summary: Summary) -> list[str]:
    with_baseline = f", with a personal baseline {manifest.personal.temperature:g}" if manifest.personal else ""
    parts = [f"Logits are divided by a temperature found on validation people: {manifest.temperature:g}{with_baseline}."]
    if manifest.typicality:
        parts.append(
            "Each answer carries how typical its window is: the share of windows of people not fitted on that are at least as far "
            "from the training windows' centre. 0.5 is usual; near 0 the window is like nothing in training, and the answer says little."
        )
    if summary.abstention:
        parts += [
            "Who wants to be wrong less often answers only from a confidence on. Classes count alike; thresholds are of single windows, "
            "without smoothing, found on validation people by an upper bound on the risk in which each person and class count once; the "
            "test people of each fold were judged by a threshold for which their own windows were left out:",
            _table(ABSTENTION_TABLE, abstention_cells(summary.abstention)),
        ]
    return parts


def _int8(config: RunConfig, manifest: Manifest, comparison: Comparison | None) -> str:
    if comparison is None or comparison.on_validation is None:
        return "The weights are float32."
    float_time, int8_time, folds = comparison.float_latency, comparison.int8_latency, comparison.on_validation
    lines = [
        f"- How: {how_rounded(manifest.quantization, folds.rung, config.quantize.aware_epochs)}",
        f"- On the folds' validation people, mean over the folds: same answers {folds.agreement:.1%}; balanced accuracy "
        f"{folds.int8_accuracy:.3f}, float32 {folds.float_accuracy:.3f}",
        f"- This file, on {comparison.n_windows} windows of {comparison.of_whom}: same answers {comparison.agreement:.1%}; balanced "
        f"accuracy {comparison.int8_accuracy:.3f}, float32 {comparison.float_accuracy:.3f}",
        f"- Size: {comparison.int8_bytes} bytes, {comparison.size_ratio:.1%} of float32",
        f"- One window on one thread: {int8_time.p50_us:.0f} µs (99 %: {int8_time.p99_us:.0f}); float32 "
        f"{float_time.p50_us:.0f} µs (99 %: {float_time.p99_us:.0f})",
    ]
    return "\n".join(lines)


def how_rounded(text: str, rung: Rung, epochs: int) -> str:
    """Return how weights came to eight bits; where they were finetuned for it, for how many epochs."""
    return f"{text} for {epochs} epochs" if rung == "aware" else text


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
