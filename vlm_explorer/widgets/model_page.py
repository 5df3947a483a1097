"""One encoder: what it is for, what can be done with it, and what is known of it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.model_facts import ModelFacts
from vlm_explorer.viewmodels.model_offers import offers, perform, situation
from vlm_explorer.viewmodels.model_shelf import ModelShelf
from vlm_explorer.widgets.controls import GlyphLabel, ProgressBar, Words, name_grid, text_button
from vlm_explorer.widgets.model_access import ModelAccess
from vlm_explorer.widgets.notice import Notice

NAMES = 104  # px, width of the column of names
BUTTONS = 2


def paragraph(text: str, role: str, parent: QWidget) -> QLabel:
    """Return words that wrap and can be copied."""
    label = QLabel(text, parent)
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


class ModelActions(QWidget):
    """The buttons of an encoder, always of one height: nothing below them moves."""

    def __init__(self, shelf: ModelShelf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shelf = shelf
        self._id = ""
        self._verbs = [""] * BUTTONS
        self.buttons: list[QPushButton] = []
        self.bar = ProgressBar(self, width=120)
        self.bar.setAccessibleName("Progress")
        self.words = Words("", "secondary", parent=self)
        self.setFixedHeight(32)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for place in range(BUTTONS):
            button = text_button("", parent=self)
            button.clicked.connect(lambda _checked=False, place=place: self.press(place))
            row.addWidget(button)
            self.buttons.append(button)
        row.addWidget(self.bar)
        row.addWidget(self.words, 1)

    def show_model(self, facts: ModelFacts) -> None:
        """Offer what can be done with an encoder now."""
        self._id = facts.id
        state, offered = self._shelf.state(facts.id), offers(self._shelf, facts)
        focused = any(button.hasFocus() for button in self.buttons)
        for place, button in enumerate(self.buttons):
            offer = offered[place] if place < len(offered) else None
            self._verbs[place] = offer.verb if offer else ""
            button.setVisible(offer is not None)
            if offer is not None:
                button.setText(offer.title)
                button.setAccessibleName(f"{offer.title}: {facts.name}")
                _dress(button, primary=offer.verb in ("fetch", "use", "keep"))
        self.bar.setVisible(state.kind in ("fetching", "encoding", "switching"))
        self.bar.set_share(state.share)
        self.words.setText("" if state.problem else situation(self._shelf, facts))
        if focused and offered and not any(button.hasFocus() for button in self.buttons):
            self.buttons[0].setFocus()

    def press(self, place: int = 0) -> None:
        """Do what a button offers, if it offers anything."""
        if self._verbs[place]:
            perform(self._shelf, self._verbs[place], self._id)

    def press_verb(self, verb: str) -> None:
        """Do something if it is on offer."""
        if verb in self._verbs:
            perform(self._shelf, verb, self._id)


def _dress(button: QPushButton, *, primary: bool) -> None:
    if bool(button.property("primary")) != primary:
        button.setProperty("primary", primary)
        button.style().unpolish(button)
        button.style().polish(button)


class ModelPage(QScrollArea):
    """Everything about the encoder that is chosen in the list.

    Signals:
        left(): Escape, where it means nothing here.
    """

    left = Signal()

    def __init__(self, shelf: ModelShelf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shelf = shelf
        self._id = ""
        self._listed: tuple[object, object] = (None, None)  # what the table is of
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._content = QWidget()
        for each in (self, self.viewport(), self._content):
            each.setProperty("clear", True)
            each.setAutoFillBackground(False)
        self.name = Words("", "title", parent=self._content)
        self.id = Words("", "annotation", parent=self._content)
        self.purpose = paragraph("", "", self._content)
        self.limits = paragraph("", "secondary", self._content)
        self.offers = ModelActions(shelf, self._content)
        self.problem = Notice("error", self._content)
        self.reason = Notice("warning", self._content)
        self.access = ModelAccess(shelf, self._content)
        self._limits_row = QWidget(self._content)
        self._table = QWidget(self._content)
        self._lay_out()
        self.setWidget(self._content)
        shelf.listed.connect(self._refresh)
        shelf.changed.connect(self._advance)

    def _lay_out(self) -> None:
        limits = QHBoxLayout(self._limits_row)
        limits.setContentsMargins(0, 0, 0, 0)
        limits.setSpacing(8)
        sign = GlyphLabel("ph.warning", "warning", parent=self._limits_row)
        limits.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        limits.addWidget(self.limits, 1)
        head = QHBoxLayout()
        head.setSpacing(12)
        self.name.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        head.addWidget(self.name)
        head.addWidget(self.id, 1, Qt.AlignmentFlag.AlignBottom)
        column = self._column = QVBoxLayout(self._content)
        column.setContentsMargins(24, 4, 24, 24)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.purpose)
        column.addWidget(self._limits_row)
        column.addSpacing(8)
        column.addWidget(self.offers)
        for notice in (self.problem, self.reason, self.access):
            column.addWidget(notice)
        column.addSpacing(8)
        column.addWidget(self._table)
        column.addStretch(1)

    @property
    def shown(self) -> str:
        """The encoder that is shown."""
        return self._id

    def show_model(self, id_: str) -> None:
        """Show another encoder, from its top."""
        if id_ != self._id:
            self._id = id_
            self.verticalScrollBar().setValue(0)
            self.access.clear()
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        facts = self._shelf.facts(self._id)
        self._content.setVisible(facts is not None)
        if facts is None:
            return
        self.name.setText(facts.name)
        self.id.setText("" if facts.id == facts.name else facts.id)
        self.purpose.setText(facts.purpose)
        self.purpose.setVisible(bool(facts.purpose))
        self.limits.setText(facts.limits)
        self._limits_row.setVisible(bool(facts.limits))
        self.reason.say(facts.not_offered, "")
        self.access.show_model(facts)
        self._fill_table(facts)
        self._advance(self._id)

    @Slot(str)
    def _advance(self, id_: str) -> None:
        facts = self._shelf.facts(self._id)
        if id_ != self._id or facts is None:
            return
        self.offers.show_model(facts)
        self.offers.setVisible(not facts.not_offered)
        state = self._shelf.state(id_)
        self.problem.say(state.problem, state.hint)

    def _fill_table(self, facts: ModelFacts) -> None:
        """List what is known of the encoder, and what was published about it."""
        if self._listed == (facts.details, facts.figures):
            return
        self._listed = facts.details, facts.figures
        table = QWidget(self._content)
        column = QVBoxLayout(table)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(_pairs(facts.details, table))
        if facts.figures:
            column.addSpacing(8)
            column.addWidget(Words("Published figures", "heading", parent=table))
            column.addLayout(_figures(facts, table))
        self._column.replaceWidget(self._table, table)
        self._table.hide()
        self._table.deleteLater()
        self._table = table
        table.show()


def _pairs(details: tuple[tuple[str, str], ...], parent: QWidget) -> QGridLayout:
    grid = name_grid(NAMES, 4)
    for place, (name, value) in enumerate(details):
        title = Words(name, "secondary", parent=parent)
        grid.addWidget(title, place, 0, Qt.AlignmentFlag.AlignTop)
        words = paragraph(value, "", parent) if " " in value else _token(value, parent)
        words.setAccessibleName(f"{name}: {value}")
        grid.addWidget(words, place, 1)
    return grid


def _token(value: str, parent: QWidget) -> Words:
    """Return a path, an address or a digest: one line, its middle left out where it is long."""
    words = Words(value, "", Qt.TextElideMode.ElideMiddle, parent)
    words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return words


def _figures(facts: ModelFacts, parent: QWidget) -> QGridLayout:
    """Return a table of figures; sources that are the same in a row are named once."""
    grid = name_grid(NAMES, 4)
    grid.setColumnMinimumWidth(0, 0)
    grid.setColumnStretch(0, 1)
    grid.setColumnStretch(1, 0)
    place = 0
    for number, figure in enumerate(facts.figures):
        grid.addWidget(Words(figure.what, parent=parent), place, 0)
        value = Words(figure.value, parent=parent)
        value.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        grid.addWidget(value, place, 1, Qt.AlignmentFlag.AlignRight)
        last = number + 1 == len(facts.figures)
        if last or facts.figures[number + 1].source != figure.source:
            place += 1
            source = Words(f"Source: {figure.source}", "annotation", parent=parent)
            grid.addWidget(source, place, 0, 1, 2)
        place += 1
    return grid
