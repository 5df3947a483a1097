"""The saliency overlay's state: which method, of which layer or prompt, and how far it has come."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.saliency.directions import Directed, why_not
from vlm_explorer.saliency.method_words import IMAGE_ONLY
from vlm_explorer.viewmodels import saliency_caption, saliency_work
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.saliency_ahead import Ahead
from vlm_explorer.viewmodels.saliency_asked import Asked, asked_of, lies_in
from vlm_explorer.viewmodels.saliency_display import RawMap
from vlm_explorer.viewmodels.saliency_explainer import SCROLLING, TYPING, Explainer
from vlm_explorer.viewmodels.saliency_match import weakness
from vlm_explorer.viewmodels.saliency_request import SLOW, Request
from vlm_explorer.viewmodels.saliency_rows import SaliencyRows
from vlm_explorer.viewmodels.saliency_states import Choice, Method, Stage, title_of
from vlm_explorer.viewmodels.viewer_model import Status, ViewerModel

if TYPE_CHECKING:
    from vlm_explorer.saliency.attention import AttentionMaps
    from vlm_explorer.saliency.explanation import Explanation
    from vlm_explorer.viewmodels.saliency_work import Answer

__all__ = ["Choice", "Method", "SaliencyModel", "Stage"]

_USUAL: dict[bool, Method] = {False: "attention", True: "legrad"}  # until there is an encoder
_INSTEAD: tuple[Method, ...] = ("legrad", "decomp", "occlusion")  # where the usual one cannot
_AHEAD = (1, 2, 3, 4, -1)  # neighbours in a series that are explained before they are asked for


class SaliencyModel(SaliencyRows):
    """Explains the viewer's image by the session's encoder, as far as the user asks for it.

    Attributes:
        choice: what the user chose.
        stage, message: how far it has come, and what to say of that.
        progress: of the running explanation; None where none runs.
        asked: the text whose score is explained, or what else is searched for.
        explanation: the one that is shown, finished; None until then.
        reasons: by method why it does not apply to the encoder, the scan and what is asked; empty
            where it does.
        shown: the map to draw; None where there is none.
        caption: the words beside it.

    Signals:
        changed(): any of it.
        export_wanted(): what is shown is to be written into files.
    """

    export_wanted = Signal()

    def __init__(self, viewer: ViewerModel, parent: QObject | None = None) -> None:
        super().__init__(viewer, parent)
        self._session = viewer.session
        self.stage, self.message = Stage.OFF, ""
        self.progress: Progress | None = None
        self.asked = asked_of(self._session)
        self.reasons: dict[str, str] = {}
        self._why_not: dict[str, str] = {}  # by the encoder alone
        self._refused: frozenset[str] = frozenset()  # by what is asked, not by the encoder
        self._usual = _USUAL
        self._scrolled = False  # whether the image was reached from another of its series
        self._explained_for: tuple[object, str] = (None, "")
        self._image_id: str | None = viewer.image_id
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

    @property
    def method(self) -> Method:
        """The method that explains: what `auto` stands for at present; `off` for none."""
        if self.choice.method != "auto":
            return self.choice.method
        usual = self._usual[bool(self.prompt)]
        if usual not in self._refused:
            return usual
        return next((each for each in _INSTEAD if not self.reasons.get(each)), usual)

    @property
    def prompt(self) -> str:
        """The text whose score is explained, or the words of what else is searched for."""
        return "" if self.asked.waiting else self.asked.prompt

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
        encoder = self._session.encoder
        self._usual = _USUAL
        self.asked = asked_of(self._session) if self.asked.direction is not None else self.asked
        self._why_not = {} if encoder is None else saliency_work.why_not(encoder)
        self._ask_reasons()
        if encoder is not None:
            self._usual = saliency_work.usual_methods(encoder)
        self.choice = replace(self.choice, layer=-1, head="mean", cell=None)
        self._layers = saliency_caption.Layers()
        self._restart()

    def _ask_reasons(self) -> None:
        """Ask which methods cannot explain what is asked about this image, and why."""
        encoder, direction = self._session.encoder, self.asked.direction
        self.reasons, self._refused = dict(self._why_not), frozenset()
        if encoder is not None and direction is not None:
            row = self._session.images.row_of.get(self._image_id or "")
            itself = lies_in(self.asked, self._session.query, row)
            own = why_not(encoder, direction, itself=itself)
            own = {name: why for name, why in own.items() if not self.reasons.get(name)}
            self.reasons, self._refused = self.reasons | own, frozenset(own)

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

    def _what_is_missing(self) -> tuple[Stage, str]:
        method = self.method
        if method == "off":
            return Stage.OFF, ""
        if self._viewer.status is not Status.READY:
            return Stage.WAITING, ""
        if self._session.encoder is None:
            return Stage.WAITING, "No encoder is loaded yet."
        if reason := self.reasons.get(method, ""):
            return Stage.FAILED, f"{title_of(method)} does not apply here: {reason}."
        if method not in IMAGE_ONLY and self.asked.waiting:
            return Stage.WAITING, "What is searched for has no vector of this encoder yet."
        if method not in IMAGE_ONLY and not self.prompt:
            return Stage.WAITING, "Type a prompt to see what moves its score."
        return Stage.RUNNING, ""

    def _request(self) -> Request:
        loaded, image_id = self._viewer.loaded, self._image_id
        assert loaded is not None
        assert image_id is not None
        return self._request_for(image_id, loaded.frame)

    def _request_for(self, image_id: str, frame: Any) -> Request:
        encoder, direction = self._session.encoder, self.asked.direction
        assert encoder is not None
        method = self.method if self.choice.method != "off" else "attention"
        params: tuple[tuple[str, Any], ...] = ()
        if method == "attention":
            layer, query = self.choice.layer, self.choice.cell or "auto"
            params = ("layer", layer), ("head", self.choice.head), ("query", query)
            if self.choice.column and self.choice.cell is not None:
                params = *params, ("column", True)
        return Request(
            image_id,
            frame,
            encoder if direction is None else Directed(encoder, direction),
            self.prompt,
            self._session.ct_window,
            self._viewer.frame_key(image_id),
            method,
            params,
        )

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

    @property
    def request(self) -> Request | None:
        """The scan, the encoder and the prompt at hand; None while one of the first is missing."""
        missing = self._session.encoder is None or self._viewer.loaded is None
        return None if missing or self._image_id is None else self._request()

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
