"""What sheets that write files have in common: where to, how far it is, and what went wrong."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.export_desk import ExportDesk
from vlm_explorer.viewmodels.map_export_desk import MapExportDesk
from vlm_explorer.widgets.controls import IconButton, Line, ProgressBar, Words, text_button
from vlm_explorer.widgets.notice import Notice
from vlm_explorer.widgets.sheets import Sheet

NAMES = 72  # px


class ExportingSheet(Sheet):
    """A head, what is chosen, notices, and a foot that starts, stops and shows the progress.

    Subclasses call `_add_ends` when the parts of their own are there, and `_stack` with these.
    """

    asks_to_replace = True  # whether the dialog for files asks before one is replaced

    def __init__(
        self, host: QWidget, desk: ExportDesk | MapExportDesk, width: int, height: int
    ) -> None:
        super().__init__(host, width, height, still=True)
        self._exporting = desk
        self.close_button = IconButton("ph.x", "Close", "Esc", parent=self.panel)
        self.close_button.clicked.connect(self.dismiss)

    def _add_ends(self) -> None:
        """Make what comes after all choices, in which order the focus goes, too."""
        desk = self._exporting
        self.place = QLineEdit(self.panel)
        self.place.setAccessibleName("Where to")
        self.choose = text_button("Choose", parent=self.panel)
        self.summary = QLabel(self.panel)
        self.summary.setWordWrap(True)
        self.summary.setProperty("role", "secondary")
        self.warning = Notice("warning", self.panel)
        self.problem = Notice("error", self.panel)
        self.go = text_button("Export", "primary", self.panel)
        self.stop = text_button("Cancel", parent=self.panel)
        self.bar = ProgressBar(self.panel, width=120)
        self.doing = Words("", "secondary", parent=self.panel)
        self.place.textEdited.connect(lambda: desk.choose_place(self._typed()))
        self.choose.clicked.connect(self._choose_place)
        self.stop.clicked.connect(desk.cancel)
        desk.exported.connect(self._leave)

    def _stack(self, title: str, choices: QLayout, *beside: QWidget) -> None:
        """Lay out head, choices, notices and foot, `beside` at the end of the foot."""
        head = QHBoxLayout()
        head.setContentsMargins(24, 12, 12, 12)
        head.addWidget(Words(title, "title", parent=self.panel), 1)
        head.addWidget(self.close_button)
        body = QVBoxLayout()
        body.setContentsMargins(24, 16, 24, 16)
        body.setSpacing(12)
        body.addLayout(choices)
        for words in (self.summary, self.warning, self.problem):
            body.addWidget(words)
        body.addStretch(1)
        foot = QHBoxLayout()
        foot.setContentsMargins(24, 12, 24, 12)
        foot.setSpacing(8)
        for each in (self.go, self.stop, self.bar):
            foot.addWidget(each)
        foot.addWidget(self.doing, 1)
        for part in beside:
            foot.addWidget(part)
        self.column.setContentsMargins(1, 0, 1, 0)
        self.column.setSpacing(0)
        self.column.addLayout(head)
        self.column.addWidget(Line(parent=self.panel))
        self.column.addLayout(body, 1)
        self.column.addWidget(Line(parent=self.panel))
        self.column.addLayout(foot)

    def _typed(self) -> Path:
        return Path(self.place.text().strip()).expanduser()

    @Slot()
    def _choose_place(self) -> None:
        options = QFileDialog.Option(0)
        if not self.asks_to_replace:
            options = QFileDialog.Option.DontConfirmOverwrite
        where, _ = QFileDialog.getSaveFileName(
            self, "Export to", str(self._exporting.choice.to), "", options=options
        )
        if where:
            self._exporting.choose_place(Path(where))

    @Slot(object)
    def _leave(self, _exported: object) -> None:
        if self.isVisible():
            self.dismiss()

    def _show_place(self) -> None:
        to = self._exporting.choice.to
        if self._typed() != to:  # what is being typed stays as it is, "folder/" too
            self.place.setText(str(to))

    def _show_work(self) -> None:
        """Show what is missing, how far it is, or why it failed."""
        desk = self._exporting
        self.problem.say(desk.problem, desk.hint)
        self.go.setEnabled(not desk.missing and not desk.doing)
        self.go.setToolTip(desk.missing)
        for part in (self.stop, self.bar):
            part.setVisible(desk.doing)
        self.bar.set_progress(desk.progress)
        self.doing.setText((desk.progress.message or "Exporting") if desk.doing else desk.missing)
