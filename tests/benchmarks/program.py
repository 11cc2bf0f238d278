"""The program as a whole: start, memory, latency. The references are the limits that were set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid

import psutil

from tests.benchmarks.row import Row

SHOWN = "shown"
DEMO_S = 30
PROBE = f"""
import sys
from PyQt5.QtCore import QTimer
import app.gui.main_window as room
build = room.MainWindow.showEvent
def shown(self, event):
    build(self, event)
    QTimer.singleShot(0, lambda: print({SHOWN!r}, flush=True))
room.MainWindow.showEvent = shown
from app.cli import main
sys.exit(main(["demo", "--seconds", "{DEMO_S // 2}"]))
"""


def rows() -> list[Row]:
    """Measure."""
    help_s = min(_time_help() for _ in range(5))
    shown_s, rss_mb = min(_time_window() for _ in range(2))
    latency_ms = _latency_p99()
    return [
        Row("sclcm --help", help_s, 1.0, "s", 0.3, "1 s"),
        Row("window on screen after the command", shown_s, 1.0, "s", 2.0, "1 s"),
        Row("memory of the live process, all views open", rss_mb, 1.0, "MB", 250.0, "1 MB"),
        Row("T7/T8: last sample's arrival to prediction, p99", latency_ms, 1.0, "ms", 10.0, "1 ms"),
    ]


def _environment() -> dict[str, str]:
    alone = json.dumps({"session_id": f"bench-{uuid.uuid4().hex[:8]}", "resolve_scope": "machine"})
    return {**os.environ, "QT_QPA_PLATFORM": "offscreen", "SCLCM_LSL": alone}


def _time_help() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "app.cli", "--help"], check=True, capture_output=True)
    return time.perf_counter() - started


def _time_window() -> tuple[float, float]:
    started = time.perf_counter()
    window = subprocess.Popen(
        [sys.executable, "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=_environment()
    )
    if window.stdout is None or window.stdout.readline().strip() != SHOWN:
        raise RuntimeError("the window did not come")
    shown_s = time.perf_counter() - started
    peak = 0.0
    while window.poll() is None:
        try:
            peak = max(peak, psutil.Process(window.pid).memory_info().rss / 1e6)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.2)
    return shown_s, peak


def _latency_p99() -> float:
    command = [sys.executable, "-m", "app.cli", "demo", "--headless", "--json", "--seconds", str(DEMO_S)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=_environment())
    return float(json.loads(done.stdout.splitlines()[-1])["latency_ms"]["p99"])
