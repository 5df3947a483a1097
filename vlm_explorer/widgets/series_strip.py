"""The series of the study on show, side by side over the scan."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import (
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.kept_state import KeptState
from vlm_explorer.viewmodels.series_strip import COVER, DETAIL, WARNED, SeriesStripModel
from vlm_explorer.widgets.controls import Line
from vlm_explorer.widgets.icons import paint_glyph
from vlm_explorer.widgets.theme import ANNOTATION, RADIUS, font, theme, themes
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

_THUMBNAIL = 40
_TILE = QSize(148, 52)
_GLYPH = 14  # px, of the mark of a warning
_KEPT = "series_strip"

Index = QModelIndex | QPersistentModelIndex


class SeriesTile(QStyledItemDelegate):
    """Draws a series: thumbnail, title, modality and number of images."""

    def __init__(self, thumbnails: ThumbnailPainter, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the size of every tile."""
        return _TILE

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a tile; the series on show has a frame in the accent."""
        roles, state = theme(), option.state
        tile = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QRectF(tile).adjusted(2, 2, -2, -2)
        painter.setPen(Qt.PenStyle.NoPen)
        if state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(roles.colour("accent"), 1.5))
            painter.setBrush(roles.colour("selection"))
            painter.drawRoundedRect(shape, RADIUS, RADIUS)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(roles.colour("hover"))
            painter.drawRoundedRect(shape, RADIUS, RADIUS)
        box = QRect(tile.left() + 6, tile.top() + 6, _THUMBNAIL, _THUMBNAIL)
        self._thumbnails.paint(painter, box, index.data(COVER), 4)
        left = box.right() + 8
        words = QRect(left, tile.top() + 8, tile.right() - left - 4, 18)
        warned = bool(index.data(WARNED))
        _write(painter, words, str(index.data()), roles.text)
        lower = words.translated(0, 18)
        if warned:
            glyph = QRectF(lower.right() - _GLYPH, lower.top() + 2, _GLYPH, _GLYPH)
            paint_glyph(painter, "ph.warning", glyph, roles.colour("warning"))
            lower.setRight(lower.right() - _GLYPH - 2)
        _write(painter, lower, str(index.data(DETAIL)), roles.secondary)
        painter.restore()


def _write(painter: QPainter, area: QRect, text: str, colour: str) -> None:
    painter.setFont(font(ANNOTATION))
    painter.setPen(colour)
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)


class _Row(QListView):
    """A list in one row, which the wheel scrolls sideways."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Go sideways with either direction of the wheel."""
        delta = event.angleDelta().y() or event.angleDelta().x()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - delta)
        event.accept()


class SeriesStrip(QWidget):
    """Seen where a study has several series, unless the user has folded it."""

    def __init__(
        self,
        model: SeriesStripModel,
        kept: KeptState,
        thumbnails: ThumbnailPainter,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.model = model
        self._kept = kept
        self._following = False
        self.setProperty("pane", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.view = _Row(self)
        self._set_up_view(thumbnails)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.view)
        column.addWidget(Line(parent=self))
        model.current_changed.connect(self._take)
        thumbnails.loaded.connect(self.view.viewport().update)
        themes.changed.connect(self.view.viewport().update)
        self._take()

    def _set_up_view(self, thumbnails: ThumbnailPainter) -> None:
        view = self.view
        view.setModel(self.model)
        view.setItemDelegate(SeriesTile(thumbnails, view))
        view.setFlow(QListView.Flow.LeftToRight)
        view.setWrapping(False)
        view.setUniformItemSizes(True)
        view.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setFixedHeight(_TILE.height() + 2)
        view.setMouseTracking(True)
        view.setAccessibleName("Series of the study")
        view.selectionModel().currentChanged.connect(self._open)

    @property
    def folded(self) -> bool:
        """Whether the user does not want to see it."""
        return bool(self._kept.get(_KEPT, bool, False))

    def toggle(self) -> None:
        """Fold it, or show it again."""
        self._kept.put(_KEPT, not self.folded)
        self._take()

    @Slot()
    def _take(self) -> None:
        """Mark the series on show, and bring it into sight."""
        self.setVisible(self.model.rowCount() > 1 and not self.folded)
        self._following = True
        index = self.model.index(self.model.current)
        self.view.setCurrentIndex(index)
        self.view.scrollTo(index)
        self._following = False

    @Slot(QModelIndex)
    def _open(self, index: QModelIndex) -> None:
        if not self._following:
            self.model.open(index.row())
