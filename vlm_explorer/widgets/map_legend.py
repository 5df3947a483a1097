"""The legend over the map: chips with counts, or a scale with its numbers."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Signal, Slot
from PySide6.QtWidgets import QWidget

from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.widgets.map_chips import HEIGHT, RAMP, Chip, MoreChip, RampBar
from vlm_explorer.widgets.theme import themes

_GAP = 4  # px
_ROWS = 2  # of chips, before they fold


class MapLegend(QWidget):
    """Says what the colours are; over the map, at its lower left.

    Signals:
        resized(): it has another size; put it in its place.
    """

    resized = Signal()

    def __init__(self, model: MapModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._chips: dict[str, Chip] = {}
        self._ramp = RampBar(self)
        self._more = MoreChip(self)
        self._more.toggled.connect(self._arrange)
        self._width = 400
        self._before: frozenset[str] = frozenset()
        model.changed.connect(self.refresh)
        themes.changed.connect(self.refresh)
        self.refresh()

    @property
    def chips(self) -> dict[str, Chip]:
        """The chips by their category's key."""
        return self._chips

    @property
    def folded(self) -> int:
        """How many chips did not fit."""
        return sum(chip.isHidden() for chip in self._chips.values())

    def set_room(self, width: int) -> None:
        """Tell how wide the legend may be."""
        if width != self._width:
            self._width = width
            self._arrange()

    @Slot()
    def refresh(self) -> None:
        """Show the scene's categories; chips that stay are the same widgets."""
        scene = self._model.scene
        keys = {entry.category.key for entry in scene.legend}
        for key in set(self._chips) - keys:
            self._chips.pop(key).deleteLater()
        for entry in scene.legend:
            key = entry.category.key
            if key not in self._chips:
                self._chips[key] = self._make_chip(key)
            self._chips[key].set_entry(entry)
        if scene.ramp is not None:
            self._ramp.set_ramp(scene.ramp)
        self._ramp.setVisible(scene.ramp is not None)
        self._arrange()

    def _make_chip(self, key: str) -> Chip:
        chip = Chip(self)
        chip.pressed.connect(self._remember)
        chip.clicked.connect(lambda: self._model.toggle(key))
        # A double click begins with a click, which has hidden or shown the category already.
        chip.isolated.connect(lambda: self._model.isolate(key, self._before))
        return chip

    @Slot()
    def _remember(self) -> None:
        self._before = self._model.hidden

    @Slot()
    def _arrange(self) -> None:
        """Put the chips into rows, from the top; what does not fit is folded away."""
        order = [self._chips[entry.category.key] for entry in self._model.scene.legend]
        rows = None if self._more.isChecked() else _ROWS
        placed, size = flow([chip.sizeHint() for chip in order], self._width, rows, HEIGHT * 3)
        for index, chip in enumerate(order):
            chip.setVisible(index < len(placed))
            if index < len(placed):
                chip.setGeometry(*placed[index])
        folded = len(order) - len(placed)
        self._more.set_count(folded)
        self._more.setVisible(bool(folded) or self._more.isChecked())
        if not self._more.isHidden():
            size = self._place_more(placed, size)
        if not self._ramp.isHidden():
            size = RAMP
        if not order and self._ramp.isHidden():
            size = QSize(0, 0)
        self.setFixedSize(size)
        self.resized.emit()

    def _place_more(self, placed: list[tuple[int, int, int, int]], size: QSize) -> QSize:
        hint = self._more.sizeHint()
        x, y = (placed[-1][0] + placed[-1][2] + _GAP, placed[-1][1]) if placed else (0, 0)
        if x + hint.width() > self._width:
            x, y = 0, y + HEIGHT + _GAP
        self._more.setGeometry(x, y, hint.width(), HEIGHT)
        return QSize(max(size.width(), x + hint.width()), max(size.height(), y + HEIGHT))

    def event(self, event: QEvent) -> bool:
        """Let clicks beside the chips go to the map."""
        if event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove):
            event.ignore()
            return False
        return super().event(event)


def flow(
    sizes: list[QSize], width: int, rows: int | None, reserve: int
) -> tuple[list[tuple[int, int, int, int]], QSize]:
    """Return geometries of chips set in rows, and the size of all; those left out did not fit.

    Args:
        sizes: of the chips.
        width: of a row.
        rows: at most so many; None: as many as needed.
        reserve: px kept free at the end of the last row, if chips are left out.
    """
    placed: list[tuple[int, int, int, int]] = []
    x = y = row = 0
    for index, size in enumerate(sizes):
        last = rows is not None and row == rows - 1
        room = width - (reserve if last and index < len(sizes) - 1 else 0)
        if x and x + size.width() > room:
            if last:
                break
            x, y, row = 0, y + HEIGHT + _GAP, row + 1
        placed.append((x, y, size.width(), HEIGHT))
        x += size.width() + _GAP
    right = max((left + wide for left, _, wide, _ in placed), default=0)
    return placed, QSize(right, y + HEIGHT if placed else 0)
