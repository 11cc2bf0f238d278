"""A simulated emotion set: heads that never existed watch clips that were never filmed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from offline.datasets.dataset import UNLABELLED, LabelledRecording, Source
from offline.datasets.local_dataset import LocalDataset
from sclcm_core.recordings import Recording
from sclcm_core.simulation import EMOTIONS, HEADSET_CHANNELS, HeadSettings, Person, SimulatedHead, draw_person
from sclcm_core.types import Float32Array, StreamSpec

_REST = "rest"
_PERSON, _VISIT = 0, 1


@dataclass(frozen=True)
class SimulatedEmotion(LocalDataset):
    """Simulated viewers of clips of three emotions, made in memory from a seed.

    Each visit starts with a rest (neutral, unlabelled), the baseline of the subject; then come the clips, each time in another
    order.
    All subjects see the same clips, a third of them of each emotion.

    Parameters
    ----------
    n_subjects, n_sessions : int
        How many subjects, and how often each comes.
    n_stimuli : int
        How many clips, a multiple of three.
    trial_s, rest_s : float
        Length of a clip and of the rest in s.
    sfreq : float
        Sampling rate in Hz.
    class_effect, stimulus_effect, subject_effect : float
        Strengths of what the emotion, the clip and the person do to the signal; 0 switches one off, 1 is the usual.
    seed : int
        The same seed gives the same data, bit for bit.
    """

    n_subjects: int = 12
    n_sessions: int = 1
    n_stimuli: int = 15
    trial_s: float = 20.0
    rest_s: float = 60.0
    sfreq: float = 250.0
    class_effect: float = 1.0
    stimulus_effect: float = 0.0
    subject_effect: float = 1.0
    seed: int = 0

    name = "simulated"
    title = "Simulated emotion set"
    licence = "MIT"
    attribution = "Made by the simulator of SCLCM Live; no person was measured."
    where = "it needs no folder."
    simulated = True
    class_names = EMOTIONS

    def __post_init__(self) -> None:
        counts = (self.n_subjects, self.n_sessions, self.n_stimuli)
        if min(counts) < 1 or self.n_stimuli % len(EMOTIONS):
            raise ValueError(f"n_subjects, n_sessions >= 1 and n_stimuli a multiple of 3 are needed; got {counts}.")

    def sources(self, root: Path | None = None) -> Sequence[Source]:
        """Return every visit of every subject."""
        visits = [(s, v) for s in range(1, self.n_subjects + 1) for v in range(1, self.n_sessions + 1)]
        return [Source(f"{subject:02d}_{visit}", f"{subject:02d}", visit) for subject, visit in visits]

    def read(self, source: Source) -> Iterator[LabelledRecording]:
        """Make one visit: the rest, then the clips."""
        rng = np.random.default_rng([self.seed, _VISIT, int(str(source.subject)), source.session])
        order = rng.permutation(self.n_stimuli)
        settings = HeadSettings(self.class_effect, self.stimulus_effect, self.subject_effect)
        head = SimulatedHead(rng, self.sfreq, settings=settings, person=self._person(source))
        yield self._trial(source, head, _REST, None, self.rest_s)
        for stimulus in order:
            yield self._trial(source, head, f"clip{stimulus + 1:02d}", int(stimulus), self.trial_s)

    def _person(self, source: Source) -> Person:
        rng = np.random.default_rng([self.seed, _PERSON, int(str(source.subject))])
        return draw_person(rng, self.subject_effect)

    def _trial(
        self, source: Source, head: SimulatedHead, name: str, stimulus: int | None, duration_s: float
    ) -> LabelledRecording:
        label = UNLABELLED if stimulus is None else stimulus % len(EMOTIONS)
        state = "neutral" if stimulus is None else EMOTIONS[label]
        samples = head.render(round(duration_s * self.sfreq), state, stimulus)
        recording = _recording(samples, self.sfreq, f"{source.key}_{name}")
        baseline_s = np.inf if stimulus is None else 0.0
        return LabelledRecording(recording, str(source.subject), source.session, name, name, label, baseline_s)


def _recording(samples: Float32Array, sfreq: float, name: str) -> Recording:
    spec = StreamSpec(sfreq, HEADSET_CHANNELS, name=name, origin="simulated")
    timestamps = np.arange(len(samples)) / sfreq
    return Recording(spec, samples, timestamps, markers=(), path=Path(f"simulated/{name}"), simulated=True)
