"""Which words of the prompt moved the score of the active scan, and where each of them asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vlm_explorer.saliency.word_maps import LINEAR
from vlm_explorer.viewmodels import words_work
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.saliency_caption import CAVEAT, Caption
from vlm_explorer.viewmodels.saliency_display import Cell, RawMap
from vlm_explorer.viewmodels.saliency_shown import Guest
from vlm_explorer.viewmodels.saliency_states import METHODS, Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.words_rows import (
    VIEWS,
    Bar,
    View,
    phrase_bars,
    signed,
    summary,
    word_bars,
)

if TYPE_CHECKING:
    from vlm_explorer.saliency.word_maps import WordMaps
    from vlm_explorer.saliency.words import WordScores
    from vlm_explorer.viewmodels.saliency_request import Request

_PAUSE = 150  # ms of rest before words are asked about, while a prompt is typed
_WORDS, _MAPS = "words", "words.maps"
_SLOW = ("occlusion",)


class WordsModel(QObject):
    """Asks about words while somebody looks, and lays the map of a word over the scan.

    Attributes:
        stage, message: how far it has come, and what to say where there is nothing to show.
        scores: of the words; None until they are there.
        view: which number of a word is shown.
        method: by which maps of words are made, `auto` or one of `word_maps.LINEAR`.
        reasons: by method why it does not apply to the encoder; empty where it does.
        chosen: numbers of the words whose map lies over the scan; None for none.
        cell: the patch whose answers to the words are shown; None for the whole image.
        mapping: whether maps are being made.
        problem: why there are no maps; "" where there are, or none is asked for.

    Signals:
        changed(): any of it.
    """

    changed = Signal()

    def __init__(
        self, session: Session, saliency: ActiveSaliency, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._saliency = session, saliency
        self.stage, self.message = Stage.WAITING, ""
        self.scores: WordScores | None = None
        self.view = View.LEFT_OUT
        self.method = "auto"
        self.reasons: dict[str, str] = {}
        self.chosen: range | None = None
        self.cell: Cell | None = None
        self.mapping, self.problem = False, ""
        self._maps: WordMaps | None = None
        self._point: tuple[float, float] | None = None  # where a patch was asked for
        self._watched = False
        self._asked: tuple[object, ...] | None = None
        self._laid: Guest | None = None
        self._dressed = saliency.model  # over whose scan a map of ours may lie
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._pause.timeout.connect(self._start)
        saliency.changed.connect(self._take)
        saliency.pointed.connect(self._look_at)
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
        self.changed.emit()

    def set_method(self, method: str) -> None:
        """Make maps of words in another way."""
        if method != self.method:
            self.method, self._maps = method, None
            self._ask_for_maps()

    def choose(self, part: range | None) -> None:
        """Lay the map of words over the scan; None, or the same words again, takes it off."""
        self.chosen = None if part == self.chosen else part
        self._ask_for_maps()

    def extend(self, part: range) -> None:
        """Choose all words from those chosen to these."""
        chosen = self.chosen or part
        self.chosen = range(min(chosen.start, part.start), max(chosen.stop, part.stop))
        self._ask_for_maps()

    def step_back(self) -> bool:
        """Leave the patch, else the word; whether there was anything to leave."""
        if self._point is not None:
            self.cell = self._point = None
        elif self.chosen is not None:
            self.chosen = None
        else:
            return False
        self._ask_for_maps()
        return True

    @Slot(float, float)
    def _look_at(self, x: float, y: float) -> None:
        """Show what the patch at a point of the scan answers to each word."""
        if not self._watched or self.scores is None:
            return
        self._point = x, y
        before, self.cell = self.cell, None
        if self._maps is not None:
            self.cell = self._saliency.model.cell_under(self._maps.geometry, x, y)
            if self.cell is None or self.cell == before:
                self.cell = self._point = None
        self._ask_for_maps()

    # What is shown

    @property
    def bars(self) -> tuple[Bar, ...]:
        """A bar of each word: its own number, or what the patch answers to it."""
        if self.scores is None:
            return ()
        if self.cell is None or self._maps is None:
            return word_bars(self.scores, self.view)
        patch = self._maps.of_patch(*self.cell)[: len(self.scores.words)]
        return word_bars(self.scores, self.view, patch.tolist(), self._maps.unit)

    @property
    def phrases(self) -> tuple[Bar, ...]:
        """Bars of words that belong together; only beside what is lost without single words."""
        if self.scores is None or self.cell is not None or self.view is not View.LEFT_OUT:
            return ()
        return phrase_bars(self.scores.phrases, self.scores.words)

    @property
    def headline(self) -> str:
        """What the bars are, in a line."""
        if self.scores is None:
            return ""
        if self.cell is None or self._maps is None:
            reason = self.scores.reason if self.view is not View.LEFT_OUT else ""
            return reason or VIEWS[self.view][1]
        row, column = self.cell
        unit = self._maps.unit
        return f"Patch {row + 1}, {column + 1}: by how much its {unit} is lower without each word"

    @property
    def summary(self) -> str:
        """What the numbers leave open, in a line."""
        return summary(self.scores, self.view) if self.scores is not None else ""

    @property
    def methods(self) -> tuple[tuple[str, str], ...]:
        """The ways to make maps of words that apply, with their titles."""
        own = [(name, METHODS[name].title) for name, reason in self.reasons.items() if not reason]  # type: ignore[index]
        return ("auto", "Auto"), *own

    # What it depends on

    @Slot()
    def _take(self) -> None:
        """Ask anew where scan, encoder or prompt are others."""
        if not self._watched:
            return
        request = self._saliency.model.request
        prompt = self._saliency.model.prompt.strip()
        asked = None if request is None else (
            request.image_id, request.encoder.fingerprint, prompt, request.ct_window
        )  # fmt: skip
        if asked is not None and asked == self._asked:
            self._notice_undressing()
            return
        self._stop()
        self._asked, self.scores, self._maps = asked, None, None
        self.chosen = self.cell = self._point = None
        self._dress()
        self.stage, self.message = self._what_is_missing(request, prompt)
        if self.stage is Stage.RUNNING and request is not None:
            known = self._saliency.model.reasons
            self.reasons = {name: known.get(name, "") for name in LINEAR}
            self._pause.start()
        self.changed.emit()

    def _what_is_missing(self, request: Request | None, prompt: str) -> tuple[Stage, str]:
        if self._session.encoder is None:
            return Stage.WAITING, "No encoder is loaded yet."
        if request is None:
            return Stage.WAITING, "Open a scan to see which words of the prompt moved its score."
        if not prompt:
            return Stage.WAITING, "Type a prompt (/) to see which of its words moved the score."
        return Stage.RUNNING, "Leaving out one word after the other"

    @Slot()
    def _start(self) -> None:
        request = self._saliency.model.request
        if request is None:
            return
        prompt = self._saliency.model.prompt.strip()
        self._session.runner.start(
            words_work.find_words,
            request.encoder,
            request.frame,
            request.ct_window,
            prompt,
            title="Leaving out words",
            key=_WORDS,
            on_success=self._take_scores,
            on_failure=self._fail,
        )

    @Slot(object)
    def _take_scores(self, scores: WordScores) -> None:
        self.scores, self.stage, self.message = scores, Stage.READY, ""
        self.changed.emit()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.stage = Stage.FAILED
        self.message = " ".join(error_words(error, "The words of this prompt cannot be told."))
        self.changed.emit()

    # Maps of words

    def _ask_for_maps(self) -> None:
        """Have the maps made that are wanted and are not there yet."""
        self._session.runner.cancel(_MAPS)
        self.mapping, self.problem = False, ""
        request, scores = self._saliency.model.request, self.scores
        wanted = self.chosen is not None or self._point is not None
        there = self._maps is not None and (self.chosen is None or self.chosen in self._maps.parts)
        if wanted and not there and request is not None and scores is not None:
            self.mapping = True
            single = [bar.part for bar in word_bars(scores, self.view)]
            more = [] if self.chosen is None or len(self.chosen) == 1 else [self.chosen]
            phrases = [phrase.words for phrase in scores.phrases]
            parts = tuple(dict.fromkeys([*single, *phrases, *more]))
            self._session.runner.start(
                words_work.find_maps,
                request.encoder,
                request.frame,
                request.ct_window,
                scores.text,
                self.method,
                parts,
                title="Mapping words",
                key=_MAPS,
                lane="long" if self._is_slow() else "compute",
                on_success=self._take_maps,
                on_failure=self._fail_to_map,
            )
        self._dress()
        self.changed.emit()

    def _is_slow(self) -> bool:
        only = self.method == "auto" and bool(self.reasons.get("decomp"))
        return self.method in _SLOW or only

    @Slot(object)
    def _take_maps(self, maps: WordMaps) -> None:
        self._maps, self.mapping = maps, False
        if self._point is not None:
            self.cell = self._saliency.model.cell_under(maps.geometry, *self._point)
        self._dress()
        self.changed.emit()

    @Slot(object)
    def _fail_to_map(self, error: Exception) -> None:
        self.mapping = False
        self.problem = " ".join(error_words(error, "No map of these words can be made."))
        self.changed.emit()

    def _dress(self) -> None:
        """Lay the map of the chosen words over the scan, else that of the patch, else none."""
        before, self._laid = self._laid, self._guest() if self._watched else None
        ours = before is not None and self._dressed.guest is before
        if self._dressed is not self._saliency.model:
            if ours:
                self._dressed.lay_over(None)
            self._dressed, ours = self._saliency.model, False
        if self._laid is not None or ours:
            self._dressed.lay_over(self._laid)

    def _notice_undressing(self) -> None:
        """Take back what was chosen where the user took our map off, by Esc or another method."""
        if self._laid is not None and self._saliency.model.guest is not self._laid:
            self._laid = None
            self.chosen = self.cell = self._point = None
            self.changed.emit()

    def _guest(self) -> Guest | None:
        maps, scores = self._maps, self.scores
        if maps is None or scores is None:
            return None
        name = METHODS[maps.method].title  # type: ignore[index]
        if self.chosen is not None and self.chosen in maps.parts:
            place = maps.parts.index(self.chosen)
            first, last = scores.words[self.chosen.start], scores.words[self.chosen.stop - 1]
            words = scores.text[first.start : last.end]
            drop = signed(float(maps.drop[place]))
            title = f"“{words}”, cosine drop {drop}: {name} with less without"
            grid = maps.grid[place]
        elif self.cell is not None:
            cosine = f"{maps.score:.3f}".replace("-", "−")
            title, grid = f"{name}, “{scores.text}”, cosine {cosine}", maps.whole
        else:
            return None
        raw = RawMap(grid, maps.geometry, maps.unit, signed=True)
        return Guest(raw, Caption(title, CAVEAT), self.cell)

    def _stop(self) -> None:
        self._pause.stop()
        for key in (_WORDS, _MAPS):
            self._session.runner.cancel(key)
        self.mapping, self.problem = False, ""
        if self.scores is None:
            self._asked = None
