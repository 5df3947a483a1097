"""The saliency overlay's state: which method, of which layer or prompt, and how far it has come."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.viewmodels import saliency_caption, saliency_display
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.saliency_caption import Caption, Head
from vlm_explorer.viewmodels.saliency_display import DisplayedMap, RawMap, Rectangle
from vlm_explorer.viewmodels.saliency_explainer import Explainer, Request
from vlm_explorer.viewmodels.saliency_states import Choice, Method, Stage
from vlm_explorer.viewmodels.saliency_work import PromptMap
from vlm_explorer.viewmodels.viewer_model import Status, ViewerModel

if TYPE_CHECKING:
    from vlm_explorer.saliency.attention import AttentionMaps
    from vlm_explorer.saliency.explanation import Explanation

__all__ = ["Choice", "Method", "SaliencyModel", "Stage"]


class SaliencyModel(QObject):
    """Explains the viewer's image by the session's encoder, as far as the user asks for it.

    Attributes:
        choice: what the user chose.
        stage, message: how far it has come, and what to say of that.
        progress: of the running explanation; None where none runs.
        prompt: the text whose score is explained.
        explanation: the one that is shown, finished; None until then.
        reasons: by method why it does not apply to the encoder; empty where it does.
        shown: the map to draw; None where there is none.
        caption: the words beside it.

    Signals:
        changed(): any of it.
        explanation_changed(): `explanation` is another.
    """

    changed = Signal()
    explanation_changed = Signal()

    def __init__(self, viewer: ViewerModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._session = viewer.session
        self.choice = Choice()
        self.stage, self.message = Stage.OFF, ""
        self.progress: Progress | None = None
        self.prompt = self._session.query.text
        self.shown: DisplayedMap | None = None
        self.caption = Caption()
        self.explanation: Explanation | None = None
        self.reasons: dict[str, str] = {}
        self._raw: RawMap | None = None
        self._attention: AttentionMaps | None = None
        self._score: float | None = None
        self._explained_for = self._session.encoder, self._session.ct_window
        self._image_id: str | None = viewer.image_id
        self._explainer = Explainer(self._session.runner, f"{viewer.name}.saliency", self)
        self._explainer.answered.connect(self._take)
        self._explainer.failed.connect(self._fail)
        self._explainer.progressed.connect(self._take_progress)
        viewer.image_changed.connect(self._take_image)
        viewer.display_changed.connect(self._refresh)
        self._session.encoder_changed.connect(self._take_encoder)
        self._session.query_changed.connect(self._take_query)

    # What the user chooses

    def set_method(self, method: Method) -> None:
        """Explain by another method, or by the same anew."""
        self.choice = replace(self.choice, method=method, cell=None, hidden=False)
        self._restart()

    def explain_prompt(self, text: str) -> None:
        """Show what moves the score of a text."""
        self.prompt = text.strip()
        self.set_method("occlusion")

    def set_layer(self, layer: int) -> None:
        """Show the attention of another layer."""
        self._choose(layer=layer)

    def set_head(self, head: Head) -> None:
        """Show the attention of one head, or of all in one."""
        self._choose(head=head)

    def look_from(self, x: float, y: float) -> None:
        """Show where the patch at a point of the picture looks; for attention only."""
        raw = self._over_picture()
        if self._attention is None or raw is None:
            return
        if not self._attention.has_patch_queries(self.choice.layer):
            self._viewer.noticed.emit("In this layer only the pooling query looks. Choose a block.")
        elif (cell := saliency_display.cell_at(raw.geometry, x, y)) is not None:
            self._choose(cell=None if cell == self.choice.cell else cell)

    def look_from_image(self) -> bool:
        """Show again what leads to the image's vector; whether that changed anything."""
        changed = self.choice.cell is not None
        if changed:
            self._choose(cell=None)
        return changed

    def set_opacity(self, opacity: float) -> None:
        """Show more or less of the scan through the map."""
        self.choice = replace(self.choice, opacity=opacity)
        self.changed.emit()

    def set_hidden(self, hidden: bool | None = None) -> None:
        """Take the map out of sight, or show it again; without an argument the other of both."""
        hidden = not self.choice.hidden if hidden is None else hidden
        self.choice = replace(self.choice, hidden=hidden)
        self.changed.emit()

    def show_squares(self, squares: bool | None = None) -> None:
        """Show the patches as they are, or smooth; without an argument the other of both."""
        self._choose(squares=not self.choice.squares if squares is None else squares)

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

    def _choose(self, **changes: Any) -> None:
        self.choice = replace(self.choice, **changes)
        self._refresh()

    # What the choice depends on

    @Slot()
    def _take_image(self) -> None:
        if self._viewer.image_id != self._image_id:
            self._image_id = self._viewer.image_id
            self.choice = replace(self.choice, cell=None)
        self._restart()

    @Slot()
    def _take_encoder(self) -> None:
        now = self._session.encoder, self._session.ct_window
        if now == self._explained_for:
            return  # only the words about it have changed
        self._explained_for = now
        self.choice = replace(self.choice, layer=-1, head="mean", cell=None)
        self._restart()

    @Slot()
    def _take_query(self) -> None:
        text = self._session.query.text
        if text != self.prompt:
            self.prompt = text
            if self.choice.method == "occlusion":
                self._restart()

    # The explanation

    def _restart(self) -> None:
        """Drop what is there, and explain anew as far as anything is asked for."""
        self._explainer.stop()
        self._raw, self._attention, self._score, self.progress = None, None, None, None
        self.stage, self.message = self._what_is_missing()
        if self.stage is Stage.RUNNING:
            answer = self._explainer.ask(self._request())
            if answer is not None:
                self._take(answer)
                return
        self._refresh()

    def _what_is_missing(self) -> tuple[Stage, str]:
        if self.choice.method == "off":
            return Stage.OFF, ""
        if self._viewer.status is not Status.READY:
            return Stage.WAITING, ""
        if self._session.encoder is None:
            return Stage.WAITING, "No encoder is loaded yet."
        if self.choice.method == "occlusion" and not self.prompt:
            return Stage.WAITING, "Type a prompt to see what moves its score."
        return Stage.RUNNING, ""

    def _request(self) -> Request:
        encoder, loaded, image_id = self._session.encoder, self._viewer.loaded, self._image_id
        assert encoder is not None
        assert loaded is not None
        assert image_id is not None
        prompt = self.prompt if self.choice.method == "occlusion" else ""
        return Request(image_id, loaded.frame, encoder, prompt, self._session.ct_window)

    @Slot(object)
    def _take(self, answer: AttentionMaps | PromptMap) -> None:
        if isinstance(answer, PromptMap):
            self._raw, self._score = answer.raw, answer.score
        else:
            self._attention = answer
        self.stage, self.progress = Stage.READY, None
        self._refresh()

    @Slot(object, object)
    def _take_progress(self, progress: Progress, raw: RawMap | None) -> None:
        self.progress, self._raw = progress, raw
        self._refresh()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.stage, self.progress = Stage.FAILED, None
        self.message = " ".join(error_words(error, "This image cannot be explained."))
        self._refresh()

    # What is shown

    @Slot()
    def _refresh(self) -> None:
        """Bring map and caption in line with choice and explanation."""
        self.caption = Caption()
        if self.choice.method == "occlusion" and self.prompt:
            self.caption = saliency_caption.occlusion_caption(self.prompt, self._score)
        elif self._attention is not None:
            self._read_row(self._attention)
        raw = self._over_picture()
        self.shown = None
        if raw is not None:
            self.shown = saliency_display.display_map(raw, squares=self.choice.squares)
            words = saliency_caption.geometry_words(self.shown)
            self.caption = replace(self.caption, note=self.caption.note + words)
        self.changed.emit()

    def _read_row(self, maps: AttentionMaps) -> None:
        """Take the row of attention that the choice names; choices out of range are mended."""
        layer = min(self.choice.layer, len(maps.layers) - 1)
        head = self.choice.head
        if isinstance(head, int):
            head = min(head, maps.heads[layer] - 1)
        cell = self.choice.cell if maps.has_patch_queries(layer) else None
        self.choice = replace(self.choice, layer=layer % len(maps.layers), head=head, cell=cell)
        grid, prefix_mass = maps.row(layer, head, "auto" if cell is None else cell)
        self._raw = RawMap(grid, maps.geometry, "attention", signed=False)
        self.caption = saliency_caption.attention_caption(maps, layer, head, cell, prefix_mass)

    def _over_picture(self) -> RawMap | None:
        """Return the map as it lies over the scan, or over the encoder's view."""
        if self._raw is None or not self._viewer.shows_encoder_view:
            return self._raw
        return replace(self._raw, geometry=saliency_display.encoder_geometry(self._raw.geometry))

    @property
    def raw(self) -> RawMap | None:
        """The values of the map that is shown, as they lie on the scan; they may be partial."""
        return self._raw

    @property
    def request(self) -> Request | None:
        """The scan, the encoder and the prompt at hand; None while one of the first is missing."""
        missing = self._session.encoder is None or self._viewer.loaded is None
        return None if missing or self._image_id is None else self._request()

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers whose attention can be shown; empty until that is known."""
        return self._attention.layers if self._attention is not None else ()

    @property
    def heads(self) -> int:
        """Number of heads of the layer; 0 until that is known."""
        return self._attention.heads[self.choice.layer] if self._attention is not None else 0

    @property
    def seen(self) -> Rectangle | None:
        """The part of the picture that the encoder saw; None where no map is shown."""
        raw = self._over_picture()
        return saliency_display.seen_rectangle(raw.geometry) if raw is not None else None

    @property
    def cell(self) -> Rectangle | None:
        """Where the patch that looks lies on the picture; None where none is chosen."""
        raw = self._over_picture()
        if raw is None or self.choice.cell is None:
            return None
        return saliency_display.cell_rectangle(raw.geometry, self.choice.cell)

    def probe(self, x: float, y: float) -> str:
        """Return the raw value of the map at a point of the picture, in words."""
        raw = self._over_picture()
        if raw is None or self.choice.hidden:
            return ""
        cell = saliency_display.cell_at(raw.geometry, x, y)
        return saliency_display.value_text(raw, cell) if cell is not None else "not seen"
