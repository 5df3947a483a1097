"""Words on the map that never overlap: the more important word gets the better place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_GAP = 4.0  # logical px between two words
_CELL = 4.0  # logical px, resolution of what is known about clutter


class Rect(NamedTuple):
    """A rectangle on the screen, logical pixels."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Rect, gap: float = 0.0) -> bool:
        """Whether the two are less than `gap` apart in both directions."""
        return (
            self.x < other.x + other.width + gap
            and other.x < self.x + self.width + gap
            and self.y < other.y + other.height + gap
            and other.y < self.y + self.height + gap
        )

    def within(self, other: Rect) -> bool:
        """Whether this lies wholly in `other`."""
        return (
            self.x >= other.x
            and self.y >= other.y
            and self.x + self.width <= other.x + other.width
            and self.y + self.height <= other.y + other.height
        )


@dataclass(frozen=True, slots=True)
class Label:
    """A word that wants a place.

    Attributes:
        candidates: where it may go, the best place first.
        priority: the higher one is placed first.
        costs: of each candidate; the cheapest free one is taken, of equal ones the first. Empty:
            all cost the same.
        gap: how far it keeps away from other words, logical pixels.
    """

    candidates: tuple[Rect, ...]
    priority: float
    costs: tuple[float, ...] = ()
    gap: float = _GAP


def place(
    labels: Sequence[Label], screen: Rect, obstacles: Iterable[Rect] = ()
) -> list[Rect | None]:
    """Return where each label goes, None where there is no room for it.

    Greedy by priority (ties: the earlier one); a label takes the cheapest of its candidates that
    lies on the screen and touches neither an obstacle nor a label placed before it.
    """
    taken = list(obstacles)
    placed: list[Rect | None] = [None] * len(labels)
    for index in sorted(range(len(labels)), key=lambda i: -labels[i].priority):
        label = labels[index]
        for candidate in _by_cost(label):
            if candidate.within(screen) and not any(
                candidate.overlaps(other, label.gap) for other in taken
            ):
                placed[index] = candidate
                taken.append(candidate)
                break
    return placed


def _by_cost(label: Label) -> list[Rect]:
    if not label.costs:
        return list(label.candidates)
    ranked = sorted(zip(label.costs, range(len(label.costs)), label.candidates, strict=True))
    return [candidate for _, _, candidate in ranked]


def beside(x: float, y: float, width: float, height: float, away: float) -> tuple[Rect, ...]:
    """Return the places right, left, above and below a point, `away` pixels from it."""
    return around(Rect(x, y, 0, 0), width, height, away)


def corners(box: Rect, width: float, height: float, away: float) -> tuple[Rect, ...]:
    """Return the places diagonally above and below a box, `away` pixels from it either way."""
    return tuple(
        Rect(left, top, width, height)
        for top in (box.y - away - height, box.y + box.height + away)
        for left in (box.x + box.width + away, box.x - away - width)
    )


def around(box: Rect, width: float, height: float, away: float) -> tuple[Rect, ...]:
    """Return the places right, left, above and below a box, `away` pixels from it."""
    x, y = box.x + box.width / 2, box.y + box.height / 2
    return (
        Rect(box.x + box.width + away, y - height / 2, width, height),
        Rect(box.x - away - width, y - height / 2, width, height),
        Rect(x - width / 2, box.y - away - height, width, height),
        Rect(x - width / 2, box.y + box.height + away, width, height),
    )


class Clutter:
    """Knows how many points a rectangle on the screen would cover, to a few pixels."""

    def __init__(
        self, x: NDArray[np.floating], y: NDArray[np.floating], width: float, height: float
    ) -> None:
        """Count the points (N,) at logical pixels x, y on a screen of that size."""
        rows, columns = int(height // _CELL) + 1, int(width // _CELL) + 1
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        row, column = (y[inside] // _CELL).astype(np.intp), (x[inside] // _CELL).astype(np.intp)
        counts = np.bincount(row * columns + column, minlength=rows * columns)
        # Sums over all rectangles from the corner: any rectangle is four look-ups.
        self._sums = np.zeros((rows + 1, columns + 1), np.int64)
        self._sums[1:, 1:] = counts.reshape(rows, columns).cumsum(axis=0).cumsum(axis=1)

    def count(self, rect: Rect) -> int:
        """Return about how many points lie under `rect`."""
        rows, columns = self._sums.shape
        top, bottom = (
            min(max(round(value / _CELL), 0), rows - 1) for value in (rect.y, rect.y + rect.height)
        )
        left, right = (
            min(max(round(value / _CELL), 0), columns - 1)
            for value in (rect.x, rect.x + rect.width)
        )
        sums = self._sums
        total = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        return int(total)
