"""Beside the matrix: what is looked at, the temperature, the loss of the pairs, the colours."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Slot
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from vlm_explorer.viewmodels.matrix_model import MatrixModel
from vlm_explorer.viewmodels.matrix_shown import Item, Shown
from vlm_explorer.viewmodels.matrix_work import LEAST, MOST
from vlm_explorer.viewmodels.number_words import number_words
from vlm_explorer.widgets.controls import Words
from vlm_explorer.widgets.qimages import to_qimage
from vlm_explorer.widgets.temperature_slider import TemperatureSlider
from vlm_explorer.widgets.theme import ANNOTATION, font, theme, themes
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

WIDTH = 336  # px
_THUMB = 42  # px
_BAR = 8.0  # px


class MatrixSide(QWidget):
    """Shows what the model says of the cell and of the pairs."""

    def __init__(
        self, model: MatrixModel, painter: ThumbnailPainter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._model = model
        self.setFixedWidth(WIDTH)
        self.pictures = _Pictures(painter, self)
        self.first, self.second = Words(parent=self), Words(role="annotation", parent=self)
        self.numbers = Words(role="annotation", parent=self)
        self.slider = TemperatureSlider(LEAST, MOST, self)
        self.temperature = Words(role="annotation", parent=self)
        self.loss, self.own = (Words(role="annotation", parent=self) for _ in range(2))
        self.colours = ColourBar(self)
        names = QVBoxLayout()
        names.setSpacing(0)
        for part in (self.first, self.second, self.numbers):
            names.addWidget(part)
        pair = QHBoxLayout()
        pair.setSpacing(8)
        pair.addWidget(self.pictures)
        pair.addLayout(names, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 12, 0)
        column.setSpacing(0)
        column.addLayout(pair)
        column.addWidget(self.slider, 1)
        for words in (self.temperature, self.loss, self.own):
            column.addWidget(words)
        column.addWidget(self.colours)
        self.slider.moved.connect(model.set_temperature)
        model.changed.connect(self._refresh)
        model.cell_changed.connect(self._refresh_cell)

    @Slot()
    def _refresh(self) -> None:
        self.slider.show_losses(self._model.losses, self._model.own_temperature)
        self.colours.show_colours(self._model.shown)

    @Slot()
    def _refresh_cell(self) -> None:
        model = self._model
        if model.shown is None or model.cell is None:
            return
        row, column = model.cell
        items = model.shown.rows[row], model.shown.columns[column]
        self.pictures.show_items(items)
        self.first.setText(_named(items[0]))
        self.second.setText(_named(items[1]))
        self.numbers.setText(model.cell_words)
        words = model.temperature_words
        self.temperature.setText(words)
        self.slider.set_value(model.temperature, words)
        first, second = model.loss_words
        self.loss.setText(first)
        self.own.setText(second)


class _Pictures(QWidget):
    """The thumbnails of the images in question, one or two."""

    def __init__(self, painter: ThumbnailPainter, parent: QWidget) -> None:
        super().__init__(parent)
        self._painter = painter
        self._ids: list[str] = []
        self.setFixedHeight(_THUMB)
        painter.loaded.connect(self.update)

    def show_items(self, items: tuple[Item, Item]) -> None:
        """Show the images among these."""
        self._ids = [item.image_id for item in items if item.image_id is not None]
        self.setVisible(bool(self._ids))
        self.setFixedWidth(max(0, len(self._ids) * (_THUMB + 4) - 4))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw them side by side."""
        painter = QPainter(self)
        for place, image_id in enumerate(self._ids):
            area = QRectF(place * (_THUMB + 4), 0, _THUMB, _THUMB).toRect()
            self._painter.paint(painter, area, image_id, 4)
        painter.end()


class ColourBar(QWidget):
    """Low number, colours, high number, and what they are, in one line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Shown | None = None
        self.setFont(font(ANNOTATION))
        self.setFixedHeight(16)
        self.setAccessibleName("Colours of the matrix")
        themes.changed.connect(self.update)

    @property
    def words(self) -> tuple[str, str]:
        """The ends in words, the upper one with what the numbers are."""
        if self._shown is None:
            return "", ""
        ends = self._shown.limits
        span = ends.high - ends.low
        return number_words(ends.low, span), f"{number_words(ends.high, span)} {self._shown.unit}"

    def show_colours(self, shown: Shown | None) -> None:
        """Explain the colours of a matrix."""
        self._shown = shown
        low, high = self.words
        self.setToolTip(f"From {low} to {high}" if shown is not None else "")
        self.setAccessibleDescription(self.toolTip())
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bar between its numbers."""
        if self._shown is None:
            return
        painter = QPainter(self)
        room, metrics = QRectF(self.rect()), QFontMetricsF(self.font())
        low, high = self.words
        left, right = metrics.horizontalAdvance(low) + 6, metrics.horizontalAdvance(high) + 6
        bar = QRectF(left, room.center().y() - _BAR / 2, room.width() - left - right, _BAR)
        painter.drawImage(bar, to_qimage(self._shown.colours(theme().dark)[None]))
        painter.setPen(theme().colour("secondary"))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(room, middle | Qt.AlignmentFlag.AlignLeft, low)
        painter.drawText(room, middle | Qt.AlignmentFlag.AlignRight, high)
        painter.end()


def _named(item: Item) -> str:
    return f"{item.name} · {item.about}" if item.about else item.name
