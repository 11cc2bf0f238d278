"""The EEG as it comes: a sweep of the channels, T7 and T8 first."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QWheelEvent
from PyQt5.QtWidgets import QComboBox, QPushButton, QVBoxLayout, QWidget

from app.gui.history import History
from app.gui.lanes import Channel, ordered_channels, shown_at_first
from app.gui.session_like import SessionLike
from app.gui.theme import Theme
from app.gui.trace_canvas import SCALES_UV, SPANS_S, TraceCanvas
from app.gui.trace_feed import DISPLAY_FILTERS
from app.gui.view import View
from sclcm_core.streaming.ring_buffer import RingBuffer
from sclcm_core.types import Marker, StreamSpec

SETTLED_S = 2.0
"""After this much signal the scale is chosen, unless somebody has chosen one."""


class TracesView(View):
    """The newest seconds of EEG: sweep or scroll, scale, filter, channels, pause and look back."""

    key = "traces"
    title = "EEG"
    summary = "The newest seconds of the EEG, the channels that the model sees on top, gaps in grey."
    pace_hz = 30.0

    def __init__(self, session: SessionLike, history: History, parent: QWidget | None = None) -> None:
        super().__init__(session, history, parent)
        self.canvas = TraceCanvas(self)
        self._shown: RingBuffer | None = None
        self._scale_chosen = False
        self._all: tuple[Channel, ...] = ()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas)
        self.setFocusPolicy(Qt.StrongFocus)
        self._build_controls()

    # -- what the window calls -------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Draw what is new."""
        buffer = self.session.buffer
        if buffer is None or buffer is not self._shown or not self._scale_chosen:
            self._prepare(buffer, self.session.spec)
        if buffer is not None and buffer is self._shown:
            self.canvas.advance()

    def _prepare(self, buffer: RingBuffer | None, spec: StreamSpec | None) -> None:
        """Show the channels of a stream that is new; choose the scale once there is some signal."""
        if buffer is None or spec is None:
            return
        if buffer is not self._shown:
            self._shown = buffer
            self._all = ordered_channels(spec, self.session.channel_indices)
            first = shown_at_first(self._all)
            self._channels.setVisible(any(not channel.feeds_model for channel in self._all))
            self._channels.setChecked(len(first) == len(self._all))
            self.canvas.show_stream(buffer, spec.sfreq, first)
        if not self._scale_chosen and buffer.head >= SETTLED_S * spec.sfreq:
            self._scale_chosen = True
            self.canvas.fit_scale()
            self._follow_canvas()

    def take_marker(self, marker: Marker) -> None:
        """Draw a line with a text."""
        self.canvas.add_marker(marker)

    def apply_theme(self, theme: Theme) -> None:
        """Take on a look."""
        super().apply_theme(theme)
        self.canvas.apply_theme(theme)

    def surface(self) -> QWidget:
        """Return the paper."""
        return self.canvas

    def heading(self) -> str:
        """Say how much is seen."""
        held = " · paused" if self.canvas.held_at is not None else ""
        return f"EEG · last {self.canvas.visible_s:g} s{held}"

    def controls(self) -> list[QWidget]:
        """Return the choices of the title bar."""
        return [self._channels, self._mode, self._filter, self._scale, self._span, self._pause]

    # -- choices ---------------------------------------------------------------------------------------------------------------

    def change_scale(self, steps: int) -> None:
        """Make the traces smaller (positive) or larger (negative) by so many steps."""
        nearest = min(range(len(SCALES_UV)), key=lambda k: abs(SCALES_UV[k] - self.canvas.uv_per_lane))
        self.set_scale(SCALES_UV[max(0, min(len(SCALES_UV) - 1, nearest + steps))])

    def set_scale(self, uv_per_lane: float) -> None:
        """Set the potential across a lane in µV."""
        self._scale_chosen = True
        self.canvas.uv_per_lane = uv_per_lane
        self.canvas.rebuild()
        self._follow_canvas()

    def set_span(self, seconds: float) -> None:
        """Set how much is seen, in s."""
        self.canvas.visible_s = seconds
        self.canvas.rebuild()
        self._follow_canvas()

    def set_filter(self, index: int) -> None:
        """Choose one of the display filters; the model is not touched by it."""
        self.canvas.choice = DISPLAY_FILTERS[index]
        self.canvas.rebuild()
        self._follow_canvas()

    def set_scrolling(self, scrolls: bool) -> None:
        """Scroll, or sweep."""
        self.canvas.scrolls = scrolls
        self.canvas.rebuild()
        self._follow_canvas()

    def fit(self) -> None:
        """Choose the scale by the signal that is seen."""
        self._scale_chosen = True
        self.canvas.fit_scale()
        self._follow_canvas()

    def change_span(self, steps: int) -> None:
        """See more (positive) or less time by so many steps."""
        nearest = min(range(len(SPANS_S)), key=lambda k: abs(SPANS_S[k] - self.canvas.visible_s))
        self.set_span(SPANS_S[max(0, min(len(SPANS_S) - 1, nearest + steps))])

    def next_filter(self) -> None:
        """Take the next display filter."""
        self.set_filter((DISPLAY_FILTERS.index(self.canvas.choice) + 1) % len(DISPLAY_FILTERS))

    def toggle_scrolling(self) -> None:
        """Scroll instead of sweep, or the other way round."""
        self.set_scrolling(not self.canvas.scrolls)

    def toggle_all(self) -> None:
        """Show all channels instead of those of the model, or the other way round."""
        self.show_all(not self._channels.isChecked())

    def show_all(self, everything: bool) -> None:
        """Show all channels, or those of the model."""
        if self._shown is None or self.session.spec is None:
            return
        chosen = self._all if everything else tuple(c for c in self._all if c.feeds_model) or self._all
        self._channels.setChecked(everything)
        self.canvas.show_stream(self._shown, self.session.spec.sfreq, chosen)

    def toggle_pause(self) -> None:
        """Stand still, or follow the stream again. The acquisition goes on either way."""
        if self._shown is None:
            return
        self.canvas.hold(self._shown.head if self.canvas.held_at is None else None)
        self._follow_canvas()

    def look_back(self, seconds: float) -> None:
        """Move a paused picture by so many seconds, as far as the ring reaches."""
        spec = self.session.spec
        if self._shown is None or spec is None or self.canvas.held_at is None:
            return
        earliest = self._shown.tail + round(self.canvas.visible_s * spec.sfreq)
        wanted = self.canvas.held_at + round(seconds * spec.sfreq)
        self.canvas.hold(max(min(wanted, self._shown.head), min(earliest, self._shown.head)))

    # -- hands -----------------------------------------------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Change the scale with Ctrl, look back while paused."""
        turns = event.angleDelta().y() / 120.0
        if event.modifiers() & Qt.ControlModifier:
            self.change_scale(-1 if turns > 0 else 1)
        else:
            self.look_back(-turns)

    def _build_controls(self) -> None:
        self._mode = _combo("How time runs", ["Sweep", "Scroll"])
        self._mode.activated[int].connect(lambda k: self.set_scrolling(k == 1))
        self._filter = _combo("Display filter; the model is not touched", [f.title for f in DISPLAY_FILTERS])
        self._filter.activated[int].connect(self.set_filter)
        self._scale = _combo("Potential across a lane", [f"{s:g} µV" for s in SCALES_UV])
        self._scale.activated[int].connect(lambda k: self.set_scale(SCALES_UV[k]))
        self._span = _combo("Time across the picture", [f"{s:g} s" for s in SPANS_S])
        self._span.activated[int].connect(lambda k: self.set_span(SPANS_S[k]))
        self._pause = _button("Pause", "Stand still and look back (Space); nothing is lost meanwhile")
        self._pause.clicked.connect(lambda _: self.toggle_pause())
        self._channels = _button("All channels", "Show every channel of the stream (A)")
        self._channels.clicked[bool].connect(self.show_all)
        self._channels.hide()
        self._follow_canvas()

    def _follow_canvas(self) -> None:
        canvas = self.canvas
        self._mode.setCurrentIndex(int(canvas.scrolls))
        self._filter.setCurrentIndex(DISPLAY_FILTERS.index(canvas.choice))
        self._scale.setCurrentIndex(min(range(len(SCALES_UV)), key=lambda k: abs(SCALES_UV[k] - canvas.uv_per_lane)))
        self._span.setCurrentIndex(min(range(len(SPANS_S)), key=lambda k: abs(SPANS_S[k] - canvas.visible_s)))
        self._pause.setChecked(canvas.held_at is not None)


def _combo(what: str, items: list[str]) -> QComboBox:
    box = QComboBox()
    box.addItems(items)
    box.setToolTip(what)
    box.setAccessibleName(what)
    box.setFocusPolicy(Qt.TabFocus)
    box.setSizeAdjustPolicy(QComboBox.AdjustToContents)
    return box


def _button(text: str, what: str) -> QPushButton:
    button = QPushButton(text)
    button.setCheckable(True)
    button.setToolTip(what)
    button.setAccessibleName(text)
    button.setFocusPolicy(Qt.TabFocus)
    return button
