"""Views to vectors, in batches of one shape."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext

T = TypeVar("T")


class BatchEncoder(Generic[T]):
    """Encodes views as they come; each belongs to an item of the caller.

    The encoder always gets a batch of `batch_size`, filled up where there are fewer: the last
    bits of a vector depend on the shape of its batch.
    """

    def __init__(self, encoder: Encoder, batch_size: int) -> None:
        self._encoder, self._batch_size = encoder, batch_size
        self._items: list[T] = []
        self._views: list[NDArray[np.uint8]] = []
        self._done: list[tuple[T, NDArray[np.float32]]] = []

    @property
    def waiting(self) -> int:
        """How many were put and not yet taken."""
        return len(self._items) + len(self._done)

    def put(self, item: T, view: NDArray[np.uint8]) -> None:
        """Take a view, uint8 (S, S, 3), what the encoder sees; a full batch is encoded."""
        self._items.append(item)
        self._views.append(view)
        if len(self._items) >= self._batch_size:
            self.flush()

    def flush(self, context: JobContext | None = None) -> None:
        """Encode what waits for its batch to fill."""
        if not self._items:
            return
        items, self._items = self._items, []
        views, self._views = self._views, []
        missing = self._batch_size - len(views)
        views += [np.zeros_like(views[0])] * missing
        vectors = self._encoder.encode_images(views, batch_size=self._batch_size, context=context)
        self._done += zip(items, vectors[: len(items)], strict=True)

    def take(self) -> list[tuple[T, NDArray[np.float32]]]:
        """Return what was encoded since the last call, in the order in which it was put."""
        done, self._done = self._done, []
        return done
