"""The page of wordings: what a prompt scores in other words, without a word, and denied."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.wording_model import SCOPES, WordingModel
from vlm_explorer.viewmodels.wording_rows import VIEWS, Row
from vlm_explorer.widgets.controls import (
    EmptyState,
    ProgressBar,
    Words,
    choice_box,
    text_button,
)
from vlm_explorer.widgets.label_truth import TruthBox
from vlm_explorer.widgets.theme import themes
from vlm_explorer.widgets.watching_page import WatchingPage
from vlm_explorer.widgets.wording_table import WordingTable

CONTROLS = 368  # px, width of the controls


class WordingPage(WatchingPage):
    """Controls, and a line a wording."""

    def __init__(self, model: WordingModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._model = model
        self._shown: tuple[Row, ...] | None = None
        self.prompt = choice_box("Prompt to ask in other words", [], self)
        self.scope = choice_box("Images to ask about", SCOPES, self)
        self.truth = TruthBox(model.choice, self)
        self.finding = choice_box("Finding that the prompt stands for", [], self)
        self.views = {view: QPushButton(title, self) for view, (title, _) in VIEWS.items()}
        self.bar = ProgressBar(self)
        self.stop = text_button("Stop", "quiet", self)
        self.run = text_button("Ask again", parent=self)
        self.headline = Words(role="secondary", parent=self)
        self.warning = Words(role="warning", parent=self)
        self.table = WordingTable(self)
        self._empty = EmptyState("", self)
        self._set_up()
        self._lay_out()
        self._connect()
        self._refresh()

    def _set_up(self) -> None:
        group = QButtonGroup(self)
        for view, button in self.views.items():
            button.setCheckable(True)
            button.setProperty("chip", True)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.setToolTip(f"{VIEWS[view][1]} (arrow keys)")
            group.addButton(button)
        self.prompt.setToolTip("The present prompt, or one of the labels (arrow keys)")
        self.scope.setToolTip("Which images are asked about (arrow keys)")
        self.finding.setToolTip("What the prompt stands for in the truth (arrow keys)")
        for box in (self.prompt, self.scope, self.truth, self.finding):
            box.setMinimumContentsLength(4)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
        self.stop.setToolTip("Stop asking (Space)")
        self.run.setToolTip("Ask again (Space)")

    def _lay_out(self) -> None:
        controls = QWidget(self)
        controls.setFixedWidth(CONTROLS)
        column = QVBoxLayout(controls)
        column.setContentsMargins(12, 2, 0, 4)
        column.setSpacing(4)
        for pair in ((self.prompt, self.finding), (self.scope, self.truth)):
            boxes = QHBoxLayout()
            boxes.setSpacing(4)
            for box in pair:
                boxes.addWidget(box, 1)
            column.addLayout(boxes)
        for parts in ((*self.views.values(),), (self.bar, self.stop, self.run)):
            row = QHBoxLayout()
            row.setSpacing(4)
            for part in parts:
                row.addWidget(part)
            row.addStretch(1)
            column.addLayout(row)
        column.addStretch(1)
        answer = QVBoxLayout()
        answer.setContentsMargins(0, 0, 8, 4)
        answer.setSpacing(2)
        answer.addWidget(self.headline)
        answer.addWidget(self.warning)
        answer.addWidget(self.table, 1)
        answer.addWidget(self._empty, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        layout.addWidget(controls)
        layout.addLayout(answer, 1)

    def _connect(self) -> None:
        model = self._model
        self.prompt.activated.connect(lambda row: model.set_label(self.prompt.itemData(row)))
        self.scope.activated.connect(lambda row: model.set_scope(self.scope.itemData(row)))
        self.finding.activated.connect(lambda row: model.set_finding(self.finding.itemData(row)))
        for view, button in self.views.items():
            button.toggled.connect(lambda on, view=view: model.set_view(view) if on else None)
        self.stop.clicked.connect(model.stop)
        self.run.clicked.connect(model.run)
        self.table.cellActivated.connect(lambda row, _column: model.open(row))
        model.changed.connect(self._refresh)
        model.progressed.connect(self._show_progress)
        themes.changed.connect(self._dress)

    # From the model

    @Slot()
    def _refresh(self) -> None:
        model = self._model
        self._offer_prompts()
        self._offer_findings()
        with QSignalBlocker(self.scope):
            self.scope.setCurrentIndex(self.scope.findData(model.scope))
        with QSignalBlocker(self.views[model.view]):
            self.views[model.view].setChecked(True)
        running = model.stage is Stage.RUNNING
        self.bar.setVisible(running)
        self.stop.setVisible(running)
        self.run.setVisible(model.stopped or model.stage is Stage.FAILED)
        known = bool(model.headline)
        self.headline.setVisible(known)
        self.headline.setText(model.headline)
        self.warning.setVisible(bool(model.warning))
        self.warning.setText(model.warning)
        self.table.setVisible(bool(model.rows))
        self._empty.setVisible(not model.rows)
        self._empty.setText("" if known else model.message)
        if model.rows is not self._shown:
            self._shown = model.rows
            self.table.show_rows(model.view, model.rows)

    @Slot()
    def _dress(self) -> None:
        """Fill the table again, in the colours of another theme."""
        self._shown = None
        self._refresh()

    def _offer_prompts(self) -> None:
        prompts = self._model.prompts
        held = [
            (self.prompt.itemData(row), self.prompt.itemText(row))
            for row in range(self.prompt.count())
        ]
        with QSignalBlocker(self.prompt):
            if held != list(prompts):
                self.prompt.clear()
                for value, words in prompts:
                    self.prompt.addItem(words, value)
            place = self.prompt.findData(self._model.label)
            if place < 0:  # a prompt that was asked about before another one was searched for
                self.prompt.addItem(self._model.label, self._model.label)
                place = self.prompt.count() - 1
            self.prompt.setCurrentIndex(place)

    def _offer_findings(self) -> None:
        findings = self._model.findings
        held = [
            (self.finding.itemData(row), self.finding.itemText(row))
            for row in range(self.finding.count())
        ]
        with QSignalBlocker(self.finding):
            if held != list(findings):
                self.finding.clear()
                for value, words in findings:
                    self.finding.addItem(words, value)
            self.finding.setCurrentIndex(max(0, self.finding.findData(self._model.finding)))

    @Slot()
    def _show_progress(self) -> None:
        self.bar.set_progress(self._model.progress)
        self.bar.setAccessibleName(self._model.progress.message or "Asking in other words")
