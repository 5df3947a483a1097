"""The map's state: what the user chose about it, and what the user does as intents."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.rendering.rasteriser import Level
from vlm_explorer.viewmodels.filters import OnlyThese, Without
from vlm_explorer.viewmodels.layout_shelf import LayoutShelf
from vlm_explorer.viewmodels.map_look import LookPart, MapLook, Place
from vlm_explorer.viewmodels.map_places import NONE
from vlm_explorer.viewmodels.map_scene_source import Indices, SceneSource
from vlm_explorer.viewmodels.map_trust import TrustDesk
from vlm_explorer.viewmodels.selecting import NEAREST, Growing, Mode, combine
from vlm_explorer.viewmodels.session import Session

__all__ = ["MapModel", "Mode"]


class MapModel(SceneSource):
    """Takes the user's intents about the map; some change the map alone, some the session.

    Attributes:
        place: from where the map is seen; None: from where everything is seen.

    Signals:
        place_recalled(): it is to be seen from `place` again.
    """

    place_recalled = Signal()
    second = False  # whether it is a map beside the session's own

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(session, parent)
        self.place: Place | None = None
        self._growing = Growing(session, lambda: self.shown, self)
        session.history.add(self.styles, owner=self)
        session.history.add(LookPart(self), owner=self)
        self.layouts = LayoutShelf(session, self)
        self.trust = TrustDesk(session, self, second=self.second)
        session.opened.connect(self._restore)

    # The look, as a whole

    @property
    def look(self) -> MapLook:
        """How the map is looked at."""
        hidden = tuple((by, keys) for by, keys in self._hidden.items() if keys)
        return MapLook(self._colour.state, self._size_by, hidden, self._captions, self.place)

    def recall(self, look: MapLook) -> None:
        """Look at the map as before."""
        query, before = self.session.query, self.look
        self._colour.recall(look.colour, answered=query.answer is not None)
        self._recalled = query.asked if self._colour.state == look.colour else None
        self._hidden, self._captions, self.place = dict(look.hidden), look.captions, look.place
        self._size_by = look.size
        self._keep()
        if (self.look.colour, look.size) != (before.colour, before.size):
            self._forget_colours()
        else:
            self._forget_scene()
            self.choices_changed.emit()
        if look.place != before.place:
            self.place_recalled.emit()

    # Intents about the map alone

    def look_from(self, place: Place | None, burst: str = "") -> None:
        """Take note of where the user looks from now; of a burst of such steps one is made."""
        with self.session.history.step(burst):
            self.place = place

    def set_colour_by(self, by: str) -> None:
        """Colour points by another column, until the user changes it again."""
        with self.session.history.step():
            if by != self._colour.by:
                self._colour.choose(by)
                self._forget_colours()
            self._keep()

    def set_size_by(self, by: str) -> None:
        """Give points sizes by a column of numbers; "": all the same."""
        with self.session.history.step():
            if by != self._size_by:
                self._size_by = by
                self._forget_colours()
            self._keep()

    def set_captions(self, drawn: bool) -> None:
        """Draw captions, or leave them out."""
        if drawn == self._captions:
            return
        with self.session.history.step():
            self._captions = drawn
            self._keep()
            self._forget_scene()
            self.choices_changed.emit()

    def set_hidden(self, keys: frozenset[str]) -> None:
        """Hide exactly these categories of the present colouring."""
        if keys != self.hidden:
            with self.session.history.step():
                self._hidden[self._colour.by] = keys
                self._forget_scene()

    def toggle(self, key: str) -> None:
        """Hide a category, or show it again."""
        self.set_hidden(self.hidden ^ {key})

    def isolate(self, key: str, before: frozenset[str] | None = None) -> None:
        """Show one category alone; where it was alone before, show all.

        Args:
            key: the category.
            before: what was hidden before the gesture began; None: what is hidden now.
        """
        before = self.hidden if before is None else before
        others = frozenset(entry.category.key for entry in self.scene.legend) - {key}
        self.set_hidden(frozenset() if before == others else others)

    # Intents about the session

    @property
    def shown(self) -> NDArray[np.bool_]:
        """Which images can be chosen, (N,): neither filtered out nor hidden nor without a place."""
        scene = self.scene
        return self._mask(scene.row[(scene.points.level >= Level.FADED) & (scene.text == NONE)])

    def meant(self, points: Indices) -> NDArray[np.bool_]:
        """Return the images that a choice of points means, (N,).

        Where images and captions are chosen, images count; captions alone mean the images that
        they belong to.
        """
        images = points[self.scene.text[points] == NONE]
        rows = self.scene.row[images if len(images) else points]
        return self._mask(rows[rows != NONE])

    def _mask(self, rows: NDArray[np.integer]) -> NDArray[np.bool_]:
        mask = np.zeros(len(self.session.images), np.bool_)
        mask[rows] = True
        return mask

    def count(self, points: Indices, mode: Mode) -> tuple[int, int]:
        """Return how many images a choice of points means, and how many it would leave selected."""
        chosen = self.meant(points)
        return int(chosen.sum()), int(combine(self.session.selected, chosen, mode).sum())

    def choose(self, points: Indices, mode: Mode = Mode.REPLACE) -> None:
        """Change the selection by the images of points."""
        self._choose(self.meant(points), mode)

    def choose_rows(self, rows: NDArray[np.int64], mode: Mode = Mode.REPLACE) -> None:
        """Change the selection by those images of `rows` that are shown, such as a group's."""
        self._choose(self._mask(rows) & self.shown, mode)

    def _choose(self, chosen: NDArray[np.bool_], mode: Mode) -> None:
        """Change the selection; the image in the viewer stays unless another one is chosen."""
        session = self.session
        selected = combine(session.selected, chosen, mode)
        alone = np.flatnonzero(chosen)
        current = session.selection.current
        if len(alone) == 1 and selected[alone[0]]:
            current = str(session.images.ids[alone[0]])
        elif current is None and selected.sum() == 1:
            current = str(session.images.ids[selected.argmax()])
        session.select_mask(selected, current)

    def choose_all(self) -> None:
        """Select all images that are shown."""
        self._choose(self.shown, Mode.REPLACE)

    def choose_none(self) -> None:
        """Select nothing."""
        self.session.select([])

    def invert(self) -> None:
        """Select what is shown and not selected."""
        self._choose(self.shown & ~self.session.selected, Mode.REPLACE)

    def grow(self, k: int = NEAREST) -> None:
        """Add each selected image's k nearest in the full space, as far as they are shown."""
        self._growing.start(k)

    def show_only_selected(self) -> None:
        """Filter by what is selected."""
        if ids := self.session.selection.ids:
            self.session.set_filter(OnlyThese(ids))

    def hide_selected(self) -> None:
        """Filter out what is selected, and what was hidden so before."""
        session = self.session
        if ids := session.selection.ids:
            for before in session.filters:
                if isinstance(before, Without):
                    ids = ids | before.ids
            session.set_filter(Without(ids))

    def show_everything(self) -> None:
        """Do without any filter, and hide nothing on the map."""
        with self.session.history.step():
            self.session.clear_filters()
            self.set_hidden(frozenset())

    def open(self, point: int) -> None:
        """Show a point's image in the viewer; a selection that it belongs to stays."""
        image_id = self.image_id(point)
        if image_id is not None:
            present = self.session.selection.ids
            self.session.select(present if image_id in present else [image_id], image_id)

    def search_like(self, point: int) -> None:
        """Search for images like a point's."""
        if (image_id := self.image_id(point)) is not None:
            self.session.search_like(image_id)

    # What is kept

    def _keep(self) -> None:
        kept = {"colour": str(self._colour.by), "captions": self._captions, "size": self._size_by}
        self.session.kept.put("map", kept)

    @Slot()
    def _restore(self) -> None:
        """Put back how the map of this collection was coloured."""
        kept = self.session.kept.get("map", dict, {})
        by, size = kept.get("colour"), kept.get("size")
        if isinstance(by, str) and by in self.available():
            self._colour.choose(by)
        self._size_by = size if isinstance(size, str) and size in self.available() else ""
        self._captions = bool(kept.get("captions", True))
        self._forget_colours()
