"""From the values of a grey frame to its 256 greys: which window, inversion, padding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.errors import UsageError
from vlm_explorer.pixels.frame import SUV_UNIT, Frame
from vlm_explorer.pixels.lookup_tables import apply_voi_table
from vlm_explorer.pixels.windowing import (
    SUV_WINDOW,
    Window,
    apply_window,
    auto_uptake_window,
    auto_window,
    full_range,
    make_preset,
)

# Air; scanners fill what lies outside their field of view with values below it.
_LEAST_HU = -1024.0


def to_grey(frame: Frame, window: Window) -> NDArray[np.uint8]:
    """Return a grey frame under a window; one whose source is `lut` stands for the VOI LUT.

    Returns:
        uint8 (rows, columns); what is no picture is black.
    """
    values = frame.values.astype(np.float32, copy=False)
    if window.source == "lut" and frame.voi_lut is not None:
        pixels = apply_voi_table(values, frame.voi_lut)
    else:
        pixels = apply_window(values, window)
    if frame.inverted:
        np.subtract(255, pixels, out=pixels)
    if frame.padding is not None:
        pixels[frame.padding] = 0
    return pixels


def choose_window(frame: Frame, window: Window | str | None) -> Window:
    """Return the window that a grey frame is shown with; see `render.render_frame`."""
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
