"""Lengths, angles and regions on a scan: their geometry, their figures, their words. No Qt.

Points are (x, y) in pixels of the image with edges at whole numbers, as in `viewer_camera`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.pixels.frame import (
    ASPECT_RATIO,
    AT_DETECTOR,
    IN_PATIENT,
    ULTRASOUND_REGION,
    Frame,
)
from vlm_explorer.pixels.ultrasound_regions import region_of
from vlm_explorer.viewmodels.viewer_words import plain_number

Point = tuple[float, float]


class Kind(StrEnum):
    """What is measured."""

    LENGTH = "length"
    ANGLE = "angle"
    ELLIPSE = "ellipse"
    RECTANGLE = "rectangle"
    HIDE = "hide"  # a rectangle that is measured by what the encoder says without it

    @property
    def is_region(self) -> bool:
        """Whether it encloses pixels."""
        return self in (Kind.ELLIPSE, Kind.RECTANGLE, Kind.HIDE)


@dataclass(frozen=True, slots=True)
class Measurement:
    """Something measured on an image.

    Attributes:
        kind: what.
        points: two ends of a length; end, vertex and end of an angle; two opposite corners of
            a region, whose sides run along rows and columns.
    """

    kind: Kind
    points: tuple[Point, ...]

    def with_point(self, index: int, x: float, y: float) -> Measurement:
        """Return it with one of its points elsewhere."""
        points = list(self.points)
        points[index] = x, y
        return replace(self, points=tuple(points))

    def moved(self, dx: float, dy: float) -> Measurement:
        """Return it elsewhere as a whole."""
        return replace(self, points=tuple((x + dx, y + dy) for x, y in self.points))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of all its points."""
        xs, ys = zip(*self.points, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True, slots=True)
class Scale:
    """What a pixel measures.

    Attributes:
        dx, dy: its width and height in `unit`.
        unit: `mm`, or `px` where the file tells no size.
        kind: what the size holds for where that is not the patient: `at detector`; else "".
    """

    dx: float = 1.0
    dy: float = 1.0
    unit: str = "px"
    kind: str = ""

    @classmethod
    def of(cls, frame: Frame, box: tuple[float, float, float, float] | None = None) -> Scale:
        """Return the scale of a frame; a mere ratio keeps angles right, but gives no length.

        In an ultrasound picture with regions it is that of the region that holds `box`, in which
        something is measured; what lies in none of them, or across two, is measured in pixels.
        """
        spacing = frame.spacing
        if spacing is not None and frame.spacing_kind == ULTRASOUND_REGION and frame.regions:
            region = region_of(frame.regions, box) if box is not None else None
            spacing = region.spacing if region is not None else None
        if spacing is None:
            return cls()
        row, column = spacing
        if frame.spacing_kind == ASPECT_RATIO:
            return cls(1.0, row / column)
        plain = frame.spacing_kind in ("", IN_PATIENT)
        return cls(column, row, "mm", "" if plain else frame.spacing_kind)


@dataclass(frozen=True, slots=True)
class RegionFigures:
    """What the pixels whose centres lie in a region hold.

    Attributes:
        pixels: how many there are, without padding.
        area: of the drawn shape, in the square of the scale's unit.
        mean, deviation, lowest, highest: of their modality values; the deviation is that of these
            pixels, not an estimate for others (divided by n). None for colour and where n is 0.
    """

    pixels: int
    area: float
    mean: float | None = None
    deviation: float | None = None
    lowest: float | None = None
    highest: float | None = None


def length_of(measurement: Measurement, scale: Scale) -> float:
    """Return the distance of the first two points in the scale's unit."""
    (x0, y0), (x1, y1) = measurement.points[:2]
    return math.hypot((x1 - x0) * scale.dx, (y1 - y0) * scale.dy)


def angle_of(measurement: Measurement, scale: Scale) -> float:
    """Return the angle at the second point, 0 to 180 degrees."""
    (x0, y0), (x, y), (x1, y1) = measurement.points
    first = math.atan2((y0 - y) * scale.dy, (x0 - x) * scale.dx)
    second = math.atan2((y1 - y) * scale.dy, (x1 - x) * scale.dx)
    turn = abs(math.degrees(first - second))
    return min(turn, 360.0 - turn)


