"""The one place where LSL is loaded and set up, and where the network is asked what it carries."""

from __future__ import annotations

import configparser
import logging
import os
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.acquisition.stream_description import StreamDescription, parse_description
from sclcm_core.errors import StreamError

logger = logging.getLogger(__name__)

SETTINGS_VARIABLE = "SCLCM_LSL"
"""Environment variable with network settings as JSON; child processes take theirs from it."""

Scope = Literal["machine", "link", "site", "organization", "global"]

INSTALL_HINT = (
    "Install it with `pip install --upgrade pylsl` (Linux with glibc 2.35 or newer, macOS, Windows). On older Linux and on ARM "
    "boards: `pip install --no-deps mne-lsl`, then set PYLSL_LIB to the file mne_lsl/lsl/lib/liblsl.so* that it brought. "
    "Replaying files works without it."
)

_lock = threading.Lock()
_settings: NetworkSettings | None = None
_loaded_with: NetworkSettings | None = None


class NetworkSettings(BaseModel):
    """How LSL looks for streams."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    session_id: str | None = Field(default=None, description="only streams of this session see each other")
    known_peers: tuple[str, ...] = Field(default=(), description="addresses to ask directly, where multicast does not reach")
    resolve_scope: Scope | None = Field(default=None, description="how far a search goes; 'machine' stays on this computer")
    ipv6: bool | None = Field(default=None, description="whether IPv6 is used; liblsl decides when not given")
    log_level: int = Field(default=-3, ge=-9, le=9, description="what liblsl prints on stderr; -3: only what is fatal")


def configure(settings: NetworkSettings) -> None:
    """Set how LSL looks for streams, in this process and in the children it starts.

    Parameters
    ----------
    settings : NetworkSettings
        The settings.

    Raises
    ------
    StreamError
        When LSL is already in use with other settings: it reads them once.
    """
    global _settings  # noqa: PLW0603 - liblsl keeps its configuration for the life of the process, and so do we
    with _lock:
        if _loaded_with is not None and _loaded_with != settings:
            raise StreamError("LSL is already in use with other network settings.", "Set them before the first stream is used.")
        _settings = settings
        os.environ[SETTINGS_VARIABLE] = settings.model_dump_json()


def network_settings() -> NetworkSettings:
    """Return the settings in force: those configured, or those of the environment, or the defaults."""
    if _settings is not None:
        return _settings
    text = os.environ.get(SETTINGS_VARIABLE)
    return NetworkSettings.model_validate_json(text) if text else NetworkSettings()


def load_lsl() -> ModuleType:
    """Return the pylsl module, set up; the first call loads liblsl.

    Raises
    ------
    StreamError
        When liblsl is not installed or does not load.
    """
    with _lock:
        return _load()


@cache
def _load() -> ModuleType:
    global _loaded_with  # noqa: PLW0603 - see configure
    try:
        import pylsl
    except (ImportError, RuntimeError, OSError, AttributeError) as error:  # AttributeError: a library of something else
        named = os.environ.get("PYLSL_LIB")
        remedy = f"PYLSL_LIB names '{named}': unset it, or name a liblsl. {INSTALL_HINT}" if named else INSTALL_HINT
        raise StreamError(f"The LSL library could not be loaded ({_first_line(error)}).", remedy) from error
    _loaded_with = network_settings()
    _apply(pylsl, _loaded_with)
    module: ModuleType = pylsl
    return module


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _apply(pylsl: Any, settings: NetworkSettings) -> None:
    content = config_content(settings)
    if not content:
        return
    try:
        pylsl.set_config_content(content)
    except (AttributeError, NotImplementedError):
        logger.warning("This liblsl is too old to be given network settings; update pylsl to 1.18.6 or newer.")


def config_content(settings: NetworkSettings) -> str:
    """Return the configuration that liblsl is given: the user's own file with the settings laid over it.

    Parameters
    ----------
    settings : NetworkSettings
        The settings.

    Returns
    -------
    str
        Text in liblsl's INI format.
    """
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[method-assign, assignment]
    path = user_config_path()
    if path is not None:
        _read_leniently(parser, path)
    for section, key, value in _entries(settings):
        if not parser.has_section(section):
            parser.add_section(section)
        parser.set(section, key, value)
    return "\n".join(f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in parser.items(name)) for name in parser.sections())


def _entries(settings: NetworkSettings) -> list[tuple[str, str, str]]:
    entries = [("log", "level", str(settings.log_level))]
    if settings.session_id:
        entries.append(("lab", "SessionID", settings.session_id))
    if settings.known_peers:
        entries.append(("lab", "KnownPeers", "{" + ", ".join(settings.known_peers) + "}"))
    if settings.resolve_scope:
        entries.append(("multicast", "ResolveScope", settings.resolve_scope))
    if settings.ipv6 is not None:
        entries.append(("ports", "IPv6", "allow" if settings.ipv6 else "disable"))
    return entries


def _read_leniently(parser: configparser.ConfigParser, path: Path) -> None:
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError) as error:
        logger.warning("The LSL configuration %s is not read: %s", path, _first_line(error))


def user_config_path() -> Path | None:
    """Return the LSL configuration file that liblsl would read by itself, or None."""
    named = os.environ.get("LSLAPICFG")
    places = [Path(named)] if named else []
    places += [Path("lsl_api.cfg"), Path.home() / "lsl_api" / "lsl_api.cfg", Path("/etc/lsl_api/lsl_api.cfg")]
    return next((path for path in places if path.is_file()), None)


def local_clock() -> float:
    """Return the time on the clock that LSL stamps samples with, in s; without liblsl, on the system's monotonic clock."""
    return float(lsl_clock()())


