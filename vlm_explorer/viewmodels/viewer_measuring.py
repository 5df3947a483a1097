"""Measuring with mouse and keys: the tool in use, what is being drawn, what is chosen."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels.viewer_frames import LoadedFrame
from vlm_explorer.viewmodels.viewer_measure import Kind, Measurement, Point, describe
from vlm_explorer.viewmodels.viewer_measure_lines import distance_to
from vlm_explorer.viewmodels.viewer_measurements import Measurements
from vlm_explorer.viewmodels.viewer_model import ViewerModel

_REACH = 7.0  # logical pixels from a point or line within which the pointer takes hold of it
_MOVING = "move a measurement"  # a burst of the history: a drag is one step
_WORDED = 200  # measurements, those on their way among them, whose words are kept
_DRAW = "Draw on the scan itself; E shows it in place of the encoder's view."
_NO_SIZE = "The encoder's view cannot be measured: it has no size."
_HOW = "drag, or Enter to place one. Arrows move its end, Delete removes it, Esc ends."


class Tool(StrEnum):
    """What a drag with the left button does."""

    WINDOW = "window"
    PAN = "pan"
    ZOOM = "zoom"
    LENGTH = "length"
    ANGLE = "angle"
    ELLIPSE = "ellipse"
    RECTANGLE = "rectangle"
    HIDE = "hide"

    @property
    def kind(self) -> Kind | None:
        """What it measures, if it does."""
        return Kind(self.value) if self.value in set(Kind) else None


_WHAT_IT_DOES = {
    Tool.WINDOW: "The left button drags the window.",
    Tool.PAN: "The left button moves the image. W: window again.",
    Tool.ZOOM: "The left button zooms. W: window again.",
}


@dataclass(frozen=True, slots=True)
class Grip:
    """Where a measurement can be taken hold of: one of its points, or (None) the whole."""

    index: int
    point: int | None


class Measuring(QObject):
    """Draws, moves and removes the measurements of the image on show.

    Attributes:
        measurements: where they are kept.
        tool: what the left button does.
        draft: what is being drawn; None while nothing is.
        chosen: what the keys move: a measurement's index and one of its points; None for nothing.

    Signals:
        changed(): something to draw, or the tool.
    """

    changed = Signal()

    def __init__(
        self, model: ViewerModel, measurements: Measurements, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._model = model
        self.measurements = measurements
        self.tool = Tool.WINDOW
        self.draft: Measurement | None = None
        self.chosen: Grip | None = None
        self._words: dict[Measurement, tuple[str, ...]] = {}
        self._worded: LoadedFrame | None = None
        self._image_id = model.image_id
        self._held: Grip | None = None
        self._last: Point = (0.0, 0.0)
        model.image_changed.connect(self._follow)
        measurements.changed.connect(self._take_measurements)

    @Slot()
    def _follow(self) -> None:
        """Let go of what is on another image."""
        if self._model.image_id != self._image_id:
            self._image_id = self._model.image_id
            self.draft = self.chosen = self._held = None
        self.changed.emit()

    @Slot(str)
    def _take_measurements(self, image_id: str) -> None:
        if image_id == self._image_id:
            if self.chosen is not None and self.chosen.index >= len(self.shown()):
                self.chosen = self._held = None
            self.changed.emit()

    def shown(self) -> tuple[Measurement, ...]:
        """Return the measurements of the image on show; the encoder's view has none."""
        if self._model.loaded is None or self._model.shows_encoder_view:
            return ()
        return self.measurements.of(self._image_id)

    @property
    def hiding(self) -> bool:
        """Whether what is to be hidden from the encoder is hidden, or being drawn, at present."""
        return self.measurements.hiding or self.tool is Tool.HIDE

    @property
    def region(self) -> tuple[float, float, float, float] | None:
        """Left, top, right and bottom of the chosen region, or the newest; None without any."""
        shown = self.shown()
        chosen = shown[self.chosen.index : self.chosen.index + 1] if self.chosen else ()
        regions = [each for each in (*shown, *chosen) if each.kind.is_region]
        return regions[-1].box if regions else None

    def words(self, measurement: Measurement) -> tuple[str, ...]:
        """Return what was measured, line by line; worked out once for a large region."""
        loaded = self._model.loaded
        if loaded is None:
            return ()
        if self._worded is not loaded or len(self._words) > _WORDED:
            self._worded = loaded
            self._words.clear()
        if measurement not in self._words:
            self._words[measurement] = describe(measurement, loaded.frame)
        return self._words[measurement]

    def use(self, tool: Tool) -> None:
        """Let the left button do something else."""
        self.tool, self.draft, self.chosen = tool, None, None
        if tool.kind is not None and self._model.shows_encoder_view:
            self._model.noticed.emit(_DRAW if tool is Tool.HIDE else _NO_SIZE)
            self.tool = Tool.WINDOW
        else:
            self._model.noticed.emit(_WHAT_IT_DOES.get(tool, f"{tool.capitalize()}: {_HOW}"))
        self.changed.emit()

    def switch(self, tool: Tool, on: bool | None = None) -> None:
        """Use a tool, or the window's again; without an argument the other way round."""
        on = self.tool is not tool if on is None else on
        if on and self.tool is not tool:
            self.use(tool)
        elif not on and self.tool is tool:
            self.use(Tool.WINDOW)
        self.changed.emit()

    # With the pointer

    def grip_at(
        self, x: float, y: float, to_screen: Callable[[float, float], Point]
    ) -> Grip | None:
        """Return what the pointer takes hold of at (x, y) of the pane; the newest lies on top."""
        for index in reversed(range(len(self.shown()))):
            measurement = self.shown()[index]
            points = [to_screen(*point) for point in measurement.points]
            for number, point in enumerate(points):
                if math.dist(point, (x, y)) <= _REACH:
                    return Grip(index, number)
            if distance_to(measurement.kind, points, (x, y)) <= _REACH:
                return Grip(index, None)
        return None

    def press(self, x: float, y: float, grip: Grip | None) -> None:
        """Begin at a point of the image: take hold of something, draw, or set a last point."""
        self._last = x, y
        if self.draft is not None and len(self.draft.points) == 3:
            self._keep(self.draft.with_point(2, *self._inside(x, y)))
            return
        self._held = self.chosen = grip
        kind = self.tool.kind
        if grip is None and kind is not None and self._model.loaded is not None:
            point = self._inside(x, y)
            self.draft = Measurement(kind, (point, point))
        self.changed.emit()

    def drag(self, x: float, y: float) -> None:
        """Go on to a point of the image."""
        if self.draft is not None:
            self.draft = self.draft.with_point(-1, *self._inside(x, y))
            self.changed.emit()
        elif self._held is not None and self._image_id is not None:
            held = self.shown()[self._held.index]
            if self._held.point is None:
                changed = held.moved(x - self._last[0], y - self._last[1])
            else:
                changed = held.with_point(self._held.point, *self._inside(x, y))
            self._last = x, y
            with self._model.session.history.step(_MOVING):
                self.measurements.replace(self._image_id, self._held.index, changed)

    def hover(self, x: float, y: float) -> None:
        """Let the last arm of an angle follow the pointer."""
        if self.draft is not None and len(self.draft.points) == 3:
            self.drag(x, y)

    def release(self, *, moved: bool) -> None:
        """End a drag; one that went nowhere draws nothing."""
        self._held = None
        if self.draft is None or len(self.draft.points) == 3:
            return
        if not moved:
            self.draft = None
        elif self.draft.kind is Kind.ANGLE:
            self.draft = Measurement(Kind.ANGLE, (*self.draft.points, self.draft.points[-1]))
        else:
            self._keep(self.draft)
        self.changed.emit()

    def _keep(self, measurement: Measurement) -> None:
        assert self._image_id is not None
        self.draft = None
        with self._model.session.history.step():
            index = self.measurements.add(self._image_id, measurement)
        self.chosen = Grip(index, len(measurement.points) - 1)
        self.changed.emit()

    def _inside(self, x: float, y: float) -> Point:
        """Return the nearest point of the image."""
        rows, columns = self._model.shape
        return min(max(x, 0.0), float(columns)), min(max(y, 0.0), float(rows))

    # With the keys

    def place(self, x: float, y: float, reach: float) -> None:
        """Put a measurement around a point of the image, or go on to the next point of one.

        Args:
            x, y: the middle of what is in view.
            reach: pixels to each side.
        """
        if self.chosen is not None:
            count = len(self.shown()[self.chosen.index].points)
            following = 0 if self.chosen.point is None else (self.chosen.point + 1) % count
            self.chosen = Grip(self.chosen.index, following)
            self.changed.emit()
        elif (kind := self.tool.kind) is not None and self._model.loaded is not None:
            ends = self._inside(x - reach, y), self._inside(x + reach, y)
            if kind is Kind.ANGLE:
                self._keep(Measurement(kind, (ends[0], (x, y), self._inside(x, y - reach))))
            elif kind.is_region:
                corners = self._inside(x - reach, y - reach), self._inside(x + reach, y + reach)
                self._keep(Measurement(kind, corners))
            else:
                self._keep(Measurement(kind, ends))

    def nudge(self, dx: int, dy: int) -> None:
        """Move the chosen point (or the whole) by pixels of the image, as seen on the screen."""
        if self.chosen is None or self._image_id is None:
            return
        x, y = self._model.orientation.image_direction(dx, dy)
        measurement, point = self.shown()[self.chosen.index], self.chosen.point
        if point is None:
            moved = measurement.moved(x, y)
        else:
            old = measurement.points[point]
            moved = measurement.with_point(point, *self._inside(old[0] + x, old[1] + y))
        with self._model.session.history.step(_MOVING):
            self.measurements.replace(self._image_id, self.chosen.index, moved)

    def remove(self) -> None:
        """Remove the chosen measurement."""
        if self.chosen is not None and self._image_id is not None:
            index, self.chosen = self.chosen.index, None
            with self._model.session.history.step():
                self.measurements.remove(self._image_id, index)

    def remove_all(self) -> None:
        """Remove all that was measured on this image."""
        if self._image_id is not None:
            self.draft = self.chosen = None
            with self._model.session.history.step():
                self.measurements.put(self._image_id, ())

    @property
    def busy(self) -> bool:
        """Whether Esc has something to end."""
        drawing = self.draft is not None or self.chosen is not None
        return drawing or self.tool is not Tool.WINDOW

    def end(self) -> None:
        """Let go of what is drawn or chosen; then of the tool."""
        if self.draft is not None or self.chosen is not None:
            self.draft = self.chosen = None
            self.changed.emit()
        else:
            self.use(Tool.WINDOW)
