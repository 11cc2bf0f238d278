"""Pictures of everything: the window and each view in each look, the panels, the stage, the states."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PyQt5.QtCore import QPoint, QRect, QSettings
from PyQt5.QtWidgets import QApplication, QWidget

from app.acquisition.source import Phase
from app.gui.application import make_application
from app.gui.audience import Audience
from app.gui.help_sheet import HelpSheet
from app.gui.main_window import MainWindow
from app.gui.match_panel import MatchPanel
from app.gui.model_panel import ModelPanel
from app.gui.posed_session import PosedSession, three_minutes
from app.gui.stream_panel import StreamPanel
from app.gui.theme import THEMES
from app.gui.workbench import FoundStream
from sclcm_core.montage import DEAP_CHANNELS
from sclcm_core.simulation.settings import HEADSET_CHANNELS

if TYPE_CHECKING:
    from sclcm_core.inference.bundle import Bundle

Session = Callable[..., PosedSession]

REST_S = 30.0

STREAMS = [
    FoundStream("Headset 8", "EEG", "hs-0042", "lab-2", 250.0, ("Fp1", "Fp2", "T7", "T8", "C3", "C4", "O1", "O2"), True,
                "2 channels matched; resampled from 250 to 200 Hz"),
    FoundStream("Amplifier 32", "EEG", "amp-7", "lab-2", 500.0, tuple(f"ch{k}" for k in range(1, 33)), False,
                "The model needs the channels T7, T8; the stream 'Amplifier 32' has ch1, ch2, ch3, …"),
]  # fmt: skip
"""Streams that are listed for the picture."""


def take_screenshots(bundle: Bundle, folder: Path) -> list[Path]:
    """Write a PNG of everything there is to see.

    Parameters
    ----------
    bundle : Bundle
        A model that the simulated headset can feed.
    folder : Path
        Where to; made when it is not there.

    Returns
    -------
    list of Path
        What was written.

    Notes
    -----
    Needs no display: set ``QT_QPA_PLATFORM=offscreen`` before Qt is first used.
    """
    application = make_application()
    folder.mkdir(parents=True, exist_ok=True)
    camera = _Camera(folder)

    def session(**changes: object) -> PosedSession:
        rest = REST_S if bundle.manifest.personal_baseline else 0.0
        return PosedSession(bundle, **({"baseline_s": rest} | changes))  # type: ignore[arg-type]

    _take_windows(camera, session)
    _take_states(camera, session)
    application.processEvents()
    return camera.written


class _Camera:
    """Writes pictures and remembers which."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.written: list[Path] = []

    def take_part(self, window: QWidget, part: QWidget, name: str) -> None:
        """Take a part of a window with what is behind it."""
        QApplication.processEvents()
        corner = part.mapTo(window, QPoint(0, 0))
        path = self._folder / f"{name}.png"
        window.grab(QRect(corner, part.size()).adjusted(-8, -8, 8, 8)).save(str(path))
        self.written.append(path)

    def take(self, widget: QWidget, name: str) -> None:
        path = self._folder / f"{name}.png"
        QApplication.processEvents()
        widget.grab().save(str(path))
        self.written.append(path)


@contextmanager
def _opened(session: PosedSession, width: int = 1600, height: int = 960) -> Iterator[MainWindow]:
    """A window on a session that is streaming, gone when the block ends."""
    with TemporaryDirectory() as folder:
        settings = QSettings(str(Path(folder) / "window.ini"), QSettings.IniFormat)
        settings.setValue("window/hint_seen", True)
        window = MainWindow(session, settings)
        window.resize(width, height)
        window.show()
        try:
            yield window
        finally:
            window.close()
            window.deleteLater()
            QApplication.processEvents()


def _settle(window: MainWindow) -> None:
    """Let everything arrive where it is going."""
    window.desk.pace.stop()
    if isinstance(window.session, PosedSession):
        window.session.breathe()
    for _ in range(12):
        QApplication.processEvents()
        for view in window.desk.views.values():
            view.refresh()
    window.desk.follow()
    window.layouts.calm_tabs()
    QApplication.processEvents()


def _play(window: MainWindow, session: PosedSession) -> None:
    session.go(Phase.STREAMING)
    session.play([("neutral", REST_S + 6.0)])
    session.play(three_minutes())
    session.mark("eyes closed")
    session.play([("positive", 6.0)])
    _settle(window)


