"""Where it stands what is true: a list of columns and tables, and what stands for each label."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QScrollArea,
    QSizePolicy,
    QWidget,
)

from vlm_explorer.viewmodels.evaluate_model import EvaluateModel
from vlm_explorer.viewmodels.truth_choice import TruthChoice
from vlm_explorer.viewmodels.truth_look import FINDINGS
from vlm_explorer.widgets.controls import ChoiceBox, Words, choice_box, name_grid
from vlm_explorer.widgets.flyout import Flyout

_OPEN, _FORGET = "\0open", "\0forget"
TABLES = "Tables (*.csv *.tsv *.txt);;All files (*)"
_WIDTH, _ROW, _MOST_ROWS = 420, 32, 9  # px; px; rows that are seen at once
_NAMES = 120  # px
_COUNTING = (
    (
        "blank",
        "Blank cells",
        (("left-out", "left out"), ("absent", "count as absent: not mentioned")),
    ),
    (
        "uncertain",
        "-1, uncertain",
        (
            ("left-out", "left out"),
            ("present", "count as present (U-Ones)"),
            ("absent", "count as absent (U-Zeros)"),
        ),
    ),
)
_NONE, _NOT_CALLED = "nothing", "nothing is called so"


class TruthBox(ChoiceBox):
    """Lists the columns that could say what is true; the last entries take a table instead."""

    def __init__(self, choice: TruthChoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choice = choice
        self.setAccessibleName("Column that says what is true")
        self.setToolTip("Which column, or table, says what is true of the images (arrow keys)")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.setMinimumWidth(64)
        self.activated.connect(self._take)
        choice.changed.connect(self._list)
        self._list()

    @Slot()
    def _list(self) -> None:
        choice = self._choice
        with QSignalBlocker(self):
            self.clear()
            for name in choice.known.columns if choice.known is not None else ():
                self.addItem(f"Truth: {_title(choice, name)}", name)
            if self.count():
                self.insertSeparator(self.count())
            self.addItem("Truth from a table…", _OPEN)
            if choice.table is not None:
                self.addItem(f"Without {choice.table.name}", _FORGET)
            self.setCurrentIndex(self.findData(choice.column) if choice.column else -1)
            self.setPlaceholderText("No truth")
            tip = str(choice.table.name) if choice.table is not None else "the collection"
            notes = choice.known.notes if choice.known is not None else ()
            words = f"What is true of the images, by a column of {tip} (arrow keys)"
            self.setToolTip("\n".join((words, *notes)))

    @Slot(int)
    def _take(self, place: int) -> None:
        data = self.itemData(place)
        if data == _OPEN:
            self._list()  # the entry is no choice that stays
            self.open_table()
        elif data == _FORGET:
            self._choice.forget_table()
        elif data:
            self._choice.set_column(data)

    @Slot()
    def open_table(self) -> None:
        """Ask for a table of what is true."""
        chosen, _ = QFileDialog.getOpenFileName(self, "Table of what is true", "", TABLES)
        if chosen:
            self._choice.read_table(Path(chosen))


def _title(choice: TruthChoice, column: str) -> str:
    """Return a column's name; of columns of 0 and 1 how many there are."""
    if column != FINDINGS or choice.known is None:
        return column
    return f"{len(choice.known.values.get(FINDINGS, ())):,} columns of 0/1"


class StandingPanel(Flyout):
    """What stands for each label in the truth, to be corrected."""

    def __init__(self, owner: QWidget, model: EvaluateModel) -> None:
        super().__init__(owner, _WIDTH)
        self._model = model
        self.boxes: dict[str, QComboBox] = {}
        self.counting: dict[str, QComboBox] = {}
        self.column.addWidget(Words("What stands for the labels", "heading"))
        choice = model.choice
        where = "columns of 0 and 1" if choice.by_findings else f"the column {choice.column}"
        listed, there = len(model.choice.listed), len(model.choice.values)
        cut = f"; the first {listed:,} of {there:,} values are listed" if listed < there else ""
        self.column.addWidget(Words(f"In {where}{cut}", "annotation"))
        rows = QWidget(self)
        grid = QGridLayout(rows)
        grid.setContentsMargins(0, 0, 8, 0)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, (label, called, stands) in enumerate(model.standing):
            grid.addWidget(Words(label), row, 0)
            grid.addWidget(self._box(label, called, stands), row, 1)
        area = QScrollArea(self)
        area.setWidget(rows)
        area.setWidgetResizable(True)
        for ground in (area, area.viewport(), rows):
            ground.setProperty("clear", True)
        rows.setAutoFillBackground(False)  # the area fills what is put into it
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFixedHeight(_ROW * max(1, min(_MOST_ROWS, len(self.boxes))) + 4)
        self.column.addWidget(area)
        if choice.by_findings:
            self._add_counting()

    def _add_counting(self) -> None:
        """Add what blanks and -1 count as."""
        choice = self._model.choice
        grid = name_grid(_NAMES)
        grid.setContentsMargins(0, 4, 8, 0)
        for row, (name, words, ways) in enumerate(_COUNTING):
            box = choice_box(words, ways, self)
            box.setCurrentIndex(box.findData(getattr(choice, name)))
            box.activated.connect(partial(self._count, name, box))
            grid.addWidget(Words(words), row, 0)
            grid.addWidget(box, row, 1)
            self.counting[name] = box
        self.column.addLayout(grid)

    def _count(self, name: str, box: QComboBox, place: int) -> None:
        self._model.choice.count(**{name: box.itemData(place)})

    def first_focus(self) -> QWidget:
        """The first label's list has the focus."""
        return next(iter(self.boxes.values()), self)

    def _box(self, label: str, called: tuple[str, ...], stands: tuple[str, ...]) -> QComboBox:
        box = ChoiceBox(self)
        box.setAccessibleName(f"What stands for {label}")
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.addItem(f"{' or '.join(called)} · called so" if called else _NOT_CALLED, None)
        if called:
            box.addItem(_NONE, ())
        for value in self._model.choice.listed:
            box.addItem(value, (value,))
        place = next((n for n in range(1, box.count()) if box.itemData(n) == stands), 0)
        box.setCurrentIndex(0 if stands == called else place)
        box.activated.connect(partial(self._take, label, box))
        self.boxes[label] = box
        return box

    def _take(self, label: str, box: QComboBox, place: int) -> None:
        self._model.choice.correct(label, box.itemData(place))
