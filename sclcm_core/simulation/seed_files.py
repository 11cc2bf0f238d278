"""Simulated recordings in the files of SEED (Zheng & Lu 2015, doi:10.1109/TAMD.2015.2431497)."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np
from scipy import signal

from sclcm_core.montage import SEED_CHANNELS
from sclcm_core.simulation.head import SimulatedHead
from sclcm_core.simulation.person import draw_person
from sclcm_core.simulation.settings import EMOTIONS, HeadSettings
from sclcm_core.simulation.sidecar import mark_simulated
from sclcm_core.simulation.whole_files import Progress, Steps, whole_file
from sclcm_core.types import Float64Array

CLIP_SECONDS = (235, 233, 206, 238, 185, 195, 237, 216, 265, 237, 235, 233, 235, 238, 206)
"""Durations of SEED's clips in s."""

CLIP_LABELS = (1, 0, -1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 0, 1, -1)
"""Labels of SEED's clips: positive 1, neutral 0, negative -1."""

SFREQ = 200.0
"""Sampling rate of the preprocessed files in Hz."""

_HIGHEST_FREQUENCY = 75.0
_PAUSE_S = 5.0
_FIRST_STIMULUS = 1
_DATES = ("20131027", "20131103", "20131113")


def write_seed(
    folder: Path,
    *,
    n_subjects: int = 3,
    n_sessions: int = 1,
    clip_s: float | None = None,
    settings: HeadSettings | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Path]:
    """Write a simulated SEED: ``Preprocessed_EEG`` with one MATLAB file a session, and ``label.mat``.

    Parameters
    ----------
    folder : Path
        Where to write; created when missing. A file ``SIMULATED.txt`` says what it is.
    n_subjects : int
        Number of subjects, 15 in the original.
    n_sessions : int
        Sessions of each subject, at most 3.
    clip_s : float, optional
        Duration of every clip in s; those of the original when not given. There are always 15 clips, the same for everyone.
    settings : HeadSettings, optional
        Which effects there are, and how strong.
    seed : int
        The same seed writes the same signals.
    progress : callable, optional
        Called with the number of trials written and of all.

    Returns
    -------
    list of Path
        The files with signals; those that are there already are of the same signals, and stay.
    """
    if not 1 <= n_sessions <= len(_DATES):
        raise ValueError(f"SEED has 1 to {len(_DATES)} sessions; got {n_sessions}.")
    data_dir = folder / "Preprocessed_EEG"
    data_dir.mkdir(parents=True, exist_ok=True)
    settings = settings or HeadSettings()
    durations = CLIP_SECONDS if clip_s is None else (clip_s,) * len(CLIP_LABELS)
    visits = [(subject, session) for subject in range(1, n_subjects + 1) for session in range(n_sessions)]
    mark_simulated(folder, data_dir, settings, seed, n_files=len(visits), seconds=durations)
    _write_labels(data_dir)
    steps = Steps(len(visits) * len(durations), progress)
    paths = [data_dir / f"{subject}_{_DATES[session]}.mat" for subject, session in visits]
    for path, visit in zip(paths, visits, strict=True):
        if path.exists():
            steps.take(len(durations))
        else:
            with whole_file(path) as unfinished:
                _write_session(unfinished, (seed, *visit), durations, settings, steps)
    return paths


def _write_labels(data_dir: Path) -> None:
    from scipy.io import savemat

    savemat(data_dir / "label.mat", {"label": np.array([CLIP_LABELS], dtype=np.int16)})
    (data_dir / "readme.txt").write_text(
        "Simulated signals in the format of SEED. Each file holds 15 trials, <initials>_eeg1 to <initials>_eeg15, 62 channels "
        "at 200 Hz; label.mat holds their labels, 1 positive, 0 neutral, -1 negative.\n",
        encoding="utf-8",
    )


def _write_session(
    path: Path, who: tuple[int, int, int], durations: tuple[float, ...], settings: HeadSettings, steps: Steps
) -> None:
    """Write the session that `who` (seed, subject, session) names."""
    from scipy.io import savemat

    rng_person = np.random.default_rng(who[:2])
    person = draw_person(rng_person, settings.subject_effect)
    initials = "".join(rng_person.choice(list(string.ascii_lowercase), 3))
    head = SimulatedHead(np.random.default_rng(who), SFREQ, SEED_CHANNELS, settings, person)
    sos = signal.butter(4, _HIGHEST_FREQUENCY, fs=SFREQ, output="sos")
    trials = {}
    for k, seconds in enumerate(durations):
        trials[f"{initials}_eeg{k + 1}"] = _trial(head, k, seconds, sos)
        steps.take()
    savemat(path, trials, appendmat=False, do_compression=True)


def _trial(head: SimulatedHead, clip: int, seconds: float, sos: Float64Array) -> Float64Array:
    """Return a trial in µV, shape (62, n_times); one sample longer than the seconds say, as in the original."""
    head.render(round(_PAUSE_S * SFREQ), "neutral")
    emotion = EMOTIONS[CLIP_LABELS[clip] + 1]
    samples = head.render(round(seconds * SFREQ) + 1, emotion, stimulus=_FIRST_STIMULUS + clip)
    return np.ascontiguousarray(signal.sosfiltfilt(sos, samples.astype(np.float64), axis=0).T)
