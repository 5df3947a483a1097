"""The menu of windows through which the encoder sees CT."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from vlm_explorer.viewmodels.ct_encoding import CtEncoding
from vlm_explorer.viewmodels.session import Session


class CtMenu(QMenu):
    """One entry a choice, the one in use marked; choosing another encodes CT anew."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__("Encode CT through", parent)
        self._model = CtEncoding(session, self)
        self._group = QActionGroup(self)
        for name, title in self._model.choices:
            action = self.addAction(title)
            action.setCheckable(True)
            action.setData(name)
            self._group.addAction(action)
        self._group.triggered.connect(self._choose)
        self._model.changed.connect(self._update)
        self._update()

    @Slot(QAction)
    def _choose(self, action: QAction) -> None:
        self._model.choose(str(action.data()))

    @Slot()
    def _update(self) -> None:
        self.menuAction().setEnabled(self._model.available)
        for action in self._group.actions():
            action.setChecked(action.data() == self._model.current)
