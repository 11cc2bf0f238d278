"""The baseline of the simulated person of the demonstration, made in a process of its own.

The simulator needs scipy, which would stay in the live process for good with its 70 MB.
"""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np

from sclcm_core.errors import SclcmError
from sclcm_core.features.extractor import extract
from sclcm_core.features.normalise import Normaliser
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.inference.manifest import Manifest
from sclcm_core.inference.personal_baseline import baseline_normaliser
from sclcm_core.montage import find_channels

REST_S = 60.0
PATIENCE_S = 30.0


def rest_for(seed: int, manifest: Manifest) -> Normaliser | None:
    """Return `simulated_rest` for a model that knows what to do with it, in nats or dB; None for another."""
    return simulated_rest(seed, manifest.features) if manifest.personal_baseline else None


def simulated_rest(seed: int, spec: FeatureSpec) -> Normaliser | None:
    """Return the statistics of a minute of rest of the simulated person who wears the headset.

    Parameters
    ----------
    seed : int
        The headset's seed, which draws the person; the rest itself is drawn anew.
    spec : FeatureSpec
        What the model sees.

    Returns
    -------
    Normaliser or None
        The person's own statistics, in nats or dB; None when the model needs electrodes that the headset lacks.
    """
    command = [sys.executable, "-m", "app.simulated_rest", str(seed)]
    done = subprocess.run(
        command, check=False, input=spec.model_dump_json(), capture_output=True, text=True, timeout=PATIENCE_S
    )
    if done.returncode != 0:
        raise SclcmError(f"The simulated rest could not be made ({done.stderr.strip()[-200:]}).", "Start with --baseline 60.")
    answer = json.loads(done.stdout)
    return None if answer is None else Normaliser(np.array(answer["mean"]), np.array(answer["sd"]))


def compute(seed: int, spec: FeatureSpec) -> Normaliser | None:
    """Return what `simulated_rest` returns, computed in this process: statistics of shape (n_bands, n_columns) in nats or dB."""
    from sclcm_core.simulation import SimulatedHead

    person = SimulatedHead(np.random.default_rng(seed)).person
    head = SimulatedHead(np.random.default_rng([seed, 1]), person=person)
    indices, missing = find_channels(spec.ch_names, head.ch_names)
    if missing:
        return None
    rest = head.render(round(REST_S * head.sfreq), "neutral")
    return baseline_normaliser(extract(spec, rest[:, indices], head.sfreq), is_raw=spec.is_raw)


def main() -> None:
    """Read a spec from standard input and write the statistics to standard output."""
    own = compute(int(sys.argv[1]), FeatureSpec.model_validate_json(sys.stdin.read()))
    sys.stdout.write(json.dumps(own and {"mean": own.mean.tolist(), "sd": own.sd.tolist()}))


if __name__ == "__main__":
    main()
