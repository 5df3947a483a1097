"""The review: near-duplicates, outliers, captions that rank low; looked through one by one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QSize, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from vlm_explorer.viewmodels.review import Review, Stage
from vlm_explorer.viewmodels.review_checks import CAPTIONS, OUTLIERS, PAIRS, WORDS
from vlm_explorer.viewmodels.review_list import ReviewList
from vlm_explorer.viewmodels.review_marks import DROP, DROP_FIRST, KEEP, UNSURE, ReviewMarks
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.actions import ActionRow, install
from vlm_explorer.widgets.controls import EmptyState, IconButton, Line, Words
from vlm_explorer.widgets.review_choice import ReviewChoice
from vlm_explorer.widgets.review_states import ReviewFailed, ReviewWorking
from vlm_explorer.widgets.review_tile import CAPTIONED, PAIR, SINGLE, ReviewTile
from vlm_explorer.widgets.theme import themes
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter
from vlm_explorer.widgets.tile_view import TileView
from vlm_explorer.widgets.watching_page import WatchingPage

TILES: dict[str, QSize] = {PAIRS: PAIR, OUTLIERS: SINGLE, CAPTIONS: CAPTIONED}
LIST, EMPTY, WORKING, FAILED = range(4)


class ReviewPanel(WatchingPage):
    """The tab of the review. It looks through a collection only once it has been seen.

    Signals:
        opened(image_id): an image is to be seen in the viewer.
        pair_opened(left, right): two images are to be seen side by side.
    """

    opened = Signal(str)
    pair_opened = Signal(str, str)

    def __init__(
        self, session: Session, painter: ThumbnailPainter, parent: QWidget | None = None
    ) -> None:
        self.review = Review(session)
        super().__init__(self.review, parent)
        self.review.setParent(self)
        self._session = session
        self.marks = ReviewMarks(session, self)
        self.model = ReviewList(session, self.review, self.marks, self)
        self.choice = ReviewChoice(self.review, self)
        self.view = TileView(PAIR, self)
        self.sentence, self.progress = (
            Words("", "", parent=self),
            Words("", "secondary", parent=self),
        )
        self._opened: tuple[str, ...] = ()  # the finding that was opened last
        self._buttons: dict[str, IconButton] = {}
        self._set_up_view(painter)
        self._lay_out()
        install(self.actions_table(), self.view)
        for signal in (self.review.changed, self.model.arranged, self.model.marked):
            signal.connect(self._show)
        session.opening_changed.connect(self._show)
        self._show()

    def _set_up_view(self, painter: ThumbnailPainter) -> None:
        view = self.view
        view.setModel(self.model)
        view.setItemDelegate(ReviewTile(painter, view))
        view.setSelectionMode(TileView.SelectionMode.SingleSelection)
        view.setMouseTracking(True)
        view.setAccessibleName("What is to be reviewed")
        view.doubleClicked.connect(self._open)
        painter.loaded.connect(view.viewport().update)
        themes.changed.connect(view.viewport().update)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(12, 4, 8, 0)
        head.setSpacing(4)
        head.addWidget(self.sentence, 1)
        head.addWidget(self.progress)
        head.addSpacing(8)
        for name, icon_name, title, keys, slot in (
            ("keep", "ph.check", "Mark: keep", "K", self.keep),
            ("drop", "ph.trash", "Mark: drop, of a pair the right one", "D", self.drop),
            ("unsure", "ph.question", "Mark: not sure", "N", self.leave_open),
            ("undo", "ph.arrow-u-up-left", "Take the last mark back", "Backspace", self.undo),
            ("select", "ph.selection-all", "Select all listed", "Ctrl+A", self.select_listed),
            ("export", "ph.export", "Export the marks and files as CSV", "", self.choose_file),
        ):
            button = IconButton(icon_name, title, keys, parent=self)
            button.clicked.connect(slot)
            self._buttons[name] = button
            head.addWidget(button)
        self._empty = EmptyState("", self)
        self._working = ReviewWorking(self.review, self)
        self._failed = ReviewFailed(self.review, self)
        body = QWidget(self)
        self._stack = QStackedLayout(body)
        for state in (self.view, self._empty, self._working, self._failed):
            self._stack.addWidget(state)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addLayout(head)
        right.addWidget(body, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.choice)
        layout.addWidget(Line(vertical=True, parent=self))
        layout.addLayout(right, 1)

    def actions_table(self) -> list[ActionRow]:
        """Return the keys of the list."""
        return [
            ActionRow("review.open", "Open in the viewer, pairs side by side", "Return", self.open),
            ActionRow("review.keep", "Mark: keep", "K", self.keep),
            ActionRow("review.drop", "Mark: drop, of a pair the right one", "D", self.drop),
            ActionRow("review.drop-left", "Mark: drop the left one", "Shift+D", self.drop_left),
            ActionRow("review.unsure", "Mark: not sure", "N", self.leave_open),
            ActionRow("review.undo", "Take the last mark back", "Backspace", self.undo),
            ActionRow("review.select", "Select all listed", "Ctrl+A", self.select_listed),
        ]

    # What the user does

    @property
    def row(self) -> int:
        """The row of the current finding; -1 for none."""
        return self.view.currentIndex().row()

    @Slot()
    def open(self) -> None:
        """Show the current finding in the viewer; the focus stays here."""
        if self.row < 0:
            return
        ids = self._opened = self.model.image_ids(self.row)
        if len(ids) == 2:
            self.pair_opened.emit(*ids)
        else:
            self._session.select(ids, ids[0])
            self.opened.emit(ids[0])

    @Slot(QModelIndex)
    def _open(self, _index: QModelIndex) -> None:
        self.open()

    @Slot()
    def keep(self) -> None:
        """Say that it is right as it is."""
        self._mark(KEEP)

    @Slot()
    def drop(self) -> None:
        """Say that the image, or the right one of a pair, is to go."""
        self._mark(DROP)

    @Slot()
    def drop_left(self) -> None:
        """Say that the left one of a pair is to go."""
        self._mark(DROP_FIRST)

    @Slot()
    def leave_open(self) -> None:
        """Say that one is not sure."""
        self._mark(UNSURE)

    def _mark(self, verdict: str) -> None:
        """Mark the current finding, and go to the next that is not marked.

        Where it was open in the viewer, the next one is opened, too.
        """
        row = self.row
        if row < 0 or not self.marks.ready:
            return
        shown = self.model.image_ids(row) == self._opened
        self.model.mark(row, verdict)
        following = self.model.next_open(row)
        if following >= 0:
            self._go_to(following)
            if shown:
                self.open()

    @Slot()
    def undo(self) -> None:
        """Take the last mark back, and go to where it was."""
        finding = self.marks.undo()
        if finding is not None and (row := self.model.row_of(finding)) >= 0:
            self._go_to(row)

    def _go_to(self, row: int) -> None:
        self.view.setCurrentIndex(self.model.index(row))
        self.view.scrollTo(self.model.index(row))

    @Slot()
    def select_listed(self) -> None:
        """Select all listed images, on the map and everywhere."""
        self.model.select_listed()

    @Slot()
    def choose_file(self) -> None:
        """Ask where to write the marks, and write them."""
        chosen, _ = QFileDialog.getSaveFileName(
            self, "Export the marks", "review.csv", "CSV (*.csv)"
        )
        if chosen:
            self.model.export(Path(chosen))

    # What is shown

    @Slot()
    def _show(self) -> None:
        review, count = self.review, self.model.rowCount()
        self.view.set_tile(TILES[review.check])
        listed = review.stage is Stage.READY and count > 0
        pages = {Stage.WORKING: WORKING, Stage.FAILED: FAILED}
        self._empty.setText(self._why_empty())
        self._stack.setCurrentIndex(LIST if listed else pages.get(review.stage, EMPTY))
        self.sentence.setText(self.model.sentence)
        notes = review.findings.notes if review.findings is not None else ()
        self.sentence.setToolTip("\n".join((WORDS[review.check].note, *notes)))
        reviewed = f"{self.model.reviewed:,} of {count:,} reviewed" if listed else ""
        self.progress.setText(reviewed)
        for name, button in self._buttons.items():
            button.setEnabled(listed)
            if name == "undo":
                button.setEnabled(self.marks.can_undo)
            elif name == "export":
                button.setEnabled(bool(self.marks.all()))
        if listed and not self.view.selectionModel().hasSelection():
            self._go_to(max(self.row, 0))  # with the focus, the view makes a row current only

    def _why_empty(self) -> str:
        """Say why nothing is listed, and what to do."""
        review, found = self.review, self.review.findings
        if not len(self._session.images):
            return "No images"
        if found is None:
            return "The images are compared when all of them are there."
        if not len(found.values):
            return WORDS[review.check].none
        if self.model.filtered:
            return "What reaches the limit is hidden by a filter."
        return f"No {WORDS[review.check].many} reach this limit. Move it to the left to see more."
