"""The compiled loops behind `fast_tone` and the lasso; importing this module compiles them.

What was compiled is kept beside this module, or in the user's own cache where that cannot be.

Each does what a few lines of `density` do in numpy, in one pass over its data, without the GIL.
`part` is a pair (first, last) of rows of the picture or of points, so that two threads can share a
picture. A point's place is its pixel's row << 16 | column, or OUTSIDE.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit  # noqa: TID253 - imported by need only

OUTSIDE = np.uint32(0xFFFFFFFF)


def _compiled(signature: str) -> Callable[[Callable[..., Any]], Any]:
    def decorate(function: Callable[..., Any]) -> Any:
        try:
            return njit(signature, nogil=True, cache=True, error_model="numpy")(function)
        except (RuntimeError, OSError):  # there is no folder that it could be kept in
            return njit(signature, nogil=True, error_model="numpy")(function)

    return decorate


@_compiled(
    "int64(UniTuple(int64, 2), float32[:, ::1], float32[::1], float32, UniTuple(int64, 2),"
    "int8[::1], uint8[::1], boolean[::1], uint32[::1], int64[:, ::1])"
)
def place(part, xy, transform, edge, shape, level, codes, hollow, places, found):  # type: ignore[no-untyped-def]  # noqa: ANN201, ANN001
    """Put points into pixels; return how many are in view or within `edge` of it.

    `transform` holds the factor and the shift of x, those of y, and the device pixel ratio;
    `found` counts the points inside by level and code, those of hollow points after the others.
    """
    rows, columns = shape
    size = found.shape[1] // 2
    near = 0
    for i in range(part[0], part[1]):
        places[i] = OUTSIDE
        if level[i] < 0:
            continue
        x = (xy[i, 0] * transform[0] + transform[1]) * transform[4]
        y = (xy[i, 1] * transform[2] + transform[3]) * transform[4]
        if not (x > -edge and x < columns + edge and y > -edge and y < rows + edge):
            continue  # also where there is no number
        near += 1
        if x >= 0 and x < columns and y >= 0 and y < rows:
            places[i] = np.uint32((np.int64(y) << 16) | np.int64(x))
            found[level[i], codes[i] + size * hollow[i]] += 1
    return near


@_compiled(
    "int64(float32[:, ::1], float32[::1], float32, UniTuple(int64, 2), int8[::1], int64[::1])"
)
def collect_near(xy, transform, edge, shape, level, index):  # type: ignore[no-untyped-def]  # noqa: ANN201, ANN001
    """Write the numbers of the points that `place` counts into `index`; return how many."""
    rows, columns = shape
    near = 0
    for i in range(len(level)):
        if level[i] < 0:
            continue
        x = (xy[i, 0] * transform[0] + transform[1]) * transform[4]
        y = (xy[i, 1] * transform[2] + transform[3]) * transform[4]
        if x > -edge and x < columns + edge and y > -edge and y < rows + edge:
            index[near] = i
            near += 1
    return near


@_compiled("int64(uint32[::1], int8[::1], int8, uint8[::1], boolean[::1], int64[::1])")
def collect_codes(places, level, layer, codes, wanted, index):  # type: ignore[no-untyped-def]  # noqa: ANN201, ANN001
    """Write the numbers of the points of a layer whose code is `wanted`; return how many."""
    count = 0
    for i in range(len(places)):
        if level[i] == layer and wanted[codes[i]] and places[i] != OUTSIDE:
            index[count] = i
            count += 1
    return count


@_compiled(
    "void(UniTuple(int64, 2), uint32[::1], int8[::1], int8, uint8[::1], boolean[::1],"
    "float32[:, ::1], int64, float32[:, ::1], float32[:, ::1])"
)
def pour(part, places, level, layer, codes, hollow, light, cell, counts, mixture):  # type: ignore[no-untyped-def]  # noqa: ANN201, ANN001
    """Count the points of a layer by pixel, and add up their light by cell.

    `light` holds for each code its weight and its weighted red, green and blue; `mixture` is
    (rows of cells, 4 * columns of cells). Only the rows of `part` are written, so that it must
    begin with a row of cells.
    """
    size = len(light) // 2
    first, last = part
    for i in range(len(places)):
        if level[i] != layer:
            continue
        row = np.int64(places[i] >> np.uint32(16))
        if row < first or row >= last:
            continue
        column = np.int64(places[i] & np.uint32(0xFFFF))
        counts[row, column] += 1
        code = codes[i] + size * hollow[i]
        cells = mixture[row // cell]
        at = column // cell * 4
        cells[at] += light[code, 0]
        cells[at + 1] += light[code, 1]
        cells[at + 2] += light[code, 2]
        cells[at + 3] += light[code, 3]


@_compiled("void(UniTuple(int64, 2), float32[:, ::1], float32[::1], int64, float32[:, ::1])")
def spread(part, grid, kernel, stride, answer):  # type: ignore[no-untyped-def]  # noqa: ANN201, ANN001
    """Convolve with `kernel` along both axes, zero outside; neighbours lie `stride` apart."""
    rows, width = grid.shape
    reach = len(kernel) // 2
    margin = reach * stride
    line = np.zeros(width + 2 * margin, np.float32)
    for row in range(part[0], part[1]):
        middle = line[margin : margin + width]
        middle[:] = 0
        for step in range(-reach, reach + 1):
            if row + step >= 0 and row + step < rows:
                weight = kernel[reach + step]
                near = grid[row + step]
                for column in range(width):
                    middle[column] += weight * near[column]
        out = answer[row]
        out[:] = 0
        for step in range(-reach, reach + 1):
            weight = kernel[reach + step]
            shifted = line[margin + step * stride : margin + step * stride + width]
            for column in range(width):
                out[column] += weight * shifted[column]


@_compiled("void(UniTuple(int64, 2), float32[:, ::1], float32[::1])")
def mix(part, mixture, to_srgb):  # type: ignore[no-untyped-def]  # noqa: ANN201, ANN001
    """Turn weight and weighted light, in place, into weight, red, green and blue (0 to 255)."""
    steps = np.float32(len(to_srgb) - 1)
    half = np.float32(0.5)
    for row in range(part[0], part[1]):
        cells = mixture[row]
        for at in range(0, len(cells), 4):
            total = cells[at]
            if total <= 0:
                continue
            for channel in range(1, 4):
                share = cells[at + channel] / total * steps + half
                cells[at + channel] = to_srgb[np.int64(min(share, steps))]


@_compiled("int64(float32[:, ::1], float32, float32[::1])")
def collect_above(density, least, values):  # type: ignore[no-untyped-def]  # noqa: ANN201, ANN001
    """Write the densities above `least`, in their order, into `values`; return how many."""
    count = 0
    flat = density.ravel()
    for i in range(len(flat)):
        values[count] = flat[i]
        count += flat[i] > least
    return count


@_compiled(
    "void(UniTuple(int64, 2), uint8[:, :, ::1], float32[:, ::1], float32[:, ::1], int64,"
    "float32, float32, float32[::1], float32[::1], float32)"
)
def shade(part, canvas, density, mixture, cell, least, per_root, opacity, glow, light):  # type: ignore[no-untyped-def]  # noqa: ANN201, ANN001
    """Lay the tone over the canvas; opacity and glow are looked up by the root of density."""
    columns = density.shape[1]
    half = np.float32(0.5)
    for row in range(part[0], part[1]):
        cells = mixture[row // cell]
        for column in range(columns):
            here = density[row, column]
            if here <= least:
                continue
            step = np.int64(np.sqrt(here) * per_root)
            share, lift = opacity[step], glow[step]
            at = column // cell * 4
            for channel in range(3):
                lit = cells[at + channel + 1]
                lit += (light - lit) * lift
                under = np.float32(canvas[row, column, channel])
                canvas[row, column, channel] = np.uint8(under + (lit - under) * share + half)


@_compiled(
    "void(float32[:, ::1], float64[::1], float64, int64[::1], int64[::1], float64[:, ::1],"
    "boolean[::1])"
)
def enclose(xy, box, per_unit, starts, edges, outline, inside):  # type: ignore[no-untyped-def]  # noqa: ANN201, ANN001
    """Find the points inside an outline, by the even-odd rule; `inside` is False at first.

    `box` is x0, y0, x1, y1 of the outline. Its height is parted into strips, `per_unit` in a unit;
    the edges that may cross strip s are `edges[starts[s] : starts[s + 1]]`, each a row
    x0, y0, x1, y1 of `outline`.
    """
    for i in range(len(xy)):
        x, y = np.float64(xy[i, 0]), np.float64(xy[i, 1])
        if not (x >= box[0] and x <= box[2] and y >= box[1] and y <= box[3]):
            continue
        odd = False
        strip = np.int64((y - box[1]) * per_unit)
        for at in range(starts[strip], starts[strip + 1]):
            edge = outline[edges[at]]
            # half-open: a vertex belongs to the edge above it
            if (edge[1] <= y) != (edge[3] <= y):
                crossing = edge[0] + (y - edge[1]) * ((edge[2] - edge[0]) / (edge[3] - edge[1]))
                odd ^= x < crossing
        inside[i] = odd
