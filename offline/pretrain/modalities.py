"""The second modality of a window: what else was measured, or a second view of the same EEG."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from offline.config import RunConfig
from offline.datasets.peripherals import load_peripherals
from offline.pretrain.mrccl_options import MrcclOptions
from offline.pretrain.noisy_embedding import add_forward_noise
from offline.pretrain.ntxent import ntxent_loss
from offline.training.inputs import Inputs
from sclcm_core.errors import ConfigError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import canonical_name, left_right_pairs
from sclcm_core.types import Float32Array, Float64Array


class SecondModality:
    """Gives the second modality of windows, standardised by the training windows.

    Parameters
    ----------
    config : RunConfig
        The features of the run.
    options : MrcclOptions
        Where the second modality comes from.
    train : Inputs
        Training windows.
    """

    def __init__(self, config: RunConfig, options: MrcclOptions, train: Inputs) -> None:
        self._spec = config.features
        self._peripherals = load_peripherals(options.peripherals) if options.peripherals else None
        values = self._values(train)
        self._mean: Float64Array = values.mean(axis=0, dtype=np.float64)
        self._sd: Float64Array = np.maximum(values.std(axis=0, dtype=np.float64), 1e-6)
        self.n_values = values.shape[1]

    def of(self, windows: Inputs) -> Tensor:
        """Return the vectors of windows.

        Parameters
        ----------
        windows : Inputs
            Training windows or others.

        Returns
        -------
        Tensor of float32, shape (n, n_values)
            Standardised, without unit, cut off at ±5.
        """
        scaled = np.clip((self._values(windows) - self._mean) / self._sd, -5.0, 5.0)
        return torch.from_numpy(scaled.astype(np.float32))

    def _values(self, windows: Inputs) -> Float32Array:
        if self._peripherals is None:
            return second_view(windows.features, self._spec)
        rows, t0 = windows.window, self._peripherals.t0
        if rows.max(initial=-1) >= len(t0) or not np.allclose(t0[rows], windows.t0):
            raise ConfigError(
                "The file of peripheral features was made for other windows.",
                "Make it again for this config: sclcm-offline peripherals CONFIG --out FILE.npz",
            )
        found: Float32Array = self._peripherals.values[rows]
        return found


def second_view(features: Float32Array, spec: FeatureSpec) -> Float32Array:
    """Return a view of windows that leaves out what the first one shows most: levels.

    Parameters
    ----------
    features : ndarray of float32, shape (n, n_bands, n_columns, n_frames)
        Normalised features, without unit.
    spec : FeatureSpec
        Names of the channels.

    Returns
    -------
    ndarray of float32, shape (n, n_values)
        Left minus right of each band and pair, averaged over frames, and the standard deviation over frames of each band and column;
        without unit. Both views share the samples' noise: this is weaker than a second instrument.
    """
    names = [canonical_name(name) or name for name in spec.ch_names]
    index = [
        (names.index(canonical_name(left) or left), names.index(canonical_name(right) or right))
        for left, right in left_right_pairs(spec.ch_names)
    ]
    means = features.mean(axis=-1)
    sides = [means[:, :, left] - means[:, :, right] for left, right in index]
    parts = [*sides, features.std(axis=-1).reshape(len(features), -1)]
    return np.concatenate(parts, axis=1).astype(np.float32)


def modality_losses(
    clean: tuple[Tensor, Tensor], noisy: tuple[Tensor, Tensor], trial: Tensor, *, tau: float
) -> tuple[Tensor, Tensor]:
    """Return both contrasts of two modalities.

    Parameters
    ----------
    clean, noisy : tuple of two Tensor, each of shape (n, d)
        Projections of both modalities, without unit.
    trial : Tensor of int64, shape (n,)
        Trials; windows of one trial are no negatives of each other.
    tau : float
        Temperature.

    Returns
    -------
    across, against_noise : Tensor, shape ()
        Modality against modality, and clean against noisy averaged over the modalities; without unit.
    """
    across = ntxent_loss(*clean, tau=tau, group=trial)
    pairs = [ntxent_loss(a, b, tau=tau, group=trial) for a, b in zip(clean, noisy, strict=True)]
    return across, torch.stack(pairs).mean()


def noisy_twin(values: Tensor, generator: torch.Generator, options: MrcclOptions) -> Tensor:
    """Return values with forward noise.

    Parameters
    ----------
    values : Tensor, shape (n, ...)
        Of about unit variance, without unit.
    generator : torch.Generator
        Source of chance.
    options : MrcclOptions
        How much noise.

    Returns
    -------
    Tensor, same shape
        Without unit.
    """
    return add_forward_noise(values, generator, most_steps=options.noise_steps)
