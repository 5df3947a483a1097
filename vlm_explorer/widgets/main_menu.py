"""The window's own actions, and the menus that are made of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from vlm_explorer.widgets.actions import WINDOW, ActionRow, install
from vlm_explorer.widgets.theme import theme, themes

if TYPE_CHECKING:
    from vlm_explorer.widgets.main_window import MainWindow

MENUS = ("File", "View", "Help")
# Listed for the help sheet; the window handles Escape itself, after whatever has the focus.
UNBOUND = frozenset({"window.back"})


class MainMenu(QObject):
    """Makes the menus, and keeps what they say up to date."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        bound = [row for row in self.rows() if row.id not in UNBOUND]
        self.actions = install(bound, window, WINDOW)
        self._recent = QMenu("Recent", window)
        self._build(bound)
        window.session.recent.changed.connect(self._list_recent)
        window.session.collection_changed.connect(self._update)
        window.session.opening_changed.connect(self._update)
        themes.changed.connect(self._update)
        self._list_recent()
        self._update()

    def rows(self) -> list[ActionRow]:
        """Return what can be done from anywhere in the window."""
        window, panes, session = self._window, self._window.workspace, self._window.session
        return [
            ActionRow(
                "file.open", "Open a folder or collection", "Ctrl+O", window.choose_folder, "File"
            ),
            ActionRow("file.demo", "Open the demo", "Ctrl+D", session.open_demo, "File"),
            ActionRow("file.reset_demo", "Reset demo", "", session.reset_demo, "File"),
            ActionRow("file.close", "Close", "Ctrl+W", session.close, "File"),
            ActionRow("file.quit", "Quit", "Ctrl+Q", window.close, "File"),
            *panes.prompt.actions_table(),
            *panes.library.actions_table(),
            ActionRow("view.palette", "Command palette", "Ctrl+K", window.open_palette, "View"),
            ActionRow(
                "view.stage", "Map, viewer and prompt alone", "F11", window.toggle_stage, "View"
            ),
            ActionRow("view.library", "Library", "Ctrl+B", panes.toggle_library, "View"),
            ActionRow(
                "view.strip", "Results, labels and problems", "Ctrl+J", panes.toggle_strip, "View"
            ),
            ActionRow("view.viewer", "Viewer", "Ctrl+E", panes.toggle_viewer, "View"),
            ActionRow("view.theme", "Light theme", "Ctrl+Shift+L", window.toggle_theme, "View"),
            ActionRow("help.keys", "Keys", "? F1", window.open_help, "Help"),
            ActionRow("help.add_encoder", "Add an encoder", "", window.explain_import, "Help"),
            ActionRow(
                "help.system", "Copy system information", "", window.copy_system_information, "Help"
            ),
            ActionRow("help.about", "About VLM Explorer", "", window.open_about, "Help"),
            ActionRow("window.back", "Back or clear", "Esc", window.back),
        ]

    def _build(self, rows: list[ActionRow]) -> None:
        bar = self._window.menuBar()
        bar.setNativeMenuBar(True)
        menus = {name: bar.addMenu(name) for name in MENUS}
        for row in rows:
            if row.menu:
                menus[row.menu].addAction(self.actions[row.id])
            if row.id == "file.open":
                menus["File"].addMenu(self._recent)
                menus["File"].addSeparator()
            elif row.id in (
                "file.reset_demo",
                "file.close",
                "library.filter",
                "view.stage",
                "view.viewer",
            ):
                menus[row.menu].addSeparator()

    @Slot()
    def _list_recent(self) -> None:
        self._recent.clear()
        for place in self._window.session.recent.places:
            action = QAction(str(place), self._recent)
            action.setData(str(place))
            action.triggered.connect(self._open_recent)
            self._recent.addAction(action)
        self._recent.setEnabled(not self._recent.isEmpty())

    @Slot()
    def _open_recent(self) -> None:
        action = self.sender()
        assert isinstance(action, QAction)
        self._window.session.open(Path(str(action.data())))

    @Slot()
    def _update(self) -> None:
        session = self._window.session
        something = session.collection is not None or bool(session.opening)
        for name in ("file.close", "view.stage", "view.library", "view.strip", "view.viewer"):
            self.actions[name].setEnabled(something)
        self.actions["view.theme"].setText("Light theme" if theme().dark else "Dark theme")
