"""The page that says how far to trust the map over the scan."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from vlm_explorer.viewmodels.check_model import CheckModel
from vlm_explorer.viewmodels.check_rows import WORDS, CheckRow, Verdict
from vlm_explorer.widgets.check_plot import CheckPlot
from vlm_explorer.widgets.controls import (
    EmptyState,
    GlyphLabel,
    IconButton,
    ProgressBar,
    Words,
    text_button,
)

_ROW = 26  # px
_MARK = 16  # px
_HEADING = 30  # px
_MARKS = {
    Verdict.NOT_CHECKED: ("ph.circle-dashed", "secondary"),
    Verdict.WAITING: ("ph.hourglass", "secondary"),
    Verdict.RUNNING: ("ph.hourglass", "accent"),
    Verdict.PASSED: ("ph.check", "text"),
    Verdict.FAILED: ("ph.warning", "warning"),
    Verdict.SAYS_NOTHING: ("ph.minus", "secondary"),
}


class CheckPage(QWidget):
    """A line a check, and the curves of those that have some."""

    def __init__(self, model: CheckModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._lines = {name: _Line(name, self) for name in WORDS}
        self.all = text_button("Check all", parent=self)
        self.all.setToolTip("Run every check that was not run yet; some take many passes")
        self.stop = IconButton("ph.x", "Stop checking", parent=self)
        self._progress = ProgressBar(self, width=96)
        self._progress.setAccessibleName("Progress of the check")
        self._subject = Words("", "secondary", parent=self)
        self.deletion = CheckPlot("Insertion and deletion", self)
        self.randomisation = CheckPlot("Weight randomisation", self)
        self._empty = EmptyState("", self)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._lay_out())
        self._stack.addWidget(self._empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        for name, line in self._lines.items():
            line.run.clicked.connect(partial(model.check, name))
        self.all.clicked.connect(model.check_all)
        self.stop.clicked.connect(model.stop)
        model.changed.connect(self._refresh)
        self._refresh()

    def _lay_out(self) -> QWidget:
        top = QWidget(self)
        top.setFixedHeight(_HEADING)
        heading = QHBoxLayout(top)
        heading.setContentsMargins(0, 0, 0, 0)
        heading.setSpacing(8)
        heading.addWidget(self._subject, 1)
        for part in (self._progress, self.stop, self.all):
            heading.addWidget(part)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(2, 1)
        for number, line in enumerate(self._lines.values()):
            line.add_to(grid, number)
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(top)
        left.addLayout(grid)
        left.addStretch(1)
        page = QWidget(self)
        row = QHBoxLayout(page)
        row.setContentsMargins(12, 0, 12, 4)
        row.setSpacing(16)
        row.addLayout(left, 6)
        row.addWidget(self.deletion, 2)
        row.addWidget(self.randomisation, 2)
        return page

    @Slot()
    def _refresh(self) -> None:
        model = self._model
        self._empty.setText(model.message)
        self._stack.setCurrentIndex(0 if model.rows else 1)
        self._subject.setText(model.subject)
        self.all.setVisible(not model.busy)
        self.all.setEnabled(model.can_check_all)
        self.stop.setVisible(model.busy)
        self._progress.setVisible(model.busy)
        if model.progress is not None:
            self._progress.set_progress(model.progress)
        else:
            self._progress.set_share(None)
        for row in model.rows:
            self._lines[row.name].show_row(row)
        why = {row.name: _why(row) for row in model.rows}
        self.deletion.show_plot(model.deletion, why.get("insertion_deletion", ""))
        self.randomisation.show_plot(model.randomisation, why.get("weight_randomisation", ""))


class _Line:
    """A check: its mark, its name, what it found, and the button that runs it."""

    def __init__(self, name: str, parent: QWidget) -> None:
        title, asks = WORDS[name]
        self.mark = GlyphLabel("ph.circle-dashed", "secondary", _MARK, parent)
        self.title = Words(title, parent=parent)
        self.title.setToolTip(asks)
        self.says = Words("", "annotation", parent=parent)
        self.run = text_button("Check", "link", parent)
        self.run.setProperty("inline", True)
        self.run.setToolTip(f"{asks} Check it")
        self.run.setAccessibleName(f"Check: {title.lower()}")

    def add_to(self, grid: QGridLayout, row: int) -> None:
        """Take a row of a grid."""
        grid.setRowMinimumHeight(row, _ROW)
        for column, part in enumerate((self.mark, self.title, self.says, self.run)):
            grid.addWidget(part, row, column, Qt.AlignmentFlag.AlignVCenter)

    def show_row(self, row: CheckRow) -> None:
        """Say what is known of the check."""
        self.mark.set_glyph(*_MARKS[row.verdict])
        self.mark.setAccessibleName(row.verdict)
        self.mark.setToolTip(row.verdict.capitalize())
        self.says.setText(row.says)
        self.says.setToolTip(row.whole)
        self.says.setAccessibleName(f"{row.title}: {row.verdict}. {row.says}")
        self.run.setVisible(row.can_run)


def _why(row: CheckRow) -> str:
    """Return what the place of a check's curves says without any."""
    return f"{row.title}: {row.says[:1].lower()}{row.says[1:]}"
