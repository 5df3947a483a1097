"""The table of actions: menus, shortcuts, the command palette and the help sheet are made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

WINDOW = Qt.ShortcutContext.WindowShortcut
PANE = Qt.ShortcutContext.WidgetWithChildrenShortcut


@dataclass(frozen=True, slots=True)
class ActionRow:
    """Something that the user can do.

    Attributes:
        id: "pane.what", unique.
        title: what menus and the help sheet call it, in sentence case.
        shortcut: as Qt spells it ("Ctrl+F"), several parted by spaces; "" for none.
        slot: what to call.
        menu: the menu that lists it; "" for none.
        icon: a line icon's name; "" for none.
        checkable: whether it is a switch.
    """

    id: str
    title: str
    shortcut: str
    slot: Callable[..., Any]
    menu: str = ""
    icon: str = ""
    checkable: bool = False

    @property
    def sequences(self) -> list[QKeySequence]:
        """The shortcuts as key sequences."""
        return [QKeySequence(part) for part in self.shortcut.split()]

    @property
    def keys(self) -> str:
        """The shortcuts as the user reads them, "Ctrl+Shift+Z"."""
        native = QKeySequence.SequenceFormat.NativeText
        return ", ".join(sequence.toString(native) for sequence in self.sequences)


def install(
    rows: Iterable[ActionRow], widget: QWidget, context: Qt.ShortcutContext = PANE
) -> dict[str, QAction]:
    """Make the rows' actions, add them to `widget`, and return them by id.

    With `PANE` their keys work while the focus is in `widget`, with `WINDOW` in its whole window.
    """
    actions: dict[str, QAction] = {}
    for row in rows:
        action = QAction(row.title, widget)
        action.setObjectName(row.id)
        action.setShortcuts(row.sequences)
        action.setShortcutContext(context)
        action.setCheckable(row.checkable)
        if row.keys:
            action.setToolTip(f"{row.title} ({row.keys})")
        if row.checkable:
            action.toggled.connect(row.slot)
        else:
            # `triggered` carries a bool that is no business of the slot
            action.triggered.connect(lambda _checked=False, slot=row.slot: slot())
        widget.addAction(action)
        actions[row.id] = action
    return actions
