"""EEG During Mental Arithmetic Tasks (PhysioNet): rest against serial subtraction. The label is workload, never emotion."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from offline.datasets.dataset import LabelledRecording, Source, natural_key
from offline.datasets.local_dataset import LocalDataset
from sclcm_core.errors import DatasetError
from sclcm_core.recordings import read_recording

_FILE = re.compile(r"Subject(\d+)_([12])\.edf")
_STIMULI = ("rest", "arithmetic")
_SFREQ = 500.0
_N_CHANNELS = 21


@dataclass(frozen=True)
class Eegmat(LocalDataset):
    """EEG During Mental Arithmetic Tasks 1.0.0.

    ``SubjectNN_1.edf`` is rest (80-188 s, label 0), ``SubjectNN_2.edf`` the serial subtraction (about 62 s, label 1); 500 Hz,
    19 EEG channels with the old names (``EEG T3`` = T7), A2-A1 and ECG.

    Parameters
    ----------
    baseline_s : float
        Leading seconds of the rest that serve as the subject's own baseline and are neither trained nor tested on.

    Notes
    -----
    Each label has exactly one "stimulus" (doing nothing, or subtracting), so stimulus and label cannot be told apart here and a
    stimulus-disjoint split is impossible. Rest always precedes the task: what drifts with time is confounded with the label.

    Source: Zyma et al. 2019, doi:10.3390/data4010014.
    """

    baseline_s: float = 60.0

    name = "eegmat"
    title = "EEG During Mental Arithmetic Tasks 1.0.0"
    licence = "ODC-By 1.0"
    attribution = (
        "Zyma I, Tukaev S, Seleznov I, et al. Electroencephalograms during Mental Arithmetic Task Performance. "
        "Data 4(1):14, 2019, doi:10.3390/data4010014. "
        "Goldberger A, et al. PhysioBank, PhysioToolkit, and PhysioNet. Circulation 101(23):e215-e220, 2000."
    )
    where = "download it freely from PhysioNet: https://physionet.org/content/eegmat/1.0.0/."
    target = "workload"
    class_names = ("rest", "mental arithmetic")
    default_root = Path("data/eegmat")

    @property
    def passband(self) -> tuple[float, float]:
        """The authors' filters left 0.5 to 45 Hz."""
        return (0.5, 45.0)

    def sources(self, root: Path | None) -> Sequence[Source]:
        """Return rest and task of every subject; both must be there."""
        folder = self.require_root(root)
        found = {match.groups(): path for path in folder.iterdir() if (match := _FILE.fullmatch(path.name))}
        if not found:
            raise self.error(f"The folder '{folder}' holds no files like Subject00_1.edf.")
        for subject in {number for number, _ in found}:
            for part, meaning in zip("12", self.class_names, strict=True):
                if (subject, part) not in found:
                    raise self.error(f"'Subject{subject}_{part}.edf' ({meaning}) is missing in '{folder}'.")
        return [self._source(found[key]) for key in sorted(found, key=lambda key: natural_key("_".join(key)))]

    def _source(self, path: Path) -> Source:
        subject = path.stem.removeprefix("Subject").split("_")[0]
        return Source(path.stem, subject, paths=(path,))

    def read(self, source: Source) -> Iterator[LabelledRecording]:
        """Read one file."""
        (path,) = source.paths
        recording = read_recording(path)
        spec = recording.spec
        if spec.sfreq != _SFREQ or spec.n_channels != _N_CHANNELS:
            raise DatasetError(
                f"'{path}' has {spec.n_channels} channels at {spec.sfreq:g} Hz; EEGMAT has {_N_CHANNELS} at {_SFREQ:g} Hz.",
                f"Replace the file by the original: {self.where}",
            )
        label = int(path.stem[-1]) - 1
        stimulus = _STIMULI[label]
        baseline_s = self.baseline_s if label == 0 else 0.0
        yield LabelledRecording(recording, str(source.subject), 1, stimulus, stimulus, label, baseline_s)
