"""The bar of a selecting tool: with what to select, and what that does to the selection."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from vlm_explorer.viewmodels.map_model import Mode
from vlm_explorer.widgets.controls import IconButton
from vlm_explorer.widgets.map_canvas import MapCanvas
from vlm_explorer.widgets.map_gestures import Tool
from vlm_explorer.widgets.map_ground import paint_ground

_TOOLS = {
    Tool.LASSO: ("ph.scribble-loop", "Lasso", "L"),
    Tool.BOX: ("ph.selection", "Box", "B"),
    Tool.BRUSH: ("ph.paint-brush", "Brush, sized by [ and ]", "P"),
}
_MODES = {
    Mode.REPLACE: ("ph.square", "Select anew", ""),
    Mode.ADD: ("ph.selection-plus", "Add to the selection", "Shift"),
    Mode.SUBTRACT: ("ph.selection-slash", "Take away from the selection", "Alt or Ctrl"),
    Mode.INTERSECT: ("ph.intersect", "Keep what is in both", "Shift+Alt or Ctrl+Shift"),
}


class SelectBar(QWidget):
    """Lies over the map while a selecting tool is taken up."""

    def __init__(self, canvas: MapCanvas, parent: QWidget, *, wanted: bool = True) -> None:
        """Show the tools of a map; not `wanted`: another map's bar shows the same."""
        super().__init__(parent)
        self._canvas, self._wanted = canvas, wanted
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(2)
        self.tools: dict[Tool, IconButton] = {}
        self.modes: dict[Mode, IconButton] = {}
        for tool, (icon, title, key) in _TOOLS.items():
            button = self.tools[tool] = IconButton(icon, title, key, checkable=True, parent=self)
            button.clicked.connect(lambda _checked, tool=tool: self._take_up(tool))
            row.addWidget(button)
        row.addSpacing(9)
        for mode, (icon, title, key) in _MODES.items():
            button = self.modes[mode] = IconButton(icon, title, key, checkable=True, parent=self)
            button.clicked.connect(lambda _checked, mode=mode: canvas.set_mode(mode))
            row.addWidget(button)
        for button in (*self.tools.values(), *self.modes.values()):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        canvas.tool_changed.connect(self.refresh)
        self.refresh()

    def _take_up(self, tool: Tool) -> None:
        self._canvas.set_tool(tool)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show which tool and which mode are chosen."""
        for tool, button in self.tools.items():
            button.setChecked(tool is self._canvas.tool)
        for mode, button in self.modes.items():
            button.setChecked(mode is self._canvas.mode)
        self.setVisible(self._wanted and self._canvas.tool is not Tool.MOVE)
        self.adjustSize()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground, and a line between tools and modes."""
        painter = QPainter(self)
        paint_ground(painter, self.rect())
        right = self.tools[Tool.BRUSH].geometry().right() + 6
        painter.drawLine(right, 8, right, self.height() - 8)
        painter.end()
