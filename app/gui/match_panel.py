"""The assistant for streams that do not say everything: which channel is which, in what unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt5.QtWidgets import QComboBox, QFormLayout, QLabel, QWidget

from app.gui.panel import Panel
from app.gui.workbench import Assignment, FoundStream
from sclcm_core.montage import find_channels

if TYPE_CHECKING:
    from sclcm_core.inference.manifest import Manifest

UNITS = ("as declared", "µV", "mV", "V", "nV")


class MatchPanel(Panel):
    """Asks for the label of each channel of the model, and for the unit.

    Parameters
    ----------
    stream : FoundStream
        What is to be used.
    manifest : Manifest
        The model that is to use it.
    accept : callable
        Called with what the user said.
    """

    def __init__(
        self, stream: FoundStream, manifest: Manifest, accept: Callable[[Assignment], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(f"Fit '{stream.name}' to {manifest.name}", parent)
        self._stream, self._accept = stream, accept
        self.body.addWidget(_paragraph(stream.verdict))
        form = QFormLayout()
        self.choices: dict[str, QComboBox] = {}
        for wanted in manifest.features.ch_names:
            box = QComboBox()
            box.addItems(["–", *stream.ch_names])
            found, _ = find_channels([wanted], stream.ch_names)
            box.setCurrentIndex(found[0] + 1 if found else 0)
            box.setAccessibleName(f"Channel of the stream for {wanted}")
            box.currentIndexChanged.connect(lambda _: self._follow())
            self.choices[wanted] = box
            form.addRow(f"{wanted} is", box)
        self.unit = QComboBox()
        self.unit.addItems(UNITS)
        self.unit.setAccessibleName("Unit of the stream")
        form.addRow("Unit", self.unit)
        self.body.addLayout(form)
        rate = manifest.features.sfreq
        how = f"resampled to {rate:g} Hz" if stream.sfreq != rate else "as the model needs it"
        self.body.addWidget(_paragraph(f"Rate: {stream.sfreq:g} Hz, {how}."))
        self.problem = _paragraph("")
        self.body.addWidget(self.problem)
        self.accept_button = self.add_button("Connect", primary=True)
        self.accept_button.clicked.connect(lambda _: self._take())
        self.add_button("Cancel").clicked.connect(self.close)
        self._follow()

    def assignment(self) -> Assignment:
        """Return what the user said."""
        channels = {wanted: box.currentText() for wanted, box in self.choices.items() if box.currentIndex() > 0}
        return Assignment(channels, "" if self.unit.currentIndex() == 0 else self.unit.currentText())

    def _follow(self) -> None:
        chosen = self.assignment().channels
        missing = [wanted for wanted in self.choices if wanted not in chosen]
        twice = {label for label in chosen.values() if list(chosen.values()).count(label) > 1}
        text = f"Say which channel is {', '.join(missing)}." if missing else ""
        if twice:
            text = f"{', '.join(sorted(twice))} is chosen twice."
        if self._stream.sfreq <= 0:
            text = "The stream has no fixed rate; it cannot be EEG."
        self.problem.setText(text)
        self.accept_button.setEnabled(not text)

    def _take(self) -> None:
        self.close()
        self._accept(self.assignment())


def _paragraph(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setObjectName("hint")
    return label
