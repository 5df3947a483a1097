"""The work behind maps beside each other: what is missing is computed, batch after batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.viewmodels import compare_tiles, compare_work
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.saliency_request import Request
from vlm_explorer.viewmodels.saliency_states import title_of
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.saliency_work import Answer

_KEY = "compare.maps"
_PAUSE = 250  # ms of rest before maps are computed, so that scrolling and typing queue nothing


class ComparePass(QObject):
    """Computes maps and has them kept for all, until none is waited for.

    Attributes:
        batch: what is being computed.
        progress: of that; None where nothing is.
        errors: what went wrong, by key of the request.

    Signals:
        changed(): a batch begins or has ended.
        progressed(): `progress` is another.
    """

    changed = Signal()
    progressed = Signal()

    def __init__(
        self,
        session: Session,
        saliency: ActiveSaliency,
        waiting: Callable[[], list[Request]],
        parent: QObject,
    ) -> None:
        """Make a pass over what `waiting` says, which is asked before each batch."""
        super().__init__(parent)
        self._session, self._saliency, self._waiting = session, saliency, waiting
        self.batch: list[Request] = []
        self.progress: Progress | None = None
        self.errors: dict[tuple[object, ...], str] = {}
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._pause.timeout.connect(self._next)

    @property
    def running(self) -> bool:
        """Whether maps are being computed, or about to be."""
        return bool(self.batch) or self._pause.isActive()

    def begin(self) -> None:
        """Compute what is waited for, after a rest."""
        self._pause.start()

    def drop(self) -> None:
        """Compute no further."""
        self._pause.stop()
        self._session.runner.cancel(_KEY)
        self.batch, self.progress = [], None

    @Slot()
    def _next(self) -> None:
        """Compute the next maps that are missing."""
        waiting = self._waiting()
        if not waiting:
            self.progress = None
            self.changed.emit()
            return
        self.batch = compare_tiles.batches(waiting)[0]
        first = self.batch[0]
        self.progress = Progress(0, None, title_of(first.method))
        self._session.runner.start(
            compare_work.explain_batch,
            self.batch,
            title=f"Comparing maps: {title_of(first.method)}",
            key=_KEY,
            lane="long",
            on_success=self._take,
            on_failure=self._fail,
            on_progress=self._report,
        )
        self.changed.emit()

    @Slot(object)
    def _take(self, answers: list[Answer]) -> None:
        batch, self.batch = self.batch, []
        for request, answer in zip(batch, answers, strict=True):
            self._saliency.model.keep(request, answer)
        self.changed.emit()
        self._next()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        words = " ".join(error_words(error, "This map cannot be computed."))
        self.errors |= dict.fromkeys((request.key for request in self.batch), words)
        self.batch = []
        self.changed.emit()
        self._next()

    @Slot(object)
    def _report(self, progress: Progress) -> None:
        self.progress = progress
        self.progressed.emit()
