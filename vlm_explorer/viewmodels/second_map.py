"""The map beside the map: what stands there, and how far the two agree."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels import second_map_words, second_map_work
from vlm_explorer.viewmodels.columns import COMPUTED, Column
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.second_map_history import SecondMapPart, SecondMapState
from vlm_explorer.viewmodels.second_map_session import SecondMapSession
from vlm_explorer.viewmodels.second_map_work import Compared
from vlm_explorer.viewmodels.states import CHOICES, LayoutState

if TYPE_CHECKING:
    from vlm_explorer.queries.compare_layouts import CompareAnswer
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.viewmodels.layout_shelf import ShelfRow

OVERLAP = "overlap"  # the key of the column
_KEPT, _KEY = "second map", "second map"


class SecondMap(QObject):
    """Another encoder of the collection, or another layout of the same, on a map of its own.

    Attributes:
        first: the model of the map on the left, which decides on colours for both.
        beside: the session as the second map sees it.
        opened: whether the second map is to be seen.
        aligned: whether it is laid onto the first as well as that goes.

    Signals:
        changed(): any of it.
    """

    changed = Signal()

    def __init__(self, first: MapModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.first = first
        self._session = first.session
        self.beside = SecondMapSession(self._session, self._choose_layout, self)
        self._forget()
        self._session.history.add(SecondMapPart(self), owner=self)
        self._session.layout_changed.connect(self._take_layout)
        self._session.collection_changed.connect(self._take_collection)
        self._session.opened.connect(self._restore)

    def _forget(self) -> None:
        self.opened = False
        self.beside.model = ""
        self.aligned = True
        self._compared: Compared | None = None
        self.beside.read = None
        self._left: LayoutAnswer | None = None  # the first map that was compared last
        self._to_colour = False  # by overlap, as soon as that is known
        self._before: str | None = None  # what was coloured by before

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
        return self.first.colour_by == OVERLAP

    # What the user does

    def toggle(self) -> None:
        """Open the second map, or close it."""
        if self.opened:
            self.close()
        else:
            self.open()

    def open(self) -> None:
        """Show another encoder beside the map; where there is none, another method."""
        if self.opened or not self.available:
            return
        with self._session.history.step():
            if self.model not in self.models or self._same():
                self.beside.model = self.models[1] if len(self.models) > 1 else self.models[0]
                self.beside.layout = self._first_choice()
            self._open(to_colour=True)

    def _same(self) -> bool:
        """Whether both maps would be one and the same."""
        own = self._session.layout.choices
        return self.model == self.models[0] and self.layout.choices == own and not self.layout.name

    def _open(self, *, to_colour: bool) -> None:
        self.opened, self._to_colour = True, to_colour
        self._ask()
        self._keep()
        self.changed.emit()

    def _first_choice(self) -> LayoutState:
        """Return the left map's layout; of the same encoder by another method."""
        choices = self._session.layout.choices
        if self.model == self.models[0]:
            choices["method"] = "umap" if choices["method"] == "pca" else "pca"
        return LayoutState(**choices)

    def close(self) -> None:
        """Show one map."""
        if not self.opened:
            return
        self._session.runner.cancel(_KEY)
        with self._session.history.step():
            self.opened = False
        with self._session.history.unrecorded():  # it follows from closing
            if self.coloured and self._before is not None:
                self.first.set_colour_by(self._before)
            self._session.columns.remove(OVERLAP)
        self._compared = self.beside.read = None
        self._left = self._before = None
        self.beside.put_layout(replace(self.layout, answer=None, pending=False))
        self._keep()
        self.changed.emit()

    def choose(self, model: str) -> None:
        """Show another encoder on the right."""
        if model in self.models and model != self.model:
            with self._session.history.step():
                self.beside.model = model
                self.beside.layout = replace(self.layout, name="")
            self._start_anew()

    def _choose_layout(self, **choices: Any) -> None:
        """Lay the right map out otherwise; without choices: try again."""
        known = {name: value for name, value in choices.items() if name in CHOICES}
        with self._session.history.step():
            name = "" if known else self.layout.name
            self.beside.layout = replace(self.layout, name=name, **known)
        self._start_anew()

    @property
    def kept_layouts(self) -> tuple[ShelfRow, ...]:
        """The layouts that the user named, of whichever encoder."""
        return self.first.layouts.rows

    def can_show(self, row: ShelfRow) -> bool:
        """Whether the collection has vectors of the encoder that made a kept layout."""
        return row.model in self.models

    def choose_kept(self, name: str) -> None:
        """Show a kept layout on the right, with the encoder that it was made with."""
        row = next((row for row in self.kept_layouts if row.name == name), None)
        if row is not None and self.can_show(row) and name != self.layout.name:
            with self._session.history.step():
                self.beside.model = row.model
                self.beside.layout = replace(self.layout, name=name)
            self._start_anew()

    def set_aligned(self, aligned: bool) -> None:
        """Lay the right map onto the left one, or show it as it was laid out."""
        if aligned != self.aligned:
            with self._session.history.step():
                self.aligned = aligned
            self._place()
            self._keep()
            self.changed.emit()

    def set_coloured(self, coloured: bool) -> None:
        """Colour both maps by overlap, or as before."""
        self._to_colour = coloured
        if coloured and OVERLAP in self.first.available():
            self._before = self.first.colour_by
            self.first.set_colour_by(OVERLAP)
        elif self.coloured and self._before is not None:
            self.first.set_colour_by(self._before)
        self._keep()
        self.changed.emit()

    # Undo

    @property
    def state(self) -> SecondMapState:
        """What the user chose."""
        choices = tuple(self.layout.choices.items())
        return SecondMapState(self.opened, self.model, choices, self.layout.name, self.aligned)

    def recall(self, state: SecondMapState) -> None:
        """Choose as before; colours are the first map's."""
        before = self.state
        if not state.opened:
            self.close()
        self.beside.model = state.model
        self.beside.layout = replace(self.layout, name=state.name, **dict(state.choices))
        if state.opened and not before.opened:
            self._open(to_colour=False)
        elif state.opened and replace(state, aligned=before.aligned) != before:
            self._start_anew()
        self.set_aligned(state.aligned)

    # What follows

    def _start_anew(self) -> None:
        self._to_colour = self._to_colour or self.coloured
        self._compared = self.beside.read = None
        self.beside.layout = replace(self.layout, answer=None)
        self._ask()
        self._keep()
        self.changed.emit()

    def _ask(self) -> None:
        """Compare as soon as the map on the left is finished."""
        session, content = self._session, self._session.content
        left = session.layout
        waiting = left.pending or left.preliminary or content is None
        self._left = None if waiting else left.answer
        session.runner.cancel(_KEY)
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
            key=_KEY,
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
        words = second_map_words
        column = Column(OVERLAP, words.TITLE, compared.overlap, group=COMPUTED, note=words.NOTE)
        self._session.columns.add(column)
        self._place()
        if self._to_colour:
            self._colour()
        self.changed.emit()

    def _colour(self) -> None:
        if OVERLAP in self.first.available() and not self.coloured:
            self._before = self.first.colour_by
            with self._session.history.unrecorded():  # it follows from opening the second map
                self.first.set_colour_by(OVERLAP)
        self._to_colour = False

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

    # What follows from the session

    @Slot()
    def _take_layout(self) -> None:
        """Compare anew where the map on the left is another one."""
        layout, content = self._session.layout, self._session.content
        if not self.opened or layout.pending or content is None or layout.answer is self._left:
            return
        left_before = self.answer.request.model_a if self.answer is not None else ""
        if content.model == self.model and left_before not in ("", self.model):
            self.beside.model = left_before  # what was on the right is on the left: they swap
        self._to_colour = self._to_colour or self.coloured
        self._ask()
        self.changed.emit()

    @Slot()
    def _take_collection(self) -> None:
        """Forget what was about a collection that is not open any more."""
        if self._session.collection is None and (self.opened or self.model):
            self._session.runner.cancel(_KEY)
            self._forget()
            self.beside.put_layout(LayoutState())
            self.changed.emit()

    # What is kept

    def _keep(self) -> None:
        self._session.kept.put(
            _KEPT,
            {
                "open": self.opened,
                "model": self.model,
                "layout": list(self.layout.choices.values()),
                "name": self.layout.name,
                "aligned": self.aligned,
            },
        )

    @Slot()
    def _restore(self) -> None:
        """Show the second map that this collection was left with."""
        kept = self._session.kept.get(_KEPT, dict, {})
        layout = LayoutState.of_kept(
            values if isinstance(values := kept.get("layout"), list) else []
        )
        if layout is None or kept.get("model") not in self.models:
            return
        name = kept.get("name", "")
        layout = replace(layout, name=name if isinstance(name, str) else "")
        self.beside.model, self.beside.layout = str(kept["model"]), layout
        self.aligned = bool(kept.get("aligned", True))
        if kept.get("open"):
            coloured = self._session.kept.get("map", dict, {}).get("colour") == OVERLAP
            self._open(to_colour=coloured)
