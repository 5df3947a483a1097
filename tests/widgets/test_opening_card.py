"""What covers the map while something is being opened."""

from __future__ import annotations

from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.opening_card import OpeningCard
from vlm_explorer.widgets.theme import theme


class Below(QWidget):
    """Counts how often it is drawn, in red."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn = 0

    def paintEvent(self, _event: QPaintEvent) -> None:
        self.drawn += 1
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("red"))
        painter.end()


def test_that_nothing_shines_through_and_nothing_below_is_drawn_again(
    shell_session: Session, qtbot: QtBot
) -> None:
    below = Below()
    below.resize(500, 300)
    card = OpeningCard(shell_session, below)
    qtbot.addWidget(below)
    below.show()
    qtbot.waitExposed(below)
    shell_session.put(opening="Opening the folder")
    shell_session.opening_changed.emit()
    qtbot.waitUntil(lambda: card.bar.isVisible())
    for place in (QPoint(3, 3), card.title.mapTo(below, QPoint(1, 1)), QPoint(496, 296)):
        assert below.grab().toImage().pixelColor(place) == theme().colour("map_ground")
    qtbot.wait(0)
    drawn = below.drawn
    with qtbot.waitSignal(card.bar.valueChanged):
        card.bar.set_share(0.5)
    card.bar.repaint()
    assert below.drawn == drawn
