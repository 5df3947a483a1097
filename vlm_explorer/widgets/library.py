"""The library: a filter, and the tree of patients, studies and series with thumbnails."""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    QTimer,
    Slot,
)
from PySide6.QtGui import QAction, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QStackedLayout,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.library import COVER, DETAIL, IMAGE_IDS, KEY, KIND, LibraryModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.controls import EmptyState, Words
from vlm_explorer.widgets.skeleton import Skeleton
from vlm_explorer.widgets.theme import ANNOTATION, BODY, font, icon, theme, themes
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

INDENTATION = 12
SERIES_HEIGHT, BRANCH_HEIGHT = 48, 28
THUMBNAIL = 40
PAUSE = 120  # ms without a key before the filter is applied
UNFOLDED = 60  # with more series than these the tree begins folded

Index = QModelIndex | QPersistentModelIndex


class LibraryDelegate(QStyledItemDelegate):
    """Draws a branch as one line, a series as thumbnail and two lines."""

    def __init__(self, thumbnails: ThumbnailPainter, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the height of a row."""
        return QSize(0, SERIES_HEIGHT if index.data(KIND) == "series" else BRANCH_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a row on the ground that the style gives it."""
        style = option.widget.style()
        style.drawPrimitive(
            QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget
        )
        painter.save()
        area = option.rect.adjusted(4, 0, -8, 0)
        if index.data(KIND) == "series":
            self._paint_series(painter, area, index)
        else:
            self._paint_branch(painter, area, index)
        painter.restore()

    def _paint_series(self, painter: QPainter, area: QRect, index: Index) -> None:
        roles = theme()
        box = QRect(area.left(), area.top() + 4, THUMBNAIL, THUMBNAIL)
        self._thumbnails.paint(painter, box, index.data(COVER), 4)
        words = area.adjusted(THUMBNAIL + 8, 0, 0, 0)
        upper = QRect(words.left(), area.top() + 6, words.width(), 18)
        lower = QRect(words.left(), area.top() + 25, words.width(), 16)
        _write(painter, upper, str(index.data()), BODY, roles.text)
        _write(painter, lower, str(index.data(DETAIL)), ANNOTATION, roles.secondary)

    def _paint_branch(self, painter: QPainter, area: QRect, index: Index) -> None:
        roles = theme()
        count = str(index.data(DETAIL)).partition(" ")[0]
        width = QFontMetrics(font(ANNOTATION)).horizontalAdvance(count) + 4
        _write(painter, area.adjusted(0, 0, -width, 0), str(index.data()), BODY, roles.text)
        right = area.adjusted(area.width() - width, 0, 0, 0)
        flag = Qt.AlignmentFlag.AlignRight
        _write(painter, right, count, ANNOTATION, roles.secondary, flag)


def _write(
    painter: QPainter,
    area: QRect,
    text: str,
    px: int,
    colour: str,
    across: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:
    """Draw one line of text, elided where it is too long."""
    painter.setFont(font(px))
    painter.setPen(colour)
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, across | Qt.AlignmentFlag.AlignVCenter, shown)


class Library(QWidget):
    """The pane on the left; selecting a branch selects its images."""

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
        self._scrolled = 0
        self._open_keys: set[str] = set()
        self._set_up_filter()
        self._set_up_tree(painter)
        self._lay_out()
        session.shown_changed.connect(self._count)
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
        self.tree.selectionModel().selectionChanged.connect(self._select)
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
    def _greet(self) -> None:
        """Take another collection; its filter starts empty."""
        if not len(self._session.images):
            self.clear_filter()
        self._count()

    @Slot()
    def _restore(self) -> None:
        """Filter as when the collection was left."""
        self.filter.setText(self._session.kept.get("filter", str, ""))
        self._apply_filter()

    @Slot()
    def _count(self) -> None:
        total = len(self._session.images)
        shown = int(self._session.shown.sum())
        patients = self.model.rowCount()
        whole = f"{total:,} images, {patients:,} patients" if patients > 1 else f"{total:,} images"
        self.count.setText(whole if shown == total else f"{shown:,} of {total:,} shown")
        self.count.setVisible(total > 0)
        self._empty.setText("Nothing matches the filter." if total else "No images")
        loading = bool(self._session.opening) and not total
        self._stack.setCurrentIndex(0 if shown else 2 if loading else 1)

    @Slot()
    def _remember(self) -> None:
        """Note what is open and where the tree stands: a tree that grows should not jump."""
        self._scrolled = self.tree.verticalScrollBar().value()
        self._open_keys = {
            index.data(KEY) for index in self._branches() if self.tree.isExpanded(index)
        }

    def _branches(self, parent: QModelIndex | None = None) -> list[QModelIndex]:
        above = QModelIndex() if parent is None else parent
        rows = [self.model.index(row, 0, above) for row in range(self.model.rowCount(above))]
        branches = [index for index in rows if index.data(KIND) != "series"]
        return [each for index in branches for each in (index, *self._branches(index))]

    @Slot()
    def _unfold(self) -> None:
        """Open what fits and what was open; a filtered tree shows what was found."""
        for index in self._branches() if self._open_keys else []:
            self.tree.setExpanded(index, index.data(KEY) in self._open_keys)
        if self.model.series_count <= UNFOLDED or self.model.filter_text:
            self.tree.expandAll()
        else:
            self.tree.expand(self.model.index(0, 0))
        self._follow()
        self.tree.verticalScrollBar().setValue(self._scrolled)

    @Slot()
    def _select(self) -> None:
        """Select the images of the chosen branches; the first of them goes into the viewer."""
        if self._following:
            return
        chosen = self.tree.selectionModel().selectedIndexes()
        ids = [image_id for index in chosen for image_id in index.data(IMAGE_IDS)]
        if ids:
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
