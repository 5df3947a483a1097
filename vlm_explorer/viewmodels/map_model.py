"""The map's state: what the user chose about it, and what the user does as intents."""

from __future__ import annotations

from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.rendering.rasteriser import Level
from vlm_explorer.viewmodels.map_look import LookPart, MapLook, Place
from vlm_explorer.viewmodels.map_places import NONE
from vlm_explorer.viewmodels.map_scene_source import Indices, SceneSource
from vlm_explorer.viewmodels.session import Session


class Mode(Enum):
    """What a choice of points does to the selection."""

    REPLACE = auto()
    ADD = auto()
    SUBTRACT = auto()
    TOGGLE = auto()


class MapModel(SceneSource):
    """Takes the user's intents about the map; some change the map alone, some the session.

    Attributes:
        place: from where the map is seen; None: from where everything is seen.

    Signals:
        place_recalled(): it is to be seen from `place` again.
    """

    place_recalled = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(session, parent)
        self.place: Place | None = None
        session.history.add(LookPart(self), owner=self)
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
        self._recalled = (query.text, query.like) if self._colour.state == look.colour else None
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

    def choose(self, points: Indices, mode: Mode = Mode.REPLACE) -> None:
        """Select the images of points; where images and captions are chosen, images count.

        A lasso around captions alone selects the images that they belong to.
        """
        images = points[self.scene.text[points] == NONE]
        self._choose(self.image_ids(images if len(images) else points), mode)

    def choose_rows(self, rows: NDArray[np.int64], mode: Mode = Mode.REPLACE) -> None:
        """Select those images of `rows` that are shown, such as a group's."""
        scene = self.scene
        shown = scene.row[(scene.points.level >= Level.FADED) & (scene.text == NONE)]
        self._choose(
            [str(self.session.images.ids[row]) for row in np.intersect1d(rows, shown)], mode
        )

    def _choose(self, ids: list[str], mode: Mode) -> None:
        """Change the selection; the image in the viewer stays unless another one is chosen."""
        present = self.session.selection.ids
        chosen = {
            Mode.REPLACE: frozenset(ids),
            Mode.ADD: present | frozenset(ids),
            Mode.SUBTRACT: present - frozenset(ids),
            Mode.TOGGLE: present ^ frozenset(ids),
        }[mode]
        alone = len(ids) == 1 and ids[0] in chosen
        self.session.select(chosen, ids[0] if alone else self.session.selection.current)

    def choose_all(self) -> None:
        """Select all images that are shown, that is neither filtered out nor hidden."""
        scene = self.scene
        self.choose(np.flatnonzero((scene.points.level >= Level.FADED) & (scene.text == NONE)))

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
