"""Two maps compared: which stands beside which, and how far they agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels import second_map_words, second_map_work
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.second_map_colours import OverlapColours
from vlm_explorer.viewmodels.second_map_session import SecondMapSession
from vlm_explorer.viewmodels.second_map_work import Compared
from vlm_explorer.viewmodels.states import CHOICES, LayoutState

if TYPE_CHECKING:
    from vlm_explorer.queries.compare_layouts import CompareAnswer
    from vlm_explorer.queries.layout import LayoutAnswer

KEY = "second map"  # of the job


class MapComparison(QObject):
    """The session's map and another, compared as soon as there are both.

    Attributes:
        first: the model of the map on the left, which decides on colours for both.
        beside: the session as the second map sees it.
        colours: of both maps, by overlap.
        opened: whether the second map is to be seen.
        aligned: whether it is laid onto the first as well as that goes.

    Signals:
        changed(): any of it.
    """

    changed = Signal()

    def __init__(
        self, first: MapModel, lay_out: Callable[..., None], parent: QObject | None = None
    ) -> None:
        """Compare nothing yet.

        Args:
            first: the model of the map on the left.
            lay_out: called where the second map is to be laid out otherwise.
            parent: what owns this.
        """
        super().__init__(parent)
        self.first = first
        self._session = first.session
        self.beside = SecondMapSession(self._session, lay_out, self)
        self.colours = OverlapColours(first)
        self._forget()

    def _forget(self) -> None:
        self.opened = False
        self.beside.model = ""
        self.aligned = True
        self._compared: Compared | None = None
        self.beside.read = None
        self._left: LayoutAnswer | None = None  # the first map that was compared last
        self.colours.forget()

    # What is there

    @property
    def answer(self) -> CompareAnswer | None:
        """How far both agree; None until that is known."""
        return None if self._compared is None else self._compared.answer

    @property
    def available(self) -> bool:
        """Whether there is a map to compare with."""
        return bool(self.models)

    @property
    def models(self) -> tuple[str, ...]:
        """The encoders that have vectors of the open collection, the window's own first."""
        content = self._session.content
        if content is None or not content.model or not len(self._session.images):
            return ()
        return tuple(dict.fromkeys([content.model, *content.collection.models()]))

    @property
    def model(self) -> str:
        """The id of the encoder on the right; "" before one was chosen."""
        return self.beside.model

    @property
    def layout(self) -> LayoutState:
        """How the second map is laid out."""
        return self.beside.layout

    @property
    def titles(self) -> tuple[str, str]:
        """Which maps are on the left and on the right."""
        content = self._session.content
        left = "" if content is None else content.model
        words = second_map_words.title
        return words(left, self._session.layout), words(self.model, self.layout)

    @property
    def coloured(self) -> bool:
        """Whether both maps are coloured by overlap."""
        return self.colours.shown

    # The comparison

    def _ask(self) -> None:
        """Compare as soon as the map on the left is finished."""
        session, content = self._session, self._session.content
        left = session.layout
        waiting = left.pending or left.preliminary or content is None
        self._left = None if waiting else left.answer
        session.runner.cancel(KEY)
        self.beside.put_layout(replace(self.layout, pending=True))
        if waiting:
            return
        if left.answer is None:
            self.beside.put_layout(replace(self.layout, pending=False))
            return
        session.runner.start(
            second_map_work.compare,
            content,
            left.answer,
            self.model,
            self.layout.choices,
            self.layout.name,
            title="Comparing two maps",
            key=KEY,
            lane="process",
            on_success=self._take_answer,
            on_failure=self._fail,
        )

    @Slot(object)
    def _take_answer(self, compared: Compared) -> None:
        if compared.images is not self._session.images:
            return  # the left map of the new images follows
        self._compared, self.beside.read = compared, compared.read
        if self.layout.name:  # a kept one says itself how it was made
            made = compared.answer.second.request
            self.beside.layout = replace(
                self.layout, **{key: getattr(made, key) for key in CHOICES}
            )
        self.colours.take(compared.overlap)
        self._place()
        self.colours.show()
        self.changed.emit()

    def _place(self) -> None:
        """Show the right map at its places, aligned or not."""
        if self._compared is None:
            return
        laid_out = self._compared.aligned if self.aligned else self._compared.answer.second
        self.beside.put_layout(replace(self.layout, answer=laid_out, pending=False))

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.beside.put_layout(replace(self.layout, answer=None, pending=False, name=""))
        self._compared = None
        self._session.messages.show_error(error)
        self.changed.emit()
