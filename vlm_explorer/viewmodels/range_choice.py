"""Choosing a range of a column's numbers: a histogram, two ends, and what has no value."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels.column_filters import RangeFilter, filter_key
from vlm_explorer.viewmodels.columns import Column
from vlm_explorer.viewmodels.number_words import number_words, read_number
from vlm_explorer.viewmodels.session import Session

BINS = 40


class RangeChoice(QObject):
    """The range of one column that is let through; what is chosen becomes the session's filter.

    Attributes:
        column: of numbers.
        low, high: the ends of the range, within those of the values.
        keep_missing: whether images without a value stay.

    Signals:
        changed(): another range.
    """

    changed = Signal()

    def __init__(self, session: Session, column: Column, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self.column = session, column
        known = column.values[np.isfinite(column.values)]
        self.least = float(known.min()) if len(known) else 0.0
        self.most = float(known.max()) if len(known) else 1.0
        self._known = known
        self.missing = len(column) - len(known)
        self._take()
        session.filters_changed.connect(self._take)

    @property
    def span(self) -> float:
        """How far apart the least and the highest value are."""
        return self.most - self.least

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """How many images there are in each of `BINS` equal parts from least to most."""
        if not self.span or not len(self._known):
            return (0,) * (BINS // 2) + (len(self._known),) + (0,) * (BINS - BINS // 2 - 1)
        place = (self._known - self.least) * (BINS / self.span)
        numbers = np.minimum(place.astype(np.int32), BINS - 1)
        return tuple(np.bincount(numbers, minlength=BINS).tolist())

    @property
    def active(self) -> bool:
        """Whether the column filters."""
        return self._present() is not None

    @property
    def low_words(self) -> str:
        """The lower end as it is written."""
        return number_words(self.low, self.span)

    @property
    def high_words(self) -> str:
        """The upper end as it is written."""
        return number_words(self.high, self.span)

    @property
    def summary(self) -> str:
        """How many images lie within the range: "120 of 340 images within"."""
        within = int(((self._known >= self.low) & (self._known <= self.high)).sum())
        return f"{within:,} of {len(self.column):,} within the range"

    @property
    def missing_words(self) -> str:
        """What happens to images without a value; "" where there are none."""
        if not self.missing:
            return ""
        images = "1 image has" if self.missing == 1 else f"{self.missing:,} images have"
        fate = "kept" if self.keep_missing else "hidden"
        return f"{images} no value: {fate}"

    def share(self, value: float) -> float:
        """Return where a value lies between least and most, 0 to 1."""
        return (value - self.least) / self.span if self.span else 0.5

    def set_range(self, low: float, high: float) -> None:
        """Let the numbers from `low` to `high` through; both ends belong to the range."""
        low, high = min(low, high), max(low, high)
        self.low, self.high = max(low, self.least), min(high, self.most)
        if self.low > self.high:  # beyond all values: none is let through
            self.low, self.high = low, high
        self.apply()

    def move(self, *, upper: bool, share: float) -> None:
        """Move an end to a place between least and most, 0 to 1; `apply` lets it count.

        Ends do not pass each other.
        """
        value = self.least + min(max(share, 0.0), 1.0) * self.span
        if upper:
            self.high = max(value, self.low)
        else:
            self.low = min(value, self.high)
        self.changed.emit()

    def apply(self) -> None:
        """Filter by the range as it is; the whole range is no filter."""
        if self.low <= self.least and self.high >= self.most:
            self.clear()
        else:
            # what has no value lies in no range; the user can keep it all the same
            self._put(keep_missing=self.keep_missing and self.active)

    def type_end(self, text: str, *, upper: bool) -> bool:
        """Take a typed end; False where it is no number, and nothing changes."""
        value = read_number(text)
        if value is None:
            return False
        self.set_range(self.low if upper else value, value if upper else self.high)
        return True

    def set_keep_missing(self, kept: bool) -> None:
        """Keep images without a value, or hide them."""
        whole = self.low <= self.least and self.high >= self.most
        if kept and whole:
            self.clear()
        else:
            self._put(keep_missing=kept)

    def clear(self) -> None:
        """Let everything through again."""
        self._session.remove_filter(filter_key(self.column.key))

    def _present(self) -> RangeFilter | None:
        for each in self._session.filters:
            if isinstance(each, RangeFilter) and each.key == filter_key(self.column.key):
                return each
        return None

    def _put(self, *, keep_missing: bool) -> None:
        low = -math.inf if self.low <= self.least else self.low
        high = math.inf if self.high >= self.most else self.high
        self._session.set_filter(RangeFilter(self.column, low, high, keep_missing))

    @Slot()
    def _take(self) -> None:
        """Follow the session's filter, which can be removed elsewhere."""
        present = self._present()
        if present is None:
            self.low, self.high, self.keep_missing = self.least, self.most, True
        else:
            self.low = max(present.low, self.least) if np.isfinite(present.low) else self.least
            self.high = min(present.high, self.most) if np.isfinite(present.high) else self.most
            self.keep_missing = present.keep_missing
        self.changed.emit()
