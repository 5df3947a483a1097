"""How captions and images find each other, over what is shown."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.viewmodels import evaluate_words, evaluate_work
from vlm_explorer.viewmodels.evaluate_words import FigureRow
from vlm_explorer.viewmodels.job_runner import Job
from vlm_explorer.viewmodels.measuring import Measuring
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.queries.retrieve import RetrieveAnswer

_KEY = "retrieval"
_BEFORE = (
    "Rank {} images for each caption, and captions for each image: recall, reciprocal and median "
    "rank, in the raw and in the centred space."
)


class RetrievalModel(Measuring):
    """Measures when it is asked to; the answer stays until encoder or collection change.

    Attributes:
        rows: the table.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(session, parent)
        self.rows: tuple[FigureRow, ...] = ()
        self._of: Path | None = None
        self._job: Job | None = None
        session.collection_changed.connect(self._follow)
        session.encoder_changed.connect(self._forget)
        session.shown_changed.connect(self._describe)
        self._describe()

    @property
    def possible(self) -> bool:
        """Whether there is something to measure."""
        content = self._session.content
        there = content is not None and bool(content.model) and bool(self._session.shown.any())
        return there and self.stage is not Stage.RUNNING

    def run(self) -> None:
        """Measure."""
        session, content = self._session, self._session.content
        if not self.possible or content is None:
            return
        self.stage, self.progress = Stage.RUNNING, Progress(0, None)
        self._of = content.collection.folder
        whole = session.shown.all()
        job = self._job = session.runner.start(
            evaluate_work.retrieve,
            content,
            content.model,
            None if whole else tuple(session.images.ids[session.shown].tolist()),
            title="Measuring retrieval",
            key=_KEY,
            lane="long",
            on_success=self._take,
            on_failure=self._fail,
            on_progress=self._report,
        )
        job.cancelled.connect(partial(self._take_stop, job))
        self._describe()

    def stop(self) -> None:
        """Measure no further; the last answer stays."""
        if self.stage is Stage.RUNNING:
            self._session.runner.cancel(_KEY)
            self._take_stop(self._job)

    def _take_stop(self, job: Job | None) -> None:
        if job is self._job and self.stage is Stage.RUNNING:
            self.stage = Stage.READY if self.rows else Stage.OFF
            self._describe()

    @Slot(object)
    def _take(self, answer: RetrieveAnswer) -> None:
        self.stage, self.rows = Stage.READY, evaluate_words.retrieval_rows(answer)
        self.message = evaluate_words.retrieval_summary(answer)
        self.changed.emit()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.rows = ()
        self._say_failure(error, "Retrieval could not be measured.")

    @Slot()
    def _describe(self) -> None:
        if self.stage in (Stage.OFF, Stage.RUNNING) and not self.rows:
            self.message = _BEFORE.format(f"{int(self._session.shown.sum()):,}")
        self.changed.emit()

    @Slot()
    def _follow(self) -> None:
        content = self._session.content
        if content is None or content.collection.folder != self._of:
            self._forget()
        self._describe()

    @Slot()
    def _forget(self) -> None:
        self._session.runner.cancel(_KEY)
        self.stage, self.rows = Stage.OFF, ()
        self._describe()
