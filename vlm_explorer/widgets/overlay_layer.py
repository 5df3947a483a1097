"""The saliency overlay on the canvas: what its view-model says, drawn anew only where it must."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRectF, Slot
from PySide6.QtGui import QImage

from vlm_explorer.viewmodels.saliency_display import DisplayedMap, Rectangle
from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.viewer_layers import ViewerLayers
from vlm_explorer.widgets.image_canvas import ImageCanvas
from vlm_explorer.widgets.saliency_overlay import ContourLine, Overlay
from vlm_explorer.widgets.saliency_picture import to_lines, to_picture


class OverlayLayer(QObject):
    """Joins a canvas and the overlay on it."""

    def __init__(self, canvas: ImageCanvas, saliency: SaliencyModel, layers: ViewerLayers) -> None:
        super().__init__(canvas)
        self._canvas, self._saliency, self._layers = canvas, saliency, layers
        self._map: tuple[DisplayedMap, bool, QImage | None, list[ContourLine]] | None = None
        saliency.changed.connect(self.take)
        layers.changed.connect(self.take)

    @Slot()
    def take(self) -> None:
        """Lay the map over the picture, if it is to be seen."""
        saliency, shown = self._saliency, self._saliency.shown
        self._canvas.show_squares(saliency.choice.squares)
        if shown is None or saliency.choice.hidden:
            seen = _rectangle(self._layers.seen())
            self._canvas.set_overlay(Overlay(seen=seen) if seen is not None else None)
            return
        image, lines = self._drawn(shown, contours=saliency.choice.contours)
        self._canvas.set_overlay(
            Overlay(
                image,
                saliency.choice.opacity,
                not saliency.choice.squares,
                _rectangle(saliency.seen),
                _rectangle(saliency.cell),
                tuple(filter(None, map(_rectangle, saliency.outliers))),
                lines,
                saliency.choice.edge,
            )
        )

    def _drawn(
        self, shown: DisplayedMap, *, contours: bool
    ) -> tuple[QImage | None, list[ContourLine]]:
        """Return a map in colours or in lines; what was drawn last is not drawn anew."""
        if self._map is None or self._map[:2] != (shown, contours):
            image = None if contours else to_picture(shown)
            self._map = shown, contours, image, to_lines(shown) if contours else []
        return self._map[2:]


def _rectangle(edges: Rectangle | None) -> QRectF | None:
    if edges is None:
        return None
    left, top, right, bottom = edges
    return QRectF(left, top, right - left, bottom - top)
