"""The buttons of the header and the menus behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject
from PyQt5.QtWidgets import QMenu

from app.gui.saving import ask_for_picture, ask_for_report
from app.gui.theme import THEMES

if TYPE_CHECKING:
    from app.gui.main_window import MainWindow


class Menus(QObject):
    """Adds buttons to the header of a window.

    Parameters
    ----------
    window : MainWindow
        With its header.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._source, self._views, self._looks = QMenu(window), QMenu(window), QMenu(window)
        self._source.addAction("Streams in reach …", window.choose_stream)
        self._source.addAction("Calibrate to a person …", window.calibrate)
        self._source.addAction("Open a recording …", window.choose_recording)
        for theme in THEMES.values():
            action = self._looks.addAction(theme.title)
            action.setCheckable(True)
            action.setData(theme.name)
            action.triggered.connect(lambda _, name=theme.name: window.set_theme(name))
        self._looks.setTitle("Look")
        self._views.aboutToShow.connect(self._fill_views)
        self._add_buttons(window)

    def show_look(self, name: str) -> None:
        """Tick the look that is worn."""
        for action in self._looks.actions():
            action.setChecked(action.data() == name)

    def _add_buttons(self, window: MainWindow) -> None:
        header = window.header
        if window.workbench is not None:
            header.add_button("Source", "Choose a stream, or open a recording", self._source)
        model = header.add_button("Model", "The model's card, other models, and a second one beside it (Ctrl+M)")
        model.clicked.connect(lambda _: window.show_models())
        header.add_button("Views", "Show and hide views, undo and reset the layout, save", self._views)
        if not window.is_panel:
            self._add_wide_buttons(window)
        keys = header.add_button("?", "Every key (F1)")
        keys.setAccessibleName("Every key")
        keys.clicked.connect(lambda _: window.show_help())
        if window.is_panel:
            header.fold_into(self._folded(window))

    def _folded(self, window: MainWindow) -> QMenu:
        """Return one menu with all that the buttons of a panel do."""
        menu = QMenu(window)
        if window.workbench is not None:
            self._source.setTitle("Source")
            menu.addMenu(self._source)
        menu.addAction("Model …", window.show_models)
        self._views.setTitle("Views")
        menu.addMenu(self._views)
        menu.addAction("Every key", window.show_help)
        return menu

    def _add_wide_buttons(self, window: MainWindow) -> None:
        header = window.header
        header.add_button("Look", "Dark, light or high contrast (T)", self._looks)
        audience = header.add_button("Audience", "The answer alone, full screen (F11)")
        audience.clicked.connect(lambda _: window.toggle_audience())

    def _fill_views(self) -> None:
        menu, window = self._views, self._window
        menu.clear()
        for card in window.desk.cards.values():
            menu.addAction(card.toggleViewAction())
        menu.addSeparator()
        menu.addAction("Undo the last change", window.undo_layout)
        menu.addAction("First layout", window.reset_layout)
        menu.addSeparator()
        if window.is_panel:  # there is no room for their buttons
            menu.addMenu(self._looks)
            menu.addAction("The answer alone", window.toggle_audience)
            menu.addSeparator()
        menu.addAction("Save a picture …", lambda: ask_for_picture(window))
        menu.addAction("Save a report …", lambda: ask_for_report(window))
