"""Changes the colours of a scale: its palette, and the number around which it diverges."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QHBoxLayout, QLineEdit, QWidget

from vlm_explorer.rendering import ramps
from vlm_explorer.viewmodels.map_colouring import Ramp
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.number_words import number_words, read_number
from vlm_explorer.widgets.controls import Words, text_button
from vlm_explorer.widgets.flyout import Flyout
from vlm_explorer.widgets.legend_scales import gradient
from vlm_explorer.widgets.map_brush import ramp_of
from vlm_explorer.widgets.map_chips import Pill
from vlm_explorer.widgets.theme import ANNOTATION, RADIUS, font, theme

_WIDTH, _SWATCH = 260, 28  # px


class PaletteButton(Pill):
    """A palette to choose, drawn as it will look."""

    def __init__(self, name: str, ramp: Ramp, parent: QWidget) -> None:
        super().__init__(parent)
        self.name = name
        self._ramp = replace(ramp, palette=name)
        self.setCheckable(True)
        self.setFixedHeight(_SWATCH)
        title = name[:1].upper() + name[1:]
        self.setText(title)
        self.setAccessibleName(f"Palette: {title}")
        self.setToolTip(title)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the colours and the name; the chosen one has an accent around it."""
        roles = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = self.isChecked() or self.hasFocus()
        painter.setPen(roles.colour("accent" if chosen else "line"))
        painter.setBrush(roles.colour("hover" if self.underMouse() else "raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        bar = QRectF(8, self.height() / 2 - 5, 100, 10)
        painter.setPen(Qt.PenStyle.NoPen)
        colours = [QColor(*map(int, colour)) for colour in ramp_of(roles, self._ramp)[1:]]
        painter.setBrush(gradient(bar, colours))
        painter.drawRoundedRect(bar, 3, 3)
        painter.setFont(font(ANNOTATION))
        painter.setPen(roles.colour("text" if self.isChecked() else "secondary"))
        words = self.rect().adjusted(118, 0, -4, 0)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(words, flags, self.text())
        painter.end()


class RampPanel(Flyout):
    """Palettes to choose from, a centre, and the way to the filter.

    Signals:
        filter_wanted(): the numbers are to be filtered by a range.
    """

    filter_wanted = Signal()

    def __init__(self, owner: QWidget, model: MapModel) -> None:
        super().__init__(owner, _WIDTH)
        self._model, self._key = model, model.colour_by
        ramp = model.scene.ramp
        assert ramp is not None
        self._ramp = ramp
        self.column.addWidget(Words(f"Colours of {ramp.title}", "heading"))
        self.palettes = QButtonGroup(self)
        names = ramps.SEQUENTIAL if ramp.centre is None else ramps.DIVERGING
        chosen = ramp.palette if ramp.palette in names else names[0]
        for name in names:
            button = PaletteButton(name, ramp, self)
            button.setChecked(name == chosen)
            button.clicked.connect(lambda _=False, name=name: self._choose(name))
            self.palettes.addButton(button)
            self.column.addWidget(button)
        self._add_centre(ramp)
        filter_ = text_button("Filter by a range…", "quiet", self)
        filter_.clicked.connect(self._filter)
        self.column.addWidget(filter_)

    def first_focus(self) -> QWidget:
        """The palette in use has the focus."""
        checked = self.palettes.checkedButton()
        return self if checked is None else checked

    def _add_centre(self, ramp: Ramp) -> None:
        row = QHBoxLayout()
        self.diverges = QCheckBox("Diverge around", self)
        self.diverges.setToolTip("Two colours, for what lies below and above a number")
        self.diverges.setChecked(ramp.centre is not None)
        self.centre = QLineEdit(self)
        self.centre.setAccessibleName("Number to diverge around")
        self._write_centre()
        self.centre.setEnabled(ramp.centre is not None)
        row.addWidget(self.diverges)
        row.addWidget(self.centre, 1)
        self.column.addLayout(row)
        self.diverges.clicked.connect(self._diverge)
        self.centre.returnPressed.connect(self._diverge)
        self.centre.editingFinished.connect(self._diverge)

    def _usual_centre(self) -> float:
        """Return the centre there is, else zero where it is on the scale, else the middle."""
        ramp = self._ramp
        if ramp.centre is not None:
            return ramp.centre
        return 0.0 if ramp.low <= 0 <= ramp.high else (ramp.low + ramp.high) / 2

    def _write_centre(self) -> None:
        span = self._ramp.high - self._ramp.low
        self.centre.setText(number_words(self._usual_centre(), span))

    def _choose(self, name: str) -> None:
        style = self._model.styles.of(self._key).ramp
        self._model.styles.set_ramp(self._key, replace(style, palette=name))

    @Slot()
    def _diverge(self) -> None:
        """Take the typed number; the panel then offers the palettes of the other kind."""
        style = self._model.styles.of(self._key).ramp
        if not self.diverges.isChecked():
            self.centre.setEnabled(False)
            if self._ramp.centre is not None:
                self._model.styles.set_ramp(
                    self._key, replace(style, centre=None, plain=True, palette="")
                )
                self.close()
            return
        centre = read_number(self.centre.text())
        if centre is None:
            self.centre.setText(
                number_words(self._usual_centre(), self._ramp.high - self._ramp.low)
            )
            return
        fresh = self._ramp.centre is None
        if fresh or centre != self._ramp.centre:
            palette = "" if fresh else style.palette
            wanted = replace(style, centre=centre, plain=False, palette=palette)
            self._model.styles.set_ramp(self._key, wanted)
            self.close()

    @Slot()
    def _filter(self) -> None:
        self.close()
        self.filter_wanted.emit()
