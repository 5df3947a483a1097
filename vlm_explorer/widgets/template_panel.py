"""Template sets: those of the program to read and copy, the user's own to write."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPlainTextEdit, QWidget

from vlm_explorer.viewmodels.label_templates import LabelTemplates
from vlm_explorer.widgets.controls import Words, choice_box, text_button
from vlm_explorer.widgets.flyout import Flyout

_WIDTH, _TALL = 520, 104  # px, of the panel and of a field of sentences


class TemplatePanel(Flyout):
    """Opens over the studio; what is whole is saved when it closes, what is not stays a draft."""

    def __init__(self, owner: QWidget, templates: LabelTemplates) -> None:
        super().__init__(owner, _WIDTH)
        self._model = templates
        self.sets = choice_box("Template set", (), self)
        self.new = text_button("New", parent=self)
        self.copy = text_button("Copy", parent=self)
        self.delete = text_button("Delete", parent=self)
        self.save = text_button("Save", "primary", self)
        self.title = QLineEdit(self)
        self.templates = _lines("Says it is there, one sentence a line", self)
        self.negatives = _lines("Says it is not there, one sentence a line", self)
        self.note = Words(role="annotation", parent=self)
        self._lay_out()
        self._connect()
        if templates.draft is None:
            templates.choose(templates.in_use)
        self._show()

    def first_focus(self) -> QWidget:
        """The sentences have the focus where they can be written."""
        return self.sets if self.templates.isReadOnly() else self.templates

    def _lay_out(self) -> None:
        self.title.setAccessibleName("Name of the template set")
        self.title.setPlaceholderText("Name of the template set")
        self.sets.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        first, last = QHBoxLayout(), QHBoxLayout()
        for row, parts in (
            (first, (self.sets, self.new, self.copy, self.delete)),
            (last, (self.note, self.save)),
        ):
            row.setSpacing(4)
            for part in parts:
                row.addWidget(part, 1 if part in (self.sets, self.note) else 0)
        self.column.addWidget(Words("Prompt templates: {} stands for the label", "heading"))
        self.column.addLayout(first)
        self.column.addWidget(self.title)
        for words, field in (
            ("Says it is there", self.templates),
            ("Says it is not there", self.negatives),
        ):
            self.column.addWidget(Words(words, "annotation"))
            self.column.addWidget(field)
        self.column.addLayout(last)

    def _connect(self) -> None:
        model = self._model
        self.sets.activated.connect(self._choose)
        self.new.clicked.connect(model.new)
        self.copy.clicked.connect(model.copy)
        self.delete.clicked.connect(model.delete)
        self.save.clicked.connect(model.save)
        self.title.textEdited.connect(lambda text: model.edit(title=text))
        self.templates.textChanged.connect(
            lambda: model.edit(templates=self.templates.toPlainText())
        )
        self.negatives.textChanged.connect(
            lambda: model.edit(negatives=self.negatives.toPlainText())
        )
        model.changed.connect(self._show)

    @Slot(int)
    def _choose(self, place: int) -> None:
        self._model.save()
        self._model.choose(self.sets.itemData(place))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save what is whole."""
        self._model.save()
        super().closeEvent(event)

    # From the model

    @Slot()
    def _show(self) -> None:
        model, draft = self._model, self._model.draft
        self._list()
        own = draft is not None and draft.own
        texts = (draft.title, draft.templates, draft.negatives) if draft else ("", "", "")
        self.title.setReadOnly(not own)
        if self.title.text() != texts[0]:
            self.title.setText(texts[0])
        for field, text in ((self.templates, texts[1]), (self.negatives, texts[2])):
            field.setReadOnly(not own)
            with QSignalBlocker(field):
                if field.toPlainText() != text:
                    field.setPlainText(text)
        self.copy.setEnabled(draft is not None and bool(draft.name) and not model.edited)
        self.delete.setEnabled(own)
        self.save.setEnabled(model.edited and draft is not None and not draft.problem)
        problem = draft.problem if draft is not None and own else ""
        self.note.setProperty("role", "warning" if problem else "annotation")
        self.note.style().unpolish(self.note)
        self.note.style().polish(self.note)
        self.note.setText(problem or self._words())

    def _words(self) -> str:
        model, draft = self._model, self._model.draft
        if draft is None:
            return "Choose a set, or begin a new one."
        if not draft.own:
            return f"Comes with the program; copy it to change it. {draft.note}"
        return "Not saved yet" if model.edited else "Saved"

    def _list(self) -> None:
        model, draft = self._model, self._model.draft
        with QSignalBlocker(self.sets):
            self.sets.clear()
            for name, each in model.sets.items():
                self.sets.addItem(f"{each.title}{' · own' if model.is_own(name) else ''}", name)
            title = draft.title if draft is not None else ""
            self.sets.setPlaceholderText(title or "Template sets")
            self.sets.setCurrentIndex(self.sets.findData(draft.name) if draft is not None else -1)


def _lines(name: str, parent: QWidget) -> QPlainTextEdit:
    field = QPlainTextEdit(parent)
    field.setAccessibleName(name)
    field.setTabChangesFocus(True)
    field.setFixedHeight(_TALL)
    return field
