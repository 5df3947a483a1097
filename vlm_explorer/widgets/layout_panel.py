"""The panel of the layout: method, space, settings and kept layouts, each said what it means."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QRadioButton,
    QWidget,
)

from vlm_explorer.viewmodels.layout_choice import Choice, LayoutChoice
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.widgets.controls import Line, Words, text_button
from vlm_explorer.widgets.flyout import Flyout
from vlm_explorer.widgets.kept_layouts import KeptLayouts

_WIDTH = 480  # px
_BOX = 88  # px, a setting's box
_NAMES = 152  # px, the column of what can be chosen


class LayoutPanel(Flyout):
    """Method and space take effect at once, settings with the button or Enter."""

    def __init__(self, owner: QWidget, model: MapModel) -> None:
        super().__init__(owner, _WIDTH)
        self._model = model
        self._choice = LayoutChoice(model.session, self)
        self.methods = self._choices("Method", self._choice.methods(), self._choose_method)
        self.column.addWidget(Line(parent=self))
        self.spaces = self._choices("Space", self._choice.spaces(), self._choose_space)
        self.gap = QLabel(self)
        self.gap.setWordWrap(True)
        self.gap.setProperty("role", "annotation")
        self.column.addWidget(self.gap)
        self.column.addWidget(Line(parent=self))
        self.settings: dict[str, QDoubleSpinBox] = {}
        self._names: dict[str, Words] = {}
        self.apply = text_button("Lay out", "primary", self)
        self.apply.setToolTip("Lay the map out with these settings (Enter)")
        self.apply.clicked.connect(self._apply)
        self._add_settings()
        if not model.second:  # what stands beside it is laid onto it, and is kept from there
            self.column.addWidget(Line(parent=self))
            self.kept = KeptLayouts(model.layouts, self)
            self.column.addWidget(self.kept)
        self._choice.changed.connect(self._show)
        self._show()

    def _choices(
        self, title: str, choices: tuple[Choice, ...], slot: Callable[..., None]
    ) -> QButtonGroup:
        """Add a heading and a row a choice: its name, and what it means."""
        self.column.addWidget(Words(title, "heading", parent=self))
        group = QButtonGroup(self)
        grid = QGridLayout()
        grid.setColumnMinimumWidth(0, _NAMES)
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        for place, choice in enumerate(choices):
            button = QRadioButton(choice.title, self)
            button.setEnabled(choice.available)
            button.setAccessibleDescription(choice.note)
            button.setProperty("key", choice.key)
            note = _Note(choice.note, button, self)
            group.addButton(button)
            grid.addWidget(button, place, 0)
            grid.addWidget(note, place, 1)
        self.column.addLayout(grid)
        group.buttonClicked.connect(slot)
        return group

    def _add_settings(self) -> None:
        """Add a box a setting, under its name, and the button that makes them count."""
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        for place, setting in enumerate(self._choice.settings()):
            box = QDoubleSpinBox(self)
            box.setDecimals(setting.decimals)
            box.setRange(setting.least, setting.most)
            box.setSingleStep(setting.step)
            box.setToolTip(setting.note)
            box.setAccessibleName(setting.title)
            box.setFixedWidth(_BOX)
            box.valueChanged.connect(self._decide)
            name = Words(setting.title, "annotation", parent=self)
            name.setFixedWidth(_BOX)
            grid.addWidget(name, 0, place)
            grid.addWidget(box, 1, place)
            self.settings[setting.key], self._names[setting.key] = box, name
        last = len(self.settings)
        grid.setColumnStretch(last, 1)
        grid.addWidget(self.apply, 1, last + 1)
        self.column.addLayout(grid)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter in a box lays out with what was typed."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.apply.isEnabled():
            self._apply()
        else:
            super().keyPressEvent(event)

    def first_focus(self) -> QWidget:
        """The method that is in use."""
        return self.methods.checkedButton() or self

    @Slot(QAbstractButton)
    def _choose_method(self, button: QAbstractButton) -> None:
        self._choice.choose(method=str(button.property("key")))

    @Slot(QAbstractButton)
    def _choose_space(self, button: QAbstractButton) -> None:
        self._choice.choose(space=str(button.property("key")))

    @Slot()
    def _apply(self) -> None:
        """Lay out with the settings that differ."""
        self._choice.apply({key: box.value() for key, box in self.settings.items()})

    @Slot()
    def _decide(self) -> None:
        values = {key: box.value() for key, box in self.settings.items()}
        self.apply.setEnabled(self._choice.differs(values))

    @Slot()
    def _show(self) -> None:
        """Show the choices as they are."""
        layout = self._model.session.layout
        for group, chosen in ((self.methods, layout.method), (self.spaces, layout.space)):
            for button in group.buttons():
                if button.property("key") == chosen:
                    button.setChecked(True)
        used = self._choice.used()
        for key, box in self.settings.items():
            box.blockSignals(True)
            box.setValue(getattr(layout, key))
            box.blockSignals(False)
            box.setVisible(key in used)
            self._names[key].setVisible(key in used)
        self.apply.setVisible(bool(used))
        self.gap.setText(self._choice.gap)
        self.gap.setVisible(bool(self._choice.gap))
        self._decide()


class _Note(QLabel):
    """What a choice means; a click on it is a click on the choice."""

    def __init__(self, text: str, button: QRadioButton, parent: QWidget) -> None:
        super().__init__(text, parent)
        self._button = button
        self.setWordWrap(True)
        self.setProperty("role", "annotation")
        self.setEnabled(button.isEnabled())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._button.click()
