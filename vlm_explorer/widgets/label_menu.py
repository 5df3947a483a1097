"""What can be done with the label set in use, behind one button."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from vlm_explorer.viewmodels.label_sets import LabelSet, LabelSets
from vlm_explorer.widgets.controls import IconButton
from vlm_explorer.widgets.menus import literal


class LabelMenu(IconButton):
    """A button with a menu; its entries are those that apply.

    Signals:
        rename_wanted(), import_wanted(), export_wanted(): the user is to be asked for more.
    """

    rename_wanted = Signal()
    import_wanted = Signal()
    export_wanted = Signal()

    def __init__(self, sets: LabelSets, parent: QWidget | None = None) -> None:
        super().__init__("ph.dots-three", "Label set: save, copy, share", parent=parent)
        self._sets = sets
        self.entries = QMenu(self)
        self.versions = QMenu("Earlier versions", self)
        self.deleted = QMenu("Deleted label sets", self)
        self._fill()
        self.setMenu(self.entries)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.entries.aboutToShow.connect(self._list_versions)
        self.entries.aboutToShow.connect(lambda: sets.list_deleted(self._list_deleted))
        sets.changed.connect(self.show_state)
        self.show_state()

    def _fill(self) -> None:
        sets = self._sets
        self.save = self._add("Save", sets.save)
        self.copy = self._add("Duplicate", sets.duplicate)
        self.rename = self._add("Rename", self.rename_wanted.emit)
        self.delete = self._add("Delete", sets.delete)
        self.entries.addMenu(self.versions)
        self.entries.addSeparator()
        self.new = self._add("New label set", sets.new)
        self.entries.addMenu(self.deleted)
        self.entries.addSeparator()
        self.bring = self._add("Import from a file", self.import_wanted.emit)
        self.share = self._add("Export to a file", self.export_wanted.emit)

    def _add(self, title: str, slot: Callable[[], Any]) -> QAction:
        action = self.entries.addAction(title)
        action.triggered.connect(lambda _checked: slot())
        return action

    @Slot()
    def show_state(self) -> None:
        """Enable what applies, and say what saving does."""
        sets = self._sets
        words = "Save" if sets.is_own or not sets.current.name else "Save as your own"
        self.save.setText(words)
        self.save.setEnabled(sets.edited)
        self.delete.setEnabled(sets.is_own)
        self.share.setEnabled(bool(sets.current.labels))
        self.versions.menuAction().setEnabled(sets.is_own)

    @Slot()
    def _list_versions(self) -> None:
        self._sets.list_versions(self._list)

    @Slot(object)
    def _list(self, found: tuple[LabelSet, ...]) -> None:
        self.versions.clear()
        for each in found:
            names = ", ".join(each.names[:3]) + (", …" if len(each.names) > 3 else "")
            words = f"Version {each.version} · {len(each.labels)} labels: {names}"
            self.versions.addAction(literal(words), partial(self._sets.use_version, each))

    @Slot(object)
    def _list_deleted(self, found: tuple[LabelSet, ...]) -> None:
        self.deleted.clear()
        self.deleted.menuAction().setEnabled(bool(found))
        for each in found:
            words = f"Restore {each.title} · {len(each.labels)} labels"
            self.deleted.addAction(literal(words), partial(self._sets.restore, each.name))
