"""The picture that the screen shows at first and that the encoder sees: 8 bits, grey or RGB."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.errors import UsageError
from vlm_explorer.pixels.decode import Frame, read_frame
from vlm_explorer.pixels.lookup_tables import apply_voi_table
from vlm_explorer.pixels.pet import SUV_UNIT
from vlm_explorer.pixels.windowing import (
    SUV_WINDOW,
    Window,
    apply_window,
    auto_uptake_window,
    auto_window,
    full_range,
    make_preset,
    parse_window,
)

# The version of the default rendering; part of a vector's key. Raise it with every change that
# makes any file look different.
RECIPE = "render-2"

COLOUR_WINDOW = Window(127.5, 255.0, "none")
# Air; scanners fill what lies outside their field of view with values below it.
_LEAST_HU = -1024.0


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
    """Render one picture of a file; `window` as in `render_frame`, or as a user writes it.

    Raises:
        UsageError: no such frame, no such window, or a CT window for what is no CT.
        NotAnImage, UnsupportedImage, UnreadableImage: as `read_frame`.
    """
    wanted = parse_window(window) if isinstance(window, str) else window
    return render_frame(read_frame(Path(path), frame), wanted)


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
    values = frame.values.astype(np.float32, copy=False)
    if chosen.source == "lut" and frame.voi_lut is not None:
        pixels = apply_voi_table(values, frame.voi_lut)
    else:
        pixels = apply_window(values, chosen)
    if frame.inverted:
        np.subtract(255, pixels, out=pixels)
    if frame.padding is not None:
        pixels[frame.padding] = 0
    return Rendering(pixels, chosen, frame.inverted, frame.photometric, rows, columns, warnings)


def choose_window(frame: Frame, window: Window | str | None) -> Window:
    """Return the window that a grey frame is shown with; see `render_frame`."""
    if window is None:
        return default_window(frame)
    if isinstance(window, Window):
        return window
    if window == "auto":
        return _auto(frame)
    if window == "full range":
        values = frame.values if frame.padding is None else frame.values[~frame.padding]
        return full_range(values.astype(np.float32, copy=False))
    preset = make_preset(window)
    if frame.unit != "HU":
        raise UsageError(
            f"The window {window!r} is meant for CT numbers, which this picture does not have.",
            "Give auto, full range, or centre,width.",
        )
    return preset


def default_window(frame: Frame) -> Window:
    """Return the window of the first rendering.

    The VOI LUT of the file if it has one (as pydicom's `apply_voi_lut` prefers it), else its
    first window, else 40,400 for CT numbers and 0 to 5 for SUV, else automatic.
    """
    if frame.windows:
        return frame.windows[0]
    if frame.unit == SUV_UNIT:
        return Window(*SUV_WINDOW, "preset: SUV 0 to 5", "LINEAR_EXACT")
    return make_preset("soft tissue") if frame.unit == "HU" else _auto(frame)


def _auto(frame: Frame) -> Window:
    values = frame.values.astype(np.float32, copy=False)
    padding = frame.padding
    if frame.unit == "HU":
        below = values < _LEAST_HU
        padding = below if padding is None else padding | below
    choose = auto_uptake_window if frame.modality == "PT" else auto_window
    return choose(values, padding=padding)
