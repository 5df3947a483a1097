"""Lines on the map: from captions to images, between the modalities, from prompts to images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.rendering.picking import few_in_view
from vlm_explorer.rendering.points import Level
from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_places import NONE, Places

if TYPE_CHECKING:
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.viewmodels.map_scene import MapScene
    from vlm_explorer.viewmodels.map_stars import Star
    from vlm_explorer.viewmodels.session import Session

MOST_LINES = 400  # of a selection; of more pairs, every n-th has a line
FEW = 80  # images, and captions, in view up to which all of their pairs have lines

Segments = NDArray[np.float32]
NO_LINES = np.empty((0, 2, 2), np.float32)


@dataclass(frozen=True, slots=True)
class GapMark:
    """The distance between the modalities, and where to draw it.

    Attributes:
        gap: distance between the mean image and the mean text vector, 0 to 2.
        images, texts: the middle of each modality on the map, world coordinates.
    """

    gap: float
    images: tuple[float, float]
    texts: tuple[float, float]

    @property
    def title(self) -> str:
        """The number under its name."""
        return f"modality gap {self.gap:.2f}"

    @property
    def meaning(self) -> str:
        """What the number is."""
        return "distance between the mean image and the mean text"

    @property
    def note(self) -> str:
        """What the number is, and what the line is not."""
        return (
            f"{self.title}: {self.meaning} vector in the joint space, 0 to 2.\n"
            "The line joins the middles of all images and of all captions on this picture; "
            "its length on the map means nothing."
        )


class MapLines(QObject):
    """Knows which lines there are to draw; the user can do without some of them.

    Signals:
        changed(): other lines are wanted.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.pairs, self.gap = True, True
        self._chosen: tuple[object, Segments] = (None, NO_LINES)
        self._marked: tuple[object, GapMark | None] = (None, None)
        session.opened.connect(self._restore)

    def show(self, *, pairs: bool | None = None, gap: bool | None = None) -> None:
        """Draw pair lines, or the modality gap, or leave them out; None changes nothing."""
        self.pairs = self.pairs if pairs is None else pairs
        self.gap = self.gap if gap is None else gap
        self._session.kept.put("map lines", {"pairs": self.pairs, "gap": self.gap})
        self.changed.emit()

    @Slot()
    def _restore(self) -> None:
        kept = self._session.kept.get("map lines", dict, {})
        self.pairs, self.gap = (bool(kept.get(name, True)) for name in ("pairs", "gap"))
        self.changed.emit()

    # Pairs

    def pair_lines(self, scene: MapScene, places: Places, view: View) -> Segments:
        """Return lines between captions and their images, float32 (K, 2, 2), world coordinates.

        Those of selected images, and all that begin or end in view where few points are. Captions
        are taken to be drawn.
        """
        if not self.pairs or not places.words:
            return NO_LINES
        if self._chosen[0] is not scene:
            chosen = _selected_pairs(scene)
            step = max(1, -(-len(chosen) // MOST_LINES))
            self._chosen = scene, _segments(chosen[::step], scene, places)
        near = _near_segments(scene, places, view)
        return np.concatenate([self._chosen[1], near]) if len(near) else self._chosen[1]

    def note(self, scene: MapScene) -> str:
        """Return how many of the pairs of a selection are drawn, where that is not all."""
        count = len(_selected_pairs(scene)) if self.pairs else 0
        if count <= MOST_LINES:
            return ""
        drawn = len(range(0, count, -(-count // MOST_LINES)))
        return f"lines of {drawn:,} of {count:,} selected pairs"

    # The gap

    def gap_mark(self, answer: LayoutAnswer | None) -> GapMark | None:
        """Return the modality gap of a layout of the raw space, and where its ends are."""
        if not self.gap or answer is None or answer.request.space != "raw" or answer.gap is None:
            return None
        if self._marked[0] is not answer:
            self._marked = answer, _mark_of(answer, answer.gap)
        return self._marked[1]


def _mark_of(answer: LayoutAnswer, gap: float) -> GapMark | None:
    captions = answer.text_xy[[bool(key) for key in answer.text_ids]]
    if not len(captions) or not len(answer.xy) or not np.isfinite(gap):
        return None
    images, texts = (xy.mean(axis=0, dtype=np.float64).tolist() for xy in (answer.xy, captions))
    return GapMark(gap, (images[0], images[1]), (texts[0], texts[1]))


def star_lines(star: Star, places: Places) -> Segments:
    """Return lines from a star to the images nearest to it, float32 (K, 2, 2)."""
    ends = places.image_xy[list(star.links)].reshape(-1, 2)
    ends = ends[np.isfinite(ends).all(axis=1)]
    starts = np.full_like(ends, (star.x, star.y))
    return np.stack([starts, ends], axis=1)


def _selected_pairs(scene: MapScene) -> NDArray[np.intp]:
    """Return the captions of selected images among the scene's points."""
    points = scene.points
    if not points.hollow.any():
        return np.empty(0, np.intp)
    chosen = np.flatnonzero(points.level == Level.SELECTED)
    return np.asarray(chosen[points.hollow[chosen] & (scene.row[chosen] != NONE)], np.intp)


def _near_segments(scene: MapScene, places: Places, view: View) -> Segments:
    """Return the lines of which an end is in view; none where many points are."""
    captions = few_in_view(scene.points, view, FEW, hollow=True)
    captions = captions[scene.row[captions] != NONE]
    images = scene.row[few_in_view(scene.points, view, FEW, hollow=False)]
    lines = [_segments(captions, scene, places)]
    for one in places.captions_of if len(images) else ():
        rows = images[one[images] != NONE]
        lines.append(np.stack([places.xy[one[rows]], places.image_xy[rows]], axis=1))
    return np.unique(np.concatenate(lines), axis=0)


def _segments(captions: NDArray[np.intp], scene: MapScene, places: Places) -> Segments:
    if not len(captions):
        return NO_LINES
    ends = np.stack([scene.points.xy[captions], places.image_xy[scene.row[captions]]], axis=1)
    return np.asarray(ends[np.isfinite(ends).all(axis=(1, 2))], np.float32)
