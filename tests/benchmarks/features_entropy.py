"""Differential entropy of a SEED-like recording against what the field uses, both sides in this run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.signal import butter, filtfilt, lfilter, stft

from sclcm_core.bands import SEED_BANDS
from sclcm_core.features.differential_entropy import differential_entropy
from sclcm_core.features.extractor import extract, stack
from sclcm_core.features.spec import FeatureSpec
from sclcm_core.montage import SEED_CHANNELS
from tests.benchmarks.row import Row, interleaved

SFREQ = 200.0
TRIAL_S = 120
FEW_WINDOWS = 2
HOUR_S = 3600
BATCH = 8
LIBEER = "LibEER's de_extraction, rewritten"
WELCH = "MNE's psd_array_welch and logarithm"
WELCH_SINGLE = "the same, fed single precision"
REDUCED = "LibEER's de_reduced_extraction, rewritten, in double precision, where it is faster"

Transform = Callable[[np.ndarray], np.ndarray]


def rows() -> list[Row]:
    """Measure."""
    samples = np.random.default_rng(0).standard_normal((TRIAL_S * 200, 62)).cumsum(axis=0)
    samples -= samples.mean(axis=0) + (samples - samples.mean(axis=0))[0]
    torcheeg, name = torcheeg_entropy()
    check_torcheeg_agrees(samples, torcheeg)
    check_libeer_agrees(samples)
    single = samples.astype(np.float32)
    trial = np.ascontiguousarray(samples.T)
    single_rows = np.ascontiguousarray(single.T)

    def ours(kind: str) -> Callable[[], object]:
        spec = FeatureSpec(kind=kind, ch_names=SEED_CHANNELS, sfreq=SFREQ, hop_s=1.0)  # type: ignore[arg-type]
        return lambda: extract(spec, single, SFREQ)

    def spectral() -> np.ndarray:
        return entropy_of_windows(trial.reshape(62, TRIAL_S, 200).swapaxes(0, 1))

    def recorded() -> np.ndarray:
        return entropy_of_windows(single.reshape(TRIAL_S, 200, 62).swapaxes(1, 2))

    def few_of(transform: Transform) -> None:
        for start in range(0, FEW_WINDOWS * 200, 200):
            transform(trial[:, start : start + 200])

    def few() -> None:
        few_of(torcheeg)

    for mine in (spectral(), recorded()):
        np.testing.assert_allclose(mine, welch_entropy(trial), atol=1e-4)
    scaled = f"{FEW_WINDOWS} windows scaled up"
    one_by_one = f"{name}, {scaled}"
    return [
        _row("band-pass and variance", ours("de_bandpass"), few, FEW_WINDOWS, 1 / 120, one_by_one),
        _row("spectral, trial in, DE of its windows out", spectral, few, FEW_WINDOWS, 1 / 1000, one_by_one),
        _row("spectral, whole extractor", ours("de"), lambda: libeer_entropy(trial), TRIAL_S, 1 / 3, LIBEER),
        _row("spectral, single precision as recorded", recorded, lambda: libeer_reduced(trial), TRIAL_S, 1 / 3, REDUCED),
        _row("spectral, the same numbers", spectral, lambda: welch_entropy(trial), TRIAL_S, 1 / 3, WELCH),
        _row(
            "spectral, single precision as recorded", recorded, lambda: welch_entropy(single_rows), TRIAL_S, 1 / 3, WELCH_SINGLE
        ),
        *(
            _row("spectral, the same numbers", spectral, partial(few_of, powers), FEW_WINDOWS, 1 / 3, f"{package}, {scaled}")
            for package, powers in installed_powers()
        ),
    ]


def entropy_of_windows(windows: np.ndarray) -> np.ndarray:
    """Compute ours in batches that a core's memory holds: (n, 62, 200) to (n, 5, 62)."""
    return np.concatenate(
        [differential_entropy(windows[k : k + BATCH], SFREQ, SEED_BANDS) for k in range(0, len(windows), BATCH)]
    )


def installed_powers() -> list[tuple[str, Transform]]:
    """Return the band powers of other packages that are installed here: (62, 200) to powers, one window at a time."""
    edges = np.array([SEED_BANDS[0].low, *(band.high for band in SEED_BANDS)])
    try:
        from mne_features.univariate import compute_pow_freq_bands  # type: ignore[import-not-found]
    except ImportError:
        return []
    return [("mne-features' pow_freq_bands", lambda w: compute_pow_freq_bands(SFREQ, w, freq_bands=edges, normalize=False))]


def _row(
    what: str, ours: Callable[[], object], reference: Callable[[], object], reference_s: int, target: float, name: str
) -> Row:
    """Time both in turn; scale both to an hour. Ours is the whole extractor (gaps, marks, windows, features) unless it says else."""
    mine, theirs = interleaved(ours, reference)
    label = f"DE of one hour, 62 channels at 200 Hz, 1-s windows, {what}"
    return Row(label, mine * HOUR_S / TRIAL_S, theirs * HOUR_S / reference_s, "s", target, name)