def region_mask(
    measurement: Measurement, rows: int, columns: int
) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
    """Return the rows and columns that a region touches, and which pixels there lie within.

    A pixel lies within if its centre does; none lies within what has no area.
    """
    left, top, right, bottom = measurement.box
    if left == right or top == bottom:
        return (slice(0, 0), slice(0, 0)), np.zeros((0, 0), np.bool_)
    # the pixel of column c has its centre at c + 0.5
    first_x, last_x = max(0, math.ceil(left - 0.5)), min(columns, math.floor(right - 0.5) + 1)
    first_y, last_y = max(0, math.ceil(top - 0.5)), min(rows, math.floor(bottom - 0.5) + 1)
    where = slice(first_y, max(first_y, last_y)), slice(first_x, max(first_x, last_x))
    shape = where[0].stop - where[0].start, where[1].stop - where[1].start
    if measurement.kind is not Kind.ELLIPSE:
        return where, np.ones(shape, np.bool_)
    half_x, half_y = (right - left) / 2, (bottom - top) / 2
    x = (np.arange(where[1].start, where[1].stop) + 0.5 - (left + right) / 2) / half_x
    y = (np.arange(where[0].start, where[0].stop) + 0.5 - (top + bottom) / 2) / half_y
    return where, x[None, :] ** 2 + y[:, None] ** 2 <= 1.0


def region_figures(measurement: Measurement, frame: Frame, scale: Scale) -> RegionFigures:
    """Return what lies in a region."""
    rows, columns = frame.values.shape[:2]
    where, mask = region_mask(measurement, rows, columns)
    if frame.padding is not None:
        mask = mask & ~frame.padding[where]
    left, top, right, bottom = measurement.box
    area = (right - left) * scale.dx * (bottom - top) * scale.dy
    area *= math.pi / 4 if measurement.kind is Kind.ELLIPSE else 1.0
    count = int(np.count_nonzero(mask))
    if frame.is_colour or not count:
        return RegionFigures(count, area)
    values = frame.values[where][mask].astype(np.float64)
    return RegionFigures(
        count,
        area,
        float(values.mean()),
        float(values.std()),
        float(values.min()),
        float(values.max()),
    )


def describe(measurement: Measurement, frame: Frame) -> tuple[str, ...]:
    """Return what was measured in words, with units, one figure or pair of them a line."""
    scale = Scale.of(frame, measurement.box)
    if measurement.kind is Kind.HIDE:
        return ()
    if measurement.kind is Kind.LENGTH:
        return (_with_kind(f"{_size(length_of(measurement, scale))} {scale.unit}", scale),)
    if measurement.kind is Kind.ANGLE:
        return (_with_kind(f"{angle_of(measurement, scale):.1f}°", scale),)
    figures = region_figures(measurement, frame, scale)
    sizes = (
        _with_kind(f"Area {_size(figures.area)} {scale.unit}²", scale),
        f"{figures.pixels:,} {'pixel' if figures.pixels == 1 else 'pixels'}",
    )
    if figures.mean is None or figures.deviation is None:
        return sizes
    assert figures.lowest is not None
    assert figures.highest is not None
    unit = f" {frame.unit}".rstrip()
    return (
        f"Mean {_figure(figures.mean)}{unit}, SD {_figure(figures.deviation)}",
        f"Min {_figure(figures.lowest)}, max {_figure(figures.highest)}",
        *sizes,
    )


def _with_kind(words: str, scale: Scale) -> str:
    """Say what the size of a pixel holds for: "12.4 mm at detector", "12.4 mm (calibrated)"."""
    if not scale.kind:
        return words
    return f"{words} {scale.kind}" if scale.kind == AT_DETECTOR else f"{words} ({scale.kind})"


def _size(value: float) -> str:
    """Return a length or area with a decimal at most: no hand points more exactly."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 or value == 0 else f"{value:.2g}"


def _figure(value: float) -> str:
    """Return a value as a region shows it: a decimal at most where it is large."""
    return plain_number(round(value, 1) if abs(value) >= 10 else value, 4)
