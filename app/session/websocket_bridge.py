"""Results over WebSocket, as JSON, for web pages and game engines."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import threading
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from app.session.messages import as_json, marker_message, prediction_message, quality_message, rival_message, status_message
from app.session.session import SessionStatus
from sclcm_core.errors import ConfigError
from sclcm_core.streaming.quality import QualityReport
from sclcm_core.types import Marker, Prediction

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

log = logging.getLogger(__name__)

DEFAULT_PORT = 8765
MOST_WAITING = 64
"""Messages that wait for a slow listener; the oldest make room for the newest."""

LOCAL_PAGES = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
"""Pages that this machine serves. Any other page that the user happens to have open must not listen to their EEG; a page opened as
a file says 'null', as any page can, and is any other page."""

_READY_TIMEOUT_S, _CLOSE_TIMEOUT_S = 5.0, 0.5


class WebSocketBridge:
    """A server that tells every client what the session says: one JSON object a message.

    Parameters
    ----------
    host : str
        Address to listen at; this machine only, unless told otherwise.
    port : int
        Port to listen at; 0 for any that is free.
    any_page : bool
        Whether pages from other sites may connect.

    Notes
    -----
    Each message says its ``type``: ``prediction``, ``rival_prediction`` (of the second model, where two are compared; both name their
    ``model``), ``quality``, ``marker`` or ``status``. A client that comes late is told the newest of each type first.

    One thread of its own. What is handed over waits in a bounded queue; a client that is too slow misses the oldest messages, and
    nobody else notices. What clients say is not listened to.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = DEFAULT_PORT, *, any_page: bool = False) -> None:
        self.host, self.port = host, port
        self.n_dropped = 0
        self._any_page = any_page
        self._waiting: deque[str] = deque(maxlen=MOST_WAITING)
        self._clients: set[asyncio.Queue[str]] = set()
        self._last: dict[str, str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="websocket", daemon=True)

    def start(self) -> None:
        """Begin to listen.

        Raises
        ------
        ConfigError
            When the port is taken, or the package is missing.
        """
        try:
            import websockets.asyncio.server  # noqa: F401 - here, so that who needs no bridge needs no package
        except ImportError as error:
            raise ConfigError("The WebSocket bridge needs the package 'websockets'.", "pip install websockets") from error
        self._thread.start()
        self._ready.wait(_READY_TIMEOUT_S)
        if self._error is not None:
            self._thread.join()
            raise ConfigError(
                f"The WebSocket bridge cannot listen at {self.host}:{self.port} ({self._error}).",
                "Choose another port with --websocket.",
            ) from self._error

    def close(self) -> None:
        """Say goodbye to the clients and stop; safe to call twice."""
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None and self._thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
            self._thread.join(4 * _CLOSE_TIMEOUT_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def prediction(self, prediction: Prediction, model: str = "") -> None:
        """Tell a prediction, withheld or not."""
        self.tell(prediction_message(prediction, model))

    def rival(self, prediction: Prediction, model: str = "") -> None:
        """Tell a prediction of the second model."""
        self.tell(rival_message(prediction, model))

    def quality(self, report: QualityReport) -> None:
        """Tell a quality report."""
        self.tell(quality_message(report))

    def marker(self, marker: Marker) -> None:
        """Tell a marker."""
        self.tell(marker_message(marker))

    def status(self, status: SessionStatus) -> None:
        """Tell a change of phase."""
        self.tell(status_message(status))

    def tell(self, message: dict[str, Any]) -> None:
        """Tell anything that JSON can hold; may be called from any thread, and never waits."""
        loop, text = self._loop, as_json(message)
        self._last[str(message.get("type"))] = text
        self.n_dropped += len(self._waiting) == MOST_WAITING
        self._waiting.append(text)
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the bridge has been closed meanwhile
                loop.call_soon_threadsafe(self._fan_out)

    # -- the bridge's thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (OSError, OverflowError) as error:  # taken, not ours to open, or no port at all
            self._error = error
        except Exception as error:
            log.exception("The WebSocket bridge failed; the session goes on.")
            self._error = error
        finally:
            self._loop = None
            self._ready.set()

    async def _serve(self) -> None:
        from websockets.asyncio.server import serve

        quiet = logging.getLogger("websockets.server")
        quiet.setLevel(logging.ERROR)  # a visitor that is turned away is no news
        async with serve(
            self._client,
            self.host,
            self.port,
            origins=None if self._any_page else [None, LOCAL_PAGES],
            close_timeout=_CLOSE_TIMEOUT_S,
            max_size=1024,
            server_header=None,
            logger=quiet,
        ) as server:
            self.port = server.sockets[0].getsockname()[1]
            self._stop = asyncio.Event()
            self._loop = asyncio.get_running_loop()
            self._ready.set()
            await self._stop.wait()

    async def _client(self, connection: ServerConnection) -> None:
        """Tell one client everything, beginning with the newest of each kind, until it leaves."""
        queue: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)
        for text in list(self._last.values()):
            queue.put_nowait(text)
        self._clients.add(queue)
        telling = asyncio.create_task(_tell_all(connection, queue))
        try:
            async for _ in connection:  # what clients say is not listened to, but must be taken
                pass
        finally:
            self._clients.discard(queue)
            telling.cancel()

    def _fan_out(self) -> None:
        while self._waiting:
            text = self._waiting.popleft()
            for queue in self._clients:
                if queue.full():
                    queue.get_nowait()
                    self.n_dropped += 1
                queue.put_nowait(text)


async def _tell_all(connection: ServerConnection, queue: asyncio.Queue[str]) -> None:
    from websockets.exceptions import ConnectionClosed

    with contextlib.suppress(ConnectionClosed):
        while True:
            await connection.send(await queue.get())