def torcheeg_entropy() -> tuple[Transform, str]:
    """Return TorchEEG's transform where it is installed, otherwise its published algorithm: (62, 200) to (62, 5) in bits."""
    try:
        from torcheeg.transforms import BandDifferentialEntropy  # type: ignore[import-not-found]
    except ImportError:
        return torcheeg_rewritten, "TorchEEG's BandDifferentialEntropy, rewritten"
    bands = {band.name: [band.low, band.high] for band in SEED_BANDS}
    transform = BandDifferentialEntropy(sampling_rate=200, band_dict=bands)
    return lambda window: transform(eeg=window)["eeg"], "TorchEEG's BandDifferentialEntropy"


def torcheeg_rewritten(window: np.ndarray) -> np.ndarray:
    """Design and run a filter for each channel, each band and each window anew, from rest."""
    out = np.empty((len(window), len(SEED_BANDS)))
    for k, band in enumerate(SEED_BANDS):
        for row, channel in enumerate(window):
            b, a = butter(5, (band.low * 2 / SFREQ, band.high * 2 / SFREQ), btype="band")
            out[row, k] = 0.5 * np.log2(2 * np.pi * np.e * np.var(lfilter(b, a, channel)))
    return out


def libeer_entropy(trial: np.ndarray) -> np.ndarray:
    """Filter the trial forward and backward band by band, then take the windows' variances in a loop; in bits."""
    out = np.zeros((trial.shape[1] // 200, len(trial), len(SEED_BANDS)))
    for k, band in enumerate(SEED_BANDS):
        b, a = butter(3, (band.low * 2 / SFREQ, band.high * 2 / SFREQ), "bandpass")
        filtered = filtfilt(b, a, trial)
        for row in range(len(out)):
            window = filtered[:, row * 200 : row * 200 + 200]
            out[row, :, k] = 0.5 * np.log2(2 * np.pi * np.e * np.var(window, axis=1, ddof=1))
    return out


def libeer_reduced(trial: np.ndarray) -> np.ndarray:
    """Take the mean square of the real part of a short-time Fourier transform over each band; log2 of a hundred times that."""
    frequencies, _, spectrum = stft(trial, fs=SFREQ, window="hamming", nperseg=200, noverlap=0, boundary=None)
    out = np.zeros((trial.shape[1] // 200, len(trial), len(SEED_BANDS)))
    for k, band in enumerate(SEED_BANDS):
        inside = np.where((frequencies >= band.low) & (frequencies <= band.high))[0]
        out[:, :, k] = np.log2(100 * np.mean(np.real(spectrum[:, inside]) ** 2, axis=1)).T[: len(out)]
    return out


def welch_entropy(trial: np.ndarray) -> np.ndarray:
    """Take MNE's power density of each second, of all channels at once, and sum it over the bands; in nats, (n, 5, 62)."""
    from mne.time_frequency import psd_array_welch

    density, frequencies = psd_array_welch(
        trial, SFREQ, fmin=1, fmax=50, n_fft=200, n_overlap=0, window="hann", average=None, verbose="ERROR"
    )
    inside = [(frequencies >= band.low) & (frequencies < band.high) for band in SEED_BANDS]
    variance = np.stack([density[:, mask].sum(axis=1) for mask in inside]).transpose(2, 0, 1)
    return np.asarray(0.5 * np.log(2 * np.pi * np.e * variance))


def check_torcheeg_agrees(samples: np.ndarray, torcheeg: Transform) -> None:
    """In the first window of a signal that starts at 0 both filters start from rest, and the numbers are the same."""
    spec = FeatureSpec(kind="de_bandpass", ch_names=SEED_CHANNELS, sfreq=SFREQ, hop_s=1.0)
    window = samples[:200] - samples[0]
    theirs = torcheeg(np.ascontiguousarray(window.T)).T * np.log(2)
    mine = stack(extract(spec, window, SFREQ))[0][0]
    np.testing.assert_allclose(mine[1:], theirs[1:], atol=1e-4)
    np.testing.assert_allclose(mine[0], theirs[0], atol=2e-2)  # delta: one polynomial of degree ten loses digits


def check_libeer_agrees(samples: np.ndarray) -> None:
    """Zero-phase band-pass and the causal one differ in time and in order, and mean the same."""
    spec = FeatureSpec(kind="de", ch_names=SEED_CHANNELS, sfreq=SFREQ, hop_s=1.0)
    theirs = libeer_entropy(np.ascontiguousarray(samples.T)).transpose(0, 2, 1) * np.log(2)
    mine = stack(extract(spec, samples, SFREQ))[0]
    assert np.abs(np.median(mine[:, 2:] - theirs[:, 2:])) < 0.3
