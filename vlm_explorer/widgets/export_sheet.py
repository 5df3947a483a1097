"""The sheet that exports: what, as what, what goes with it, and where to."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels import export_choice
from vlm_explorer.viewmodels.export_choice import GOES_OUT, TITLES
from vlm_explorer.viewmodels.export_desk import ExportDesk
from vlm_explorer.widgets.controls import (
    TARGET,
    IconButton,
    Line,
    ProgressBar,
    Words,
    choice_box,
    name_grid,
    text_button,
)
from vlm_explorer.widgets.export_look import look_of
from vlm_explorer.widgets.map_view import MapView
from vlm_explorer.widgets.notice import Notice
from vlm_explorer.widgets.sheets import Sheet

WIDTH, HEIGHT = 680, 548  # px
NAMES = 72  # px
SWITCHES = ("files", "keys", "columns", "thumbnails")


class ExportSheet(Sheet):
    """Chooses an export, and shows how far it is.

    Signals:
        copied(): the command line is on the clipboard.
    """

    copied = Signal()

    def __init__(self, host: QWidget, desk: ExportDesk, map_: MapView) -> None:
        super().__init__(host, WIDTH, HEIGHT, still=True)
        self._desk, self._map = desk, map_
        self.setAccessibleName("Export")
        self.close_button = IconButton("ph.x", "Close", "Esc", parent=self.panel)
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
        self.place = QLineEdit(self.panel)
        self.choose = text_button("Choose", parent=self.panel)
        self.note = Words("", "annotation", parent=self.panel)
        self.summary = QLabel(self.panel)
        self.warning = Notice("warning", self.panel)
        self.problem = Notice("error", self.panel)
        self.go = text_button("Export", "primary", self.panel)
        self.stop = text_button("Cancel", parent=self.panel)
        self.bar = ProgressBar(self.panel, width=120)
        self.doing = Words("", "secondary", parent=self.panel)
        self.copy_button = text_button("Copy the command line", "quiet", self.panel)
        self._rows: dict[str, list[QWidget]] = {}
        self._lay_out()
        self._connect()
        desk.prefer()
        self._show()

    # The parts

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(24, 12, 12, 12)
        head.addWidget(Words("Export", "title", parent=self.panel), 1)
        head.addWidget(self.close_button)
        body = QVBoxLayout()
        body.setContentsMargins(24, 16, 24, 16)
        body.setSpacing(12)
        body.addLayout(self._grid())
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
        foot.addWidget(self.copy_button)
        self.column.setContentsMargins(1, 0, 1, 0)
        self.column.setSpacing(0)
        self.column.addLayout(head)
        self.column.addWidget(Line(parent=self.panel))
        self.column.addLayout(body, 1)
        self.column.addWidget(Line(parent=self.panel))
        self.column.addLayout(foot)

    def _grid(self) -> QGridLayout:
        grid = name_grid(NAMES)
        self.place.setAccessibleName("Where to")
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
        self.close_button.clicked.connect(self.dismiss)
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
        self.place.textEdited.connect(self._type_place)
        self.place.returnPressed.connect(self._start)
        self.choose.clicked.connect(self._choose_place)
        self.go.clicked.connect(self._start)
        self.stop.clicked.connect(desk.cancel)
        self.copy_button.clicked.connect(self._copy)
        desk.changed.connect(self._show)
        desk.exported.connect(self._leave)

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
    def _type_place(self) -> None:
        self._desk.choose_place(self._typed())

    def _typed(self) -> Path:
        return Path(self.place.text().strip()).expanduser()

    @Slot()
    def _choose_place(self) -> None:
        choice = self._desk.choice
        where, _ = QFileDialog.getSaveFileName(
            self, "Export to", str(choice.to), "", options=QFileDialog.Option.DontConfirmOverwrite
        )
        if where:
            self._desk.choose_place(Path(where))

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

    @Slot(object)
    def _leave(self, _exported: object) -> None:
        if self.isVisible():
            self.dismiss()

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
        if self._typed() != choice.to:  # what is being typed stays as it is, "folder/" too
            self.place.setText(str(choice.to))
        self.note.setText("It is there already and will be replaced." if choice.replaces else "")
        self.summary.setText(desk.words)
        self.warning.say(GOES_OUT if choice.format == "copies" else "", "")
        self.problem.say(desk.problem, desk.hint)
        self._show_work()

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

    def _show_work(self) -> None:
        desk = self._desk
        self.go.setEnabled(not desk.missing and not desk.doing)
        self.go.setToolTip(desk.missing)
        for part in (self.stop, self.bar):
            part.setVisible(desk.doing)
        progress = desk.progress
        self.bar.set_progress(progress)
        self.doing.setText((progress.message or "Exporting") if desk.doing else desk.missing)
        line = desk.command_line
        self.copy_button.setText("Copy the command line")
        self.copy_button.setEnabled(bool(line))
        self.copy_button.setToolTip(
            "Makes the same export again; images are read from the list beside it"
            if line
            else "The command line cannot draw this figure"
        )
