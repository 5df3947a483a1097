"""How well a map lies on a finding: arrays in, figures out, one map at a time.

A map is float (rows, columns) on the image's own pixels, NaN where the encoder saw nothing; such
pixels are left out of every figure. Truth is bool of the same shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]
Mask = NDArray[np.bool_]
Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels; x1 and y1 are excluded

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5)
_ORACLE_STEPS = np.linspace(0.05, 0.95, 19)
_BINS = 256


@dataclass(frozen=True, slots=True)
class MapScores:
    """The figures of one map; NaN where one does not exist for it.

    Attributes:
        hit: 1.0 where the map's maximum lies in the truth, else 0.0; a map without any difference
            points nowhere and misses.
        chance: share of the pixels seen that would be hits.
        energy: share of the map's positive sum that lies in the truth; NaN where none is positive.
        area: share of the pixels seen that are truth, what `energy` is by chance.
        cnr: contrast to noise ratio; NaN where a side has less than two pixels, or none varies.
        miou: mean IoU at `THRESHOLDS` of the map between its least and greatest value.
        iou_otsu, dice_otsu: at Otsu's threshold, which knows the map alone.
        dice_oracle: at the threshold that suits the truth best: an upper bound, no measure.
        average_precision: of single pixels, ranked by the map.
        peak: column and row of the maximum.
        flat: whether the map has no difference anywhere.
    """

    hit: float
    chance: float
    energy: float
    area: float
    cnr: float
    miou: float
    iou_otsu: float
    dice_otsu: float
    dice_oracle: float
    average_precision: float
    peak: tuple[int, int]
    flat: bool


def score_map(values: Map, truth: Mask, *, tolerance: float = 0.0) -> MapScores:
    """Return all figures of a map.

    Args:
        values: float (rows, columns), NaN where nothing was seen.
        truth: bool (rows, columns), with at least one True.
        tolerance: how far beside the truth a maximum still is a hit, in pixels (Zhang et al. 2016
            take 15).

    Raises:
        ValueError: no truth, nothing seen, or shapes that differ.
    """
    if values.shape != truth.shape or not truth.any() or np.isnan(values).all():
        raise ValueError("a map is scored where it was seen, against truth of its shape")
    seen = ~np.isnan(values)
    inside = grown(truth, tolerance)
    row, column = np.unravel_index(int(np.nanargmax(values)), values.shape)
    shown, true = values[seen].astype(np.float64), truth[seen]
    share = unit_range(shown)
    flat = not share.any()
    otsu = share > otsu_threshold(share)
    return MapScores(
        hit=float(inside[row, column] and not flat),
        chance=float(inside[seen].mean()),
        energy=energy_inside(shown, true),
        area=float(true.mean()),
        cnr=contrast_to_noise(shown, true),
        miou=float(np.mean([iou(share >= threshold, true) for threshold in THRESHOLDS])),
        iou_otsu=iou(otsu, true),
        dice_otsu=dice(otsu, true),
        dice_oracle=max(dice(share >= step, true) for step in _ORACLE_STEPS),
        average_precision=average_precision(shown, true),
        peak=(int(column), int(row)),
        flat=flat,
    )


def mask_of_boxes(shape: tuple[int, int], boxes: Sequence[Box]) -> Mask:
    """Return bool (rows, columns): pixels whose centres lie in one of the boxes."""
    mask = np.zeros(shape, bool)
    for x0, y0, x1, y1 in boxes:
        top, bottom = (max(int(np.ceil(edge - 0.5)), 0) for edge in (y0, y1))
        left, right = (max(int(np.ceil(edge - 0.5)), 0) for edge in (x0, x1))
        mask[top:bottom, left:right] = True
    return mask


def grown(truth: Mask, tolerance: float) -> Mask:
    """Return the pixels within `tolerance` pixels of the truth."""
    if tolerance <= 0:
        return truth
    from scipy import ndimage

    near: Mask = ndimage.distance_transform_edt(~truth) <= tolerance
    return near


def unit_range(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return values between the least, 0, and the greatest, 1; all 0 where they are equal."""
    least, greatest = float(np.nanmin(values)), float(np.nanmax(values))
    span = greatest - least
    if not span > 1e-6 * max(abs(least), abs(greatest)):
        return np.zeros(values.shape)
    return np.asarray((values - least) / span, np.float64)


def energy_inside(values: NDArray[np.floating], truth: Mask) -> float:
    """Energy-based pointing game (Wang et al. 2020): share of the positive sum inside."""
    positive = np.clip(values, 0, None)
    total = positive.sum()
    return float(positive[truth].sum() / total) if total > 0 else float("nan")


def contrast_to_noise(values: NDArray[np.floating], truth: Mask) -> float:
    """(mean inside - mean outside) / sqrt(variance inside + variance outside), unbiased, signed."""
    inside, outside = values[truth], values[~truth]
    if min(len(inside), len(outside)) < 2:
        return float("nan")
    noise = float(np.sqrt(inside.var(ddof=1) + outside.var(ddof=1)))
    return float((inside.mean() - outside.mean()) / noise) if noise > 0 else float("nan")


def iou(found: Mask, truth: Mask) -> float:
    """Intersection over union; NaN where both are empty."""
    union = np.count_nonzero(found | truth)
    return np.count_nonzero(found & truth) / union if union else float("nan")


def dice(found: Mask, truth: Mask) -> float:
    """Twice the intersection over the sum of both; NaN where both are empty."""
    both = np.count_nonzero(found) + np.count_nonzero(truth)
    return 2 * np.count_nonzero(found & truth) / both if both else float("nan")


def average_precision(values: NDArray[np.floating], truth: Mask) -> float:
    """Area below precision over recall, in steps; pixels of equal value count at once."""
    order = np.argsort(-values, kind="stable")
    ranked = values[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    hits = np.cumsum(truth[order])[last]
    if not hits[-1]:
        return float("nan")
    gained = np.diff(hits, prepend=0) / hits[-1]
    return float((gained * hits / (last + 1)).sum())


def otsu_threshold(share: NDArray[np.float64]) -> float:
    """Return the threshold of a map within 0..1 that parts it best (Otsu 1979, 256 bins)."""
    counts, edges = np.histogram(share, bins=_BINS, range=(0, 1))
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = sums / below - (sums[-1] - sums) / above
    between = np.where((below > 0) & (above > 0), below * above * apart**2, 0.0)
    return float(edges[int(np.argmax(between)) + 1])
