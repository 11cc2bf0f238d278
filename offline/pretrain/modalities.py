"""The other modalities of a window: what else was measured, a second view of the same EEG, or both."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import torch
from torch import Tensor, nn

from offline.config import RunConfig
from offline.datasets.peripherals import CAP, Peripherals, load_peripherals, windows_key
from offline.datasets.window_set import Int64Array
from offline.pretrain.mrccl_options import MrcclOptions
from offline.pretrain.noisy_embedding import add_forward_noise
from offline.pretrain.ntxent import ntxent_loss
from offline.training.inputs import Inputs
from sclcm_core.errors import ConfigError
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.models import Projector
from sclcm_core.models.modality import VectorEncoder
from sclcm_core.montage import canonical_name, left_right_pairs
from sclcm_core.types import Float32Array, Float64Array


class OtherModalities:
    """Gives what windows have beside their EEG, standardised by the training windows.

    Parameters
    ----------
    config : RunConfig
        The features of the run.
    options : MrcclOptions
        What there is: what else was measured, a second view of the EEG itself, or both.
    train : Inputs
        Training windows.
    """

    def __init__(self, config: RunConfig, options: MrcclOptions, train: Inputs) -> None:
        self._spec = config.features
        self._key = windows_key(config.dataset.model_dump(mode="json"), config.features)
        self._peripherals = load_peripherals(options.peripherals) if options.peripherals else None
        _refuse_own_electrodes(self._peripherals, config.features)
        self._has_own_view = options.own_view or self._peripherals is None
        own = [_has_own_scale(options, self._peripherals), False] if self._peripherals else [False]
        self._scales = [_Scale(values, train.subject, own=each) for values, each in zip(self._values(train), own, strict=False)]
        self.n_values = tuple(scale.n_values for scale in self._scales)

    def of(self, windows: Inputs) -> tuple[Tensor, ...]:
        """Return the vectors of windows.

        Parameters
        ----------
        windows : Inputs
            Training windows or others.

        Returns
        -------
        tuple of Tensor of float32, each of shape (n, n_values)
            Modality by modality; standardised, without unit, cut off at ±5, and 0 where nothing was measured.
        """
        pairs = zip(self._values(windows), self._scales, strict=True)
        return tuple(torch.from_numpy(scale.applied(values, windows.subject)) for values, scale in pairs)

    def _values(self, windows: Inputs) -> list[Float32Array]:
        measured = [] if self._peripherals is None else [self._measured(self._peripherals, windows)]
        return [*measured, second_view(windows.features, self._spec)] if self._has_own_view else measured

    def _measured(self, peripherals: Peripherals, windows: Inputs) -> Float32Array:
        rows, t0 = windows.window, peripherals.t0
        foreign = peripherals.made_for not in {"", self._key}
        if foreign or rows.max(initial=-1) >= len(t0) or not np.allclose(t0[rows], windows.t0):
            raise ConfigError(
                "The file of what else was measured was made for other windows.",
                f"Make it again for this config: sclcm-offline peripherals CONFIG --of {peripherals.of} --out FILE.npz",
            )
        found: Float32Array = peripherals.values[rows]
        return found


def _has_own_scale(options: MrcclOptions, peripherals: Peripherals) -> bool:
    """Entropies of the cap tell people apart by their levels alone: contrasted so, an encoder learns who somebody is."""
    return peripherals.of == CAP if options.own_scale is None else options.own_scale


def _refuse_own_electrodes(peripherals: Peripherals | None, spec: FeatureSpec) -> None:
    """Refuse a cap whose electrodes the features use by now: the modalities would find each other by the same samples."""
    if peripherals is None or peripherals.of != CAP:
        return
    own = {canonical_name(name) for name in spec.ch_names}
    both = sorted({name.split()[0] for name in peripherals.names} & own)
    if both:
        raise ConfigError(
            f"The file of the rest of the cap holds {', '.join(both)}, which the features use.",
            "Make it again for this config: sclcm-offline peripherals CONFIG --of cap --out FILE.npz",
        )


class _Scale:
    """Mean and spread of the training windows: of all people together, or of each person by that person's windows."""

    def __init__(self, values: Float32Array, subject: Int64Array, *, own: bool) -> None:
        self._all, self._own = _mean_and_sd(values), own
        self._people = {int(k): _mean_and_sd(values[subject == k]) for k in np.unique(subject)} if own else {}
        self.n_values = values.shape[1]

    def applied(self, values: Float32Array, subject: Int64Array) -> Float32Array:
        """Return values (n, n_values) standardised, without unit; people who are not in training by what is here of them."""
        scaled = np.empty(values.shape, np.float32)
        for person in np.unique(subject).tolist():
            mine = subject == person
            mean, sd = self._of(person, values[mine])
            scaled[mine] = np.nan_to_num(np.clip((values[mine] - mean) / sd, -5.0, 5.0))
        return scaled

    def _of(self, person: int, values: Float32Array) -> tuple[Float64Array, Float64Array]:
        if not self._own:
            return self._all
        return self._people[person] if person in self._people else _mean_and_sd(values)


