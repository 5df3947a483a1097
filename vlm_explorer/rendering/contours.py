"""Lines of equal value over a map, by marching squares. No Qt here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def contour(values: NDArray[np.floating], level: float) -> Floats:
    """Return the line along which a map, interpolated between its pixels, reaches a level.

    Args:
        values: (rows, columns), at the centres of pixels; no line runs beside a NaN.
        level: what is reached.

    Returns:
        float64 (S, 2, 2): pieces of the line, each from (x, y) to (x, y), in pixels with edges at
        whole numbers.
    """
    above = np.asarray(values, np.float64) - level
    known, high = np.isfinite(above), above >= 0
    whole = known[:-1, :-1] & known[:-1, 1:] & known[1:, :-1] & known[1:, 1:]
    alike = (high[:-1, :-1] == high[:-1, 1:]) & (high[1:, :-1] == high[1:, 1:])
    crossed = whole & ~(alike & (high[:-1, :-1] == high[1:, :-1]))
    rows, columns = np.nonzero(crossed)
    corners = [above[rows + down, columns + right] for down in (0, 1) for right in (0, 1)]
    where = np.stack([columns, rows], axis=1)[:, None] + 0.5
    return np.concatenate([(points + where)[there] for points, there in _pieces(*corners)])


def _pieces(a: Floats, b: Floats, c: Floats, d: Floats) -> list[tuple[Floats, NDArray[np.bool_]]]:
    """Return pieces (N, 2, 2) in squares of unit side, and in which of the squares they are.

    `a` to `d` are the values of the corners upper left, upper right, lower left and lower right.
    A square is crossed once, or twice where only corners across from each other are alike; the
    mean of all four says then which of them belong together.
    """
    nothing, one = np.zeros_like(a), np.ones_like(a)
    top, bottom = np.stack([_zero(a, b), nothing], 1), np.stack([_zero(c, d), one], 1)
    left, right = np.stack([nothing, _zero(a, c)], 1), np.stack([one, _zero(b, d)], 1)
    first, second, third, fourth = a >= 0, b >= 0, c >= 0, d >= 0
    saddle = (first == fourth) & (second == third) & (first != second)
    joined = saddle & (first == (a + b + c + d >= 0))  # upper left and lower right
    apart = saddle & ~joined

    def alone(corner: NDArray[np.bool_], *others: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.asarray(np.logical_and.reduce([corner != other for other in others]))

    return [
        (np.stack([left, top], 1), alone(first, second, third, fourth) | apart),
        (np.stack([right, bottom], 1), alone(fourth, first, second, third) | apart),
        (np.stack([top, right], 1), alone(second, first, third, fourth) | joined),
        (np.stack([bottom, left], 1), alone(third, first, second, fourth) | joined),
        (np.stack([left, right], 1), (first == second) & (third == fourth) & (first != third)),
        (np.stack([top, bottom], 1), (first == third) & (second == fourth) & (first != second)),
    ]


def _zero(start: Floats, end: Floats) -> Floats:
    """Return where between 0 and 1 a straight line from start to end is zero, if it is."""
    fall = start - end
    return np.divide(start, fall, out=np.zeros_like(start), where=fall != 0)
