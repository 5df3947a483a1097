"""Draws the rows of the library."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from vlm_explorer.viewmodels.library import COVER, DETAIL, KIND, WARNINGS
from vlm_explorer.widgets.theme import ANNOTATION, BODY, font, icon, theme
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

SERIES_HEIGHT, BRANCH_HEIGHT = 48, 28
THUMBNAIL = 40
MARK = 16  # px, the sign of something irregular

Index = QModelIndex | QPersistentModelIndex


class LibraryDelegate(QStyledItemDelegate):
    """Draws a branch as one line, a series as thumbnail and two lines."""

    def __init__(self, thumbnails: ThumbnailPainter, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the height of a row."""
        return QSize(0, SERIES_HEIGHT if index.data(KIND) == "series" else BRANCH_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a row on the ground that the style gives it."""
        style = option.widget.style()
        style.drawPrimitive(
            QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget
        )
        painter.save()
        area = option.rect.adjusted(4, 0, -8, 0)
        if index.data(KIND) == "series":
            self._paint_series(painter, area, index)
        else:
            self._paint_branch(painter, area, index)
        painter.restore()

    def _paint_series(self, painter: QPainter, area: QRect, index: Index) -> None:
        roles = theme()
        box = QRect(area.left(), area.top() + 4, THUMBNAIL, THUMBNAIL)
        self._thumbnails.paint(painter, box, index.data(COVER), 4)
        words = area.adjusted(THUMBNAIL + 8, 0, 0, 0)
        upper = QRect(words.left(), area.top() + 6, words.width(), 18)
        if index.data(WARNINGS):
            mark = QRect(words.right() - MARK, area.top() + 7, MARK, MARK)
            icon("ph.warning", "warning").paint(painter, mark)
            upper.setWidth(upper.width() - MARK - 4)
        lower = QRect(words.left(), area.top() + 25, words.width(), 16)
        _write(painter, upper, str(index.data()), BODY, roles.text)
        what, _, count = str(index.data(DETAIL)).rpartition(" · ")
        if what:
            lower = _write_count(painter, lower, count)
        _write(painter, lower, what or count, ANNOTATION, roles.secondary)

    def _paint_branch(self, painter: QPainter, area: QRect, index: Index) -> None:
        left = _write_count(painter, area, str(index.data(DETAIL)))
        _write(painter, left, str(index.data()), BODY, theme().text)


def _write_count(painter: QPainter, area: QRect, count: str) -> QRect:
    """Write at the right, as a number, how many images there are; return what is left of `area`."""
    number = count.removesuffix("s").removesuffix(" image")
    width = QFontMetrics(font(ANNOTATION)).horizontalAdvance(number) + 4
    right = area.adjusted(area.width() - width, 0, 0, 0)
    _write(painter, right, number, ANNOTATION, theme().secondary, Qt.AlignmentFlag.AlignRight)
    return area.adjusted(0, 0, -width - 4, 0)


def _write(
    painter: QPainter,
    area: QRect,
    text: str,
    px: int,
    colour: str,
    across: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:
    """Draw one line of text, elided where it is too long."""
    painter.setFont(font(px))
    painter.setPen(colour)
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, across | Qt.AlignmentFlag.AlignVCenter, shown)
