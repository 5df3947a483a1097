"""The menu of encoders: which one the open collection is looked at with."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from vlm_explorer.viewmodels.model_facts import ModelFacts
from vlm_explorer.viewmodels.models_desk import ModelsDesk
from vlm_explorer.widgets.actions import ActionRow


class EncoderMenu(QMenu):
    """One entry an encoder on this machine, the one in use marked; another one takes over."""

    def __init__(self, desk: ModelsDesk, parent: QWidget) -> None:
        super().__init__("Look with", parent)
        self._desk = desk
        self._group = QActionGroup(self)
        self._group.triggered.connect(self._choose)
        desk.shelf.listed.connect(self._list)
        desk.switch.changed.connect(self._mark)
        self._list()

    def rows(self) -> list[ActionRow]:
        """Return the same choice for the command palette."""
        switch = self._desk.switch
        return [
            ActionRow(f"encoder.{facts.id}", f"Look with {_title(facts)}", "", use)
            for facts in self._installed()
            if switch.available and facts.id != switch.current
            for use in [partial(self._desk.shelf.use, facts.id)]
        ]

    def _installed(self) -> list[ModelFacts]:
        return [facts for facts in self._desk.shelf.models if facts.installed]

    @Slot()
    def _list(self) -> None:
        for action in self._group.actions():
            self._group.removeAction(action)
            self.removeAction(action)
            action.deleteLater()
        for facts in self._installed():
            action = self.addAction(_title(facts))
            action.setCheckable(True)
            action.setData(facts.id)
            self._group.addAction(action)
        self._mark()

    @Slot(QAction)
    def _choose(self, action: QAction) -> None:
        self._desk.shelf.use(str(action.data()))
        self._mark()  # until it has taken over, the mark stays where it is

    @Slot()
    def _mark(self) -> None:
        self.menuAction().setEnabled(self._desk.switch.available and not self.isEmpty())
        for action in self._group.actions():
            action.setChecked(action.data() == self._desk.switch.current)


def _title(facts: ModelFacts) -> str:
    """Return a name, and how many images it would have to encode first."""
    missing = facts.images - facts.encoded
    return f"{facts.name} (encodes {missing:,} images)" if missing > 0 else facts.name
