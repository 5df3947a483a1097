"""What a hand does on the map, as real events: press, drag, click, turn the wheel."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from vlm_explorer.viewmodels.map_places import NONE

NO = Qt.KeyboardModifier.NoModifier
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
LEFT, NOTHING = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


def settle(view, qtbot):
    view.canvas.repaint()
    qtbot.waitUntil(lambda: not view.canvas.moving, timeout=20_000)
    view.canvas.repaint()


def send(view, kind, at, button, buttons, modifiers=NO):
    place = QPointF(at)
    event = QMouseEvent(kind, place, view.canvas.mapToGlobal(place), button, buttons, modifiers)
    QApplication.sendEvent(view.canvas, event)


def drag(view, path, modifiers=NO):
    send(view, QEvent.Type.MouseButtonPress, path[0], LEFT, LEFT, modifiers)
    for at in path[1:]:
        send(view, QEvent.Type.MouseMove, at, NOTHING, LEFT, modifiers)
    send(view, QEvent.Type.MouseButtonRelease, path[-1], LEFT, NOTHING, modifiers)


def click(view, at, modifiers=NO):
    drag(view, [at], modifiers)


def move(view, at):
    send(view, QEvent.Type.MouseMove, at, NOTHING, NOTHING)


def wheel(view, at, turned):
    event = QWheelEvent(
        QPointF(at),
        view.canvas.mapToGlobal(QPointF(at)),
        QPoint(0, 0),
        QPoint(0, turned),
        NOTHING,
        NO,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view.canvas, event)


def spot(view, image_id):
    """Where an image's point is on the screen."""
    scene = view.model.scene
    point = next(
        p for p in range(len(scene)) if scene.text[p] == NONE and view.model.image_id(p) == image_id
    )
    return view.canvas.position_of(point)


def around(*points, by=25.0):
    """A closed path around points, by their bounding box."""
    left, right = min(p.x() for p in points) - by, max(p.x() for p in points) + by
    top, bottom = min(p.y() for p in points) - by, max(p.y() for p in points) + by
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    return [QPointF(x, y) for x, y in corners]
