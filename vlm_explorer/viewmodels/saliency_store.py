"""Explanations that were made, kept up to a number of bytes. No Qt."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from vlm_explorer.saliency.attention import AttentionMaps
    from vlm_explorer.saliency.explanation import Explanation

_EXPLANATIONS = 128 * 1024 * 1024  # bytes; a map of one prompt takes 1 kB to 2 MB
_ATTENTION = 512 * 1024 * 1024  # bytes; B/16 takes 15 MB an image, the largest towers 250 MB

Kept = TypeVar("Kept")


class Recent(Generic[Kept]):
    """The last used things, up to a number of bytes; the newest stays whatever its size."""

    def __init__(self, capacity: int, size: Callable[[Kept], int]) -> None:
        self._capacity, self._size = capacity, size
        self._kept: OrderedDict[tuple[Any, ...], Kept] = OrderedDict()
        self._bytes = 0

    def get(self, key: tuple[Any, ...]) -> Kept | None:
        """Return what is kept under a key."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def put(self, key: tuple[Any, ...], value: Kept) -> None:
        """Keep something, and let go what was not used for longest."""
        if (before := self._kept.pop(key, None)) is not None:
            self._bytes -= self._size(before)
        self._kept[key] = value
        self._bytes += self._size(value)
        while self._bytes > self._capacity and len(self._kept) > 1:
            self._bytes -= self._size(self._kept.popitem(last=False)[1])

    def __len__(self) -> int:
        return len(self._kept)


def explanations() -> Recent[Explanation]:
    """Return room for maps."""
    return Recent(_EXPLANATIONS, _explanation_bytes)


def attentions() -> Recent[AttentionMaps]:
    """Return room for the attention of all layers of images."""
    return Recent(_ATTENTION, _attention_bytes)


def _explanation_bytes(explanation: Explanation) -> int:
    arrays = explanation.grid, explanation.per_layer, explanation.per_head
    return sum(array.nbytes for array in arrays if array is not None)


def _attention_bytes(maps: AttentionMaps) -> int:
    return sum(array.nbytes for array in (*maps.queries, *maps.keys))
