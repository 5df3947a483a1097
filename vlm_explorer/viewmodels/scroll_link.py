"""Which slice of one series lies beside a slice of another. No Qt.

Two series share a space where they have one frame of reference (PS3.3 C.7.4.1) and their planes are
parallel; then the nearest slice along the normal belongs to a slice. Elsewhere only the numbers of
the images can go along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vlm_explorer.viewmodels.image_table import ImageTable

PARALLEL = np.cos(np.radians(5))  # planes that meet at less are shown beside one another
_TOUCHING = 0.05  # mm; nearer is the same place


@dataclass(frozen=True, slots=True)
class Place:
    """An image in its series.

    Attributes:
        ids: the series in the order of the wheel.
        index: of the image.
    """

    ids: tuple[str, ...]
    index: int


@dataclass(frozen=True, slots=True)
class Link:
    """How two series go along.

    Attributes:
        obstacle: why they do not by position, in words; "" where they do.
        offset: index in the second less index in the first, for where they do not.
    """

    obstacle: str
    offset: int = 0

    @property
    def by_position(self) -> bool:
        """Whether slices at one place of the patient go together."""
        return not self.obstacle


def find_link(images: ImageTable, first: Place, second: Place) -> Link:
    """Return how two series go along from here on."""
    return Link(_obstacle(images, first, second), second.index - first.index)


def _obstacle(images: ImageTable, first: Place, second: Place) -> str:
    one, other = (images.row_of[place.ids[place.index]] for place in (first, second))
    reference = images.frame_of_reference[one]
    if not reference or not images.frame_of_reference[other]:
        return "no frame of reference"
    if reference != images.frame_of_reference[other]:
        return "different frames of reference"
    normals = [_normal(images.orientation[row]) for row in (one, other)]
    if not all(np.isfinite(normal).all() for normal in normals):
        return "no orientation"
    if abs(float(normals[0] @ normals[1])) < PARALLEL:
        return "planes not parallel"
    positions = [_positions(images, place.ids) for place in (first, second)]
    return "" if all(np.isfinite(each).all() for each in positions) else "no positions"


def _normal(orientation: np.ndarray) -> np.ndarray:
    """Return the unit normal of a plane, float64 (3,); NaN where it has none."""
    normal = np.cross(orientation[:3], orientation[3:])
    length = float(np.linalg.norm(normal))
    return normal / length if length > 0 else np.full(3, np.nan)


def _positions(images: ImageTable, ids: Sequence[str]) -> np.ndarray:
    """Return the positions of images in mm, float64 (N, 3)."""
    positions: np.ndarray = images.position_xyz[[images.row_of[image_id] for image_id in ids]]
    return positions


def along_normal(images: ImageTable, here: Place, there: Place) -> np.ndarray:
    """Return how far each image of `there` lies from that of `here`, along the normal of `here`.

    Returns:
        float64 (N,), mm, signed.
    """
    row = images.row_of[here.ids[here.index]]
    from_here = _positions(images, there.ids) - images.position_xyz[row]
    return np.asarray(from_here @ _normal(images.orientation[row]))


def partner(images: ImageTable, link: Link, here: Place, there: Place, *, onward: bool) -> int:
    """Return the index in `there` of the image that belongs to that of `here`.

    Args:
        onward: whether `here` is the first of the link and `there` the second.
    """
    if link.by_position:
        return int(np.abs(along_normal(images, here, there)).argmin())
    index = here.index + (link.offset if onward else -link.offset)
    return max(0, min(len(there.ids) - 1, index))


def describe(images: ImageTable, link: Link, here: Place, there: Place) -> str:
    """Return in words how two series go along, and how far apart their images lie now."""
    if not link.by_position and min(len(here.ids), len(there.ids)) == 1:
        return f"Not linked: a single image ({link.obstacle})"
    if not link.by_position:
        offset = f", {link.offset:+d}".replace("-", "−") if link.offset else ""
        return f"Linked by image number{offset} ({link.obstacle})"
    distances = along_normal(images, here, there)
    apart = abs(float(distances[there.index]))
    if apart < _TOUCHING:
        return "Linked by position"
    beyond = distances.min() > 0 or distances.max() < 0
    where = "beyond its slices, " if beyond and apart > _gap(distances) else ""
    return f"Linked by position · {where}{apart:.1f} mm apart"


def _gap(distances: np.ndarray) -> float:
    """Return the largest distance between two neighbouring slices, 0 for one."""
    return float(np.diff(np.sort(distances)).max()) if len(distances) > 1 else 0.0
