"""The ranked images, as a list model of ids; whoever shows them asks for thumbnails by id."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)

from vlm_explorer.viewmodels import numbers
from vlm_explorer.viewmodels.session import Session

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()

IMAGE_ID = Qt.ItemDataRole.UserRole + 1
RANK = Qt.ItemDataRole.UserRole + 2  # from 1; None where nothing is searched for
COSINE = Qt.ItemDataRole.UserRole + 3  # None where nothing is searched for


class ResultsModel(QAbstractListModel):
    """The shown images: by cosine to what is searched for, else in the collection's order.

    Signals:
        arranged(): the rows are others, or in another order.
    """

    arranged = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rows: np.ndarray = np.zeros(0, dtype=np.int64)
        self._cosine: np.ndarray | None = None
        self._place: dict[str, int] = {}
        self._selected_only = False
        for signal in (session.collection_changed, session.shown_changed, session.query_changed):
            signal.connect(self._arrange)
        session.selection_changed.connect(self._follow_selection)
        self._arrange()

    # What the pane asks for

    @property
    def ranked(self) -> bool:
        """Whether the order is one of likeness."""
        return self._cosine is not None

    @property
    def selected_only(self) -> bool:
        """Whether only selected images are listed."""
        return self._selected_only

    def set_selected_only(self, only: bool) -> None:
        """List only selected images, or all that are shown."""
        if only != self._selected_only:
            self._selected_only = only
            self._arrange()

    @property
    def summary(self) -> str:
        """How many are listed, and why in this order; one sentence."""
        listed, total = len(self._rows), len(self._session.images)
        if not total:
            return ""
        count = f"{listed:,} of {total:,} shown"
        query = self._session.query
        if query.active and self._cosine is None:
            return f"{count} · ranking" if query.pending else f"{count} · not ranked"
        if query.like is not None:
            return f"{count} · most alike first"
        if query.text:
            return f"{count} · by cosine to “{query.text}”"
        return f"{count} · in the order of the files"

    def row_of(self, image_id: str | None) -> int:
        """Return the row of an image, or -1 where it is not listed."""
        return -1 if image_id is None else self._place.get(image_id, -1)

    def image_id(self, row: int) -> str:
        """Return the image in a row."""
        image_id: str = self._session.images.ids[self._rows[row]]
        return image_id

    # From the session

    @Slot()
    def _follow_selection(self) -> None:
        if self._selected_only:
            self._arrange()

    @Slot()
    def _arrange(self) -> None:
        images, answer = self._session.images, self._session.query.answer
        listed = self._session.shown
        if len(listed) != len(images):
            listed = np.ones(len(images), dtype=bool)
        if self._selected_only:
            selected = np.zeros(len(images), dtype=bool)
            selected[images.rows_of(self._session.selection.ids)] = True
            listed = listed & selected
        rows = np.flatnonzero(listed)
        self._cosine = None
        if answer is not None and len(answer.cosine) == len(images):
            self._cosine = answer.cosine
            rows = rows[np.argsort(-answer.cosine[rows], kind="stable")]
        self.beginResetModel()
        self._rows = rows
        self._place = {images.ids[row]: place for place, row in enumerate(rows)}
        self.endResetModel()
        self.arranged.emit()

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
            return index.row() + 1 if self._cosine is not None else None
        if role == COSINE:
            return float(self._cosine[row]) if self._cosine is not None else None
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._describe(index.row(), row)
        return None

    def _describe(self, place: int, row: int) -> str:
        """Return an image in words; no names of files, which may hold names of people."""
        images = self._session.images
        parts = [images.modality[row], images.label[row], images.caption[row]]
        if self._cosine is not None:
            parts.insert(0, f"Rank {place + 1}, cosine {numbers.cosine(self._cosine[row])}")
        return "\n".join(part for part in parts if part) or f"Image {place + 1}"
