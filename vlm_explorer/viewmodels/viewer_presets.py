"""Windows on offer for a frame, and what a drag makes of a window. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from vlm_explorer.pixels.frame import SUV_UNIT
from vlm_explorer.pixels.windowing import (
    PRESETS,
    SUV_WINDOW,
    Window,
    make_preset,
    spanning,
    value_range,
)
from vlm_explorer.viewmodels.viewer_frames import LoadedFrame
from vlm_explorer.viewmodels.viewer_words import plain_number

# Digits 1 to 4 mean the same in every viewer; the modality's own come after them.
_COMMON = ("soft tissue", "lung", "bone", "brain")
_FIRST_OWN, _LAST_OWN = 5, 8
_PIXELS_A_RANGE = 1024  # of a drag that sweeps the whole range of values


@dataclass(frozen=True, slots=True)
class Preset:
    """A window to choose.

    Attributes:
        digit: its key, 0 to 9; None where the keys have run out.
        title: what the menu calls it.
        window: what it sets, as in `render_frame`; None for each frame's own default.
        refusal: why it cannot be had for this frame; "" where it can.
    """

    digit: int | None
    title: str
    window: Window | str | None = None
    refusal: str = ""


def is_hounsfield(loaded: LoadedFrame) -> bool:
    """Whether the values are Hounsfield units, for which the CT presets are meant."""
    return not loaded.colour and loaded.frame.unit == "HU"


def refusal_of(loaded: LoadedFrame) -> str:
    """Return why no window can be set at all; "" where it can."""
    return "A colour picture has no window." if loaded.colour else ""


def presets_of(loaded: LoadedFrame) -> tuple[Preset, ...]:
    """Return the windows on offer, in the order of their keys."""
    refusal = refusal_of(loaded)
    if refusal:
        return tuple(
            Preset(digit, title, refusal=refusal)
            for digit, title in [(0, _default_title(loaded)), *enumerate(_titles(), 1), (9, "Auto")]
        )
    own = _own_presets(loaded)
    keys = range(_FIRST_OWN, _LAST_OWN + 1)
    return (
        Preset(0, _default_title(loaded)),
        *_common_presets(loaded),
        *(
            Preset(keys[i] if i < len(keys) else None, title, window)
            for i, (title, window) in enumerate(own)
        ),
        Preset(9, "Auto", "auto"),
    )


def _titles() -> list[str]:
    return [name.capitalize() for name in _COMMON]


def _default_title(loaded: LoadedFrame) -> str:
    return "Of the file" if loaded.frame.windows else "Default"


def _common_presets(loaded: LoadedFrame) -> list[Preset]:
    what = loaded.frame.modality or "This picture"
    refusal = (
        ""
        if is_hounsfield(loaded)
        else (f"The tissue windows are for CT in Hounsfield units. {what} has none.")
    )
    return [
        Preset(digit, name.capitalize(), None if refusal else make_preset(name), refusal)
        for digit, name in enumerate(_COMMON, 1)
    ]


def _own_presets(loaded: LoadedFrame) -> list[tuple[str, Window | str]]:
    """Return the file's further windows, those of the modality, and the full range."""
    alternates: list[tuple[str, Window | str]] = [
        (
            window.source.removeprefix("file: ").capitalize()
            if ": " in window.source
            else f"Of the file, no. {i}",
            window,
        )
        for i, window in enumerate(loaded.frame.windows[1:], 2)
    ]
    tissue = [name for name in PRESETS if name not in _COMMON] if is_hounsfield(loaded) else []
    suv = Window(*SUV_WINDOW, "preset: SUV 0 to 5", "LINEAR_EXACT")
    uptake = [("SUV 0 to 5", suv)] if loaded.frame.unit == SUV_UNIT else []
    return [
        *alternates,
        *((name.capitalize(), make_preset(name)) for name in tissue),
        *uptake,
        ("Full range", "full range"),
    ]


def dragged(loaded: LoadedFrame, window: Window, dx: float, dy: float) -> Window:
    """Return the window after a drag: right widens it, down raises its centre.

    The speed scales with the range of the values (as cornerstone3D's WindowLevelTool has it):
    a 1024th of it a pixel, in whole units where that is more than one. Bits beyond BitsStored
    never reach the values, so that their range is at most 2^BitsStored.

    Args:
        loaded: the frame that is dragged on.
        window: the one to start from.
        dx, dy: logical pixels.
    """
    span = loaded.highest - loaded.lowest
    speed = span / _PIXELS_A_RANGE or 1.0
    speed = float(round(speed)) if speed > 1 else speed
    if window.source == "lut" and loaded.frame.voi_lut is not None:
        table, first = loaded.frame.voi_lut
        window = spanning(first, first + len(table) - 1, "user")
    narrowest = 1.0 if span >= _PIXELS_A_RANGE / 8 else span / _PIXELS_A_RANGE or 1.0
    width = max(narrowest, window.width + dx * speed)
    function = window.function if width >= 1.0 else "LINEAR_EXACT"
    return Window(window.centre + dy * speed, width, "user", function)


def describe_window(window: Window) -> str:
    """Return the window as the corner shows it: "W 400 L 40 (file)"."""
    if window.source == "lut":
        low, high = value_range(window)
        return f"Table of the file, {plain_number(low)} to {plain_number(high)}"
    source = window.source.removeprefix("preset: ")
    words = f"W {plain_number(window.width)} L {plain_number(window.centre)}"
    return words if source == "user" else f"{words} ({source})"
