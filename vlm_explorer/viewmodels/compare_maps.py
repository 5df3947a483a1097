"""Several maps of the active scan beside each other: of several prompts, or by several methods."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.saliency.method_words import IMAGE_ONLY
from vlm_explorer.viewmodels import compare_tiles, compare_work
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.compare_over import MapOver
from vlm_explorer.viewmodels.compare_pass import ComparePass
from vlm_explorer.viewmodels.compare_tiles import Compared, CompareTile, TileState
from vlm_explorer.viewmodels.saliency_request import Request
from vlm_explorer.viewmodels.saliency_states import METHODS, title_of
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.saliency.explanation import Explanation

MOST = 24  # prompts beside each other
_PICTURE = "compare.picture"


class CompareMaps(QObject):
    """Says which maps are wanted while they are watched, and shows what is known of each.

    Attributes:
        compared: what the maps differ in.
        method: by which prompts are compared.
        typed: prompts that were typed here.
        with_labels: whether the labels of the active set stand beside them.
        tiles: the maps, as far as they are known.
        picture: the scan under all of them, uint8 (rows, columns) or with 3 channels.
        message: why there is nothing to compare.
        stopped: whether the user stopped it.

    Signals:
        changed(): any of it.
    """

    changed = Signal()

    def __init__(
        self, session: Session, saliency: ActiveSaliency, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._saliency = session, saliency
        self.compared = Compared.PROMPTS
        self.method = ""
        self.typed: tuple[str, ...] = ()
        self.with_labels = False
        self.tiles: tuple[CompareTile, ...] = ()
        self.picture: np.ndarray | None = None
        self.message = ""
        self.stopped = False
        self._over = MapOver(saliency)
        self._watched = False
        self._subtracted = ""  # the prompt whose map is taken from the others'
        self._seen: tuple[object, ...] = ()
        self._pictured: tuple[str, ...] | None = None
        self._work = ComparePass(session, saliency, self._waiting, self)
        self._work.changed.connect(self._refresh)
        self._work.progressed.connect(self.changed)
        follow = saliency.changed, session.labels_changed, session.pins.changed
        for signal in follow:
            signal.connect(self._follow)

    # What the user asks for

    def watch(self, watched: bool) -> None:
        """Compute from now on, or no longer: nobody sees it."""
        self._watched = watched
        if watched:
            self._follow()
        else:
            self._work.drop()
            self._over.take_off()

    def compare(self, compared: Compared) -> None:
        """Compare prompts, or methods."""
        self.compared = compared
        self._again()

    def set_method(self, method: str) -> None:
        """Compare prompts by another method."""
        self.method = method
        self._again()

    def add(self, text: str) -> None:
        """Put another prompt beside the others."""
        words = " ".join(text.split())
        if words and words not in self.typed:
            self.typed = (*self.typed, words)
            self._again()

    def remove(self, tile: CompareTile) -> None:
        """Take a typed prompt away again."""
        self.typed = tuple(text for text in self.typed if text != tile.request.prompt)
        self._again()

    def show_labels(self, on: bool) -> None:
        """Put the labels of the active set beside the prompts, or not."""
        self.with_labels = on
        self._again()

    def subtract(self, prompt: str) -> None:
        """Show the other prompts' maps less that of one; "" shows them as they are."""
        self._subtracted = prompt
        self._again()

    def put_over(self, tile: CompareTile) -> None:
        """Show over the scan what a tile shows."""
        self._over.put(tile, self.subtracted)

    def export(self) -> None:
        """Have what is shown written into files."""
        self._saliency.export_wanted.emit(self.explanations)

    def stop(self) -> None:
        """Compute no further; what is there stays."""
        self.stopped = True
        self._work.drop()
        self._refresh()

    def go_on(self) -> None:
        """Compute what is missing."""
        self._again()

    # What there is

    @property
    def subtracted(self) -> str:
        """The prompt whose map is taken from the others'; "" for none."""
        here = self.compared is Compared.PROMPTS and self._subtracted in self.prompts
        return self._subtracted if here else ""

    @property
    def prompts(self) -> tuple[str, ...]:
        """The prompts that are compared, each once: the current one first."""
        session = self._session
        pinned = [pin.text for pin in session.pins.items]
        labels = session.label_state.labels if self.with_labels else ()
        every = [self._saliency.model.prompt, *pinned, *self.typed, *labels]
        return tuple(dict.fromkeys(text for text in every if text))[:MOST]

    @property
    def methods(self) -> tuple[tuple[str, str], ...]:
        """The methods by which prompts can be compared, with their titles."""
        reasons = self._saliency.model.reasons
        return tuple(
            (name, title_of(name))
            for name in METHODS
            if name not in IMAGE_ONLY and not reasons.get(name)
        )

    @property
    def running(self) -> bool:
        """Whether maps are being computed, or about to be."""
        return self._work.running

    @property
    def progress(self) -> Progress | None:
        """How far the running pass is; None where none runs."""
        return self._work.progress

    @property
    def missing(self) -> int:
        """How many maps are not there yet."""
        return sum(tile.state in (TileState.WAITING, TileState.RUNNING) for tile in self.tiles)

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """What is shown, tile by tile, as far as it is there."""
        return tuple(tile.drawn for tile in self.tiles if tile.drawn is not None)

    @property
    def note(self) -> str:
        """How far colours may be compared."""
        return compare_tiles.range_note(self.tiles)

    # What goes on

    def _again(self) -> None:
        self.stopped = False
        self._work.errors.clear()
        self._follow()

    @Slot()
    def _follow(self) -> None:
        """Bring the tiles in line with scan, encoder, prompts and choice."""
        if not self._watched:
            return
        base = self._saliency.model.request
        wanted = [] if base is None else self._wanted(base)
        keys = {request.key for request in wanted}
        if any(request.key not in keys for request in self._work.batch):
            self._work.drop()
        if base is None or base.picture != self._pictured:
            self.picture, self._pictured, self.stopped = None, None, False
        self._refresh()
        if base is not None and self._pictured is None and wanted:
            self._pictured = base.picture
            self._session.runner.start(
                compare_work.small_picture,
                base,
                title="Reading the scan",
                key=_PICTURE,
                lane="io",
                on_success=self._take_picture,
            )
        if not self.stopped and self.missing and not self.running:
            self._work.begin()

    def _wanted(self, base: Request) -> list[Request]:
        if self.compared is Compared.METHODS:
            return compare_tiles.method_requests(base, self._saliency.model.prompt)
        names = [name for name, _ in self.methods]
        if self.method not in names:
            shown = self._saliency.model.method
            self.method = shown if shown in names else next(iter(names), "")
        return compare_tiles.prompt_requests(base, self.method, self.prompts if names else ())

    @Slot()
    def _refresh(self) -> None:
        """Show what is known of each map."""
        model = self._saliency.model
        base = model.request
        wanted = [] if base is None else self._wanted(base)
        self.message = self._why_empty(base, wanted)
        found = [model.find(request) for request in wanted]
        choice = model.choice
        seen = (
            tuple((each.key, id(own)) for each, own in zip(wanted, found, strict=True)),
            (choice.squares, choice.sequential, choice.diverging, self.subtracted),
            (tuple(each.key for each in self._work.batch), tuple(self._work.errors), self.compared),
        )
        if seen != self._seen:  # colouring takes time, and others' progress changes nothing
            self._seen = seen
            base_map = next((r for r in wanted if r.prompt == self.subtracted), None)
            tiles = [self._tile(request) for request in wanted]
            self.tiles = compare_tiles.with_maps(
                tiles, found, base_map if self.subtracted else None, choice
            )
            self._over.follow(self.tiles, self.subtracted)
        self.changed.emit()

    def _tile(self, request: Request) -> CompareTile:
        reason = self._saliency.model.reasons.get(request.method, "")
        if reason:
            return compare_tiles.refused(request, reason)
        by_method = self.compared is Compared.METHODS
        title = title_of(request.method) if by_method else request.called
        tile = CompareTile(request, title, removable=request.prompt in self.typed)
        if error := self._work.errors.get(request.key):
            return replace(tile, state=TileState.FAILED, message=error)
        if any(request.key == each.key for each in self._work.batch):
            return replace(tile, state=TileState.RUNNING)
        return tile

    def _why_empty(self, base: Request | None, wanted: list[Request]) -> str:
        if base is None:
            return "Open a scan, and its maps for several prompts or methods stand side by side."
        return "" if wanted else "Type a prompt, pin some, or show the labels to compare them."

    def _waiting(self) -> list[Request]:
        """Return what is to be computed now."""
        if not self._watched or self.stopped:
            return []
        return [tile.request for tile in self.tiles if tile.state is TileState.WAITING]

    @Slot(object)
    def _take_picture(self, picture: np.ndarray) -> None:
        self.picture = picture
        self.changed.emit()
