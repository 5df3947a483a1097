"""The scan with its words: the canvas joined to the viewing pane's state."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QTimer, Signal, Slot
from PySide6.QtGui import QHelpEvent, QImage, QPainter
from PySide6.QtWidgets import QToolTip, QWidget

from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.viewmodels.viewer_model import Status, ViewerModel
from vlm_explorer.widgets.image_canvas import ImageCanvas
from vlm_explorer.widgets.viewer_annotations import (
    Annotations,
    paint_annotations,
    paint_message,
    paint_skeleton,
)

NOTICE = 4000  # ms that a passing sentence stays


class ViewerPane(ImageCanvas):
    """Draws what the model says and passes gestures on to it.

    Signals:
        pixel_pointed(where): (row, column) under the pointer, or None.
    """

    pixel_pointed = Signal(object)

    def __init__(
        self, model: ViewerModel, thumbnails: Thumbnails, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._thumbnails = thumbnails
        self._notice = ""
        self._probe = ""
        self._further_probe = ""
        self._badge = QRectF()
        self._pointer: tuple[float, float] | None = None
        self._notice_timer = QTimer(self)
        self._notice_timer.setSingleShot(True)
        self._notice_timer.setInterval(NOTICE)
        self._notice_timer.timeout.connect(self._drop_notice)
        self.set_painter_above(self._paint_words)
        self.scrolled.connect(model.step)
        self.windowed.connect(model.drag_window)
        self.double_clicked.connect(self.reset)
        self.pointed.connect(self._point)
        model.image_changed.connect(self._take_image)
        model.display_changed.connect(self._take_display)
        model.series_changed.connect(self.update)
        model.noticed.connect(self.show_notice)
        thumbnails.loaded.connect(self._take_thumbnails)
        self._take_image()

    # From the model

    @Slot()
    def _take_image(self) -> None:
        if self._model.status is not Status.LOADING:
            self._drop_notice()
        self._take_display()

    @Slot()
    def _take_display(self) -> None:
        if self.camera.orientation != self._model.orientation:
            self.set_camera(self.camera.turned(self._model.orientation))
        self.set_picture(self._model.picture)
        self._point(self._pointer)
        self._describe()

    @Slot(object)
    def _take_thumbnails(self, ids: set[str]) -> None:
        if self._model.image_id in ids and self._model.status is Status.LOADING:
            self.update()

    @Slot()
    def reset(self) -> None:
        """Show the series as at first: window, orientation, zoom."""
        self._model.reset()
        self.set_camera(self.camera.fit())

    @Slot(str)
    def show_notice(self, text: str) -> None:
        """Say something in passing."""
        self._notice = text
        self._notice_timer.start()
        self.setAccessibleDescription(text)
        self.update()

    @Slot()
    def _drop_notice(self) -> None:
        self._notice = ""
        self._notice_timer.stop()
        self.update()

    def _describe(self) -> None:
        """Say in words what is shown, for those who do not see it."""
        corners = self._model.corners(self.camera.zoom)
        lines = (*corners.top_left, *corners.top_right, *corners.bottom_left)
        self.setAccessibleDescription(", ".join(lines) or self._empty_text()[0])

    # Under the pointer

    @Slot(object)
    def _point(self, where: tuple[float, float] | None) -> None:
        self._pointer = where
        picture = self._model.picture
        pixel = None
        if where is not None and picture is not None:
            row, column = int(where[1]), int(where[0])
            if 0 <= row < picture.rows and 0 <= column < picture.columns:
                pixel = row, column
        self._probe = self._model.probe(*pixel) if pixel is not None else ""
        self.pixel_pointed.emit(pixel)
        self.update()

    def set_further_probe(self, text: str) -> None:
        """Say more of what is under the pointer, after its value."""
        self._further_probe = text
        self.update()

    # Painting

    def _paint_words(self, painter: QPainter) -> None:
        model = self._model
        pane = QRectF(self.rect())
        if model.status is Status.EMPTY:
            text, hint = self._empty_text()
            paint_message(painter, pane, "ph.image", text, hint)
        elif model.status is Status.FAILED:
            paint_message(painter, pane, "ph.image-broken", *model.failure)
        elif model.status is Status.LOADING:
            paint_skeleton(painter, pane, self._thumbnail())
        probe = " · ".join(part for part in (self._probe, self._further_probe) if part)
        shown = Annotations(
            model.corners(self.camera.zoom, probe), model.letters, model.warnings, self._notice
        )
        self._badge = paint_annotations(painter, pane, shown)

    def _empty_text(self) -> tuple[str, str]:
        count = len(self._model.session.selection.ids)
        if count > 1:
            return f"{count:,} images selected", "Click one of them to open it here."
        return "No image open", "Click a point on the map, a result, or an image in the library."

    def _thumbnail(self) -> QImage | None:
        image_id = self._model.image_id
        data = self._thumbnails.get(image_id) if image_id is not None else None
        return QImage.fromData(data) if data is not None else None

    def event(self, event: QEvent) -> bool:
        """Show all warnings over their badge."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            inside = self._badge.contains(QPointF(event.pos()))
            QToolTip.showText(
                event.globalPos(), "\n".join(self._model.warnings) if inside else "", self
            )
            return True
        return super().event(event)
