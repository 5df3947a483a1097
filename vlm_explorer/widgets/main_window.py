"""The main window: welcome page or workspace, menus, messages, sheets. No logic."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSettings, QSize, Qt, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
)
from PySide6.QtWidgets import QFileDialog, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from vlm_explorer import paths
from vlm_explorer.viewmodels.demo_scene import DemoScene
from vlm_explorer.viewmodels.encoder_list import how_to_import
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.system_information import system_information
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.actions import ActionRow
from vlm_explorer.widgets.command_palette import CommandPalette
from vlm_explorer.widgets.drop_target import DropTarget, dropped_paths
from vlm_explorer.widgets.help_sheet import HelpSheet, TextSheet, about
from vlm_explorer.widgets.main_menu import MainMenu
from vlm_explorer.widgets.quick_look import QuickLook
from vlm_explorer.widgets.sheets import Sheet
from vlm_explorer.widgets.status_line import StatusLine
from vlm_explorer.widgets.strip import PROBLEMS
from vlm_explorer.widgets.theme import theme, themes
from vlm_explorer.widgets.toast import Note, Toast
from vlm_explorer.widgets.welcome import Welcome
from vlm_explorer.widgets.workspace import Workspace

SIZE = QSize(1280, 800)
LEAST = QSize(1024, 640)
BARS = 53  # px, menu bar and status line


def window_settings() -> QSettings:
    """Return the file that keeps where the window was."""
    return QSettings(str(paths.config_folder() / "window.ini"), QSettings.Format.IniFormat)


class MainWindow(QMainWindow):
    """Builds the panes and connects them; what they do stands in the view-models."""

    def __init__(self, session: Session, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.session = session
        self.setWindowTitle("VLM Explorer")
        self.setMinimumSize(LEAST)
        self.setAcceptDrops(True)
        self.workspace = Workspace(session, thumbnails)
        self.welcome = Welcome(session.recent)
        self.status = StatusLine(session)
        self.pages = QStackedWidget()
        self._lay_out()
        self.scene = DemoScene(session, self)
        self.toast = Toast(session.messages, self.pages)
        self.quick_look = QuickLook(session, self.workspace.painter, self._content)
        self.drop_target = DropTarget(self._content)
        self.menu = MainMenu(self)
        self.palette_sheet = CommandPalette(self._content, self.all_rows())
        self.sheet: Sheet | None = None
        self._connect()
        self._show_page()
        self.show_at(SIZE.width(), SIZE.height())

    def _lay_out(self) -> None:
        self._content = QWidget()
        layout = QVBoxLayout(self._content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.pages.addWidget(self.welcome)
        self.pages.addWidget(self.workspace)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.status)
        self.setCentralWidget(self._content)

    def _connect(self) -> None:
        session, panes = self.session, self.workspace
        session.opening_changed.connect(self._show_page)
        session.collection_changed.connect(self._show_page)
        session.opened.connect(self._greet)
        self.welcome.demo_wanted.connect(session.open_demo)
        self.welcome.folder_wanted.connect(self.choose_folder)
        self.welcome.place_wanted.connect(session.open)
        self.welcome.import_explained.connect(self.explain_import)
        panes.banner.explained.connect(self.explain_import)
        panes.strip.results.opened.connect(self._focus_viewer)
        panes.strip.results.looked_at.connect(self.quick_look.look_at)
        self.quick_look.stepped.connect(self._step_quick_look)
        self.scene.overlay_wanted.connect(panes.viewer.show_overlay_for)

    # What there is to do

    def panes(self) -> dict[str, list[ActionRow]]:
        """Return every action, by the pane that it belongs to."""
        panes = self.workspace
        return {
            "Window": self.menu.rows(),
            "Results": panes.strip.results.actions_table(),
            "Labels": panes.strip.labels.actions_table(),
            "Problems": panes.strip.problems.actions_table(),
            "Map": panes.map.actions_table(),
            "Viewer": panes.viewer.actions_table(),
        }

    def all_rows(self) -> list[ActionRow]:
        """Return every action."""
        return [row for rows in self.panes().values() for row in rows]

    # What is shown

    @Slot()
    def _show_page(self) -> None:
        """Show the welcome page while nothing is open."""
        session = self.session
        something = session.collection is not None or bool(session.opening)
        self.pages.setCurrentWidget(self.workspace if something else self.welcome)
        self.toast.move_to(self.workspace.upper if something else self.pages)
        name = session.collection.name if session.collection is not None else ""
        title = "Demo study" if session.demo else name
        self.setWindowTitle(f"{title} · VLM Explorer" if title else "VLM Explorer")
        if not something:
            self.welcome.refresh()
            self.set_stage(False)

    @Slot()
    def _greet(self) -> None:
        """A collection is open: the map has the focus, and losses are reported."""
        self.workspace.map.setFocus(Qt.FocusReason.OtherFocusReason)
        sentence = self.workspace.strip.problems.model.sentence
        if sentence:
            show = self.show_problems
            self.toast.show_note(Note("warning", sentence, "", "Show them", show))

    def show_problems(self) -> None:
        """Bring the list of problems to the front."""
        self.workspace.strip.show_tab(PROBLEMS)

    @Slot()
    def _focus_viewer(self) -> None:
        self.workspace.viewer.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot(int)
    def _step_quick_look(self, by: int) -> None:
        results = self.workspace.strip.results
        if (image_id := results.step(by)) is not None:
            self.quick_look.look_at(image_id)

    def _open_sheet(self, sheet: Sheet) -> None:
        """Show a sheet made for this once."""
        if self.sheet is not None:
            self.sheet.hide()
            self.sheet.deleteLater()
        self.sheet = sheet
        sheet.open()

    # What the menus do

    def choose_folder(self) -> None:
        """Ask for a folder of images, or a collection, and open it."""
        folder = QFileDialog.getExistingDirectory(self, "Open a folder of images or a collection")
        if folder:
            self.session.open(Path(folder))

    def open_help(self) -> None:
        """Show all keys."""
        self._open_sheet(HelpSheet(self._content, self.panes()))

    def open_about(self) -> None:
        """Say what the program is."""
        self._open_sheet(about(self._content))

    def open_palette(self) -> None:
        """Find an action by typing."""
        self.palette_sheet.open()

    def explain_import(self) -> None:
        """Say how an encoder that knows real scans gets onto this machine."""
        text, command = how_to_import()
        self._open_sheet(TextSheet(self._content, "Add BiomedCLIP", (text,), command))

    def copy_system_information(self) -> None:
        """Copy versions and the encoder in use, for a report of a fault."""
        QGuiApplication.clipboard().setText(system_information(self.session.encoder_note))
        self.session.messages.show_information("System information copied.")

    def toggle_theme(self) -> None:
        """Change between dark and light, and keep it."""
        themes.set_theme("light" if theme().dark else "dark")
        self.session.keep_theme(theme().name)

    def set_stage(self, stage: bool) -> None:
        """Show map, viewer and prompt alone, or everything."""
        self.workspace.set_stage(stage)
        self.menuBar().setVisible(not stage)
        self.status.setVisible(not stage)

    def toggle_stage(self) -> None:
        """Go on the stage, or leave it."""
        self.set_stage(not self.workspace.on_stage)

    def back(self) -> None:
        """Undo one step of attention: message, stage, filter, prompt, selection."""
        panes = self.workspace
        if panes.library.filter.hasFocus() and panes.library.filter.text():
            panes.library.clear_filter()
        elif self.session.query.active or panes.prompt.field.text():
            panes.prompt.clear()
        elif panes.on_stage:
            self.set_stage(False)
        elif self.toast.isVisible():
            self.toast.dismiss()
        else:
            self.session.select([])

    # Events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape, where no pane has taken it."""
        if event.key() == Qt.Key.Key_Escape:
            self.back()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take folders and files."""
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()
            self.drop_target.open()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Forget about it."""
        self.drop_target.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        self.drop_target.hide()
        if found := dropped_paths(event.mimeData()):
            event.acceptProposedAction()
            self.session.open(found[0])

    def show_at(self, width: int, height: int) -> None:
        """Take this size, the panes as in a new window."""
        self.resize(width, height)
        self.workspace.set_first_sizes(width, height - BARS)

    def restore_window(self) -> None:
        """Put the window where it was when it was closed last."""
        settings = window_settings()
        if (geometry := settings.value("geometry")) is not None:
            self.restoreGeometry(geometry)
        states = settings.value("splitters")
        if isinstance(states, list) and len(states) == 3:
            self.workspace.restore_state(states)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep where the window is, and how the collection was left."""
        self.set_stage(False)
        settings = window_settings()
        settings.setValue("geometry", self.saveGeometry())
        settings.setValue("splitters", self.workspace.save_state())
        self.session.kept.write_now()
        super().closeEvent(event)
