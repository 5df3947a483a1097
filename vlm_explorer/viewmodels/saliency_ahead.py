"""Has the next images of a series explained before they are asked for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Slot

from vlm_explorer.viewmodels import saliency_work
from vlm_explorer.viewmodels.job_runner import JobRunner
from vlm_explorer.viewmodels.saliency_explainer import Explainer
from vlm_explorer.viewmodels.saliency_request import Request
from vlm_explorer.viewmodels.saliency_work import Answer
from vlm_explorer.viewmodels.viewer_frames import FrameCache


class Ahead(QObject):
    """Works through requests that may come, one at a time; it gives way to those that do come."""

    def __init__(
        self,
        runner: JobRunner,
        key: str,
        explainer: Explainer,
        frames: FrameCache,
        parent: QObject | None = None,
    ) -> None:
        """Keep the answers in `explainer`; read frames that are not there yet through `frames`."""
        super().__init__(parent)
        self._runner, self._key = runner, key
        self._explainer, self._frames = explainer, frames
        self._waiting: list[Request] = []
        self._working: Request | None = None

    def go(self, requests: Sequence[Request]) -> None:
        """Answer these next, the likeliest first; what was begun for others is dropped."""
        wanted = [each for each in requests if self._explainer.find(each) is None]
        working = self._working
        if working is not None and any(each.key == working.key for each in wanted):
            self._waiting = [each for each in wanted if each.key != working.key]
            return
        self.stop()
        self._waiting = wanted
        self._next()

    def narrow(self, request: Request) -> None:
        """Drop all but what is being done for this request: it is waited for now."""
        self._waiting = []
        if self._working is None or self._working.key != request.key:
            self.stop()

    def stop(self) -> None:
        """Drop everything."""
        self._waiting, self._working = [], None
        self._runner.cancel(self._key)

    def _next(self) -> None:
        self._working = self._waiting.pop(0) if self._waiting else None
        if self._working is not None:
            self._runner.start(
                saliency_work.explain_ahead,
                self._frames,
                self._working,
                title="Explaining ahead",
                key=self._key,
                lane="long",
                on_success=self._take,
                on_failure=self._pass_over,
            )

    @Slot(object)
    def _take(self, answer: Answer) -> None:
        if self._working is not None:
            self._explainer.keep(self._working, answer)
        self._next()

    @Slot(object)
    def _pass_over(self, _error: Exception) -> None:
        """Go on: what is wrong will be said when the image itself is explained."""
        self._next()
