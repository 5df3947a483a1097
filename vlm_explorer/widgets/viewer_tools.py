"""The slim bar of tools above a scan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from vlm_explorer.viewmodels.viewer_presets import Preset
from vlm_explorer.widgets.controls import ICON, TARGET, IconButton, Words
from vlm_explorer.widgets.theme import icon, themes

HEIGHT = 36  # px


class ViewerTools(QWidget):
    """A title, the menu of windows, and a button for each action.

    Signals:
        preset_chosen(Preset): a window was chosen from the menu.
    """

    preset_chosen = Signal(object)

    def __init__(
        self, actions: Sequence[tuple[QAction, str]], parent: QWidget | None = None
    ) -> None:
        """Make the bar; `actions` come with the names of their icons."""
        super().__init__(parent)
        self.setProperty("pane", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self._icons = list(actions)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 4, 0)
        row.setSpacing(0)
        self._title = Words(parent=self)
        row.addWidget(self._title, 1)
        row.addSpacing(8)
        self._menu = QMenu(self)
        self._windows = IconButton("ph.sliders-horizontal", "Window presets, 0 to 9", parent=self)
        self._windows.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._windows.setMenu(self._menu)
        row.addWidget(self._windows)
        for action, _ in self._icons:
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setIconSize(QSize(ICON, ICON))
            button.setAccessibleName(action.text())
            button.setFixedSize(TARGET, TARGET)
            row.addWidget(button)
        themes.changed.connect(self._tint)
        self._tint()
        self.set_title("")

    @Slot()
    def _tint(self) -> None:
        for action, name in self._icons:
            action.setIcon(icon(name, "secondary"))

    def set_title(self, title: str) -> None:
        """Say what is shown; empty where nothing is."""
        self._title.setText(title or "No image open")

    def set_presets(self, presets: Iterable[Preset]) -> None:
        """Offer these windows."""
        self._menu.clear()
        add_presets(self._menu, presets, self.preset_chosen.emit)
        self._windows.setEnabled(not self._menu.isEmpty())


def add_presets(menu: QMenu, presets: Iterable[Preset], choose: Callable[[Preset], object]) -> None:
    """Add the windows on offer to a menu, with their keys; grey what cannot be had."""
    menu.setToolTipsVisible(True)
    for preset in presets:
        key = "" if preset.digit is None else f"\t{preset.digit}"
        action = menu.addAction(preset.title + key)
        action.setEnabled(not preset.refusal)
        action.setToolTip(preset.refusal)
        action.triggered.connect(partial(_choose, choose, preset))


def _choose(choose: Callable[[Preset], object], preset: Preset, _checked: bool = False) -> None:
    choose(preset)
