"""A tab of pages, one of which is to be seen; a quiet row of buttons chooses it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.session import Session


class PagesPanel(QWidget):
    """Pages that belong together; those that are not seen are hidden.

    Signals:
        page_changed(title): another page is to be seen.
    """

    page_changed = Signal(str)

    def __init__(
        self, session: Session, order: Sequence[str], kept: str, parent: QWidget | None = None
    ) -> None:
        """Begin without pages.

        Args:
            order: the titles of all pages that may be added, in their order.
            kept: under which name the collection keeps the page at which it was left.
        """
        super().__init__(parent)
        self._session, self._order, self._kept = session, tuple(order), kept
        self._buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        self._stack = QStackedWidget(self)
        self._choices = QHBoxLayout()
        self._choices.setContentsMargins(12, 6, 12, 2)
        self._choices.setSpacing(4)
        self._choices.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._choices)
        column.addWidget(self._stack, 1)
        session.opened.connect(self._restore)

    def add_page(self, title: str, page: QWidget, *, tip: str) -> None:
        """Add a page, at its place in the order; the first one is to be seen at first.

        Args:
            title: one of the order.
            page: it is hidden while another page or tab is seen, and computes nothing then.
            tip: what the page is for, in a line.
        """
        button = QPushButton(title, self)
        button.setCheckable(True)
        button.setProperty("chip", True)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setToolTip(f"{tip} (arrow keys)")
        button.setAccessibleDescription(tip)
        place = sum(self._order.index(other) < self._order.index(title) for other in self._buttons)
        self._buttons[title] = button
        self._group.addButton(button)
        self._choices.insertWidget(place, button)
        self._stack.insertWidget(place, page)
        page.setAccessibleName(title)
        button.toggled.connect(lambda on: self._take(title, page) if on else None)
        self.show_page(self.titles[0])

    @property
    def titles(self) -> tuple[str, ...]:
        """The titles of the pages, in their order."""
        return tuple(title for title in self._order if title in self._buttons)

    def show_page(self, title: str) -> None:
        """Bring a page to the front; a title that is not there changes nothing."""
        if (button := self._buttons.get(title)) is not None:
            button.setChecked(True)

    def _take(self, title: str, page: QWidget) -> None:
        self._stack.setCurrentWidget(page)
        self._session.kept.put(self._kept, title)
        self.page_changed.emit(title)

    @Slot()
    def _restore(self) -> None:
        """Show the page at which the collection was left."""
        self.show_page(self._session.kept.get(self._kept, str, ""))
