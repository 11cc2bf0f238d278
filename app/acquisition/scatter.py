"""Median and scatter of a few numbers, without an array: for so few an array costs more than the sum."""

from __future__ import annotations

from collections.abc import Iterable


def middle(ordered: list[float]) -> float:
    """Return the median of sorted values.

    Examples
    --------
    >>> middle([1.0, 2.0, 4.0, 9.0])
    3.0
    """
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else 0.5 * (ordered[half - 1] + ordered[half])


def scatter(values: Iterable[float]) -> float:
    """Return 1.4826 times the median absolute deviation, in the unit of the values.

    Notes
    -----
    That is the standard deviation of normal values, and outliers do not move it (Rousseeuw & Croux 1993,
    doi:10.1080/01621459.1993.10476408).
    """
    ordered = sorted(values)
    centre = middle(ordered)
    return 1.4826 * middle(sorted(abs(value - centre) for value in ordered))
