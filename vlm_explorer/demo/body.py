"""Analytic solids of a synthetic body: their sections by a plane and their chords along a ray.

Patient coordinates are DICOM's (PS3.3 C.7.6.2.1.1): millimetres, x to the patient's left, y to
the back, z to the head. A solid is a superellipsoid |x/a|^n + |y/b|^n + |z/c|^n <= 1, which has
closed forms both for its section by an axial plane and for the interval that a ray parallel to x
or y spends in it, so that slices and projections of one body agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Window = tuple[slice, slice]
Interval = tuple[Array, Array]

_NOWHERE = np.float32(1e6)


@dataclass(frozen=True, slots=True)
class Warp:
    """A smooth displacement, a few sine waves, that makes ideal shapes look grown.

    Attributes:
        waves: (k, 4) wave numbers along u, v, w in 1/mm, and phases.
        amplitude: (k, 2) displacement along u and v in mm.
    """

    waves: NDArray[np.float64]
    amplitude: NDArray[np.float64]

    @staticmethod
    def random(rng: np.random.Generator, size: float, wavelength: float, k: int = 4) -> Warp:
        """Draw `k` waves of about `wavelength` mm and together about `size` mm."""
        direction = rng.normal(size=(k, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        length = wavelength * rng.uniform(0.7, 1.5, size=(k, 1))
        phase = rng.uniform(0, 2 * np.pi, size=(k, 1))
        waves = np.concatenate([direction * 2 * np.pi / length, phase], axis=1)
        return Warp(waves, rng.normal(size=(k, 2)) * size / np.sqrt(k))

    def displacement(self, u: Array, v: Array, w: float | Array = 0.0) -> tuple[Array, Array]:
        """Displacement in mm at points of any common shape."""
        du = np.zeros_like(u)
        dv = np.zeros_like(v)
        for (ku, kv, kw, phase), (au, av) in zip(self.waves, self.amplitude, strict=True):
            wave = np.sin(np.float32(ku) * u + np.float32(kv) * v + (kw * w + phase))
            du += np.float32(au) * wave
            dv += np.float32(av) * wave
        return du, dv


class Grid:
    """The pixels of a picture as points of a plane of the body.

    Attributes:
        u, v: (rows, cols) float32 in mm: x, y of an axial slice; x or y, and z of a projection.
        spacing: mm between neighbouring pixels.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        spacing: float,
        *,
        centre: tuple[float, float] = (0.0, 0.0),
        angle: float = 0.0,
        upward: bool = False,
        warp: Warp | None = None,
        level: float = 0.0,
    ) -> None:
        self.rows, self.cols = shape
        self.spacing = spacing
        self._centre = centre
        self._cos, self._sin = float(np.cos(angle)), float(np.sin(angle))
        self._sign = -1.0 if upward else 1.0
        self._warp, self._level = warp, level
        right = ((np.arange(self.cols) - (self.cols - 1) / 2) * spacing).astype(np.float32)
        down = ((np.arange(self.rows) - (self.rows - 1) / 2) * spacing).astype(np.float32)[:, None]
        self.u: Array = self._cos * right + self._sin * down + np.float32(centre[0])
        upright: Array = np.float32(self._sign) * (self._cos * down - self._sin * right)
        self.v: Array = upright + np.float32(centre[1])
        self._slack = 2.0
        if warp is not None:
            du, dv = warp.displacement(self.u, self.v, level)
            self.u, self.v = self.u + du, self.v + dv
            self._slack += float(np.abs(warp.amplitude).sum())

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        return self.rows, self.cols

    def pixels(self, u: Array, v: Array) -> tuple[Array, Array]:
        """Fractional (row, column) of points of the plane."""
        if self._warp is not None:
            du, dv = self._warp.displacement(u, v, self._level)
            u, v = u - du, v - dv
        p = u - np.float32(self._centre[0])
        q = np.float32(self._sign) * (v - np.float32(self._centre[1]))
        col = (self._cos * p - self._sin * q) / self.spacing + (self.cols - 1) / 2
        row = (self._sin * p + self._cos * q) / self.spacing + (self.rows - 1) / 2
        return row.astype(np.float32), col.astype(np.float32)

    def window(self, u: float, v: float, radius: float) -> Window:
        """The pixels that a disc of `radius` mm around (u, v) can touch."""
        p, q = u - self._centre[0], self._sign * (v - self._centre[1])
        col = (self._cos * p - self._sin * q) / self.spacing + (self.cols - 1) / 2
        row = (self._sin * p + self._cos * q) / self.spacing + (self.rows - 1) / 2
        reach = (radius + self._slack) / self.spacing + 2
        r0, r1 = int(max(0, row - reach)), int(min(self.rows, row + reach + 1))
        c0, c1 = int(max(0, col - reach)), int(min(self.cols, col + reach + 1))
        return slice(r0, max(r0, r1)), slice(c0, max(c0, c1))

    def everywhere(self) -> Window:
        """All pixels."""
        return slice(0, self.rows), slice(0, self.cols)


