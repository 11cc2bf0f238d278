"""What the options of the command line may be: each function reads a text, or tells argparse why it cannot."""

from __future__ import annotations

import argparse


def number(text: str) -> float:
    """Return the number that a text says; one that lies nowhere when it says none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def positive(text: str) -> float:
    """Return a positive, finite number, or refuse the text."""
    value = number(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive number")
    return value


def share(text: str) -> float:
    """Return a share between 0 and 1, or refuse the text."""
    value = number(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 0 and 1")
    return value


def pace(text: str) -> float:
    """Return a pace at which a recording can be played."""
    from app.acquisition.transport import check_speed

    try:
        return check_speed(float(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no number from 0.25 to 20") from None


def speed(text: str) -> float:
    """Return a pace; 'max' is infinity."""
    if text == "max":
        return float("inf")
    try:
        return pace(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, nor 'max'") from None
