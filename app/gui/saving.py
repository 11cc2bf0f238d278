"""Pictures and reports to keep: asked for without stopping anything."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtWidgets import QFileDialog

if TYPE_CHECKING:
    from app.gui.main_window import MainWindow

Write = Callable[[Path], object]


def ask_for_picture(window: MainWindow) -> None:
    """Ask where to write a picture of the window as it looks now."""
    picture = window.picture()
    _ask(window, "Save a picture", "png", lambda path: write_picture(picture.save, path))


def ask_for_report(window: MainWindow) -> None:
    """Ask where to write a report of the last minutes, as they are now."""
    from app.gui.report import report_html

    history, views = window.desk.history, window.desk.views
    clip = [(views[key].heading(), views[key].grab()) for key in ("traces", "history")]
    page = report_html(window.session, history, window.picture(), details=clip)
    _ask(window, "Save a report", "html", lambda path: path.write_text(page, encoding="utf-8"))


def write_picture(save: Callable[[str], bool], path: Path) -> None:
    """Write a picture; Qt says no more than that it could not."""
    if not save(str(path)):
        raise OSError(0, "the folder takes no file, or the ending names no kind of picture")


def keep(window: MainWindow, path: Path, write: Write) -> None:
    """Write a file, and say in the banner how that went."""
    try:
        write(path)
    except OSError as error:
        window.banner.say("bad", f"'{path}' could not be written ({error.strerror}). Choose another folder.")
    else:
        window.banner.say("good", f"Written: {path}")


def _ask(window: MainWindow, title: str, suffix: str, write: Write) -> None:
    """Ask for a path in a dialog that stops nothing."""
    dialog = QFileDialog(window, title, f"sclcm-{time.strftime('%Y%m%d-%H%M%S')}.{suffix}", f"*.{suffix}")
    dialog.setAcceptMode(QFileDialog.AcceptSave)
    dialog.setDefaultSuffix(suffix)
    dialog.setModal(False)
    dialog.fileSelected.connect(lambda text: keep(window, Path(text), write))
    dialog.show()
