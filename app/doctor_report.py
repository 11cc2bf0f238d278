"""The report behind ``sclcm doctor``."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import numpy as np
from rich.console import Console
from rich.markup import escape

from app.acquisition.doctor import Finding, examine
from app.paths import find_bundle
from sclcm_core.inference.bundle import load_bundle
from sclcm_core.inference.manifest import Manifest

BUDGET_SHARE = 0.2
"""A model should take no more than this share of the time between two windows."""


def print_report(out: TextIO, manifests: Sequence[Manifest], *, as_json: bool) -> int:
    """Examine this machine and write what was found.

    Parameters
    ----------
    out : TextIO
        Where to.
    manifests : sequence of Manifest
        The models whose time is measured.
    as_json : bool
        One JSON object instead of words.

    Returns
    -------
    int
        0 when all is well, 1 otherwise.
    """
    report = examine()
    budgets = [model_budget(manifest) for manifest in manifests]
    budgets.append(media_finding())
    is_well = report.is_well and all(finding.is_well for finding in budgets)
    if as_json:
        models = [{"what": f.what, "found": f.found, "is_well": f.is_well, "remedy": f.remedy} for f in budgets]
        out.write(json.dumps(report.as_dict() | {"models": models, "is_well": is_well}) + "\n")
        return 0 if is_well else 1
    console = Console(file=out, width=None if out.isatty() else 140, highlight=False)
    for finding in (*report.findings, *budgets):
        console.print(
            f"{'[green]ok  [/]' if finding.is_well else '[red]look[/]'}  {escape(f'{finding.what}: {finding.found}')}"
        )
        if not finding.is_well:
            console.print(f"      {finding.remedy}", markup=False)
    return 0 if is_well else 1


def media_finding() -> Finding:
    """Look whether a protocol can play videos and sounds; that it cannot is no fault where none are used."""
    try:
        from app.gui.media import REMEDY, has_sound, player_trouble
    except ImportError as error:
        return Finding("videos and sounds of protocols", f"no window ({error})")
    trouble = player_trouble()
    if trouble:
        return Finding("videos and sounds of protocols", f"{trouble}. {REMEDY}")
    return Finding("videos and sounds of protocols", "both can be played" if has_sound() else "videos; no sound output")


def model_budget(manifest: Manifest, n_calls: int = 200) -> Finding:
    """Measure how long a model takes for one window on one thread, against the time between two windows.

    Parameters
    ----------
    manifest : Manifest
        Of a bundle at hand.
    n_calls : int
        How many calls are timed, after ten to warm up.
    """
    bundle = load_bundle(find_bundle(manifest.name))
    window = np.zeros((1, *manifest.features.input_shape), dtype=np.float32)
    times = []
    for _ in range(n_calls + 10):
        started = time.perf_counter()
        bundle.predictor.logits(window)
        times.append(time.perf_counter() - started)
    p50, p99 = np.percentile(times[10:], [50, 99])
    share = float(p99) / manifest.features.hop_s
    found = f"{p50 * 1e3:.2f} ms a window (99 %: {p99 * 1e3:.2f}), {share:.1%} of the {manifest.features.hop_s:g} s between two"
    return Finding(
        f"model {Path(bundle.path).stem}", found, share <= BUDGET_SHARE, "Close other programs, or use a smaller model."
    )
