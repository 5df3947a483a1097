"""The one place where arrays become QImages, and QImages arrays."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage, QPainter

_FORMATS = {
    1: QImage.Format.Format_Grayscale8,
    3: QImage.Format.Format_RGB888,
    4: QImage.Format.Format_RGBA8888,
}


def to_qimage(array: np.ndarray) -> QImage:
    """Return a QImage that owns its bytes.

    Args:
        array: uint8 (rows, columns), (rows, columns, 3) RGB or (rows, columns, 4) RGBA with
            straight alpha.

    Raises:
        ValueError: another shape or dtype.
    """
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or channels not in _FORMATS:
        raise ValueError(f"no image of shape {array.shape} and type {array.dtype}")
    packed = np.ascontiguousarray(array)
    rows, columns = packed.shape[:2]
    image = QImage(packed.data, columns, rows, columns * channels, _FORMATS[channels])
    return image.copy()  # the array may be changed or freed later


def to_pixels(image: QImage) -> np.ndarray:
    """Return the pixels of an image as RGB, uint8 (rows, columns, 3); transparency lies on black.

    Args:
        image: not empty.
    """
    opaque = QImage(image.size(), QImage.Format.Format_RGB888)
    opaque.fill(0)
    painter = QPainter(opaque)
    painter.drawImage(0, 0, image)
    painter.end()
    rows, columns, stride = opaque.height(), opaque.width(), opaque.bytesPerLine()
    flat = np.frombuffer(opaque.constBits(), np.uint8, rows * stride).reshape(rows, stride)
    return flat[:, : columns * 3].reshape(rows, columns, 3).copy()
