"""The panel of the texts that describe the scan in the viewer; a click searches for one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from vlm_explorer.viewmodels.scan_texts import ScanTexts
from vlm_explorer.widgets.controls import Words, text_button
from vlm_explorer.widgets.flyout import Flyout
from vlm_explorer.widgets.map_word_wishes import elided
from vlm_explorer.widgets.menus import literal
from vlm_explorer.widgets.name_form import clear_rows

_WIDTH = 560  # px
_TEXT, _TITLE = 52, 20  # characters
_ACROSS = 3  # sources beside each other


class ScanTextsPanel(Flyout):
    """Text, kind, cosine and z, the nearest first."""

    def __init__(self, owner: QWidget, texts: ScanTexts) -> None:
        super().__init__(owner, _WIDTH)
        self._texts = texts
        texts.setParent(self)
        self.column.addWidget(Words("Texts that describe this scan", "heading", parent=self))
        self.sources: dict[str, QCheckBox] = {}
        self.column.addLayout(self._offered())
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        self.column.addLayout(self._rows)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.words.setProperty("role", "annotation")
        self.column.addWidget(self.words)
        texts.changed.connect(self._show)
        texts.ask()

    def _offered(self) -> QGridLayout:
        """Return the sources, each to be chosen."""
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        for place, source in enumerate(self._texts.sources):
            title = literal(elided(source.title, _TITLE))
            box = self.sources[source.key] = QCheckBox(f"{title} ({source.count:,})", self)
            box.setToolTip(f"Compare the texts of {source.title} with the scan")
            box.setChecked(source.chosen)
            box.setEnabled(source.count > 0)
            box.toggled.connect(lambda on, key=source.key: self._texts.choose(key, on))
            grid.addWidget(box, *divmod(place, _ACROSS))
        return grid

    @Slot()
    def _show(self) -> None:
        self.words.setText(self._texts.words)
        clear_rows(self._rows)
        for text, note in self._texts.rows:
            self._rows.addWidget(self._row(text, note))

    def _row(self, text: str, said: str) -> QWidget:
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        button = text_button(literal(elided(text, _TEXT)), "link", row)
        button.setToolTip(f"Search for “{text}”")
        button.setAccessibleName(f"{text}, {said}")
        button.clicked.connect(lambda: self._search(text))
        line.addWidget(button)
        note = Words(said, "annotation", parent=row)
        note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(note, 1)
        return row

    def _search(self, text: str) -> None:
        self._texts.search(text)
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Want no answer any more."""
        self._texts.leave()
        super().closeEvent(event)
