"""Results listed once a series, or once a group of another kind. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.files.header import PLAIN_STACK
from vlm_explorer.viewmodels.image_table import ImageTable

_KEYS = ("patient", "study", "series", "stack", "modality")  # as `viewer_series.window_key`
_LARGEST = 1 << 62


@dataclass(frozen=True, slots=True, eq=False)
class ResultGroups:
    """Images as groups, of which each that has listed images has a place in the list.

    Attributes:
        codes: int64 (N,), the group of each image.
        counts: int64 (G,), how many listed images each group has.
        places: int64 (G,), the place of each group, -1 where none of its images is listed.
    """

    codes: NDArray[np.int64]
    counts: NDArray[np.int64]
    places: NDArray[np.int64]

    @classmethod
    def of(
        cls, codes: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> tuple[ResultGroups, NDArray[np.int64]]:
        """Return the groups of listed images, and the places in `rows` of the first of each.

        Args:
            codes: int64 (N,), the group of each image, from 0.
            rows: int64 (R,), the listed images in their order.
        """
        size, listed = int(codes.max(initial=-1)) + 1, codes[rows]
        first = np.full(size, -1, np.int64)
        first[listed[::-1]] = np.arange(len(rows))[::-1]  # what is written last stays
        kept = np.sort(first[first >= 0])
        places = np.full(size, -1, np.int64)
        places[listed[kept]] = np.arange(len(kept))
        return cls(codes, np.bincount(listed, minlength=size), places), kept

    def places_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the places of the groups of images, -1 for those that are not listed."""
        return self.places[self.codes[rows]]


def series_codes(images: ImageTable) -> NDArray[np.int64]:
    """Return the number of each image's series, int64 (N,); a plain image is one of its own."""
    codes = np.zeros(len(images), np.int64)
    size = 1
    for name in _KEYS:
        column = images.coded(name)
        if size * len(column.names) > _LARGEST:
            codes, size = _renumbered(codes)
        codes = codes * len(column.names) + column.numbers
        size *= len(column.names)
    codes, size = _renumbered(codes)
    stacks = images.coded("stack")
    plain = np.array([name == PLAIN_STACK for name in stacks.names], np.bool_)[stacks.numbers]
    return np.where(plain, size + np.arange(len(codes)), codes)


def _renumbered(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Return numbers from 0 without gaps, and how many there are."""
    known, numbers = np.unique(codes, return_inverse=True)
    return numbers.astype(np.int64), len(known)
