"""One map, or two side by side: pointing, the lasso and fitting go for both."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from vlm_explorer.viewmodels import second_map_words
from vlm_explorer.viewmodels.second_map import SecondMap
from vlm_explorer.viewmodels.second_map_model import SecondMapModel, point_of
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.controls import Line
from vlm_explorer.widgets.map_view import MapView
from vlm_explorer.widgets.second_map_bar import SecondMapBar

ALONE = 320  # px of one map, at least
LEAST = 300  # px of each of two
TWO_MAPS = 2 * LEAST + 1  # px of both, and of the line between them


class MapPair(QWidget):
    """Holds the map, and makes a second one beside it when it is asked for first.

    Attributes:
        second: what stands on the right.
        left, right: the maps; `right` is None until it is asked for.

    Signals:
        image_opened(image_id), compare_wanted(image_id): as of `MapView`, from the right map.
        opened_changed(bool): two maps are wanted, or one.
    """

    image_opened = Signal(str)
    compare_wanted = Signal(str)
    opened_changed = Signal(bool)

    def __init__(
        self, left: MapView, thumbnails: Thumbnails, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self.left = left
        self.right: MapView | None = None
        self.second = SecondMap(left.model, self)
        self.bar = SecondMapBar(self.second, self)
        self._line = Line(parent=self)
        self.maps = QSplitter(Qt.Orientation.Horizontal, self)
        self.maps.setHandleWidth(1)
        self.maps.setChildrenCollapsible(False)
        self.maps.addWidget(left)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self.bar, self._line, self.maps):
            column.addWidget(part, 1 if part is self.maps else 0)
        self.setMinimumWidth(ALONE)
        left.setMinimumWidth(LEAST)
        self.setFocusProxy(left)
        self._opened = False
        self.second.changed.connect(self._take)
        self._arrange()

    @property
    def narrow(self) -> bool:
        """Whether there is no room for two maps."""
        return self.width() < TWO_MAPS

    @Slot()
    def _take(self) -> None:
        opened = self.second.opened
        if opened and self.right is None:
            self._make_right()
        begins, self._opened = opened != self._opened, opened
        if begins:
            self.opened_changed.emit(opened)
        self._arrange()
        if begins and opened:
            self.maps.setSizes([self.maps.width() // 2] * 2)
        if begins and not opened:
            self.left.canvas.mark(None)
            self.left.setFocus(Qt.FocusReason.OtherFocusReason)
        answer = self.second.answer
        if self.right is not None:
            explanation = second_map_words.EXPLANATION
            words = explanation if answer is None else second_map_words.details(answer)
            self.right.caption.setToolTip(words)

    def _make_right(self) -> None:
        beside = cast(Session, self.second.beside)
        model = SecondMapModel(self.second, self)
        right = self.right = MapView(beside, self._thumbnails, model=model, bare=True)
        right.setMinimumWidth(LEAST)
        right.canvas.setAccessibleName("Second map")
        left = self.left
        right.canvas.set_images(left.canvas.images)
        right.canvas.follow(left.canvas)
        left.canvas.tool_changed.connect(lambda: right.canvas.follow(left.canvas))
        right.canvas.tool_changed.connect(lambda: left.canvas.follow(right.canvas))
        left.tools.fit_asked.connect(right.canvas.fit)
        left.tools.images_switched.connect(right.canvas.set_images)
        left.pointed.connect(self._mark_right)
        right.pointed.connect(self._mark_left)
        self.bar.chooser.settings_wanted.connect(self._show_settings)
        right.image_opened.connect(self.image_opened)
        right.compare_wanted.connect(self.compare_wanted)
        self.maps.addWidget(right)
        for place in range(2):
            self.maps.setStretchFactor(place, 1)

    @Slot()
    def _show_settings(self) -> None:
        """Offer the settings of the right map's layout, each said what it means."""
        from vlm_explorer.widgets.layout_panel import LayoutPanel

        if self.right is not None:
            LayoutPanel(self.bar.chooser, self.right.model).open()

    @Slot(object)
    def _mark_right(self, image_id: str | None) -> None:
        if self.right is not None and not self.right.isHidden():
            self.right.canvas.mark(point_of(self.right.model, image_id))

    @Slot(object)
    def _mark_left(self, image_id: str | None) -> None:
        self.left.canvas.mark(point_of(self.left.model, image_id))

    def _arrange(self) -> None:
        """Show the second map where it is wanted and there is room."""
        opened = self.second.opened
        self.bar.setVisible(opened)
        self._line.setVisible(opened)
        self.bar.set_narrow(self.narrow)
        if self.right is not None:
            self.right.setVisible(opened and not self.narrow)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Look whether there is room for two."""
        super().resizeEvent(event)
        self._arrange()
