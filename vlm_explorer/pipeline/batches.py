"""Views to vectors, in batches of one shape, in a thread of their own."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext

T = TypeVar("T")
Vectors = NDArray[np.float32]
_AT_ONCE = 2  # batches under way: one that is encoded, and one that is next without a pause


class BatchEncoder(Generic[T]):
    """Encodes views as they come; each belongs to an item of the caller.

    The device computes in a thread, so that the caller meanwhile takes what the decoders made.
    The last bits of a vector depend on the shape of its batch and, through the threads that share
    the work, on its place there, but not on its neighbours. So the encoder always gets batches of
    `batch_size`, and view number n stands at place n modulo `batch_size`, whether or not the others
    have come.

    Args:
        begin: the number of the first view: how many were encoded by the runs before.
    """

    def __init__(self, encoder: Encoder, batch_size: int, begin: int = 0) -> None:
        self._encoder, self._batch_size = encoder, batch_size
        self._number = begin  # of the next view
        self._items: list[T] = []
        self._views: list[NDArray[np.uint8]] = []
        self._since = 0.0  # when the first of them came
        self._under_way: deque[tuple[list[T], Future[Vectors]]] = deque()
        self._done: list[tuple[T, Vectors]] = []
        self._thread: ThreadPoolExecutor | None = None

    @property
    def batch_size(self) -> int:
        """Images that go through the encoder at once: as asked for, or what fitted into memory."""
        limit = self._encoder.batch_limit
        return self._batch_size if limit is None else min(limit, self._batch_size)

    @property
    def waiting(self) -> int:
        """How many were put and not yet taken."""
        under_way = sum(len(items) for items, _ in self._under_way)
        return len(self._items) + under_way + len(self._done)

    def overdue(self, seconds: float) -> bool:
        """Return whether a view has waited so long for its batch to fill."""
        return bool(self._items) and time.monotonic() - self._since > seconds

    def put(self, item: T, view: NDArray[np.uint8]) -> None:
        """Take a view, uint8 (S, S, 3), what the encoder sees; a full batch is encoded.

        Waits while two batches are under way. What the encoder raised is raised here, by `take`
        or by `flush`.
        """
        if not self._items:
            self._since = time.monotonic()
        self._items.append(item)
        self._views.append(view)
        self._number += 1
        if self._number % self.batch_size == 0:
            self.start()

    def start(self) -> None:
        """Have encoded what waits for its batch to fill."""
        if not self._items:
            return
        while len(self._under_way) >= _AT_ONCE:
            self._collect()
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="encode")
        items, self._items = self._items, []
        views, self._views = self._views, []
        size = self.batch_size
        place = (self._number - len(views)) % size
        self._under_way.append((items, self._thread.submit(self._encode, views, place, size)))

    def flush(self, context: JobContext | None = None) -> None:
        """Encode all that was put, and wait for it.

        Raises:
            Cancelled: `context` asked to stop; what is under way is still encoded.
        """
        self.start()
        while self._under_way:
            if context is not None:
                context.check()
            wait([self._under_way[0][1]], 0.1)
            self._collect_done()
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None

    def settle(self) -> None:
        """Wait for the batches under way; what waits for its batch to fill goes on waiting."""
        while self._under_way:
            self._collect()

    def take(self) -> list[tuple[T, Vectors]]:
        """Return what was encoded since the last call, in the order in which it was put."""
        self._collect_done()
        done, self._done = self._done, []
        return done

    def _collect_done(self) -> None:
        while self._under_way and self._under_way[0][1].done():
            self._collect()

    def _collect(self) -> None:
        """Wait for the oldest batch."""
        items, encoded = self._under_way.popleft()
        self._done += zip(items, encoded.result(), strict=True)

    def _encode(self, views: list[NDArray[np.uint8]], place: int, size: int) -> Vectors:
        """Encode views that stand at `place` and after; what is missing around them is black."""
        blank = np.zeros_like(views[0])
        after = -(place + len(views)) % size
        batch = [*[blank] * place, *views, *[blank] * after]
        vectors = self._encoder.encode_images(batch, batch_size=size)
        return vectors[place : place + len(views)]
