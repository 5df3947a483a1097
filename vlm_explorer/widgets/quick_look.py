"""Quick look: one image, large, over the window, until a key is pressed."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal, Slot
from PySide6.QtGui import QImage, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from vlm_explorer.viewmodels.quick_look import QuickLookModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.tags import NUMBERS
from vlm_explorer.widgets.controls import Words
from vlm_explorer.widgets.qimages import to_qimage
from vlm_explorer.widgets.sheets import Sheet
from vlm_explorer.widgets.theme import theme
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter, fitted

STEPS = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Down: 1,
}


class Picture(QWidget):
    """Draws the thumbnail until the rendering is there."""

    def __init__(self, painter: ThumbnailPainter, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = painter
        self.image_id: str | None = None
        self.image: QImage | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the image as large as it fits."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), theme().colour("image_ground"))
        if self.image is not None:
            painter.drawImage(fitted(self.image.size(), self.rect()), self.image)
        else:
            self._thumbnails.paint(painter, QRect(self.rect()), self.image_id, 0)
        painter.end()


class QuickLook(Sheet):
    """The sheet; Space and Escape put it away, arrows go to the next image, digits set tags.

    Signals:
        stepped(by): the image `by` places further is wanted.
    """

    stepped = Signal(int)

    def __init__(self, session: Session, painter: ThumbnailPainter, host: QWidget) -> None:
        super().__init__(host, 720, 760)
        self._model = QuickLookModel(session, self)
        self.picture = Picture(painter, self.panel)
        self.caption = Words("", "secondary", parent=self.panel)
        self.column.setContentsMargins(12, 12, 12, 12)
        self.column.setSpacing(8)
        self.column.addWidget(self.picture, 1)
        self.column.addWidget(self.caption)
        self._model.rendered.connect(self._take)
        self._model.captioned.connect(self._describe)

    def look_at(self, image_id: str) -> None:
        """Show an image."""
        self.picture.image_id, self.picture.image = image_id, None
        self._model.look_at(image_id)
        self._describe()
        self.picture.update()
        if not self.isVisible():
            self.open()

    @Slot()
    def _describe(self) -> None:
        self.caption.setText(self._model.caption)

    @Slot(str, object)
    def _take(self, image_id: str, pixels: object) -> None:
        self.picture.image = to_qimage(pixels)  # type: ignore[arg-type]
        self.picture.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space puts the sheet away as it opened it."""
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Space:
            self.dismiss()
        elif key in STEPS:
            self.stepped.emit(STEPS[key])
        elif event.text().isdecimal() and int(event.text()) in NUMBERS:
            self._model.tag(int(event.text()))
        super().keyPressEvent(event)
