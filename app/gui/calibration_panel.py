"""Personal calibration in the window: what to present, the guided run, the sentence, and keep, discard or undo."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PyQt5.QtGui import QIntValidator
from PyQt5.QtWidgets import QFormLayout, QLabel, QLineEdit, QPushButton, QWidget

from app.experiment.live_run import SignalGate
from app.experiment.protocol import calibration_protocol
from app.experiment.schedule import Step, make_schedule
from app.gui.errand import Errand
from app.gui.experiment_window import ScreenRun
from app.gui.panel import Panel
from app.gui.stimulus_screen import StimulusScreen
from app.gui.theme import Theme
from sclcm_core.errors import SclcmError
from sclcm_core.types import Marker, Prediction

if TYPE_CHECKING:
    from app.calibrate import CalibrationOutcome
    from sclcm_core.inference.bundle import Bundle

REST_S, BLOCKS, BLOCK_S = 60, 6, 15


class Calibratable(Protocol):
    """A session that can be calibrated on."""

    on_prediction: list[Callable[[Prediction], None]]

    @property
    def bundle(self) -> Bundle:
        """The model."""
        ...

    def skip_nothing(self) -> None:
        """Predict every window from now on."""
        ...


class CalibrationPanel(Panel):
    """Leads through a calibration of the model in use.

    Parameters
    ----------
    session : Calibratable
        Running.
    theme : Theme
        Colours and fonts of the screen.
    mark : callable
        Takes a marker and its time, in s on the LSL clock, for the recording.
    use : callable
        Called with the file of a bundle that is to be used from now on.
    parent : QWidget, optional
        The main window.
    """

    def __init__(
        self,
        session: Calibratable,
        theme: Theme,
        mark: Callable[[str, float], None],
        use: Callable[[Path], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Calibrate to a person", parent)
        self.resize(560, 420)
        self._session, self._theme, self._mark, self._use = session, theme, mark, use
        self._predictions: list[Prediction] = []
        self._markers: list[Marker] = []
        self._screen: StimulusScreen | None = None
        self._run: ScreenRun | None = None
        self._errand: Errand | None = None
        self.outcome: CalibrationOutcome | None = None
        self._build_form()
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.body.addWidget(self.words)
        self.body.addStretch(1)
        self.undo_button = self._button("Undo", self.undo)
        self.start_button = self._button("Start", self.begin, primary=True)
        self.keep_button = self._button("Keep and use it", self.keep, primary=True)
        self.discard_button = self._button("Discard", self.discard)
        self.add_button("Close").clicked.connect(self.close)
        self._show_state()

    # -- what the buttons do ---------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Open the screen and lead through rest and blocks."""
        for field in (self.blocks, self.seconds, self.rest):
            if not field.hasAcceptableInput():
                self._say(f"'{field.text()}' is out of range.")
                return
        try:
            protocol = calibration_protocol(
                self.labels, n_blocks=int(self.blocks.text()), duration_s=self.block_s, rest_s=float(self.rest.text())
            )
            self._check()
        except (SclcmError, ValueError) as error:
            self._say(str(error))
            return
        steps = make_schedule(protocol, secrets.randbelow(2**31))
        self._predictions, self._markers = [], []
        self._session.skip_nothing()
        self._session.on_prediction.append(self._predictions.append)
        self._screen = StimulusScreen(protocol, self._theme)
        self._start_run(self._screen, steps)
        self._say("Running on the screen beside. Space pauses, Escape ends it.")
        self._show_state()

    def _start_run(self, screen: StimulusScreen, steps: list[Step]) -> None:
        self._run = ScreenRun(screen, steps, self._take_marker, SignalGate(self._predictions).why_wait)
        self._run.on_over.append(self._finish)
        screen.show()
        self._run.start()

    def keep(self) -> None:
        """Write the personal bundle and use it."""
        from app.calibrate import personal_path

        if self.outcome is None:
            return
        try:
            path = personal_path(self.name.text().strip())
            self.outcome.keep(path.stem, path, "guided calibration")
        except SclcmError as error:
            self._say(str(error))
            return
        self.outcome = None
        self.close()
        self._use(path)

    def discard(self) -> None:
        """Forget the result."""
        self.outcome = None
        self._say("Discarded. The model is as it was.")
        self._show_state()

    def undo(self) -> None:
        """Go back to the bundle that the present one was made from."""
        from app.calibrate import undo

        try:
            parent = undo(self._session.bundle)
        except SclcmError as error:
            self._say(str(error))
            return
        self.close()
        self._use(parent.path)

    def close(self) -> bool:
        """End what is going on, and put the panel away."""
        if self._run is not None:
            self._run.on_over = []
            self._run.abort()
        self._end_screen()
        if self._errand is not None:
            self._errand.call_off()
        return super().close()

    # -- what happens ----------------------------------------------------------------------------------------------------------

    def _take_marker(self, text: str, t: float) -> None:
        self._markers.append(Marker(t, text))
        self._mark(text, t)

    def _finish(self) -> None:
        was_aborted = self._run is not None and self._run.was_aborted
        self._end_screen()
        if was_aborted:
            self._say("Ended before its end: nothing was changed.")
            self._show_state()
            return
        from app.calibrate import calibrate_on

        bundle, predictions, markers = self._session.bundle, list(self._predictions), list(self._markers)
        self._errand = Errand(lambda: calibrate_on(bundle, predictions, markers), self)
        self._errand.start(self.show_outcome, self._fail)

    def _end_screen(self) -> None:
        if self._predictions.append in self._session.on_prediction:
            self._session.on_prediction.remove(self._predictions.append)
        if self._screen is not None:
            self._screen.on_abort = None
            self._screen.close()
        self._screen = self._run = None

    def show_outcome(self, outcome: CalibrationOutcome) -> None:
        """Say what the calibration came to, and offer to keep it when it was accepted."""
        self.outcome = outcome if outcome.is_accepted else None
        self._say("\n".join(outcome.sentences))
        self._show_state()

    def _fail(self, text: str) -> None:
        self._say(text)
        self._show_state()

    # -- looks -----------------------------------------------------------------------------------------------------------------

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes asked for; none for a baseline alone."""
        return tuple(label.strip() for label in self.classes.text().split(",") if label.strip())

    @property
    def block_s(self) -> float:
        """Length of a block in s: what was asked for, or what the model needs."""
        return max(float(self.seconds.text()), self._session.bundle.manifest.features.span_s + 2.0)

    def _check(self) -> None:
        from app.calibrate import personal_path
        from sclcm_core.inference.personal_bundle import check_is_parent

        personal_path(self.name.text().strip())
        check_is_parent(self._session.bundle.manifest)

    def _build_form(self) -> None:
        manifest = self._session.bundle.manifest
        self.name = QLineEdit(f"{manifest.name}-personal")
        self.classes = QLineEdit(", ".join(manifest.class_names))
        self.classes.setToolTip("What the words ask for, separated by commas; leave empty to measure the rest alone")
        self.blocks, self.seconds, self.rest = _number(2, 50, BLOCKS), _number(4, 600, BLOCK_S), _number(0, 600, REST_S)
        form = QFormLayout()
        for text, field in (
            ("Name of the personal model", self.name),
            ("Classes", self.classes),
            ("Blocks of each class", self.blocks),
            ("Length of a block in s", self.seconds),
            ("Rest before, in s", self.rest),
        ):
            form.addRow(text, field)
        self.body.addLayout(form)

    def _button(self, text: str, act: Callable[[], None], *, primary: bool = False) -> QPushButton:
        button = self.add_button(text, primary=primary)
        button.clicked.connect(lambda _: act())
        return button

    def _say(self, text: str) -> None:
        self.words.setText(text)

    def _show_state(self) -> None:
        is_running = self._run is not None
        self.start_button.setVisible(not is_running and self.outcome is None)
        self.keep_button.setVisible(self.outcome is not None)
        self.discard_button.setVisible(self.outcome is not None)
        self.undo_button.setVisible(bool(self._session.bundle.manifest.calibration) and not is_running)


def _number(low: int, high: int, value: int) -> QLineEdit:
    field = QLineEdit(str(value))
    field.setValidator(QIntValidator(low, high, field))
    return field
