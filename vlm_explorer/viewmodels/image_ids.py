"""The ids of chosen images as a set that is a mask inside, so that a million cost little."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.image_table import ImageTable


class ImageIds(Set[str]):
    """The ids of some images of one table; equal to any set of the same ids.

    Attributes:
        images: the table.
        mask: bool (N,), which of its images; not to be changed any more.
    """

    __slots__ = ("_count", "images", "mask")

    def __init__(self, images: ImageTable, mask: NDArray[np.bool_]) -> None:
        self.images, self.mask = images, mask
        self._count = int(np.count_nonzero(mask))

    def __contains__(self, key: object) -> bool:
        row = self.images.row_of.get(key) if isinstance(key, str) else None
        return row is not None and bool(self.mask[row])

    def __iter__(self) -> Iterator[str]:
        return iter(self.images.ids[self.mask].tolist())

    def __len__(self) -> int:
        return self._count

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ImageIds) and other.images is self.images:
            return np.array_equal(self.mask, other.mask)
        return super().__eq__(other)

    __hash__ = Set._hash  # that of a frozenset

    def __or__(self, other: Set[Any]) -> Set[Any]:
        if isinstance(other, ImageIds) and other.images is self.images:
            return ImageIds(self.images, self.mask | other.mask)
        return super().__or__(other)

    __ror__ = __or__

    @classmethod
    def _from_iterable(cls, ids: Iterable[Any]) -> frozenset[Any]:
        return frozenset(ids)
