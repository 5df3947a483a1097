"""The sheet that writes saliency maps into files."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.map_export_desk import FORMATS, SWITCHES, THEMES, MapExportDesk
from vlm_explorer.widgets.controls import (
    IconButton,
    Line,
    ProgressBar,
    Words,
    choice_box,
    name_grid,
    text_button,
)
from vlm_explorer.widgets.notice import Notice
from vlm_explorer.widgets.sheets import Sheet

WIDTH, HEIGHT = 620, 400  # px
NAMES = 72  # px


class MapExportSheet(Sheet):
    """Chooses how the maps go out, and shows how far it is."""

    def __init__(self, host: QWidget, desk: MapExportDesk) -> None:
        super().__init__(host, WIDTH, HEIGHT, still=True)
        self._desk = desk
        self.setAccessibleName("Export saliency maps")
        self.close_button = IconButton("ph.x", "Close", "Esc", parent=self.panel)
        formats = [(name, title) for name, (title, _) in FORMATS.items()]
        self.format = choice_box("Format", formats, self.panel)
        self.about = Words("", "annotation", parent=self.panel)
        self.theme = choice_box("Theme", THEMES, self.panel)
        self.switches = {name: QCheckBox(text, self.panel) for name, text in SWITCHES.items()}
        self.place = QLineEdit(self.panel)
        self.choose = text_button("Choose", parent=self.panel)
        self.summary = QLabel(self.panel)
        self.warning = Notice("warning", self.panel)
        self.problem = Notice("error", self.panel)
        self.go = text_button("Export", "primary", self.panel)
        self.stop = text_button("Cancel", parent=self.panel)
        self.bar = ProgressBar(self.panel, width=120)
        self.doing = Words("", "secondary", parent=self.panel)
        self._look: list[QWidget] = []
        self._lay_out()
        self._connect()
        self._show()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(24, 12, 12, 12)
        head.addWidget(Words("Export saliency maps", "title", parent=self.panel), 1)
        head.addWidget(self.close_button)
        grid = name_grid(NAMES)
        self.place.setAccessibleName("Where to")
        rows: dict[str, tuple[QWidget, ...]] = {
            "Format": (self.format, self.about),
            "Look": (self.theme,),
            "With": tuple(self.switches.values()),
            "To": (self.place, self.choose),
        }
        for number, (name, widgets) in enumerate(rows.items()):
            title = Words(name, "secondary", parent=self.panel)
            line = QVBoxLayout() if name == "With" else QHBoxLayout()
            line.setSpacing(0 if name == "With" else 12)
            for widget in widgets:
                line.addWidget(widget, 1 if widget in (self.about, self.place) else 0)
            if name == "Look":
                self._look = [title, self.theme]
                if isinstance(line, QHBoxLayout):
                    line.addStretch(1)
            grid.addWidget(title, number, 0)
            grid.addLayout(line, number, 1)
        body = QVBoxLayout()
        body.setContentsMargins(24, 16, 24, 16)
        body.setSpacing(12)
        body.addLayout(grid)
        self.summary.setWordWrap(True)
        self.summary.setProperty("role", "secondary")
        for part in (self.summary, self.warning, self.problem):
            body.addWidget(part)
        body.addStretch(1)
        foot = QHBoxLayout()
        foot.setContentsMargins(24, 12, 24, 12)
        foot.setSpacing(8)
        for each in (self.go, self.stop, self.bar):
            foot.addWidget(each)
        foot.addWidget(self.doing, 1)
        self.column.setContentsMargins(1, 0, 1, 0)
        self.column.setSpacing(0)
        self.column.addLayout(head)
        self.column.addWidget(Line(parent=self.panel))
        self.column.addLayout(body, 1)
        self.column.addWidget(Line(parent=self.panel))
        self.column.addLayout(foot)

    def _connect(self) -> None:
        desk = self._desk
        self.close_button.clicked.connect(self.dismiss)
        self.format.activated.connect(
            lambda: desk.choose(format=str(self.format.currentData()), named=False)
        )
        self.theme.activated.connect(lambda: desk.choose(theme=str(self.theme.currentData())))
        for name, switch in self.switches.items():
            switch.clicked.connect(lambda on, name=name: desk.choose(**{name: on}))
        self.place.textEdited.connect(lambda: desk.choose_place(self._typed()))
        self.place.returnPressed.connect(desk.start)
        self.choose.clicked.connect(self._choose_place)
        self.go.clicked.connect(desk.start)
        self.stop.clicked.connect(desk.cancel)
        desk.changed.connect(self._show)
        desk.exported.connect(self._leave)

    def first_focus(self) -> QWidget:
        """The format has the focus."""
        return self.format

    def _typed(self) -> Path:
        return Path(self.place.text().strip()).expanduser()

    @Slot()
    def _choose_place(self) -> None:
        where, _ = QFileDialog.getSaveFileName(self, "Export to", str(self._desk.choice.to))
        if where:
            self._desk.choose_place(Path(where))

    @Slot(object)
    def _leave(self, _exported: object) -> None:
        if self.isVisible():
            self.dismiss()

    @Slot()
    def _show(self) -> None:
        """Show how things stand."""
        desk, choice = self._desk, self._desk.choice
        self.format.setCurrentIndex(self.format.findData(choice.format))
        self.about.setText(FORMATS[choice.format][1])
        self.theme.setCurrentIndex(self.theme.findData(choice.theme))
        for part in self._look:
            part.setVisible(not choice.dicom)
        for name, switch in self.switches.items():
            switch.setChecked(getattr(choice, name))
            switch.setVisible(choice.dicom == (name == "keep_uids"))
        if self._typed() != choice.to:  # what is being typed stays as it is
            self.place.setText(str(choice.to))
        self.summary.setText(desk.words)
        self.warning.say(desk.warning, "Leave them out where the file goes to others.")
        self.problem.say(desk.problem, desk.hint)
        self.go.setEnabled(not desk.missing and not desk.doing)
        self.go.setToolTip(desk.missing)
        for shown in (self.stop, self.bar):
            shown.setVisible(desk.doing)
        self.bar.set_progress(desk.progress)
        self.doing.setText((desk.progress.message or "Exporting") if desk.doing else desk.missing)
