"""The terms of a query as a row of chips under the prompt, and the balance of a text and an image.

A chip's menu gives it a weight or turns its sign; its cross takes it away.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, QRectF, QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QSlider, QWidget

from vlm_explorer.viewmodels.query_terms import WEIGHTS, QueryTerms
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.controls import Words
from vlm_explorer.widgets.icons import paint_glyph
from vlm_explorer.widgets.map_chips import HEIGHT, Pill
from vlm_explorer.widgets.map_word_wishes import elided
from vlm_explorer.widgets.theme import theme, themes

_TITLE = 40  # characters
_LEAST = 64  # px, of a chip where there are many
_CROSS = 12  # px
_SLIDER = 96  # px
_REMOVING = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
_OPENING = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
_BALANCE = (
    "How much the text counts, and how much the image. The query is the sum of both unit vectors, "
    "each times its share; the ranking's options can balance their scores by z instead"
)


class TermChip(Pill):
    """A term: its weight, its words and a cross.

    Signals:
        stepped(by): the focus is to go to a neighbour.
    """

    stepped = Signal(int)

    def __init__(self, terms: QueryTerms, place: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._terms, self._place = terms, place
        term = terms.terms[place]
        self._weight = abs(term.weight)
        self._against = term.weight < 0
        weight = "" if self._weight == 1 else f"{self._weight:.4g} × "
        self._words = f"{'− ' if self._against else ''}{weight}{terms.title(term)}"
        counts = "against" if self._against else "for"
        self.setAccessibleName(f"{terms.title(term)}, counts {counts}, weight {self._weight:.4g}")
        self.setToolTip(
            f"{terms.title(term)}: counts {counts}, weight {self._weight:.4g}\n"
            "Click for its weight, + and − turn its sign, Delete removes it"
        )
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._open)

    def sizeHint(self) -> QSize:
        """As wide as the words and the cross."""
        words = QFontMetricsF(self.font()).horizontalAdvance(elided(self._words, _TITLE))
        return QSize(round(words) + 24 + _CROSS, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Narrower where there are many."""
        return QSize(min(_LEAST, self.sizeHint().width()), HEIGHT)

    @Slot()
    def _open(self) -> None:
        """Offer what can be done with the term."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        turned = "Count for an image" if self._against else "Count against an image"
        menu.addAction(turned, partial(self._terms.turn, self._place))
        menu.addSeparator()
        for weight in WEIGHTS:
            action = QAction(f"Weight {weight:g}", menu)
            action.setCheckable(True)
            action.setChecked(weight == self._weight)
            action.triggered.connect(partial(self._weigh, weight))
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction("Remove", self.remove)
        menu.popup(self.mapToGlobal(QPoint(0, self.height() + 4)))

    def _weigh(self, weight: float, _checked: bool = False) -> None:
        self._terms.weigh(self._place, weight)

    def remove(self) -> None:
        """Take the term away."""
        self._terms.remove(self._place)

    def _cross(self) -> QRectF:
        return QRectF(self.width() - _CROSS - 8, (HEIGHT - _CROSS) / 2, _CROSS, _CROSS)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The cross removes; elsewhere it is a click."""
        if self._cross().adjusted(-6, -8, 8, 8).contains(event.position()) and self.isDown():
            self.setDown(False)
            self.remove()
        else:
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete removes, Enter opens the menu, signs turn; arrows go along, or step the weight."""
        key = event.key()
        if key in _REMOVING:
            self.remove()
        elif key in _OPENING:
            self._open()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus):
            if self._against != (key == Qt.Key.Key_Minus):
                self._terms.turn(self._place)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._step_weight(up=key == Qt.Key.Key_Up)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.stepped.emit(1 if key == Qt.Key.Key_Right else -1)
        else:
            super().keyPressEvent(event)

    def _step_weight(self, *, up: bool) -> None:
        further = [w for w in WEIGHTS if (w > self._weight if up else w < self._weight)]
        if further:
            self._terms.weigh(self._place, min(further) if up else max(further))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, words and cross; what counts against an image is quieter."""
        roles = theme()
        painter = QPainter(self)
        self.paint_ground(painter)
        painter.setFont(self.font())
        painter.setPen(roles.colour("secondary" if self._against else "text"))
        room = self.rect().adjusted(10, 0, -_CROSS - 12, 0)
        shown = painter.fontMetrics().elidedText(
            elided(self._words, _TITLE), Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, shown)
        paint_glyph(painter, "ph.x", self._cross(), roles.colour("secondary"))
        painter.end()


class QueryChips(QWidget):
    """The chips, and a slider where there is one text and one image.

    Signals:
        emptied(): the chip that had the focus is gone, and no other is there.
    """

    emptied = Signal()

    def __init__(self, session: Session, terms: QueryTerms, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._terms = session, terms
        self._shown: object = ()
        self.chips: list[TermChip] = []
        self.setAccessibleName("Terms of the search")
        self.setFixedHeight(HEIGHT)
        self.balance = QSlider(Qt.Orientation.Horizontal, self)
        self.balance.setRange(0, 100)
        self.balance.setPageStep(10)
        self.balance.setFixedWidth(_SLIDER)
        self.balance.setAccessibleName("Share of the text")
        self.balance.setToolTip(_BALANCE)
        self.balance.valueChanged.connect(self._fuse)
        self._text, self._image = Words("", "annotation"), Words("", "annotation")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self._row.addStretch(1)
        for part in (self._text, self.balance, self._image):
            self._row.addWidget(part)
        session.query_changed.connect(self._show)
        session.collection_changed.connect(self._show)
        themes.changed.connect(self.update)
        self._show()

    @property
    def wanted(self) -> bool:
        """Whether there is anything to show."""
        return bool(self._terms.terms)

    @Slot()
    def _show(self) -> None:
        terms = self._terms.terms
        if terms != self._shown:
            self._shown = terms
            self._build()
        share = self._terms.fusion
        for part in (self._text, self.balance, self._image):
            part.setVisible(share is not None)
        if share is not None:
            percent = round(100 * share)
            self._text.setText(f"Text {percent} %")
            self._image.setText(f"Image {100 - percent} %")
            with QSignalBlocker(self.balance):
                self.balance.setValue(percent)

    def _build(self) -> None:
        """Make the chips anew; the focus stays at its place, or goes to the last."""
        place = next((n for n, chip in enumerate(self.chips) if chip.hasFocus()), None)
        for chip in self.chips:
            self._row.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self.chips = [TermChip(self._terms, n, self) for n in range(len(self._terms.terms))]
        for number, chip in enumerate(self.chips):
            chip.stepped.connect(partial(self._step, number))
            self._row.insertWidget(number, chip)
        if place is not None and self.chips:
            self.chips[min(place, len(self.chips) - 1)].setFocus()
        elif place is not None:
            self.emptied.emit()

    def _step(self, place: int, by: int) -> None:
        self.chips[(place + by) % len(self.chips)].setFocus(Qt.FocusReason.TabFocusReason)

    @Slot(int)
    def _fuse(self, percent: int) -> None:
        self._terms.fuse(percent / 100)
