"""The streams in reach, live, and how each fits the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtGui import QBrush, QCloseEvent
from PyQt5.QtWidgets import QLabel, QListWidget, QListWidgetItem, QWidget

from app.gui.errand import Errand
from app.gui.match_panel import MatchPanel
from app.gui.panel import Panel
from app.gui.theme import Theme, colour
from app.gui.workbench import Assignment, FoundStream

if TYPE_CHECKING:
    from sclcm_core.inference.manifest import Manifest

PAUSE_MS = 1500


class StreamPanel(Panel):
    """Listens again and again while it is open.

    Parameters
    ----------
    listen : callable
        Listens for a moment and returns the streams; called outside the GUI's thread.
    take : callable
        Called with the chosen stream and what the user said of it.
    manifest : Manifest
        The model that streams are matched against.
    theme : Theme
        Gives the colours.
    """

    def __init__(
        self,
        listen: Callable[[], list[FoundStream]],
        take: Callable[[FoundStream, Assignment], None],
        manifest: Manifest,
        *,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Streams in reach", parent)
        self.resize(640, 460)
        self._listen, self._take, self._manifest, self._theme = listen, take, manifest, theme
        self.streams: list[FoundStream] = []
        self._errand: Errand | None = None
        self._assistant: MatchPanel | None = None
        self.list, self.state = QListWidget(), QLabel("Listening …")
        self.list.setAccessibleName("Streams in reach")
        self.list.setWordWrap(True)
        self.list.currentRowChanged.connect(lambda _: self._follow())
        self.list.itemDoubleClicked.connect(lambda _: self._connect())
        self.state.setObjectName("hint")
        self.body.addWidget(self.list, 1)
        self.body.addWidget(self.state)
        self.connect_button = self.add_button("Connect", primary=True)
        self.connect_button.clicked.connect(lambda _: self._connect())
        self.add_button("Close").clicked.connect(self.close)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self.listen)
        self._follow()

    def listen(self) -> None:
        """Begin to listen."""
        self._errand = Errand(self._listen, self).start(self.show_streams, self._show_failure)

    def show_streams(self, streams: list[FoundStream]) -> None:
        """List what was found; the choice stays where it is."""
        chosen = self._chosen()
        self.streams = streams
        self.list.clear()
        for stream in streams:
            self.list.addItem(self._item(stream))
        keys = [(s.name, s.source_id) for s in streams]
        if chosen is not None and (chosen.name, chosen.source_id) in keys:
            self.list.setCurrentRow(keys.index((chosen.name, chosen.source_id)))
        elif streams:
            self.list.setCurrentRow(0)
        self.state.setText(
            f"{len(streams)} in reach. The list is kept up to date."
            if streams
            else "No stream is in reach. Start the headset's LSL program, or 'sclcm simulate' in another terminal."
        )
        self._again.start(PAUSE_MS)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Listen no more."""
        self._again.stop()
        if self._errand is not None:
            self._errand.call_off()
        event.accept()

    def _item(self, stream: FoundStream) -> QListWidgetItem:
        n, where = len(stream.ch_names), stream.hostname or "this computer"
        facts = f"{stream.type}, {n} channel{'' if n == 1 else 's'}, {stream.sfreq:g} Hz, on {where}"
        item = QListWidgetItem(f"{stream.name}   ·   {facts}\n{'✓' if stream.fits else '×'} {stream.verdict}")
        item.setData(Qt.UserRole, stream.source_id)
        if not stream.fits:
            item.setForeground(QBrush(colour(self._theme.muted)))
        return item

    def _show_failure(self, text: str) -> None:
        self.state.setText(text)
        self._again.start(2 * PAUSE_MS)

    def _chosen(self) -> FoundStream | None:
        row = self.list.currentRow()
        return self.streams[row] if 0 <= row < len(self.streams) else None

    def _follow(self) -> None:
        chosen = self._chosen()
        self.connect_button.setEnabled(chosen is not None)
        self.connect_button.setText("Connect" if chosen is None or chosen.fits else "Assign channels …")

    def _connect(self) -> None:
        chosen = self._chosen()
        if chosen is None:
            return
        if chosen.fits:
            self.close()
            self._take(chosen, Assignment())
            return
        self._assistant = MatchPanel(chosen, self._manifest, lambda found: self._assigned(chosen, found), self)
        self._assistant.show()

    def _assigned(self, stream: FoundStream, assignment: Assignment) -> None:
        self.close()
        self._take(stream, assignment)
