"""Child processes that put streams on the network, and surely end with their parent."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from app.acquisition.lsl_network import SETTINGS_VARIABLE, network_settings
from sclcm_core.errors import EndOfStream, StreamError

STOP_WITH_PARENT = "--stop-with-parent"
"""Option with which a child ends when its standard input is closed, which also happens when the parent dies."""

MENDABLE = 2
"""Exit status of a child that ended with a message for the user."""

_START_S = 30.0
_STOP_S = 2.0


class ChildProcess:
    """A child that reports on its standard output when it is ready.

    Parameters
    ----------
    module : str
        Python module to run.
    arguments : sequence of str
        Its command line.

    Notes
    -----
    The child's commands go, one a line, to its standard input; closing that ends the child, on every platform and also when this
    process is killed.
    """

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        self._module, self._arguments = module, list(arguments)
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._is_over = False

    def start(self, timeout_s: float = _START_S) -> dict[str, Any]:
        """Start the child and wait until it is ready.

        Parameters
        ----------
        timeout_s : float
            How long it may take, in s.

        Returns
        -------
        dict
            What the child says of itself.

        Raises
        ------
        StreamError
            When it ends, or does not get ready in time.
        EndOfStream
            When it is stopped meanwhile, or was before.
        """
        process = self._launch()
        overdue = threading.Timer(timeout_s, process.kill)
        overdue.start()
        try:
            line = process.stdout.readline() if process.stdout else ""
        except ValueError:  # closed by stop()
            line = ""
        finally:
            overdue.cancel()
            overdue.join()
        if self._is_over:
            raise EndOfStream
        if not line.startswith("{"):
            raise self._failure()
        return dict(json.loads(line))

    def _launch(self) -> subprocess.Popen[str]:
        environment = {**os.environ, SETTINGS_VARIABLE: network_settings().model_dump_json(), "OMP_NUM_THREADS": "1"}
        with self._lock:
            if self._is_over:
                raise EndOfStream
            self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - a pipe nobody reads would block the child
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module, STOP_WITH_PARENT, *self._arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints, text=True, encoding="utf-8",
                env=environment, start_new_session=True,  # Ctrl-C is for the parent: a stream that ends first would look lost
            )  # fmt: skip
            return self._process

    def _failure(self) -> Exception:
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return EndOfStream()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_S)
        process.kill()
        process.communicate()
        self._complaints.seek(0)
        said = self._complaints.read().decode("utf-8", errors="replace").strip()
        self._complaints.close()
        last = said.splitlines()[-1] if said else "it said nothing"
        if process.returncode == MENDABLE and ". " in last:  # said for the user, and whole
            what, _, remedy = last.rpartition(". ")
            return StreamError(f"{what}.", remedy)
        return StreamError(f"The process of '{self._module}' ended before its stream was up ({last}).", "Mend what it names.")

    @property
    def pid(self) -> int | None:
        """Number of the process while it runs."""
        return self._process.pid if self._process is not None else None

    @property
    def is_running(self) -> bool:
        """Whether the child is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def has_failed(self) -> bool:
        """Whether the child has ended otherwise than it should."""
        return self._process is not None and self._process.poll() not in (None, 0)

    def tell(self, command: str) -> None:
        """Send a command; a child that has ended is told nothing."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError, OSError):
                self._process.stdin.write(command + "\n")
                self._process.stdin.flush()

    def kill(self) -> None:
        """End the child at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the child to end by itself, at most for a time in s; tell whether it did."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """End the child: kindly, then surely; it cannot be started again."""
        with self._lock:
            process, self._process, self._is_over = self._process, None, True
        if process is None:
            return
        endings: list[Callable[[], None]] = [process.terminate, process.kill]
        if process.stdin is not None:
            endings.insert(0, process.stdin.close)
        for ending in endings:
            with contextlib.suppress(OSError):
                ending()
            try:
                process.wait(_STOP_S)
                break
            except subprocess.TimeoutExpired:
                continue
        if process.stdout is not None:
            process.stdout.close()
        self._complaints.close()


def report_ready(**facts: Any) -> None:
    """Say on standard output, from a child, that its stream is up."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def watch_parent(stop: threading.Event, obey: Callable[[str], None] | None = None) -> threading.Thread:
    """Set an event, in a child, once standard input is closed.

    Parameters
    ----------
    stop : threading.Event
        What to set.
    obey : callable, optional
        What to do with each line that comes before.

    Returns
    -------
    threading.Thread
        The watching thread; it is a daemon, because nothing can wake it from its reading.
    """

    def watch() -> None:
        for line in sys.stdin:
            if obey is not None:
                obey(line.strip())
        stop.set()

    thread = threading.Thread(target=watch, name="watch-parent", daemon=True)
    thread.start()
    return thread


def leave_now(stop: threading.Event, started: float | None = None) -> None:
    """End a child at the end of its main function, whatever its watching thread does.

    Parameters
    ----------
    stop : threading.Event
        Set, so that nothing goes on.
    started : float, optional
        When the child started, for the log, in s of the monotonic clock.
    """
    stop.set()
    if started is not None:
        sys.stderr.write(f"ended after {time.monotonic() - started:.1f} s\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
