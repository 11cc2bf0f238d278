"""The order of channels in which neighbours on the scalp are neighbours in the array."""

from __future__ import annotations

from collections.abc import Iterable

from sclcm_core.montage import GRID_9X9, canonical_name, positions


def serpentine(ch_names: Iterable[str]) -> list[str]:
    """Order channels row by row from front to back, every second row backwards.

    Parameters
    ----------
    ch_names : iterable of str
        Channel names; aliases are understood.

    Returns
    -------
    list of str
        The same names, so that a kernel over columns sees neighbouring electrodes. Electrodes that are not on the grid stand
        where their row would be.

    Examples
    --------
    >>> serpentine(["O1", "O2", "C3", "Cz", "C4", "F3", "F4", "Fp2", "Fp1"])
    ['Fp1', 'Fp2', 'F4', 'F3', 'C3', 'Cz', 'C4', 'O2', 'O1']
    """
    names = list(ch_names)
    rows: dict[int, list[str]] = {}
    for name in names:
        rows.setdefault(_row(name), []).append(name)
    right = dict(zip(names, positions(names)[:, 0].tolist(), strict=True))
    out: list[str] = []
    for count, row in enumerate(sorted(rows)):
        out += sorted(rows[row], key=lambda name: right[name], reverse=count % 2 == 1)
    return out


def _row(name: str) -> int:
    standard = canonical_name(name)
    if standard is None:
        raise ValueError(f"'{name}' names no electrode, so it has no place on the scalp.")
    for index, row in enumerate(GRID_9X9):
        if standard in row:
            return index
    front = positions([standard])[0, 1]
    fronts = [positions([electrode for electrode in row if electrode])[:, 1].mean() for row in GRID_9X9]
    return min(range(len(fronts)), key=lambda index: abs(fronts[index] - front))
