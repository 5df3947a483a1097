"""Sheets over the main window, one at a time, and what came of those that export."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from vlm_explorer.widgets.toast import Note

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.export_desk import ExportDesk
    from vlm_explorer.viewmodels.export_work import Exported
    from vlm_explorer.viewmodels.map_export_desk import MapExportDesk
    from vlm_explorer.widgets.main_window import MainWindow
    from vlm_explorer.widgets.sheets import Sheet


class WindowSheets(QObject):
    """Makes each sheet when it is opened, in the place of the one before.

    Attributes:
        shown: the sheet that was opened last.
    """

    def __init__(self, window: MainWindow, host: QWidget) -> None:
        """Open sheets of `window` over `host`, its content."""
        super().__init__(window)
        self._window, self._host = window, host
        self.shown: Sheet | None = None
        self._exports: ExportDesk | None = None
        self._map_exports: MapExportDesk | None = None

    def _open(self, sheet: Sheet) -> None:
        """Show a sheet made for this once."""
        if self.shown is not None:
            self.shown.hide()
            self.shown.deleteLater()
        self.shown = sheet
        sheet.open()

    def open_help(self) -> None:
        """Show all keys."""
        from vlm_explorer.widgets.help_sheet import HelpSheet

        self._open(HelpSheet(self._host, self._window.panes()))

    def open_about(self) -> None:
        """Say what the program is."""
        from vlm_explorer.widgets.text_sheet import about

        self._open(about(self._host))

    def open_palette(self) -> None:
        """Find an action by typing."""
        from vlm_explorer.widgets.command_palette import CommandPalette

        rows = [row for rows in self._window.panes().values() for row in rows]
        self._open(CommandPalette(self._host, rows))

    def open_models(self, shown: str = "") -> None:
        """Show the encoders, `shown` first: fetch, import, remove, use."""
        from vlm_explorer.widgets.models_sheet import ModelsSheet

        self._open(ModelsSheet(self._host, self._window.desk, shown))

    def open_export(self) -> None:
        """Write images, tables or the map into files."""
        from vlm_explorer.widgets.export_sheet import ExportSheet

        if self._window.session.collection is not None:
            self._open(ExportSheet(self._host, self.exports, self._window.workspace.map))

    @Slot(object)
    def open_map_export(self, maps: tuple[Any, ...]) -> None:
        """Write saliency maps of the active scan into files."""
        from vlm_explorer.viewmodels.map_export_desk import MapExportDesk
        from vlm_explorer.widgets.map_export_sheet import MapExportSheet

        if self._map_exports is None:
            self._map_exports = MapExportDesk(self._window.session, self)
            self._map_exports.exported.connect(self._tell_exported)
        overlay = self._window.workspace.viewer.active_saliency.model
        self._map_exports.take(maps, overlay.request, overlay.choice)
        self._open(MapExportSheet(self._host, self._map_exports))

    @property
    def exports(self) -> ExportDesk:
        """The exports of this window; what is chosen stays from one to the next."""
        if self._exports is None:
            from vlm_explorer.viewmodels.export_desk import ExportDesk

            self._exports = ExportDesk(self._window.session, self._window.workspace.map.model, self)
            self._exports.exported.connect(self._tell_exported)
        return self._exports

    @Slot(object)
    def _tell_exported(self, exported: Exported) -> None:
        folder = QUrl.fromLocalFile(str(exported.path.parent))
        show = partial(QDesktopServices.openUrl, folder)
        level = "warning" if exported.hint else "info"
        note = Note(level, exported.text, exported.hint, "Show in folder", show)
        self._window.toast.show_note(note)
