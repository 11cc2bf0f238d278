"""SEED-IV: seventy-two film clips of four emotions (Zheng et al. 2019)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from offline.datasets.dataset import LabelledRecording, Source
from offline.datasets.dated_files import DatedFile, dated_files, warn_of_counts
from offline.datasets.local_dataset import LocalDataset
from offline.datasets.seed import SEED_WHERE, numbered_trials, subfolder

N_CLIPS = 24
CLIP_LABELS = (
    (1, 2, 3, 0, 2, 0, 0, 1, 0, 1, 2, 1, 1, 1, 2, 3, 2, 2, 3, 3, 0, 3, 0, 3),
    (2, 1, 3, 0, 0, 2, 0, 2, 3, 3, 2, 3, 2, 0, 1, 1, 2, 1, 0, 3, 0, 1, 3, 1),
    (1, 2, 2, 1, 3, 3, 3, 1, 1, 2, 1, 0, 2, 3, 3, 0, 2, 3, 0, 0, 2, 0, 1, 0),
)
"""Emotion of each clip of each session, from the read-me of the data set; the files do not hold it."""

SEED_IV_ATTRIBUTION = (
    "Zheng W-L, Liu W, Lu Y, Lu B-L, Cichocki A. EmotionMeter: A Multimodal Framework for Recognizing Human Emotions. "
    "IEEE Trans. Cybernetics 49(3):1110-1122, 2019, doi:10.1109/TCYB.2018.2797176."
)


@dataclass(frozen=True)
class SeedIV(LocalDataset):
    """SEED-IV's ``eeg_raw_data``: 15 subjects, 3 sessions of 24 other clips each; 62 channels at 200 Hz.

    Files ``<session>/<subject>_<YYYYMMDD>.mat`` hold 24 variables that end in ``_eeg1`` to ``_eeg24``.

    Notes
    -----
    Source: Zheng et al. 2019, doi:10.1109/TCYB.2018.2797176.
    """

    name = "seed-iv"
    title = "SEED-IV"
    licence = "SEED licence form; research only, no redistribution"
    attribution = SEED_IV_ATTRIBUTION
    where = SEED_WHERE
    class_names = ("neutral", "sad", "fear", "happy")
    default_root = Path("data/SEED_IV")

    def sources(self, root: Path | None) -> Sequence[Source]:
        """Return every session of every subject."""
        folder = subfolder(self.require_root(root), "eeg_raw_data")
        return session_sources(folder, self)

    def read(self, source: Source) -> Iterator[LabelledRecording]:
        """Read the 24 trials of a session, one at a time."""
        (path,) = source.paths
        for number, trials in numbered_trials(path, N_CLIPS, self):
            name = clip_name(source.session, number)
            label = CLIP_LABELS[source.session - 1][number - 1]
            yield LabelledRecording(trials.choose(str(number)), str(source.subject), source.session, name, name, label)


def clip_name(session: int, number: int) -> str:
    """Return the name of a clip; every session has clips of its own.

    Parameters
    ----------
    session : int
        From 1.
    number : int
        Number of the clip in the session, from 1.

    Examples
    --------
    >>> clip_name(2, 7)
    's2clip07'
    """
    return f"s{session}clip{number:02d}"


def session_sources(folder: Path, dataset: LocalDataset) -> list[Source]:
    """List the files of the session folders 1, 2 and 3.

    Parameters
    ----------
    folder : Path
        What holds the session folders.
    dataset : LocalDataset
        For the text of errors.

    Returns
    -------
    list of Source
        By subject, then session.
    """
    found: list[tuple[int, DatedFile]] = []
    for session in range(1, len(CLIP_LABELS) + 1):
        if not (folder / str(session)).is_dir():
            raise dataset.error(f"'{folder}' holds no session folder '{session}'.")
        found += [(session, file) for file in dated_files(folder / str(session), dataset)]
    visits = Counter(file.subject for _, file in found)
    warn_of_counts(dataset.title, folder / "1", visits, 15, len(CLIP_LABELS))
    order = {subject: rank for rank, subject in enumerate(visits)}
    found.sort(key=lambda item: (order[item[1].subject], item[0]))
    return [Source(f"{session}_{file.path.stem}", file.subject, session, (file.path,)) for session, file in found]
