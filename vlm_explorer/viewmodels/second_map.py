"""The map beside the map: what the user does with it, and what follows from the session."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.second_map_colours import OVERLAP
from vlm_explorer.viewmodels.second_map_comparison import KEY, MapComparison
from vlm_explorer.viewmodels.second_map_history import SecondMapPart, SecondMapState
from vlm_explorer.viewmodels.states import CHOICES, LayoutState

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.layout_shelf import ShelfRow

_KEPT = "second map"


class SecondMap(MapComparison):
    """Another encoder of the collection, or another layout of the same, on a map of its own."""

    def __init__(self, first: MapModel, parent: QObject | None = None) -> None:
        super().__init__(first, self._choose_layout, parent)
        self._session.history.add(SecondMapPart(self), owner=self)
        self._session.layout_changed.connect(self._take_layout)
        self._session.collection_changed.connect(self._take_collection)
        self._session.opened.connect(self._restore)

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
        self.opened, self.colours.wanted = True, to_colour
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
        self._session.runner.cancel(KEY)
        with self._session.history.step():
            self.opened = False
        self.colours.leave()
        self._compared = self.beside.read = self._left = None
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
        self.colours.set_wanted(coloured)
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
        self._choose(state)
        if state.opened and not before.opened:
            self._open(to_colour=False)
        elif state.opened and replace(state, aligned=before.aligned) != before:
            self._start_anew()
        self.set_aligned(state.aligned)

    def _choose(self, state: SecondMapState) -> None:
        """Take the encoder and the layout of a state."""
        self.beside.model = state.model
        self.beside.layout = replace(self.layout, name=state.name, **dict(state.choices))

    # What follows

    def _start_anew(self) -> None:
        self.colours.keep_wanted()
        self._compared = self.beside.read = None
        self.beside.layout = replace(self.layout, answer=None)
        self._ask()
        self._keep()
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
        self.colours.keep_wanted()
        self._ask()
        self.changed.emit()

    @Slot()
    def _take_collection(self) -> None:
        """Forget what was about a collection that is not open any more."""
        if self._session.collection is None and (self.opened or self.model):
            self._session.runner.cancel(KEY)
            self._forget()
            self.beside.put_layout(LayoutState())
            self.changed.emit()

    # What is kept

    def _keep(self) -> None:
        self._session.kept.put(_KEPT, self.state.kept())

    @Slot()
    def _restore(self) -> None:
        """Show the second map that this collection was left with."""
        state = SecondMapState.of_kept(self._session.kept.get(_KEPT, dict, {}))
        if state is None or state.model not in self.models:
            return
        self._choose(state)
        self.aligned = state.aligned
        if state.opened:
            coloured = self._session.kept.get("map", dict, {}).get("colour") == OVERLAP
            self._open(to_colour=coloured)
