"""The sheet that exports: what, as what, what goes with it, and where to."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels import export_choice
from vlm_explorer.viewmodels.export_choice import GOES_OUT, TITLES
from vlm_explorer.viewmodels.export_desk import ExportDesk
from vlm_explorer.widgets.controls import (
    TARGET,
    Words,
    choice_box,
    name_grid,
    text_button,
)
from vlm_explorer.widgets.export_look import look_of
from vlm_explorer.widgets.exporting_sheet import NAMES, ExportingSheet
from vlm_explorer.widgets.map_view import MapView

WIDTH, HEIGHT = 680, 548  # px
SWITCHES = ("files", "keys", "columns", "tags", "notes", "thumbnails")


class ExportSheet(ExportingSheet):
    """Chooses an export, and shows how far it is.

    Signals:
        copied(): the command line is on the clipboard.
    """

    copied = Signal()
    asks_to_replace = False  # the sheet itself says so

    def __init__(self, host: QWidget, desk: ExportDesk, map_: MapView) -> None:
        super().__init__(host, desk, WIDTH, HEIGHT)
        self._desk, self._map = desk, map_
        self.setAccessibleName("Export")
        self.format = choice_box("Format", export_choice.formats(), self.panel)
        self.about = Words("", "annotation", parent=self.panel)
        self.what = {key: QRadioButton(self.panel) for key in TITLES}
        self.parts = [QRadioButton(words, self.panel) for words in ("All of it", "As on screen")]
        self.switches = {name: QCheckBox(self.panel) for name in SWITCHES}
        self.measures = {
            name: QCheckBox(title, self.panel)
            for name, (title, _) in export_choice.measures().items()
        }
        self.theme = choice_box("Theme", export_choice.THEMES, self.panel)
        sizes = [(f"{size[0]}x{size[1]}", f"{size[0]} × {size[1]}") for size in export_choice.SIZES]
        self.size_box = choice_box("Size", sizes, self.panel)
        self.scale = choice_box("Resolution", export_choice.SCALES, self.panel)
        self._add_ends()
        self.note = Words("", "annotation", parent=self.panel)
        self.copy_button = text_button("Copy the command line", "quiet", self.panel)
        self._rows: dict[str, list[QWidget]] = {}
        self._stack("Export", self._grid(), self.copy_button)
        self._connect()
        desk.prefer()
        self._show()

    # The parts

    def _grid(self) -> QGridLayout:
        grid = name_grid(NAMES)
        what, parts = QButtonGroup(self), QButtonGroup(self)
        for button in self.what.values():
            what.addButton(button)
        for button in self.parts:
            parts.addButton(button)
        rows: dict[str, list[QWidget]] = {
            "Format": [self.format, self.about],
            "Images": list(self.what.values()),
            "Map": list(self.parts),
            "Look": [self.theme, self.size_box, self.scale],
            "Columns": list(self.measures.values()),
            "With": list(self.switches.values()),
            "To": [self.place, self.choose],
            "": [self.note],
        }
        for number, (name, widgets) in enumerate(rows.items()):
            title = Words(name, "secondary", parent=self.panel)
            self._rows[name] = [title, *widgets]
            top = name == "With"
            line = QVBoxLayout() if top else QHBoxLayout()
            line.setSpacing(0 if top else 12)
            for widget in widgets:
                line.addWidget(widget, 1 if widget in (self.about, self.place, self.note) else 0)
            if name in ("Images", "Map", "Look", "Columns"):
                line.addStretch(1)
            if top:
                title.setMinimumHeight(TARGET)
            grid.addWidget(
                title, number, 0, Qt.AlignmentFlag.AlignTop if top else Qt.AlignmentFlag(0)
            )
            grid.addLayout(line, number, 1)
        return grid

    def _connect(self) -> None:
        desk = self._desk
        self.format.activated.connect(self._choose_format)
        for key, button in self.what.items():
            button.clicked.connect(lambda _checked=False, key=key: desk.choose(what=key))
        for whole, button in zip((True, False), self.parts, strict=True):
            button.clicked.connect(lambda _checked=False, whole=whole: desk.choose(whole=whole))
        for switch in self.switches.values():
            switch.clicked.connect(self._choose_holding)
        for name, (_, note) in export_choice.measures().items():
            self.measures[name].setToolTip(note)
            self.measures[name].clicked.connect(self._choose_measures)
        for box in (self.theme, self.size_box, self.scale):
            box.activated.connect(self._choose_style)
        self.place.returnPressed.connect(self._start)
        self.go.clicked.connect(self._start)
        self.copy_button.clicked.connect(self._copy)
        desk.changed.connect(self._show)

    def first_focus(self) -> QWidget:
        """The format has the focus."""
        return self.format

    # What the user does

    @Slot()
    def _choose_format(self) -> None:
        self._desk.choose(format=str(self.format.currentData()), named=False)

    @Slot()
    def _choose_holding(self) -> None:
        self._desk.choose_holding({n: box.isChecked() for n, box in self.switches.items()})

    @Slot()
    def _choose_measures(self) -> None:
        self._desk.choose_measures({n: box.isChecked() for n, box in self.measures.items()})

    @Slot()
    def _choose_style(self) -> None:
        width, height = str(self.size_box.currentData()).split("x")
        self._desk.choose_style(
            theme=str(self.theme.currentData()),
            width=int(width),
            height=int(height),
            scale=float(self.scale.currentData()),
        )

    @Slot()
    def _start(self) -> None:
        canvas = self._map.canvas
        view = canvas.view
        scene = self._map.model.scene
        self._desk.start(
            lambda theme: look_of(scene, theme), (view.x, view.y, view.width / view.scale)
        )

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._desk.command_line)
        self.copy_button.setText("Copied")

    # What is shown

    @Slot()
    def _show(self) -> None:
        """Show how things stand."""
        desk, choice = self._desk, self._desk.choice
        self.format.setCurrentIndex(self.format.findData(choice.format))
        self.about.setText(choice.kind.words)
        for key, button in self.what.items():
            button.setText(f"{TITLES[key]} ({desk.counts[key]:,})")
            button.setEnabled(desk.counts[key] > 0)
            button.setChecked(key == choice.what)
        self.parts[0 if choice.whole else 1].setChecked(True)
        for name, switch in self.switches.items():
            switch.setText(export_choice.switch_words(name))
            switch.setChecked(getattr(choice.holding, name))
            switch.setVisible(name in choice.switches)
        for name, box in self.measures.items():
            box.setChecked(name in choice.measures)
        self._show_rows()
        self._show_place()
        self.note.setText("It is there already and will be replaced." if choice.replaces else "")
        self.summary.setText(desk.words)
        self.warning.say(GOES_OUT if choice.format == "copies" else "", "")
        self._show_work()
        self._show_command()

    def _show_rows(self) -> None:
        choice = self._desk.choice
        shown = {
            "Images": not choice.figure,
            "Map": choice.figure,
            "Look": choice.figure,
            "Columns": choice.measured,
            "With": bool(choice.switches),
        }
        for name, visible in shown.items():
            for part in self._rows[name]:
                if part not in self.switches.values():
                    part.setVisible(visible)
        self.scale.setVisible(choice.format == "png")
        style = choice.style
        for box, value in (
            (self.theme, style.theme),
            (self.size_box, f"{style.width}x{style.height}"),
            (self.scale, style.scale),
        ):
            box.setCurrentIndex(box.findData(value))

    def _show_command(self) -> None:
        line = self._desk.command_line
        self.copy_button.setText("Copy the command line")
        self.copy_button.setEnabled(bool(line))
        self.copy_button.setToolTip(
            "Makes the same export again; images are read from the list beside it"
            if line
            else self._desk.why_no_command.rstrip(".") or "There is nothing to export"
        )
