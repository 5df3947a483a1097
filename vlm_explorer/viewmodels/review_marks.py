"""What the user says about the findings of a review: kept at once, and undone one by one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

from vlm_explorer.errors import StorageProblem
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

if TYPE_CHECKING:
    from vlm_explorer.collection.store import Collection

__all__ = ["DROP", "DROP_FIRST", "KEEP", "UNSURE", "Mark", "ReviewMarks"]

Finding = tuple[str, tuple[str, ...], str]

MarksState = tuple[tuple[Mark, ...], tuple[tuple[Finding, Mark | None], ...]]

_writing = Lock()  # held so that no earlier state is written over a later one


class ReviewMarks(QObject):
    """The marks of the open collection; each change is written, one write after the other.

    Signals:
        changed(): there are other marks.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._collection: Collection | None = None
        self._marks: dict[Finding, Mark] = {}
        self._done: list[tuple[Finding, Mark | None]] = []  # what each change replaced
        self._writing = self._unwritten = False
        session.history.add(MarksPart(self), owner=self)
        session.collection_changed.connect(self._take_collection)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.write_now)

    def get(self, finding: Finding) -> Mark | None:
        """Return what was said about a finding."""
        return self._marks.get(finding)

    def all(self) -> tuple[Mark, ...]:
        """Return every mark, in the order in which they were made."""
        return tuple(self._marks.values())

    @property
    def ready(self) -> bool:
        """Whether the marks of the open collection have been read."""
        return self._collection is not None

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
    def _take_collection(self) -> None:
        collection = self._session.collection
        known = None if self._collection is None else self._collection.folder
        if collection is not None and collection.folder == known:
            self._collection = collection  # more of it was read, or with another encoder
            return
        self.write_now()
        self._collection, self._marks, self._done = None, {}, []
        self.changed.emit()
        if collection is not None:
            self._session.runner.start(
                read,
                collection,
                title="Reading marks",
                key="review marks",
                lane="io",
                on_success=self._take_marks,
                on_failure=self._session.messages.show_error,
            )

    @Slot(object)
    def _take_marks(self, found: tuple[Collection, list[Mark]]) -> None:
        collection, marks = found
        if self._session.collection is None or self._session.collection.folder != collection.folder:
            return
        self._collection = collection
        self._marks = {mark.finding: mark for mark in marks}
        self.changed.emit()

    def _keep(self) -> None:
        self._unwritten = True
        self.changed.emit()
        self._write()

    @property
    def _key(self) -> str:
        return f"keep marks {'' if self._collection is None else self._collection.folder}"

    def _write(self) -> None:
        """Write what is there now, as soon as no earlier state is being written."""
        if self._writing or not self._unwritten or self._collection is None:
            return
        self._writing, self._unwritten = True, False
        job = self._session.runner.start(
            write,
            self._collection,
            self.all(),
            title="Keeping marks",
            key=self._key,
            lane="io",
            on_failure=self._session.messages.show_error,
        )
        job.finished.connect(self._go_on)

    @Slot()
    def _go_on(self) -> None:
        self._writing = False
        self._write()

    @Slot()
    def write_now(self) -> None:
        """Write what is not written yet, before this returns; when one leaves."""
        if self._collection is None or not (self._unwritten or self._writing):
            return
        self._unwritten = False
        self._session.runner.cancel(self._key)
        try:
            with _writing:
                write_marks(self._collection, self.all())
        except StorageProblem as error:
            self._session.messages.show_error(error)


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


def read(collection: Collection, *, context: JobContext) -> tuple[Collection, list[Mark]]:
    """Read the marks of a collection."""
    context.check()
    return collection, read_marks(collection)


def write(collection: Collection, marks: tuple[Mark, ...], *, context: JobContext) -> None:
    """Write the marks of a collection.

    Raises:
        StorageProblem: it cannot be written to.
    """
    with _writing:
        context.check()
        write_marks(collection, marks)


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
