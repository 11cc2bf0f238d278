"""Random generators, each for one purpose, all from the one seed of a run.

What is drawn in one place never depends on how much was drawn in another, so that a fold, a member or an epoch can be repeated,
or taken up again, by itself.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

Key = int | str


@dataclass(frozen=True, slots=True)
class Seed:
    """A seed and the path of purposes that led to it.

    Parameters
    ----------
    value : int
        The run's seed.
    keys : tuple of int or str
        What it is for, from coarse to fine.

    Examples
    --------
    >>> fold = Seed(7).of("fold", 3)
    >>> fold.of("epoch", 1).rng().integers(100) == fold.of("epoch", 1).rng().integers(100)
    np.True_
    """

    value: int
    keys: tuple[Key, ...] = ()

    def of(self, *keys: Key) -> Seed:
        """Return the seed of a finer purpose."""
        return Seed(self.value, (*self.keys, *keys))

    def rng(self) -> np.random.Generator:
        """Return a numpy generator for this purpose."""
        return np.random.default_rng(self._entropy())

    def number(self) -> int:
        """Return 63 bits for libraries that want an integer."""
        return int(np.random.SeedSequence(self._entropy()).generate_state(1, np.uint64)[0] >> np.uint64(1))

    def torch_generator(self, device: str = "cpu") -> torch.Generator:
        """Return a torch generator for this purpose."""
        import torch

        return torch.Generator(device=device).manual_seed(self.number())

    def _entropy(self) -> list[int]:
        return [self.value, *(key if isinstance(key, int) else zlib.crc32(key.encode()) for key in self.keys)]
