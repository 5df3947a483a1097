"""What leaves images out, as a row of chips over the map; each can be removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QWidget

from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.widgets.icons import paint_glyph
from vlm_explorer.widgets.map_chips import HEIGHT, Pill
from vlm_explorer.widgets.map_word_wishes import elided
from vlm_explorer.widgets.menus import literal
from vlm_explorer.widgets.theme import theme, themes

_GAP = 4
_TITLE = 36  # characters
_CROSS = 12  # px
_REMOVING = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Return, Qt.Key.Key_Enter)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A chip's words, and what a click on it does."""

    title: str
    note: str
    act: Callable[[], None]
    cross: bool = True


class FilterChip(Pill):
    """Words with a cross; a click, Enter or Delete removes what they say.

    Signals:
        stepped(by): the focus is to go to a neighbour.
    """

    stepped = Signal(int)

    def __init__(self, entry: _Entry, parent: QWidget) -> None:
        super().__init__(parent)
        self._entry = entry
        self._words = elided(entry.title, _TITLE)
        self.setText(literal(self._words))
        self.setToolTip(entry.note)
        self.setAccessibleName(f"Remove: {entry.title}" if entry.cross else entry.title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.clicked.connect(self._act)
        self.resize(self.sizeHint())

    @Slot()
    def _act(self) -> None:
        self._entry.act()

    def sizeHint(self) -> QSize:
        """As wide as the words and the cross."""
        room = 10 + (_CROSS + 14 if self._entry.cross else 10)
        return QSize(
            round(QFontMetricsF(self.font()).horizontalAdvance(self._words)) + room, HEIGHT
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete and Enter are clicks; the arrows go to the neighbours."""
        if event.key() in _REMOVING:
            self.click()
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.stepped.emit(1 if event.key() == Qt.Key.Key_Right else -1)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, words and cross."""
        roles = theme()
        painter = QPainter(self)
        self.paint_ground(painter)
        painter.setFont(self.font())
        painter.setPen(roles.colour("text" if self._entry.cross else "secondary"))
        words = self.rect().adjusted(10, 0, 0, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self._words)
        if self._entry.cross:
            top = (HEIGHT - _CROSS) / 2
            cross = QRectF(self.width() - _CROSS - 8, top, _CROSS, _CROSS)
            paint_glyph(painter, "ph.x", cross, roles.colour("secondary"))
        painter.end()


class FilterRow(QWidget):
    """One row of chips: every filter, what is hidden on the map, and "clear all".

    Signals:
        resized(): it came, went, or has another width.
        emptied(): the last chip is gone, which had the focus.
    """

    resized = Signal()
    emptied = Signal()

    def __init__(self, model: MapModel, parent: QWidget, *, empty: bool = False) -> None:
        """Show the filters of a map's session; `empty`: another row shows them already."""
        super().__init__(parent)
        self._model, self._empty = model, empty
        self._said: tuple[str, ...] = ()
        self._room = 400
        self.chips: list[FilterChip] = []
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("Active filters")
        model.session.filters_changed.connect(self.refresh)
        model.changed.connect(self.refresh)
        themes.changed.connect(self.update)
        self.refresh()

    def set_room(self, width: int) -> None:
        """Tell how wide the row may be."""
        if width != self._room:
            self._room = width
            self._build()

    @Slot()
    def refresh(self) -> None:
        """Show what is filtered by now."""
        if self._said != tuple(entry.title for entry in self._entries()):
            self._build()
            self.resized.emit()

    def _entries(self) -> list[_Entry]:
        model, session = self._model, self._model.session
        if self._empty:
            return []
        entries = [
            _Entry(
                each.title,
                f"Only images that pass this filter are shown: {each.title}\n"
                "Click to remove it (Delete)",
                partial(session.remove_filter, each.key),
            )
            for each in session.filters
        ]
        if names := self._hidden():
            note = (
                "Categories that are hidden on the map; other panes list them\nClick to show them"
            )
            title = f"hidden on the map: {names}"
            entries.append(_Entry(title, note, partial(model.set_hidden, frozenset())))
        return entries

    def _hidden(self) -> str:
        """Return the names of what the legend hides."""
        legend = self._model.scene.legend
        names = [entry.category.title for entry in legend if entry.hidden]
        return ", ".join(names[:2]) + (f" and {len(names) - 2:,} more" if len(names) > 2 else "")

    def _build(self) -> None:
        """Make the chips anew, as many as there is room for; the rest are in a menu."""
        entries = self._entries()
        self._said = tuple(entry.title for entry in entries)
        place = next((n for n, chip in enumerate(self.chips) if chip.hasFocus()), None)
        for chip in self.chips:
            chip.hide()
            chip.deleteLater()
        self.chips = self._fitting(entries)
        x = 0
        for chip in self.chips:
            chip.stepped.connect(self._step)
            chip.move(x, 0)
            chip.show()
            x += chip.width() + _GAP
        self.resize(max(x - _GAP, 0), HEIGHT)
        self.setVisible(bool(entries))
        if place is not None and self.chips:
            self.chips[min(place, len(self.chips) - 1)].setFocus(Qt.FocusReason.OtherFocusReason)
        elif place is not None:
            self.emptied.emit()

    def _fitting(self, entries: list[_Entry]) -> list[FilterChip]:
        """Return the chips that fit, then what stands for the rest and clears all."""
        clear = _Entry("Clear all", "Show everything", self._model.show_everything, cross=False)
        last = [clear] if len(entries) > 1 else []
        for shown in range(len(entries), -1, -1):
            chosen = [*entries[:shown], *self._more(entries[shown:]), *last]
            chips = [FilterChip(entry, self) for entry in chosen]
            if sum(chip.width() + _GAP for chip in chips) - _GAP <= self._room:
                break
            if shown:
                for chip in chips:
                    chip.deleteLater()
        return chips

    def _more(self, rest: list[_Entry]) -> list[_Entry]:
        """Return what stands for the chips that do not fit, if there are any."""
        if not rest:
            return []
        return [_Entry(f"{len(rest)} more", "More filters", partial(self._list, rest), cross=False)]

    def _list(self, rest: list[_Entry]) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for entry in rest:
            menu.addAction(literal(f"Remove {entry.title}"), entry.act)
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    @Slot(int)
    def _step(self, by: int) -> None:
        place = next((n for n, chip in enumerate(self.chips) if chip.hasFocus()), 0)
        self.chips[(place + by) % len(self.chips)].setFocus(Qt.FocusReason.TabFocusReason)
