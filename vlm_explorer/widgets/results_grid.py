"""The results: a grid of thumbnails with rank and cosine, as many as there are images."""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QDrag, QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QStackedLayout, QWidget

from vlm_explorer.viewmodels.results import IMAGE_ID, ResultsModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.actions import ActionRow, install
from vlm_explorer.widgets.controls import EmptyState
from vlm_explorer.widgets.image_menu import ImageMenu
from vlm_explorer.widgets.result_tile import CELL, THUMBNAIL, TileDelegate
from vlm_explorer.widgets.skeleton import Skeleton
from vlm_explorer.widgets.tag_actions import tag_rows
from vlm_explorer.widgets.theme import themes
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter
from vlm_explorer.widgets.tile_view import TileView

MOST_MARKED = 2_000  # of a larger selection the first in the grid: each takes the window time

Index = QModelIndex | QPersistentModelIndex


class _Tiles(TileView):
    """The list of tiles.

    Signals:
        grasped(): a mouse button goes down, before that selects anything.
        carried(): the tile under it is dragged away: it was no selecting.
    """

    grasped = Signal()
    carried = Signal()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell before anything changes."""
        self.grasped.emit()
        super().mousePressEvent(event)

    def startDrag(self, _actions: Qt.DropAction) -> None:
        """Drag the tile itself, as it is drawn."""
        index = self.currentIndex()
        drag = QDrag(self)
        drag.setMimeData(self.model().mimeData([index]))
        drag.setPixmap(self.viewport().grab(self.visualRect(index)))
        self.carried.emit()
        drag.exec(Qt.DropAction.CopyAction)


class ResultsGrid(QWidget):
    """The grid; its selection is the session's.

    Signals:
        opened(image_id): Enter or a double click on a tile.
        looked_at(image_id): Space on a tile.
        compare_wanted(image_id): a tile is wanted beside the open scan.
    """

    opened = Signal(str)
    looked_at = Signal(str)
    compare_wanted = Signal(str)

    def __init__(
        self, session: Session, painter: ThumbnailPainter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self.model = ResultsModel(session, self)
        self.view = _Tiles(CELL, self)
        self._before = session.selection
        self._following = False
        self._scrolled = 0
        self._answer: object = None
        self._set_up_view(painter)
        self._empty = EmptyState("", self)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(Skeleton(QSize(THUMBNAIL, THUMBNAIL), QSize(8, 28), parent=self))
        self.model.modelAboutToBeReset.connect(self._remember)
        self.model.arranged.connect(self._rearrange)
        self.model.scored.connect(self.view.viewport().update)
        session.selection_changed.connect(self._follow)
        session.opening_changed.connect(self._say_why_empty)
        install(self.actions_table(), self.view)
        themes.changed.connect(self.view.viewport().update)
        self._follow()

    def _set_up_view(self, painter: ThumbnailPainter) -> None:
        view = self.view
        view.setModel(self.model)
        view.setItemDelegate(TileDelegate(painter, view))
        view.setSelectionMode(TileView.SelectionMode.ExtendedSelection)
        view.setMouseTracking(True)
        view.setDragEnabled(True)
        view.grasped.connect(self._remember_selection)
        view.carried.connect(self._restore_selection)
        menu = ImageMenu(view, lambda index: self.model.image_id(index.row()))
        menu.open_wanted.connect(self._open_image)
        menu.compare_wanted.connect(self.compare_wanted)
        menu.like_wanted.connect(self._session.search_like)
        view.setAccessibleName("Results")
        view.selectionModel().selectionChanged.connect(self._select)
        view.doubleClicked.connect(self._open)
        painter.loaded.connect(view.viewport().update)

    def actions_table(self) -> list[ActionRow]:
        """Return the keys of the grid."""
        return [
            ActionRow("results.open", "Open in the viewer", "Return", self.open_current),
            ActionRow("results.look", "Quick look", "Space", self.look_at_current),
            ActionRow("results.like", "Find more like this", "Ctrl+M", self.search_like_current),
            *tag_rows(self._session, self, "results", "T"),
        ]

    def enter(self) -> None:
        """Put the focus on the first tile, and select it: the way in from the prompt."""
        if self.model.rowCount():
            self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.view.setCurrentIndex(self.model.index(0))

    def open_current(self) -> None:
        """Open the tile with the focus."""
        if image_id := self._current():
            self._session.select(self._session.selection.ids | {image_id}, image_id)
            self.opened.emit(image_id)

    def look_at_current(self) -> None:
        """Show the tile with the focus large, for a moment."""
        if image_id := self._current():
            self.looked_at.emit(image_id)

    def search_like_current(self) -> None:
        """Rank by likeness to the tile with the focus."""
        if image_id := self._current():
            self._session.search_like(image_id)

    def step(self, by: int) -> str | None:
        """Go `by` tiles on and return the image there; None at the end of the list."""
        row = self.view.currentIndex().row() + by
        if not 0 <= row < self.model.rowCount():
            return None
        self.view.setCurrentIndex(self.model.index(row))
        return self.model.image_id(row)

    def _current(self) -> str | None:
        index = self.view.currentIndex()
        return self.model.image_id(index.row()) if index.isValid() else None

    @Slot(QModelIndex)
    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(self.model.image_id(index.row()))

    @Slot(str)
    def _open_image(self, image_id: str) -> None:
        self._session.select([image_id], image_id)
        self.opened.emit(image_id)

    @Slot()
    def _say_why_empty(self) -> None:
        total = len(self._session.images)
        self._empty.setText("No image passes the filters." if total else "No images")
        loading = bool(self._session.opening) and not total
        self._stack.setCurrentIndex(0 if self.model.rowCount() else 2 if loading else 1)

    @Slot()
    def _remember_selection(self) -> None:
        self._before = self._session.selection

    @Slot()
    def _restore_selection(self) -> None:
        """Keep open what was open before the press that became a drag."""
        self._session.select(self._before.ids, self._before.current)

    @Slot()
    def _select(self) -> None:
        """Pass the grid's selection on to all other views."""
        if self._following:
            return
        chosen = [index.data(IMAGE_ID) for index in self.view.selectionModel().selectedIndexes()]
        current = self._current()
        held = QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton
        with self._session.history.step("" if held else "browse"):  # one goes on by keys
            self._session.select(chosen, current if current in chosen else None)

    @Slot()
    def _follow(self) -> None:
        """Show the session's selection, and bring the current image into sight."""
        self._say_why_empty()
        selection, chosen = self._session.selection, self.view.selectionModel()
        wanted = set(self.model.rows_of(self._session.selected)[:MOST_MARKED].tolist())
        self._following = True
        if wanted != {index.row() for index in chosen.selectedIndexes()}:
            marked = QItemSelection()
            for row in sorted(wanted):
                marked.append(QItemSelectionRange(self.model.index(row)))
            chosen.select(marked, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        row = self.model.row_of(selection.current)
        if row >= 0 and row != self.view.currentIndex().row():
            index = self.model.index(row)
            chosen.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.view.scrollTo(index)
        self._following = False

    @Slot()
    def _remember(self) -> None:
        self._scrolled = self.view.verticalScrollBar().value()

    @Slot()
    def _rearrange(self) -> None:
        """Begin at the top of another ranking; stay where one was in the same that grew."""
        answer = self._session.query.answer
        same = answer is self._answer
        self._answer = answer
        self._follow()
        if not same:
            self.view.scrollToTop()
        elif self.model.row_of(self._session.selection.current) < 0:
            self.view.doItemsLayout()
            self.view.verticalScrollBar().setValue(self._scrolled)
