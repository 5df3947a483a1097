"""Draws thumbnails in lists: decoded once, kept as pixmaps, skeletons while they load."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QObject, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPixmap

from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.theme import theme

CAPACITY = 2048  # pixmaps


class ThumbnailPainter(QObject):
    """Turns a thumbnail's bytes into a pixmap, and draws it into a rectangle.

    An image's id is made of its content: a pixmap is right in whatever collection it shows up.

    Signals:
        loaded(ids): thumbnails that can be drawn now; repaint.
    """

    loaded = Signal(object)

    def __init__(
        self, session: Session, thumbnails: Thumbnails, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._thumbnails = thumbnails
        self._pixmaps: OrderedDict[str, QPixmap] = OrderedDict()
        thumbnails.loaded.connect(self.loaded)
        session.collection_changed.connect(self._forget)

    @Slot()
    def _forget(self) -> None:
        if self._session.collection is None:
            self._pixmaps.clear()

    def pixmap(self, image_id: str) -> QPixmap | None:
        """Return the thumbnail, or None while it is read."""
        if (pixmap := self._pixmaps.get(image_id)) is not None:
            self._pixmaps.move_to_end(image_id)
            return pixmap
        data = self._thumbnails.get(image_id)
        if data is None:
            return None
        pixmap = QPixmap.fromImage(QImage.fromData(data))
        self._pixmaps[image_id] = pixmap
        if len(self._pixmaps) > CAPACITY:
            self._pixmaps.popitem(last=False)
        return pixmap

    def paint(self, painter: QPainter, area: QRect, image_id: str | None, radius: float) -> None:
        """Draw a thumbnail, whole, on black, with round corners; a skeleton until it is there."""
        roles = theme()
        pixmap = None if image_id is None else self.pixmap(image_id)
        frame = QPainterPath()
        frame.addRoundedRect(QRectF(area), radius, radius)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if pixmap is None or pixmap.isNull():
            painter.fillPath(frame, roles.colour("skeleton"))
        else:
            painter.fillPath(frame, roles.colour("image_ground"))
            painter.setClipPath(frame)
            painter.drawPixmap(fitted(pixmap.size(), area), pixmap)
        painter.restore()


def fitted(size: QSize, area: QRect) -> QRect:
    """Return the largest rectangle of the proportions of `size` in the middle of `area`."""
    inner = size.scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio)
    place = QRect(area.topLeft(), inner)
    place.moveCenter(area.center())
    return place
