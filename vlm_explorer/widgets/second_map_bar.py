"""The slim bar over two maps: which is which, what stands on the right, and the switches for it."""

from __future__ import annotations

import math
from typing import cast

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from vlm_explorer.viewmodels import second_map_words
from vlm_explorer.viewmodels.layout_choice import LayoutChoice
from vlm_explorer.viewmodels.second_map import SecondMap
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.controls import ICON, TARGET, IconButton, Words
from vlm_explorer.widgets.menus import add_choice, literal
from vlm_explorer.widgets.theme import icon, themes

HEIGHT = 32  # px
_ARROW = 44  # px of the chooser that are not words
KEY = "Ctrl+Shift+M"


class MapChooser(QToolButton):
    """Says what stands on the right, and offers what else could: encoder, method, space, kept one.

    Signals:
        settings_wanted(): the settings of the layout are to be seen.
    """

    settings_wanted = Signal()

    def __init__(self, second: SecondMap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._second, self._title = second, ""
        self._choice = LayoutChoice(cast(Session, second.beside), self)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(ICON, ICON))
        self.setFixedHeight(TARGET)
        self.setMinimumWidth(TARGET)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the arrow follows the words
        self._menu.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self._menu.aboutToShow.connect(self.fill)
        self.setMenu(self._menu)
        themes.changed.connect(self._tint)
        self._tint()

    def set_title(self, title: str) -> None:
        """Say what stands on the right."""
        self._title = title
        self.setAccessibleName(f"Map on the right: {title}")
        self.setToolTip(f"Choose what stands on the right\n{title}")
        self._elide()
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """As wide as its words."""
        words = QFontMetricsF(self.font()).horizontalAdvance(self._title)
        return QSize(math.ceil(words) + _ARROW, TARGET)

    def minimumSizeHint(self) -> QSize:
        """Words may be left out."""
        return QSize(TARGET, TARGET)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as many words as there is room for."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        room = max(0, self.width() - _ARROW)
        elide = Qt.TextElideMode.ElideRight
        self.setText(literal(self.fontMetrics().elidedText(self._title, elide, room)))

    @Slot()
    def _tint(self) -> None:
        self.setIcon(icon("ph.caret-down", "secondary"))

    @Slot()
    def fill(self) -> None:
        """List what there is to choose."""
        second, menu = self._second, self._menu
        menu.clear()
        for group in menu.findChildren(QActionGroup):
            group.deleteLater()
        models = {model: model for model in second.models}
        title = f"Encoder ({len(models)} with vectors)"
        add_choice(menu, title, models, second.model).triggered.connect(self._choose_model)
        layout, named = second.layout, bool(second.layout.name)
        for title, choices, chosen, take in (
            ("Method", self._choice.methods(), layout.method, self._choose_method),
            ("Space", self._choice.spaces(), layout.space, self._choose_space),
        ):
            menu.addSeparator()
            names = {choice.key: choice.title for choice in choices}
            group = add_choice(menu, title, names, "" if named else chosen)
            group.triggered.connect(take)
            for action, choice in zip(group.actions(), choices, strict=True):
                action.setEnabled(choice.available)
                action.setToolTip(choice.note)
        self._add_kept()
        menu.addSeparator()
        more = menu.addAction("Settings…")
        more.setToolTip("Seed, neighbours and the like, with what each choice means")
        more.triggered.connect(self.settings_wanted)

    def _add_kept(self) -> None:
        """List the kept layouts; one whose encoder has no vectors here cannot be shown."""
        second, menu = self._second, self._menu
        rows = second.kept_layouts
        if not rows:
            return
        menu.addSeparator()
        group = add_choice(
            menu, "Kept layouts", {row.name: row.name for row in rows}, second.layout.name
        )
        group.triggered.connect(self._choose_kept)
        for action, row in zip(group.actions(), rows, strict=True):
            action.setEnabled(second.can_show(row))
            missing = "" if second.can_show(row) else f"\nThere are no vectors of {row.model} here"
            action.setToolTip(f"{row.note}{missing}")

    @Slot(QAction)
    def _choose_kept(self, action: QAction) -> None:
        self._second.choose_kept(str(action.data()))

    @Slot(QAction)
    def _choose_model(self, action: QAction) -> None:
        self._second.choose(str(action.data()))

    @Slot(QAction)
    def _choose_method(self, action: QAction) -> None:
        self._second.beside.set_layout(method=str(action.data()))

    @Slot(QAction)
    def _choose_space(self, action: QAction) -> None:
        self._second.beside.set_layout(space=str(action.data()))


class SecondMapBar(QWidget):
    """Seen only while two maps are wanted."""

    def __init__(self, second: SecondMap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._second = second
        self.setProperty("pane", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self.words = Words(role="secondary", parent=self)
        self.chooser = MapChooser(second, self)
        self.aligned = IconButton(
            "ph.align-center-horizontal", "Align the right map to the left one", checkable=True,
            parent=self,
        )  # fmt: skip
        self.coloured = IconButton(
            "ph.intersect", "Colour both maps by neighbour overlap", checkable=True, parent=self
        )
        self.done = IconButton("ph.x", "Back to one map", KEY, parent=self)
        self._right = QWidget(self)
        self._lay_out()
        self.aligned.toggled.connect(second.set_aligned)
        self.coloured.toggled.connect(second.set_coloured)
        self.done.clicked.connect(second.close)
        second.changed.connect(self.refresh)
        second.first.choices_changed.connect(self.refresh)
        second.first.session.layout_changed.connect(self.refresh)
        self._narrow = False
        self.refresh()

    def _lay_out(self) -> None:
        right = QHBoxLayout(self._right)
        right.setContentsMargins(8, 0, 0, 0)
        right.setSpacing(2)
        right.addWidget(self.chooser)
        right.addStretch(1)
        for button in (self.aligned, self.coloured):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            right.addWidget(button)
        self._right.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 4, 0)
        row.setSpacing(0)
        row.addWidget(self.words, 1)
        row.addWidget(self._right, 1)
        row.addWidget(self.done)

    def set_narrow(self, narrow: bool) -> None:
        """Say that there is no room for two maps, or which they are."""
        if narrow != self._narrow:
            self._narrow = narrow
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the choices as they are."""
        second = self._second
        left, right = second.titles
        self._right.setHidden(self._narrow)
        self.words.setText(second_map_words.NARROW if self._narrow else left)
        self.chooser.set_title(right)
        for button, on in ((self.aligned, second.aligned), (self.coloured, second.coloured)):
            with QSignalBlocker(button):
                button.setChecked(on)
        self.coloured.setEnabled(second.answer is not None)
