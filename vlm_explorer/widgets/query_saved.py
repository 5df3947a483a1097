"""The panel of saved queries: name what is searched for, search again, forget."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from vlm_explorer.errors import UsageError
from vlm_explorer.viewmodels.query_terms import QueryTerms
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.controls import IconButton, Words, text_button
from vlm_explorer.widgets.flyout import Flyout
from vlm_explorer.widgets.menus import literal

_WIDTH = 340  # px
_MOST = 8  # rows; of more the newest


class SavedQueries(Flyout):
    """Queries that the user saved with the collection, by name."""

    def __init__(self, owner: QWidget, session: Session, terms: QueryTerms) -> None:
        super().__init__(owner, _WIDTH)
        self._session, self._terms = session, terms
        self.column.addWidget(Words("Saved queries", "heading", parent=self))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(2)
        self.column.addLayout(self._rows)
        self.field = QLineEdit(self)
        self.field.setAccessibleName("Name to save this query under")
        self.save = text_button("Save", parent=self)
        self.save.setToolTip("Keep this query with the collection, under this name (Enter)")
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.field, 1)
        line.addWidget(self.save)
        self.column.addLayout(line)
        self.problem = QLabel(self)
        self.problem.setWordWrap(True)
        self.problem.setProperty("role", "annotation-warning")
        self.problem.hide()
        self.column.addWidget(self.problem)
        self.field.returnPressed.connect(self._save)
        self.save.clicked.connect(self._save)
        self._show()

    def first_focus(self) -> QWidget:
        """Return the field, where there is something to save."""
        return self.field if self.field.isEnabled() else self

    @Slot()
    def _save(self) -> None:
        self.problem.hide()
        try:
            self._terms.save(self.field.text() or self.field.placeholderText())
        except UsageError as error:
            self.problem.setText(f"{error.text} {error.hint}")
            self.problem.show()
            return
        self.field.clear()
        self._show()

    def _show(self) -> None:
        """List them anew."""
        while (item := self._rows.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        names = list(self._terms.saved)
        for name in names[-_MOST:]:
            self._rows.addWidget(self._row(name))
        if not names:
            self._rows.addWidget(Words("None yet. Only what you save is kept.", "annotation"))
        query = self._session.query
        for part in (self.field, self.save):
            part.setEnabled(query.active)
        self.field.setPlaceholderText(query.words[:60] if query.active else "Nothing to save")

    def _row(self, name: str) -> QWidget:
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        button = text_button(literal(name), "link", row)
        button.setToolTip(f"Search for “{name}”")
        button.clicked.connect(lambda: self._recall(name))
        line.addWidget(button)
        line.addStretch(1)
        remove = IconButton("ph.trash", f"Forget “{name}”", parent=row)
        remove.clicked.connect(lambda: self._forget(name))
        line.addWidget(remove)
        return row

    def _recall(self, name: str) -> None:
        self._terms.recall(name)
        self.close()

    def _forget(self, name: str) -> None:
        self._terms.forget(name)
        self._show()
