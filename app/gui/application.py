"""The Qt application: what has to be set before the first widget."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from types import TracebackType

from PyQt5.QtCore import QCoreApplication, Qt
from PyQt5.QtWidgets import QApplication

from app.gui.theme import load_fonts

log = logging.getLogger(__name__)

NAME = "SCLCM Live"


def make_application() -> QApplication:
    """Return the application, made if there is none yet."""
    there = QApplication.instance()
    if isinstance(there, QApplication):
        load_fonts()
        return there
    os.environ.setdefault("QT_XCB_GL_INTEGRATION", "none")  # nothing here uses OpenGL; Mesa alone takes tens of MB
    if os.environ.get("QT_QPA_PLATFORM", "") == "offscreen":
        os.environ.setdefault("QT_FONT_DPI", "96")  # its screen claims 100 dpi, and every picture would be scaled by 1.04
    for attribute in (Qt.AA_EnableHighDpiScaling, Qt.AA_UseHighDpiPixmaps, Qt.AA_DontCreateNativeWidgetSiblings):
        QCoreApplication.setAttribute(attribute)
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = QApplication(["sclcm"])
    application.setApplicationName(NAME)
    application.setOrganizationName("sclcm-live")
    application.setStyle("Fusion")
    load_fonts()
    return application


class UnforeseenErrors:
    """Keeps the window alive when a slot raises: PyQt5 ends the process otherwise.

    Parameters
    ----------
    tell : callable
        Called with a text for the user.
    """

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self.tell = tell
        self._before = sys.excepthook

    def __enter__(self) -> UnforeseenErrors:
        """Take over."""
        self._before = sys.excepthook
        sys.excepthook = self._take
        return self

    def __exit__(self, *_: object) -> None:
        """Give back."""
        sys.excepthook = self._before

    def _take(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QCoreApplication.quit()
            return
        log.error("The window met an unforeseen error.", exc_info=(kind, error, trace))
        if self.tell is not None:
            self.tell(f"Something unforeseen happened in the window ({kind.__name__}: {error}). The recording is not affected.")
