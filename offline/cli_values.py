"""What the options of the command line may be: each function reads a text, or tells argparse why it cannot."""

from __future__ import annotations

import argparse


def whole_numbers(text: str) -> list[int]:
    """Return whole numbers that commas part, or refuse the text."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no list of whole numbers. Part them by commas, such as 1,2,3") from None


def numbers(text: str) -> list[float]:
    """Return numbers that commas part, or refuse the text."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no list of numbers. Part them by commas, such as 0.1,0.5,1") from None
