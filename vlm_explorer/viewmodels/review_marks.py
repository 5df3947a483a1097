"""What the user says about the findings of a review: kept at once, and undone one by one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.review_marks import (
    DROP,
    DROP_FIRST,
    KEEP,
    UNSURE,
    Mark,
    read_marks,
    write_marks,
)
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.user_file import UserFile

if TYPE_CHECKING:
    from vlm_explorer.collection.store import Collection

__all__ = ["DROP", "DROP_FIRST", "KEEP", "UNSURE", "Mark", "ReviewMarks"]

Finding = tuple[str, tuple[str, ...], str]

MarksState = tuple[tuple[Mark, ...], tuple[tuple[Finding, Mark | None], ...]]


class ReviewMarks(QObject):
    """The marks of the open collection; each change is written, one write after the other.

    Signals:
        changed(): there are other marks.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._marks: dict[Finding, Mark] = {}
        self._done: list[tuple[Finding, Mark | None]] = []  # what each change replaced
        self._file = UserFile(session, "marks", read_marks, write_marks, self)
        self._file.left.connect(self._forget)
        self._file.found.connect(self._take_marks)
        session.history.add(MarksPart(self), owner=self)

    def get(self, finding: Finding) -> Mark | None:
        """Return what was said about a finding."""
        return self._marks.get(finding)

    def all(self) -> tuple[Mark, ...]:
        """Return every mark, in the order in which they were made."""
        return tuple(self._marks.values())

    @property
    def ready(self) -> bool:
        """Whether the marks of the open collection have been read."""
        return self._file.ready

    @property
    def can_undo(self) -> bool:
        """Whether anything was marked since the collection was opened, and not undone."""
        return bool(self._done)

    def put(self, mark: Mark) -> None:
        """Say something about a finding, in place of what was said before."""
        before = self._marks.get(mark.finding)
        if self.ready and before != mark:
            with self._session.history.step():
                self._done.append((mark.finding, before))
                self._marks[mark.finding] = mark
                self._keep()

    def undo(self) -> Finding | None:
        """Take the last change back; return what it was about."""
        if not self._done:
            return None
        with self._session.history.step():
            finding, before = self._done.pop()
            if before is None:
                self._marks.pop(finding, None)
            else:
                self._marks[finding] = before
            self._keep()
        return finding

    @property
    def state(self) -> MarksState:
        """The marks, and what each change of them replaced."""
        return self.all(), tuple(self._done)

    def recall(self, state: MarksState) -> None:
        """Say about every finding what was said then."""
        if self.ready:
            self._marks = {mark.finding: mark for mark in state[0]}
            self._done = list(state[1])
            self._keep()

    # What is kept

    @Slot()
    def _forget(self) -> None:
        self._marks, self._done = {}, []
        self.changed.emit()

    @Slot(object)
    def _take_marks(self, marks: list[Mark]) -> None:
        self._marks = {mark.finding: mark for mark in marks}
        self.changed.emit()

    def _keep(self) -> None:
        self._file.put(self.all())
        self.changed.emit()

    def write_now(self) -> None:
        """Write what is not written yet, before this returns; when one leaves."""
        self._file.write_now()


@dataclass(frozen=True)
class MarksPart:
    """The marks as something that can be undone."""

    marks: ReviewMarks

    def state(self) -> MarksState | None:
        """Return the marks; None as long as they have not been read."""
        return self.marks.state if self.marks.ready else None

    def restore(self, state: MarksState | None) -> None:
        """Mark as before; what had not been read then stays."""
        if state is not None:
            self.marks.recall(state)

    def words(self, before: MarksState | None, after: MarksState | None) -> str:
        """Name the mark that came, else that one went."""
        if before is None or after is None:
            return "the last change"
        new = [mark for mark in after[0] if mark not in before[0]]
        return f"mark “{new[-1].verdict}”" if new else "take a mark back"


def write_table(
    collection: Collection,
    marks: tuple[Mark, ...],
    values: dict[Mark, float],
    path: Path,
    *,
    context: JobContext,
) -> int:
    """Write marks as CSV; return how many.

    Raises:
        StorageProblem: the file cannot be written.
    """
    from vlm_explorer.export.row_tables import write_rows
    from vlm_explorer.queries.review_rows import MARK_COLUMNS, mark_rows

    context.check()
    rows = mark_rows(collection, marks, values)
    write_rows(path, MARK_COLUMNS, rows)
    return len(rows)