@cache
def lsl_clock() -> Callable[[], float]:
    """Return that clock itself, for those who read it at every chunk."""
    try:
        read: Callable[[], float] = load_lsl().util.lib.lsl_local_clock  # what pylsl's own function looks up at each call
        return read
    except StreamError:
        return time.monotonic


class Resolver:
    """Looks for streams in the background for as long as it lives; costs 0.05 % of a core.

    Parameters
    ----------
    forget_after_s : float
        After how long a stream that no longer answers is no longer listed, in s. It is asked every 1.8 s.
    """

    def __init__(self, forget_after_s: float = 3.0) -> None:
        self._resolver: Any = load_lsl().ContinuousResolver(forget_after=forget_after_s)

    def infos(self) -> list[tuple[StreamDescription, Any]]:
        """Return what is visible now: each stream's description (without channels) and pylsl's handle for it."""
        if self._resolver is None:
            return []
        found = [(parse_description(info.as_xml()), info) for info in self._resolver.results()]
        return [(description, info) for description, info in found if description.uid]

    def close(self) -> None:
        """Stop looking."""
        self._resolver = None


def list_streams(timeout_s: float = 1.0) -> list[StreamDescription]:
    """Return the streams on the network, with their channels.

    Parameters
    ----------
    timeout_s : float
        How long to look, in s. On a computer without network, less than 1 s finds only some of its own streams.

    Returns
    -------
    list of StreamDescription
        Sorted by name. A stream that vanished meanwhile is listed without channels. An answer that is no description of a stream
        (something else on the network, or a damaged packet) is not listed.
    """
    found = [describe_stream(info) for info in load_lsl().resolve_streams(wait_time=timeout_s)]
    return sorted((stream for stream in found if stream.uid), key=lambda d: (d.name, d.source_id, d.uid))


def describe_stream(info: Any, timeout_s: float = 1.0) -> StreamDescription:
    """Read a stream's full description.

    Parameters
    ----------
    info : pylsl.StreamInfo
        What a resolver found.
    timeout_s : float
        How long to wait for the answer, in s.

    Returns
    -------
    StreamDescription
        Without channels when the stream did not answer.
    """
    try:
        inlet = load_lsl().StreamInlet(info, max_buflen=1, recover=False)
        return parse_description(inlet.info(timeout=timeout_s).as_xml())
    except (RuntimeError, UnicodeDecodeError):
        return parse_description(info.as_xml())
