"""The welcome page: what one can open, and which encoders are on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.encoder_list import EncoderRow, encoder_rows
from vlm_explorer.viewmodels.recent import RecentPlaces
from vlm_explorer.widgets.controls import GlyphLabel, Words, text_button
from vlm_explorer.widgets.theme import TITLE, font, icon, themes

WIDTH = 720
MOST_RECENT = 5
HIDDEN = "The folder's name is hidden: it may name a patient. View > Show patient details shows it."


class PlaceRow(QPushButton):
    """A place in the recent list: its name, and where it lies unless that may name a patient."""

    def __init__(self, place: Path, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.place = place
        hidden = name != str(place)
        title = name if hidden else place.name or name
        self.setProperty("row", True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"Open {title}")
        self.setToolTip(HIDDEN if hidden else name)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setSpacing(12)
        layout.addWidget(GlyphLabel("ph.folder-simple", size=20, parent=self))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Words(title, parent=self))
        middle = Qt.TextElideMode.ElideMiddle
        where = "DICOM files" if hidden else str(place.parent)
        words.addWidget(Words(where, "annotation", middle, parent=self))
        layout.addLayout(words, 1)


class EncoderLine(QWidget):
    """An encoder: its name, what it knows, and whether it is on this machine."""

    def __init__(self, row: EncoderRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(44)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setSpacing(12)
        glyph, role = ("ph.check-circle", "accent") if row.installed else ("ph.circle-dashed", "")
        layout.addWidget(GlyphLabel(glyph, role or "disabled", 20, self))
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Words(row.name, "" if row.installed else "secondary", parent=self))
        detail = row.detail if row.installed else f"Not on this machine · {row.detail}"
        words.addWidget(Words(detail, "annotation", parent=self))
        layout.addLayout(words, 1)


class Welcome(QWidget):
    """What the window shows while nothing is open.

    Signals:
        demo_wanted(), folder_wanted(), place_wanted(path), models_wanted(): what was chosen.
    """

    demo_wanted = Signal()
    folder_wanted = Signal()
    place_wanted = Signal(object)
    models_wanted = Signal()

    def __init__(self, recent: RecentPlaces, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._recent = recent
        self.setProperty("ground", "window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.demo = text_button(" Try the demo", "primary", self)
        self.folder = text_button(" Open a folder", parent=self)
        self.get = text_button("Get, import and remove encoders", "link", self)
        self._places = QVBoxLayout()
        self._lines = QVBoxLayout()
        self._listed: tuple[EncoderRow, ...] = ()
        self._offers: list[QWidget] = []
        self._lay_out()
        self.demo.clicked.connect(self.demo_wanted)
        self.folder.clicked.connect(self.folder_wanted)
        self.get.clicked.connect(self.models_wanted)
        recent.changed.connect(self.refresh)
        themes.changed.connect(self._tint)
        self._tint()
        self.refresh()

    def _lay_out(self) -> None:
        page = QWidget(self)
        page.setFixedWidth(WIDTH)
        column = QVBoxLayout(page)
        column.setSpacing(0)
        column.addLayout(self._head())
        column.addSpacing(32)
        self._offers.append(_placeholder(page))
        lists = QGridLayout(self._offers[-1])
        lists.setContentsMargins(0, 0, 0, 0)
        lists.setHorizontalSpacing(48)
        lists.setVerticalSpacing(8)
        lists.setColumnStretch(0, 1)
        lists.setColumnStretch(1, 1)
        lists.addWidget(Words("Recent", "heading", parent=page), 0, 0)
        lists.addWidget(Words("Encoders", "heading", parent=page), 0, 1)
        lists.addLayout(self._places, 1, 0)
        lists.addLayout(self._encoders(page), 1, 1)
        column.addWidget(self._offers[-1])
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        outer.addWidget(page, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(3)

    def _head(self) -> QVBoxLayout:
        title = QLabel("VLM Explorer", self)
        title.setFont(font(2 * TITLE - 4, QFont.Weight.DemiBold))
        title.setProperty("role", "display")
        text = "Explore medical images and words in one embedding space."
        self._offers.append(_placeholder(self))
        buttons = QHBoxLayout(self._offers[-1])
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(8)
        for button in (self.demo, self.folder):
            button.setProperty("large", True)
            button.setIconSize(QSize(16, 16))
            buttons.addWidget(button)
        buttons.addSpacing(8)
        buttons.addWidget(Words("or drop a folder anywhere in this window", "secondary"))
        buttons.addStretch(1)
        head = QVBoxLayout()
        head.setSpacing(0)
        head.addWidget(title)
        head.addSpacing(4)
        head.addWidget(Words(text, "secondary", parent=self))
        head.addSpacing(24)
        head.addWidget(self._offers[-1])
        return head

    def _encoders(self, page: QWidget) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(0)
        self._lines.setSpacing(0)
        column.addLayout(self._lines)
        self.list_encoders(encoder_rows())
        foot = QHBoxLayout()
        foot.setContentsMargins(4, 4, 0, 0)
        foot.addWidget(self.get)
        foot.addStretch(1)
        column.addLayout(foot)
        column.addStretch(1)
        return column

    def offer(self, offering: bool = True) -> None:
        """Show what can be opened; or the name alone, while something is about to be opened."""
        for part in self._offers:
            part.setVisible(offering)

    @Slot()
    def _tint(self) -> None:
        self.demo.setIcon(icon("ph.sparkle", "on_accent"))
        self.folder.setIcon(icon("ph.folder-open", "text"))

    def list_encoders(self, rows: Sequence[EncoderRow]) -> None:
        """List the first of the encoders, those on this machine before others."""
        if tuple(rows[:MOST_RECENT]) == self._listed:
            return
        self._listed = tuple(rows[:MOST_RECENT])
        _empty(self._lines)
        for row in self._listed:
            self._lines.addWidget(EncoderLine(row, self))

    @Slot()
    def refresh(self) -> None:
        """List what was opened last."""
        _empty(self._places)
        self._places.setSpacing(0)
        places = self._recent.places[:MOST_RECENT]
        for place in places:
            row = PlaceRow(place, self._recent.name(place), self)
            row.clicked.connect(self._open_place)
            self._places.addWidget(row)
        if not places:
            self._places.addWidget(Words("Nothing was opened yet", "secondary", parent=self))
        self._places.addStretch(1)

    @Slot()
    def _open_place(self) -> None:
        row = self.sender()
        assert isinstance(row, PlaceRow)
        self.place_wanted.emit(row.place)


def _placeholder(parent: QWidget) -> QWidget:
    """Return a part of the page that keeps its place while it is hidden."""
    part = QWidget(parent)
    policy = part.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    part.setSizePolicy(policy)
    return part


def _empty(column: QVBoxLayout) -> None:
    while (item := column.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