def _take_windows(camera: _Camera, session: Session) -> None:
    posed = session()
    with _opened(posed) as window:
        _play(window, posed)
        for name in THEMES:
            window.set_theme(name)
            _settle(window)
            camera.take(window, f"window-{name}")
            _take_views(camera, window, name)
            _take_panels(camera, window, name)
        window.set_theme("dark")
        window.resize(1280, 800)
        _settle(window)
        camera.take(window, "window-1280x800")


def _take_views(camera: _Camera, window: MainWindow, theme: str) -> None:
    for key, card in window.desk.cards.items():
        was_open = not card.isHidden()
        card.show()
        card.raise_()
        QApplication.processEvents()
        card.view.refresh()
        camera.take_part(window, card, f"view-{key}-{theme}")
        card.setVisible(was_open)
    for key in ("spectrogram", "quality"):
        window.desk.cards[key].raise_()


def _take_panels(camera: _Camera, window: MainWindow, theme: str) -> None:
    look, manifest = window.theme, window.session.manifest
    streams = StreamPanel(lambda: STREAMS, lambda *_: None, manifest, theme=look)
    streams.show_streams(STREAMS)
    stage = Audience(window.session, window.desk.history, look)
    stage.resize(1600, 900)
    for _ in range(40):
        stage.refresh()
    panels: dict[str, QWidget] = {
        "keys": HelpSheet(window.commands),
        "model": ModelPanel(manifest, look),
        "streams": streams,
        "assign": MatchPanel(STREAMS[1], manifest, lambda _: None),
        "audience": stage,
    }
    for name, panel in panels.items():
        panel.show()
        camera.take(panel, f"{'stage' if name == 'audience' else 'panel'}-{name}-{theme}")
        panel.close()
        panel.deleteLater()


def _take_states(camera: _Camera, session: Session) -> None:
    for name, pose in _STATES.items():
        posed = pose_session(session, name)
        with _opened(posed, 1280, 800) as window:
            pose(window, posed)
            _settle(window)
            camera.take(window, f"state-{name}")


def pose_session(session: Session, state: str) -> PosedSession:
    """Return the session that a state is shown with."""
    if state == "baseline":
        return session(baseline_s=REST_S)
    if state == "two-models":
        return session(rival=other_model(session().bundle))
    return session(ch_names=DEAP_CHANNELS) if state == "many-channels" else session()


def other_model(bundle: Bundle) -> Bundle | None:
    """Return another model at hand that tells the same from the same channels, or None."""
    from app.paths import bundle_paths
    from sclcm_core.inference.bundle import load_bundle

    mine = bundle.manifest
    for path in bundle_paths().values():
        other = load_bundle(path)
        same = set(other.manifest.class_names) == set(mine.class_names)
        if same and other.sha256 != bundle.sha256 and set(other.manifest.features.ch_names) <= set(HEADSET_CHANNELS):
            return other
    return None


def _pose_searching(window: MainWindow, session: PosedSession) -> None:
    session.go(Phase.SEARCHING, "Looking for an EEG stream on the network.")


def _pose_baseline(window: MainWindow, session: PosedSession) -> None:
    session.go(Phase.STREAMING)
    session.play([("neutral", 18.0)])


def _pose_lost(window: MainWindow, session: PosedSession) -> None:
    _play(window, session)
    session.go(Phase.LOST, "The stream 'SCLCM simulated headset' has been gone for 3.0 s; looking for it.")


def _pose_withheld(window: MainWindow, session: PosedSession) -> None:
    _play(window, session)
    session.lose(0.8)
    session.unplug("T8", 4.0)


def _pose_failed(window: MainWindow, session: PosedSession) -> None:
    _play(window, session)
    session.go(Phase.FAILED, "The session failed (OSError: device removed). Please report it with the log.")


def _pose_paused(window: MainWindow, session: PosedSession) -> None:
    _play(window, session)
    window.commands[0].act()


def _pose_many(window: MainWindow, session: PosedSession) -> None:
    _play(window, session)
    next(c for c in window.commands if c.keys == ("A",)).act()


_STATES: dict[str, Callable[[MainWindow, PosedSession], None]] = {
    "searching": _pose_searching,
    "streaming": _play,
    "baseline": _pose_baseline,
    "lost": _pose_lost,
    "withheld": _pose_withheld,
    "failed": _pose_failed,
    "paused": _pose_paused,
    "many-channels": _pose_many,
    "two-models": _play,
}
