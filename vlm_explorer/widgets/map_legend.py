"""The legend over the map: chips with counts, or a scale with its numbers."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QSize, Signal, Slot
from PySide6.QtWidgets import QWidget

from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.widgets.column_panels import filter_panel
from vlm_explorer.widgets.legend_menu import category_menu
from vlm_explorer.widgets.legend_scales import RampBar, SizeBar
from vlm_explorer.widgets.map_chips import HEIGHT, Chip, MoreChip
from vlm_explorer.widgets.ramp_panel import RampPanel
from vlm_explorer.widgets.theme import themes

_GAP = 4  # px
_ROWS = 2  # of chips, before they fold


class MapLegend(QWidget):
    """Says what the colours are; over the map, at its lower left.

    Signals:
        resized(): it has another size; put it in its place.
        size_wanted(): sizes are to stand for something else.
    """

    resized = Signal()
    size_wanted = Signal()

    def __init__(self, model: MapModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._chips: dict[str, Chip] = {}
        self._ramp = RampBar(self)
        self._ramp.clicked.connect(self.change_ramp)
        self._sizes = SizeBar(self)
        self._sizes.clicked.connect(self.size_wanted)
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
        if scene.sizing is not None:
            self._sizes.set_sizing(scene.sizing)
        self._sizes.setVisible(scene.sizing is not None)
        self._arrange()

    def _make_chip(self, key: str) -> Chip:
        chip = Chip(self)
        chip.pressed.connect(self._remember)
        chip.clicked.connect(lambda: self._model.toggle(key))
        # A double click begins with a click, which has hidden or shown the category already.
        chip.isolated.connect(lambda: self._model.isolate(key, self._before))
        chip.menu_wanted.connect(lambda place: self._show_menu(key, place))
        return chip

    def _show_menu(self, key: str, place: QPoint) -> None:
        entry = next(e for e in self._model.scene.legend if e.category.key == key)
        category_menu(self._model, entry, self).popup(place)

    @Slot()
    def change_ramp(self) -> None:
        """Offer other colours for the scale."""
        if self._model.scene.ramp is not None:
            panel = RampPanel(self._ramp, self._model)
            panel.filter_wanted.connect(self._filter_ramp)
            panel.open(above=True)

    @Slot()
    def _filter_ramp(self) -> None:
        session = self._model.session
        session.columns.when_made(
            self._model.colour_by,
            lambda column: filter_panel(self._ramp, session, column).open(above=True),
        )

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
        self.setFixedSize(self._place_scales(size if order else QSize(0, 0)))
        self.resized.emit()

    def _place_scales(self, chips: QSize) -> QSize:
        """Put the scales above the chips, beside each other; return the size of all."""
        scales = [scale for scale in (self._ramp, self._sizes) if not scale.isHidden()]
        tall = max((scale.height() for scale in scales), default=0)
        lift = tall + _GAP if tall and chips.height() else tall
        for chip in (*self._chips.values(), self._more):
            chip.move(chip.x(), chip.y() + lift)
        x = 0
        for scale in scales:
            scale.move(x, 0)
            x += scale.width() + _GAP
        return QSize(max(chips.width(), x - _GAP if x else 0), chips.height() + lift)

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
