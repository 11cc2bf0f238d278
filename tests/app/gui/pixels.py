"""Pictures as arrays."""

from __future__ import annotations

import numpy as np
from PyQt5.QtGui import QColor, QImage, QPixmap


def pixels(picture: QPixmap | QImage) -> np.ndarray:
    """Return a picture as (height, width, 3) numbers 0..255: red, green, blue."""
    image = picture.toImage() if isinstance(picture, QPixmap) else picture
    image = image.convertToFormat(QImage.Format_RGB32)
    memory = image.constBits()
    memory.setsize(image.sizeInBytes())
    rows = np.frombuffer(memory, np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return rows[:, : image.width(), 2::-1].astype(np.int16).copy()


def is_colour(shown: np.ndarray, text: str, tolerance: int = 6) -> np.ndarray:
    """Return where a picture has a colour, (height, width) bool."""
    wanted = QColor(text)
    return (np.abs(shown - np.array([wanted.red(), wanted.green(), wanted.blue()])) <= tolerance).all(axis=-1)
