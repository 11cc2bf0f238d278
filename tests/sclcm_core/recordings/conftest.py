"""One short recording in every format."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from tests.sclcm_core.recordings.forge import (
    CHANNELS,
    MARKERS,
    SFREQ,
    csv_text,
    edf_bytes,
    even_stamps,
    openbci_text,
    small_samples,
    write_brainvision,
    write_fif,
    write_set,
    xdf_bytes,
)


@pytest.fixture(scope="session")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The small recording in every format that can be written here, by suffix."""
    folder, samples = tmp_path_factory.mktemp("small"), small_samples()
    contents = {
        ".edf": edf_bytes(samples),
        ".bdf": edf_bytes(samples, n_bytes=3),
        ".xdf": xdf_bytes(samples, even_stamps()),
        ".csv": csv_text(samples, even_stamps()).encode(),
        ".tsv": csv_text(samples, even_stamps()).replace(",", "\t").encode(),
        ".txt": openbci_text(samples).encode(),
        ".dat": pickle.dumps(
            {"data": np.zeros((2, 40, 512)) + np.pad(samples.T, ((0, 37), (0, 0))), "labels": np.full((2, 4), 5.0)}, 2
        ),
    }
    contents |= {".xdf.gz": gzip.compress(contents[".xdf"]), ".xdfz": gzip.compress(contents[".xdf"])}
    files = {suffix: folder / f"small{suffix}" for suffix in contents}
    for suffix, content in contents.items():
        files[suffix].write_bytes(content)
    files[".vhdr"] = write_brainvision(folder, samples)
    files[".set"] = write_set(folder / "small.set", samples)
    files[".fif"] = write_fif(folder / "small_raw.fif", samples)
    files[".fif.gz"] = write_fif(folder / "small_raw.fif.gz", samples)
    files[".npz"] = folder / "small.npz"
    np.savez(
        files[".npz"], samples=samples, sfreq=SFREQ, ch_names=np.array(CHANNELS),
        marker_t=np.array([t for t, _ in MARKERS]), marker_text=np.array([text for _, text in MARKERS]),
    )  # fmt: skip
    files[".mat"] = folder / "1_20131027.mat"
    trials = {f"abc_eeg{k}": np.pad(samples.T, ((0, 59), (0, 0))) + k for k in (10, 2, 1)}
    scipy.io.savemat(files[".mat"], trials, do_compression=True)
    return files
