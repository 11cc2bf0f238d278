"""The model in use and the others at hand, each with its card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QTextBrowser, QWidget

from app.gui.model_card import card_html
from app.gui.panel import Panel
from app.gui.theme import Theme
from app.gui.workbench import ModelAtHand

if TYPE_CHECKING:
    from sclcm_core.inference.manifest import Manifest


class ModelPanel(Panel):
    """A list on the left, the card of the chosen model on the right.

    Parameters
    ----------
    manifest : Manifest
        The model in use.
    theme : Theme
        Gives the colours of the card.
    use : callable, optional
        Called with the file of the model to use; without it there is nothing to choose.
    compare : callable, optional
        Called with the file of the model to run beside the present one, or with None to end that.
    rival : str
        Name of the model that runs beside the present one.
    """

    def __init__(
        self,
        manifest: Manifest,
        theme: Theme,
        use: Callable[[Path], None] | None = None,
        parent: QWidget | None = None,
        *,
        compare: Callable[[Path | None], None] | None = None,
        rival: str = "",
    ) -> None:
        super().__init__("Model", parent)
        self.resize(820, 640)
        self._manifest, self._theme, self._use = manifest, theme, use
        self._compare, self._rival = compare, rival
        self._models: list[ModelAtHand] = []
        self.list, self.card = QListWidget(), QTextBrowser()
        self.list.setAccessibleName("Models at hand")
        self.card.setAccessibleName("Model card")
        self.card.setOpenExternalLinks(True)
        self.list.setMaximumWidth(230)
        self.list.currentRowChanged.connect(self._show)
        row = QHBoxLayout()
        row.addWidget(self.list)
        row.addWidget(self.card, 1)
        self.body.addLayout(row)
        self.beside = self.add_button("Compare with it")
        self.beside.setToolTip("Both models see the same windows; what they say is shown side by side")
        self.beside.clicked.connect(lambda _: self._choose_rival())
        self.choose = self.add_button("Use this model", primary=True)
        self.choose.clicked.connect(lambda _: self._choose())
        self.add_button("Close").clicked.connect(self.close)
        self.show_models([])

    def show_models(self, models: list[ModelAtHand]) -> None:
        """List the models at hand, the one in use first."""
        self._models = [m for m in models if m.manifest.name != self._manifest.name]
        self.list.clear()
        self.list.addItem(QListWidgetItem(f"{self._manifest.name}\nin use"))
        for model in self._models:
            role = "runs beside it" if model.manifest.name == self._rival else model.manifest.target
            self.list.addItem(QListWidgetItem(f"{model.manifest.name}\n{role}"))
        self.list.setVisible(bool(self._models))
        self.list.setCurrentRow(0)
        self._show(0)

    def _show(self, row: int) -> None:
        manifest = self._manifest if row <= 0 else self._models[row - 1].manifest
        self.card.setHtml(card_html(manifest, self._theme))
        self.choose.setVisible(row > 0 and self._use is not None)
        self.beside.setVisible(row > 0 and self._compare is not None)
        self.beside.setText("End the comparison" if manifest.name == self._rival else "Compare with it")

    def _choose_rival(self) -> None:
        row = self.list.currentRow()
        if row > 0 and self._compare is not None:
            chosen = self._models[row - 1]
            self.close()
            self._compare(None if chosen.manifest.name == self._rival else chosen.path)

    def _choose(self) -> None:
        row = self.list.currentRow()
        if row > 0 and self._use is not None:
            self.close()
            self._use(self._models[row - 1].path)
