"""Where parts of an image lie in what an encoder sees, and places of the same sizes elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.preprocess import Geometry

Mask = NDArray[np.bool_]
# left, top, right, bottom, in pixels of the image with edges at whole numbers
Rectangle = tuple[float, float, float, float]
Box = tuple[slice, slice]  # rows and columns of the encoder's view

# A part goes to one of the 5 % of places that overlap least with what is hidden; to any of those
# that do not overlap at all where these are more.
_LEAST = 0.05


def picture_box(geometry: Geometry) -> Box:
    """Return where the image lies in the encoder's view, without padding."""
    (top, left), (rows, columns) = geometry.offset_yx, geometry.resized_hw
    height, width = geometry.input_hw
    down = slice(max(-top, 0), min(rows - top, height))
    return down, slice(max(-left, 0), min(columns - left, width))


def boxes_in_view(geometry: Geometry, rectangles: Sequence[Rectangle]) -> list[Box]:
    """Return where rectangles of the image lie in the encoder's view, in whole pixels.

    What is cut off is left out; what is seen at all is at least a pixel wide and high.
    """
    boxes = []
    for left, top, right, bottom in rectangles:
        down = _along(geometry, 0, top, bottom)
        across = _along(geometry, 1, left, right)
        if down is not None and across is not None:
            boxes.append((down, across))
    return boxes


def _along(geometry: Geometry, axis: int, first: float, last: float) -> slice | None:
    scale = geometry.resized_hw[axis] / geometry.orig_hw[axis]
    start, stop = (edge * scale - geometry.offset_yx[axis] for edge in (first, last))
    picture = picture_box(geometry)[axis]
    start, stop = max(start, picture.start), min(stop, picture.stop)
    if start >= stop:
        return None
    begin = min(round(start), picture.stop - 1)
    return slice(begin, max(round(stop), begin + 1))


def border(geometry: Geometry, share: float) -> tuple[Rectangle, ...]:
    """Return the four rectangles that frame the part of an image that the encoder sees.

    Args:
        geometry: of the image.
        share: of that part's height and width, 0 to 0.5, that is taken at each side.
    """
    (top, bottom), (left, right) = (
        [
            (edge + geometry.offset_yx[axis]) * geometry.orig_hw[axis] / geometry.resized_hw[axis]
            for edge in (picture_box(geometry)[axis].start, picture_box(geometry)[axis].stop)
        ]
        for axis in (0, 1)
    )
    down, across = share * (bottom - top), share * (right - left)
    return (
        (left, top, right, top + down),
        (left, bottom - down, right, bottom),
        (left, top + down, left + across, bottom - down),
        (right - across, top + down, right, bottom - down),
    )


def mask_of(shape: tuple[int, ...], boxes: Sequence[Box]) -> Mask:
    """Return bool (S, S), the pixels of a view that lie in boxes."""
    mask = np.zeros(shape[:2], bool)
    for box in boxes:
        mask[box] = True
    return mask


def elsewhere(
    picture: Box, boxes: Sequence[Box], hidden: Mask, random: np.random.Generator
) -> Mask:
    """Return bool (S, S): parts of the same sizes at random places of the picture.

    Each lies where it overlaps least with what is hidden and with those placed before it.
    """
    taken = hidden.copy()
    placed = np.zeros_like(hidden)
    for down, across in sorted(boxes, key=_area, reverse=True):
        height, width = down.stop - down.start, across.stop - across.start
        overlap = _sums(taken[picture], height, width)
        least = np.quantile(overlap, _LEAST, method="lower")
        place = random.choice(np.flatnonzero(overlap <= least))
        top, left = np.unravel_index(place, overlap.shape)
        top, left = int(top) + picture[0].start, int(left) + picture[1].start
        box = slice(top, top + height), slice(left, left + width)
        placed[box] = taken[box] = True
    return placed


def _area(box: Box) -> int:
    down, across = box
    return int((down.stop - down.start) * (across.stop - across.start))


def _sums(mask: Mask, height: int, width: int) -> NDArray[np.int64]:
    """Return how many pixels are set in every window of that size, (H - h + 1, W - w + 1)."""
    sums = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), np.int64)
    sums[1:, 1:] = mask.cumsum(0, np.int64).cumsum(1)
    lower, upper = sums[height:], sums[: sums.shape[0] - height]
    rows = lower - upper
    return np.asarray(rows[:, width:] - rows[:, : rows.shape[1] - width])
