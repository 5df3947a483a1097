"""Has images explained off the GUI thread: one at a time, after a pause, the last ones kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.saliency.directions import quoted
from vlm_explorer.viewmodels import saliency_store, saliency_work
from vlm_explorer.viewmodels.job_runner import JobRunner
from vlm_explorer.viewmodels.saliency_display import RawMap
from vlm_explorer.viewmodels.saliency_request import SLOW, Request
from vlm_explorer.viewmodels.saliency_work import Answer, PartialMaps

if TYPE_CHECKING:
    from vlm_explorer.saliency.attention import AttentionMaps
    from vlm_explorer.saliency.explanation import Explanation

__all__ = ["Explainer", "Request"]

SCROLLING = 80  # ms of rest before an image is explained, so that scrolling does not queue work
TYPING = 250  # ms of rest before another prompt is explained


class Explainer(QObject):
    """Answers the request asked last; earlier ones are dropped.

    Signals:
        answered(Explanation): exactly one of answered and failed comes, unless the request is
            dropped.
        failed(Exception): it cannot be explained.
        progressed(Progress, RawMap or None): how far it is, and the map so far.
    """

    answered = Signal(object)
    failed = Signal(object)
    progressed = Signal(object, object)

    def __init__(
        self, runner: JobRunner, key: str = "saliency", parent: QObject | None = None
    ) -> None:
        """Work under a job key: a job of another key goes on beside it."""
        super().__init__(parent)
        self._runner = runner
        self._key = key
        self._request: Request | None = None
        self._partial = PartialMaps()
        self._kept = saliency_store.explanations()
        self._maps = saliency_store.attentions()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._start)

    def ask(self, request: Request, *, pause: int = SCROLLING) -> Explanation | None:
        """Return the answer at once if it is in memory; else work on it, and say so when done.

        Args:
            request: what to explain.
            pause: ms to wait before work begins; another request in that time replaces this one.
        """
        self.stop()
        if (answer := self.find(request)) is not None:
            return answer
        self._request, self._partial = request, PartialMaps()
        self._pause.start(pause)
        return None

    def find(self, request: Request) -> Explanation | None:
        """Return the answer to a request if it is in memory, or follows from what is."""
        if (answer := self._kept.get(request.key)) is not None:
            return answer
        maps = self.maps(request) if request.method == "attention" else None
        if maps is None or not saliency_work.is_quick(maps, dict(request.params)):
            return None
        answer = saliency_work.read_row(request, maps)
        self._kept.put(request.key, answer)
        return answer

    def maps(self, request: Request) -> AttentionMaps | None:
        """Return the attention of all layers for the image of a request, if it is in memory."""
        return self._maps.get(request.picture)

    def keep(self, request: Request, answer: Answer) -> None:
        """Keep an answer, and give it if it is waited for."""
        self._kept.put(request.key, answer.explanation)
        if answer.maps is not None:
            self._maps.put(request.picture, answer.maps)
        if self._request is not None and self._request.key == request.key:
            self.stop()
            self.answered.emit(answer.explanation)

    def stop(self) -> None:
        """Drop the request."""
        self._pause.stop()
        self._runner.cancel(self._key)
        self._request = None

    @Slot()
    def _start(self) -> None:
        request = self._request
        if request is None:
            return
        self._runner.start(
            saliency_work.explain_request,
            request,
            self._partial,
            self.maps(request),
            title=f"Explaining {quoted(request.prompt)}" if request.texts else "Reading attention",
            key=self._key,
            lane="long" if request.method in SLOW else "compute",
            on_success=self._take,
            on_failure=self._fail,
            on_progress=self._report,
        )

    @Slot(object)
    def _take(self, answer: Answer) -> None:
        if self._request is not None:
            self.keep(self._request, answer)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._request = None
        self.failed.emit(error)

    @Slot(object)
    def _report(self, progress: Progress) -> None:
        raw: RawMap | None = self._partial.raw
        self.progressed.emit(progress, raw)
