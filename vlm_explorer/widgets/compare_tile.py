"""One of several maps beside each other: scan, map, what it explains, and its numbers."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QAbstractButton, QMenu, QWidget

from vlm_explorer.rendering.colour_maps import colour_map
from vlm_explorer.viewmodels.compare_tiles import CompareTile, TileState
from vlm_explorer.viewmodels.saliency_caption import range_words
from vlm_explorer.widgets.qimages import to_qimage
from vlm_explorer.widgets.saliency_picture import to_picture
from vlm_explorer.widgets.theme import ANNOTATION, BODY, font, theme

LEAST = 132.0  # px, width
_PAD, _LINE = 4, 16
_BAR = 5.0
_LINES = 3
_STATES = {
    TileState.WAITING: "Waiting",
    TileState.RUNNING: "Computing",
    TileState.FAILED: "Failed",
    TileState.REFUSED: "Not applicable",
}


class CompareTileView(QAbstractButton):
    """A map that goes over the scan when it is clicked.

    Signals:
        subtract_wanted(CompareTile): show the others less this one, or as they are.
        remove_wanted(CompareTile): take it away.
    """

    subtract_wanted = Signal(object)
    remove_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tile: CompareTile | None = None
        self._scan: QImage | None = None
        self._map: QImage | None = None
        self._unseen: QImage | None = None
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_tile(self, tile: CompareTile, scan: QImage | None) -> None:
        """Show a map over the scan; None while that is read."""
        if tile.shown is not (self.tile.shown if self.tile is not None else None):
            self._map = None if tile.shown is None else to_picture(tile.shown)
            self._unseen = None if tile.shown is None else _mask(tile.shown.values)
        self.tile, self._scan = tile, scan
        words = [tile.title, tile.score, _STATES.get(tile.state, ""), tile.message]
        self.setAccessibleName(tile.title)
        self.setAccessibleDescription(". ".join(filter(None, words[1:])))
        tip = [*filter(None, words), "Click to put it over the scan (Enter)."]
        if tile.removable:
            tip.append("Remove it: Delete.")
        self.setToolTip("\n".join(tip))
        self.setEnabled(tile.state is not TileState.REFUSED)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as the scan is at the height there is."""
        height = max(self.height(), 100)
        room = height - _LINES * _LINE - 2 * _PAD
        aspect = 1.0
        if self._scan is not None:
            aspect = self._scan.width() / max(1, self._scan.height())
        return QSize(round(max(LEAST, room * aspect + 2 * _PAD)), height)

    # What the user does

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter puts the map over the scan; Delete takes a typed prompt away."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            if self.tile is not None and self.tile.removable:
                self.remove_wanted.emit(self.tile)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the map."""
        self.menu().exec(event.globalPos() or self.mapToGlobal(QPoint(0, self.height())))

    def menu(self) -> QMenu:
        """Return what can be done with the map."""
        tile, menu = self.tile, QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if tile is None:
            return menu
        over = QAction("Put over the scan", menu)
        over.triggered.connect(self.click)
        menu.addAction(over)
        if tile.request.prompt and tile.title == tile.request.prompt:
            words = "Show all as they are" if tile.subtracted else "Subtract from the others"
            subtract = QAction(words, menu)
            subtract.triggered.connect(lambda: self.subtract_wanted.emit(tile))
            menu.addAction(subtract)
        if tile.removable:
            remove = QAction("Remove", menu)
            remove.triggered.connect(lambda: self.remove_wanted.emit(tile))
            menu.addAction(remove)
        return menu

    # What is seen

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the scan, the map over it, and the words below."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        roles, tile = theme(), self.tile
        room = QRectF(self.rect()).adjusted(_PAD, _PAD, -_PAD, -_PAD)
        picture = QRectF(room)
        picture.setHeight(max(8.0, room.height() - _LINES * _LINE))
        painter.fillRect(picture, roles.colour("skeleton"))
        if self._scan is not None:
            target = _within(picture, self._scan.size())
            painter.drawImage(target, self._scan)
            if self._map is not None:
                painter.setOpacity(0.6)
                painter.drawImage(target, self._map)
                painter.setOpacity(1.0)
                self._hatch(painter, target)
        if tile is not None:
            self._write(painter, tile, room, picture)
        if self.hasFocus() or self.underMouse():
            painter.setPen(roles.colour("accent" if self.hasFocus() else "line"))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        painter.end()

    def _hatch(self, painter: QPainter, target: QRectF) -> None:
        """Hatch what the encoder never saw."""
        if self._unseen is None:
            return
        painter.save()
        painter.drawImage(target, self._unseen)
        painter.restore()

    def _write(self, painter: QPainter, tile: CompareTile, room: QRectF, picture: QRectF) -> None:
        roles = theme()
        lines = [(tile.title, BODY, "text"), *self._below(tile)]
        y = picture.bottom() + 1
        for words, size, role in lines[:_LINES]:
            painter.setFont(font(size))
            painter.setPen(roles.colour(role))
            line = QRectF(room.left(), y, room.width(), _LINE)
            metrics = QFontMetricsF(painter.font())
            text = metrics.elidedText(words, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
            y += _LINE
        if tile.own_range and tile.shown is not None:
            self._bar(painter, tile, QRectF(room.left(), y - _LINE, room.width(), _LINE))

    def _below(self, tile: CompareTile) -> list[tuple[str, int, str]]:
        """Return the lines below the title, each with its size and role."""
        if tile.shown is None:
            words = _STATES.get(tile.state, "")
            role = "warning" if tile.state is TileState.FAILED else "secondary"
            return [(words, ANNOTATION, role), (tile.message, ANNOTATION, "secondary")]
        score = f"{tile.score}, subtracted" if tile.subtracted else tile.score
        second = (score, ANNOTATION, "secondary")
        if tile.shown.flat:
            return [second, ("No signal", ANNOTATION, "secondary")]
        if tile.own_range:
            return [second, ("", ANNOTATION, "secondary")]
        return [second, (tile.message, ANNOTATION, "warning")]

    def _bar(self, painter: QPainter, tile: CompareTile, line: QRectF) -> None:
        """Draw a range of its own: low, colours, high and unit."""
        assert tile.shown is not None
        if tile.shown.flat:
            return
        low, high, unit = range_words(tile.shown)
        painter.setFont(font(ANNOTATION))
        metrics = QFontMetricsF(painter.font())
        high = metrics.elidedText(f"{high} {unit}", Qt.TextElideMode.ElideRight, line.width() / 2)
        left, right = metrics.horizontalAdvance(low) + 4, metrics.horizontalAdvance(high) + 4
        middle = line.center().y() - _BAR / 2
        across = max(8.0, line.width() - left - right)
        table = to_qimage(colour_map(tile.shown.signed, tile.shown.palette)[None])
        painter.drawImage(QRectF(line.left() + left, middle, across, _BAR), table)
        painter.setPen(theme().colour("secondary"))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, low)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, high)


def _within(room: QRectF, size: QSize) -> QRectF:
    fitted = size.scaled(room.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
    corner = room.center() - QRectF(0, 0, fitted.width(), fitted.height()).center()
    return QRectF(corner.x(), corner.y(), fitted.width(), fitted.height())


def _mask(values: np.ndarray) -> QImage | None:
    """Return a hatching of what was never seen, as a picture to lay over the scan."""
    unseen = ~np.isfinite(values)
    if not unseen.any():
        return None
    rows, columns = np.ogrid[: values.shape[0], : values.shape[1]]
    lines = (rows + columns) % 10 == 0
    rgba = np.zeros((*values.shape, 4), np.uint8)
    rgba[unseen, 3] = 128
    rgba[unseen & lines] = (160, 160, 160, 160)
    return to_qimage(rgba)
