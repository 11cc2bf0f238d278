"""Leads through a protocol in a window: the screen, the clock that drives it, and the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from PyQt5.QtCore import QObject, Qt, QTimer
from PyQt5.QtWidgets import QApplication

from app.acquisition.lsl_network import local_clock
from app.experiment.live_run import LiveRun, Present, SignalGate
from app.experiment.protocol import Protocol
from app.experiment.runner import Mark, ProtocolRunner
from app.experiment.schedule import Step
from app.gui.application import UnforeseenErrors, make_application
from app.gui.media import check_media
from app.gui.stimulus_screen import StimulusScreen
from sclcm_core.errors import SclcmError

TICK_MS = 4
END_S = 4.0
"""How long the last words stand, in s."""


class ScreenRun(QObject):
    """A runner that is driven by a timer of the window.

    Parameters
    ----------
    screen : StimulusScreen
        Shows the steps.
    steps : sequence of Step
        The schedule.
    mark : callable
        Takes markers.
    why_wait : callable
        Says why the next presentation should wait.
    """

    def __init__(self, screen: StimulusScreen, steps: Sequence[Step], mark: Mark, why_wait: Callable[[], str]) -> None:
        super().__init__()
        self.on_over: list[Callable[[], None]] = []
        self.was_aborted = False
        self.runner = ProtocolRunner(steps, screen, mark, why_wait)
        self._screen = screen
        screen.on_press, screen.on_rate, screen.on_abort = self.runner.press, self.runner.rate, self.abort
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Show the first step."""
        self.runner.start()
        self._timer.start(TICK_MS)

    def abort(self) -> None:
        """End before the end; at the end, leave."""
        if not self.runner.is_over:
            self.was_aborted = True
            self.runner.abort(local_clock())
        self._leave()

    def _tick(self) -> None:
        self.runner.advance(local_clock())
        if self.runner.is_over:
            self._timer.stop()
            QTimer.singleShot(round(END_S * 1000), self._leave)

    def _leave(self) -> None:
        self._timer.stop()
        callbacks, self.on_over = self.on_over, []
        for callback in callbacks:
            callback()


def present_in_window(protocol: Protocol, stack: ExitStack, *, full_screen: bool) -> Present:
    """Return what leads through a run in a window of its own.

    Parameters
    ----------
    protocol : Protocol
        What is presented.
    stack : ExitStack
        Ends what this begins.
    full_screen : bool
        Whether the screen is filled.

    Raises
    ------
    SclcmError
        When the protocol plays what this machine cannot.
    """
    check_media(protocol)
    application = make_application()
    errors = stack.enter_context(UnforeseenErrors())
    screen = StimulusScreen(protocol)
    stack.callback(screen.deleteLater)
    return lambda run, steps: _lead(application, screen, errors, run, steps, full_screen=full_screen)


def _lead(
    application: QApplication,
    screen: StimulusScreen,
    errors: UnforeseenErrors,
    run: LiveRun,
    steps: Sequence[Step],
    *,
    full_screen: bool,
) -> None:
    troubles: list[str] = []
    on_screen = ScreenRun(screen, steps, run.mark, SignalGate(run.predictions).why_wait)

    def give_up(text: str) -> None:
        troubles.append(text)
        on_screen.abort()

    errors.tell = give_up
    on_screen.runner.on_step += run.on_step
    on_screen.on_over.append(application.quit)
    watch = QTimer()
    watch.timeout.connect(lambda: on_screen.abort() if run.session.status.is_over else None)
    watch.start(200)
    if full_screen:
        screen.setCursor(Qt.BlankCursor if not any(step.scales for step in steps) else Qt.ArrowCursor)
        screen.showFullScreen()
    else:
        screen.show()
    application.processEvents()
    on_screen.start()
    application.exec_()
    watch.stop()
    screen.on_abort = None
    screen.close()
    if troubles or on_screen.was_aborted:
        what = troubles[0] if troubles else "The protocol was ended before its end."
        raise SclcmError(what, "What was recorded until then is kept.")
