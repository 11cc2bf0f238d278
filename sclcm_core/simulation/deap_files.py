"""Simulated recordings in the files of DEAP (Koelstra et al. 2012, doi:10.1109/T-AFFC.2011.15)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import signal

from sclcm_core.montage import DEAP_CHANNELS
from sclcm_core.simulation.head import SimulatedHead
from sclcm_core.simulation.person import draw_person
from sclcm_core.simulation.python2_pickle import python2_pickle
from sclcm_core.simulation.settings import EMOTIONS, HeadSettings
from sclcm_core.simulation.sidecar import mark_simulated
from sclcm_core.simulation.whole_files import Progress, Steps, whole_file
from sclcm_core.types import Float64Array

SFREQ = 128.0
"""Sampling rate of the preprocessed files in Hz."""

BASELINE_S = 3.0
"""Rest before each video in s."""

N_VIDEOS = 40
"""Number of videos, the same for everyone."""

_SUFFIXES = {"python": ".dat", "matlab": ".mat"}
_BAND = (4.0, 45.0)
_FIRST_STIMULUS = 101
_MEAN_VALENCE = (2.8, 5.0, 7.2)
_MEAN_AROUSAL = (5.8, 3.8, 5.8)
_RATING_SD = 1.1
_N_PERIPHERAL = 8
_SMILE, _PULSE = (0.0, 0.0, 0.6), (-0.08, 0.0, 0.03)
"""What an emotion does beside the EEG: log amplitude of the zygomaticus, and relative rate of the pulse, which slows with what is
unpleasant (after the pattern of Lang et al. 1993, doi:10.1111/j.1469-8986.1993.tb03352.x)."""


def video_emotion(video: int) -> int:
    """Return the emotion of a video, an index into `EMOTIONS`.

    Parameters
    ----------
    video : int
        Number of the video, counted from 0.
    """
    return (video * 7 + video // 3) % len(EMOTIONS)


def write_deap(
    folder: Path,
    *,
    n_subjects: int = 3,
    video_s: float = 60.0,
    settings: HeadSettings | None = None,
    seed: int = 0,
    matlab: bool = True,
    progress: Progress | None = None,
) -> list[Path]:
    """Write a simulated DEAP: ``data_preprocessed_python/sNN.dat``, the same for MATLAB, and the ratings.

    Parameters
    ----------
    folder : Path
        Where to write; created when missing. A file ``SIMULATED.txt`` says what it is.
    n_subjects : int
        Number of subjects, 32 in the original.
    video_s : float
        Duration of every video in s, 60 in the original; 3 s of baseline come before it.
    settings : HeadSettings, optional
        Which effects there are, and how strong.
    seed : int
        The same seed writes the same signals.
    matlab : bool
        Whether to write ``data_preprocessed_matlab/sNN.mat`` too.
    progress : callable, optional
        Called with the number of trials written and of all.

    Returns
    -------
    list of Path
        The files with signals; those that are there already are of the same signals, and stay.
    """
    settings = settings or HeadSettings()
    kinds = ("python", "matlab") if matlab else ("python",)
    dirs = {kind: folder / f"data_preprocessed_{kind}" for kind in kinds}
    for place in dirs.values():
        place.mkdir(parents=True, exist_ok=True)
        mark_simulated(folder, place, settings, seed, n_files=n_subjects, seconds=(video_s,))
    _write_ratings(folder, n_subjects, seed)
    steps = Steps(n_subjects * N_VIDEOS, progress)
    paths = []
    for subject in range(1, n_subjects + 1):
        mine = [place / f"s{subject:02d}{_SUFFIXES[kind]}" for kind, place in dirs.items()]
        if all(path.exists() for path in mine):
            steps.take(N_VIDEOS)
        else:
            _write(mine, {"labels": _labels(seed, subject), "data": _signals(subject, video_s, settings, seed, steps)})
        paths += mine
    return paths


def _write_ratings(folder: Path, n_subjects: int, seed: int) -> None:
    rows = ["Participant_id,Trial,Experiment_id,Start_time,Valence,Arousal,Dominance,Liking,Familiarity"]
    for subject in range(1, n_subjects + 1):
        rows += _rating_rows(subject, _labels(seed, subject), np.random.default_rng([seed, subject, 3]))
    (folder / "metadata_csv").mkdir(exist_ok=True)
    (folder / "metadata_csv" / "participant_ratings.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _labels(seed: int, subject: int) -> Float64Array:
    """Return the ratings of a subject, shape (40, 4), 1 to 9."""
    return _ratings(np.random.default_rng([seed, subject, 2]))


def _write(paths: list[Path], content: dict[str, Float64Array]) -> None:
    from scipy.io import savemat

    for path in paths:
        with whole_file(path) as unfinished:
            if path.suffix == ".dat":
                unfinished.write_bytes(python2_pickle(content))
            else:
                savemat(unfinished, content, appendmat=False, do_compression=True)


def _signals(subject: int, video_s: float, settings: HeadSettings, seed: int, steps: Steps) -> Float64Array:
    """Return the signals of a subject, shape (40, 40, n_times), in µV."""
    person = draw_person(np.random.default_rng([seed, subject]), settings.subject_effect)
    rng = np.random.default_rng([seed, subject, 1])
    head = SimulatedHead(rng, SFREQ, DEAP_CHANNELS, settings, person)
    videos = []
    for video in range(N_VIDEOS):
        videos.append(_video(head, video, video_s, settings, rng))
        steps.take()
    return np.stack(videos)


def _video(head: SimulatedHead, video: int, video_s: float, settings: HeadSettings, rng: np.random.Generator) -> Float64Array:
    """Return a trial, shape (40, n_times): 32 EEG channels in µV, band-passed and to the common average, 8 others."""
    head.render(round(2.0 * SFREQ), "neutral")
    rest = head.render(round(BASELINE_S * SFREQ), "neutral")
    watching = head.render(round(video_s * SFREQ), EMOTIONS[video_emotion(video)], stimulus=_FIRST_STIMULUS + video)
    samples = np.concatenate([rest, watching]).astype(np.float64)
    sos = signal.butter(3, _BAND, "bandpass", fs=SFREQ, output="sos")
    eeg = signal.sosfiltfilt(sos, samples, axis=0)
    eeg -= eeg.mean(axis=1, keepdims=True)
    shown = np.where(np.arange(len(samples)) < len(rest), 0.0, settings.class_effect)
    return np.concatenate([eeg.T, _peripheral(shown, video_emotion(video), rng)])


def _peripheral(shown: Float64Array, emotion: int, rng: np.random.Generator) -> Float64Array:
    """Return EOG, EMG, skin resistance, breath, pulse and temperature, shape (8, n_times), in the units of the original.

    How strongly the emotion shows, shape (n_times,), is relative to the usual.
    """
    n_times = len(shown)
    t = np.arange(n_times) / SFREQ
    noise = rng.standard_normal((_N_PERIPHERAL, n_times))
    scale = np.array([30.0, 40.0, 8.0, 8.0, 20.0, 30.0, 20.0, 0.001])[:, None]
    course = np.zeros_like(noise)
    course[4] = 50.0 * np.cumsum(noise[4]) / np.sqrt(n_times)
    course[5] = 500.0 * np.sin(2 * np.pi * 0.25 * t + rng.uniform(0, 6.28))
    course[6] = 300.0 * np.sin(2 * np.pi * 1.2 * np.cumsum(1.0 + _PULSE[emotion] * shown) / SFREQ + rng.uniform(0, 6.28))
    course[7] = 0.01 * t / 60.0
    noise[2] *= np.exp(_SMILE[emotion] * shown)
    return np.asarray(course + scale * noise)


def _ratings(rng: np.random.Generator) -> Float64Array:
    """Return valence, arousal, dominance and liking of each video, shape (40, 4), 1 to 9."""
    emotions = [video_emotion(video) for video in range(N_VIDEOS)]
    valence = np.take(_MEAN_VALENCE, emotions)
    means = np.stack([valence, np.take(_MEAN_AROUSAL, emotions), 0.5 * valence + 2.5, 0.7 * valence + 1.5], axis=1)
    return np.clip(means + _RATING_SD * rng.standard_normal(means.shape), 1.0, 9.0).round(2)


def _rating_rows(subject: int, labels: Float64Array, rng: np.random.Generator) -> list[str]:
    """Return the rows of participant_ratings.csv: in the order of presentation, told apart by the number of the video."""
    shown = rng.permutation(N_VIDEOS)
    return [
        f"{subject},{trial + 1},{video + 1},{1_000_000 + 80_000_000 * trial},"
        + ",".join(f"{x:g}" for x in labels[video])
        + ",3"
        for trial, video in enumerate(shown)
    ]
