"""Choosing categories of a column: which of them are let through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal

from vlm_explorer.viewmodels.column_filters import CategoryFilter, filter_key
from vlm_explorer.viewmodels.columns import Column
from vlm_explorer.viewmodels.session import Session


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """A category, what it is called, and how many images have it."""

    name: str
    title: str
    count: int


class CategoryChoice(QObject):
    """The categories of one column that are let through; they become the session's filter.

    Attributes:
        column: of texts.
        rows: its categories, the commonest first, images without one last.

    Signals:
        changed(): other categories are let through.
    """

    changed = Signal()

    def __init__(self, session: Session, column: Column, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self.column = session, column
        names = column.coded.names
        counts = np.bincount(column.coded.numbers, minlength=len(names)).tolist()
        rows = [
            CategoryRow(name, column.titles.get(name, name) if name else f"no {column.title}", n)
            for name, n in zip(names, counts, strict=True)
            if n
        ]
        self.rows = tuple(sorted(rows, key=lambda row: (not row.name, -row.count, row.title)))
        session.filters_changed.connect(self.changed)

    @property
    def kept(self) -> frozenset[str]:
        """The categories that are let through."""
        every = frozenset(row.name for row in self.rows)
        for each in self._session.filters:
            if isinstance(each, CategoryFilter) and each.key == filter_key(self.column.key):
                return every - each.names if each.without else every & each.names
        return every

    @property
    def summary(self) -> str:
        """How many categories and images are let through."""
        kept = self.kept
        images = sum(row.count for row in self.rows if row.name in kept)
        return f"{len(kept):,} of {len(self.rows):,} · {images:,} of {len(self.column):,} images"

    def found(self, text: str) -> tuple[CategoryRow, ...]:
        """Return the categories whose titles hold every word of `text`."""
        words = text.casefold().split()
        return tuple(
            row for row in self.rows if all(word in row.title.casefold() for word in words)
        )

    def toggle(self, name: str) -> None:
        """Let a category through, or leave it out."""
        self._put(self.kept ^ {name})

    def only(self, names: frozenset[str]) -> None:
        """Let these categories through alone."""
        self._put(names)

    def clear(self) -> None:
        """Let all through again."""
        self._session.remove_filter(filter_key(self.column.key))

    def _put(self, kept: frozenset[str]) -> None:
        every = frozenset(row.name for row in self.rows)
        left_out = every - kept
        if not left_out:
            self.clear()
        else:  # the shorter list is the one to read
            without = 0 < len(left_out) < len(kept)
            names = left_out if without else kept
            self._session.set_filter(CategoryFilter(self.column, names, without))
