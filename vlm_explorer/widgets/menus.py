"""What menus are made of: words as they are, and a choice of one under a heading."""

from __future__ import annotations

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu


def literal(text: str) -> str:
    """Return the text of an action or a button that shows `text`, ampersands included.

    Qt takes a single one for the mark of the letter that is the entry's key.
    """
    return text.replace("&", "&&")


def add_choice(menu: QMenu, title: str, names: dict[str, str], chosen: str = "") -> QActionGroup:
    """Add a heading and a choice of one; an action's data is its key.

    Args:
        menu: to add to; it owns the group.
        title: the heading.
        names: what can be chosen, by key; small letters that are no key begin with a capital.
        chosen: key of the present choice.
    """
    menu.addAction(title).setEnabled(False)
    group = QActionGroup(menu)
    for key, name in names.items():
        words = name[0].upper() + name[1:] if name != key and name.islower() else name
        action = menu.addAction(literal(words))
        action.setCheckable(True)
        action.setData(key)
        action.setChecked(key == chosen)
        group.addAction(action)
    return group
