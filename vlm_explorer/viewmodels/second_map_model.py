"""The model of the second map: other places, but the first map's colours and hidden categories."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
from PySide6.QtCore import QObject

from vlm_explorer.rendering.points import Level
from vlm_explorer.viewmodels import second_map_words
from vlm_explorer.viewmodels.map_look import MapLook
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.map_places import NONE
from vlm_explorer.viewmodels.map_scene import MapScene, MapState, empty_scene
from vlm_explorer.viewmodels.map_scene_source import SceneSource
from vlm_explorer.viewmodels.map_stars import Star, StarKind
from vlm_explorer.viewmodels.second_map import SecondMap
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.queries.compare_layouts import CompareAnswer


class SecondMapModel(MapModel):
    """Gives scenes of the second map; what is chosen about colours is the first map's to decide."""

    second = True

    def __init__(self, second: SecondMap, parent: QObject | None = None) -> None:
        super().__init__(cast(Session, second.beside), parent)
        self._second, self._first = second, second.first
        self._first.changed.connect(self._forget_scene)
        second.changed.connect(self._forget_scene)

    def _build(self) -> MapScene:
        if len(self._places.image_xy) != len(self.session.images):
            return empty_scene(self.session)  # the first map heard of other images before this one
        self._follow()
        scene = super()._build()
        answer = self._second.answer
        if scene.state is not MapState.READY or answer is None:
            return scene
        notes = *second_map_words.notes(answer, aligned=self._second.aligned), *scene.notes
        return replace(scene, notes=notes, stars=self._stars(scene, answer))

    def _stars(self, scene: MapScene, answer: CompareAnswer) -> tuple[Star, ...]:
        """Return the stars, and say whose opinion puts them there."""
        reader = answer.request.model_a
        if reader == self._second.model:
            return scene.stars
        return tuple(
            star if star.kind is StarKind.IMAGE
            else replace(star, note=f"{star.note}, as {reader} reads it")
            for star in scene.stars
        )  # fmt: skip

    def _follow(self) -> None:
        """Take over what the first map is coloured and sized by, what it hides, and its lines."""
        first = self._first
        _ = first.scene  # it finds the colours
        if first._colouring is not self._colouring or first._sizing is not self._sizing:
            self._colouring, self._sizing, self._order = first._colouring, first._sizing, None
        self._colour, self._size_by = copy(first._colour), first._size_by
        self._shown_columns = first._shown_columns
        self._captions, self._hidden = first._captions, first._hidden
        lines = first.overlays.lines
        self.overlays.lines.pairs, self.overlays.lines.gap = lines.pairs, lines.gap

    # Undo

    @property
    def look(self) -> MapLook:
        """From where the second map is seen; the rest of its look is the first map's."""
        return MapLook(("", None), "", (), True, self.place)

    def recall(self, look: MapLook) -> None:
        """See the second map from where it was seen."""
        if look.place != self.place:
            self.place = look.place
            self.place_recalled.emit()

    # The first map decides

    def set_colour_by(self, by: str) -> None:
        """Colour both maps by something else."""
        self._first.set_colour_by(by)

    def set_size_by(self, by: str) -> None:
        """Give points of both maps sizes by another column."""
        self._first.set_size_by(by)

    def set_captions(self, drawn: bool) -> None:
        """Draw captions on both maps, or leave them out."""
        self._first.set_captions(drawn)

    def set_hidden(self, keys: frozenset[str]) -> None:
        """Hide categories on both maps."""
        self._first.set_hidden(keys)


def point_of(model: SceneSource, image_id: str | None) -> int | None:
    """Return the point of an image on a map, None where it is not drawn there."""
    row = model.session.images.row_of.get(image_id or "", NONE)
    if row == NONE:
        return None
    scene = model.scene
    drawn = (scene.row == row) & (scene.text == NONE) & (scene.points.level > Level.ABSENT)
    found = np.flatnonzero(drawn)
    return int(found[0]) if len(found) else None
