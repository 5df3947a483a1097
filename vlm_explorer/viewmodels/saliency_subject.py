"""What the overlay explains: which scan, whose answer, what is asked, and by which method."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject

from vlm_explorer.saliency.directions import INSTEAD, Directed, why_not
from vlm_explorer.saliency.method_words import IMAGE_ONLY
from vlm_explorer.viewmodels import saliency_work
from vlm_explorer.viewmodels.saliency_asked import asked_of, lies_in
from vlm_explorer.viewmodels.saliency_request import Request
from vlm_explorer.viewmodels.saliency_rows import SaliencyRows
from vlm_explorer.viewmodels.saliency_states import Method, Stage, title_of
from vlm_explorer.viewmodels.viewer_model import Status, ViewerModel

_USUAL: dict[bool, Method] = {False: "attention", True: "legrad"}  # until there is an encoder


class SaliencySubject(SaliencyRows):
    """Knows what is to be explained, and says why that cannot be done.

    Attributes:
        asked: the text whose score is explained, or what else is searched for.
        reasons: by method why it does not apply to the encoder, the scan and what is asked; empty
            where it does.
    """

    def __init__(self, viewer: ViewerModel, parent: QObject | None = None) -> None:
        super().__init__(viewer, parent)
        self._session = viewer.session
        self.asked = asked_of(self._session)
        self.reasons: dict[str, str] = {}
        self._why_not: dict[str, str] = {}  # by the encoder alone
        self._refused: frozenset[str] = frozenset()  # by what is asked, not by the encoder
        self._usual = _USUAL
        self._image_id: str | None = viewer.image_id

    @property
    def method(self) -> Method:
        """The method that explains: what `auto` stands for at present; `off` for none."""
        if self.choice.method != "auto":
            return self.choice.method
        usual = self._usual[bool(self.prompt)]
        if usual not in self._refused:
            return usual
        return next((each for each in INSTEAD if not self.reasons.get(each)), usual)

    @property
    def prompt(self) -> str:
        """The text whose score is explained, or the words of what else is searched for."""
        return "" if self.asked.waiting else self.asked.prompt

    # What can explain it

    def _ask_encoder(self) -> None:
        """Ask anew which methods apply, and what of the query this encoder knows."""
        encoder = self._session.encoder
        self._usual = _USUAL
        self.asked = asked_of(self._session) if self.asked.direction is not None else self.asked
        self._why_not = {} if encoder is None else saliency_work.why_not(encoder)
        self._ask_reasons()
        if encoder is not None:
            self._usual = saliency_work.usual_methods(encoder)

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

    # The request

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

    @property
    def request(self) -> Request | None:
        """The scan, the encoder and the prompt at hand; None while one of the first is missing."""
        missing = self._session.encoder is None or self._viewer.loaded is None
        return None if missing or self._image_id is None else self._request()
