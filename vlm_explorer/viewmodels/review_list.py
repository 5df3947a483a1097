"""The findings of a check that reach the threshold, as a list model, with what was said of them."""

from __future__ import annotations

from pathlib import Path
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

from vlm_explorer.viewmodels import review_checks, review_marks
from vlm_explorer.viewmodels.review import Review
from vlm_explorer.viewmodels.review_checks import PAIRS, WORDS, Findings
from vlm_explorer.viewmodels.review_marks import DROP, DROP_FIRST, KEEP, UNSURE, Mark, ReviewMarks
from vlm_explorer.viewmodels.session import Session

Finding = tuple[str, tuple[str, ...], str]  # as `Mark.finding`
Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()

IMAGE_IDS = Qt.ItemDataRole.UserRole + 1  # of the image, or of both of a pair
VALUE = Qt.ItemDataRole.UserRole + 2  # the number in words
DETAIL = Qt.ItemDataRole.UserRole + 3  # further words: lines parted by "\n"
CAPTION = Qt.ItemDataRole.UserRole + 4  # of a pair of image and caption
VERDICT = Qt.ItemDataRole.UserRole + 5  # what was said of it, one of `VERDICTS`; None for nothing
GROUP = Qt.ItemDataRole.UserRole + 6  # "group 2", where a pair is not alone in its group

SAID = {
    KEEP: "Keep",
    DROP: "Drop",
    UNSURE: "Not sure",
}
OF_PAIRS = {KEEP: "Keep both", DROP_FIRST: "Drop the left", DROP: "Drop the right"}


def verdict_words(verdict: str, pair: bool) -> str:
    """Return a verdict as the window says it."""
    return (OF_PAIRS.get(verdict) if pair else None) or SAID.get(verdict, "")


