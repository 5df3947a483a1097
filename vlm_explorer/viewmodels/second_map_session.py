"""The session as the second map sees it: all the same, but laid out otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from vlm_explorer.viewmodels.states import LayoutState

if TYPE_CHECKING:
    from vlm_explorer.analysis.groups import Group
    from vlm_explorer.viewmodels.background import Opened
    from vlm_explorer.viewmodels.session import Session


class SecondMapSession(QObject):
    """Stands in for the session where a map asks it; what it lacks is asked of the session itself.

    Selection, filters, columns, images and messages are thereby the session's own.

    Attributes:
        layout: of the second map.
        groups: none are named on the second map.
        model: id of the second map's encoder.
        moving: nothing of the second map moves while it is laid out.
        read: the collection by another reader, which keeps the vectors of that encoder, while the
            session's reader keeps those that searches need.

    Signals:
        layout_changed(): there is another layout.
        layout_moved(): never.
    """

    layout_changed = Signal()
    layout_moved = Signal()
    moving = None

    def __init__(self, session: Session, lay_out: Callable[..., None], parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._lay_out = lay_out
        self.model = ""
        self.read: Opened | None = None
        self.layout = LayoutState()
        self.groups: tuple[Group, ...] = ()

    def __getattr__(self, name: str) -> Any:
        if name == "_session":  # it is not there yet
            raise AttributeError(name)
        return getattr(self._session, name)

    @property
    def content(self) -> Opened | None:
        """The open collection, by a reader of its own where there is one."""
        return self.read or self._session.content

    def put_layout(self, layout: LayoutState) -> None:
        """Show another layout."""
        self.layout = layout
        self.layout_changed.emit()

    def set_layout(self, **choices: Any) -> None:
        """Lay the second map out anew; what is not given stays."""
        self._lay_out(**choices)
