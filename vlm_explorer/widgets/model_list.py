"""The list of encoders: what each is called, what it knows, and what goes on with it."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from vlm_explorer.viewmodels.model_rows import ENTRY, Entry, ModelRows
from vlm_explorer.widgets.theme import ANNOTATION, BODY, font, icon, theme

ROW, HEADING = 52, 32  # px
GLYPH = 20
BAR = 2  # px, height of the line that shows how far something is

Index = QModelIndex | QPersistentModelIndex


class ModelDelegate(QStyledItemDelegate):
    """Draws a heading, or an encoder as a sign and two lines."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the height of a row."""
        entry: Entry = index.data(ENTRY)
        return QSize(0, HEADING if entry.facts is None else ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a row."""
        entry: Entry = index.data(ENTRY)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if entry.facts is None:
            area = option.rect.adjusted(12, 8, -8, 0)
            _write(painter, area, entry.title, ANNOTATION, theme().colour("secondary"), bold=True)
        else:
            _ground(painter, option)
            self._paint_entry(painter, option.rect.adjusted(12, 0, -12, 0), entry)
        painter.restore()

    def _paint_entry(self, painter: QPainter, area: QRect, entry: Entry) -> None:
        roles = theme()
        name, role = _sign(entry)
        icon(name, role).paint(painter, QRect(area.topLeft() + QPoint(0, 16), QSize(GLYPH, GLYPH)))
        words = area.adjusted(GLYPH + 12, 0, 0, 0)
        upper = QRect(words.left(), area.top() + 8, words.width(), 18)
        lower = QRect(words.left(), area.top() + 27, words.width(), 16)
        aside, role = ("In use", "accent") if entry.in_use else (_size(entry), "secondary")
        if aside:
            _write(painter, upper, aside, ANNOTATION, roles.colour(role), right=True)
            room = QFontMetrics(font(ANNOTATION)).horizontalAdvance(aside) + 12
            upper.setWidth(upper.width() - room)
        here = entry.facts is not None and entry.facts.installed
        colour = roles.colour("text" if here or entry.state.kind else "secondary")
        _write(painter, upper, entry.title, BODY, colour)
        role = "danger" if entry.state.problem else "secondary"
        _write(painter, lower, entry.detail, ANNOTATION, roles.colour(role))
        if entry.state.kind in ("fetching", "encoding"):
            line = QRectF(words.left(), area.bottom() - 4, words.width(), BAR)
            painter.fillRect(line, roles.colour("line"))
            line.setWidth(line.width() * (entry.state.share or 0.0))
            painter.fillRect(line, roles.colour("accent"))


def _size(entry: Entry) -> str:
    return "" if entry.facts is None else entry.facts.size


def _sign(entry: Entry) -> tuple[str, str]:
    """Return the sign of an encoder, and the role of its colour."""
    facts = entry.facts
    if entry.state.problem:
        return "ph.warning-circle", "danger"
    if entry.state.kind == "fetching":
        return "ph.arrow-circle-down", "accent"
    if facts is not None and facts.installed:
        return "ph.check-circle", "accent" if entry.in_use else "secondary"
    if facts is not None and facts.not_offered:
        return "ph.prohibit", "disabled"
    return ("ph.lock-simple" if facts and facts.gated else "ph.circle-dashed"), "disabled"


def _ground(painter: QPainter, option: QStyleOptionViewItem) -> None:
    roles = theme()
    area = QRectF(option.rect).adjusted(4, 1, -4, -1)
    selected = bool(option.state & QStyle.StateFlag.State_Selected)
    if selected or option.state & QStyle.StateFlag.State_MouseOver:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(roles.colour("selection" if selected else "hover"))
        painter.drawRoundedRect(area, 6, 6)
    if selected and option.state & QStyle.StateFlag.State_HasFocus:
        painter.setPen(roles.colour("accent"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)


def _write(
    painter: QPainter,
    area: QRect,
    text: str,
    px: int,
    colour: QColor,
    *,
    right: bool = False,
    bold: bool = False,
) -> None:
    """Draw one line of text, elided where it is too long."""
    chosen = font(px)
    chosen.setBold(bold)
    painter.setFont(chosen)
    painter.setPen(colour)
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    across = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    painter.drawText(area, across | Qt.AlignmentFlag.AlignVCenter, shown)


class ModelList(QListView):
    """The encoders, chosen with mouse or arrows.

    Signals:
        chosen(id): another encoder is to be shown.
        accepted(id): the main thing is to be done with it (Enter).
        unwanted(id): it is to be removed (Delete).
        filtering(): the user wants to find one by typing (/).
    """

    chosen = Signal(str)
    accepted = Signal(str)
    unwanted = Signal(str)
    filtering = Signal()

    def __init__(self, rows: ModelRows, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = rows
        self._current = ""
        self.setModel(rows)
        self.setItemDelegate(ModelDelegate(self))
        self.setAccessibleName("Encoders")
        self.setProperty("clear", True)
        self.viewport().setProperty("clear", True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        rows.modelReset.connect(self._restore)
        self.clicked.connect(self._click)

    @property
    def current(self) -> str:
        """The encoder that is chosen."""
        return self._current

    def choose(self, id_: str) -> None:
        """Choose an encoder; where it is not listed, the first one."""
        row = self._rows.row_of(id_)
        row = row if row >= 0 else self._rows.row_of(self._rows.first)
        index = self._rows.index(max(row, 0))
        self.setCurrentIndex(index)
        # the heading above the first of its group is to be seen, too
        self.scrollTo(self._rows.index(row - 1) if row > 0 else index)
        self.scrollTo(index)

    def reveal(self) -> None:
        """Show the list from its top, or from as near to it as shows the chosen encoder."""
        self.scrollToTop()
        self.scrollTo(self.currentIndex())

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Say which encoder is to be shown."""
        super().currentChanged(current, previous)
        id_ = self._rows.id_at(current.row())
        if id_:
            self._current = id_
            self.chosen.emit(id_)

    @Slot(QModelIndex)
    def _click(self, index: QModelIndex) -> None:
        """A click on the encoder that is chosen brings its page back from behind the form."""
        if (id_ := self._rows.id_at(index.row())) and id_ == self._current:
            self.chosen.emit(id_)

    @Slot()
    def _restore(self) -> None:
        """Stay with the encoder when the list around it changes."""
        if self._current:
            self.choose(self._current)

    def event(self, event: QEvent) -> bool:
        """The stroke belongs to this list, not to the window below."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in (Qt.Key.Key_Slash, Qt.Key.Key_Delete)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter does the main thing, Delete removes, a stroke begins a filter."""
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.accepted.emit(self._current)
        elif key == Qt.Key.Key_Delete:
            self.unwanted.emit(self._current)
        elif key == Qt.Key.Key_Slash:
            self.filtering.emit()
        elif key == Qt.Key.Key_Home:  # above the first encoder there is a heading
            self.choose(self._rows.first)
        elif key == Qt.Key.Key_Escape:
            event.ignore()
        else:
            super().keyPressEvent(event)
