"""The maps of a prompt's words over the scan, and what a patch answers to each word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.saliency.method_words import CAVEAT, title_of
from vlm_explorer.viewmodels import words_work
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.saliency_caption import Caption
from vlm_explorer.viewmodels.saliency_display import Cell, RawMap
from vlm_explorer.viewmodels.saliency_shown import Guest
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.words_rows import signed

if TYPE_CHECKING:
    from vlm_explorer.saliency.word_maps import WordMaps
    from vlm_explorer.saliency.words import WordScores

_MAPS = "words.maps"
_SLOW = ("occlusion",)


class WordsOnScan(QObject):
    """Has maps of words made when they are asked for, and lays one of them over the scan.

    Attributes:
        scores: of the words left out, and their relevance; None until they are there.
        method: by which maps of words are made, `auto` or one of `word_maps.LINEAR`.
        reasons: by method why it does not apply to the encoder; empty where it does.
        chosen: numbers of the words whose map lies over the scan; None for none.
        cell: the patch whose answers to the words are shown; None for the whole image.
        mapping: whether maps are being made.
        progress: of that; None until something is known.
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
        self.scores: WordScores | None = None
        self.method = "auto"
        self.reasons: dict[str, str] = {}
        self.chosen: range | None = None
        self.cell: Cell | None = None
        self.mapping, self.problem = False, ""
        self.progress: Progress | None = None
        self._maps: WordMaps | None = None
        self._point: tuple[float, float] | None = None  # where a patch was asked for
        self._watched = False
        self._laid: Guest | None = None
        self._dressed = saliency.model  # over whose scan a map of ours may lie
        saliency.pointed.connect(self._look_at)

    # What the user chooses

    @property
    def methods(self) -> tuple[tuple[str, str], ...]:
        """The ways to make maps of words that apply, with their titles."""
        own = [(name, title_of(name)) for name, reason in self.reasons.items() if not reason]
        return ("auto", "Auto"), *own

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

    # Maps of words

    def _ask_for_maps(self) -> None:
        """Have the maps made that are wanted and are not there yet."""
        self._stop_mapping()
        request, scores = self._saliency.model.request, self.scores
        wanted = self.chosen is not None or self._point is not None
        there = self._maps is not None and (self.chosen is None or self.chosen in self._maps.parts)
        if wanted and not there and request is not None and scores is not None:
            self.mapping = True
            single = [range(place, place + 1) for place in range(len(scores.words))]
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
                on_progress=self._take_progress,
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
    def _take_progress(self, progress: Progress) -> None:
        self.progress = progress
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
        name = title_of(maps.method)
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

    def _stop_mapping(self) -> None:
        self._session.runner.cancel(_MAPS)
        self.mapping, self.problem, self.progress = False, "", None

    def _forget_maps(self) -> None:
        """Drop what belongs to another scan, encoder or prompt."""
        self._stop_mapping()
        self._maps = self.chosen = self.cell = self._point = None
        self._dress()

    def _how_far(self) -> str:
        progress = self.progress
        if progress is None or not progress.total:
            return "Mapping words"
        return f"{progress.message}, {progress.done} of {progress.total} (Esc stops)"
