"""Whether the slices of a stack lie evenly and in line; no MPR or measurement across them if not.

Spacing is the difference of positions along the normal, never Slice Thickness, which says how
thick a slice is, nor Spacing Between Slices, which is often wrong.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.files.stacks import TreeRow, places_of

# Slices are unevenly spaced where the spread of their gaps exceeds either.
UNEVEN_SHARE, UNEVEN_MM = 0.01, 0.01
# Degrees between the normal and the way from the first slice to the last, above which they tilt.
TILTED = 0.1
# Millimetres that a slice may lie beside the line through its stack.
SHIFTED = 0.5
_ROUNDING = 1e-4  # mm; positions are decimal strings


def geometry_warnings(rows: Sequence[TreeRow]) -> tuple[str, ...]:
    """Return, in words and with the figures, what is irregular about a stack.

    Args:
        rows: in their order along the normal.
    """
    if len(set(places_of(rows).values())) < 2:
        return ()
    along = np.array([row.position for row in rows], dtype=np.float64)
    return tuple(filter(None, (_uneven(along), _tilted(rows, along))))


def _uneven(along: NDArray[np.float64]) -> str:
    gaps = np.diff(along)
    gaps = gaps[gaps > UNEVEN_MM]
    if len(gaps) < 2:
        return ""
    least, most, usual = float(gaps.min()), float(gaps.max()), float(np.median(gaps))
    spread = most - least - _ROUNDING
    if spread <= UNEVEN_MM and spread <= UNEVEN_SHARE * usual:
        return ""
    digits = 2 if most - least >= 0.02 else 3
    return (
        f"Uneven slice spacing: {least:.{digits}f} to {most:.{digits}f} mm "
        f"(median {usual:.{digits}f} mm)."
    )


def _tilted(rows: Sequence[TreeRow], along: NDArray[np.float64]) -> str:
    orientation = rows[0].orientation
    corners = [row.position_xyz for row in rows if row.position_xyz is not None]
    if orientation is None or len(corners) < len(rows):
        return ""
    normal = np.cross(orientation[:3], orientation[3:])
    normal /= np.linalg.norm(normal)
    places = np.array(corners, dtype=np.float64)
    beside = places - places[0] - np.outer(along - along[0], normal)
    slope = beside[-1] / (along[-1] - along[0])
    off_line = np.linalg.norm(beside - np.outer(along - along[0], slope), axis=1)
    if (farthest := float(off_line.max())) > SHIFTED:
        return f"The slices do not lie in line: up to {farthest:.1f} mm beside it."
    angle = math.degrees(math.atan(float(np.linalg.norm(slope))))
    if angle <= TILTED:
        return ""
    return (
        f"Tilted: the slices were taken along a line {angle:.1f}° off their normal (gantry tilt)."
    )
