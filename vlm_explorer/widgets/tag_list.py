"""The list of tags, and the note about an image: small panels over the pane that they belong to."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QRectF, Qt, Slot
from PySide6.QtGui import QCloseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QLineEdit, QPlainTextEdit, QWidget

from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.tags import NUMBERS
from vlm_explorer.widgets.controls import Words
from vlm_explorer.widgets.flyout import Flyout
from vlm_explorer.widgets.theme import theme

_WIDTH, _DOT = 300, 10  # px


class _Dot(QWidget):
    """The colour of a tag."""

    def __init__(self, number: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._number = number
        self.setFixedSize(_DOT + 2, _DOT + 2)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw a disc, as on the tiles."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().category(self._number - 1))
        painter.drawEllipse(QRectF(1, 1, _DOT, _DOT))
        painter.end()


class TagList(Flyout):
    """Nine tags: whether the chosen images have them, their names, how many images have them."""

    def __init__(self, session: Session, owner: QWidget) -> None:
        super().__init__(owner, _WIDTH)
        self._session = session
        count = len(session.tags.chosen)
        images = f"{count:,} image{'' if count == 1 else 's'}" if count else "No image chosen"
        self.column.addWidget(Words(f"Tags · {images}", "secondary", parent=self))
        self.boxes: dict[int, QCheckBox] = {}
        self.names: dict[int, QLineEdit] = {}
        self.counts: dict[int, QLabel] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(2, 1)
        for number in NUMBERS:
            self._add_row(grid, number)
        self.column.addLayout(grid)
        self.column.addWidget(
            Words("In grid, map and quick look the digits set them", "annotation", parent=self)
        )
        session.tags.changed.connect(self._show)
        self._show()

    def _add_row(self, grid: QGridLayout, number: int) -> None:
        box = self.boxes[number] = QCheckBox(str(number), self)
        box.setEnabled(bool(self._session.tags.chosen))
        box.clicked.connect(partial(self._toggle, number))
        name = self.names[number] = QLineEdit(self)
        name.setPlaceholderText(f"Tag {number}")
        name.setAccessibleName(f"Name of tag {number}")
        name.editingFinished.connect(partial(self._rename, number))
        count = self.counts[number] = QLabel(self)
        count.setProperty("role", "annotation")
        count.setToolTip("How many images have the tag")
        for place, widget in enumerate((box, _Dot(number, self), name, count)):
            grid.addWidget(widget, number, place)

    def first_focus(self) -> QWidget:
        """The first tag has the focus."""
        return self.boxes[1]

    def _toggle(self, number: int) -> None:
        self._session.tags.toggle(number)

    def _rename(self, number: int) -> None:
        self._session.tags.rename(number, self.names[number].text())

    @Slot()
    def _show(self) -> None:
        tags = self._session.tags
        for number in NUMBERS:
            self.boxes[number].setChecked(tags.has(number, tags.chosen))
            self.boxes[number].setAccessibleName(tags.state.name(number))
            if not self.names[number].hasFocus():
                self.names[number].setText(tags.state.names.get(number, ""))
            count = len(tags.state.images.get(number, ()))
            self.counts[number].setText(f"{count:,}" if count else "")


class NoteEditor(Flyout):
    """What the user notes about one image; it is kept when the panel goes."""

    def __init__(self, session: Session, image_id: str, owner: QWidget) -> None:
        super().__init__(owner, _WIDTH)
        self._session, self._image_id = session, image_id
        self.text = QPlainTextEdit(self)
        self.text.setPlainText(session.tags.state.notes.get(image_id, ""))
        self.text.setAccessibleName("Note about the image")
        self.text.setPlaceholderText("A note about this image")
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(96)
        hint = QLabel(
            "Kept with the collection. It goes out only with an export that asks for notes.", self
        )
        hint.setProperty("role", "annotation")
        hint.setWordWrap(True)
        self.column.addWidget(Words("Note · Esc to keep and close", "secondary", parent=self))
        self.column.addWidget(self.text)
        self.column.addWidget(hint)

    def first_focus(self) -> QWidget:
        """The text has the focus."""
        return self.text

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep what is written."""
        self._session.tags.note(self._image_id, self.text.toPlainText())
        super().closeEvent(event)
