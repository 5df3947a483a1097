"""The map's state: turns the session into scenes, and what the user does into intents."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.rendering.rasteriser import Level
from vlm_explorer.viewmodels import map_words
from vlm_explorer.viewmodels.map_colouring import (
    ColourBy,
    Colouring,
    available,
    colouring_of,
)
from vlm_explorer.viewmodels.map_places import NONE, Places, empty_places, places_of
from vlm_explorer.viewmodels.map_scene import (
    Choices,
    MapScene,
    build_scene,
    draw_order,
    empty_scene,
)
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.queries.layout import LayoutAnswer

Indices = NDArray[np.intp]


class Mode(Enum):
    """What a choice of points does to the selection."""

    REPLACE = auto()
    ADD = auto()
    SUBTRACT = auto()
    TOGGLE = auto()


class MapModel(QObject):
    """Holds what the user chose about the map, and gives scenes.

    Scenes are built when they are asked for, so that several changes cost one.

    Signals:
        changed(): another scene.
        moved(): points lie elsewhere; `changed` follows.
        choices_changed(): colour, captions, or what one can colour by.
    """

    changed = Signal()
    moved = Signal()
    choices_changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._colour_by = ColourBy.MODALITY
        self._before_prompt: ColourBy | None = None
        self._prompt = session.query  # the last one that was answered
        self._captions = True
        self._hidden: dict[ColourBy, frozenset[str]] = {}
        self._answer: LayoutAnswer | None = None
        self._owners: tuple[object, dict[str, str]] = (None, {})
        self._places = empty_places()
        self._colouring: Colouring | None = None
        self._order: Indices | None = None
        self._scene: MapScene | None = None
        session.collection_changed.connect(self._take_collection)
        session.layout_changed.connect(self._take_layout)
        session.query_changed.connect(self._take_query)
        session.labels_changed.connect(self._take_labels)
        session.selection_changed.connect(self._forget_scene)
        session.shown_changed.connect(self._forget_scene)
        session.opening_changed.connect(self._forget_scene)
        session.opened.connect(self._restore)
        self._take_collection()

    # What there is to draw

    @property
    def scene(self) -> MapScene:
        """The scene of the session as it is now."""
        if self._scene is None:
            self._scene = self._build()
        return self._scene

    @property
    def places(self) -> Places:
        """Where the session's images and captions lie."""
        return self._places

    @property
    def colour_by(self) -> ColourBy:
        """What points are coloured by."""
        return self._colour_by

    @property
    def captions(self) -> bool:
        """Whether captions are drawn."""
        return self._captions

    @property
    def hidden(self) -> frozenset[str]:
        """Keys of the hidden categories of the present colouring."""
        return self._hidden.get(self._colour_by, frozenset())

    def available(self) -> dict[ColourBy, bool]:
        """Return what the images can be coloured by now."""
        return available(self.session)

    def image_ids(self, points: Indices) -> list[str]:
        """Return the ids of the images that these points of the scene belong to, each once."""
        rows = self.scene.row[points]
        return [str(self.session.images.ids[row]) for row in dict.fromkeys(rows[rows != NONE])]

    def image_id(self, point: int) -> str | None:
        """Return the id of the image that a point of the scene belongs to."""
        return next(iter(self.image_ids(np.array([point]))), None)

    def info(self, point: int) -> map_words.PointInfo:
        """Return what is known about a point of the scene."""
        text = int(self.scene.text[point])
        words = None if text == NONE else self._places.words[text]
        return map_words.point_info(self.session, int(self.scene.row[point]), words)

    def caption_of(self, point: int) -> str:
        """Return the words of a caption's point."""
        return self._places.words[int(self.scene.text[point])]

    # Intents about the map alone

    def set_colour_by(self, by: ColourBy) -> None:
        """Colour points by something else, until the user changes it again."""
        self._before_prompt = None
        self._set_colour_by(by)
        self._keep()

    def set_captions(self, drawn: bool) -> None:
        """Draw captions, or leave them out."""
        if drawn != self._captions:
            self._captions = drawn
            self._keep()
            self._forget_scene()
            self.choices_changed.emit()

    def set_hidden(self, keys: frozenset[str]) -> None:
        """Hide exactly these categories of the present colouring."""
        if keys != self.hidden:
            self._hidden[self._colour_by] = keys
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

    # What follows from the session

    def _build(self) -> MapScene:
        if not len(self._places):
            return empty_scene(self.session)
        if self._colouring is None:
            self._colouring = colouring_of(self._colour_by, self.session)
            self._order = None
        if self._order is None:
            self._order = draw_order(self._places, self._colouring)
        choices = Choices(self.hidden, self._captions, self._prompt)
        return build_scene(self.session, self._places, self._colouring, self._order, choices)

    @Slot()
    def _forget_scene(self) -> None:
        self._scene = None
        self.changed.emit()

    def _forget_colours(self) -> None:
        self._colouring = None
        self._forget_scene()
        self.choices_changed.emit()

    @Slot()
    def _take_collection(self) -> None:
        self._hidden = {}
        self._owners = (None, {})
        self._answer = None
        if not self.available()[self._colour_by]:
            self._before_prompt = None
            self._colour_by = self._first_colour()
        self._colouring = None
        self._take_layout()
        self.choices_changed.emit()

    def _first_colour(self) -> ColourBy:
        possible = self.available()
        return next((by for by in ColourBy if possible[by]), ColourBy.MODALITY)

    @Slot()
    def _take_layout(self) -> None:
        """Find places anew where the layout is another one."""
        answer = self.session.layout.answer
        fresh = answer is not self._answer or len(self._places.image_xy) != len(self.session.images)
        if fresh:
            self._answer = answer
            images = self.session.images
            self._places = (
                empty_places(len(images))
                if answer is None
                else places_of(answer, images, self._text_owners(answer))
            )
            self._order = None
            self._scene = None
            self.moved.emit()
        self._forget_scene()

    def _text_owners(self, answer: LayoutAnswer) -> dict[str, str]:
        """Return by text id the image that it belongs to, read once a collection."""
        collection = self.session.collection
        if not answer.texts or collection is None:
            return {}
        if self._owners[0] is not collection:
            texts = collection.texts
            pairs = zip(texts["text_id"].to_pylist(), texts["image_id"].to_pylist(), strict=True)
            self._owners = (collection, {text: image for text, image in pairs if image})
        return self._owners[1]

    @Slot()
    def _take_query(self) -> None:
        """Warm points up when an answer comes; when nothing is searched for, go back."""
        query, similarity = self.session.query, ColourBy.SIMILARITY
        fresh = query.answer is not None and query.answer is not self._prompt.answer
        self._prompt = (
            replace(self._prompt, pending=True)
            if query.active and query.answer is None and self._prompt.answer is not None
            else query
        )
        if fresh and self._colour_by is not similarity:
            self._before_prompt = self._colour_by
            self._set_colour_by(similarity)
        elif not query.active and self._colour_by is similarity:
            self._set_colour_by(self._before_prompt or self._first_colour())
            self._before_prompt = None
        self._recolour_if(similarity)

    @Slot()
    def _take_labels(self) -> None:
        if self._colour_by is ColourBy.ZERO_SHOT and not self.session.label_state.labels:
            self._set_colour_by(self._first_colour())
        self._recolour_if(ColourBy.ZERO_SHOT)

    def _recolour_if(self, by: ColourBy) -> None:
        """Forget colours that come from a new answer; a pending one leaves them as they are."""
        if self._colour_by is by and self.available()[by]:
            self._forget_colours()
        else:
            self._forget_scene()
            self.choices_changed.emit()

    def _set_colour_by(self, by: ColourBy) -> None:
        if by is not self._colour_by:
            self._colour_by = by
            self._forget_colours()

    # What is kept

    def _keep(self) -> None:
        self.session.kept.put("map", {"colour": self._colour_by.value, "captions": self._captions})

    @Slot()
    def _restore(self) -> None:
        """Put back how the map of this collection was coloured."""
        kept = self.session.kept.get("map", dict, {})
        by = next((by for by in ColourBy if by.value == kept.get("colour")), None)
        if by is not None and self.available()[by]:
            self._set_colour_by(by)
        self._captions = bool(kept.get("captions", True))
        self._forget_scene()
        self.choices_changed.emit()
