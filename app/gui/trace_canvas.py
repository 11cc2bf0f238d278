"""The paper on which the traces are drawn."""

from __future__ import annotations

from collections import deque

import numpy as np
from PyQt5.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PyQt5.QtGui import QFont, QPainter, QPaintEvent, QResizeEvent
from PyQt5.QtWidgets import QWidget

from app.gui.flags import Flag, Flags
from app.gui.lanes import Channel, lay_out
from app.gui.painting import CENTRE, RIGHT, line, write
from app.gui.sweep import CURSOR_GAP, Sweep, SweepStyle, put_part
from app.gui.theme import DARK, Theme, colour, font
from app.gui.trace_feed import DISPLAY_FILTERS, DisplayFilter, TraceFeed
from sclcm_core.streaming.ring_buffer import RingBuffer
from sclcm_core.types import Marker

GUTTER, FOOT, EDGE = 46, 22, 12
SCALES_UV = (5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0)
SPANS_S = (2.0, 5.0, 10.0, 20.0, 30.0)


class TraceCanvas(QWidget):
    """Draws the newest seconds of some channels; repaints only the columns that are new.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WA_OpaquePaintEvent)
        self.setAccessibleName("EEG traces")
        self.theme: Theme = DARK
        self.channels: tuple[Channel, ...] = ()
        self.visible_s = 10.0
        self.uv_per_lane = 50.0
        self.choice: DisplayFilter = DISPLAY_FILTERS[0]
        self.scrolls = False
        self.held_at: int | None = None
        self._buffer: RingBuffer | None = None
        self._sfreq = 0.0
        self._sweep: Sweep | None = None
        self._feed: TraceFeed | None = None
        self._flags = Flags()
        self._plot = QRect()
        self._strip = QRect()
        self._unplaced: deque[Marker] = deque(maxlen=500)

    # -- what is shown ---------------------------------------------------------------------------------------------------------

    def show_stream(self, buffer: RingBuffer, sfreq: float, channels: tuple[Channel, ...]) -> None:
        """Draw these channels of a buffer from now on."""
        if buffer is not self._buffer:
            self._flags.clear()
            self.held_at = None
        self._buffer, self._sfreq, self.channels = buffer, sfreq, channels
        self.rebuild()

    def rebuild(self) -> None:
        """Begin the paper anew, and draw on it what is still held: after a change of size, scale, filter or colours."""
        self._sweep = self._feed = None
        self._plot = self.plot_rect()
        size = self._plot.size()
        if self._buffer is None or not self.channels or size.width() < 40 or size.height() < 20:
            self.update()
            return
        style = SweepStyle(self.theme.card, self.theme.grid, self.theme.gap, self.theme.bold_lines)
        lanes = lay_out(self.channels, size.height(), self.theme)
        n_visible = max(8, round(self.visible_s * self._sfreq))
        ratio = self.devicePixelRatioF()
        self._sweep = Sweep(
            size, ratio, lanes, n_visible=n_visible, sfreq=self._sfreq, uv_per_lane=self.uv_per_lane, style=style
        )
        self._feed = TraceFeed(self._buffer, self._sfreq, [c.column for c in self.channels], self.choice)
        head = self._shown_head()
        values, start = self._feed.read(max(0, head - n_visible + self._sweep.n_hidden), head)
        if len(values):
            self._sweep.advance(values, start)
        self._arrange_flags(self._sweep)
        self.update()

    def hold(self, head: int | None) -> None:
        """Stand still with this sample as the newest, or follow the stream again with None."""
        self.held_at = head
        self.rebuild()

    def advance(self) -> None:
        """Draw the samples that have come since the last call."""
        if self._sweep is None or self._feed is None or self._buffer is None or self.held_at is not None:
            return
        if self._unplaced:
            self._place_markers()
        sweep = self._sweep
        head, position = self._buffer.head, sweep.position
        if head == position:
            return
        if position < 0 or head - position >= sweep.n_visible:
            position = max(self._buffer.tail, head - sweep.n_visible + sweep.n_hidden)
        values, start = self._feed.read(position, head)
        if not len(values):
            return
        changed = sweep.advance(values, start)
        plot = self._plot
        if self._arrange_flags(sweep) or self.scrolls:
            self.update(plot)
            return
        self._strip = changed[0]
        for rect in changed:  # not `repaint`: it would hold the interpreter while it waits for the screen
            self.update(rect.translated(plot.topLeft()))

    def fit_scale(self) -> float:
        """Choose the scale at which the model's channels fill their lanes; return it in µV."""
        if self._buffer is None or not self.channels:
            return self.uv_per_lane
        feed = TraceFeed(self._buffer, self._sfreq, [c.column for c in self.channels], self.choice)
        head = self._shown_head()
        values, _ = feed.read(max(0, head - round(self.visible_s * self._sfreq)), head)
        finite = [np.abs(column[np.isfinite(column)]) for column in values.T]
        extents = [float(np.median(column)) for column in finite if len(column)]
        wanted = 7.0 * float(np.quantile(extents, 0.7)) if extents else self.uv_per_lane
        self.uv_per_lane = min(SCALES_UV, key=lambda scale: abs(np.log(scale / max(wanted, 1e-6))))
        self.rebuild()
        return self.uv_per_lane

    def add_marker(self, marker: Marker) -> None:
        """Draw a line with a text at the marker's time, as soon as the samples around it are there."""
        self._unplaced.append(marker)

    def apply_theme(self, theme: Theme) -> None:
        """Take on a look."""
        self.theme = theme
        self.rebuild()

    @property
    def flags(self) -> list[tuple[int, str]]:
        """The markers that have a place: (sample number, text)."""
        return [(flag.sample, flag.text) for flag in self._flags.held]

    def plot_rect(self) -> QRect:
        """Return where the traces are, in logical pixels."""
        return self.rect().adjusted(GUTTER, 2, -EDGE, -FOOT)

    def _shown_head(self) -> int:
        head = self._buffer.head if self._buffer else 0
        return head if self.held_at is None else min(head, self.held_at)

    def _place_markers(self) -> None:
        if self._buffer is None or self._buffer.head == 0 or self._sweep is None:
            return
        _, times, start = self._buffer.latest(min(self._buffer.capacity, 4 * self._sweep.n_visible))
        if not len(times):
            return
        for _ in range(len(self._unplaced)):
            marker = self._unplaced.popleft()
            if marker.t > times[-1]:
                self._unplaced.append(marker)
            elif marker.t >= times[0]:
                self._flags.add(Flag(start + int(np.searchsorted(times, marker.t)), marker.text))

    # -- painting --------------------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Begin anew at the new size."""
        self.rebuild()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Put the paper on the screen; what did not change is clipped away by Qt."""
        painter = QPainter(self)
        plot, dirty, sweep = self._plot, event.rect(), self._sweep
        if (
            sweep is not None
            and dirty == self._strip.translated(plot.topLeft())
            and self._paint_strip(painter, plot, dirty, sweep)
        ):
            return
        is_inside = plot.contains(dirty)
        if sweep is None or not is_inside:
            painter.fillRect(dirty, colour(self.theme.card))
        if sweep is None:
            self._paint_nothing(painter, plot)
            return
        self._paint_paper(painter, plot, dirty, sweep)
        self._flags.paint(painter, plot, dirty, self.theme)
        if not is_inside:
            self._paint_gutter(painter, plot)
            self._paint_foot(painter, plot)

    def _paint_strip(self, painter: QPainter, plot: QRect, dirty: QRect, sweep: Sweep) -> bool:
        """Put nothing but the newest columns on the screen; return whether that could be done."""
        painter.translate(plot.topLeft())
        is_done = not self._rolls() and sweep.paint_newest(painter, self._strip)
        if is_done:
            painter.fillRect(self._cursor(sweep) - 1, 0, 2, plot.height(), colour(self.theme.accent, 0.85))
        painter.translate(-plot.topLeft())
        if is_done and self._flags.held:
            painter.setRenderHint(QPainter.Antialiasing, False)
            self._flags.paint(painter, plot, dirty, self.theme)
        return is_done

    def _paint_paper(self, painter: QPainter, plot: QRect, dirty: QRect, sweep: Sweep) -> None:
        if not self._rolls():
            area = dirty.intersected(plot)
            put_part(painter, sweep.pixmap, area.translated(-plot.topLeft()), area.topLeft())
            painter.fillRect(plot.x() + self._cursor(sweep) - 1, plot.top(), 2, plot.height(), colour(self.theme.accent, 0.85))
            return
        painter.setClipRect(plot)
        cut = self._cursor(sweep)
        painter.drawPixmap(QPointF(plot.x() - cut, plot.y()), sweep.pixmap)
        painter.drawPixmap(QPointF(plot.x() - cut + plot.width(), plot.y()), sweep.pixmap)
        painter.fillRect(QRect(plot.x(), plot.y(), CURSOR_GAP + 1, plot.height()), colour(self.theme.card))
        painter.setClipping(False)

    def _rolls(self) -> bool:
        return self.scrolls or self.held_at is not None

    def _cursor(self, sweep: Sweep) -> int:
        return round(sweep.column(sweep.position)) if sweep.position >= 0 else 0

    def _arrange_flags(self, sweep: Sweep) -> bool:
        """Give the flags their places; return whether others than before are on the paper, or at other places."""
        if self._flags.is_bare:
            return False
        span = sweep.position - sweep.n_visible + sweep.n_hidden + 1, sweep.position + 1
        return self._flags.arrange(span, self.plot_rect(), self.theme, self._rolling if self._rolls() else sweep.column)

    def _rolling(self, index: int) -> float:
        """Return the column of a sample when the newest is on the right, in logical pixels from the left of the plot."""
        sweep = self._sweep
        return sweep.size.width() * (1.0 - (sweep.position - index) / sweep.n_visible) if sweep else 0.0

    def _paint_gutter(self, painter: QPainter, plot: QRect) -> None:
        if self._sweep is None:
            return
        for channel, lane in zip(self.channels, self._sweep.lanes, strict=True):
            size = min(12.0, max(7.0, lane.height * 0.8))  # so that no name lies upon the next
            weight = QFont.Bold if channel.feeds_model else QFont.Medium
            box = QRectF(0, plot.top() + lane.centre - 10, GUTTER - 9, 20)
            shade = lane.colour if channel.feeds_model else self.theme.muted
            write(
                painter,
                box,
                channel.name,
                font(self.theme, size + (1 if channel.feeds_model else 0), weight),
                colour(shade),
                align=RIGHT,
            )
        self._paint_scale(painter, plot)

    def _paint_scale(self, painter: QPainter, plot: QRect) -> None:
        """A bar that says how high so many µV are."""
        if self._sweep is None or not self._sweep.lanes:
            return
        height = min(lane.height for lane in self._sweep.lanes)
        x, bottom = plot.right() + 6.0, float(plot.bottom())
        top = max(plot.top(), bottom - height)
        shade = colour(self.theme.muted)
        line(painter, (x, top), (x, bottom), shade, 1.5)
        line(painter, (x - 3, top), (x + 3, top), shade, 1.5)
        line(painter, (x - 3, bottom), (x + 3, bottom), shade, 1.5)
        box = QRectF(plot.right() - 90, plot.bottom() + 4, 90 + EDGE, FOOT - 4)
        write(painter, box, f"{self.uv_per_lane:g} µV", font(self.theme, 11, QFont.DemiBold), shade, align=RIGHT)

    def _paint_foot(self, painter: QPainter, plot: QRect) -> None:
        step = 1.0 if self.visible_s <= 12 else 5.0
        small, shade = font(self.theme, 11), colour(self.theme.faint if self.theme.name == "dark" else self.theme.muted)
        k = 0.0
        while k <= self.visible_s + 1e-9:
            x = plot.x() + plot.width() * k / self.visible_s
            text = f"{k - self.visible_s:g}".replace("-", "−") if self._rolls() else f"{k:g}"
            if k > 0 and k < self.visible_s - 0.8 * step:
                write(
                    painter,
                    QRectF(x - 24, plot.bottom() + 4, 48, FOOT - 4),
                    text + (" s" if k == step else ""),
                    small,
                    shade,
                    align=CENTRE,
                )
            k += step

    def _paint_nothing(self, painter: QPainter, plot: QRect) -> None:
        write(painter, QRectF(plot), "Waiting for the stream", font(self.theme, 15), colour(self.theme.faint), align=CENTRE)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the size that looks best."""
        return QSize(900, 420)
