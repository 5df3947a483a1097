"""A file of what the user made of the open collection: read once, written at each change."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

from vlm_explorer.errors import StorageProblem
from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.viewmodels.session import Session

_writing = Lock()  # held so that no earlier state is written over a later one


class UserFile(QObject):
    """Reads when a collection is opened; each change is written, one write after the other.

    Signals:
        left(): the collection is open no longer; what was read of it holds no more.
        found(value): what the file of the open collection holds.
    """

    left = Signal()
    found = Signal(object)

    def __init__(
        self,
        session: Session,
        what: str,
        read: Callable[[Collection], Any],
        write: Callable[[Collection, Any], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep `what`, such as "marks", by two functions that know its file."""
        super().__init__(parent)
        self._session, self._what = session, what
        self._read, self._write = read, write
        self._collection: Collection | None = None
        self._value: Any = None
        self._busy = self._unwritten = False
        session.collection_changed.connect(self._take_collection)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.write_now)

    @property
    def ready(self) -> bool:
        """Whether the file of the open collection has been read."""
        return self._collection is not None

    def put(self, value: Any) -> None:
        """Write another value, which is not changed any more."""
        if self.ready:
            self._value, self._unwritten = value, True
            self._go_on()

    @Slot()
    def _take_collection(self) -> None:
        collection = self._session.collection
        known = None if self._collection is None else self._collection.folder
        if collection is not None and collection.folder == known:
            self._collection = collection  # more of it was read, or with another encoder
            return
        self.write_now()
        self._collection = None
        self.left.emit()
        if collection is not None:
            self._session.runner.start(
                _read,
                collection,
                self._read,
                title=f"Reading {self._what}",
                key=f"read {self._what}",
                lane="io",
                on_success=self._take,
                on_failure=self._session.messages.show_error,
            )

    @Slot(object)
    def _take(self, found: tuple[Collection, Any]) -> None:
        collection, value = found
        if self._session.collection is None or self._session.collection.folder != collection.folder:
            return
        self._collection = collection
        self.found.emit(value)

    @property
    def _key(self) -> str:
        return f"keep {self._what} {'' if self._collection is None else self._collection.folder}"

    def _go_on(self) -> None:
        """Write what is there now, as soon as no earlier state is being written."""
        if self._busy or not self._unwritten or self._collection is None:
            return
        self._busy, self._unwritten = True, False
        job = self._session.runner.start(
            _write,
            self._collection,
            self._write,
            self._value,
            title=f"Keeping {self._what}",
            key=self._key,
            lane="io",
            on_failure=self._session.messages.show_error,
        )
        job.finished.connect(self._end)

    @Slot()
    def _end(self) -> None:
        self._busy = False
        self._go_on()

    @Slot()
    def write_now(self) -> None:
        """Write what is not written yet, before this returns; when one leaves."""
        if self._collection is None or not (self._unwritten or self._busy):
            return
        self._unwritten = False
        self._session.runner.cancel(self._key)
        try:
            with _writing:
                self._write(self._collection, self._value)
        except StorageProblem as error:
            self._session.messages.show_error(error)


def _read(
    collection: Collection, read: Callable[[Collection], Any], *, context: JobContext
) -> tuple[Collection, Any]:
    context.check()
    return collection, read(collection)


def _write(
    collection: Collection,
    write: Callable[[Collection, Any], None],
    value: Any,
    *,
    context: JobContext,
) -> None:
    with _writing:
        context.check()
        write(collection, value)