def _power(base: Array, exponent: float) -> Array:
    if exponent == 2:
        return base * base
    if exponent == 4:
        square = base * base
        return square * square
    return np.abs(base) ** np.float32(exponent)


@dataclass(frozen=True, slots=True)
class Solid:
    """A superellipsoid of one material.

    Attributes:
        material: key of the table of values (HU, or signal) that paints it.
        centre: x, y, z in mm.
        radii: a, b, c in mm.
        angle: rotation about z in radians; only for `power` 2 where a ray is traced.
        power: the exponent n.
        edge: width of the soft edge in mm.
    """

    material: str
    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    angle: float = 0.0
    power: float = 2.0
    edge: float = 1.6

    def shrink(self, z: float) -> float:
        """Size of the section at level z relative to the greatest section; 0 outside."""
        rest = 1.0 - abs((z - self.centre[2]) / self.radii[2]) ** self.power
        return float(max(0.0, rest) ** (1.0 / self.power))

    def field(self, grid: Grid, z: float, window: Window) -> Array:
        """Normalised distance from the centre in the axial plane z: 1 on the surface."""
        scale = max(self.shrink(z), 1e-3)
        dx = grid.u[window] - np.float32(self.centre[0])
        dy = grid.v[window] - np.float32(self.centre[1])
        if self.angle:
            cos, sin = np.float32(np.cos(self.angle)), np.float32(np.sin(self.angle))
            dx, dy = cos * dx + sin * dy, cos * dy - sin * dx
        total = _power(dx / np.float32(self.radii[0] * scale), self.power)
        total = total + _power(dy / np.float32(self.radii[1] * scale), self.power)
        if self.power == 2:
            return np.sqrt(total)
        return total ** np.float32(1.0 / self.power)

    def section(self, grid: Grid, z: float) -> tuple[Window, Array] | None:
        """Where the axial plane z cuts the solid: a window and its coverage in [0, 1]."""
        scale = self.shrink(z)
        a, b = self.radii[0] * scale, self.radii[1] * scale
        if min(a, b) < 0.3 * grid.spacing:
            return None
        window = grid.window(self.centre[0], self.centre[1], float(np.hypot(a, b)))
        distance = (1.0 - self.field(grid, z, window)) * np.float32(min(a, b))
        edge = np.float32(max(self.edge, grid.spacing))
        return window, unit(distance / edge + np.float32(0.5))

    def interval(self, grid: Grid, axis: int, window: Window) -> Interval:
        """Entry and exit of rays parallel to x (axis 0) or y (axis 1) through a projection grid.

        Rays that miss the solid get an empty interval (entry above exit).
        """
        other = 1 - axis
        across: Array = grid.u[window] - np.float32(self.centre[other])
        height = (grid.v[window] - np.float32(self.centre[2])) / np.float32(self.radii[2])
        rest: Array = np.float32(1.0) - _power(height, self.power)
        if self.angle:
            near, far, hit = self._rotated(across, rest, axis)
        else:
            rest = rest - _power(across / np.float32(self.radii[other]), self.power)
            hit = rest > 0
            root = np.sqrt if self.power == 2 else lambda t: t ** np.float32(1.0 / self.power)
            far = np.float32(self.radii[axis]) * np.asarray(root(np.maximum(rest, 0)))
            near = -far
        middle = np.float32(self.centre[axis])
        return np.where(hit, near + middle, _NOWHERE), np.where(hit, far + middle, -_NOWHERE)

    def _rotated(
        self, across: Array, rest: Array, axis: int
    ) -> tuple[Array, Array, NDArray[np.bool_]]:
        cos2, sin2 = np.cos(self.angle) ** 2, np.sin(self.angle) ** 2
        ia, ib = 1 / self.radii[0] ** 2, 1 / self.radii[1] ** 2
        form = (cos2 * ia + sin2 * ib, sin2 * ia + cos2 * ib)
        mixed = np.float32(np.cos(self.angle) * np.sin(self.angle) * (ia - ib))
        along, cross = np.float32(form[axis]), np.float32(form[1 - axis])
        disc = (mixed * across) ** 2 - along * (cross * across**2 - rest)
        root = np.sqrt(np.maximum(disc, 0)) / along
        middle = -mixed * across / along
        return middle - root, middle + root, disc > 0

    def chord(self, grid: Grid, axis: int) -> tuple[Window, Array]:
        """Length in mm that the rays of a projection spend in the solid."""
        other = 1 - axis
        reach = float(np.hypot(max(self.radii[0], self.radii[1]), self.radii[2]))
        window = grid.window(self.centre[other], self.centre[2], reach)
        return window, length(self.interval(grid, axis, window))


