"""Choosing categories of a column: which of them are let through."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from vlm_explorer.viewmodels.column_filters import CategoryFilter, filter_key
from vlm_explorer.viewmodels.columns import Column
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 500  # categories listed at once; a search brings the others


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

    Signals:
        changed(): other categories are let through.
    """

    changed = Signal()

    def __init__(self, session: Session, column: Column, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self.column = session, column
        names, counts = column.coded.names, column.coded.counts
        places = np.flatnonzero(counts)
        places = places[np.argsort(-counts[places], kind="stable")]
        if len(places) <= MOST_ROWS:  # of equally common ones the first by name, as in the legend
            by_name = sorted(places.tolist(), key=lambda i: (-counts[i], self._title(names[i])))
            places = np.array(by_name, np.intp)
        if column.coded.blank is not None:  # what has none comes last
            blank = places == column.coded.blank
            places = np.append(places[~blank], places[blank])
        self._places, self._counts = places, counts
        session.filters_changed.connect(self.changed)

    def __len__(self) -> int:
        return len(self._places)

    def _title(self, name: str) -> str:
        return self.column.titles.get(name, name) if name else f"no {self.column.title}"

    @cached_property
    def _titles(self) -> NDArray[np.object_]:
        titles = np.empty(len(self.column.coded.names), object)
        titles[:] = self.column.coded.names
        if self.column.titles or len(titles) <= MOST_ROWS:
            titles[:] = [self._title(name) for name in titles]
        chosen: NDArray[np.object_] = titles[self._places]
        return chosen

    @cached_property
    def _sought(self) -> pa.Array:
        import pyarrow as pa
        import pyarrow.compute as pc

        return pc.utf8_lower(pa.array(self._titles, pa.string()))

    def _present(self) -> CategoryFilter:
        for each in self._session.filters:
            if isinstance(each, CategoryFilter) and each.key == filter_key(self.column.key):
                return each
        return CategoryFilter(self.column, frozenset(), without=True)

    @property
    def active(self) -> bool:
        """Whether the column filters."""
        present = self._present()
        return not present.without or bool(present.names)

    def keeps(self, name: str) -> bool:
        """Whether a category is let through."""
        present = self._present()
        return (name in present.names) != present.without

    @property
    def summary(self) -> str:
        """How many categories and images are let through."""
        present = self._present()
        names = self.column.coded.names
        named = [i for i, name in enumerate(names) if name in present.names and self._counts[i]]
        images = int(self._counts[named].sum())
        kept = len(named)
        if present.without:
            kept, images = len(self) - kept, len(self.column) - images
        return f"{kept:,} of {len(self):,} · {images:,} of {len(self.column):,} images"

    def found(self, text: str) -> tuple[tuple[CategoryRow, ...], int]:
        """Return the first categories whose titles hold every word, and how many there are."""
        found = self._matching(text)
        names = self.column.coded.names
        rows = tuple(
            CategoryRow(names[self._places[i]], self._titles[i], int(self._counts[self._places[i]]))
            for i in found[:MOST_ROWS].tolist()
        )
        return rows, len(found)

    def _matching(self, text: str) -> NDArray[np.intp]:
        import pyarrow.compute as pc

        if not text.strip():
            return np.arange(len(self))
        places = np.ones(len(self), np.bool_)
        for word in text.lower().split():
            places &= pc.match_substring(self._sought, word).to_numpy(zero_copy_only=False)
        return np.flatnonzero(places)

    def toggle(self, name: str) -> None:
        """Let a category through, or leave it out."""
        present = self._present()
        self._put(present.names ^ {name}, without=present.without)

    def only(self, text: str) -> None:
        """Let those categories through alone whose titles hold every word of `text`."""
        names = self.column.coded.names
        chosen = frozenset(names[self._places[i]] for i in self._matching(text).tolist())
        self._put(chosen, without=False)

    def clear(self) -> None:
        """Let all through again."""
        self._session.remove_filter(filter_key(self.column.key))

    def _put(self, names: frozenset[str], *, without: bool) -> None:
        if len(names) == (0 if without else len(self)):
            self.clear()
        else:
            self._session.set_filter(CategoryFilter(self.column, names, without))
