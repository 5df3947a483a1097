"""Boxes from maps, and how well they meet given boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.localisation import Box, Map, unit_range

IOUS = (0.1, 0.25, 0.5)
THRESHOLD = 0.5
LEAST_SHARE = 0.001


@dataclass(frozen=True, slots=True)
class FoundBox:
    """A box that a map gives, and the greatest value of the map in it."""

    box: Box
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Boxes found in one image, best first, each right or wrong at each of `IOUS`.

    Attributes:
        value: float64 (B,), by which boxes are ranked.
        right: bool (len(IOUS), B).
        given: how many boxes there are to find.
        best_iou: of the best box found with whichever given box it meets most; 0 without boxes.
    """

    value: NDArray[np.float64]
    right: NDArray[np.bool_]
    given: int
    best_iou: float


def boxes_of(
    values: Map, threshold: float = THRESHOLD, *, least_share: float = LEAST_SHARE
) -> list[FoundBox]:
    """Return boxes around the connected parts of a map above a threshold, the highest first.

    Args:
        values: float (rows, columns), NaN where nothing was seen.
        threshold: between the map's least value, 0, and its greatest, 1.
        least_share: of the image that a part must cover to be no speck.
    """
    from scipy import ndimage

    share = np.nan_to_num(unit_range(values))
    if not share.any():
        return []
    parts, _ = ndimage.label(share >= threshold)
    found = []
    for number, place in enumerate(ndimage.find_objects(parts), start=1):
        mine = parts[place] == number
        if np.count_nonzero(mine) < least_share * values.size:
            continue
        down, across = place
        box = (float(across.start), float(down.start), float(across.stop), float(down.stop))
        found.append(FoundBox(box, float(values[place][mine].max())))
    return sorted(found, key=lambda each: -each.value)


def box_iou(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return intersection over union (A, B) of boxes (A, 4) and (B, 4)."""
    corner = np.maximum(one[:, None, :2], other[None, :, :2])
    end = np.minimum(one[:, None, 2:], other[None, :, 2:])
    common = np.clip(end - corner, 0, None).prod(axis=-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=-1) for boxes in (one, other)]
    return np.asarray(common / (areas[0][:, None] + areas[1][None, :] - common))


def match(found: Sequence[FoundBox], given: Sequence[Box]) -> Matches:
    """Match boxes, best first, to given ones; each given box counts once (VOC, Everingham 2010)."""
    value = np.array([each.value for each in found], np.float64)
    right = np.zeros((len(IOUS), len(found)), bool)
    if not found or not given:
        return Matches(value, right, len(given), 0.0)
    overlap = box_iou(
        np.array([each.box for each in found], np.float64), np.array(given, np.float64)
    )
    for row, least in enumerate(IOUS):
        free = np.ones(len(given), bool)
        for number in range(len(found)):
            nearest = int(np.argmax(np.where(free, overlap[number], -1)))
            if free[nearest] and overlap[number, nearest] >= least:
                free[nearest] = False
                right[row, number] = True
    return Matches(value, right, len(given), float(overlap[0].max()))


def detection_precision(
    value: NDArray[np.float64],
    right: NDArray[np.bool_],
    weight: NDArray[np.float64],
    given: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return average precision of boxes pooled over images, for R samples of these at once.

    Precision is made never to rise with recall, and summed over all of it (VOC since 2010). A
    sample of images is told by how often each box is in it.

    Args:
        value: float64 (B,), by which boxes are ranked.
        right: bool (B,).
        weight: float64 (R, B), how often each box counts.
        given: float64 (R,), how many boxes there were to find; NaN comes of 0.
    """
    order = np.argsort(-value, kind="stable")
    weighed = weight[:, order]
    hits = np.cumsum(weighed * right[order], axis=1)
    total = np.cumsum(weighed, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(total > 0, hits / total, 0.0)
        best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        gained = np.diff(hits, axis=1, prepend=0)
        return np.asarray((gained * best).sum(axis=1) / np.where(given > 0, given, np.nan))
