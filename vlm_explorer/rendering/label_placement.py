"""Words on the map that never overlap: the more important word gets the place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_GAP = 4.0  # logical px between two words


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
        x, y: what it names, logical pixels.
        width, height: its size.
        priority: the higher one is placed first.
        clearance: how far beside (x, y) it stands; None: it lies centred on (x, y), or near it.
    """

    x: float
    y: float
    width: float
    height: float
    priority: float
    clearance: float | None = None


def place(
    labels: Sequence[Label], screen: Rect, obstacles: Iterable[Rect] = ()
) -> list[Rect | None]:
    """Return where each label goes, None where there is no room for it.

    Greedy by priority (ties: the earlier one); a label takes the first of its positions that lies
    on the screen and touches neither an obstacle nor a label placed before it.
    """
    taken = list(obstacles)
    placed: list[Rect | None] = [None] * len(labels)
    for index in sorted(range(len(labels)), key=lambda i: -labels[i].priority):
        for candidate in _positions(labels[index]):
            if candidate.within(screen) and not any(candidate.overlaps(t, _GAP) for t in taken):
                placed[index] = candidate
                taken.append(candidate)
                break
    return placed


def _positions(label: Label) -> Iterable[Rect]:
    """Yield where the label may go, the best place first."""
    width, height = label.width, label.height
    left, top = label.x - width / 2, label.y - height / 2
    if label.clearance is None:
        for shift in (0.0, -1.2, 1.2, -2.4, 2.4):
            yield Rect(left, top + shift * height, width, height)
        return
    away = label.clearance
    yield Rect(label.x + away, top, width, height)
    yield Rect(label.x - away - width, top, width, height)
    yield Rect(left, label.y - away - height, width, height)
    yield Rect(left, label.y + away, width, height)
