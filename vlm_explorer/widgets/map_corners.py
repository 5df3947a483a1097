"""What lies over the map: each part in its corner, and what words on the map must leave free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QWidget

from vlm_explorer.widgets.map_fitting import MARGIN

if TYPE_CHECKING:
    from vlm_explorer.widgets.map_view import MapView

_EDGE = 12  # px between the pane's edge and what lies over the map


class MapCorners:
    """Arranges the parts of a map's pane."""

    def __init__(self, map_: MapView, *, bare: bool) -> None:
        """Arrange the parts of `map_`; a `bare` one has neither tools nor legend."""
        self._map, self._bare = map_, bare

    def put(self) -> None:
        """Put everything into its corner, and tell the map how much of it is covered."""
        view, caption, legend = self._map, self._map.caption, self._map.legend
        width, height = view.width(), view.height()
        view.canvas.setGeometry(0, 0, width, height)
        view.tools.set_room(width - 2 * _EDGE)
        view.tools.move(width - view.tools.width() - _EDGE, _EDGE)
        caption.set_room(width - 2 * _EDGE)
        caption.move(width - caption.width() - _EDGE, height - caption.height() - 8)
        lift = self._give_room_to_legend(width)
        legend.move(_EDGE, height - legend.height() - _EDGE - lift)
        self._put_below_tools(width)
        self._put_pins(height if legend.isHidden() else legend.y())
        top = MARGIN if self._bare else view.tools.geometry().bottom() + MARGIN / 2
        covered = [part for part in (legend, caption) if not part.isHidden()]
        bottom = height - min((part.y() for part in covered), default=height) + MARGIN / 2
        view.canvas.set_insets((MARGIN, top, MARGIN, bottom))
        view.message.setGeometry(0, height // 2 - 60, width, 120)

    def _put_below_tools(self, width: int) -> None:
        """Put the filters, and the bar of a tool, below the tools.

        A map that shows everything makes no room for them: it would move whenever one filters.
        """
        view, bar = self._map, self._map.select_bar
        y = view.tools.geometry().bottom() + 1 + round(MARGIN / 4)
        room = width - 2 * _EDGE
        if not bar.isHidden():
            bar.move(width - bar.width() - _EDGE, y)
            room -= bar.width() + _EDGE
        view.filters.set_room(room)
        view.filters.move(_EDGE, y)

    def _put_pins(self, floor: int) -> None:
        """Put the pins between what is at the top and `floor`, and what is waited for below."""
        pins, waiting, over = self._map.pins, self._map.waiting, self._over_top()
        pins.put(_EDGE, () if self._bare else over, floor, wanted=not self._bare)
        lowest = _EDGE if pins.isHidden() else pins.geometry().bottom() + _EDGE // 2
        waiting.move(_EDGE, lowest + 3)
        for part in over:
            if not part.isHidden() and part.geometry().intersects(waiting.geometry()):
                waiting.move(_EDGE, part.geometry().bottom() + _EDGE // 2)

    def _give_room_to_legend(self, width: int) -> int:
        """Return by how much the caption line below the legend lifts it."""
        legend, caption = self._map.legend, self._map.caption
        alone = width - 2 * _EDGE
        beside = alone if caption.isHidden() else alone - caption.width() - _EDGE
        legend.set_room(max(beside, 0))
        if beside == alone or (legend.width() <= beside and not legend.folded):
            return 0
        legend.set_room(alone)
        return caption.height()

    def obstacles(self) -> list[QRectF]:
        """Return what words on the map must leave free."""
        view, message = self._map, self._map.message
        over = (*self._over_top(), view.legend, view.caption, view.waiting, view.pins)
        found = [QRectF(part.geometry()) for part in over if not part.isHidden()]
        if not message.isHidden():
            found.append(message.area.translated(message.pos().toPointF()))
        return found

    def _over_top(self) -> tuple[QWidget, ...]:
        return self._map.tools, self._map.select_bar, self._map.filters
