"""The slim bar of tools above a scan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from vlm_explorer.viewmodels.viewer_presets import Preset
from vlm_explorer.widgets.theme import BODY, font, icon, theme, themes

HEIGHT = 36  # px
_ICON, _BUTTON = QSize(18, 18), QSize(28, 28)


class ElidedLabel(QWidget):
    """One line of text that ends in … where it does not fit; whole in the tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self._role = "text"
        self.setFont(font(BODY))
        self.setMinimumWidth(24)
        themes.changed.connect(self.update)

    def set_text(self, text: str, role: str = "text") -> None:
        """Show `text` in the colour of `role`."""
        self._text, self._role = text, role
        self.setToolTip(text)
        self.setAccessibleName(text)
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as the text."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text) + 2, metrics.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw as much of the text as fits."""
        painter = QPainter(self)
        painter.setPen(theme().colour(self._role))
        text = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, self.width())
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(self.rect(), flags, text)
        painter.end()


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
        self._title = ElidedLabel(self)
        row.addWidget(self._title, 1)
        row.addSpacing(8)
        self._menu = QMenu(self)
        self._windows = self._window_button()
        row.addWidget(self._windows)
        for action, _ in self._icons:
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setIconSize(_ICON)
            button.setAccessibleName(action.text())
            button.setFixedSize(_BUTTON)
            row.addWidget(button)
        themes.changed.connect(self._tint)
        self._tint()
        self.set_title("")

    def _window_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setIconSize(_ICON)
        button.setFixedSize(_BUTTON)
        button.setToolTip("Window presets (0 to 9)")
        button.setAccessibleName("Window presets")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(self._menu)
        return button

    @Slot()
    def _tint(self) -> None:
        self._windows.setIcon(icon("ph.sliders-horizontal"))
        for action, name in self._icons:
            action.setIcon(icon(name))

    def set_title(self, title: str) -> None:
        """Say what is shown; empty where nothing is."""
        self._title.set_text(title or "No image open", "text" if title else "secondary")

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
