"""Files that hold several trials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sclcm_core.errors import RecordingError
from sclcm_core.recordings.recording import Recording

PART = ", part "
"""What stands between a person's name and the number of a part, where a device came back changed in a recording of several people."""

_ASK = {"trial": "--trial with", "person": "--trial or --person with", "stream": "--trial with"}


@dataclass(frozen=True, slots=True)
class Trials:
    """The trials of an opened file.

    Parameters
    ----------
    path : Path
        The file.
    names : tuple of str
        Names of the trials, in their order.
    read : callable
        Makes the recording of the trial at a place in `names`.
    kind : str
        What the user knows them as.
    default : int or None
        The place in `names` of the one that is read when none is named; None where one must be.
    """

    path: Path
    names: tuple[str, ...]
    read: Callable[[int], Recording]
    kind: Literal["trial", "person", "stream"] = "trial"
    default: int | None = None

    def choose(self, name: str | None) -> Recording:
        """Read the wanted trial.

        Parameters
        ----------
        name : str or None
            Its name; may be None only where there is no choice.

        Returns
        -------
        Recording
            The recording of that trial.
        """
        if not self.names:
            raise RecordingError(f"'{self.path}' holds no trial.", "Check that the file is complete.")
        chosen = self.default if self.default is not None or len(self.names) > 1 else 0
        if name is None and chosen is not None:
            return self.read(chosen)
        if name not in self.names:
            n_people = len({person_of(each) for each in self.names})
            many = {"trial": "trials", "person": f"sessions of {n_people} people", "stream": "EEG streams"}[self.kind]
            what = f"holds {len(self.names)} {many}" if name is None else f"holds no {self.kind} '{name}'"
            raise RecordingError(f"'{self.path}' {what}.", f"Choose one: {_ASK[self.kind]} {_some(self.names)}.")
        return self.read(self.names.index(name))


def person_of(name: str) -> str:
    """Return whose a session is, of which there may be several parts.

    Parameters
    ----------
    name : str
        Name of the session in a file of several people.

    Examples
    --------
    >>> person_of("ada"), person_of("ada, part 2")
    ('ada', 'ada')
    """
    return name.partition(PART)[0]


def numbered(n_trials: int) -> tuple[str, ...]:
    """Return the names of trials that are only counted, ``"1"`` first.

    Parameters
    ----------
    n_trials : int
        How many there are.

    Examples
    --------
    >>> numbered(3)
    ('1', '2', '3')
    """
    return tuple(str(k + 1) for k in range(n_trials))


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]}, {names[1]}, ... {names[-1]}"
