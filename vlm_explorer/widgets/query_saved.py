"""The panel of queries that come back whole: saved by name, or asked before."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vlm_explorer.errors import UsageError
from vlm_explorer.viewmodels.query_shelf import QueryShelf, WholeQuery
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.controls import IconButton, Words, text_button
from vlm_explorer.widgets.flyout import Flyout
from vlm_explorer.widgets.map_word_wishes import elided
from vlm_explorer.widgets.menus import literal
from vlm_explorer.widgets.name_form import NameForm, clear_rows, row_line

_WIDTH = 540  # px
_MOST = 8  # rows of each kind; of more the newest
_TEXT = 34  # characters


class SavedQueries(Flyout):
    """Queries that the user saved with the collection, by name, and those asked last."""

    def __init__(self, owner: QWidget, session: Session, shelf: QueryShelf) -> None:
        super().__init__(owner, _WIDTH)
        self._session, self._shelf = session, shelf
        self.saved, self.asked = QVBoxLayout(), QVBoxLayout()
        self.form = NameForm("Save", "Name to save this query under", self)
        self.field, self.save, self.problem = self.form.field, self.form.button, self.form.problem
        self.save.setToolTip("Keep this query with the collection, under this name (Enter)")
        for title, rows in (("Saved queries", self.saved), ("Asked before", self.asked)):
            self.column.addWidget(Words(title, "heading", parent=self))
            rows.setSpacing(2)
            self.column.addLayout(rows)
            if rows is self.saved:
                self.column.addWidget(self.form)
        self.form.named.connect(self._save)
        shelf.changed.connect(self._show)
        self._show()

    def first_focus(self) -> QWidget:
        """Return the field, where there is something to save."""
        return self.field if self.field.isEnabled() else self

    @Slot(str)
    def _save(self, name: str) -> None:
        try:
            left = self._shelf.save(name)
        except UsageError as error:
            self.form.say(f"{error.text} {error.hint}")
            return
        self.field.clear()
        self.form.say(left)

    @Slot()
    def _show(self) -> None:
        """List them anew."""
        saved, asked = list(self._shelf.saved.items()), self._shelf.asked[::-1]
        clear_rows(self.saved)
        for name, whole in saved[-_MOST:]:
            remove = IconButton("ph.trash", f"Forget “{name}”", parent=self)
            remove.clicked.connect(lambda _checked=False, name=name: self._shelf.forget(name))
            self.saved.addWidget(self._row(name, whole, remove))
        if not saved:
            self.saved.addWidget(Words("None yet. Only what you save is kept.", "annotation"))
        clear_rows(self.asked)
        for whole in asked[:_MOST]:
            self.asked.addWidget(self._row(self._called(whole), whole))
        if not asked:
            self.asked.addWidget(Words("Nothing yet.", "annotation"))
        elif len(asked) > _MOST:
            self.asked.addWidget(Words(f"{_MOST} of {len(asked)} shown", "annotation"))
        query = self._session.query
        words = query.words or "more like this"
        self.form.offer(words[:60] if query.active else "Nothing to save", possible=query.active)

    def _called(self, whole: WholeQuery) -> str:
        query = whole.query
        return query.text if query.text and not query.terms else query.words or "More like an image"

    def _row(self, name: str, whole: WholeQuery, *more: QWidget) -> QWidget:
        row = QWidget(self)
        line = row_line(row)
        button = text_button(literal(elided(name, _TEXT)), "link", row)
        how = whole.how or "by cosine, without filters"
        button.setToolTip(f"Search for “{name}” as it was: {how}")
        button.setAccessibleName(", ".join(part for part in (name, whole.how) if part))
        button.clicked.connect(self._bring(whole))
        line.addWidget(button)
        note = Words(whole.how, "annotation", parent=row)
        note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(note, 1)
        for each in more:
            line.addWidget(each)
        return row

    def _bring(self, whole: WholeQuery) -> Callable[[], None]:
        def bring() -> None:
            self._shelf.bring_back(whole)
            self.close()

        return bring
