"""Where an image lies in the pane: zoom, pan, turns, and the way back to its pixels. No Qt.

Image coordinates are (x, y) in pixels with edges at whole numbers: the pixel of row r and column
c covers c..c+1, r..r+1. Screen coordinates are logical pixels of the pane, y down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from vlm_explorer.viewmodels.viewer_orientation import UPRIGHT, Orientation

ZOOM_MAX = 64.0  # device pixels a pixel of the image


@dataclass(frozen=True, slots=True)
class Camera:
    """How an image of `columns` x `rows` is placed in a pane.

    Attributes:
        columns, rows: the image's size.
        pixel: width and height of one of its pixels; only their ratio counts, the smaller is 1.
        width, height: the pane's size in logical pixels.
        device_ratio: device pixels a logical pixel.
        orientation: flips and turns.
        centre: the image's point in the middle of the pane.
        zoom: device pixels a pixel of the image (along the shorter side of a pixel).
        fitted: whether the whole image is kept in view when the pane changes its size.
    """

    columns: int = 1
    rows: int = 1
    pixel: tuple[float, float] = (1.0, 1.0)
    width: float = 1.0
    height: float = 1.0
    device_ratio: float = 1.0
    orientation: Orientation = UPRIGHT
    centre: tuple[float, float] = (0.5, 0.5)
    zoom: float = 1.0
    fitted: bool = True

    def matrix(self) -> tuple[float, float, float, float, float, float]:
        """Return (m11, m12, m21, m22, dx, dy) as in QTransform: x' = m11 x + m21 y + dx."""
        turn = self.orientation
        sx = self.pixel[0] * self.zoom / self.device_ratio
        sy = self.pixel[1] * self.zoom / self.device_ratio
        m11, m12, m21, m22 = turn.xx * sx, turn.yx * sx, turn.xy * sy, turn.yy * sy
        dx = self.width / 2 - m11 * self.centre[0] - m21 * self.centre[1]
        dy = self.height / 2 - m12 * self.centre[0] - m22 * self.centre[1]
        if self.zoom == round(self.zoom):  # pixel on pixel: no blur from half a pixel's shift
            dx = round(dx * self.device_ratio) / self.device_ratio
            dy = round(dy * self.device_ratio) / self.device_ratio
        return m11, m12, m21, m22, dx, dy

    def to_screen(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the image lies in the pane."""
        m11, m12, m21, m22, dx, dy = self.matrix()
        return m11 * x + m21 * y + dx, m12 * x + m22 * y + dy

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Return which point of the image (or beyond it) lies there in the pane."""
        m11, m12, m21, m22, dx, dy = self.matrix()
        determinant = m11 * m22 - m12 * m21
        x, y = x - dx, y - dy
        return (m22 * x - m21 * y) / determinant, (m11 * y - m12 * x) / determinant

    def pixel_at(self, x: float, y: float) -> tuple[int, int] | None:
        """Return (row, column) of the pixel there in the pane; None beside the image."""
        column, row = (math.floor(value) for value in self.to_image(x, y))
        inside = 0 <= row < self.rows and 0 <= column < self.columns
        return (row, column) if inside else None

    @property
    def fit_zoom(self) -> float:
        """The zoom at which the whole image is just in view."""
        across, down = self.columns * self.pixel[0], self.rows * self.pixel[1]
        if self.orientation.sideways:
            across, down = down, across
        return self.device_ratio * min(self.width / across, self.height / down)

    def fit(self) -> Camera:
        """Show the whole image, as large as it goes, and keep it so."""
        zoom = min(ZOOM_MAX, self.fit_zoom)
        return replace(self, zoom=zoom, centre=(self.columns / 2, self.rows / 2), fitted=True)

    def one_to_one(self) -> Camera:
        """Show one pixel of the image on one device pixel, around the middle of the pane."""
        return replace(self, zoom=1.0, fitted=False)

    def zoomed(self, factor: float, x: float, y: float) -> Camera:
        """Zoom by `factor` around the point (x, y) of the pane, which stays where it is."""
        lowest = min(0.25 * self.fit_zoom, 1.0)
        zoom = max(lowest, min(ZOOM_MAX, self.zoom * factor))
        kept = self.to_image(x, y)
        bare = replace(self, zoom=zoom, fitted=False)
        moved = bare.to_image(x, y)
        shift = kept[0] - moved[0], kept[1] - moved[1]
        return bare._looking_at(self.centre[0] + shift[0], self.centre[1] + shift[1])

    def panned(self, dx: float, dy: float) -> Camera:
        """Move the image by (dx, dy) logical pixels; its edge never leaves the middle."""
        x, y = self.to_image(self.width / 2 - dx, self.height / 2 - dy)
        return replace(self, fitted=False)._looking_at(x, y)

    def _looking_at(self, x: float, y: float) -> Camera:
        inside = min(max(x, 0.0), self.columns), min(max(y, 0.0), self.rows)
        return replace(self, centre=inside)

    def turned(self, orientation: Orientation) -> Camera:
        """Flip or turn around the middle of the pane."""
        turned = replace(self, orientation=orientation)
        return turned.fit() if self.fitted else turned

    def resized(self, width: float, height: float, device_ratio: float) -> Camera:
        """Follow the pane's size; a fitted image stays fitted, another keeps zoom and centre."""
        size = max(width, 1.0), max(height, 1.0)
        zoom = self.zoom * device_ratio / self.device_ratio
        resized = replace(self, width=size[0], height=size[1], device_ratio=device_ratio, zoom=zoom)
        return resized.fit() if self.fitted else resized

    def showing(self, columns: int, rows: int, pixel: tuple[float, float]) -> Camera:
        """Show another image; one of equal shape keeps zoom and pan, any other is fitted."""
        smaller = min(pixel)
        pixel = pixel[0] / smaller, pixel[1] / smaller
        same = (columns, rows) == (self.columns, self.rows) and all(
            math.isclose(a, b, rel_tol=1e-3) for a, b in zip(pixel, self.pixel, strict=True)
        )
        placed = replace(self, columns=columns, rows=rows, pixel=pixel)
        return placed if same else placed.fit()
