"""Follows the session, and turns what it holds into scenes of the map."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels import map_words
from vlm_explorer.viewmodels.columns import Column
from vlm_explorer.viewmodels.map_colouring import (
    ColourBy,
    ColourChoice,
    Colouring,
    colouring_of,
)
from vlm_explorer.viewmodels.map_overlays import MapOverlays
from vlm_explorer.viewmodels.map_places import (
    NONE,
    Places,
    empty_places,
    find_places,
    rows_of,
)
from vlm_explorer.viewmodels.map_scene import (
    Choices,
    MapScene,
    build_scene,
    empty_scene,
    ranks,
)
from vlm_explorer.viewmodels.map_sizes import Sizing, sizing_of
from vlm_explorer.viewmodels.map_stars import LIVE
from vlm_explorer.viewmodels.map_styles import MapStyles
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.viewmodels.states import QueryState

Indices = NDArray[np.intp]


class SceneSource(QObject):
    """Gives scenes of the session as it is.

    Scenes are built when they are asked for, so that several changes cost one.

    Signals:
        changed(): another scene.
        moved(): points lie elsewhere; `changed` follows.
        followed(): the same points are a little further on; all else about the scene stays.
        choices_changed(): colour, captions, or what one can colour by.
    """

    changed = Signal()
    moved = Signal()
    followed = Signal()
    choices_changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._colour = ColourChoice()
        self._prompt = session.query  # the last one that was answered
        self._recalled: QueryState | None = None  # a search whose colours are kept
        self._captions = True
        self._hidden: dict[str, frozenset[str]] = {}
        self._images = session.images
        self._size_by = ""
        self.styles = MapStyles(session, self)
        self._answer: LayoutAnswer | None = None
        self._places = empty_places()
        self._rows: NDArray[np.intp] | None = None  # of the images of a layout that moves
        self._colouring: Colouring | None = None
        self._sizing: Sizing | None = None
        self._shown_columns: tuple[Column | None, Column | None] = (None, None)
        self._rank: tuple[object, object, NDArray[np.uint16] | None] = (None, None, None)
        self._scene: MapScene | None = None
        self.overlays = MapOverlays(session, self)
        self.overlays.changed.connect(self._forget_scene)
        session.collection_changed.connect(self._take_collection)
        session.layout_changed.connect(self._take_layout)
        session.layout_moved.connect(self._follow_layout)
        session.query_changed.connect(self._take_query)
        session.labels_changed.connect(self._take_labels)
        session.columns.changed.connect(self._take_columns)
        self.styles.changed.connect(self._take_style)
        session.selection_changed.connect(self._forget_scene)
        session.shown_changed.connect(self._forget_scene)
        session.opening_changed.connect(self._forget_scene)
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
    def colour_by(self) -> str:
        """Key of the column that points are coloured by."""
        return self._colour.by

    @property
    def size_by(self) -> str:
        """Key of the column that gives points their sizes; "" where all have the same."""
        return self._size_by

    @property
    def captions(self) -> bool:
        """Whether captions are drawn."""
        return self._captions

    @property
    def hidden(self) -> frozenset[str]:
        """Keys of the hidden categories of the present colouring."""
        return self._hidden.get(self._colour.by, frozenset())

    def available(self) -> tuple[str, ...]:
        """Return the keys of the columns that the images can be coloured by now."""
        return self.session.columns.names()

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

    # What follows from the session

    def _build(self) -> MapScene:
        if not len(self._places):
            return empty_scene(self.session)
        if self._colouring is None:
            self._colour_anew()
        assert self._colouring is not None
        if self._rank[0] is not self._places or self._rank[1] is not self._colouring:
            rank = ranks(self._places, self._colouring, self._sizing)
            self._rank = self._places, self._colouring, rank
        over = self.overlays
        choices = Choices(self.hidden, self._captions, over.stars(self._prompt))
        scene = build_scene(
            self.session, self._places, self._colouring, self._rank[2], choices, over.groups(),
            self._sizing,
        )  # fmt: skip
        note = over.lines.note(scene)
        return replace(scene, notes=(*scene.notes, note)) if note else scene

    def _colour_anew(self) -> None:
        """Find colours and sizes of the images by the columns as they are now."""
        columns, by = self.session.columns, self._colour.by
        size = columns.get(self._size_by) if self._size_by else None
        self._colouring = colouring_of(by, self.session, self.styles.of(by))
        self._sizing = sizing_of(size) if size is not None and size.is_number else None
        self._shown_columns = columns.get(by), size

    @Slot()
    def _forget_scene(self) -> None:
        self._scene = None
        self.changed.emit()

    def _forget_colours(self) -> None:
        self._colouring = None
        self._forget_scene()
        self.choices_changed.emit()

    @Slot(str)
    def _take_style(self, key: str) -> None:
        if key == self._colour.by:
            self._forget_colours()

    @Slot()
    def _take_columns(self) -> None:
        """Colour anew where the columns that are shown have other values, or are gone."""
        if self._images is not self.session.images:
            return  # a change of the collection comes here later
        columns, by = self.session.columns, self._colour.by
        if self._colouring is None or by in (ColourBy.SIMILARITY, ColourBy.ZERO_SHOT):
            changed = False  # the answers' own signals follow
        else:
            changed = columns.get(by) is not self._shown_columns[0]
        if self._size_by and columns.get(self._size_by) is not self._shown_columns[1]:
            changed = True
        if changed:
            self._colour.keep_possible(columns.names())
            self._forget_colours()

    @Slot()
    def _take_collection(self) -> None:
        self._images = self.session.images
        self._hidden = {}
        self._answer = None
        self._colour.keep_possible(self.available())
        self._colouring = None
        self._take_layout()
        self.choices_changed.emit()

    @Slot()
    def _take_layout(self) -> None:
        """Find places anew where the layout is another one."""
        answer = self.session.layout.answer
        fresh = answer is not self._answer or len(self._places.image_xy) != len(self.session.images)
        left = self._rows is not None and self.session.moving is None  # and not gone to the end
        if fresh or left:
            self._answer, self._rows = answer, None
            images = self.session.images
            self._places = (
                empty_places(len(images))
                if answer is None or self.session.collection is None
                else find_places(answer, images, self.session.collection)
            )
            self._scene = None
            self.overlays.take(answer, self._places)
            self.moved.emit()
        self._forget_scene()

    @Slot()
    def _follow_layout(self) -> None:
        """Let the points of the preliminary layout go where the one that is made has them."""
        moving, answer, images = self.session.moving, self._answer, self.session.images
        if moving is None or answer is None or len(self._places.image_xy) != len(images):
            return
        if self._rows is None:
            self._rows = rows_of(answer.image_ids, images)
        before = self._places
        self._places = places = before.moved(self._rows, moving.xy, moving.text_xy)
        if self._rank[0] is before:
            self._rank = places, *self._rank[1:]
        self.overlays.follow(places, moving.text_xy)
        if (scene := self._scene) is not None:
            self._scene = replace(
                scene,
                points=replace(scene.points, xy=places.xy),
                stars=self.overlays.stars(self._prompt),
                caption=map_words.caption_line(self.session, scene.shown, scene.chosen),
                moving=True,
                notes=(),
                waiting=map_words.waiting(self.session),
            )
        self.followed.emit()

    @Slot()
    def _take_query(self) -> None:
        """Warm points up when an answer comes; when nothing is searched for, go back."""
        query = self.session.query
        fresh = query.answer is not None and query.answer is not self._prompt.answer
        self._prompt = (
            replace(self._prompt, pending=True)
            if query.active and query.answer is None and self._prompt.answer is not None
            else query
        )
        before = self._colour.by
        if self._recalled != (asked := query.asked):
            self._recalled = asked if self.session.history.restoring else None
        kept = query.answer is None and self._prompt.pending and self._prompt.answer is not None
        if kept and self._scene is not None:
            self._wait(self._scene)
            return
        if fresh and self._recalled is None:
            self._colour.warm_up()
        elif not query.active:
            self._colour.cool_down(self.available())
        self._recolour(before, ColourBy.SIMILARITY)

    def _wait(self, scene: MapScene) -> None:
        """Show that the prompt's star is about to move; all else stays until an answer comes."""
        stars = tuple(
            replace(star, pending=True) if star.kind in LIVE else star for star in scene.stars
        )
        self._scene = replace(scene, stars=stars)
        self.changed.emit()
        self.choices_changed.emit()

    @Slot()
    def _take_labels(self) -> None:
        before = self._colour.by
        if not self.session.label_state.labels:
            self._colour.keep_possible(self.available())
        self._recolour(before, ColourBy.ZERO_SHOT)

    def _recolour(self, before: str, answered: str) -> None:
        """Forget colours that an answer changed; a pending one leaves them as they are."""
        by = self._colour.by
        if by != before or (by == answered and by in self.available()):
            self._colouring = None
        self._forget_scene()
        self.choices_changed.emit()
