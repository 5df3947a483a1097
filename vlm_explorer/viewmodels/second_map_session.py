"""The session as the second map sees it: all the same, but laid out otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from vlm_explorer.viewmodels.states import LabelState, LayoutState, QueryState

if TYPE_CHECKING:
    from vlm_explorer.analysis.groups import Group
    from vlm_explorer.viewmodels.session import Session

_NO_VECTOR = np.empty(0, np.float32)  # then images alone decide where a star stands
_NO_VECTORS = np.empty((0, 0), np.float32)


class SecondMapSession(QObject):
    """Stands in for the session where a map asks it; what it lacks is asked of the session itself.

    Selection, filters, columns, images and messages are thereby the session's own.

    Attributes:
        layout: of the second map.
        groups: none are named on the second map.
        model: id of the second map's encoder.

    Signals:
        layout_changed(): there is another layout.
    """

    layout_changed = Signal()

    def __init__(self, session: Session, lay_out: Callable[..., None], parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._lay_out = lay_out
        self.model = ""
        self._query = self._own, session.query, session.query
        self._labels = self._own, session.label_state, session.label_state
        self.layout = LayoutState()
        self.groups: tuple[Group, ...] = ()

    def __getattr__(self, name: str) -> Any:
        if name == "_session":  # it is not there yet
            raise AttributeError(name)
        return getattr(self._session, name)

    @property
    def _own(self) -> bool:
        """Whether the second map's encoder is the one that prompts are read with."""
        content = self._session.content
        return content is not None and content.model == self.model

    @property
    def query(self) -> QueryState:
        """What is searched for; its vector means nothing in the space of another encoder."""
        own, query = self._own, self._session.query
        if self._query[0] is not own or self._query[1] is not query:
            shown = query
            if not own and query.answer is not None:
                shown = replace(query, answer=replace(query.answer, vector=_NO_VECTOR))
            self._query = own, query, shown
        return self._query[2]

    @property
    def label_state(self) -> LabelState:
        """The labels, likewise."""
        own, labels = self._own, self._session.label_state
        if self._labels[0] is not own or self._labels[1] is not labels:
            shown = labels
            if not own and labels.answer is not None:
                shown = replace(labels, answer=replace(labels.answer, vectors=_NO_VECTORS))
            self._labels = own, labels, shown
        return self._labels[2]

    def put_layout(self, layout: LayoutState) -> None:
        """Show another layout."""
        self.layout = layout
        self.layout_changed.emit()

    def set_layout(self, **choices: Any) -> None:
        """Lay the second map out anew; what is not given stays."""
        self._lay_out(**choices)
