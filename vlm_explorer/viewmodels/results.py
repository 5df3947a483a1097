"""The ranked images, as a list model of ids; whoever shows them asks for thumbnails by id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)

from vlm_explorer.viewmodels import result_words
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.result_groups import ResultGroups, series_codes
from vlm_explorer.viewmodels.result_scores import ResultScores
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.queries.search import SearchAnswer

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()

IMAGE_ID = Qt.ItemDataRole.UserRole + 1
RANK = Qt.ItemDataRole.UserRole + 2  # from 1; None where nothing is searched for
COSINE = Qt.ItemDataRole.UserRole + 3  # None where nothing is searched for
COUNT = Qt.ItemDataRole.UserRole + 4  # how many images the tile stands for: 1, or its series
Z = Qt.ItemDataRole.UserRole + 5  # of the hit of its rank; None unless that is wanted, and known
TAGS = Qt.ItemDataRole.UserRole + 7  # numbers of the image's tags, ascending
NOTED = Qt.ItemDataRole.UserRole + 8  # whether something is noted about it
QUIET = Qt.ItemDataRole.UserRole + 6  # whether the score is no better than chance

IMAGE_MIME = "application/x-vlm-explorer-image"  # an image that is dragged: its id


class ResultsModel(QAbstractListModel):
    """The shown images: by cosine to what is searched for, else in the collection's order.

    They may be grouped: then each series is listed once, by its nearest image. A search for images
    like one groups by itself, since the neighbours of a slice are its like first of all.

    Signals:
        arranged(): the rows are others, or in another order.
        scored(): the same rows say other things about their scores and tags.
    """

    arranged = Signal()
    scored = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rows: np.ndarray = np.zeros(0, dtype=np.int64)
        self._answer: SearchAnswer | None = None  # the last one; it counts until another comes
        self._scores: ResultScores | None = None
        self._ranks: np.ndarray = np.zeros(0, dtype=np.int64)  # by place, in the whole answer
        self._with_z = False
        self._loud = ""  # the prompt whose hits are shown alike, though they match nothing
        self._place: np.ndarray = np.zeros(0, dtype=np.int64)  # by row of the table; -1: not listed
        self._codes: tuple[ImageTable, np.ndarray] | None = None
        self._groups: ResultGroups | None = None  # None: every image is listed
        self._grouped: dict[bool, bool] = {False: False, True: True}  # by whether like an image
        for signal in (session.collection_changed, session.shown_changed):
            signal.connect(self._arrange)
        session.query_changed.connect(self._take_query)
        session.selection_changed.connect(self._follow_selection)
        session.opened.connect(self._restore)
        session.tags.changed.connect(self.scored)
        self._arrange()

    # What the pane asks for

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
    def compared(self) -> bool:
        """Whether the scores have a z."""
        return self._scores is not None and self._scores.compared

    @property
    def with_z(self) -> bool:
        """Whether tiles say z besides the cosine."""
        return self._with_z

    def set_with_z(self, wanted: bool) -> None:
        """Have tiles say z besides the cosine, or no longer."""
        if wanted != self._with_z:
            self._with_z = wanted
            self._session.kept.put("z", wanted)
            self.scored.emit()

    @property
    def subdued(self) -> bool:
        """Whether what was searched for matches nothing, so that all tiles are quiet."""
        scores, text = self._scores, self._session.query.text
        return scores is not None and scores.no_match and bool(text) and text != self._loud

    def show_all_the_same(self) -> None:
        """Show the hits of a prompt that matches nothing as those of any other."""
        self._loud = self._session.query.text
        self.scored.emit()

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

    @property
    def summary(self) -> str:
        """How many are listed, and why in this order; one sentence."""
        grouped = 0 if self._groups is None else int(self._groups.counts.sum())
        no_match = self._scores is not None and self._scores.no_match
        return result_words.summary(
            self._session,
            len(self._rows),
            images=grouped if self.grouped else None,
            no_match=no_match,
            per="series" if self._ranked_codes is None else self.per,
        )

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
    def _restore(self) -> None:
        self.set_with_z(self._session.kept.get("z", bool, False))

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

    def _cosine_of(self, row: int) -> float | None:
        """Return the cosine of an image; None where there is none."""
        return None if self._scores is None else self._scores.cosine(row)

    def _z_of(self, place: int) -> float | None:
        """Return z of the image at a place, where tiles are to say it."""
        if self._scores is None or not self._with_z:
            return None
        return self._scores.z_at(int(self._ranks[place]))

    def _is_quiet(self, place: int) -> bool:
        """Whether the image at a place is found no better than by chance."""
        scores = self._scores
        if scores is None or not scores.below(int(self._ranks[place])):
            return False
        return not scores.no_match or self.subdued

    def _count_of(self, row: int) -> int:
        """Return how many listed images the tile of a row stands for."""
        if self._groups is None:
            return 1
        return int(self._groups.counts[self._groups.codes[row]])

    # QAbstractListModel

    def rowCount(self, parent: Index = ROOT) -> int:
        """Return the number of listed images."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return an image's id, rank or cosine."""
        if not index.isValid():
            return None
        row = int(self._rows[index.row()])
        if role == IMAGE_ID:
            return self._session.images.ids[row]
        if role == RANK:
            return index.row() + 1 if self._cosine_of(row) is not None else None
        if role == COSINE:
            return self._cosine_of(row)
        if role == COUNT:
            return self._count_of(row)
        if role == Z:
            return self._z_of(index.row())
        if role == TAGS:
            return self._session.tags.state.numbers_of(self.image_id(index.row()))
        if role == NOTED:
            return self.image_id(index.row()) in self._session.tags.state.notes
        if role == QUIET:
            return self._is_quiet(index.row())
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._describe(index.row(), row)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """A tile can be dragged."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else flags

    def mimeTypes(self) -> list[str]:
        """Return what a dragged tile is."""
        return [IMAGE_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Return the first of the dragged images, by its id."""
        data = QMimeData()
        if indexes:
            data.setData(IMAGE_MIME, str(indexes[0].data(IMAGE_ID)).encode())
        return data

    def _describe(self, place: int, row: int) -> str:
        """Return an image in words; no names of files, which may hold names of people."""
        images = self._session.images
        parts = [images.modality[row], images.label[row], images.caption[row]]
        if self._scores is not None:
            parts = [*self._scores.words(row, int(self._ranks[place])), *parts]
        if tags := self._session.tags.words(images.ids[row]):
            parts.append(f"Tags: {tags}")
        if (count := self._count_of(row)) > 1:
            unit = "series" if self.per == "image" else self.per
            parts.append(f"Stands for {count:,} images of its {unit}")
        return "\n".join(part for part in parts if part) or f"Image {place + 1}"
