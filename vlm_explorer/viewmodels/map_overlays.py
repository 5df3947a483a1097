"""What lies over the map's points: stars, names of regions, lines between points."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.analysis.placing import text_side
from vlm_explorer.rendering.view import View, bounds
from vlm_explorer.viewmodels.map_groups import GroupName, group_names
from vlm_explorer.viewmodels.map_lines import NO_LINES, GapMark, MapLines, Segments
from vlm_explorer.viewmodels.map_places import Places, empty_places
from vlm_explorer.viewmodels.map_scene import MapScene
from vlm_explorer.viewmodels.map_stars import LIVE, Star, stars_of
from vlm_explorer.viewmodels.star_places import StarPlaces
from vlm_explorer.viewmodels.states import QueryState

if TYPE_CHECKING:
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.viewmodels.session import Session


class MapOverlays(QObject):
    """Gives what lies over the points of one layout.

    Attributes:
        lines: which lines the user wants.

    Signals:
        changed(): something else lies there.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._answer: LayoutAnswer | None = None
        self._places = empty_places()
        self._named: tuple[object, Places, tuple[GroupName, ...]] = (None, self._places, ())
        self._last: Star | None = None
        self.lines = MapLines(session, self)
        self.lines.changed.connect(self.changed)
        self._finder = StarPlaces(session, self)
        self._finder.found.connect(self.changed)
        session.pins.changed.connect(self._take_pins)

    def take(self, answer: LayoutAnswer | None, places: Places) -> None:
        """Go by another layout from now on."""
        self._answer, self._places, self._last = answer, places, None
        self._finder.take(answer, places)

    def follow(self, places: Places, text_xy: NDArray[np.float32]) -> None:
        """Go with the points of the same layout, which are elsewhere now."""
        self._places = places
        self._finder.follow(places, text_xy)

    @Slot()
    def _take_pins(self) -> None:
        if len(self._places.image_xy) == len(self._session.images):  # else a layout comes first
            self.changed.emit()

    @property
    def extent(self) -> tuple[float, float, float, float] | None:
        """The box x0, y0, x1, y1 around all points, and the side of the texts if any stand there.

        That side belongs to it before anything is typed, so that the map does not move then.
        """
        box = bounds(self._places.xy)
        if box is None or not self._finder.beyond:
            return box
        return box[0], box[1], max(box[2], text_side(self._places.image_xy)), box[3]

    def groups(self) -> tuple[GroupName, ...]:
        """Return the names of the session's regions."""
        regions = self._session.groups
        if self._named[0] is not regions or self._named[1] is not self._places:
            self._named = regions, self._places, group_names(self._session, self._places)
        return self._named[2]

    def stars(self, prompt: QueryState) -> tuple[Star, ...]:
        """Return the stars; the prompt's stays where it was until its new place is known."""
        stars = stars_of(self._session, self._places, prompt, self._finder)
        live = next((star for star in stars if star.kind in LIVE), None)
        if live is None and prompt.answer is not None and self._last is not None:
            live = replace(self._last, words=prompt.text, pending=True)
            stars = (live, *stars)
        self._last = live
        return stars

    def gap(self, scene: MapScene) -> GapMark | None:
        """Return the modality gap, where it is to be drawn: captions have to be seen for that."""
        return self.lines.gap_mark(self._answer) if scene.captions else None

    def pair_lines(self, scene: MapScene, view: View) -> Segments:
        """Return the lines between captions and their images that are to be drawn."""
        return self.lines.pair_lines(scene, self._places, view) if scene.captions else NO_LINES
