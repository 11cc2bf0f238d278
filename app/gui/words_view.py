"""Words that the user types, and how well the EEG matches them."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import QRectF, QSize
from PyQt5.QtGui import QFont, QPainter, QPaintEvent
from PyQt5.QtWidgets import QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from app.gui.errand import Errand
from app.gui.history import History
from app.gui.painting import CENTRE, RIGHT, line, pill, write
from app.gui.session_like import SessionLike
from app.gui.theme import DARK, Theme, colour, font
from app.gui.view import View
from sclcm_core.inference.words import WordMatch, WordMatcher, WordTable, split_words
from sclcm_core.types import Prediction

FIRST_WORDS = 6
TALLEST_ROW = 34.0
NO_WORDS = "This model matches no words. Models that do are trained with the method 'eegclip'."
LEGEND = "cosine of EEG and word; a full bar is 0.5 · ∗ stood in no training caption"
FULL_BAR = 0.5
"""Cosine at which a bar ends: in a space of many dimensions even the right word is far from 1."""


class WordsView(View):
    """A bar for each word: right where the EEG is like it, left where it is unlike it."""

    key = "words"
    title = "Words"
    summary = "How well the newest window matches words that you type; needs a model that shares a space with text."
    pace_hz = 5.0

    def __init__(self, session: SessionLike, history: History, parent: QWidget | None = None) -> None:
        super().__init__(session, history, parent)
        stats = session.manifest.words
        self.table: WordTable | None = stats.table() if stats else None
        self.matcher = WordMatcher(self.table, smoothing_s=session.manifest.smoothing_s) if self.table else None
        self.matches: tuple[WordMatch, ...] = ()
        self._errand: Errand | None = None
        self.line = QLineEdit(self)
        self.line.setPlaceholderText("Type words, with commas between: calm, thrilled")
        self.line.setAccessibleName("Words to match")
        self.line.setEnabled(self.table is not None)
        self.line.returnPressed.connect(lambda: self.choose(split_words(self.line.text())))
        self.bars = _Bars(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 0, 10, 4)
        layout.addWidget(self.line)
        layout.addWidget(self.bars, 1)
        if self.table:
            self.choose(self.table.words[:FIRST_WORDS])

    @property
    def opens_itself(self) -> bool:
        """Whether the model has words to show."""
        return self.table is not None

    def choose(self, words: Sequence[str]) -> None:
        """Match other words; those that are not stored are encoded outside the GUI's thread."""
        if self.matcher is None or self.table is None:
            return
        self.line.setText(", ".join(words))
        if all(word in self.table.words for word in words):
            self._take(words)
            return
        self.bars.say(f"Reading {', '.join(word for word in words if word not in self.table.words)} …")
        table = self.table
        self._errand = Errand(lambda: [table.vector(word) for word in words], self)
        self._errand.start(lambda _: self._take(words), self.bars.say)

    def _take(self, words: Sequence[str]) -> None:
        if self.matcher is not None:
            self.matcher.choose(words)
            self.matches = ()
            self.bars.say("")
            if self.history.newest is not None:
                self.take_prediction(self.history.newest)

    def take_prediction(self, prediction: Prediction) -> None:
        """Match a prediction."""
        if self.matcher is not None:
            self.matches = self.matcher.push(prediction)

    def refresh(self) -> None:
        """Show the newest matches."""
        if self.matcher is None:
            self.bars.show_text(NO_WORDS)
        elif not self.matches:
            newest = self.history.newest
            self.bars.show_text(newest.withheld if newest and newest.withheld else "Waiting for the first window")
        else:
            self.bars.show_matches(self.matches)

    def apply_theme(self, theme: Theme) -> None:
        """Take on a look."""
        super().apply_theme(theme)
        self.bars.theme = theme
        self.bars.update()

    def surface(self) -> QWidget:
        """Return the bars."""
        return self.bars

    def heading(self) -> str:
        """Say what is best matched."""
        if not self.matches:
            return self.title
        best = max(self.matches, key=lambda match: match.similarity)
        return f"{self.title} · most like “{best.word}”"


class _Bars(QWidget):
    """The painting: one row a word."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._matches: tuple[WordMatch, ...] = ()
        self._text = self._note = ""
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return how small the painting may become."""
        return QSize(120, 40)

    def say(self, note: str) -> None:
        """Show a note under the bars; an empty one gives the place back to the legend."""
        self._note = note
        self.update()

    def show_text(self, text: str) -> None:
        """Show a text instead of bars."""
        if (text, ()) != (self._text, self._matches):
            self._text, self._matches = text, ()
            self.update()

    def show_matches(self, matches: tuple[WordMatch, ...]) -> None:
        """Show bars."""
        if matches != self._matches:
            self._text, self._matches = "", matches
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint the rows, and the legend or the note below them."""
        painter, theme = QPainter(self), self.theme
        painter.setRenderHint(QPainter.Antialiasing)
        painter.fillRect(event.rect(), colour(theme.card))
        footer = QRectF(0, self.height() - 20, self.width(), 18)
        shade = theme.warn if self._note else theme.faint
        write(painter, footer, self._note or (LEGEND if self._matches else ""), font(theme, 11), colour(shade), align=CENTRE)
        place = QRectF(0, 4, self.width(), self.height() - 28)
        if self._text:
            write(painter, place, self._text, font(theme, 12), colour(theme.faint), align=CENTRE)
            return
        step = min(TALLEST_ROW, place.height() / max(1, len(self._matches)))
        best = max((match.similarity for match in self._matches), default=0.0)
        for k, match in enumerate(self._matches):
            row = QRectF(place.left(), place.top() + k * step, place.width(), step)
            self._paint_row(painter, row, match, is_best=match.similarity == best)

    def _paint_row(self, painter: QPainter, row: QRectF, match: WordMatch, *, is_best: bool) -> None:
        theme, label = self.theme, 0.34 * row.width()
        face = font(theme, 13, QFont.DemiBold) if is_best else font(theme, 13)
        name = f"{match.word} ∗" if match.is_new else match.word
        shade = colour(theme.text if is_best else theme.muted)
        write(painter, QRectF(row.left(), row.top(), label - 8, row.height()), name, face, shade, align=RIGHT)
        track = QRectF(row.left() + label, row.center().y() - 4, row.width() - label - 52, 8)
        if track.width() > 10:
            pill(painter, track, colour(theme.raised))
            reach = max(-1.0, min(1.0, match.similarity / FULL_BAR)) * track.width() / 2
            middle = track.center().x()
            bar = QRectF(min(middle, middle + reach), track.top(), abs(reach), 8)
            painter.fillRect(bar, colour(theme.accent if match.similarity > 0 else theme.faint))
            line(painter, (middle, track.top() - 3), (middle, track.bottom() + 3), colour(theme.border))
        number = f"{match.similarity:+.2f}".replace("-", "−")
        write(painter, QRectF(row.right() - 48, row.top(), 46, row.height()), number, font(theme, 12), shade, align=RIGHT)
