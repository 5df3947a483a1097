"""Flips, quarter turns, and the letters that say which way the patient lies. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# (towards +, towards -) along x, y, z of the patient, DICOM PS3.3 C.7.6.2.1.1: +x is the
# patient's left, +y the back, +z the head.
_LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))
_THRESHOLD = 1e-4  # of a direction cosine, below which an axis plays no part


@dataclass(frozen=True, slots=True)
class Orientation:
    """How the image's axes lie on the screen: screen = matrix @ (column, row), y down.

    One of the eight quarter turns with or without a mirror image.

    Attributes:
        xx, xy: the first row of the matrix, screen x from column and row.
        yx, yy: the second row, screen y from column and row.
    """

    xx: int = 1
    xy: int = 0
    yx: int = 0
    yy: int = 1

    def _then(self, xx: int, xy: int, yx: int, yy: int) -> Orientation:
        return Orientation(
            xx * self.xx + xy * self.yx,
            xx * self.xy + xy * self.yy,
            yx * self.xx + yy * self.yx,
            yx * self.xy + yy * self.yy,
        )

    def turned_right(self) -> Orientation:
        """Turn what is on the screen by 90 degrees clockwise."""
        return self._then(0, -1, 1, 0)

    def turned_left(self) -> Orientation:
        """Turn what is on the screen by 90 degrees counterclockwise."""
        return self._then(0, 1, -1, 0)

    def flipped_horizontally(self) -> Orientation:
        """Swap left and right of what is on the screen."""
        return self._then(-1, 0, 0, 1)

    def flipped_vertically(self) -> Orientation:
        """Swap top and bottom of what is on the screen."""
        return self._then(1, 0, 0, -1)

    @property
    def mirrored(self) -> bool:
        """Whether the picture is a mirror image."""
        return self.xx * self.yy - self.xy * self.yx < 0

    @property
    def sideways(self) -> bool:
        """Whether rows and columns have swapped places."""
        return self.xx == 0

    def describe(self) -> str:
        """Return what was done to the picture in words; empty for nothing."""
        upright = self.flipped_horizontally() if self.mirrored else self
        turns = {(1, 0): "", (0, 1): "turned 90° right", (-1, 0): "turned 180°"}
        turn = turns.get((upright.xx, upright.yx), "turned 90° left")
        return ", ".join(part for part in (turn, "mirrored" * self.mirrored) if part).capitalize()

    def image_direction(self, x: int, y: int) -> tuple[int, int]:
        """Return the (column, row) direction that points to (x, y) on the screen."""
        return self.xx * x + self.yx * y, self.xy * x + self.yy * y


UPRIGHT = Orientation()


@dataclass(frozen=True, slots=True)
class EdgeLetters:
    """Which way the patient lies at the four edges of the screen, dominant letter first."""

    left: str
    right: str
    top: str
    bottom: str


def _letters_of(direction: np.ndarray) -> str:
    """Return up to three letters for a direction in the patient, the dominant first."""
    order = np.argsort(-np.abs(direction), kind="stable")
    return "".join(
        _LETTERS[axis][0 if direction[axis] > 0 else 1]
        for axis in order
        if abs(direction[axis]) > _THRESHOLD
    )


def edge_letters(
    cosines: Sequence[float] | None, orientation: Orientation = UPRIGHT
) -> EdgeLetters | None:
    """Return the letters at the screen's edges, or None where the file does not say.

    Args:
        cosines: ImageOrientationPatient, PS3.3 C.7.6.2: the direction in the patient of growing
            column number (three cosines) and of growing row number (three).
        orientation: the flips and turns of the display.
    """
    if cosines is None or len(cosines) != 6 or not np.all(np.isfinite(cosines)):
        return None
    along_row, along_column = np.asarray(cosines, np.float64).reshape(2, 3)
    if min(np.linalg.norm(along_row), np.linalg.norm(along_column)) < _THRESHOLD:
        return None

    def at(x: int, y: int) -> str:
        column, row = orientation.image_direction(x, y)
        return _letters_of(column * along_row + row * along_column)

    return EdgeLetters(left=at(-1, 0), right=at(1, 0), top=at(0, -1), bottom=at(0, 1))
