"""The answer to a request, read in a thread of its own so that waiting can always be given up.

Looking up a name, connecting, and waiting for bytes cannot be interrupted in Python. They happen
in a daemon thread; the one who asked takes what arrived from a queue and looks after the user's
wish to stop in between. A thread that was given up ends by itself, and writes nothing anywhere.
"""

from __future__ import annotations

import queue
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from urllib.error import HTTPError

from vlm_explorer.jobs import JobContext

CHUNK = 1 << 20
STALL = 30.0  # seconds without a byte after which a connection counts as lost
_LOOK = 0.1  # seconds between two looks at the user's wish to stop
_WAITING = 8  # chunks that may wait to be written


class ConnectionLost(Exception):
    """The connection broke off while bytes arrived; its cause says how."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and headers of an answer; `url` is where redirects ended."""

    status: int
    headers: Message
    url: str


class Stream:
    """One request and its answer.

    Attributes:
        answer: status and headers, once `open` has returned.
    """

    def __init__(
        self,
        opener: urllib.request.OpenerDirector,
        request: urllib.request.Request,
        context: JobContext,
    ) -> None:
        self._opener = opener
        self._request = request
        self._context = context
        self._arrived: queue.Queue[Answer | bytes | Exception | None] = queue.Queue(_WAITING)
        self._given_up = threading.Event()
        self.answer: Answer | None = None

    def open(self) -> Answer:
        """Ask, and return status and headers, whatever the status is.

        Raises:
            OSError, HTTPException: no connection, or no answer.
        """
        threading.Thread(target=self._read, name="hub", daemon=True).start()
        first = self._take()
        if not isinstance(first, Answer):
            raise ConnectionError("no answer")
        self.answer = first
        return first

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes as they arrive.

        Raises:
            ConnectionLost: the connection broke off.
        """
        while (item := self._next()) is not None:
            yield item

    def close(self) -> None:
        """Give the rest up."""
        self._given_up.set()

    def _next(self) -> bytes | None:
        try:
            item = self._take()
        except (OSError, HTTPException, ValueError) as error:
            raise ConnectionLost from error
        return item if isinstance(item, bytes) else None

    def _take(self) -> Answer | bytes | None:
        while True:
            self._context.check()
            try:
                item = self._arrived.get(timeout=_LOOK)
            except queue.Empty:
                continue
            if isinstance(item, Exception):
                raise item
            return item

    def _put(self, item: Answer | bytes | Exception | None) -> bool:
        while not self._given_up.is_set():
            try:
                self._arrived.put(item, timeout=_LOOK)
            except queue.Full:
                continue
            return True
        return False

    def _read(self) -> None:
        try:
            with self._opened() as response:
                head = Answer(response.status, response.headers, response.url)
                if not self._put(head):
                    return
                while chunk := response.read1(CHUNK):
                    if not self._put(chunk):
                        return
            self._put(None)
        except (OSError, HTTPException, ValueError) as error:
            # ValueError: http.client of a connection that was closed under it
            self._put(error)

    def _opened(self) -> urllib.request._UrlopenRet:
        try:
            return self._opener.open(self._request, timeout=STALL)
        except HTTPError as answer:
            return answer
