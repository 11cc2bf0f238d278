"""What a class means: its colour, its sign, and where it lies on the axes of feeling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.gui.theme import Theme
from sclcm_core.types import FloatArray


@dataclass(frozen=True, slots=True)
class Meaning:
    """What is known of a class name.

    Parameters
    ----------
    valence, arousal : float or None
        Place on the axes of feeling, -1..1 (Russell 1980, doi:10.1037/h0077714); None where it has none.
    sign : str
        A glyph that stands for the class beside its colour.
    """

    valence: float | None = None
    arousal: float | None = None
    sign: str = "●"


_KNOWN = {
    "negative": Meaning(-1.0, None, "▼"),
    "neutral": Meaning(0.0, None, "●"),
    "positive": Meaning(1.0, None, "▲"),
    "happy": Meaning(0.8, 0.5, "▲"),
    "sad": Meaning(-0.7, -0.5, "▼"),
    "fear": Meaning(-0.6, 0.7, "◆"),
    "disgust": Meaning(-0.7, 0.3, "■"),
    "calm": Meaning(0.6, -0.6, "○"),
    "low valence": Meaning(-1.0, None, "▼"),
    "high valence": Meaning(1.0, None, "▲"),
    "low arousal": Meaning(None, -1.0, "▼"),
    "high arousal": Meaning(None, 1.0, "▲"),
    "hvha": Meaning(0.7, 0.7, "▲"),
    "hvla": Meaning(0.7, -0.7, "○"),
    "lvha": Meaning(-0.7, 0.7, "◆"),
    "lvla": Meaning(-0.7, -0.7, "▼"),
    "rest": Meaning(sign="○"),
    "mental arithmetic": Meaning(sign="◆"),
}
_SIGNS = "●◆▲■▼○"


def meaning(class_name: str, index: int = 0) -> Meaning:
    """Return what a class means; a class nobody knows gets a sign by its place."""
    return _KNOWN.get(class_name.lower(), Meaning(sign=_SIGNS[index % len(_SIGNS)]))


def shown_name(class_name: str) -> str:
    """Return a class name as it is shown: with a capital when it has none, otherwise as the model writes it.

    Examples
    --------
    >>> shown_name("high valence"), shown_name("HVHA")
    ('High valence', 'HVHA')
    """
    return class_name[:1].upper() + class_name[1:] if class_name.islower() else class_name


def class_colours(theme: Theme, class_names: tuple[str, ...]) -> list[str]:
    """Return a colour for each class: by valence where all have one and no arousal, otherwise by place."""
    meanings = [meaning(name) for name in class_names]
    if all(m.valence is not None and m.arousal is None for m in meanings):
        by_sign = {-1: theme.valences[0], 0: theme.valences[1], 1: theme.valences[2]}
        return [by_sign[int(np.sign(m.valence or 0.0))] for m in meanings]
    return [theme.classes[k % len(theme.classes)] for k in range(len(class_names))]


def expected_place(class_names: tuple[str, ...], probabilities: FloatArray) -> tuple[float | None, float | None]:
    """Return the mean valence and arousal under the probabilities.

    Parameters
    ----------
    class_names : tuple of str
        Names of the classes.
    probabilities : ndarray, shape (n_classes,)
        Probabilities in 0..1.

    Returns
    -------
    valence, arousal : float or None
        In -1..1; None when some class has no place on the axis.
    """
    meanings = [meaning(name) for name in class_names]
    places: list[float | None] = []
    for axis in ("valence", "arousal"):
        values = [getattr(m, axis) for m in meanings]
        known = all(v is not None for v in values)
        places.append(float(np.dot(np.array(values, dtype=np.float64), probabilities)) if known else None)
    return places[0], places[1]
