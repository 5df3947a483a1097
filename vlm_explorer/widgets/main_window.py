"""The main window: welcome page or workspace, menus, messages, sheets. No logic.

The workspace with its panes is built when something is opened for the first time: the welcome page
should not wait for it.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

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
from vlm_explorer.viewmodels.encoder_list import LEADING, rows_of
from vlm_explorer.viewmodels.models_desk import ModelsDesk
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.actions import ActionRow
from vlm_explorer.widgets.drop_target import DropTarget, dropped_paths
from vlm_explorer.widgets.main_menu import MainMenu
from vlm_explorer.widgets.status_line import StatusLine
from vlm_explorer.widgets.theme import theme, themes
from vlm_explorer.widgets.toast import Note, Toast
from vlm_explorer.widgets.welcome import Welcome
from vlm_explorer.widgets.window_sheets import WindowSheets

if TYPE_CHECKING:
    from vlm_explorer.widgets.workspace import Workspace

SIZE = QSize(1280, 800)
LEAST = QSize(1024, 640)


def window_settings() -> QSettings:
    """Return the file that keeps where the window was."""
    return QSettings(str(paths.config_folder() / "window.ini"), QSettings.Format.IniFormat)


class MainWindow(QMainWindow):
    """Builds the panes and connects them; what they do stands in the view-models."""

    def __init__(self, session: Session, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.session = session
        self._thumbnails = thumbnails
        self.desk = ModelsDesk(session, self)
        self._workspace: Workspace | None = None
        self.setWindowTitle("VLM Explorer")
        self.setMinimumSize(LEAST)
        self.setAcceptDrops(True)
        self.welcome = Welcome(session.recent)
        self.status = StatusLine(session, self.desk.compute)
        self.pages = QStackedWidget()
        self._content = QWidget()
        self.sheets = WindowSheets(self, self._content)
        self._lay_out()
        self.scene = DemoScene(session, self)
        self.toast = Toast(session.messages, self.pages)
        self.drop_target = DropTarget(self._content)
        self.menu = MainMenu(self)
        self._connect()
        self._show_page()
        self.resize(SIZE)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self._content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.pages.addWidget(self.welcome)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.status)
        self.setCentralWidget(self._content)

    def _connect(self) -> None:
        session = self.session
        session.opening_changed.connect(self._show_page)
        session.collection_changed.connect(self._show_page)
        session.opened.connect(self._greet)
        self.welcome.demo_wanted.connect(session.open_demo)
        self.welcome.folder_wanted.connect(self.choose_folder)
        self.welcome.place_wanted.connect(session.open)
        self.welcome.models_wanted.connect(self.sheets.open_models)
        self.status.models_wanted.connect(self.sheets.open_models)
        self.desk.shelf.fetched.connect(self._offer_fetched)
        self.desk.shelf.listed.connect(self._list_encoders)

    @property
    def workspace(self) -> Workspace:
        """The panes; they are built when they are asked for first."""
        if self._workspace is None:
            from vlm_explorer.widgets.workspace import Workspace

            panes = self._workspace = Workspace(self.session, self._thumbnails, self._content)
            self.pages.addWidget(panes)
            panes.set_first_sizes(self.pages.width(), self.pages.height())
            kept = window_settings()
            panes.restore_state(kept.value("splitters"))
            if kept.value("splitters") is None:
                panes.fold_for(self.size())
            elif not self.session.demo:
                panes.fold(kept.value("folded"))
            panes.banner.wanted.connect(lambda: self.sheets.open_models(LEADING))
            panes.viewer.active_saliency.export_wanted.connect(self.sheets.open_map_export)
            self.scene.overlay_wanted.connect(panes.viewer.show_overlay_for)
        return self._workspace

    # What there is to do

    def panes(self) -> dict[str, list[ActionRow]]:
        """Return every action, by the pane that it belongs to."""
        panes = self.workspace
        return {
            "Window": [*self.menu.rows(), *self.menu.encoders.rows()],
            "Results": panes.strip.results.actions_table(),
            "Labels": panes.strip.labels.actions_table(),
            "Problems": panes.strip.problems.actions_table(),
            "Review": panes.strip.review.actions_table(),
            "Map": panes.map.actions_table(),
            "Viewer": panes.viewer.actions_table(),
        }

    # What is shown

    @Slot()
    def _show_page(self) -> None:
        """Show the welcome page while nothing is open."""
        session = self.session
        something = session.collection is not None or bool(session.opening)
        page = self.workspace if something else self.welcome
        if page is not self.pages.currentWidget():
            self.pages.setCurrentWidget(page)
            (self.workspace.map if something else self.welcome).setFocus()
        self.toast.move_to(self.workspace.map_column if something else self.pages)
        title = session.title
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
            self.toast.show_note(Note("warning", sentence, "", "Show them", self.show_problems))

    def show_problems(self) -> None:
        """Bring the list of problems to the front."""
        self.workspace.strip.show_problems()

    # What the menus do

    def choose_folder(self) -> None:
        """Ask for a folder of images, or a collection, and open it."""
        folder = QFileDialog.getExistingDirectory(self, "Open a folder of images or a collection")
        if folder:
            self.session.open(Path(folder))

    @Slot()
    def _list_encoders(self) -> None:
        self.welcome.list_encoders(rows_of(self.desk.shelf.models))

    @Slot(str)
    def _offer_fetched(self, id_: str) -> None:
        """An encoder was fetched: offer to use it."""
        facts, switch = self.desk.shelf.facts(id_), self.desk.switch
        text = f"{facts.name if facts else id_} is on this machine now."
        if switch.available and switch.current != id_:
            use = partial(self.desk.shelf.use, id_)
            self.toast.show_note(Note("info", text, "", "Use it for this collection", use))
        else:
            self.toast.show_note(Note("info", text))

    def copy_system_information(self) -> None:
        """Copy versions and the encoder in use, for a report of a fault."""
        from vlm_explorer.viewmodels.system_information import system_information

        QGuiApplication.clipboard().setText(system_information(self.session.encoder_note))
        self.session.messages.show_information("System information copied.")

    def toggle_theme(self) -> None:
        """Change between dark and light, and keep it."""
        themes.set_theme("light" if theme().dark else "dark")
        self.session.keep_theme(theme().name)

    def set_stage(self, stage: bool) -> None:
        """Show map, viewer and prompt alone, or everything."""
        if self._workspace is not None:
            self._workspace.set_stage(stage)
        self.menuBar().setVisible(not stage)
        self.status.setVisible(not stage)

    def toggle_stage(self) -> None:
        """Go on the stage, or leave it."""
        self.set_stage(not self.workspace.on_stage)

    def back(self) -> None:
        """Undo one step of attention: filter, prompt, stage, message, selection."""
        panes = self._workspace
        if panes is None or self.pages.currentWidget() is self.welcome:
            self.toast.dismiss()
        elif panes.library.filter.hasFocus() and panes.library.filter.text():
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
            if len(found) > 1:
                self.session.messages.show_information(
                    f"Opened {found[0].name} alone.", "Put several folders into one to see all."
                )

    def restore_window(self) -> None:
        """Put the window where it was when it was closed last; never larger than its screen."""
        room = self.screen().availableSize()
        self.setMinimumSize(LEAST.boundedTo(room))
        geometry = window_settings().value("geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)
        else:
            self.resize(SIZE.boundedTo(room))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep where the window is, and how the collection was left."""
        self.set_stage(False)
        settings = window_settings()
        settings.setValue("geometry", self.saveGeometry())
        if self._workspace is not None:
            settings.setValue("splitters", self._workspace.save_state())
            settings.setValue("folded", " ".join(self._workspace.folded()))
        self.session.kept.write_now()
        super().closeEvent(event)
