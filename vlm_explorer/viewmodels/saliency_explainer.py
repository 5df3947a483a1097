"""Has images explained off the GUI thread: one at a time, after a pause, the last ones kept."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.pixels.ct_choice import DEFAULT
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.viewmodels import saliency_work
from vlm_explorer.viewmodels.job_runner import JobRunner
from vlm_explorer.viewmodels.saliency_display import RawMap
from vlm_explorer.viewmodels.saliency_work import PartialMaps, PromptMap

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.saliency.attention import AttentionMaps

    Answer = AttentionMaps | PromptMap

_PAUSE = 80  # ms of rest before an image is explained, so that scrolling does not queue work
_KEPT_PROMPTS = 64
_KEPT_ATTENTION = 3  # images; a tower of 27 layers and 1024 tokens takes 250 MB each


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What is to be explained.

    Attributes:
        image_id: of the image.
        frame: its pixels.
        encoder: whose answer is explained.
        prompt: the text whose cosine is explained by occlusion; "" for attention.
        ct_window: through which window the encoder sees CT.
    """

    image_id: str
    frame: Frame
    encoder: Encoder
    prompt: str = ""
    ct_window: str = DEFAULT

    @property
    def key(self) -> tuple[str, ...]:
        """What the answer depends on."""
        return self.image_id, self.encoder.fingerprint, self.prompt, self.ct_window


class Explainer(QObject):
    """Answers the request asked last; earlier ones are dropped.

    Signals:
        answered(AttentionMaps or PromptMap): exactly one of answered and failed comes, unless the
            request is dropped.
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
        self._attention: OrderedDict[tuple[str, ...], Any] = OrderedDict()
        self._prompts: OrderedDict[tuple[str, ...], Any] = OrderedDict()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._pause.timeout.connect(self._start)

    def ask(self, request: Request) -> Answer | None:
        """Return the answer at once if it is in memory; else work on it, and say so when done."""
        self.stop()
        kept = self._prompts if request.prompt else self._attention
        if request.key in kept:
            kept.move_to_end(request.key)
            answer: Answer = kept[request.key]
            return answer
        self._request, self._partial = request, PartialMaps()
        self._pause.start()
        return None

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
        if request.prompt:
            function: Any = saliency_work.occlude_prompt
            arguments: tuple[Any, ...] = request.prompt, self._partial
            title, lane = f"Explaining “{request.prompt}”", "long"
        else:
            function, arguments = saliency_work.read_attention, ()
            title, lane = "Reading attention", "compute"
        self._runner.start(
            function,
            request.encoder,
            request.frame,
            request.ct_window,
            *arguments,
            title=title,
            key=self._key,
            lane=lane,
            on_success=self._take,
            on_failure=self._fail,
            on_progress=self._report,
        )

    @Slot(object)
    def _take(self, answer: Answer) -> None:
        request, self._request = self._request, None
        if request is None:
            return
        limit = _KEPT_PROMPTS if request.prompt else _KEPT_ATTENTION
        kept = self._prompts if request.prompt else self._attention
        kept[request.key] = answer
        while len(kept) > limit:
            kept.popitem(last=False)
        self.answered.emit(answer)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._request = None
        self.failed.emit(error)

    @Slot(object)
    def _report(self, progress: Progress) -> None:
        raw: RawMap | None = self._partial.raw
        self.progressed.emit(progress, raw)
