"""Milliseconds to draw a million points: the map's rasteriser against pyqtgraph's scatter plot.

Both draw the same points in the same twelve colours at the same size from the same point of view
into a picture of 1200 x 800 pixels, in turn, and the best of several frames counts, since other
work on the machine only ever slows one down. The scatter plot is set up in its favour: one pen and
brush a category, pixel mode, no antialiasing, its items' pictures cached by a first frame.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np

POINTS = 1_000_000
WIDTH, HEIGHT = 1200, 800
CATEGORIES = 12
FRAMES = 7


def cloud() -> tuple[np.ndarray, np.ndarray]:
    """Return float32 (POINTS, 2) in twelve clusters, and the cluster of each point."""
    chance = np.random.default_rng(0)
    centres = chance.normal(size=(CATEGORIES, 2)) * 6
    codes = chance.integers(0, CATEGORIES, POINTS).astype(np.uint8)
    xy = centres[codes] + chance.normal(size=(POINTS, 2)) * 1.2
    return xy.astype(np.float32), codes


def run() -> dict[str, float | int]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    xy, codes = cloud()
    palette = np.random.default_rng(1).integers(80, 256, (CATEGORIES, 3)).astype(np.uint8)
    ours, theirs = _rasteriser(xy, codes, palette), _scatter_plot(xy, codes, palette)
    ours(0), theirs(0)  # caches and imports
    times: tuple[list[float], list[float]] = ([], [])
    for frame in range(FRAMES):
        for draw, taken in zip((ours, theirs), times, strict=True):
            start = time.perf_counter()
            draw(frame)
            taken.append((time.perf_counter() - start) * 1000)
    rasteriser, scatter = (min(taken) for taken in times)
    return {
        "points": POINTS,
        "rasteriser_ms": rasteriser,
        "pyqtgraph_scatter_ms": scatter,
        "times_faster": scatter / rasteriser,
    }


def _rasteriser(xy: np.ndarray, codes: np.ndarray, palette: np.ndarray) -> Callable[[int], object]:
    from vlm_explorer.rendering import rasteriser
    from vlm_explorer.rendering.view import View

    size = len(codes)
    points = rasteriser.Points(
        xy, codes, np.zeros(size, np.bool_), np.full(size, rasteriser.Level.PLAIN, np.int8)
    )
    ground, accent, ghost = np.array([[11, 14, 18], [76, 194, 255], [57, 66, 78]], np.uint8)
    brush = rasteriser.Brush(palette, ground, accent, ghost, rasteriser.diameter(size))
    view = View(width=WIDTH, height=HEIGHT).fitted(xy)
    return lambda frame: rasteriser.rasterise(points, brush, view.panned(frame, 0))


def _scatter_plot(
    xy: np.ndarray, codes: np.ndarray, palette: np.ndarray
) -> Callable[[int], object]:
    import pyqtgraph
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    assert application is not None
    plot = pyqtgraph.PlotWidget(background=(11, 14, 18))
    plot.resize(WIDTH, HEIGHT)
    plot.hideAxis("left")
    plot.hideAxis("bottom")
    brushes = np.array([pyqtgraph.mkBrush(*colour) for colour in palette.tolist()], object)
    item = pyqtgraph.ScatterPlotItem(pxMode=True, antialias=False, pen=None, size=3)
    item.setData(x=xy[:, 0], y=xy[:, 1], brush=brushes[codes])
    plot.addItem(item)
    box = plot.getPlotItem().getViewBox()
    box.setAspectLocked(True)
    box.autoRange()
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)

    def draw(frame: int) -> object:
        box.translateBy(x=frame * 1e-3)
        painter = QPainter(image)
        plot.render(painter)
        painter.end()
        return image

    return draw
