"""Filters by a column: a range of its numbers, or some of its categories."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.viewmodels.columns import Column
from vlm_explorer.viewmodels.filters import COLUMN
from vlm_explorer.viewmodels.image_columns import offers_of_images
from vlm_explorer.viewmodels.number_words import range_words

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.image_table import ImageTable

_MOST_NAMED = 2  # categories in a chip's title


def filter_key(column: str) -> str:
    """Return the key of the filter by a column: there is one a column."""
    return f"{COLUMN}{column}"


def values_for(column: Column, images: ImageTable) -> Column | None:
    """Return a column for these images: itself, or, where there are more by now, their own.

    None where what it was computed of is gone.
    """
    if len(column) == len(images):
        return column
    offer = offers_of_images(images).get(column.key)
    return None if offer is None else offer.make()


@dataclass(frozen=True)
class RangeFilter:
    """The images whose number lies within a range; the values are those of when it was made.

    Attributes:
        low, high: the range's ends, which belong to it; infinite where it is open.
        keep_missing: whether images without a value stay.
    """

    column: Column
    low: float
    high: float
    keep_missing: bool = False

    @property
    def key(self) -> str:
        """One range a column."""
        return filter_key(self.column.key)

    @property
    def title(self) -> str:
        """The column and its range: "b value 0 to 800 s/mm²"."""
        words = range_words(self.column.title, self.low, self.high, self.column.unit)
        return f"{words}, or none" if self.keep_missing else words

    def mask(self, images: ImageTable) -> NDArray[np.bool_]:
        """Let numbers within the range through."""
        column = values_for(self.column, images)
        if column is None or not column.is_number:
            return np.ones(len(images), np.bool_)
        values = column.values
        mask: NDArray[np.bool_] = (values >= self.low) & (values <= self.high)
        return mask | ~np.isfinite(values) if self.keep_missing else mask


@dataclass(frozen=True)
class CategoryFilter:
    """The images of some categories of a column, or of all but some.

    Attributes:
        names: the categories' values; "" stands for images without one.
        without: whether these are left out, and not the others.
    """

    column: Column
    names: frozenset[str]
    without: bool = False

    @property
    def key(self) -> str:
        """One choice a column."""
        return filter_key(self.column.key)

    @property
    def title(self) -> str:
        """The column and its categories: "modality: CT, MR", "modality: not CT"."""
        titles = nsmallest(
            _MOST_NAMED,
            (self.column.titles.get(name, name) if name else "none" for name in self.names),
        )
        words = ", ".join(titles) or "none of them"
        if len(self.names) > _MOST_NAMED:
            words += f" and {len(self.names) - _MOST_NAMED:,} more"
        return f"{self.column.title}: {'not ' if self.without else ''}{words}"

    def mask(self, images: ImageTable) -> NDArray[np.bool_]:
        """Let the categories through."""
        column = values_for(self.column, images)
        if column is None or column.is_number:
            return np.ones(len(images), np.bool_)
        coded = column.coded
        wanted = np.array([(name in self.names) != self.without for name in coded.names], np.bool_)
        return wanted[coded.numbers] if len(wanted) else np.ones(len(images), np.bool_)
