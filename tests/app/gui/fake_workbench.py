"""A workbench made by hand: it makes fake sessions and remembers what it was asked for."""

import threading
from pathlib import Path

from app.gui.workbench import FoundStream, ModelAtHand
from sclcm_core.errors import RecordingError
from tests.app.gui.fake_session import FakeSession, a_manifest

GOOD = FoundStream("Headset", "EEG", "id-1", "lab", 250.0, ("T7", "T8", "O1"), True, "2 channels matched")
ODD = FoundStream("Amp", "EEG", "id-2", "lab", 500.0, ("ch1", "ch2", "T8"), False, "The model needs the channel T7.")


class FakeWorkbench:
    def __init__(self) -> None:
        self.made: list[FakeSession] = []
        self.asked: list[tuple] = []
        self.threads: set[str] = set()

    def models(self):
        return [ModelAtHand(Path("other.onnx"), a_manifest(name="other", title="Other"))]

    def streams(self, manifest):
        self.threads.add(threading.current_thread().name)
        return [GOOD, ODD]

    def open_stream(self, stream, model_path, assignment):
        self.asked.append((stream.name, dict(assignment.channels), assignment.unit))
        return self._make("live")

    def open_recording(self, path, model_path):
        if not path.exists():
            raise RecordingError(f"The file '{path.name}' does not exist.", "Check the path.")
        return self._make("replay")

    def with_model(self, model_path):
        self.asked.append((str(model_path),))
        return self._make("live")

    def with_rival(self, model_path):
        self.asked.append(("beside", model_path and str(model_path)))
        session = self._make("live")
        session.rival_manifest = a_manifest(name="other") if model_path else None
        return session

    def _make(self, origin):
        self.threads.add(threading.current_thread().name)
        self.made.append(FakeSession(origin=origin))
        return self.made[-1]
