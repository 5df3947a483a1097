"""The page of words: which of the prompt's words moved the score, and where each of them asks."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.words_model import WordsModel
from vlm_explorer.viewmodels.words_rows import VIEWS, View
from vlm_explorer.widgets.controls import EmptyState, Words, choice_box, text_button
from vlm_explorer.widgets.watching_page import WatchingPage
from vlm_explorer.widgets.words_bars import WordsBars

CONTROLS = 232  # px, width of the controls


class WordsPage(WatchingPage):
    """Controls, and the words with their bars."""

    def __init__(self, model: WordsModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._model = model
        self.view = choice_box("Number of each word", [], self)
        self.method = choice_box("How maps of words are made", [], self)
        self.back = text_button("Take the map off", "quiet", self)
        self.headline = Words(role="secondary", parent=self)
        self.summary = Words(role="annotation", parent=self)
        self.bars = WordsBars()
        self._empty = EmptyState("", self)
        self._stack = QStackedWidget(self)
        self._scroll = QScrollArea(self)
        self._lay_out()
        self._connect()
        self._refresh()

    def _lay_out(self) -> None:
        self.method.setToolTip("How the map of a word is made")
        self.back.setToolTip("Leave the patch, then the word (Esc)")
        self._scroll.setWidget(self.bars)
        self._scroll.setWidgetResizable(True)
        for each in (self._scroll, self._scroll.viewport(), self.bars):
            each.setProperty("clear", True)
            each.setAutoFillBackground(False)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        controls = QWidget(self)
        controls.setFixedWidth(CONTROLS)
        column = QVBoxLayout(controls)
        column.setContentsMargins(12, 2, 0, 4)
        column.setSpacing(4)
        for part in (self.view, self.method, self.summary):
            column.addWidget(part)
        column.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        shown = QWidget(self)
        answer = QVBoxLayout(shown)
        answer.setContentsMargins(0, 0, 12, 4)
        answer.setSpacing(4)
        answer.addWidget(self.headline)
        answer.addWidget(self._scroll, 1)
        found = QWidget(self)
        row = QHBoxLayout(found)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(controls)
        row.addWidget(shown, 1)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(found)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)

    def _connect(self) -> None:
        self.view.activated.connect(self._choose_view)
        self.method.activated.connect(self._choose_method)
        self.back.clicked.connect(self._model.step_back)
        self.bars.chosen.connect(self._model.choose)
        self.bars.extended.connect(self._model.extend)
        self._model.changed.connect(self._refresh)

    @Slot(int)
    def _choose_view(self, row: int) -> None:
        self._model.set_view(View(self.view.itemData(row)))

    @Slot(int)
    def _choose_method(self, row: int) -> None:
        self._model.set_method(self.method.itemData(row))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc goes a step back, as long as there is one."""
        if event.key() != Qt.Key.Key_Escape or not self._model.step_back():
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Bring the word into view that gets the focus."""
        if event.type() == QEvent.Type.FocusIn and isinstance(watched, QWidget):
            self._scroll.ensureWidgetVisible(watched, 24, 0)
        return super().eventFilter(watched, event)

    # From the model

    @Slot()
    def _refresh(self) -> None:
        model = self._model
        ready = model.stage is Stage.READY
        self._stack.setCurrentIndex(int(ready))
        self._empty.setText(model.message)
        if not ready:
            return
        _offer(self.method, [(name, f"Map: {title}") for name, title in model.methods])
        self.method.setCurrentIndex(self.method.findData(model.method))
        _offer(self.view, [(view, VIEWS[view][0]) for view in model.views])
        self.view.setCurrentIndex(self.view.findData(model.view))
        self.view.setToolTip(VIEWS[model.view][1])
        self.view.setEnabled(model.cell is None)
        self.headline.setText(model.headline)
        self.summary.setText(model.summary)
        self.back.setVisible(model.chosen is not None or model.cell is not None)
        self.back.setText(
            "Back to the whole image" if model.cell is not None else "Take the map off"
        )
        self.bars.show_bars(model.bars, model.phrases, model.chosen)
        for button in (*self.bars.words, *self.bars.phrases):
            button.removeEventFilter(self)
            button.installEventFilter(self)


def _offer(box: QComboBox, choices: Sequence[tuple[str, str]]) -> None:
    """Fill a box with choices, unless it has them already."""
    if [(box.itemData(row), box.itemText(row)) for row in range(box.count())] == list(choices):
        return
    with QSignalBlocker(box):
        box.clear()
        for value, words in choices:
            box.addItem(words, value)
