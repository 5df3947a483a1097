"""The saliency overlay's state: which method, of which layer or prompt, and how far it has come."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.saliency.method_words import IMAGE_ONLY
from vlm_explorer.viewmodels import saliency_caption
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.saliency_ahead import Ahead
from vlm_explorer.viewmodels.saliency_asked import Asked, asked_of
from vlm_explorer.viewmodels.saliency_display import RawMap
from vlm_explorer.viewmodels.saliency_explainer import SCROLLING, TYPING, Explainer
from vlm_explorer.viewmodels.saliency_match import weakness
from vlm_explorer.viewmodels.saliency_request import SLOW, Request
from vlm_explorer.viewmodels.saliency_states import Choice, Method, Stage, title_of
from vlm_explorer.viewmodels.saliency_subject import SaliencySubject
from vlm_explorer.viewmodels.viewer_model import ViewerModel

if TYPE_CHECKING:
    from vlm_explorer.saliency.attention import AttentionMaps
    from vlm_explorer.saliency.explanation import Explanation
    from vlm_explorer.viewmodels.saliency_work import Answer

__all__ = ["Choice", "Method", "SaliencyModel", "Stage"]

_AHEAD = (1, 2, 3, 4, -1)  # neighbours in a series that are explained before they are asked for


class SaliencyModel(SaliencySubject):
    """Explains the viewer's image by the session's encoder, as far as the user asks for it.

    Attributes:
        choice: what the user chose.
        stage, message: how far it has come, and what to say of that.
        progress: of the running explanation; None where none runs.
        explanation: the one that is shown, finished; None until then.
        shown: the map to draw; None where there is none.
        caption: the words beside it.

    Signals:
        changed(): any of it.
        export_wanted(): what is shown is to be written into files.
    """

    export_wanted = Signal()

    def __init__(self, viewer: ViewerModel, parent: QObject | None = None) -> None:
        super().__init__(viewer, parent)
        self.stage, self.message = Stage.OFF, ""
        self.progress: Progress | None = None
        self._scrolled = False  # whether the image was reached from another of its series
        self._explained_for: tuple[object, str] = (None, "")
        key, runner = f"{viewer.name}.saliency", self._session.runner
        self._explainer = Explainer(runner, key, self)
        self._ahead = Ahead(runner, f"{key}.ahead", self._explainer, viewer.frames, self)
        self._explainer.answered.connect(self._take)
        self._explainer.failed.connect(self._fail)
        self._explainer.progressed.connect(self._take_progress)
        viewer.image_changed.connect(self._take_image)
        self._session.encoder_changed.connect(self._take_encoder)
        self._session.query_changed.connect(self._take_query)
        self._take_encoder()

    # What the user chooses

    def set_method(self, method: Method) -> None:
        """Explain by another method, or by the same anew."""
        self.choice = replace(self.choice, method=method, cell=None, hidden=False)
        self.guest = None
        self._restart()

    def switch(self, on: bool | None = None) -> None:
        """Explain by the usual method, or no longer; without an argument the other of both."""
        off = self.choice.method == "off"
        if on is None or on == off:
            self.set_method("auto" if off else "off")

    def explain_prompt(self, text: str) -> None:
        """Show what moves the score of a text, by the chosen method if that knows prompts.

        The words of what is searched for stand for that.
        """
        asked = asked_of(self._session)
        self.asked = asked if asked.prompt == text.strip() else Asked(text.strip())
        self._ask_reasons()
        own = self.choice.method not in ("off", *IMAGE_ONLY)
        self.set_method(self.choice.method if own else "auto")

    def stop(self) -> None:
        """Give the running explanation up; what is there of the map stays."""
        if self.stage is not Stage.RUNNING:
            return
        self._explainer.stop()
        self.progress = None
        early = self._raw is not None
        self.stage = Stage.WAITING
        self.message = "Stopped early: the map is coarse." if early else "Stopped."
        self.changed.emit()

    # What the choice depends on

    @Slot()
    def _take_image(self) -> None:
        image_id = self._viewer.image_id
        if image_id != self._image_id:
            self._scrolled = self._image_id in self._viewer.series.ids
            self.guest = None
            self._image_id = image_id
            self.choice = replace(self.choice, cell=None)
            self._ask_reasons()
        self._restart()

    @Slot()
    def _take_encoder(self) -> None:
        now = self._session.encoder, self._session.ct_window
        if now == self._explained_for:
            return  # only the words about it have changed
        self._explained_for = now
        self.guest = None
        self._ask_encoder()
        self.choice = replace(self.choice, layer=-1, head="mean", cell=None)
        self._layers = saliency_caption.Layers()
        self._restart()

    @Slot()
    def _take_query(self) -> None:
        asked = asked_of(self._session)
        if asked.waiting and self._session.query.pending:
            return  # the map stays, under its own caption, until it is known what is asked
        if asked.key != self.asked.key or asked.waiting != self.asked.waiting:
            before, self.asked = self.method, asked
            self._ask_reasons()
            if self.method != before or self.method not in ("off", *IMAGE_ONLY):
                self._restart(keep=self.method == before, pause=TYPING)
        elif self.explanation is not None:
            self.refresh()  # the search may have told how well the prompt fits

    # The explanation

    def _restart(self, *, keep: bool = False, pause: int = SCROLLING) -> None:
        """Explain anew as far as anything is asked for.

        Args:
            keep: let the map that is shown stay until there is another.
            pause: ms to wait before work begins.
        """
        self._explainer.stop()
        self.stage, self.message = self._what_is_missing()
        self.progress = None
        running = self.stage is Stage.RUNNING
        if not (keep and running):
            self._raw = None
        if not running:
            self._ahead.stop()
            self._show(None)
            return
        request = self._request()
        self._ahead.narrow(request)
        answer = self._explainer.ask(request, pause=pause)
        if answer is not None:
            self._take(answer)
        elif not keep:
            self._show(None)
        else:
            self.refresh()

    @Slot(object)
    def _take(self, answer: Explanation) -> None:
        self.stage, self.progress = Stage.READY, None
        if answer.method == "attention":
            self.choice = replace(self.choice, layer=answer.params["layer"])
            if (maps := self.attention) is not None:
                self._layers = saliency_caption.Layers(maps.layers, maps.heads, maps.class_token)
        self._show(answer)
        self._look_ahead()

    @Slot(object, object)
    def _take_progress(self, progress: Progress, raw: RawMap | None) -> None:
        self.progress = progress
        if raw is not None:
            self._show_partial(raw)
        self.refresh()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.stage, self.progress = Stage.FAILED, None
        self.message = " ".join(error_words(error, "This image cannot be explained."))
        self._show(None)

    def _look_ahead(self) -> None:
        """Explain the neighbours too, once the user scrolls; slow methods would never be done."""
        if not self._scrolled or self.method in SLOW:
            return
        frame = self._request().frame  # stands in for theirs, which are read where that is done
        ids = self._viewer.series.neighbours(_AHEAD)
        self._ahead.go([self._request_for(image_id, frame) for image_id in ids])

    # What others ask

    def find(self, request: Request) -> Explanation | None:
        """Return the answer to a request that was made before, by whomever."""
        return self._explainer.find(request)

    def keep(self, request: Request, answer: Answer) -> None:
        """Keep an answer that was found elsewhere."""
        self._explainer.keep(request, answer)

    @property
    def attention(self) -> AttentionMaps | None:
        """The attention of all layers for the image; None unless it is in memory."""
        request = self.request
        return self._explainer.maps(request) if request is not None else None

    def _words(self) -> saliency_caption.Caption:
        method = self.method
        name = title_of(method)
        if self.explanation is None:
            waits = self.stage is Stage.RUNNING and method not in IMAGE_ONLY
            direction = self.asked.direction
            called = self.prompt if direction is None else direction.title
            words = saliency_caption.announce(name, called) if waits else None
            return words or saliency_caption.Caption()
        name = title_of(self.explanation.method)  # the last one, until there is another
        caption = saliency_caption.describe(
            name, self.drawn or self.explanation, self._layers, self.asked.direction
        )
        weak = weakness(self._session, self._image_id, self.explanation)
        return replace(caption, warnings=(*weak, *caption.warnings))
