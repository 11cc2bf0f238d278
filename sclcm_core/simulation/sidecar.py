"""The note that lies beside simulated files and says what they are."""

from __future__ import annotations

from pathlib import Path

from sclcm_core.simulation.settings import HeadSettings

SIDECAR = "SIMULATED.txt"
"""Name of the note; a folder that holds it holds no recording of a person."""


def mark_simulated(folder: Path, data_dir: Path, settings: HeadSettings, seed: int) -> None:
    """Put the note into a data set and into its folder of signals.

    Parameters
    ----------
    folder, data_dir : Path
        The folders.
    settings : HeadSettings
        Which effects there are, and how strong.
    seed : int
        What the random numbers began from.
    """
    text = (
        "The signals in this folder were simulated; nobody was recorded.\n"
        f"seed = {seed}\nclass_effect = {settings.class_effect:g}\nstimulus_effect = {settings.stimulus_effect:g}\n"
        f"subject_effect = {settings.subject_effect:g}\n"
    )
    for place in (folder, data_dir):
        (place / SIDECAR).write_text(text, encoding="utf-8")
