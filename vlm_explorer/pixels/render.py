"""The picture that the screen shows at first and that the encoder sees: 8 bits, grey or RGB.

They differ in one thing: greys that are read in colours, of dose, have them on the screen only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.pixels.colour_map import lay_map
from vlm_explorer.pixels.decode import Frame, read_frame
from vlm_explorer.pixels.greys import choose_window, default_window, to_grey
from vlm_explorer.pixels.windowing import Window, parse_window

__all__ = [
    "COLOUR_WINDOW", "RECIPE", "Rendering", "choose_window", "default_window", "for_screen",
    "render", "render_frame",
]  # fmt: skip

# The version of the default rendering; part of a vector's key. Raise it with every change that
# makes any file look different.
RECIPE = "render-2"

COLOUR_WINDOW = Window(127.5, 255.0, "none")


@dataclass(frozen=True, slots=True, eq=False)
class Rendering:
    """A picture of 8 bits, and how it came about.

    Attributes:
        pixels: uint8 (rows, columns) or (rows, columns, 3).
        window: the one applied; source `none` for colour.
        inverted: whether low values are shown bright.
        photometric: Photometric Interpretation of the file.
        rows, columns: of the pixels.
        warnings: in words, for the user; without patient data.
    """

    pixels: NDArray[np.uint8]
    window: Window
    inverted: bool
    photometric: str
    rows: int
    columns: int
    warnings: tuple[str, ...] = ()


def render(path: Path, frame: int = 0, window: Window | str | None = None) -> Rendering:
    """Render one picture of a file as the screen shows it.

    `window` is as in `render_frame`, or as a user writes it.

    Raises:
        UsageError: no such frame, no such window, or a CT window for what is no CT.
        NotAnImage, UnsupportedImage, UnreadableImage: as `read_frame`.
    """
    wanted = parse_window(window) if isinstance(window, str) else window
    return for_screen(decoded := read_frame(Path(path), frame), render_frame(decoded, wanted))


def for_screen(frame: Frame, rendering: Rendering) -> Rendering:
    """Return a rendering of `frame` in the colours that its kind is read in."""
    if not frame.colour_map:
        return rendering
    return replace(rendering, pixels=lay_map(rendering.pixels, frame.colour_map))


def render_frame(frame: Frame, window: Window | str | None = None) -> Rendering:
    """Render a decoded picture.

    Args:
        frame: what `read_frame` returned.
        window: None for the file's default (`default_window`), the name of a preset, `auto`,
            `full range`, or a Window. One whose source is `lut` stands for the VOI LUT.

    Raises:
        UsageError: no window of this name, or a CT preset for values that are not HU.
    """
    warnings = frame.warnings
    rows, columns = frame.values.shape[:2]
    if frame.is_colour:
        if window is not None:
            warnings = (*warnings, "A window does not apply to a colour picture.")
        pixels = frame.values.astype(np.uint8, copy=False)
        return Rendering(pixels, COLOUR_WINDOW, False, frame.photometric, rows, columns, warnings)
    chosen = choose_window(frame, window)
    pixels = to_grey(frame, chosen)
    return Rendering(pixels, chosen, frame.inverted, frame.photometric, rows, columns, warnings)
