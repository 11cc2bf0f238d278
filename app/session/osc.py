"""Results over Open Sound Control, for stages and game engines: TouchDesigner, Max, SuperCollider, Unity, Unreal.

Format: OSC 1.0, https://opensoundcontrol.stanford.edu/spec-1_0.html. Each datagram is a bundle of messages to be taken at once.
"""

from __future__ import annotations

import logging
import re
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from app.session.session import SessionStatus
from sclcm_core.errors import ConfigError
from sclcm_core.streaming.quality import Light, QualityReport
from sclcm_core.types import Marker, Prediction

log = logging.getLogger(__name__)

DEFAULT_PORT = 9000
LARGEST_DATAGRAM = 1400
"""Bytes that any network carries in one piece."""

Value = int | float | str
Message = tuple[str, Sequence[Value]]
_BUNDLE = b"#bundle\x00" + struct.pack(">Q", 1)  # 1: at once
_NOT_IN_A_NAME = re.compile(r"[\s#*,/?\[\]{}\x00-\x1f\x7f-\U0010ffff]+")


class OscSender:
    """Sends results as OSC over UDP.

    Parameters
    ----------
    host : str
        Where to; this machine, unless told otherwise.
    port : int
        Port of the receiver.
    prefix : str
        What every address begins with.

    Raises
    ------
    ConfigError
        When the host is not known.

    Notes
    -----
    Sending never waits: what the system does not take at once is dropped and counted in `n_dropped`.

    Examples
    --------
    The addresses of a prediction (``/sclcm`` is the prefix):

    ==================================== ====== ==========================================
    ``/sclcm/model``                     s      name of the model that says the rest of the bundle
    ``/sclcm/label``                     s      the class; empty while withheld
    ``/sclcm/withheld``                  s      why there is no answer; empty when there is
    ``/sclcm/probability/<class>``       f      one message a class; none while withheld
    ``/sclcm/probabilities``             f...   the same in one message, in the order of the classes
    ``/sclcm/time``                      d      time of the window's last sample in s
    ``/sclcm/rival/...``                        all of these of the second model, where two are compared
    ``/sclcm/quality``                   s      good, fair or poor
    ``/sclcm/quality/<channel>``         si     the same of one channel, and 0, 1 or 2
    ``/sclcm/marker``                    s      a marker's text
    ``/sclcm/status``                    ss     phase and message
    ==================================== ====== ==========================================
    """

    def __init__(self, host: str = "127.0.0.1", port: int = DEFAULT_PORT, prefix: str = "/sclcm") -> None:
        self.n_sent = self.n_dropped = 0
        self._prefix = prefix
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        except (OSError, UnicodeError, OverflowError) as error:
            raise ConfigError(f"OSC cannot be sent to '{host}:{port}' ({error}).", "Give --osc HOST:PORT.") from error
        self._address: tuple[Any, ...] = address
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setblocking(False)

    def close(self) -> None:
        """Let go of the socket; safe to call twice."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def prediction(self, prediction: Prediction, model: str = "") -> None:
        """Send a prediction, withheld or not."""
        self._send(_answer(prediction, model))

    def rival(self, prediction: Prediction, model: str = "") -> None:
        """Send a prediction of the second model: the same under addresses of its own."""
        self._send((f"/rival{address}", values) for address, values in _answer(prediction, model))

    def quality(self, report: QualityReport) -> None:
        """Send a quality report."""
        lights = list(Light)
        messages: list[Message] = [("/quality", [report.light.value])]
        for channel in report.channels:
            address = f"/quality/{address_part(channel.name)}"
            messages.append((address, [channel.light.value, lights.index(channel.light)]))
        self._send(messages)

    def marker(self, marker: Marker) -> None:
        """Send a marker."""
        self._send([("/marker", [marker.text])])

    def status(self, status: SessionStatus) -> None:
        """Send a change of phase."""
        self._send([("/status", [status.phase.value, status.message])])

    def _send(self, messages: Iterable[Message]) -> None:
        encoded = [encode(self._prefix + address, values) for address, values in messages]
        for datagram in bundles(encoded):
            try:
                self._socket.sendto(datagram, self._address)
                self.n_sent += 1
            except OSError as error:
                if not self.n_dropped:
                    log.warning("OSC to %s is not taken (%s); what is not taken is left out.", self._address, error)
                self.n_dropped += 1


def _answer(prediction: Prediction, model: str) -> list[Message]:
    """Return the messages of a prediction."""
    messages: list[Message] = [
        ("/model", [model]),
        ("/time", [prediction.t_end]),
        ("/label", [prediction.label or ""]),
        ("/withheld", [prediction.withheld or ""]),
    ]
    if prediction.withheld is None:
        values = [float(value) for value in prediction.probabilities]
        messages.append(("/probabilities", values))
        named = zip(prediction.class_names, values, strict=True)
        messages += [(f"/probability/{address_part(name)}", [value]) for name, value in named]
    return messages


def encode(address: str, values: Sequence[Value]) -> bytes:
    """Return an OSC message.

    Parameters
    ----------
    address : str
        Where it goes; numbers with a decimal point go as 32-bit floats, but as doubles to addresses that end in ``/time``.
    values : sequence of int, float or str
        What it says.

    Returns
    -------
    bytes
        A multiple of four bytes.

    Examples
    --------
    >>> encode("/oscillator/4/frequency", [440.0]).hex(" ", 4)
    '2f6f7363 696c6c61 746f722f 342f6672 65717565 6e637900 2c660000 43dc0000'
    """
    decimal = "d" if address.endswith("/time") else "f"  # a 32-bit float tells a clock of days to 10 ms only
    tags, content = ",", b""
    for value in values:
        if isinstance(value, str):
            tags, content = tags + "s", content + _text(value)
        elif isinstance(value, int):
            tags, content = tags + "i", content + struct.pack(">i", value)
        else:
            tags, content = tags + decimal, content + struct.pack(f">{decimal}", value)
    return _text(address) + _text(tags) + content


def bundles(messages: Iterable[bytes]) -> Iterator[bytes]:
    """Yield bundles of messages, none longer than a datagram may be unless a single message is."""
    bundle = _BUNDLE
    for message in messages:
        element = struct.pack(">i", len(message)) + message
        if len(bundle) > len(_BUNDLE) and len(bundle) + len(element) > LARGEST_DATAGRAM:
            yield bundle
            bundle = _BUNDLE
        bundle += element
    if len(bundle) > len(_BUNDLE):
        yield bundle


def address_part(name: str) -> str:
    """Return a name as a part of an address, without the characters that mean something there.

    Examples
    --------
    >>> address_part("mental arithmetic"), address_part("A2/A1?"), address_part("#")
    ('mental_arithmetic', 'A2_A1', 'unnamed')
    """
    return _NOT_IN_A_NAME.sub("_", name).strip("_") or "unnamed"


def _text(text: str) -> bytes:
    """Return a text that ends with a zero and fills whole groups of four bytes."""
    encoded = text.replace("\x00", "").encode("utf-8", "replace") + b"\x00"
    return encoded + b"\x00" * (-len(encoded) % 4)
