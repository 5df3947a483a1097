"""Milliseconds to draw a million points: the map's rasteriser against pyqtgraph's scatter plot.

Both draw the same points in the same twelve colours at the same size from the same point of view
into a picture of 1600 x 1000 pixels, in turn; medians over several frames. The scatter plot is set
up in its favour: one pen and brush a category, pixel mode, no antialiasing, its items' pictures
cached by a first frame. Beside it, of ours alone: five million points, what lies under the pointer,
a lasso, and a million points coloured anew by a score.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import numpy as np

from vlm_explorer.rendering import compiled, picking, rasteriser
from vlm_explorer.rendering.rasteriser import Brush, Level, Points
from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.columns import Column
from vlm_explorer.viewmodels.map_ramp import RampStyle, ramp_codes

POINTS = 1_000_000
WIDTH, HEIGHT = 1600, 1000
CATEGORIES = 12
FRAMES = 11

Draw = Callable[[int], object]


def cloud(size: int = POINTS) -> Points:
    """Return points in twelve clusters, coloured by cluster."""
    chance = np.random.default_rng(0)
    centres = chance.normal(size=(CATEGORIES, 2)) * 6
    codes = chance.integers(0, CATEGORIES, size).astype(np.uint8)
    xy = (centres[codes] + chance.normal(size=(size, 2)) * 1.2).astype(np.float32)
    return Points(xy, codes, np.zeros(size, np.bool_), np.full(size, Level.PLAIN, np.int8))


def run() -> dict[str, float | int]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    compiled.get_ready()
    points, palette = cloud(), np.random.default_rng(1).integers(80, 256, (CATEGORIES, 3))
    brush = _brush(palette.astype(np.uint8), len(points))
    view = View(width=WIDTH, height=HEIGHT).fitted(points.xy)
    ours, theirs = _medians(_panning(points, brush, view), _scatter_plot(points, palette))
    many = cloud(5 * POINTS)
    (many_ms,) = _medians(_panning(many, _brush(brush.palette, len(many)), view))
    pick, lasso, recolour = _medians(*_handling(points, brush, view))
    return {
        "points": POINTS,
        "rasteriser_ms": ours,
        "pyqtgraph_scatter_ms": theirs,
        "times_faster": theirs / ours,
        "five_million_ms": many_ms,
        "pick_ms": pick,
        "lasso_ms": lasso,
        "recolour_ms": recolour,
    }


def _medians(*draws: Draw) -> list[float]:
    """Return the median time of each in milliseconds, measured in turn after two of warming up."""
    taken: list[list[float]] = [[] for _ in draws]
    for frame in range(FRAMES + 2):
        for draw, times in zip(draws, taken, strict=True):
            start = time.perf_counter()
            draw(frame)
            times.append((time.perf_counter() - start) * 1000)
    return [statistics.median(times[2:]) for times in taken]


def _brush(palette: np.ndarray, size: int, *, ordered: bool = False) -> Brush:
    ground, accent, ghost = np.array([[11, 14, 18], [76, 194, 255], [57, 66, 78]], np.uint8)
    return Brush(palette, ground, accent, ghost, rasteriser.diameter(size), ordered)


def _panning(points: Points, brush: Brush, view: View) -> Draw:
    return lambda frame: rasteriser.rasterise(points, brush, view.panned(frame, 0))


def _handling(points: Points, brush: Brush, view: View) -> tuple[Draw, Draw, Draw]:
    """Return a pick, a lasso around a third of the picture, and a colouring by a score."""
    turn = np.linspace(0, 2 * np.pi, 200)
    outline = np.stack([800 + 500 * np.cos(turn), 500 + 350 * np.sin(turn)], axis=1)
    scores = np.random.default_rng(2).normal(size=len(points))
    greys = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    by_score = _brush(greys, len(points), ordered=True)

    def pick(frame: int) -> object:
        return picking.pick(points, view, (700.0 + frame, 500.0), brush.diameter, 8.0)

    def lasso(frame: int) -> object:
        return picking.lasso(points, view, outline + frame)

    def recolour(frame: int) -> object:
        column = Column("score", f"score {frame}", scores)
        codes, _ = ramp_codes(column, RampStyle())  # with its ends and its histogram
        coloured = Points(points.xy, codes, points.hollow, points.level)
        return rasteriser.rasterise(coloured, by_score, view)

    return pick, lasso, recolour


def _scatter_plot(points: Points, palette: np.ndarray) -> Draw:
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
    item.setData(x=points.xy[:, 0], y=points.xy[:, 1], brush=brushes[points.codes])
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
