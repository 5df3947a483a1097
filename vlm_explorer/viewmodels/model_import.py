"""Importing an encoder of the user's own: what was chosen, what it is, how far its import is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.viewmodels import import_work
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.import_work import Candidate

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.job_runner import Job
    from vlm_explorer.viewmodels.session import Session

LOOK, IMPORT = "import look", "import"  # keys of the two jobs


class ModelImport(QObject):
    """Looks at a folder or file, then imports it; it goes on while the form is not to be seen.

    Attributes:
        candidate: what was found; None before, and while looking.
        problem, hint: what went wrong, and what to do.

    Signals:
        changed(): read all of the above anew.
        imported(id): it is on this machine.
    """

    changed = Signal()
    imported = Signal(str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.candidate: Candidate | None = None
        self.problem = self.hint = ""
        self.progress = Progress(0, None)

    @property
    def doing(self) -> str:
        """What is being done: "looking", "importing" or ""."""
        runner = self._session.runner
        if runner.running(IMPORT) is not None:
            return "importing"
        return "looking" if runner.running(LOOK) is not None else ""

    def look(self, path: Path) -> None:
        """Find out what a folder or file is."""
        if self.doing == "importing":
            return
        self.candidate, self.problem, self.hint = None, "", ""
        job = self._session.runner.start(
            import_work.inspect,
            path,
            title="Looking at the encoder",
            key=LOOK,
            lane="fetch",
            on_success=self._take,
            on_failure=self._fail,
            on_progress=self._advance,
        )
        self._begin(job)

    def start(self, id_: str, architecture: str = "", pretrained: str = "") -> None:
        """Import what was found, under an id; the rest counts for a checkpoint alone."""
        if self.candidate is None or self.doing:
            return
        self.problem = self.hint = ""
        job = self._session.runner.start(
            import_work.import_own,
            self.candidate.path,
            id_,
            architecture if self.candidate.bare else "",
            pretrained if self.candidate.bare else "",
            title=f"Importing {id_}",
            key=IMPORT,
            lane="fetch",
            on_success=self._end,
            on_failure=self._fail,
            on_progress=self._advance,
        )
        self._begin(job)

    def stop(self) -> None:
        """Stop looking or importing."""
        for key in (LOOK, IMPORT):
            self._session.runner.cancel(key)

    def _begin(self, job: Job) -> None:
        self.progress = Progress(0, None)
        job.finished.connect(self._tell)  # the runner has forgotten it by then
        self.changed.emit()

    @Slot()
    def _tell(self) -> None:
        self.changed.emit()

    @Slot(object)
    def _advance(self, progress: Progress) -> None:
        self.progress = progress
        self.changed.emit()

    @Slot(object)
    def _take(self, candidate: Candidate) -> None:
        self.candidate = candidate
        self.changed.emit()

    @Slot(object)
    def _end(self, done: tuple[str, str]) -> None:
        id_, name = done
        self.candidate = None
        self._session.messages.show_information(f"{name} is on this machine now.")
        self.imported.emit(id_)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.problem, self.hint = error_words(error, "Something unexpected went wrong.")
        self.changed.emit()
