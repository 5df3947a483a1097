"""Where findings are marked in the open collection; read once somebody asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels import boxes_work
from vlm_explorer.viewmodels.boxes_work import Marked, TrueMark
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.job_runner import JobRunner
from vlm_explorer.viewmodels.session_state import SessionState

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.background import Opened

_KEY = "marks"


class TruthMarks(QObject):
    """Knows the marks of the open collection, and whether they lie over the scan.

    Attributes:
        marked: None until they have been read.
        problem: why they could not be read; "" where they could.
        shown: whether they are drawn.

    Signals:
        changed(): any of it.
    """

    changed = Signal()

    def __init__(
        self, session: SessionState, runner: JobRunner, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._runner = session, runner
        self.marked: Marked | None = None
        self.problem = ""
        self.shown = False
        self._path: Path | None = None
        self._of: Opened | None = None  # what the marks were read for
        session.collection_changed.connect(self._follow)

    def read(self, path: Path | None = None) -> None:
        """Read the file beside the images, or another; what has been read is not read again."""
        content = self._session.content
        if content is None or (path is None and self._of is content):
            return
        self._path, self._of = path or self._path, content
        self._runner.start(
            boxes_work.read_marks,
            content,
            self._path,
            title="Reading marks",
            key=_KEY,
            lane="io",
            on_success=self._take,
            on_failure=self._fail,
        )

    def show(self, on: bool) -> None:
        """Draw the marks over the scan, or do not."""
        if on != self.shown:
            self.shown = on
            self.read()
            self.changed.emit()

    def of(self, image_id: str | None) -> tuple[TrueMark, ...]:
        """Return what is to be drawn over an image."""
        if not self.shown or self.marked is None or image_id is None:
            return ()
        return self.marked.marks.get(image_id, ())

    @Slot()
    def _follow(self) -> None:
        """Forget another collection's marks; of one that grows, read them again."""
        content, former = self._session.content, self._of
        if content is former:
            return
        self._runner.cancel(_KEY)
        same = (
            content is not None
            and former is not None
            and content.collection.folder == former.collection.folder
        )
        self._of = None
        if not same:
            self.marked, self.problem, self._path = None, "", None
        if former is not None and content is not None:
            self.read()
        self.changed.emit()

    @Slot(object)
    def _take(self, marked: Marked) -> None:
        self.marked, self.problem = marked, ""
        self.changed.emit()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.marked = None
        self.problem = " ".join(error_words(error, "The marks could not be read.")).strip()
        self.changed.emit()
