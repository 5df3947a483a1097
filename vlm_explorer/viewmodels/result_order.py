"""Which images are listed, and in which order: ranked, filtered, and grouped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Signal,
    Slot,
)

from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.result_groups import ResultGroups, series_codes
from vlm_explorer.viewmodels.result_scores import ResultScores
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.queries.search_answer import SearchAnswer

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()


class ResultOrder(QAbstractListModel):
    """The shown images: by cosine to what is searched for, else in the collection's order.

    They may be grouped: then each series is listed once, by its nearest image. A search for images
    like one groups by itself, since the neighbours of a slice are its like first of all.

    Signals:
        arranged(): the rows are others, or in another order.
    """

    arranged = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rows: np.ndarray = np.zeros(0, dtype=np.int64)
        self._answer: SearchAnswer | None = None  # the last one; it counts until another comes
        self._scores: ResultScores | None = None
        self._ranks: np.ndarray = np.zeros(0, dtype=np.int64)  # by place, in the whole answer
        self._place: np.ndarray = np.zeros(0, dtype=np.int64)  # by row of the table; -1: not listed
        self._codes: tuple[ImageTable, np.ndarray] | None = None
        self._groups: ResultGroups | None = None  # None: every image is listed
        self._grouped: dict[bool, bool] = {False: False, True: True}  # by whether like an image
        for signal in (session.collection_changed, session.shown_changed):
            signal.connect(self._arrange)
        session.query_changed.connect(self._take_query)
        session.selection_changed.connect(self._follow_selection)
        self._arrange()

    # What is chosen

    @property
    def ranked(self) -> bool:
        """Whether the order is one of likeness."""
        return self._scores is not None

    @property
    def selected_only(self) -> bool:
        """Whether only selected images are listed, as long as any are selected."""
        return self._session.only_selected

    def set_selected_only(self, only: bool) -> None:
        """List only selected images, here and on the map, or all that are shown."""
        if only != self.selected_only:
            self._session.set_only_selected(only)
            self._arrange()

    @property
    def per(self) -> str:
        """What a search lists once: "image", "series", "study" or "patient"."""
        return self._session.query.ranking.per

    @property
    def grouped(self) -> bool:
        """Whether each series is listed once, or what else a search lists."""
        return self.per != "image" or self._grouped[self._session.query.like is not None]

    def set_grouped(self, grouped: bool) -> None:
        """List each series once, by its nearest image, or every image.

        Chosen apart for searches by image and for all else.
        """
        if grouped != self.grouped:
            self._grouped[self._session.query.like is not None] = grouped
            self._arrange()

    # Where images lie

    def rowCount(self, parent: Index = ROOT) -> int:
        """Return the number of listed images."""
        return 0 if parent.isValid() else len(self._rows)

    def rows_of(self, chosen: np.ndarray) -> np.ndarray:
        """Return the rows of images, or of their series, ascending, int64 (R,).

        Args:
            chosen: bool (N,), which images.
        """
        listed = np.zeros(self.rowCount(), np.bool_)
        images = np.flatnonzero(chosen)
        if self._groups is not None:
            rows = self._groups.places_of(images)
        else:
            rows = self._place[images[images < len(self._place)]]
        listed[rows[rows >= 0]] = True
        return np.flatnonzero(listed)

    def row_of(self, image_id: str | None) -> int:
        """Return the row of an image, or of its series; -1 where it is not listed."""
        row = self._session.images.row_of.get(image_id) if image_id is not None else None
        if row is None or image_id is None:
            return -1
        if self._groups is not None:
            return int(self._groups.places_of(np.array([row]))[0])
        return int(self._place[row]) if row < len(self._place) else -1

    def image_id(self, row: int) -> str:
        """Return the image in a row."""
        image_id: str = self._session.images.ids[self._rows[row]]
        return image_id

    # From the session

    @Slot()
    def _follow_selection(self) -> None:
        if self.selected_only:
            self._arrange()

    @Slot()
    def _take_query(self) -> None:
        """Rank by a new answer; while it is on its way, stay with the one before."""
        query = self._session.query
        waiting = query.active and query.pending and query.answer is None
        if not (waiting and self._answer is not None):
            self._answer = query.answer
            self._arrange()

    @Slot()
    def _arrange(self) -> None:
        images, answer = self._session.images, self._answer
        listed = self._session.shown
        if len(listed) != len(images):
            listed = np.ones(len(images), dtype=bool)
        if self.selected_only and self._session.selected.any():
            listed = listed & self._session.selected
        rows = np.flatnonzero(listed)
        self._scores, ranks = None, np.zeros(0, dtype=np.int64)
        if answer is not None and len(answer.cosine) == len(images):
            self._scores = ResultScores.of(answer, self._session.scale)
            ranks = np.flatnonzero(listed[answer.order])
            rows = answer.order[ranks]
        self.beginResetModel()
        self._groups = None
        if self.grouped:
            self._groups, kept = ResultGroups.of(self._codes_of_groups(), rows)
            rows, ranks = rows[kept], ranks[kept] if len(ranks) else ranks
        self._rows, self._ranks = rows, ranks
        self._place = np.full(len(images), -1, dtype=np.int64)
        self._place[rows] = np.arange(len(rows))
        self.endResetModel()
        self.arranged.emit()

    @property
    def _ranked_codes(self) -> np.ndarray | None:
        """The group of each image by which the answer is ranked; None for images or series."""
        ranked = None if self._answer is None else self._answer.ranked
        if ranked is None or self.per == "image" or len(ranked.codes) != len(self._session.images):
            return None
        alone = ranked.codes.max(initial=-1) + 1 + np.arange(len(ranked.codes))
        return np.where(ranked.codes < 0, alone, ranked.codes)

    def _codes_of_groups(self) -> np.ndarray:
        """Return the group of each image: that by which it is ranked, else its series."""
        images, ranked = self._session.images, self._ranked_codes
        if ranked is not None:
            return ranked
        if self._codes is None or self._codes[0] is not images:
            self._codes = images, series_codes(images)
        return self._codes[1]

    def _count_of(self, row: int) -> int:
        """Return how many listed images the tile of a row stands for."""
        if self._groups is None:
            return 1
        return int(self._groups.counts[self._groups.codes[row]])
