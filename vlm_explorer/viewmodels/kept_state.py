"""How the window was left, kept in the collection until it is opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Slot

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels import background
from vlm_explorer.viewmodels.job_runner import JobRunner

if TYPE_CHECKING:
    from vlm_explorer.collection.store import Collection

DELAY = 1000  # ms between a change and its being written


class KeptState(QObject):
    """JSON values by name; they are written a moment after a change, and when one leaves.

    Attributes:
        values: what was kept when the collection was opened, and what was put since.
    """

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._collection: Collection | None = None
        self.values: dict[str, Any] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY)
        self._timer.timeout.connect(self._write)

    def enter(self, collection: Collection | None, values: dict[str, Any] | None) -> None:
        """Begin with a collection's values; without a collection nothing is ever written."""
        self._collection = collection
        self.values = dict(values or {})

    def get(self, name: str, kind: type, default: Any = None) -> Any:
        """Return a kept value if it is of that kind, else `default`."""
        value = self.values.get(name)
        return value if isinstance(value, kind) else default

    def put(self, name: str, value: Any) -> None:
        """Keep a JSON value."""
        if self.values.get(name) != value:
            self.values[name] = value
            if self._collection is not None:
                self._timer.start()

    def leave(self) -> None:
        """Write what is not written yet, and forget the collection."""
        if self._timer.isActive():
            self._write()
        self.enter(None, None)

    def write_now(self) -> None:
        """Write what is not written yet, before this returns; for when the program ends."""
        if self._timer.isActive() and self._collection is not None:
            self._timer.stop()
            background.keep_window_state(self._collection, dict(self.values), context=JobContext())

    @Slot()
    def _write(self) -> None:
        self._timer.stop()
        if self._collection is not None:
            self._runner.start(
                background.keep_window_state,
                self._collection,
                dict(self.values),
                title="Keeping the view",
                key=f"keep {self._collection.folder}",
                lane="io",
            )
