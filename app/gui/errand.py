"""Something that takes seconds, done outside the GUI's thread; the answer comes back as a signal."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from PyQt5.QtCore import QObject, Qt, pyqtSignal

from sclcm_core.errors import SclcmError

log = logging.getLogger(__name__)

PATIENCE_S = 3.0


class Errand(QObject):
    """Runs a function once in a thread of its own.

    Parameters
    ----------
    function : callable
        What takes so long.
    parent : QObject, optional
        Owner.
    """

    done = pyqtSignal(object)
    failed = pyqtSignal(str)

    def __init__(self, function: Callable[[], Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._function = function
        self._wanted = True
        self._thread = threading.Thread(target=self._run, name="errand", daemon=True)

    def start(self, done: Callable[[Any], None], failed: Callable[[str], None]) -> Errand:
        """Begin; exactly one of the two is called in the GUI's thread, unless the errand is called off."""
        self.done.connect(done, Qt.QueuedConnection)  # type: ignore[call-arg]
        self.failed.connect(failed, Qt.QueuedConnection)  # type: ignore[call-arg]
        self._thread.start()
        return self

    def call_off(self) -> None:
        """Forget the answer, and wait a moment for the thread."""
        self._wanted = False
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        try:
            answer = self._function()
        except SclcmError as error:
            self._tell(self.failed, str(error))
        except Exception as error:
            log.exception("An errand failed.")
            self._tell(self.failed, f"{type(error).__name__}: {error}")
        else:
            self._tell(self.done, answer)

    def _tell(self, signal: Any, what: Any) -> None:
        if self._wanted:
            signal.emit(what)
