"""What a session holds: frozen states by name, and the signals that tell of their changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from vlm_explorer.pixels.ct_choice import DEFAULT
from vlm_explorer.viewmodels import background
from vlm_explorer.viewmodels.filters import Filter, FilterMasks, among
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.states import (
    LabelState,
    LayoutState,
    Moving,
    QueryState,
    Selection,
)

if TYPE_CHECKING:
    from vlm_explorer.analysis.groups import Group
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.encoders.encoder import Encoder


class SessionState(QObject):
    """Everything that views read; the intents that change it are the session's.

    Attributes:
        collection, images: the open collection and its images; None and empty when none is.
            While a folder is being indexed they hold what is done so far.
        problems: file, kind and reason of each file that gave no image.
        ct_window: through which window the encoder sees CT.
        encoder, encoder_id, encoder_note: the encoder in memory, its id as soon as it is known
            which will be loaded, and what to say about it.
        selection, query, layout, label_state: see `states`.
        moving: where the layout that is being made has the images by now; None: nothing moves.
        frames_wanted: says whether anybody wants to see that.
        selected: bool (N,), the selected images.
        only_selected: whether grid and map show only these, as long as there are any.
        filters: what leaves images out, in the order in which they were set, one a key.
        shown: bool (N,), the images that every filter lets through.
        groups: parts of the map, each named by its commonest label.
        demo: whether the demo study is open.
        opening: what is being opened, in words ("" when nothing is).
        foreign: whether the bundled encoder looks at images that are not the demo study.

    Signals:
        collection_changed(), encoder_changed(), selection_changed(), filters_changed(),
        shown_changed(), query_changed(), layout_changed(), labels_changed(): read the state anew.
        layout_moved(): `moving` is further on.
        opening_changed(): something began or ceased to be opened.
        opened(): a collection is open, whole; what follows from it has been started.
        patient_details_changed(): names and ids are to be shown, or hidden.
    """

    collection_changed = Signal()
    encoder_changed = Signal()
    selection_changed = Signal()
    filters_changed = Signal()
    shown_changed = Signal()
    query_changed = Signal()
    layout_changed = Signal()
    layout_moved = Signal()
    labels_changed = Signal()
    opening_changed = Signal()
    opened = Signal()
    patient_details_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.frames_wanted: Callable[[], bool] = bool
        self._clear()

    def _clear(self) -> None:
        self.content: background.Opened | None = None
        self.images = ImageTable()
        self.ct_window = DEFAULT
        self.encoder: Encoder | None = None
        self.encoder_note = ""
        self.encoder_id = ""
        self.selection = Selection()
        self._selected: tuple[Selection, ImageTable, np.ndarray] | None = None
        self.only_selected = False
        self.filters: tuple[Filter, ...] = ()
        self._masks = FilterMasks()
        self.shown: np.ndarray = np.ones(0, dtype=bool)
        self.query = QueryState()
        self.layout = LayoutState()
        self.moving: Moving | None = None
        self.label_state = LabelState()
        self.groups: tuple[Group, ...] = ()
        self.demo = False
        self.opening = ""

    @property
    def collection(self) -> Collection | None:
        """The open collection."""
        return None if self.content is None else self.content.collection

    @property
    def problems(self) -> tuple[tuple[str, str, str], ...]:
        """File, kind and reason of each file that gave no image."""
        return () if self.content is None else self.content.problems

    @property
    def selected(self) -> np.ndarray:
        """Which images are selected, bool (N,)."""
        kept = self._selected
        if kept is None or kept[0] is not self.selection or kept[1] is not self.images:
            mask = among(self.images, self.selection.ids)
            kept = self._selected = self.selection, self.images, mask
        return kept[2]

    @property
    def title(self) -> str:
        """What to call what is open, without naming a patient; "" where nothing is."""
        return "Demo study" if self.demo else "" if self.content is None else self.content.title

    @property
    def foreign(self) -> bool:
        """Whether the bundled encoder looks at images that are not the demo study."""
        bundled = self.encoder_id == background.BUNDLED
        return bundled and self.content is not None and not self.demo

    def put(self, **states: Any) -> None:
        """Replace states by name, and tell: encoder, query, layout or label_state."""
        signals = {
            "encoder": self.encoder_changed,
            "encoder_id": self.encoder_changed,
            "encoder_note": self.encoder_changed,
            "query": self.query_changed,
            "layout": self.layout_changed,
            "label_state": self.labels_changed,
            "opening": self.opening_changed,
        }
        for name, state in states.items():
            setattr(self, name, state)
        for changed in {id(signals[name]): signals[name] for name in states}.values():
            changed.emit()
