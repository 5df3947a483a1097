"""Points moving from one layout to another: 150 ms, once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractAnimation, QEasingCurve, QObject, QVariantAnimation, Signal
from PySide6.QtWidgets import QStyle, QWidget

from vlm_explorer.rendering.rasteriser import Points
from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_places import NONE
from vlm_explorer.viewmodels.map_scene import MapScene

Floats = NDArray[np.floating]

DURATION = 150  # ms


def motion_wanted(widget: QWidget) -> bool:
    """Whether the system lets things move."""
    hint = QStyle.StyleHint.SH_Widget_Animation_Duration
    return widget.style().styleHint(hint, None, widget) > 0


class Motion(QObject):
    """Carries points over the screen from where they were to where they are.

    Signals:
        stepped(): points are elsewhere; repaint. The last step ends the motion.
    """

    stepped = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._start: Floats | None = None
        self._end: Floats | None = None
        self._share = 1.0
        self._animation = QVariantAnimation(self)
        self._animation.setDuration(DURATION)
        self._animation.setStartValue(0.0)
        self._animation.setEndValue(1.0)
        self._animation.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._animation.valueChanged.connect(self._step)
        self._animation.finished.connect(self._finish)

    @property
    def running(self) -> bool:
        """Whether points are on their way."""
        return self._animation.state() is QAbstractAnimation.State.Running

    def start(self, old: MapScene, old_view: View, new: MapScene, new_view: View) -> None:
        """Move what is in both scenes; what is new is there at once."""
        self.stop()
        if not len(old) or not len(new):
            return
        after = new_view.to_screen(new.points.xy.astype(np.float64))
        before = old_view.to_screen(old.points.xy.astype(np.float64))
        self._start, self._end = _matched(old, before, new, after), after
        self._share = 0.0
        self._animation.start()

    def stop(self) -> None:
        """Let points be where they are."""
        self._animation.stop()
        self._start = self._end = None

    def points(self, points: Points, view: View) -> tuple[Points, View]:
        """Return the points on their way, and the view to draw them from."""
        if self._start is None or self._end is None or len(self._end) != len(points):
            return points, view
        screen = self._start + (self._end - self._start) * self._share
        # A view that takes the screen for the world, but for its y axis.
        flat = View(view.width / 2, -view.height / 2, 1.0, view.width, view.height)
        moved = (screen * (1, -1)).astype(np.float32)
        return replace(points, xy=moved), flat

    def _step(self, share: float) -> None:
        self._share = share
        self.stepped.emit()

    def _finish(self) -> None:
        self._start = self._end = None
        self.stepped.emit()


def _matched(old: MapScene, before: Floats, new: MapScene, after: Floats) -> Floats:
    """Return where each new point was; what was not there starts where it ends."""
    texts = int(max(old.text.max(initial=NONE), new.text.max(initial=NONE))) + 1
    images = int(max(old.row.max(initial=NONE), new.row.max(initial=NONE))) + 1
    old_key, new_key = (
        np.where(scene.text == NONE, scene.row + texts, scene.text) for scene in (old, new)
    )
    place = np.full((texts + images, 2), np.nan)
    place[old_key] = before
    found = place[new_key]
    return np.where(np.isfinite(found), found, after)
