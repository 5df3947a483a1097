"""Which words of the prompt moved the score of the active scan, and where each of them asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

from vlm_explorer.saliency.word_maps import LINEAR
from vlm_explorer.viewmodels import words_work
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.words_on_scan import WordsOnScan
from vlm_explorer.viewmodels.words_rows import (
    Bar,
    View,
    headline,
    phrase_bars,
    summary,
    word_bars,
)

if TYPE_CHECKING:
    from vlm_explorer.saliency.left_out import Replacement
    from vlm_explorer.saliency.words import WordScores
    from vlm_explorer.viewmodels.saliency_request import Request

_PAUSE = 150  # ms of rest before words are asked about, while a prompt is typed
_WORDS = "words"
_PARTS = (
    "Which words moved the score is told of one text, and more than that is searched for. "
    "Search for a text alone."
)
_DROPS = (View.LEFT_OUT, View.MASKED)


class WordsModel(WordsOnScan):
    """Asks about words while somebody looks.

    Attributes:
        stage, message: how far it has come, and what to say where there is nothing to show.
        masked: of the words masked; None until they are asked for and there.
        has_mask: whether the text tower knows a mask.
        view: which number of a word is shown.
    """

    def __init__(
        self, session: Session, saliency: ActiveSaliency, parent: QObject | None = None
    ) -> None:
        super().__init__(session, saliency, parent)
        self.stage, self.message = Stage.WAITING, ""
        self.masked: WordScores | None = None
        self.has_mask = False
        self.view = View.LEFT_OUT
        self._asked: tuple[object, ...] | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._pause.timeout.connect(self._start)
        saliency.changed.connect(self._take)
        session.encoder_changed.connect(self._take)
        session.query_changed.connect(self._take)

    # Who looks

    def watch(self, watched: bool) -> None:
        """Say whether somebody looks; nothing is computed, and no map lies anywhere, if not."""
        self._watched = watched
        if watched:
            self._take()
            self._dress()
        else:
            self._stop()
            self._dress()

    # What the user chooses

    def set_view(self, view: View) -> None:
        """Show another number of each word."""
        self.view = view
        if view is View.MASKED and self.scores is not None and self.masked is None:
            self._find("mask", self._take_masked)
        self.changed.emit()

    # What is shown

    @property
    def bars(self) -> tuple[Bar, ...]:
        """A bar of each word: its own number, or what the patch answers to it."""
        if self.scores is None:
            return ()
        if self.cell is None or self._maps is None:
            return word_bars(self._numbers() or self.scores, self.view)
        patch = self._maps.of_patch(*self.cell)[: len(self.scores.words)]
        return word_bars(self.scores, self.view, patch.tolist(), self._maps.unit)

    @property
    def phrases(self) -> tuple[Bar, ...]:
        """Bars of words that belong together; only beside what is lost without single words."""
        numbers = self._numbers()
        if numbers is None or self.cell is not None or self.view not in _DROPS:
            return ()
        return phrase_bars(numbers.phrases, numbers.words)

    def _numbers(self) -> WordScores | None:
        """Return the numbers of the view; None until they are there."""
        return self.masked if self.view is View.MASKED else self.scores

    @property
    def headline(self) -> str:
        """What the bars are, in a line."""
        if self.scores is None:
            return ""
        if self.problem or self.mapping:
            return self.problem or self._how_far()
        if self.cell is None or self._maps is None:
            return headline(self.scores, self.view)
        row, column = self.cell
        unit = self._maps.unit
        return f"Patch {row + 1}, {column + 1}: by how much its {unit} is lower without each word"

    @property
    def summary(self) -> str:
        """What the numbers leave open, in a line."""
        return summary(self.scores, self.view) if self.scores is not None else ""

    @property
    def views(self) -> tuple[View, ...]:
        """The numbers of a word that this encoder has."""
        return tuple(view for view in View if view is not View.MASKED or self.has_mask)

    # What it depends on

    @Slot()
    def _take(self) -> None:
        """Ask anew where scan, encoder or prompt are others."""
        if not self._watched:
            return
        request = self._saliency.model.request
        prompt = self._saliency.model.asked.text.strip()
        asked = None if request is None else (
            request.image_id, request.encoder.fingerprint, *self._saliency.model.asked.key,
            request.ct_window,
        )  # fmt: skip
        if asked is not None and asked == self._asked:
            self._notice_undressing()
            return
        self._stop()
        self._asked, self.scores, self.masked = asked, None, None
        self._forget_maps()
        self.stage, self.message = self._what_is_missing(request, prompt)
        if self.stage is Stage.RUNNING and request is not None:
            known = self._saliency.model.reasons
            self.reasons = {name: known.get(name, "") for name in LINEAR}
            self.has_mask = words_work.knows_mask(request.encoder)
            if self.view not in self.views:
                self.view = View.LEFT_OUT
            self._pause.start()
        self.changed.emit()

    def _what_is_missing(self, request: Request | None, prompt: str) -> tuple[Stage, str]:
        if self._session.encoder is None:
            return Stage.WAITING, "No encoder is loaded yet."
        if request is None:
            return Stage.WAITING, "Open a scan to see which words of the prompt moved its score."
        if self._saliency.model.asked.prompt and not prompt:
            return Stage.WAITING, _PARTS
        if not prompt:
            return Stage.WAITING, "Type a prompt (/) to see which of its words moved the score."
        return Stage.RUNNING, "Leaving out one word after the other"

    @Slot()
    def _start(self) -> None:
        self._find("nothing", self._take_scores)

    def _find(self, replaced_by: Replacement, take: Callable[[WordScores], None]) -> None:
        request = self._saliency.model.request
        if request is None:
            return
        self._session.runner.start(
            words_work.find_words,
            request.encoder,
            request.frame,
            request.ct_window,
            self._saliency.model.asked.text.strip(),
            replaced_by,
            title="Leaving out words",
            key=_WORDS,
            on_success=take,
            on_failure=self._fail,
        )

    @Slot(object)
    def _take_scores(self, scores: WordScores) -> None:
        self.scores, self.stage, self.message = scores, Stage.READY, ""
        self.set_view(self.view)

    @Slot(object)
    def _take_masked(self, scores: WordScores) -> None:
        self.masked = scores
        self.changed.emit()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.stage = Stage.FAILED
        self.message = " ".join(error_words(error, "The words of this prompt cannot be told."))
        self.changed.emit()

    def _stop(self) -> None:
        self._pause.stop()
        self._session.runner.cancel(_WORDS)
        self._stop_mapping()
        if self.scores is None:
            self._asked = None
