"""The part of a picture that is in view, as an image; the last one kept."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage

from vlm_explorer.widgets.qimages import to_qimage

_WHOLE = 1_500_000  # pixels up to which a level is windowed whole, not just what is in view
_TILE = 256  # pixels by which the part in view grows
_LIVE = 3_000_000  # pixels above which a coarser level stands in while a drag goes on


class Drawable(Protocol):
    """A picture that can be had piece by piece, at halving sizes."""

    @property
    def version(self) -> object:
        """Differs whenever the pixels do."""

    @property
    def columns(self) -> int:
        """Width in pixels of the image."""

    @property
    def rows(self) -> int:
        """Height in pixels of the image."""

    @property
    def pixel(self) -> tuple[float, float]:
        """Width and height of a pixel; the ratio counts."""

    @property
    def levels(self) -> int:
        """How many sizes there are."""

    def level_for(self, zoom: float) -> int:
        """Return the level to draw at `zoom` device pixels a pixel of the image."""

    def size(self, level: int) -> tuple[int, int]:
        """Return (rows, columns) of a level."""

    def pixels(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        """Return a part of a level as uint8 (rows, columns[, 3])."""


class _Part(NamedTuple):
    """A part of a level, in its pixels."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def area(self) -> int:
        return (self.bottom - self.top) * (self.right - self.left)

    def scaled(self, factor: int) -> QRectF:
        """Return what it covers of the image."""
        width, height = self.right - self.left, self.bottom - self.top
        return QRectF(self.left * factor, self.top * factor, width * factor, height * factor)


class PictureCache:
    """Makes images of what is in view, and anew only when something changed."""

    def __init__(self) -> None:
        self._kept: tuple[object, QImage, QRectF] | None = None

    def get(
        self, picture: Drawable, zoom: float, view: QRectF, *, live: bool
    ) -> tuple[QImage, QRectF]:
        """Return the image of the part in view, and what it covers in pixels of the picture.

        Args:
            picture: to be drawn.
            zoom: device pixels a pixel of the picture.
            view: the part of the picture that the pane shows.
            live: whether speed counts more than sharpness, because a drag goes on.
        """
        level = picture.level_for(zoom)
        part = _part_in_view(picture, level, view)
        if live and part.area > _LIVE:
            level = min(level + 1, picture.levels - 1)
            part = _part_in_view(picture, level, view)
        key = picture.version, level, part
        if self._kept is None or self._kept[0] != key:
            pixels = picture.pixels(level, part.top, part.left, part.bottom, part.right)
            # Qt stretches 32-bit images three times as fast as 8-bit ones
            image = to_qimage(pixels).convertToFormat(QImage.Format.Format_RGB32)
            self._kept = key, image, part.scaled(2**level)
        return self._kept[1], self._kept[2]


def _part_in_view(picture: Drawable, level: int, view: QRectF) -> _Part:
    """Return the part of a level that is in view; a small level whole."""
    rows, columns = picture.size(level)
    if rows * columns <= _WHOLE:
        return _Part(0, 0, rows, columns)
    tile = _TILE * 2**level
    return _Part(
        max(0, math.floor(view.top() / tile) * _TILE),
        max(0, math.floor(view.left() / tile) * _TILE),
        min(rows, math.ceil((view.bottom() + 1) / tile) * _TILE),
        min(columns, math.ceil((view.right() + 1) / tile) * _TILE),
    )
