"""The library: a filter, and the tree of patients, studies and series with thumbnails."""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QStackedLayout,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.library import COVER, IMAGE_IDS, KEY, LibraryModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.controls import EmptyState, Words
from vlm_explorer.widgets.image_menu import ImageMenu
from vlm_explorer.widgets.library_delegate import THUMBNAIL, LibraryDelegate
from vlm_explorer.widgets.skeleton import Skeleton
from vlm_explorer.widgets.theme import icon, themes
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter
from vlm_explorer.widgets.window_undo import WindowUndo

INDENTATION = 12
PAUSE = 120  # ms without a key before the filter is applied
UNFOLDED = 60  # with more series than these the tree begins folded
FOUND = 300  # with more series than these what was found is not unfolded


class Library(QWidget):
    """The pane on the left; selecting a branch selects its images.

    Signals:
        compare_wanted(image_id): a series is wanted beside the open scan.
    """

    compare_wanted = Signal(str)

    def __init__(
        self, session: Session, painter: ThumbnailPainter, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self.model = LibraryModel(session, self)
        self.setProperty("pane", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(160)
        self.filter = QLineEdit(self)
        self.tree = QTreeView(self)
        self.count = Words("", "annotation", parent=self)
        self._following = False
        self._restored = False  # what a tree that is being made does is not the user's doing
        self._scrolled = 0
        self._open_keys: set[str] = set()
        self._set_up_filter()
        self._set_up_tree(painter)
        self._lay_out()
        session.shown_changed.connect(self._count)
        session.filters_changed.connect(self._show_filter)
        session.opening_changed.connect(self._count)
        session.collection_changed.connect(self._greet)
        session.opened.connect(self._restore)
        session.selection_changed.connect(self._follow)
        self.model.modelAboutToBeReset.connect(self._remember)
        self.model.modelReset.connect(self._unfold)
        self._greet()

    def _set_up_filter(self) -> None:
        self.filter.setPlaceholderText("Filter")
        self.filter.setAccessibleName("Filter by modality, label, caption or series")
        self.filter.setToolTip(
            "Shows images with every word in modality, label, caption or series; "
            "-word leaves images out (Ctrl+F)"
        )
        self.filter.setClearButtonEnabled(True)
        WindowUndo(self.filter)
        self._glass = QAction(self)
        self.filter.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self._apply_filter)
        self.filter.textChanged.connect(self._pause.start)
        self.filter.returnPressed.connect(self._apply_filter)
        themes.changed.connect(self._tint)
        self._tint()

    def _set_up_tree(self, painter: ThumbnailPainter) -> None:
        self.tree.setModel(self.model)
        self.tree.setItemDelegate(LibraryDelegate(painter, self.tree))
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(INDENTATION)
        self.tree.setUniformRowHeights(False)
        self.tree.setExpandsOnDoubleClick(True)
        self.tree.setSelectionMode(QTreeView.SelectionMode.ExtendedSelection)
        self.tree.setVerticalScrollMode(QTreeView.ScrollMode.ScrollPerPixel)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setAccessibleName("Patients, studies and series")
        self.tree.setMouseTracking(True)
        self.tree.entered.connect(self.model.read_patient)
        self.tree.selectionModel().selectionChanged.connect(self._select)
        menu = ImageMenu(self.tree, lambda index: index.data(COVER))
        menu.open_wanted.connect(self._open)
        menu.compare_wanted.connect(self.compare_wanted)
        menu.like_wanted.connect(self._session.search_like)
        self.tree.expanded.connect(self._note_open)
        self.tree.collapsed.connect(self._note_folded)
        self.tree.verticalScrollBar().valueChanged.connect(self._keep)
        self.tree.verticalScrollBar().valueChanged.connect(self._show_more)
        painter.loaded.connect(self.tree.viewport().update)

    def _lay_out(self) -> None:
        self._empty = EmptyState("No images", self)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.tree)
        self._stack.addWidget(self._empty)
        block = QSize(THUMBNAIL, THUMBNAIL)
        self._stack.addWidget(Skeleton(block, QSize(8, 8), words=True, parent=self))
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 4, 8, 4)
        foot.addWidget(self.count)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(4)
        head = QHBoxLayout()
        head.setContentsMargins(8, 0, 8, 0)
        head.addWidget(self.filter)
        layout.addLayout(head)
        layout.addLayout(self._stack, 1)
        layout.addLayout(foot)

    def focus_filter(self) -> None:
        """Put the cursor into the filter."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def clear_filter(self) -> None:
        """Show everything again."""
        self.filter.clear()
        self._apply_filter()

    @Slot()
    def _tint(self) -> None:
        self._glass.setIcon(icon("ph.funnel", "secondary"))
        self.tree.viewport().update()

    @Slot()
    def _apply_filter(self) -> None:
        self._pause.stop()
        self.model.set_filter(self.filter.text())

    @Slot()
    def _show_filter(self) -> None:
        """Take over a filter that was set, or removed, elsewhere."""
        if self.filter.text() != self.model.filter_text:
            self.filter.setText(self.model.filter_text)
            self._pause.stop()

    @Slot()
    def _greet(self) -> None:
        """Take another collection."""
        if not len(self._session.images):
            self._restored = False
        self._count()

    @Slot(QModelIndex)
    def _note_open(self, index: QModelIndex) -> None:
        self._open_keys.add(index.data(KEY))
        self._keep()

    @Slot(QModelIndex)
    def _note_folded(self, index: QModelIndex) -> None:
        self._open_keys.discard(index.data(KEY))
        self._keep()

    @Slot()
    def _keep(self) -> None:
        """Note which branches are open and where the tree stands, for the next time."""
        if self._following or not self._restored:
            return
        kept = {"open": sorted(self._open_keys), "at": self.tree.verticalScrollBar().value()}
        self._session.kept.put("library", kept)

    @Slot()
    def _restore(self) -> None:
        """Fold and scroll as when the collection was left."""
        match self._session.kept.get("library", dict):
            case {"open": list(opened), "at": int(scrolled)}:
                self.tree.collapseAll()
                self._open_keys = {str(key) for key in opened}
                self._open_branches()
                self.tree.doItemsLayout()
                self.tree.verticalScrollBar().setValue(scrolled)
        self._restored = True

    def _open_branches(self) -> None:
        for key in sorted(self._open_keys):
            index = self.model.index_of_branch(key)
            if index.isValid():
                self.tree.expand(index)

    @Slot()
    def _count(self) -> None:
        total = len(self._session.images)
        shown = int(self._session.shown.sum())
        patients = self._session.images.patients
        whole = f"{total:,} images, {patients:,} patients" if patients > 1 else f"{total:,} images"
        self.count.setText(whole if shown == total else f"{shown:,} of {total:,} shown")
        self.count.setVisible(total > 0)
        self._empty.setText("No image passes the filters." if total else "No images")
        loading = bool(self._session.opening) and not total
        self._stack.setCurrentIndex(0 if shown else 2 if loading else 1)

    @Slot(int)
    def _show_more(self, at: int) -> None:
        """Have more rows before the last one is reached."""
        bar = self.tree.verticalScrollBar()
        if at > bar.maximum() - 2 * bar.pageStep():
            self.model.show_more()

    @Slot()
    def _remember(self) -> None:
        """Note where the tree stands: a tree that grows should not jump."""
        self._scrolled = self.tree.verticalScrollBar().value()

    @Slot()
    def _unfold(self) -> None:
        """Open what fits and what was open; a filtered tree shows what was found."""
        count = self.model.series_count
        if count <= UNFOLDED or (self.model.filter_text and count <= FOUND):
            self.tree.expandAll()
            self._open_keys |= set(self.model.branch_keys())
        else:
            if not self._open_keys:
                self.tree.expand(self.model.index(0, 0))
            self._open_branches()
        self._follow()
        self.tree.verticalScrollBar().setValue(self._scrolled)

    @Slot(str)
    def _open(self, image_id: str) -> None:
        self._session.select([image_id], image_id)

    @Slot()
    def _select(self) -> None:
        """Select the images of the chosen branches; the first of them goes into the viewer."""
        if self._following:
            return
        chosen = self.tree.selectionModel().selectedIndexes()
        ids = [image_id for index in chosen for image_id in index.data(IMAGE_IDS)]
        if ids:
            held = QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton
            with self._session.history.step("" if held else "browse"):  # one goes on by keys
                self._session.select(ids, ids[0])

    @Slot()
    def _follow(self) -> None:
        """Mark the series of the current image, when it was chosen elsewhere."""
        current = self._session.selection.current
        index = self.model.index_of_image(current) if current else QModelIndex()
        chosen = self.tree.selectionModel()
        if any(current in each.data(IMAGE_IDS) for each in chosen.selectedIndexes()):
            return
        self._following = True
        if index.isValid():
            chosen.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self.tree.scrollTo(index)
        else:
            chosen.clear()
        self._following = False
