"""The bar that tells the truth: where the data come from, how fast, how late, what was lost, and which model answers."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PyQt5.QtCore import QEvent, QRectF, QSize, Qt
from PyQt5.QtGui import QFont, QPainter, QPaintEvent, QResizeEvent
from PyQt5.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.acquisition.source import Phase
from app.gui.painting import line, text_width, write
from app.gui.session_like import SessionLike
from app.gui.theme import DARK, Theme, colour, font
from app.session.trust_watch import NOVEL

if TYPE_CHECKING:
    from PyQt5.QtGui import QHelpEvent

    from app.session.session import SessionStatus

PADDING = 13.0
STEP = 6.0


@dataclass(frozen=True, slots=True)
class Budget:
    """What is still well.

    Parameters
    ----------
    latency_s : float
        99th percentile of the time from the last sample of a window to the answer, in s.
    age_s : float
        Time since the newest sample came, in s.
    rate_share : float
        Deviation of the effective sampling rate from the nominal one, relative.
    backlog_s : float
        How far the processing may be behind, in s.
    """

    latency_s: float = 0.05
    age_s: float = 0.5
    rate_share: float = 0.01
    backlog_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Cell:
    """One statement.

    Parameters
    ----------
    name : str
        What it is about.
    text : str
        What is the case.
    tone : {'plain', 'warn', 'bad'}
        Whether that is well.
    why : str
        The statement at length.
    rank : int
        Cells with a higher rank are left out first when there is no room.
    """

    name: str
    text: str
    tone: str = "plain"
    why: str = ""
    rank: int = 0


def statements(session: SessionLike, budget: Budget, now: float) -> list[Cell]:
    """Return what there is to say.

    Parameters
    ----------
    session : SessionLike
        What is talked about.
    budget : Budget
        What is still well.
    now : float
        Local time in s, on the clock of the buffer's arrivals.
    """
    status = session.status
    return [
        *_source_cells(session, status, budget),
        _latency_cell(session, status, budget),
        _loss_cell(status),
        _age_cell(session, status, budget, now),
        _clock_cell(status),
        *_model_cells(session),
        *_normaliser_cells(session, status),
        *_trust_cells(session),
    ]


def _trust_cells(session: SessionLike) -> list[Cell]:
    """Say how like the training data the last half minute was; nothing where the model cannot tell."""
    watch = getattr(session, "trust", None)
    typicality = watch.typicality if watch is not None else None
    if typicality is None:
        return []
    why = "How like the model's training windows the last half minute is: the share of them that are at least as far away"
    return [Cell("Typical", f"{typicality:.0%}", "bad" if typicality < NOVEL else "plain", why, 2)]


def _source_cells(session: SessionLike, status: SessionStatus, budget: Budget) -> list[Cell]:
    spec = session.spec
    if spec is None:
        return [Cell("Source", status.phase.value)]
    effective = status.sfreq_effective
    rate = f"{spec.sfreq:g} Hz" if effective is None else f"{spec.sfreq:g} / {effective:.1f} Hz"
    off = effective is not None and abs(effective / spec.sfreq - 1.0) > budget.rate_share
    wanted, found = session.manifest.features.ch_names, [spec.ch_names[k] for k in session.channel_indices]
    fed = ", ".join(wanted[:4]) + (" …" if len(wanted) > 4 else "")
    pairs = ", ".join(name if name == label else f"{name} ({label})" for name, label in zip(wanted, found, strict=False))
    return [
        Cell("Source", spec.name or "unnamed", why=f"Stream '{spec.name}', source id '{spec.source_id}'"),
        Cell("Rate", rate, "bad" if off else "plain", "Sampling rate: nominal / effective", 1),
        Cell("Channels", f"{spec.n_channels} · {fed}", why=f"{spec.n_channels} channels; the model sees {pairs}", rank=2),
    ]


def _latency_cell(session: SessionLike, status: SessionStatus, budget: Budget) -> Cell:
    why = f"From the arrival of a window's last sample to the answer: p50 / p99. Budget {budget.latency_s * 1e3:g} ms"
    manifest = session.manifest
    delay_s = manifest.features.smoothing_delay_s
    if delay_s > 0:
        why += f". The features are smoothed over time: they tell of {delay_s:.1f} s ago on average, beyond that"
    if manifest.smoothing_s > 0:
        why += f". The probabilities are smoothed with a time constant of {manifest.smoothing_s:g} s"
    if status.latency_p50_s is None or status.latency_p99_s is None:
        return Cell("Latency", "–", why=why)
    text = f"{status.latency_p50_s * 1e3:.1f} / {status.latency_p99_s * 1e3:.1f} ms"
    if delay_s > 0:
        text += f" + {delay_s:.1f} s smoothing"
    return Cell("Latency", text, "bad" if status.latency_p99_s > budget.latency_s else "plain", why)


def _loss_cell(status: SessionStatus) -> Cell:
    text = f"{status.n_lost} · {status.n_skipped} · {status.n_withheld}"
    why = (
        f"{status.n_lost} of {status.n_samples} samples lost; {status.n_skipped} windows skipped; "
        f"{status.n_withheld} of {status.n_predictions} predictions withheld"
    )
    return Cell("Lost · skipped · withheld", text, "warn" if status.n_lost or status.n_skipped else "plain", why)


def _age_cell(session: SessionLike, status: SessionStatus, budget: Budget, now: float) -> Cell:
    buffer = session.buffer
    why = f"Time since the newest sample came; the processing is {status.backlog_s * 1e3:.0f} ms behind"
    if buffer is None or buffer.head == 0:
        return Cell("Age", "–", why=why, rank=3)
    age = max(0.0, now - buffer.arrival(buffer.head - 1))
    over = (age > budget.age_s or status.backlog_s > budget.backlog_s) and not (status.is_over or status.phase is Phase.PAUSED)
    text = f"{age * 1e3:.0f} ms" if age < 1 else f"{age:.0f} s" if age < 120 else f"{age / 60:.0f} min"
    return Cell("Age", text, "bad" if over else "plain", why, 3)


def _clock_cell(status: SessionStatus) -> Cell:
    offset = status.clock_offset_s
    why = "Offset of the stream's clock to the local one"
    if offset is None:
        return Cell("Clock", "–", why=why, rank=5)
    text = f"{offset * 1e3:+.1f} ms" if abs(offset) < 10 else f"{offset:+.0f} s"
    return Cell("Clock", text.replace("-", "−"), why=why, rank=5)


def _normaliser_cells(session: SessionLike, status: SessionStatus) -> list[Cell]:
    """Say against whom a person is compared."""
    if not status.normalised_by:
        return []
    why = "What the features are made comparable by: the statistics of the training people, or your own rest"
    if status.normalised_by == "the population" and session.manifest.personal_baseline:
        why += ". This model does better with your own: start with --baseline 60 and rest for the first minute"
    return [Cell("Normalised by", status.normalised_by, why=why, rank=4)]


def _model_cells(session: SessionLike) -> list[Cell]:
    manifest = session.manifest
    data = manifest.training_data
    people = f"{data.name}, {data.n_subjects} people; {data.attribution}; {data.licence}"
    invented = " (simulated)" if manifest.simulated and "simulated" not in data.name.lower() else ""
    return [
        Cell(
            "Model",
            f"{manifest.name} · {manifest.quantization.split(' ')[0]}",
            why=f"{manifest.title}: {manifest.description} {manifest.quantization}",
            rank=1,
        ),
        Cell(
            "Trained on",
            f"{data.name}{invented}",
            why=people,
            rank=2,
        ),
    ]


class TruthBar(QWidget):
    """Shows the statements side by side; those without room are left out, the least important first.

    Parameters
    ----------
    session : SessionLike
        What is talked about.
    budget : Budget, optional
        What is still well.
    """

    def __init__(self, session: SessionLike, budget: Budget | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.budget = budget or Budget()
        self.theme: Theme = DARK
        self.cells: list[Cell] = []
        self._places: list[tuple[QRectF, Cell]] = []
        self.setObjectName("truth-bar")
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WA_OpaquePaintEvent)

    def apply_theme(self, theme: Theme) -> None:
        """Take on a look."""
        self.theme = theme
        self._places = self._laid_out()
        self.updateGeometry()
        self.update()

    def refresh(self) -> None:
        """Look at the session."""
        cells = statements(self.session, self.budget, time.perf_counter())
        if cells != self.cells:
            self.cells = cells
            self.setAccessibleName("; ".join(f"{c.name}: {c.text}" for c in cells))
            self._update_changed()

    def _update_changed(self) -> None:
        """Ask for a repaint of the statements that are others than before: mostly two numbers."""
        before, self._places = self._places, self._laid_out()
        if [place for place, _ in before] != [place for place, _ in self._places]:
            self.update()
            return
        for (_, old), (place, new) in zip(before, self._places, strict=True):
            if old != new:
                self.update(place.toAlignedRect())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Give the statements their places anew."""
        self._places = self._laid_out()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the size that looks best."""
        return QSize(800, round(46 * self.theme.scale))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return how small the bar may become."""
        return QSize(200, round(46 * self.theme.scale))

    def event(self, event: QEvent | None) -> bool:
        """Show a statement at length under the pointer."""
        if event is not None and event.type() == QEvent.ToolTip:
            self._explain(event)  # type: ignore[arg-type]
            return True
        return super().event(event)  # type: ignore[arg-type]

    def _explain(self, event: QHelpEvent) -> None:
        for place, cell in self._places:
            if place.contains(event.pos()):
                QToolTip.showText(event.globalPos(), cell.why, self)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint name over text, cell by cell."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), colour(self.theme.card))
        painter.setRenderHint(QPainter.Antialiasing)
        touched = event.region()
        for place, cell in self._places:
            if touched.intersects(place.toAlignedRect()):
                self._paint_cell(painter, place, cell)

    def _fonts(self) -> tuple[QFont, QFont]:
        return font(self.theme, 10.5, QFont.Medium), font(self.theme, 13, QFont.DemiBold)

    def _laid_out(self) -> list[tuple[QRectF, Cell]]:
        """Return the statements for which there is room, and their places."""
        names, texts = self._fonts()
        chosen = self._fitting(names, texts)
        widths = [_cell_width(cell, names, texts) for cell in chosen]
        slack = max(0.0, self.width() - sum(widths)) / max(1, len(chosen))
        x, out = 0.0, []
        for cell, natural in zip(chosen, widths, strict=True):
            width = round(natural + min(slack, 40.0))
            out.append((QRectF(x, 0, width, self.height()), cell))
            x += width
        return out

    def _paint_cell(self, painter: QPainter, place: QRectF, cell: Cell) -> None:
        names, texts = self._fonts()
        x, middle, width = place.x(), place.height() / 2, place.width()
        tone = {"plain": self.theme.text, "warn": self.theme.warn, "bad": self.theme.bad}[cell.tone]
        if cell.tone == "bad":
            painter.fillRect(QRectF(x, 5, width, place.height() - 10), colour(self.theme.bad, 0.16))
        inner = QRectF(x + PADDING, 0, width - 2 * PADDING + 2, 0)
        write(painter, inner.adjusted(0, middle - 18, 0, middle - 2), cell.name, names, colour(self.theme.muted))
        write(painter, inner.adjusted(0, middle - 2, 0, middle + 17), cell.text, texts, colour(tone))
        if x > 0:
            line(painter, (x + 0.5, 12), (x + 0.5, place.height() - 12), colour(self.theme.border))

    def _fitting(self, names: QFont, texts: QFont) -> list[Cell]:
        chosen = list(self.cells)
        while len(chosen) > 1 and sum(_cell_width(c, names, texts) for c in chosen) > self.width():
            worst = max(chosen, key=lambda c: (c.tone == "plain", c.rank))
            chosen.remove(worst)
        return chosen


def _cell_width(cell: Cell, names: QFont, texts: QFont) -> float:
    """Return the width of a statement, in steps: what stands beside it does not move with every digit."""
    needed = min(210.0, max(text_width(cell.name, names), text_width(cell.text, texts)))
    return 2 * PADDING + STEP * math.ceil(needed / STEP)
