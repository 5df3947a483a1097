"""The sheet that writes saliency maps into files."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.map_export_desk import FORMATS, SWITCHES, THEMES, MapExportDesk
from vlm_explorer.widgets.controls import (
    Words,
    choice_box,
    name_grid,
)
from vlm_explorer.widgets.exporting_sheet import NAMES, ExportingSheet

WIDTH, HEIGHT = 620, 400  # px


class MapExportSheet(ExportingSheet):
    """Chooses how the maps go out, and shows how far it is."""

    def __init__(self, host: QWidget, desk: MapExportDesk) -> None:
        super().__init__(host, desk, WIDTH, HEIGHT)
        self._desk = desk
        self.setAccessibleName("Export saliency maps")
        formats = [(name, title) for name, (title, _) in FORMATS.items()]
        self.format = choice_box("Format", formats, self.panel)
        self.about = Words("", "annotation", parent=self.panel)
        self.theme = choice_box("Theme", THEMES, self.panel)
        self.switches = {name: QCheckBox(text, self.panel) for name, text in SWITCHES.items()}
        self._add_ends()
        self._look: list[QWidget] = []
        self._stack("Export saliency maps", self._grid())
        self._connect()
        self._show()

    def _grid(self) -> QGridLayout:
        grid = name_grid(NAMES)
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
        return grid

    def _connect(self) -> None:
        desk = self._desk
        self.format.activated.connect(
            lambda: desk.choose(format=str(self.format.currentData()), named=False)
        )
        self.theme.activated.connect(lambda: desk.choose(theme=str(self.theme.currentData())))
        for name, switch in self.switches.items():
            switch.clicked.connect(lambda on, name=name: desk.choose(**{name: on}))
        self.place.returnPressed.connect(desk.start)
        self.go.clicked.connect(desk.start)
        desk.changed.connect(self._show)

    def first_focus(self) -> QWidget:
        """The format has the focus."""
        return self.format

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
        self._show_place()
        self.summary.setText(desk.words)
        self.warning.say(desk.warning, "Leave them out where the file goes to others.")
        self._show_work()
