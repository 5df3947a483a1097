"""The graphics that a file draws on its picture: 60xx overlay planes (PS3.3 C.9.2)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter, QTransform

from vlm_explorer.widgets.qimages import to_qimage
from vlm_explorer.widgets.theme import theme


class FileGraphics:
    """Draws a file's graphics; their image is kept until others are to be drawn."""

    def __init__(self) -> None:
        self._kept: tuple[NDArray[np.bool_], tuple[int, str], QImage] | None = None

    def paint(
        self, painter: QPainter, drawn: NDArray[np.bool_], transform: QTransform, zoom: float
    ) -> None:
        """Draw the graphics where they lie on the scan.

        Args:
            painter: in logical pixels of the pane.
            drawn: bool (rows, columns) of the scan.
            transform: from pixels of the image to those of the pane.
            zoom: device pixels a pixel of the image. Below 1 neighbouring pixels are drawn as
                one, so that no thin line is lost.
        """
        step = max(1, math.ceil(1 / zoom))
        key = step, theme().name
        if self._kept is None or self._kept[0] is not drawn or self._kept[1] != key:
            self._kept = drawn, key, _image(drawn, step)
        image = self._kept[2]
        rows, columns = drawn.shape
        painter.save()
        painter.setTransform(transform, combine=True)
        painter.setClipRect(QRectF(0, 0, columns, rows))
        painter.drawImage(QRectF(0, 0, image.width() * step, image.height() * step), image)
        painter.restore()


def _image(drawn: NDArray[np.bool_], step: int) -> QImage:
    """Return the graphics in their colour on nothing, `step` x `step` pixels as one."""
    rows, columns = (-(-size // step) for size in drawn.shape)
    padded = np.zeros((rows * step, columns * step), np.bool_)
    padded[: drawn.shape[0], : drawn.shape[1]] = drawn
    reduced = np.asarray(padded.reshape(rows, step, columns, step).any(axis=(1, 3)))
    colour = theme().colour("graphics")
    rgba = np.array([colour.red(), colour.green(), colour.blue(), 255], np.uint8)
    return to_qimage(reduced[..., None] * rgba)
