"""What can be done with an image in a list, at the pointer: open, compare, find alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QMenu


class ImageMenu(QObject):
    """The context menu of a view.

    The right button leaves the selection alone: what an image is to be compared with stays open.

    Signals:
        open_wanted(image_id), compare_wanted(image_id), like_wanted(image_id)
    """

    open_wanted = Signal(str)
    compare_wanted = Signal(str)
    like_wanted = Signal(str)

    def __init__(
        self, view: QAbstractItemView, image_of: Callable[[QModelIndex], str | None]
    ) -> None:
        """Offer the menu on `view`; `image_of` says which image a row stands for."""
        super().__init__(view)
        self._view = view
        self._image_of = image_of
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._show)
        view.viewport().installEventFilter(self)

    @Slot(QPoint)
    def _show(self, where: QPoint) -> None:
        index = self._view.indexAt(where)
        image_id = self._image_of(index) if index.isValid() else None
        if not image_id:
            return
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for words, wanted in (
            ("Open", self.open_wanted),
            ("Compare with the open scan", self.compare_wanted),
            ("Find more like this", self.like_wanted),
        ):
            menu.addAction(words, partial(wanted.emit, image_id))
        menu.popup(self._view.viewport().mapToGlobal(where))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep presses of the right button from the view, which would select."""
        press = event.type() == QEvent.Type.MouseButtonPress
        if press and isinstance(event, QMouseEvent):
            return event.button() == Qt.MouseButton.RightButton
        return super().eventFilter(watched, event)
