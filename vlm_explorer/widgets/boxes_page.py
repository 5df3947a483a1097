"""The page that compares maps with marked findings: a table, and the images that it misses."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels import numbers
from vlm_explorer.viewmodels.boxes_model import METHODS, BoxesModel
from vlm_explorer.viewmodels.boxes_words import COLUMNS, BoxesRow
from vlm_explorer.viewmodels.image_scope import SELECTED, SHOWN
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.widgets.controls import (
    EmptyState,
    Line,
    ProgressBar,
    Words,
    choice_box,
    text_button,
)
from vlm_explorer.widgets.figure_table import FigureTable
from vlm_explorer.widgets.watching_page import WatchingPage

CONTROLS = 208  # px, width of the controls
MISSES = 216  # px, width of the list of misses
_TABLE = "How maps lie on marks, by finding and method"


class BoxesPage(WatchingPage):
    """What is to be compared, how maps lie, and which miss."""

    def __init__(self, model: BoxesModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._model = model
        self._shown_rows: tuple[BoxesRow, ...] = ()
        self.methods = choice_box("Methods to compare", METHODS, self)
        scopes = ((SHOWN, "All images shown"), (SELECTED, "Selected images"))
        self.scope = choice_box("Images to ask about", scopes, self)
        self.run = text_button("Compare", "primary", self)
        self.stop = text_button("Stop", "quiet", self)
        self.marks = text_button("Show marks", parent=self)
        self.file = text_button("From file…", "link", self)
        self.bar = ProgressBar(self)
        self._sentence = Words(role="secondary", parent=self)
        self._empty = EmptyState("", self)
        heads = [(title, tip) for title, tip, _measure in COLUMNS]
        self.table = FigureTable(_TABLE, heads, self, words=2)
        self._misses_title = Words(role="secondary", parent=self)
        self.misses = QListWidget(self)
        self._set_up()
        self._lay_out()
        self._connect()
        self._refresh()

    def _set_up(self) -> None:
        self.file.setAccessibleName("Take marks from a file")
        self.marks.setCheckable(True)
        self.marks.setProperty("chip", True)
        self.misses.setFrameShape(QFrame.Shape.NoFrame)
        self.misses.setAccessibleName("Images whose map misses the mark")
        self.misses.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        tips = {
            self.methods: "Which methods make the maps (arrow keys)",
            self.scope: "Which images are asked about (arrow keys)",
            self.run: "Explain every marked finding, and see where the map's maximum lies (Space)",
            self.stop: "Stop comparing (Space)",
            self.marks: "Draw what is marked over the scan (Space)",
            self.file: "Choose truth.json, or a table with boxes or masks, from elsewhere (Space)",
        }
        for control, tip in tips.items():
            control.setToolTip(tip)

    def _lay_out(self) -> None:
        controls = QVBoxLayout()
        controls.setContentsMargins(12, 2, 12, 4)
        controls.setSpacing(4)
        controls.addWidget(self.methods)
        controls.addWidget(self.scope)
        for parts in ((self.run, self.stop, self.bar), (self.marks, self.file)):
            row = QHBoxLayout()
            row.setSpacing(8)
            for part in parts:
                row.addWidget(part)
            row.addStretch(1)
            controls.addLayout(row)
        controls.addStretch(1)
        side = QWidget(self)
        side.setFixedWidth(CONTROLS)
        side.setLayout(controls)
        answer = QVBoxLayout()
        answer.setSpacing(0)
        answer.addWidget(self._sentence)
        answer.addWidget(self.table, 1)
        answer.addWidget(self._empty, 1)
        self._missed = QWidget(self)
        self._missed.setFixedWidth(MISSES)
        missed = QVBoxLayout(self._missed)
        missed.setContentsMargins(8, 0, 0, 0)
        missed.setSpacing(0)
        missed.addWidget(self._misses_title)
        missed.addWidget(self.misses, 1)
        self._line = Line(vertical=True, parent=self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 8, 4)
        row.setSpacing(8)
        row.addWidget(side)
        row.addLayout(answer, 1)
        row.addWidget(self._line)
        row.addWidget(self._missed)

    def _connect(self) -> None:
        model = self._model
        self.run.clicked.connect(model.run)
        self.stop.clicked.connect(model.stop)
        self.marks.clicked.connect(model.show_marks)
        self.file.clicked.connect(self._choose_file)
        self.methods.activated.connect(self._choose_methods)
        self.scope.activated.connect(self._choose_scope)
        self.table.currentCellChanged.connect(self._choose_row)
        self.misses.itemClicked.connect(self._open)
        self.misses.itemActivated.connect(self._open)
        model.changed.connect(self._refresh)
        model.progressed.connect(self._show_progress)

    @Slot(int)
    def _choose_methods(self, index: int) -> None:
        self._model.set_methods(self.methods.itemData(index))

    @Slot(int)
    def _choose_scope(self, index: int) -> None:
        self._model.set_scope(self.scope.itemData(index))

    @Slot()
    def _choose_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, "Marks of findings", "", "Marks (*.json *.csv *.tsv);;All files (*)"
        )
        if chosen:
            self._model.use_file(Path(chosen))

    @Slot(int, int, int, int)
    def _choose_row(self, row: int, _column: int, _former: int, _before: int) -> None:
        if row != self._model.chosen:
            self._model.choose(row)

    @Slot(QListWidgetItem)
    def _open(self, item: QListWidgetItem) -> None:
        self._model.open(self.misses.row(item))

    # From the model

    @Slot()
    def _refresh(self) -> None:
        model = self._model
        running, known = model.stage is Stage.RUNNING, bool(model.rows)
        self.methods.setCurrentIndex(self.methods.findData(model.methods))
        self.scope.setCurrentIndex(self.scope.findData(model.scope))
        self.run.setEnabled(model.possible)
        self.run.setText("Compare again" if known else "Compare")
        self.run.setVisible(not running)
        self.stop.setVisible(running)
        self.bar.setVisible(running)
        self.marks.setChecked(model.marks.shown)
        marked = model.marks.marked
        self.marks.setEnabled(marked is not None and bool(marked.marks))
        self.table.setVisible(known)
        self._sentence.setVisible(known)
        self._sentence.setText(model.message)
        self._empty.setVisible(not known)
        self._empty.setText("Comparing maps with marks." if running else model.message)
        for part in (self._line, self._missed):
            part.setVisible(known)
        if model.rows is not self._shown_rows:
            self._shown_rows = model.rows
            self.table.show_rows(
                [row.cells for row in model.rows], [row.tips for row in model.rows]
            )
        with QSignalBlocker(self.table):
            if model.chosen >= 0 and self.table.currentRow() != model.chosen:
                self.table.setCurrentCell(model.chosen, 0)
        self._list_misses()

    def _list_misses(self) -> None:
        model = self._model
        if model.chosen < 0:
            self._misses_title.setText("")
            self.misses.clear()
            return
        row = model.rows[model.chosen]
        missed = sum(bool(miss.image_id) for miss in model.misses)
        title = f"{missed:,} missed" if missed else "All hit"
        of = ", ".join(row.cells[:2])
        self._misses_title.setText(f"{title} · {of}")
        self._misses_title.setToolTip(f"{title}: {of}")
        if [self.misses.item(n).text() for n in range(self.misses.count())] == [
            miss.words for miss in model.misses
        ]:
            return
        self.misses.clear()
        for miss in model.misses:
            item = QListWidgetItem(miss.words)
            item.setToolTip(miss.tip)
            self.misses.addItem(item)

    @Slot()
    def _show_progress(self) -> None:
        progress = self._model.progress
        self.bar.set_progress(progress)
        share = numbers.percent(progress.done / progress.total) if progress.total else ""
        self.bar.setAccessibleName(f"Comparing maps with marks {share}".strip())
