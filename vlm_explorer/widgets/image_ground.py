"""The black ground on which a scan lies: draws it and its overlay under a camera.

It knows nothing of DICOM: what is drawn comes as a `Drawable`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent, QTransform
from PySide6.QtWidgets import QWidget

from vlm_explorer.viewmodels.viewer_camera import Camera
from vlm_explorer.widgets.saliency_overlay import Overlay, paint_overlay
from vlm_explorer.widgets.theme import theme, themes
from vlm_explorer.widgets.viewer_tiles import Drawable, PictureCache


class ImageGround(QWidget):
    """Shows a picture under a camera.

    Signals:
        camera_changed(): zoom, pan, or size.
        looked(burst, held): the user zoomed or panned, as one with what has the same word.
    """

    camera_changed = Signal()
    looked = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.camera = Camera()
        self._smooth = True
        self._picture: Drawable | None = None
        self._overlay: Overlay | None = None
        self._pieces = PictureCache()
        self._above: Callable[[QPainter], None] | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(200, 160)
        themes.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """As the look of the window has it."""
        return QSize(420, 420)

    @property
    def moving(self) -> bool:
        """Whether the picture is being dragged, and drawn in less detail; a subclass knows."""
        return False

    # What is drawn

    def set_picture(self, picture: Drawable | None) -> None:
        """Show another picture, or none; one of equal shape keeps zoom and pan."""
        self._picture = picture
        if picture is not None:
            self._look(self.camera.showing(picture.columns, picture.rows, picture.pixel))
        self.update()

    def set_overlay(self, overlay: Overlay | None) -> None:
        """Lay a map over the picture, or none."""
        self._overlay = overlay
        self.update()

    def set_painter_above(self, paint: Callable[[QPainter], None]) -> None:
        """Have `paint` draw over everything, in logical pixels."""
        self._above = paint

    def set_camera(self, camera: Camera) -> None:
        """Look at the picture in another way."""
        self._look(camera)

    def show_as(self, camera: Camera) -> None:
        """Look at the picture at the zoom and the place of another pane that shows it."""
        if self._picture is not None:
            moved = replace(self.camera, centre=camera.centre, fitted=camera.fitted)
            zoom = camera.zoom * self.camera.device_ratio / camera.device_ratio
            self._look(moved.fit() if camera.fitted else replace(moved, zoom=zoom))

    def _look(self, camera: Camera) -> None:
        if camera != self.camera:
            self.camera = camera
            self.update()
            self.camera_changed.emit()

    def fit(self) -> None:
        """Show the whole picture, and keep it so when the size changes."""
        self._look(self.camera.fit())
        self.looked.emit("", False)

    def show_one_to_one(self) -> None:
        """Show one pixel of the image on one pixel of the screen."""
        self._look(self.camera.one_to_one())
        self.looked.emit("", False)

    def show_squares(self, squares: bool) -> None:
        """Show the pixels of the image as squares, or interpolate between them."""
        self._smooth = not squares
        self.update()

    def zoom_by(self, factor: float) -> None:
        """Zoom around the middle."""
        self._look(self.camera.zoomed(factor, self.width() / 2, self.height() / 2))
        self.looked.emit("zoom the image", False)

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, picture, overlay, and what lies above."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().colour("image_ground"))
        if self._picture is not None:
            self._paint_picture(painter, self._picture)
            if self._overlay is not None:
                whole = QRectF(0, 0, self._picture.columns, self._picture.rows)
                paint_overlay(painter, self._overlay, whole, self.transform())
        if self._above is not None:
            self._above(painter)
        painter.end()

    def transform(self) -> QTransform:
        """Return the way from pixels of the image to logical pixels of the pane."""
        return QTransform(*self.camera.matrix())

    def _paint_picture(self, painter: QPainter, picture: Drawable) -> None:
        transform = self.transform()
        view = transform.inverted()[0].mapRect(QRectF(self.rect()))
        image, covered = self._pieces.get(picture, self.camera.zoom, view, live=self.moving)
        painter.save()
        painter.setTransform(transform, combine=True)
        painter.setClipRect(QRectF(0, 0, picture.columns, picture.rows))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth)
        painter.drawImage(covered, image)
        painter.restore()

    # Size

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep a fitted picture fitted."""
        super().resizeEvent(event)
        self._follow_size()

    def event(self, event: QEvent) -> bool:
        """Follow a move to a screen of another resolution."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._follow_size()
        return super().event(event)

    def _follow_size(self) -> None:
        ratio = self.devicePixelRatioF()
        self._look(self.camera.resized(self.width(), self.height(), ratio))