def _mean_and_sd(values: Float32Array) -> tuple[Float64Array, Float64Array]:
    """Return both over the windows in which a value was measured, each (n_values,)."""
    known = np.isfinite(values)
    n = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0, dtype=np.float64) / n
    variance = (np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / n
    return mean, np.maximum(np.sqrt(variance), 1e-6)


class ModalityNetwork(nn.Module):
    """Everything that the contrast between modalities trains beside the EEG's encoder.

    Parameters
    ----------
    n_values : sequence of int
        Length of the vector of each other modality.
    n_embedding : int
        Length of the embedding of every modality.

    Notes
    -----
    An encoder for each other modality, one projector that all share, and, with three modalities or more, for each a linear layer
    ``E_m`` that expands its embedding to the size of all the others' together (MER2024-SEMI, arXiv:2409.04447).
    """

    def __init__(self, n_values: Sequence[int], n_embedding: int) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(VectorEncoder(n, n_embedding) for n in n_values)
        self.projector = Projector(n_embedding)
        n_others = len(n_values)
        several = n_others + 1 if n_others > 1 else 0
        self.expand = nn.ModuleList(nn.Linear(n_embedding, n_others * n_embedding) for _ in range(several))

    def embed(self, vectors: Sequence[Tensor]) -> list[Tensor]:
        """Return the embeddings of the other modalities, each (n, n_embedding) and without unit, of vectors (n, n_values)."""
        return [encoder(values).float() for encoder, values in zip(self.encoders, vectors, strict=True)]

    def losses(self, clean: Sequence[Tensor], noisy: Sequence[Tensor], trial: Tensor, *, tau: float) -> tuple[Tensor, Tensor]:
        """Return both contrasts.

        Parameters
        ----------
        clean, noisy : sequence of Tensor, each of shape (n, n_embedding)
            Embeddings of all modalities, the EEG's first, of the windows and of their noisy twins; without unit.
        trial : Tensor of int64, shape (n,)
            Trials; windows of one trial are no negatives of each other.
        tau : float
            Temperature.

        Returns
        -------
        across, against_noise : Tensor, shape ()
            See `modality_losses`.
        """
        places = [self.projector(embedding) for embedding in clean]
        noisy_places = [self.projector(embedding) for embedding in noisy]
        return modality_losses(places, noisy_places, trial, tau=tau, one_against_rest=self._against_rest(clean))

    def _against_rest(self, embeddings: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
        """Each modality, expanded, beside the others one after the other: (n, n_others * n_embedding) both."""
        rests = [torch.cat([*embeddings[:m], *embeddings[m + 1 :]], dim=1) for m in range(len(self.expand))]
        return [(expand(own), rest) for expand, own, rest in zip(self.expand, embeddings, rests, strict=False)]


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
    clean: Sequence[Tensor],
    noisy: Sequence[Tensor],
    trial: Tensor,
    *,
    tau: float,
    one_against_rest: Sequence[tuple[Tensor, Tensor]] = (),
) -> tuple[Tensor, Tensor]:
    """Return both contrasts of modalities.

    Parameters
    ----------
    clean, noisy : sequence of Tensor, each of shape (n, d)
        Projections of each modality, without unit.
    trial : Tensor of int64, shape (n,)
        Trials; windows of one trial are no negatives of each other.
    tau : float
        Temperature.
    one_against_rest : sequence of two Tensor, each of shape (n, d')
        With three modalities or more: each expanded, and the others one after the other; without unit.

    Returns
    -------
    across, against_noise : Tensor, shape ()
        The mean over every two modalities and every one against the rest, and clean against noisy averaged over the modalities; without
        unit (MER2024-SEMI, arXiv:2409.04447: six terms across three modalities).
    """
    pairs = [*combinations(clean, 2), *one_against_rest]
    across = torch.stack([ntxent_loss(a, b, tau=tau, group=trial) for a, b in pairs]).mean()
    against = [ntxent_loss(a, b, tau=tau, group=trial) for a, b in zip(clean, noisy, strict=True)]
    return across, torch.stack(against).mean()


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
