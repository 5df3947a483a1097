"""The words in the four corners of the viewing pane. No Qt.

The patient's come from outside, and only where the user asked for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from vlm_explorer.pixels.frame import ASPECT_RATIO, IN_PATIENT, Frame
from vlm_explorer.viewmodels.viewer_frames import LoadedFrame
from vlm_explorer.viewmodels.viewer_orientation import Orientation
from vlm_explorer.viewmodels.viewer_series import SeriesPlace
from vlm_explorer.viewmodels.viewer_words import plain_number

_NO_FACTS: Mapping[str, str] = MappingProxyType({})
# Facts of the frame that other corners show.
_ELSEWHERE = frozenset({"Series", "Instance", "Modality", "Slice location", "Thickness", "Lossy"})
# Towards + and - along x, y, z of the patient, as in `viewer_orientation`.
_SIDES = (("L", "R"), ("P", "A"), ("H", "F"))


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


def place_text(loaded: LoadedFrame, row: int, column: int) -> str:
    """Return what else is known of a pixel: the stored value, and where in the patient it lies."""
    stored, where = loaded.frame.stored, point_in_patient(loaded.frame, row, column)
    parts = [] if stored is None else [f"Stored {plain_number(float(stored[row, column]))}"]
    if where is not None:
        sides = (
            f"{side[0] if along >= 0 else side[1]} {abs(along):.1f}"
            for side, along in zip(_SIDES, where, strict=True)
        )
        parts.append(f"{' '.join(sides)} mm")
    return " · ".join(parts)


def point_in_patient(frame: Frame, row: int, column: int) -> tuple[float, float, float] | None:
    """Return x, y, z in mm of a pixel's centre (PS3.3 C.7.6.2.1.1); None where it is not known.

    x grows to the patient's left, y to the back, z to the head.
    """
    known = frame.spacing_kind == IN_PATIENT and frame.spacing is not None
    if not known or frame.orientation is None or frame.position is None:
        return None
    assert frame.spacing is not None
    x, y, z = (
        start + along_row * frame.spacing[1] * column + along_column * frame.spacing[0] * row
        for start, along_row, along_column in zip(
            frame.position, frame.orientation[:3], frame.orientation[3:], strict=True
        )
    )
    return x, y, z


def upper_corners(
    modality: str,
    series: SeriesPlace | None,
    loaded: LoadedFrame | None,
    patient: Sequence[str] = (),
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what is known of an image before its pixels are: top left, top right.

    `patient` are the identifying lines, where the user asked for them.
    """
    left = (modality or "Image", *(patient or ("Patient hidden",)))
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
    if frame.spacing is None or frame.spacing_kind == ASPECT_RATIO:
        return " · pixel size unknown" if frame.modality else ""  # no one expects one of a PNG
    row, column = frame.spacing
    size = f"{column:.3g}" if abs(row - column) < 1e-3 * row else f"{column:.3g} × {row:.3g}"
    return f" · {size} mm" + ("" if frame.spacing_kind == IN_PATIENT else f" {frame.spacing_kind}")


def lower_left(
    place: tuple[int, int] | None,
    shown_as: str,
    zoom: float,
    orientation: Orientation,
    *,
    inverted: bool,
    passing: Sequence[str] = (),
    facts: Mapping[str, str] = _NO_FACTS,
) -> tuple[str, ...]:
    """Return place in the series and in space, window (or view), zoom, what was done to it.

    What comes and goes (`passing`: probe, cine) stands first, so that no other line moves.
    """
    turned = orientation.describe()
    done = ", ".join(part for part in (turned, "inverted" if inverted else "") if part)
    space = [
        f"{title} {facts[name]}".replace("-", "−")
        for name, title in (("Slice location", "Location"), ("Thickness", "Thickness"))
        if name in facts
    ]
    lines = [
        *passing,
        f"Image {place[0] + 1} / {place[1]}" if place is not None else "",
        " · ".join(space),
        shown_as,
        f"Zoom {100 * zoom:.0f} %",
        done[:1].upper() + done[1:],
    ]
    return tuple(line for line in lines if line)


def lower_right(frame: Frame | None, index: int) -> tuple[str, ...]:
    """Return the facts of a frame, one a line, and which frame of its file it is."""
    if frame is None:
        return ()
    facts = [
        f"{name} {value}".strip() for name, value in frame.facts.items() if name not in _ELSEWHERE
    ]
    if frame.lossy:
        facts.append(f"Lossy: {frame.lossy.replace(' lossy', '')}")
    if frame.frames > 1:
        facts.append(f"Frame {index + 1} of {frame.frames}")
    return tuple(facts)
