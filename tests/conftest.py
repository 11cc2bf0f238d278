"""What every test may lean on: the real recordings, seeded generators, and the guard against threads left behind."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# each test process has an LSL session of its own on this machine alone: parallel runs and real headsets stay out of sight
os.environ.setdefault("SCLCM_LSL", f'{{"session_id": "tests-{uuid.uuid4().hex}", "resolve_scope": "machine", "ipv6": false}}')

PATIENCE_S = 2.0
LIBRARY_THREADS = ("pydev", "tqdm", "ThreadPoolExecutor", "asyncio")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Benchmarks run by themselves."""
    for item in items:
        if "benchmarks" in item.path.parts:
            item.add_marker("bench")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real recordings."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SCLCM_TEST_DATA", default))
    if not (folder / "samples").is_dir():
        pytest.skip(f"no real recordings at {folder}; set SCLCM_TEST_DATA to their folder")
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    """A seeded generator."""
    return np.random.default_rng(20_240)


@pytest.fixture(autouse=True)
def _leave_no_thread_behind() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + PATIENCE_S
    while left := [t for t in threading.enumerate() if t not in before and not t.name.startswith(LIBRARY_THREADS)]:
        if time.monotonic() > deadline:
            names = ", ".join(f"{thread.name} (daemon={thread.daemon})" for thread in left)
            pytest.fail(
                f"Threads still running after the test: {names}. Stop what you started: call session.stop(), source.close() "
                "or outlet.close(), or use them as context managers."
            )
        time.sleep(0.01)
