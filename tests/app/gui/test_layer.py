import pytest
from PyQt5.QtCore import QRect
from PyQt5.QtGui import QColor, QPainter
from PyQt5.QtWidgets import QWidget

from app.gui.layer import Layer
from tests.app.gui.pixels import is_colour, pixels

pytestmark = pytest.mark.gui


class Card(QWidget):
    """Shows a layer that depends on a word."""

    def __init__(self):
        super().__init__()
        self.word, self.painted, self.place = "first", [], None
        self.layer = Layer(self)

    def paintEvent(self, event):  # noqa: N802 - Qt's name
        self.layer.show(QPainter(self), self.word, self._paint, fill=QColor("#102030"), place=self.place)

    def _paint(self, painter):
        self.painted.append(self.word)
        painter.fillRect(40, 10, 20, 20, QColor("#ff0000"))


@pytest.fixture
def card(qtbot):
    shown = Card()
    qtbot.addWidget(shown)
    shown.resize(100, 60)
    return shown


def test_a_layer_is_painted_again_only_when_what_it_depends_on_or_its_size_changes(card):
    for _ in range(3):
        card.grab()
    card.word = "second"
    card.grab()
    card.resize(120, 60)
    card.grab()
    assert card.painted == ["first", "second", "second"]


def test_a_layer_of_a_part_lies_where_it_was_painted(card):
    card.place = QRect(30, 0, 50, 40)
    shown = pixels(card.grab())
    assert is_colour(shown[10:30, 40:60], "#ff0000").all()
    assert is_colour(shown[0:10, 30:80], "#102030").all()
    assert not is_colour(shown[:, :30], "#102030").any()


def test_a_layer_covers_the_last_row_and_column_where_the_screen_has_a_fraction_of_a_pixel_more(card, monkeypatch):
    monkeypatch.setattr(card, "devicePixelRatioF", lambda: 1.04)
    card.resize(105, 60)  # 109.2 by 62.4 pixels
    card.grab()
    assert (card.layer._kept.width(), card.layer._kept.height()) == (110, 63)
