"""The ranked images, as a list model of ids; whoever shows them asks for thumbnails by id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QMimeData,
    QModelIndex,
    QObject,
    Qt,
    Signal,
    Slot,
)

from vlm_explorer.viewmodels import result_words
from vlm_explorer.viewmodels.result_order import Index, ResultOrder
from vlm_explorer.viewmodels.session import Session

IMAGE_ID = Qt.ItemDataRole.UserRole + 1
RANK = Qt.ItemDataRole.UserRole + 2  # from 1; None where nothing is searched for
COSINE = Qt.ItemDataRole.UserRole + 3  # None where nothing is searched for
COUNT = Qt.ItemDataRole.UserRole + 4  # how many images the tile stands for: 1, or its series
Z = Qt.ItemDataRole.UserRole + 5  # of the hit of its rank; None unless that is wanted, and known
TAGS = Qt.ItemDataRole.UserRole + 7  # numbers of the image's tags, ascending
NOTED = Qt.ItemDataRole.UserRole + 8  # whether something is noted about it
QUIET = Qt.ItemDataRole.UserRole + 6  # whether the score is no better than chance

IMAGE_MIME = "application/x-vlm-explorer-image"  # an image that is dragged: its id


class ResultsModel(ResultOrder):
    """What tiles say about the listed images: scores, tags, words; and what is dragged of them.

    Signals:
        scored(): the same rows say other things about their scores and tags.
    """

    scored = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(session, parent)
        self._with_z = False
        self._loud = ""  # the query whose hits are shown alike, though they match nothing
        session.opened.connect(self._restore)
        session.tags.changed.connect(self.scored)

    # What the pane asks for

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
        scores, words = self._scores, self._session.query.words
        return scores is not None and scores.no_match and bool(words) and words != self._loud

    def show_all_the_same(self) -> None:
        """Show the hits of a query that matches nothing as those of any other."""
        self._loud = self._session.query.words
        self.scored.emit()

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

    # From the session

    @Slot()
    def _restore(self) -> None:
        self.set_with_z(self._session.kept.get("z", bool, False))

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

    # QAbstractListModel

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
