"""The graphics that a file draws on its picture: 60xx overlay planes (PS3.3 C.9.2)."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter, QTransform

from vlm_explorer.pixels.overlays import OverlayPlane
from vlm_explorer.widgets.theme import theme


class FileGraphics:
    """Draws the planes of a frame; their image is kept until others are to be drawn."""

    def __init__(self) -> None:
        self._kept: tuple[object, QImage] | None = None

    def paint(
        self,
        painter: QPainter,
        planes: tuple[OverlayPlane, ...],
        transform: QTransform,
        zoom: float,
    ) -> None:
        """Draw the planes where they lie on the scan.

        Args:
            painter: in logical pixels of the pane.
            planes: of one frame, all of its size.
            transform: from pixels of the image to those of the pane.
            zoom: device pixels a pixel of the image. Below 1 neighbouring pixels are drawn as
                one, so that no thin line is lost.
        """
        step = max(1, math.ceil(1 / zoom))
        key = planes, step, theme().name
        if self._kept is None or self._kept[0] != key:
            self._kept = key, _graphics(planes, step)
        image = self._kept[1]
        rows, columns = planes[0].mask.shape
        painter.save()
        painter.setTransform(transform, combine=True)
        painter.setClipRect(QRectF(0, 0, columns, rows))
        painter.drawImage(QRectF(0, 0, image.width() * step, image.height() * step), image)
        painter.restore()


def _graphics(planes: tuple[OverlayPlane, ...], step: int) -> QImage:
    drawn = np.logical_or.reduce([plane.mask for plane in planes])
    rows, columns = (-(-size // step) for size in drawn.shape)
    padded = np.zeros((rows * step, columns * step), np.bool_)
    padded[: drawn.shape[0], : drawn.shape[1]] = drawn
    reduced = padded.reshape(rows, step, columns, step).any(axis=(1, 3))
    colour = theme().colour("graphics").rgba()
    pixels = np.where(reduced, np.uint32(colour), np.uint32(0))
    image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_ARGB32)
    return image.copy()  # the array is freed on return
