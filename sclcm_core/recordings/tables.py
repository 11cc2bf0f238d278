"""Tables in text files: rows of numbers under names."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sclcm_core.types import Float64Array

_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Table:
    """Columns of numbers.

    Parameters
    ----------
    names : tuple of str
        Names of the columns.
    values : ndarray of float64, shape (n_rows, n_columns)
        The numbers; NaN where there was none.
    texts : dict of str to list of str
        Columns that hold words rather than numbers; all NaN in `values`.
    notes : tuple of str
        What the user should know.
    """

    names: tuple[str, ...]
    values: Float64Array
    texts: dict[str, list[str]]
    notes: tuple[str, ...] = ()

    def column(self, name: str) -> Float64Array:
        """Return a column, shape (n_rows,), by its name, in the unit of the file."""
        return np.asarray(self.values[:, self.names.index(name)])


def split_row(line: str, delimiter: str) -> list[str]:
    """Split a row into its fields.

    Parameters
    ----------
    line : str
        The row.
    delimiter : str
        What stands between fields.

    Examples
    --------
    >>> split_row('1, 2,"3"', ",")
    ['1', '2', '3']
    """
    return [field.strip().strip('"').strip() for field in line.split(delimiter)]


def parse_table(header: str, rows: Sequence[str]) -> Table:
    """Parse the rows of a table.

    Parameters
    ----------
    header : str
        The row of names.
    rows : sequence of str
        The rows of values. A last row with too few fields, as after a crash of the recorder, is left out with a note.

    Returns
    -------
    Table
        The table. It raises ValueError when there are no rows.

    Examples
    --------
    >>> parse_table("t,T7", ["0,1.5", "1,2.5"]).values
    array([[0. , 1.5],
           [1. , 2.5]])
    """
    delimiter = max(_DELIMITERS, key=header.count)
    names = tuple(split_row(header, delimiter))
    kept = [row for row in rows if row.strip()]
    notes = []
    if kept and kept[-1].count(delimiter) < len(names) - 1:
        kept = kept[:-1]
        notes.append("The last row is incomplete and is left out.")
    if not kept:
        raise ValueError("it has a header but no rows")
    if delimiter == ";" and "." not in kept[0]:
        kept = [row.replace(",", ".") for row in kept]
    values = _fast(kept, delimiter, len(names))
    if values is not None:
        return Table(names, values, {}, tuple(notes))
    return _careful(kept, delimiter, names, notes)


def _fast(rows: list[str], delimiter: str, n_columns: int) -> Float64Array | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.loadtxt(rows, delimiter=delimiter, ndmin=2, usecols=range(n_columns), comments=None)
    except ValueError:
        return None


def _careful(rows: list[str], delimiter: str, names: tuple[str, ...], notes: list[str]) -> Table:
    """Parse field by field: a field that is no number is NaN, a column with hardly any number is text."""
    cells = [split_row(row, delimiter) for row in rows]
    columns = list(zip(*(row[: len(names)] + [""] * (len(names) - len(row)) for row in cells), strict=True))
    values = np.array([[_number(field) for field in column] for column in columns]).T
    numeric = np.isfinite(values).mean(axis=0) >= 0.5
    texts = {name: list(columns[k]) for k, name in enumerate(names) if not numeric[k]}
    values[:, ~numeric] = np.nan
    n_bad = int(np.count_nonzero(np.isnan(values[:, numeric])))
    if n_bad:
        notes.append(f"{n_bad} fields hold no number; they are marked as lost.")
    return Table(names, values, texts, tuple(notes))


def _number(field: str) -> float:
    try:
        return float(field)
    except ValueError:
        return float("nan")
