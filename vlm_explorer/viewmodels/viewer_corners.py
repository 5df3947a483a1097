"""The words in the four corners of the viewing pane; never a patient's. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vlm_explorer.viewmodels.viewer_frames import LoadedFrame
from vlm_explorer.viewmodels.viewer_orientation import Orientation
from vlm_explorer.viewmodels.viewer_series import SeriesPlace
from vlm_explorer.viewmodels.viewer_words import plain_number

# Facts of the frame that other corners already show.
_ELSEWHERE = frozenset({"Series", "Instance", "Modality"})


@dataclass(frozen=True, slots=True)
class Corners:
    """Lines of text, from the top down."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()


def probe_text(loaded: LoadedFrame, row: int, column: int) -> str:
    """Return the value of a pixel in words: position, modality value, unit."""
    where = f"x {column}, y {row}"
    value = loaded.frame.values[row, column]
    if loaded.colour:
        red, green, blue = (int(part) for part in value)
        return f"{where}: R {red} G {green} B {blue}"
    if loaded.frame.padding is not None and loaded.frame.padding[row, column]:
        return f"{where}: padding"
    return f"{where}: {plain_number(float(value))} {loaded.frame.unit}".rstrip()


def upper_corners(
    modality: str, series: SeriesPlace | None, loaded: LoadedFrame | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what is known of an image before its pixels are: top left, top right."""
    left = (modality or "Image", "Patient hidden")
    right = []
    if series is not None:
        # a folder of plain images is study and series in one
        right.append(" · ".join(dict.fromkeys((series.study, series.title))))
    if loaded is not None:
        rows, columns = loaded.frame.values.shape[:2]
        right.append(f"{columns} × {rows}{_pixel_size(loaded)}")
    return left, tuple(right)


def _pixel_size(loaded: LoadedFrame) -> str:
    """Return the pixel's size in mm, with what it measures where that is not the patient."""
    frame = loaded.frame
    if frame.spacing is None or frame.spacing_kind == "aspect ratio":
        return ""
    row, column = frame.spacing
    size = f"{column:.3g}" if abs(row - column) < 1e-3 * row else f"{column:.3g} × {row:.3g}"
    known = frame.spacing_kind in ("", "in the patient", "calibrated")
    return f" · {size} mm" + ("" if known else f" {frame.spacing_kind}")


def lower_left(
    place: tuple[int, int] | None,
    shown_as: str,
    zoom: float,
    orientation: Orientation,
    *,
    inverted: bool,
    probe: str,
) -> tuple[str, ...]:
    """Return probe, place in the series, window (or view), zoom, and what was done to the picture.

    The probe comes first: it comes and goes without moving the other lines.
    """
    turned = orientation.describe()
    done = ", ".join(part for part in (turned, "inverted" if inverted else "") if part)
    lines = [
        probe,
        f"Image {place[0] + 1} / {place[1]}" if place is not None else "",
        shown_as,
        f"Zoom {100 * zoom:.0f} %",
        done[:1].upper() + done[1:],
    ]
    return tuple(line for line in lines if line)


def lower_right(facts: Mapping[str, str]) -> tuple[str, ...]:
    """Return the facts of a frame, one a line."""
    return tuple(
        f"{name} {value}".strip() for name, value in facts.items() if name not in _ELSEWHERE
    )
