"""What the pane draws: a frame under a window, or what the encoder sees. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vlm_explorer.pixels.colour_map import NAMES, lay_map
from vlm_explorer.pixels.colour_reading import ColourReading
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.pixels.windowing import Window
from vlm_explorer.viewmodels.viewer_colours import WORDS
from vlm_explorer.viewmodels.viewer_frames import LoadedFrame
from vlm_explorer.viewmodels.viewer_presets import describe_window
from vlm_explorer.viewmodels.viewer_pyramid import Pyramid, build_pyramid


@dataclass(frozen=True, slots=True, eq=False)
class FramePicture:
    """A frame under a window; parts of it are windowed when they are drawn.

    Attributes:
        loaded: the frame.
        window: what its values are shown with; without effect on colour.
        inverted: whether black and white are swapped on top of what the file asks for.
    """

    loaded: LoadedFrame
    window: Window
    inverted: bool

    @property
    def version(self) -> object:
        """Differs whenever the pixels do."""
        return self.loaded, self.window, self.inverted

    @property
    def columns(self) -> int:
        """Width in pixels."""
        return int(self.loaded.frame.values.shape[1])

    @property
    def rows(self) -> int:
        """Height in pixels."""
        return int(self.loaded.frame.values.shape[0])

    @property
    def pixel(self) -> tuple[float, float]:
        """Width and height of a pixel; only their ratio counts."""
        spacing = self.loaded.frame.spacing
        return (spacing[1], spacing[0]) if spacing is not None else (1.0, 1.0)

    def describe(self) -> str:
        """Return how the values are shown, as the corner has it."""
        frame = self.loaded.frame
        if self.loaded.colour:
            reading = frame.colours or ColourReading.FILE
            return "" if reading is ColourReading.FILE else f"Colours read {WORDS[reading]}"
        in_colours = f", {NAMES[frame.colour_map]}" if frame.colour_map else ""
        return describe_window(self.window) + in_colours

    @property
    def levels(self) -> int:
        """How many sizes there are."""
        return len(self.loaded.pyramid.levels)

    def level_for(self, zoom: float) -> int:
        """Return the level to draw at `zoom` device pixels a pixel of the image."""
        return self.loaded.pyramid.level_for(zoom)

    def size(self, level: int) -> tuple[int, int]:
        """Return (rows, columns) of a level."""
        rows, columns = self.loaded.pyramid.levels[level].shape[:2]
        return rows, columns

    def pixels(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        """Return a part of a level as uint8 (rows, columns[, 3]), as `render` draws it."""
        part = self.loaded.pyramid.levels[level][top:bottom, left:right]
        if self.loaded.colour:
            return 255 - part if self.inverted else part
        entries = self.loaded.entries
        grey = self._greys(part) if entries is None else _look_up(self._greys(entries), part)
        padding = self.loaded.frame.padding
        if padding is not None:
            step = 2**level
            grey[padding[::step, ::step][top:bottom, left:right]] = 0
        return lay_map(grey, self.loaded.frame.colour_map)

    def _greys(self, values: np.ndarray) -> np.ndarray:
        """Return what values look like, uint8."""
        from vlm_explorer.pixels.render import render_frame

        frame = self.loaded.frame
        inverted = frame.inverted != self.inverted
        bare = Frame(
            np.atleast_2d(values), frame.photometric, inverted=inverted, voi_lut=frame.voi_lut
        )
        return render_frame(bare, self.window).pixels


def _look_up(greys: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return `greys[0][places]`."""
    # mode: the places are within the table, so that nothing need be checked pixel by pixel
    return np.asarray(greys[0].take(places, mode="clip"))


@dataclass(frozen=True, slots=True, eq=False)
class EncoderPicture:
    """What the encoder sees of a frame."""

    pyramid: Pyramid
    inverted: bool = False

    @classmethod
    def of(cls, view: np.ndarray) -> EncoderPicture:
        """Take the encoder's view, uint8 (S, S, 3)."""
        return cls(build_pyramid(view))

    @property
    def version(self) -> object:
        """Differs whenever the pixels do."""
        return self.pyramid, self.inverted

    @property
    def columns(self) -> int:
        """Width in pixels."""
        return int(self.pyramid.levels[0].shape[1])

    @property
    def rows(self) -> int:
        """Height in pixels."""
        return int(self.pyramid.levels[0].shape[0])

    @property
    def pixel(self) -> tuple[float, float]:
        """The encoder's pixels are square."""
        return 1.0, 1.0

    def describe(self) -> str:
        """Return what this is, as the corner has it."""
        return f"Encoder's view, {self.columns} × {self.rows}"

    def probe(self, row: int, column: int) -> str:
        """Return a pixel in words."""
        red, green, blue = (int(part) for part in self.pyramid.levels[0][row, column])
        return f"x {column}, y {row}: R {red} G {green} B {blue}"

    @property
    def levels(self) -> int:
        """How many sizes there are."""
        return len(self.pyramid.levels)

    def level_for(self, zoom: float) -> int:
        """Return the level to draw at `zoom` device pixels a pixel of the image."""
        return self.pyramid.level_for(zoom)

    def size(self, level: int) -> tuple[int, int]:
        """Return (rows, columns) of a level."""
        rows, columns = self.pyramid.levels[level].shape[:2]
        return rows, columns

    def pixels(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        """Return a part of a level as uint8 (rows, columns, 3)."""
        view = self.pyramid.levels[level][top:bottom, left:right]
        return 255 - view if self.inverted else view