def unit(values: Array) -> Array:
    """The values, limited to [0, 1]."""
    return np.asarray(np.clip(values, 0, 1))


def length(*intervals: Interval) -> Array:
    """Length in mm common to the intervals."""
    near, far = intervals[0]
    for other_near, other_far in intervals[1:]:
        near, far = np.maximum(near, other_near), np.minimum(far, other_far)
    return np.maximum(far - near, 0)


def paint(image: Array, window: Window, coverage: Array, value: float | Array) -> None:
    """Lay a value over part of a picture, in place; coverage in [0, 1]."""
    part = image[window]
    part += coverage * (value - part)


def paint_solids(
    image: Array, grid: Grid, z: float, solids: list[Solid], values: dict[str, float]
) -> None:
    """Paint the sections of the solids one over the other, in place."""
    for solid in solids:
        cut = solid.section(grid, z)
        if cut is not None:
            paint(image, *cut, values[solid.material])


def stamp(
    grid: Grid, u: Array, v: Array, radius: Array, *, chords: bool, canvas: Array | None = None
) -> Array:
    """Draw balls around points: the union of their discs, or the greatest of their chords.

    Args:
        grid: the picture.
        u, v: (n,) centres in the plane, mm.
        radius: (n,) mm.
        chords: lengths in mm (for projections) instead of coverage in [0, 1] (for slices).
        canvas: drawn upon in place; a new one if None.
    """
    canvas = np.zeros(grid.shape, np.float32) if canvas is None else canvas
    if len(u) == 0:
        return canvas
    row, col = grid.pixels(u, v)
    size = radius / np.float32(grid.spacing)
    reach = np.ceil(size + 0.5).astype(int)
    for step in np.unique(reach):
        chosen = reach == step
        span = np.arange(-step, step + 1)
        r = np.round(row[chosen]).astype(int)[:, None, None] + span[:, None]
        c = np.round(col[chosen]).astype(int)[:, None, None] + span
        r, c = np.broadcast_arrays(r, c)
        d2 = (r - row[chosen, None, None]) ** 2 + (c - col[chosen, None, None]) ** 2
        wide = size[chosen, None, None]
        if chords:
            value: Array = 2 * np.sqrt(np.maximum(wide**2 - d2, 0)) * grid.spacing
        else:
            value = unit(wide - np.sqrt(d2) + 0.5)
        inside = (value > 0) & (r >= 0) & (r < grid.rows) & (c >= 0) & (c < grid.cols)
        flat = (r * grid.cols + c)[inside]
        np.maximum.at(canvas.reshape(-1), flat, value[inside].astype(np.float32))
    return canvas


def box_of(mask: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """Bounding box x0, y0, x1, y1 (end exclusive) of the true pixels; None if there are none."""
    rows = np.flatnonzero(mask.any(axis=1))
    cols = np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return None
    return int(cols[0]), int(rows[0]), int(cols[-1]) + 1, int(rows[-1]) + 1
