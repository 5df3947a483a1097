"""The window's own actions, and the menus that are made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from vlm_explorer.widgets.actions import WINDOW, ActionRow, install
from vlm_explorer.widgets.ct_menu import CtMenu
from vlm_explorer.widgets.edit_actions import edit_rows
from vlm_explorer.widgets.encoder_menu import EncoderMenu
from vlm_explorer.widgets.menus import literal
from vlm_explorer.widgets.theme import theme, themes

if TYPE_CHECKING:
    from vlm_explorer.widgets.main_window import MainWindow
    from vlm_explorer.widgets.workspace import Workspace

MENUS = ("File", "Edit", "View", "Help")
# Listed for the help sheet; the window handles Escape itself, after whatever has the focus.
UNBOUND = frozenset({"window.back"})
SWITCHES = ("view.patient", "file.reopen")
SEPARATED = frozenset(
    {
        "edit.redo",
        "edit.none",
        "edit.unfilter",
        "file.close",
        "view.palette",
        "view.maps",
        "view.patient",
    }
)
NEEDS_COLLECTION = (
    "close", "all", "invert", "grow", "none", "only", "hide", "unfilter", "prompt", "filter",
    "pin", "like", "saved", "ranking", "texts", "stage", "library", "strip", "viewer", "maps",
    "export",
)  # fmt: skip


def _focus_prompt(panes: Workspace) -> None:
    panes.prompt.focus_field()


def _focus_filter(panes: Workspace) -> None:
    panes.library.focus_filter()


def _toggle_library(panes: Workspace) -> None:
    panes.toggle_library()


def _toggle_strip(panes: Workspace) -> None:
    panes.toggle_strip()


def _toggle_second_map(panes: Workspace) -> None:
    panes.maps.second.toggle()


def _toggle_viewer(panes: Workspace) -> None:
    panes.toggle_viewer()


class MainMenu(QObject):
    """Makes the menus, and keeps what they say up to date."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        bound = [row for row in self.rows() if row.id not in UNBOUND]
        self.actions = install(bound, window, WINDOW)
        for name in SWITCHES:
            self.actions[name].setCheckable(True)
        self._recent = QMenu("Recent", window)
        self._ct = CtMenu(window.session, window)
        self.encoders = EncoderMenu(window.desk, window)
        self._build(bound)
        window.session.recent.changed.connect(self._list_recent)
        window.session.recent.changed.connect(self._update)
        window.session.patient_details_changed.connect(self._update)
        window.session.collection_changed.connect(self._update)
        window.session.opening_changed.connect(self._update)
        themes.changed.connect(self._update)
        window.session.history.changed.connect(self._name_steps)
        self._list_recent()
        self._name_steps()
        self._update()

    def rows(self) -> list[ActionRow]:
        """Return what can be done from anywhere in the window."""
        rows = self._file_rows(), edit_rows(self._window), self._view_rows(), self._help_rows()
        return [row for part in rows for row in part]

    def _file_rows(self) -> list[ActionRow]:
        window, session, sheets = self._window, self._window.session, self._window.sheets
        choose, reopening = window.choose_folder, session.recent.toggle_reopening
        return [
            ActionRow("file.open", "Open a folder or collection", "Ctrl+O", choose, "File"),
            ActionRow("file.demo", "Open the demo", "Ctrl+D", session.open_demo, "File"),
            ActionRow("file.reset_demo", "Reset demo", "", session.reset_demo, "File"),
            ActionRow(
                "file.models",
                "Encoders (models)",
                "Ctrl+Shift+E",
                window.sheets.open_models,
                "File",
            ),
            ActionRow("file.export", "Export", "Ctrl+S", sheets.open_export, "File"),
            ActionRow("file.reopen", "Reopen at the next start", "", reopening, "File"),
            ActionRow("file.close", "Close", "Ctrl+W", session.close, "File"),
            ActionRow("file.quit", "Quit", "Ctrl+Q", window.close, "File"),
        ]

    def _view_rows(self) -> list[ActionRow]:
        """The panes are looked up only when something is done with them."""
        window = self._window
        stage, details = window.toggle_stage, window.session.toggle_patient_details
        palette = window.sheets.open_palette

        def pane(doing: Callable[[Workspace], object]) -> Callable[[], object]:
            return lambda: doing(window.workspace)

        return [
            ActionRow("view.prompt", "Type a prompt", "/", pane(_focus_prompt), "View"),
            ActionRow("view.filter", "Filter the library", "Ctrl+F", pane(_focus_filter), "View"),
            ActionRow("view.palette", "Command palette", "Ctrl+K", palette, "View"),
            ActionRow("view.stage", "Map, viewer and prompt alone", "F11", stage, "View"),
            ActionRow("view.library", "Library", "Ctrl+B", pane(_toggle_library), "View"),
            ActionRow("view.strip", "Results and labels", "Ctrl+J", pane(_toggle_strip), "View"),
            ActionRow("view.viewer", "Viewer", "Ctrl+E", pane(_toggle_viewer), "View"),
            ActionRow(
                "view.maps", "Compare maps", "Ctrl+Shift+M", pane(_toggle_second_map), "View"
            ),
            ActionRow("view.patient", "Show patient details", "Ctrl+Shift+P", details, "View"),
            ActionRow("view.theme", "Light theme", "Ctrl+Shift+L", window.toggle_theme, "View"),
        ]

    def _help_rows(self) -> list[ActionRow]:
        window = self._window
        copy = window.copy_system_information
        return [
            ActionRow("help.keys", "Keys", "? F1", window.sheets.open_help, "Help"),
            ActionRow("help.system", "Copy system information", "", copy, "Help"),
            ActionRow("help.about", "About VLM Explorer", "", window.sheets.open_about, "Help"),
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
            elif row.id == "file.reset_demo":
                menus["File"].addSeparator()
                menus["File"].addMenu(self.encoders)
                menus["File"].addMenu(self._ct)
            elif row.id in SEPARATED:
                menus[row.menu].addSeparator()

    @Slot()
    def _list_recent(self) -> None:
        self._recent.clear()
        session = self._window.session
        for place in session.recent.places:
            action = QAction(literal(session.recent.name(place)), self._recent)
            action.setData(str(place))
            action.triggered.connect(self._open_recent)
            self._recent.addAction(action)
        self._recent.setEnabled(not self._recent.isEmpty())
        self._recent.addSeparator()
        self._recent.addAction("Clear this list").triggered.connect(self._clear_recent)

    @Slot()
    def _clear_recent(self) -> None:
        self._window.session.recent.clear()

    @Slot()
    def _open_recent(self) -> None:
        action = self.sender()
        assert isinstance(action, QAction)
        self._window.session.open(Path(str(action.data())))

    @Slot()
    def _name_steps(self) -> None:
        """Say what would be undone, and what done again."""
        history = self._window.session.history
        for name, words in (("Undo", history.undo_words), ("Redo", history.redo_words)):
            action = self.actions[f"edit.{name.lower()}"]
            action.setText(literal(f"{name}: {words}") if words else name)
            action.setEnabled(bool(words))

    @Slot()
    def _update(self) -> None:
        session = self._window.session
        something = session.collection is not None or bool(session.opening)
        for name, action in self.actions.items():
            if name.partition(".")[2] in NEEDS_COLLECTION:
                action.setEnabled(something)
        self.actions["view.patient"].setChecked(session.show_patient_details)
        self.actions["file.reopen"].setChecked(session.recent.reopens)
        self.actions["view.theme"].setText("Light theme" if theme().dark else "Dark theme")
