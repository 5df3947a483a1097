"""A slim plot beside a scan: how near each image of its series is to what is searched for."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from vlm_explorer.viewmodels import numbers
from vlm_explorer.viewmodels.similarity_profile import Profile, profile_of
from vlm_explorer.viewmodels.viewer_model import ViewerModel
from vlm_explorer.widgets.theme import ANNOTATION, font, theme, themes

WIDTH = 44  # px; there with or without a prompt, so that the scan stays put when one comes
_NUMBER = 16  # px, height of the number above and of that below
_LEAST = 2.0  # px, length of the bar of the least similar image
_DOT = 2.5  # px


class SimilarityPlot(QWidget):
    """One bar an image, from the top on; the longest is the nearest. Empty without a search.

    Signals:
        index_chosen(index): the user clicked on an image's bar.
    """

    index_chosen = Signal(int)

    def __init__(self, model: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._profile: Profile | None = None
        self._ids: tuple[str, ...] = ()
        self._stale = False
        self._hovered: int | None = None
        self.setFixedWidth(WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Similarity along the series")
        model.session.query_changed.connect(self._take)
        model.series.changed.connect(self._take)
        themes.changed.connect(self.update)
        self._take()

    def sizeHint(self) -> QSize:
        """Slim, and as high as the scan."""
        return QSize(WIDTH, 200)

    @property
    def profile(self) -> Profile | None:
        """What is drawn."""
        return self._profile

    @property
    def stale(self) -> bool:
        """Whether it is drawn faintly, because a newer search is not answered yet."""
        return self._stale

    @Slot()
    def _take(self) -> None:
        session, ids = self._model.session, self._model.series.ids
        query = session.query
        self._stale = query.pending and query.answer is None and ids == self._ids
        if not self._stale:
            self._profile, self._ids = profile_of(session.images, query, ids), ids
        words = self._profile.summary() if self._profile is not None else ""
        self.setAccessibleDescription(words)
        self.update()

    # Where an image lies

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(4, _NUMBER, -4, -_NUMBER)

    def index_at(self, y: float) -> int | None:
        """Return the image whose bar lies at a height; None without a plot."""
        if self._profile is None:
            return None
        area, count = self._area(), len(self._profile.cosine)
        index = int((y - area.top()) / max(area.height(), 1.0) * count)
        return max(0, min(count - 1, index))

    def _height_of(self, index: int) -> float:
        assert self._profile is not None
        area = self._area()
        return area.top() + (index + 0.5) * area.height() / len(self._profile.cosine)

    def _length_of(self, cosine: float) -> float:
        assert self._profile is not None
        lowest, highest = self._profile.range
        share = (cosine - lowest) / (highest - lowest) if highest > lowest else 1.0
        return _LEAST + share * (self._area().width() - _LEAST)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw bars, range, the nearest image, and the one on show."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().colour("image_ground"))
        if self._profile is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_bars(painter, self._profile)
            self._paint_range(painter, self._profile)
            self._paint_marks(painter, self._profile)
        painter.end()

    def _paint_bars(self, painter: QPainter, profile: Profile) -> None:
        area = self._area()
        rows = max(1, int(area.height()))
        colour = theme().colour("image_text", 0.25 if self._stale else 0.55)
        missing = theme().colour("image_text", 0.35)
        for row, cosine in enumerate(profile.bins(rows).tolist()):
            top = area.top() + row
            if not np.isnan(cosine):
                painter.fillRect(QRectF(area.left(), top, self._length_of(cosine), 1), colour)
            elif row % 4 < 2:  # a dotted edge: these images are not encoded
                painter.fillRect(QRectF(area.left(), top, 1, 1), missing)

    def _paint_range(self, painter: QPainter, profile: Profile) -> None:
        """Write the highest above the ends of the longest bars, the lowest below their roots."""
        lowest, highest = profile.range
        painter.setFont(font(ANNOTATION))
        painter.setPen(theme().colour("image_text", 0.5 if self._stale else 1.0))
        middle = Qt.AlignmentFlag.AlignVCenter
        width, height = self.width(), self.height()
        above = QRectF(0, 0, width - 3, _NUMBER)
        below = QRectF(3, height - _NUMBER, width, _NUMBER)
        painter.drawText(above, Qt.AlignmentFlag.AlignRight | middle, numbers.cosine(highest))
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | middle, numbers.cosine(lowest))

    def _paint_marks(self, painter: QPainter, profile: Profile) -> None:
        roles, area = theme(), self._area()
        best = self._height_of(profile.best)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(roles.colour("image_text"))
        painter.drawEllipse(QPointF(area.right() - _DOT + 1, best), _DOT, _DOT)
        place = self._model.series.place
        for index, alpha in ((self._hovered, 0.5), (place[0] if place else None, 1.0)):
            if index is not None and index < len(profile.cosine):
                painter.setPen(QPen(roles.colour("accent", alpha), 1.5))
                at = self._height_of(index)
                painter.drawLine(QPointF(1, at), QPointF(self.width() - 1, at))

    # The pointer

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the image under the pointer."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._go_to(event.position().y())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell the image and its cosine; with the button held, go there."""
        y = event.position().y()
        self._hovered = self.index_at(y)
        if self._profile is not None and self._hovered is not None:
            words = self._profile.words_at(self._hovered)
            QToolTip.showText(event.globalPosition().toPoint(), words, self)
        elif (place := self._model.series.place) is not None and place[1] > 1:
            words = "Type a prompt to see which images of the series are near it"
            QToolTip.showText(event.globalPosition().toPoint(), words, self)
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go_to(y)
        self.update()

    def _go_to(self, y: float) -> None:
        index = self.index_at(y)
        if index is not None:
            self.index_chosen.emit(index)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Go on by one image a notch, as over the scan."""
        if delta := event.angleDelta().y():
            self._model.series.step(-1 if delta > 0 else 1)
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer any more."""
        self._hovered = None
        self.update()
        super().leaveEvent(event)
