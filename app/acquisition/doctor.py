"""What may keep streams from being found, and what to do about it."""

from __future__ import annotations

import os
import platform
import socket
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from app.acquisition.lsl_network import (
    INSTALL_HINT,
    Resolver,
    list_streams,
    load_lsl,
    local_clock,
    network_settings,
    user_config_path,
)
from app.acquisition.outlets import OutletSpec, SampleOutlet
from app.acquisition.selection import refusal
from app.acquisition.stream_description import StreamDescription
from sclcm_core.errors import StreamError

PACKAGES = ("numpy", "scipy", "onnxruntime", "pylsl", "mne", "pyxdf", "PyQt5")
"""Packages whose versions are told."""

GOOD_LATENCY_S = 0.01
_N_ROUND_TRIPS = 100
_LOOPBACK_S = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    what : str
        What was looked at.
    found : str
        What it is.
    is_well : bool
        Whether that is as it should be.
    remedy : str
        What to do when it is not.
    """

    what: str
    found: str
    is_well: bool = True
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What the doctor found.

    Parameters
    ----------
    findings : tuple of Finding
        In the order in which they were looked at.
    streams : tuple of StreamDescription
        What is visible.
    loopback_p50_s, loopback_p99_s : float or None
        Time from sending a sample to receiving it on this computer, in s; None when it did not arrive.
    """

    findings: tuple[Finding, ...]
    streams: tuple[StreamDescription, ...] = ()
    loopback_p50_s: float | None = None
    loopback_p99_s: float | None = None

    @property
    def is_well(self) -> bool:
        """Whether nothing needs a remedy."""
        return all(finding.is_well for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self) | {"is_well": self.is_well}


def examine(timeout_s: float = 1.5) -> Report:
    """Look at everything that a stream needs on its way here.

    Parameters
    ----------
    timeout_s : float
        How long to look for streams, in s.

    Returns
    -------
    Report
        What was found; this never fails.
    """
    findings = [*_versions(), *_library()]
    try:
        load_lsl()
    except StreamError:
        return Report(tuple(findings))
    findings += [*_settings(), _interfaces()]
    p50_s, p99_s = loopback()
    findings.append(_judge_loopback(p50_s, p99_s))
    streams = tuple(list_streams(timeout_s))
    findings.append(_judge_streams(streams))
    return Report(tuple(findings), streams, p50_s, p99_s)


def _versions() -> list[Finding]:
    packages = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return [Finding("Python", f"{platform.python_version()} on {platform.platform()}"), Finding("Packages", packages)]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _library() -> list[Finding]:
    named = os.environ.get("PYLSL_LIB")
    out = []
    if named is not None and not Path(named).is_file():
        out.append(Finding("PYLSL_LIB", f"'{named}' is not a file", False, "Name the library file itself, not its folder."))
    try:
        pylsl = load_lsl()
    except StreamError as error:
        return [*out, Finding("LSL library", error.what, False, error.remedy)]
    number = pylsl.library_version()
    path = getattr(pylsl.lib.lib, "_name", "unknown")
    is_new = number >= 116
    return [*out, Finding("LSL library", f"{number // 100}.{number % 100} from {path}", is_new, "" if is_new else INSTALL_HINT)]


def _settings() -> list[Finding]:
    settings = network_settings()
    told = ", ".join(f"{key} {value}" for key, value in settings.model_dump(exclude_defaults=True).items())
    path = user_config_path()
    return [Finding("LSL settings", f"{told or 'defaults'}{f'; over {path}' if path else ''}")]


def _interfaces() -> Finding:
    names = [name for _, name in socket.if_nameindex() if _is_up(name)]
    address = _own_address()
    found = f"{', '.join(names) or 'none'}; this computer is {socket.gethostname()}" + (f" at {address}" if address else "")
    if address:
        return Finding("Network", found)
    remedy = "Streams of this computer are found; to see those of others, join their network."
    return Finding("Network", found + ", not in a network", True, remedy)


def _is_up(name: str) -> bool:
    state = Path("/sys/class/net") / name / "operstate"
    return not state.is_file() or state.read_text().strip() != "down"


def _own_address() -> str | None:
    """Return the address under which others reach this computer; asks the routing table and sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("224.0.0.183", 16571))
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if address.startswith("127.") else address


def loopback(n_round_trips: int = _N_ROUND_TRIPS) -> tuple[float | None, float | None]:
    """Send samples to oneself.

    Parameters
    ----------
    n_round_trips : int
        How many.

    Returns
    -------
    p50_s, p99_s : float or None
        Time from sending to receiving, in s; None when nothing arrived within some seconds.
    """
    spec = OutletSpec("SCLCM self test", "SelfTest", f"sclcm-self-test-{uuid.uuid4().hex}", ("value",), 100.0, ("",), ("",))
    outlet, resolver = SampleOutlet(spec), Resolver()
    try:
        inlet = _find_oneself(resolver, spec.source_id)
        latencies = _round_trips(outlet, inlet, n_round_trips) if inlet is not None else []
    finally:
        resolver.close()
        outlet.close()
    if not latencies:
        return None, None
    return float(np.percentile(latencies, 50)), float(np.percentile(latencies, 99))


def _find_oneself(resolver: Resolver, source_id: str) -> Any:
    deadline = local_clock() + _LOOPBACK_S
    while local_clock() < deadline:
        for description, info in resolver.infos():
            if description.source_id == source_id:
                inlet = load_lsl().StreamInlet(info, recover=False)
                try:
                    inlet.open_stream(timeout=_LOOPBACK_S)
                except RuntimeError:
                    return None
                return inlet
    return None


def _round_trips(outlet: SampleOutlet, inlet: Any, n_round_trips: int) -> list[float]:
    latencies = []
    for _ in range(n_round_trips):
        sent = local_clock()
        outlet.push(np.zeros((1, 1), np.float32), np.array([sent]))
        _, stamp = inlet.pull_sample(timeout=0.5)
        if stamp is None:
            break
        latencies.append(local_clock() - sent)
    return latencies


def _judge_loopback(p50_s: float | None, p99_s: float | None) -> Finding:
    if p50_s is None or p99_s is None:
        return Finding(
            "Round trip",
            "a stream of this program was not received by itself",
            False,
            "Let Python pass the firewall: UDP 16571 and TCP/UDP 16572-16604, also on this computer.",
        )
    found = f"{p50_s * 1e3:.2f} ms median, {p99_s * 1e3:.2f} ms at worst in a hundred"
    is_well = p99_s < GOOD_LATENCY_S
    return Finding("Round trip", found, is_well, "" if is_well else "The computer is busy: close other programs.")


def _judge_streams(streams: Sequence[StreamDescription]) -> Finding:
    usable = [stream for stream in streams if stream.type.lower() == "eeg" and refusal(stream) is None]
    if usable:
        return Finding("Streams", f"{len(streams)} visible, {len(usable)} with EEG: {', '.join(s.name for s in usable)}")
    return Finding(
        "Streams",
        f"{len(streams)} visible, none with EEG",
        False,
        "Start the device's LSL program; where multicast does not reach, name its computer with `--known-peer ADDRESS`; "
        "`sclcm simulate` starts a simulated headset.",
    )
