"""Window and level: from modality values to the 256 greys of the screen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.errors import UsageError

# Centre and width in HU; the widths and centres that OHIF and Weasis offer, or between them.
PRESETS: dict[str, tuple[float, float]] = {
    "soft tissue": (40.0, 400.0),
    "lung": (-600.0, 1500.0),
    "bone": (480.0, 2500.0),
    "brain": (40.0, 80.0),
    "stroke": (35.0, 35.0),
    "subdural": (75.0, 215.0),
    "liver": (90.0, 150.0),
    "mediastinum": (50.0, 400.0),
    "angiography": (170.0, 600.0),
}

# SUV 0 to 5, as nuclear medicine reads PET.
SUV_WINDOW = (2.5, 5.0)

FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
_PERCENTILES = (0.5, 99.5)
# Percentiles of a larger picture are taken from every k-th row and column of it.
_MOST_SAMPLES = 1 << 20
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Window:
    """A VOI window in the units of the modality values.

    Attributes:
        centre: Window Center.
        width: Window Width, more than 0.
        source: where it comes from: `file`, `file: <explanation>`, `lut`, `preset: <name>`,
            `auto`, `full range`, `user`, or `none` for colour.
        function: VOI LUT Function: `LINEAR`, `LINEAR_EXACT` or `SIGMOID`.
    """

    centre: float
    width: float
    source: str
    function: str = "LINEAR"


def apply_window(values: NDArray[np.float32], window: Window) -> NDArray[np.uint8]:
    """Map modality values to 0..255, rounded to the nearest (halves up).

    LINEAR, LINEAR_EXACT and SIGMOID are those of PS3.3 C.11.2.1.2.1, C.11.2.1.3.2 and
    C.11.2.1.3.1. A LINEAR window narrower than 1, which the standard forbids, is computed as
    LINEAR_EXACT.

    Args:
        values: (rows, columns) finite modality values.
        window: its width must be more than 0.

    Returns:
        uint8 (rows, columns).
    """
    low, high = value_range(window)
    flat = np.ascontiguousarray(values, dtype=np.float32).reshape(-1)
    out = np.empty(flat.size, dtype=np.uint8)
    work = np.empty(min(_BLOCK, flat.size), dtype=np.float32)
    # Blocks that stay in the processor's cache: four times as fast for a radiograph.
    with np.errstate(over="ignore"):
        for start in range(0, flat.size, _BLOCK):
            part = flat[start : start + _BLOCK]
            grey = work[: part.size]
            if window.function == "SIGMOID":
                _sigmoid(part, window, grey)
            elif high > low:
                np.subtract(part, np.float32(low), out=grey)
                np.multiply(grey, np.float32(255.0 / (high - low)), out=grey)
            else:
                np.multiply(part > np.float32(low), np.float32(255.0), out=grey)
            np.add(grey, np.float32(0.5), out=grey)
            np.clip(grey, 0.0, 255.0, out=grey)
            out[start : start + _BLOCK] = grey  # the cast cuts the fraction off
    return out.reshape(values.shape)


def value_range(window: Window) -> tuple[float, float]:
    """Return the values that become black and white (for SIGMOID: where a line would reach them).

    LINEAR maps centre - 0.5 - (width - 1) / 2 to black and centre - 0.5 + (width - 1) / 2 to
    white; at width 1 the two coincide in a step.
    """
    if window.function == "LINEAR" and window.width >= 1.0:
        middle, half = window.centre - 0.5, (window.width - 1.0) / 2.0
    else:
        middle, half = window.centre, window.width / 2.0
    return middle - half, middle + half


def _sigmoid(values: NDArray[np.float32], window: Window, out: NDArray[np.float32]) -> None:
    """Write 255 / (1 + exp(-4 (x - c) / w)) to `out`."""
    np.subtract(values, np.float32(window.centre), out=out)
    np.multiply(out, np.float32(-4.0 / window.width), out=out)
    np.clip(out, -80.0, 80.0, out=out)
    np.exp(out, out=out)
    np.add(out, np.float32(1.0), out=out)
    np.divide(np.float32(255.0), out, out=out)


def auto_window(values: NDArray[np.float32], *, padding: NDArray[np.bool_] | None = None) -> Window:
    """Return the window from the 0.5th to the 99.5th percentile.

    Args:
        values: (rows, columns) finite modality values.
        padding: (rows, columns), True where a value does not count.
    """
    step = max(1, math.ceil(math.sqrt(values.size / _MOST_SAMPLES)))
    sample = values[::step, ::step]
    if padding is not None:
        sample = sample[~padding[::step, ::step]]
    if sample.size == 0:
        return full_range(values)
    low, high = (float(edge) for edge in np.percentile(sample, _PERCENTILES))
    if high <= low:
        return full_range(sample, source="auto")
    return spanning(low, high, "auto")


def auto_uptake_window(
    values: NDArray[np.float32], *, padding: NDArray[np.bool_] | None = None
) -> Window:
    """Return the window of PET: from 0 to where `auto_window` ends."""
    auto = auto_window(values, padding=padding)
    high = auto.centre + auto.width / 2.0
    return spanning(0.0, high, "auto") if high > 0 else auto


def full_range(values: NDArray[np.float32], *, source: str = "full range") -> Window:
    """Return the window from the smallest to the largest value: nothing is clipped."""
    if values.size == 0:
        return spanning(0.0, 1.0, source)
    low, high = float(values.min()), float(values.max())
    return spanning(low, high if high > low else low + 1.0, source)


def spanning(low: float, high: float, source: str) -> Window:
    """Return the window that maps `low` to black and `high` to white."""
    return Window((low + high) / 2.0, high - low, source, "LINEAR_EXACT")


def make_preset(name: str) -> Window:
    """Return a CT preset by its name (any case, `-` or `_` for the space).

    Raises:
        UsageError: no preset has this name.
    """
    wanted = name.strip().lower().replace("-", " ").replace("_", " ")
    if wanted not in PRESETS:
        raise UsageError(
            f"There is no window named {name!r}.",
            f"Give centre,width as in 40,400, or one of: auto, full range, {', '.join(PRESETS)}.",
        )
    centre, width = PRESETS[wanted]
    return Window(centre, width, f"preset: {wanted}")


def parse_window(words: str) -> Window | str:
    """Read what a user wrote: `centre,width`, the name of a preset, `auto` or `full range`.

    Returns:
        A Window with source `user`, or the name in its usual spelling.

    Raises:
        UsageError: neither two numbers nor a known name, or a width that is not positive.
    """
    name = words.strip().lower().replace("-", " ").replace("_", " ")
    if name in ("auto", "full range"):
        return name
    parts = words.split(",")
    try:
        centre, width = (float(part) for part in parts)
    except ValueError:
        return make_preset(words).source.removeprefix("preset: ")
    if not (math.isfinite(centre) and math.isfinite(width)):
        raise UsageError(f"The window {words!r} is not of two numbers.", "Give them as in 40,400.")
    if width <= 0:
        raise UsageError(f"The window {words!r} needs a width of more than 0.")
    return Window(centre, width, "user")
