"""Other models, other streams, recordings: asked for in panels, made outside the GUI's thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import QObject
from PyQt5.QtWidgets import QFileDialog

from app.gui.errand import Errand
from app.gui.model_panel import ModelPanel
from app.gui.session_like import SessionLike, rival_of
from app.gui.stream_panel import StreamPanel
from app.gui.workbench import Assignment, FoundStream

if TYPE_CHECKING:
    from app.gui.main_window import MainWindow

RECORDINGS = "Recordings (*.edf *.bdf *.gdf *.fif *.set *.vhdr *.xdf *.cnt *.mat *.dat *.csv);;All files (*)"


class Opening(QObject):
    """Leads from a wish to another session in the window.

    Parameters
    ----------
    window : MainWindow
        Where the session will be shown.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._errands: list[Errand] = []

    def show_models(self) -> None:
        """Show the card of the model in use; list the others as soon as they are read."""
        window, workbench = self._window, self._window.workbench
        rival = rival_of(window.session)
        use, compare = (self.use_model, self.compare_with) if workbench else (None, None)
        name = rival.name if rival else ""
        panel = ModelPanel(window.session.manifest, window.theme, use, window, compare=compare, rival=name)
        window.show_panel(panel)
        if workbench is not None:
            self._send(workbench.models, panel.show_models)

    def calibrate(self) -> None:
        """Lead through a calibration of the model in use."""
        from app.gui.calibration_panel import CalibrationPanel
        from app.session.session import Session

        window, workbench = self._window, self._window.workbench
        if workbench is not None and isinstance(window.session, Session):
            window.show_panel(CalibrationPanel(window.session, window.theme, workbench.mark, self.use_model, window))

    def choose_stream(self) -> None:
        """Show the streams in reach."""
        window, workbench = self._window, self._window.workbench
        if workbench is None:
            return
        manifest = window.session.manifest
        panel = StreamPanel(lambda: workbench.streams(manifest), self.open_stream, manifest, theme=window.theme, parent=window)
        window.show_panel(panel)
        panel.listen()

    def choose_recording(self) -> None:
        """Ask for a file."""
        if self._window.workbench is None:
            return
        dialog = QFileDialog(self._window, "Open a recording", str(self._folder()), RECORDINGS)
        dialog.setFileMode(QFileDialog.ExistingFile)
        dialog.fileSelected.connect(lambda text: self.open_recording(Path(text)))
        dialog.setModal(False)
        dialog.show()

    def use_model(self, path: Path) -> None:
        """Take another model on the present source."""
        workbench = self._window.workbench
        if workbench is not None:
            self._open(f"Loading {path.stem} …", lambda: workbench.with_model(path))

    def compare_with(self, path: Path | None) -> None:
        """Run a second model beside the present one, or none any more."""
        workbench = self._window.workbench
        if workbench is not None:
            text = "Ending the comparison …" if path is None else f"Loading {path.stem} beside the present model …"
            self._open(text, lambda: workbench.with_rival(path))

    def open_stream(self, stream: FoundStream, assignment: Assignment) -> None:
        """Connect to another stream."""
        workbench = self._window.workbench
        if workbench is not None:
            self._open(f"Connecting to {stream.name} …", lambda: workbench.open_stream(stream, None, assignment))

    def open_recording(self, path: Path) -> None:
        """Replay a recording."""
        workbench = self._window.workbench
        self._window.settings.setValue("files/folder", str(path.parent))
        if workbench is not None:
            self._open(f"Reading {path.name} …", lambda: workbench.open_recording(path, None))

    def call_off(self) -> None:
        """Forget what is under way."""
        for errand in self._errands:
            errand.call_off()
        self._errands = []

    def _folder(self) -> Path:
        return Path(str(self._window.settings.value("files/folder", Path.home())))

    def _open(self, text: str, make: Callable[[], SessionLike]) -> None:
        """End the present session once the next can be made: a file that cannot be read leaves everything as it is."""
        old = self._window.session
        self._window.banner.say("info", text)

        def swap() -> SessionLike:
            session = make()
            old.stop()
            return session

        self._send(swap, self._window.show_session)

    def _send(self, function: Callable[[], Any], done: Callable[[Any], None]) -> None:
        errand = Errand(function, self)
        self._errands = [*self._errands[-8:], errand]
        errand.start(done, lambda text: self._window.banner.say("bad", text))
