"""The panel of the map's trust: figures, what they are, and cosines between groups."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.map_trust import DISTANCES, KEPT
from vlm_explorer.widgets.controls import ChoiceBox, Line, Words, text_button
from vlm_explorer.widgets.flyout import Flyout

_WIDTH = 420  # px
_MOST_GROUPS = 6  # rows of cosines: the most alike


class TrustPanel(Flyout):
    """Follows the figures while it is open."""

    def __init__(self, owner: QWidget, model: MapModel) -> None:
        super().__init__(owner, _WIDTH)
        self._model = model
        self._heading = Words("How far to trust this map", "heading", parent=self)
        self.sentence = self._words()
        self._figures = QWidget(self)
        self._grid = QGridLayout(self._figures)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self.explanation = self._words()
        self.colour = text_button("Colour by neighbours kept", parent=self)
        self.colour.setToolTip("Show where on the map neighbours were torn apart")
        self.colour.clicked.connect(self._colour)
        self.distances = self._words(DISTANCES)
        self.group = ChoiceBox(self)
        self.group.setAccessibleName("Group to compare with the others")
        self.cosines = QVBoxLayout()
        self.cosines.setSpacing(2)
        button = QHBoxLayout()
        button.addWidget(self.colour)
        button.addStretch(1)
        for part in (self._heading, self.sentence, self._figures, self.explanation):
            self.column.addWidget(part)
        self.column.addLayout(button)
        self.column.addWidget(Line(parent=self))
        self.column.addWidget(self.distances)
        self.column.addWidget(self.group)
        self.column.addLayout(self.cosines)
        self.group.activated.connect(self._list)
        model.trust.changed.connect(self._show)
        self._show()

    def _words(self, text: str = "") -> QLabel:
        label = QLabel(text, self)
        label.setWordWrap(True)
        label.setProperty("role", "annotation")
        return label

    def first_focus(self) -> QWidget:
        """What can be done about it."""
        return self.colour if self.colour.isEnabled() else self.group

    @Slot()
    def _colour(self) -> None:
        self._model.set_colour_by(KEPT)
        self.close()

    @Slot()
    def _show(self) -> None:
        trust = self._model.trust
        trust.compare_groups()
        self.sentence.setText(trust.sentence)
        self.sentence.setVisible(bool(trust.sentence))
        self._fill()
        self.explanation.setText(trust.explanation)
        self.explanation.setVisible(bool(trust.explanation))
        self.colour.setEnabled(KEPT in self._model.session.columns.names())
        chosen = max(self.group.currentIndex(), 0)
        self.group.clear()
        self.group.addItems(list(trust.groups))
        self.group.setCurrentIndex(min(chosen, self.group.count() - 1))
        self.group.setVisible(self.group.count() > 1)
        self._list()

    def _fill(self) -> None:
        """Fill the table of figures."""
        _clear(self._grid)
        trust = self._model.trust
        if len(trust.parts) > 1:
            for place, part in enumerate(trust.parts):
                self._grid.addWidget(_right(part, "annotation"), 0, place + 1)
        for number, row in enumerate(trust.rows):
            line = 2 * number + 1
            self._grid.addWidget(Words(row.title), line, 0)
            for place, value in enumerate(row.values):
                self._grid.addWidget(_right(value), line, place + 1)
            note = self._words(row.meaning)
            self._grid.addWidget(note, line + 1, 0, 1, 1 + len(row.values))
        self._grid.setColumnStretch(0, 1)
        self._figures.setVisible(bool(trust.rows))

    @Slot()
    def _list(self) -> None:
        """List the groups most alike to the chosen one."""
        _clear(self.cosines)
        trust = self._model.trust
        alike = trust.alike(self.group.currentIndex())
        shown = alike[:_MOST_GROUPS]
        for name, cosine in shown:
            row = QWidget(self)
            line = QHBoxLayout(row)
            line.setContentsMargins(0, 0, 0, 0)
            line.addWidget(Words(name), 1)
            line.addWidget(_right(cosine))
            row.setAccessibleName(f"{name}, cosine {cosine}")
            self.cosines.addWidget(row)
        if len(alike) > len(shown):
            name, cosine = alike[-1]
            rest = f"{len(alike) - len(shown)} more, down to {cosine} for {name}"
            self.cosines.addWidget(Words(rest, "annotation"))
        if not alike:
            nothing = "No groups were found on this map." if not trust.groups else "Comparing…"
            alone = "There is only one group on this map."
            self.cosines.addWidget(
                Words(alone if len(trust.groups) == 1 else nothing, "annotation")
            )


def _right(text: str, role: str = "") -> Words:
    words = Words(text, role)
    words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    words.setMinimumWidth(words.sizeHint().width())
    return words


def _clear(layout: QGridLayout | QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        if (old := item.widget()) is not None:
            old.hide()
            old.deleteLater()