class ReviewList(QAbstractListModel):
    """The listed findings; those of images that a filter leaves out are not listed.

    Pairs are listed group by group, the group with the nearest pair first.

    Attributes:
        groups: how many groups the listed pairs form.
        filtered: how many findings reach the threshold and are left out by a filter.

    Signals:
        arranged(): the rows are others.
        marked(): something was said of one of them, or taken back.
    """

    arranged = Signal()
    marked = Signal()

    def __init__(
        self, session: Session, review: Review, marks: ReviewMarks, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._review, self._marks = session, review, marks
        self._found: Findings | None = None
        self._places = np.zeros(0, np.int64)  # of the listed findings
        self._row_of_code: dict[int, int] = {}
        self._said: dict[int, str] = {}  # what was said of a row
        self._group = np.zeros(0, np.int64)  # of each row, numbered from 0; of pairs
        self._group_size = np.zeros(0, np.int64)  # pairs of each group
        self.groups = self.filtered = 0
        for signal in (review.changed, review.threshold_changed, session.shown_changed):
            signal.connect(self._arrange)
        marks.changed.connect(self._take_marks)
        self._arrange()

    # What the pane asks for

    @property
    def sentence(self) -> str:
        """How many are listed, and at which limit."""
        if self._found is None:
            return ""
        words = review_checks.sentence(
            self._found.check, len(self._places), self._review.threshold, self.groups
        )
        hidden = f" · {self.filtered:,} more in images that a filter hides" if self.filtered else ""
        return words + hidden

    @property
    def reviewed(self) -> int:
        """How many of the listed have been marked."""
        return len(self._said)

    @property
    def is_of_pairs(self) -> bool:
        """Whether each finding is two images."""
        return self._review.check == PAIRS

    def image_ids(self, row: int) -> tuple[str, ...]:
        """Return the image of a row, or both of a pair."""
        assert self._found is not None
        ids = self._session.images.ids
        return tuple(str(ids[image]) for image in self._found.rows[self._places[row]])

    def listed_ids(self) -> frozenset[str]:
        """Return all listed images."""
        if self._found is None:
            return frozenset()
        rows = np.unique(self._found.rows[self._places])
        return frozenset(str(key) for key in self._session.images.ids[rows])

    def finding(self, row: int) -> Finding:
        """Return what a row is about, as marks name it."""
        assert self._found is not None
        place = int(self._places[row])
        caption = self._found.captions[place] if self._found.captions else ""
        return self._found.check, self.image_ids(row), caption

    def row_of(self, finding: Finding) -> int:
        """Return the row of a finding; -1 where it is not listed."""
        check, ids, caption = finding
        row_of = self._session.images.row_of
        if self._found is None or check != self._found.check or not row_of.keys() >= set(ids):
            return -1
        code = self._found.code([row_of[key] for key in ids], caption)
        return self._row_of_code.get(code, -1)

    def next_open(self, after: int) -> int:
        """Return the next row that nothing was said of, from the top again; -1 where none is."""
        count = len(self._places)
        rows = ((after + step) % count for step in range(1, count + 1))
        return next((row for row in rows if row not in self._said), -1)

    # Intents

    def mark(self, row: int, verdict: str) -> None:
        """Say something of a row; to drop the left is to drop where there is one image only."""
        if verdict == DROP_FIRST and not self.is_of_pairs:
            verdict = DROP
        self._marks.put(Mark(*self.finding(row), verdict))

    def select_listed(self) -> None:
        """Select all listed images."""
        self._session.select(self.listed_ids(), self._session.selection.current)

    def export(self, path: Path) -> None:
        """Write every mark of the collection as CSV."""
        collection = self._session.collection
        if collection is None:
            return
        marks = self._marks.all()
        self._session.runner.start(
            review_marks.write_table,
            collection,
            marks,
            self._values(marks),
            path,
            title="Writing marks",
            key="export marks",
            lane="io",
            on_success=self._tell,
            on_failure=self._session.messages.show_error,
        )

    def _tell(self, written: int) -> None:
        words = "1 mark was written." if written == 1 else f"{written:,} marks were written."
        self._session.messages.show_information(words)

    def _values(self, marks: tuple[Mark, ...]) -> dict[Mark, float]:
        """Return the numbers of those marked findings that are listed."""
        rows = {mark: self.row_of(mark.finding) for mark in marks}
        return {
            mark: float(self._found.values[self._places[row]])
            for mark, row in rows.items()
            if row >= 0 and self._found is not None
        }

    # From the review

    @Slot()
    def _arrange(self) -> None:
        found = self._review.findings
        self.beginResetModel()
        self._found = found
        self._places, self._row_of_code = np.zeros(0, np.int64), {}
        self.groups = self.filtered = 0
        if found is not None and len(self._session.shown) == found.images:
            reach = np.arange(found.above(self._review.threshold))
            seen = self._session.shown[found.rows[reach]].all(axis=1)
            self._places = reach[seen]
            self.filtered = int(len(reach) - seen.sum())
            self._group_pairs(found)
            codes = found.codes[self._places].tolist()
            self._row_of_code = {code: row for row, code in enumerate(codes)}
        self._read_marks()
        self.endResetModel()
        self.arranged.emit()

    def _group_pairs(self, found: Findings) -> None:
        if found.check != PAIRS or not len(self._places):
            return
        from vlm_explorer.analysis.near_duplicates import connected

        group = connected(len(self._session.images), found.rows[self._places])
        order = np.argsort(group, kind="stable")
        self._places, self._group = self._places[order], group[order]
        self._group_size = np.bincount(group)
        self.groups = len(self._group_size)

    def _read_marks(self) -> None:
        rows = ((self.row_of(mark.finding), mark.verdict) for mark in self._marks.all())
        self._said = {row: verdict for row, verdict in rows if row >= 0}

    @Slot()
    def _take_marks(self) -> None:
        self._read_marks()
        if len(self._places):
            self.dataChanged.emit(self.index(0), self.index(len(self._places) - 1), [VERDICT])
        self.marked.emit()

    # QAbstractListModel

    def rowCount(self, parent: Index = ROOT) -> int:
        """Return the number of listed findings."""
        return 0 if parent.isValid() else len(self._places)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a finding's images, number, words, or what was said of it."""
        if not index.isValid() or self._found is None:
            return None
        row, place = index.row(), int(self._places[index.row()])
        if role == IMAGE_IDS:
            return self.image_ids(row)
        if role == VALUE:
            return review_checks.number(self._found.check, float(self._found.values[place]))
        if role == DETAIL:
            return self._found.details(place)
        if role == CAPTION:
            return self._found.captions[place] if self._found.captions else ""
        if role == VERDICT:
            return self._said.get(row)
        if role == GROUP:
            return self._group_words(row)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._describe(index)
        return None

    def _group_words(self, row: int) -> str:
        if not self.is_of_pairs or self._group_size[self._group[row]] < 2:
            return ""
        return f"group {self._group[row] + 1:,}"

    def _describe(self, index: Index) -> str:
        """Return a finding in words; no names of files, which may hold names of people."""
        images = self._session.images
        words = f"{WORDS[self._review.check].value} {index.data(VALUE)}"
        lines = [words[0].upper() + words[1:], index.data(GROUP), *index.data(DETAIL).split("\n")]
        for key in index.data(IMAGE_IDS):
            image = images.row_of[key]
            lines.append(" · ".join(filter(None, (images.modality[image], images.label[image]))))
        lines.append(index.data(CAPTION))
        if (verdict := index.data(VERDICT)) is not None:
            lines.append(f"Marked: {verdict_words(verdict, self.is_of_pairs).lower()}")
        return "\n".join(line for line in lines if line)
