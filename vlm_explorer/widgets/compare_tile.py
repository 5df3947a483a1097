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
from PySide6.QtWidgets import QAbstractButton, QMenu, QSizePolicy, QWidget

from vlm_explorer.rendering.colour_maps import colour_map
from vlm_explorer.viewmodels.compare_tiles import CompareTile, TileState
from vlm_explorer.viewmodels.saliency_caption import range_words
from vlm_explorer.widgets.controls import broken
from vlm_explorer.widgets.qimages import to_qimage
from vlm_explorer.widgets.saliency_picture import to_picture
from vlm_explorer.widgets.theme import ANNOTATION, BODY, font, theme

_LEAST = 148.0  # px, width of a tile with its words below
_WORDS = 132.0  # px, width of words beside the scan
_WIDEST = 320.0  # px, of the scan
_LOW = 200  # px, height below which words stand beside the scan
_SHORTEST = 64  # px, height
_OPACITY = 0.6
_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
_PAD, _LINE = 4, 16
_BAR = 5.0
_LINES = 4
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
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

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
        """As wide as scan and words are at the height there is."""
        height = max(self.height(), _SHORTEST)
        aspect = 1.0
        if self._scan is not None:
            aspect = self._scan.width() / max(1, self._scan.height())
        beside = height < _LOW
        tall = height - 2 * _PAD - (0 if beside else _LINES * _LINE)
        across = min(tall * aspect, _WIDEST) + 2 * _PAD
        return QSize(round(across + _WORDS + 8 if beside else max(_LEAST, across)), height)

    def _places(self) -> tuple[QRectF, QRectF]:
        """Return where scan and words go: beside each other where there is little height."""
        room = QRectF(self.rect()).adjusted(_PAD, _PAD, -_PAD, -_PAD)
        picture, words = QRectF(room), QRectF(room)
        if self.height() < _LOW:
            words.setLeft(room.right() - _WORDS)
            picture.setRight(words.left() - 8)
        else:
            words.setTop(room.bottom() - _LINES * _LINE)
            picture.setBottom(words.top() - 2)
        return picture, words

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
        if tile.request.prompt and tile.title == tile.request.called:
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
        picture, words = self._places()
        if self._scan is None:
            painter.fillRect(picture, roles.colour("skeleton"))
        else:
            target = _within(picture, self._scan.size())
            painter.drawImage(target, self._scan)
            painter.setOpacity(_OPACITY)
            if self._map is not None:
                painter.drawImage(target, self._map)
            painter.setOpacity(1.0)
            if self._unseen is not None:
                painter.drawImage(target, self._unseen)
        if tile is not None:
            self._write(painter, tile, words)
        if self.hasFocus() or self.underMouse():
            painter.setPen(roles.colour("accent" if self.hasFocus() else "line"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        painter.end()

    def _write(self, painter: QPainter, tile: CompareTile, room: QRectF) -> None:
        """Write title, score, range of its own and what to know, as far as there is room."""
        painter.setFont(font(BODY))
        painter.setPen(theme().colour("text"))
        y = room.top()
        most = 2 if room.height() > _LINES * _LINE + 8 else 1
        for line in broken(tile.title, QFontMetricsF(painter.font()), room.width(), most):
            painter.drawText(QRectF(room.left(), y, room.width(), _LINE), _LEFT, line)
            y += _LINE
        painter.setFont(font(ANNOTATION))
        metrics = QFontMetricsF(painter.font())
        for words, role in self._below(tile):
            if y + _LINE > room.bottom() + 1:
                return
            place = QRectF(room.left(), y, room.width(), _LINE)
            if not words:
                self._bar(painter, tile, place)
            else:
                painter.setPen(theme().colour(role))
                text = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room.width())
                painter.drawText(place, _LEFT, text)
            y += _LINE

    def _below(self, tile: CompareTile) -> list[tuple[str, str]]:
        """Return the lines below the title with their roles; "" is where a bar goes."""
        if tile.shown is None:
            role = "warning" if tile.state is TileState.FAILED else "secondary"
            lines = [(_STATES.get(tile.state, ""), role), (tile.message, "secondary")]
        else:
            score = f"{tile.score}, subtracted" if tile.subtracted else tile.score
            lines = [(score, "secondary")]
            if tile.shown.flat:
                return [*lines, ("No signal", "secondary")]
            if tile.own_range:
                low, high, unit = range_words(tile.shown)
                lines += [("", ""), (f"{low} to {high} {unit}", "secondary")]
            lines += [(tile.message, "warning")]
        return [line for line in lines if line[0] or line == ("", "")]

    def _bar(self, painter: QPainter, tile: CompareTile, line: QRectF) -> None:
        assert tile.shown is not None
        table = to_qimage(colour_map(tile.shown.signed, tile.shown.palette)[None])
        middle = line.center().y() - _BAR / 2
        painter.drawImage(QRectF(line.left(), middle, line.width(), _BAR), table)


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
