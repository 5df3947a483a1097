"""Saliency values to colours: perceptual, and the clearer the farther from zero."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QLineF
from PySide6.QtGui import QColor, QImage

from vlm_explorer.rendering.colour_maps import colour_map
from vlm_explorer.viewmodels.saliency_display import DisplayedMap, contour_lines
from vlm_explorer.widgets.qimages import to_qimage
from vlm_explorer.widgets.saliency_overlay import ContourLine

_WIDEST = 2.5  # px of a line at the greatest value


def colours(shown: DisplayedMap) -> np.ndarray:
    """Return a map as uint8 (h, w, 4), straight alpha.

    Where low values fade, alpha is proportional to the magnitude over the range of the colours, so
    that the anatomy stays where little happens. It is 0 where the encoder saw nothing, and
    everywhere without signal.
    """
    strengths = shown.strengths()
    unseen = ~np.isfinite(strengths)
    strengths = np.clip(np.where(unseen, 0.5 if shown.signed else 0.0, strengths), 0.0, 1.0)
    magnitude = np.abs(2 * strengths - 1) if shown.signed else strengths
    rgba = np.empty((*strengths.shape, 4), np.uint8)
    rgba[..., :3] = colour_map(shown.signed, shown.palette)[
        np.rint(255 * strengths).astype(np.uint8)
    ]
    rgba[..., 3] = np.rint(255 * magnitude) if shown.fade else 255
    rgba[unseen, 3] = 0
    if shown.flat:
        rgba[..., 3] = 0
    return rgba


def to_lines(shown: DisplayedMap) -> list[ContourLine]:
    """Return a map's lines of equal value, the stronger the wider, in the map's colours."""
    table = colour_map(shown.signed, shown.palette)
    span = (shown.high - shown.low) or 1.0
    lines, greatest = [], float(np.nanmax(np.abs(shown.values)))
    for value, pieces in contour_lines(shown):
        place = min(max((value - shown.low) / span, 0.0), 1.0)
        path = [QLineF(*start, *end) for start, end in pieces.tolist()]
        colour = QColor(*table[round(255 * place)].tolist())
        lines.append(ContourLine(path, colour, _WIDEST * abs(value) / greatest))
    return lines


def to_picture(shown: DisplayedMap) -> QImage:
    """Return a map as an image to lay over the picture."""
    return to_qimage(colours(shown)).convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
