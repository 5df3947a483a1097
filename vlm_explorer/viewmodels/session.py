"""The single truth of the window: what is open, selected, searched for, laid out and labelled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from vlm_explorer.errors import StorageProblem
from vlm_explorer.pixels.ct_choice import DEFAULT
from vlm_explorer.settings import load_settings, save_settings
from vlm_explorer.viewmodels import background
from vlm_explorer.viewmodels.asking import Asking
from vlm_explorer.viewmodels.columns import Columns
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.job_runner import JobRunner
from vlm_explorer.viewmodels.kept_state import KeptState
from vlm_explorer.viewmodels.messages import Messages
from vlm_explorer.viewmodels.opening import Opening
from vlm_explorer.viewmodels.states import LabelState, LayoutState, QueryState, Selection

if TYPE_CHECKING:
    from vlm_explorer.analysis.groups import Group
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.encoders.encoder import Encoder

__all__ = ["ImageTable", "LabelState", "LayoutState", "QueryState", "Selection", "Session"]

# The jobs that belong to the open collection, and end with it.
_KEYS = (
    "open", "update", "peek", "encoder", "preview", "layout", "groups", "query", "labels",
    "reading", "switch",
)  # fmt: skip
MOST_KEPT = 2000  # images of a selection that are selected again when the window reopens


class Session(QObject):
    """Holds frozen states and replaces them; views read them and call the intents below.

    Every intent returns at once. What takes time runs as a job of `runner`; a newer request
    replaces an older one of its kind, and what fails is said through `messages`.

    Attributes:
        collection, images: the open collection and its images; None and empty when none is.
            While a folder is being indexed they hold what is done so far.
        problems: file, kind and reason of each file that gave no image.
        ct_window: through which window the encoder sees CT.
        encoder, encoder_id, encoder_note: the encoder in memory, its id as soon as it is known
            which will be loaded, and what to say about it.
        selection, query, layout, label_state: see `states`.
        shown: bool (N,), the images that the library's filter lets through.
        groups: parts of the map, each named by its commonest label.
        demo: whether the demo study is open.
        opening: what is being opened, in words ("" when nothing is).
        columns: what the map can be coloured, sized and filtered by.
        kept: what the collection keeps about its window.
        recent: what was opened last.
        foreign: whether the bundled encoder looks at images that are not the demo study.
        show_patient_details: whether names and ids may be seen; never at the start.

    Signals:
        collection_changed(), encoder_changed(), selection_changed(), shown_changed(),
        query_changed(), layout_changed(), labels_changed(): read the state anew.
        opening_changed(): something began or ceased to be opened.
        opened(): a collection is open, whole; what follows from it has been started.
        patient_details_changed(): names and ids are to be shown, or hidden.
    """

    collection_changed = Signal()
    encoder_changed = Signal()
    selection_changed = Signal()
    shown_changed = Signal()
    query_changed = Signal()
    layout_changed = Signal()
    labels_changed = Signal()
    opening_changed = Signal()
    opened = Signal()
    patient_details_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runner = JobRunner(self)
        self.messages = Messages(self)
        self.kept = KeptState(self.runner, self)
        self.model: str | None = None  # the encoder asked for on the command line
        self.show_patient_details = False
        self._clear()
        self.columns = Columns(self)
        self._opening = Opening(self)
        self._asking = Asking(self)
        self.recent = self._opening.recent

    def _clear(self) -> None:
        self.content: background.Opened | None = None
        self.images = ImageTable()
        self.ct_window = DEFAULT
        self.encoder: Encoder | None = None
        self.encoder_note = ""
        self.encoder_id = ""
        self.selection = Selection()
        self.shown: np.ndarray = np.ones(0, dtype=bool)
        self.query = QueryState()
        self.layout = LayoutState()
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
    def title(self) -> str:
        """What to call what is open, without naming a patient; "" where nothing is."""
        return "Demo study" if self.demo else "" if self.content is None else self.content.title

    @property
    def foreign(self) -> bool:
        """Whether the bundled encoder looks at images that are not the demo study."""
        bundled = self.encoder_id == background.BUNDLED
        return bundled and self.content is not None and not self.demo

    # Intents about what is open

    def open(self, path: Path) -> None:
        """Open a collection, or index a folder or file and open what comes of it."""
        self._opening.open(path)

    def reopen(self) -> None:
        """Open what was open when the program ended last, if it should and can be."""
        self._opening.reopen()

    def open_demo(self) -> None:
        """Open the demo study as on its first day; it is made first if need be."""
        self.recent.leave()
        self._opening.open_demo(reset=False)

    def reset_demo(self) -> None:
        """Make the demo study anew, and open it."""
        self._opening.open_demo(reset=True)

    def close(self) -> None:
        """Close the collection, or stop opening one; back to the welcome page."""
        self.recent.leave()
        self.begin("")

    def begin(self, opening: str, *, demo: bool = False) -> None:
        """Leave what is open, and say what is being opened instead ("" for nothing)."""
        self.kept.leave()
        for key in _KEYS:
            self.runner.cancel(key)
        self._clear()
        self.demo, self.opening = demo, opening
        for changed in (
            self.collection_changed,
            self.encoder_changed,
            self.shown_changed,
            self.selection_changed,
            self.query_changed,
            self.layout_changed,
            self.labels_changed,
            self.opening_changed,
        ):
            changed.emit()

    def take(self, content: background.Opened) -> None:
        """Show a collection, or more of it; the selection stays as far as it goes."""
        self.content, self.images, self.ct_window = content, content.images, content.ct_window
        self.shown = np.ones(len(self.images), dtype=bool)
        self.collection_changed.emit()
        self.shown_changed.emit()

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

    # Intents about the selection and the filter

    def select(self, ids: Iterable[str], current: str | None = None) -> None:
        """Select images; `current` goes into the viewer.

        Without `current`: the only one of `ids`, or the present one where it is among them.
        Unknown ids are left out.
        """
        known = frozenset(key for key in ids if key in self.images.row_of)
        if current is None and len(known) == 1:
            current = next(iter(known))
        elif current is None and self.selection.current in known:
            current = self.selection.current
        if current is not None and current not in self.images.row_of:
            current = None
        selection = Selection(known, current)
        if selection != self.selection:
            self.selection = selection
            self.kept.put("current", current)
            # a larger selection is a passing one, and would be written at every change
            self.kept.put("selection", sorted(known) if len(known) <= MOST_KEPT else [])
            self.selection_changed.emit()

    def set_shown(self, mask: np.ndarray) -> None:
        """Show only the images where `mask`, bool (N,), is true."""
        if mask.shape == self.shown.shape and not np.array_equal(mask, self.shown):
            self.shown = mask.astype(bool)
            self.shown_changed.emit()

    # Intents that ask something

    def search(self, text: str) -> None:
        """Rank the images by a text; it waits for the encoder where that is still loading."""
        text = text.strip()
        if not text:
            self.clear_query()
            return
        self.put(query=QueryState(text=text, pending=True))
        self.kept.put("query", text)
        self.kept.put("like", "")
        self._asking.search()

    def search_like(self, image_id: str) -> None:
        """Rank the images by their likeness to one of them."""
        if image_id in self.images.row_of:
            self.put(query=QueryState(like=image_id, pending=True))
            self.kept.put("query", "")
            self.kept.put("like", image_id)
            self._asking.search()

    def clear_query(self) -> None:
        """Search for nothing."""
        self.runner.cancel("query")
        self.kept.put("query", "")
        self.kept.put("like", "")
        if self.query.active:
            self.put(query=QueryState())

    def set_layout(self, **choices: Any) -> None:
        """Lay the map out anew; of `states.CHOICES`, what is not given stays."""
        self.layout = replace(self.layout, name="", **choices)
        self.kept.put("layout", list(self.layout.choices.values()))
        self._asking.lay_out()

    def set_labels(self, labels: Iterable[str], templates: str, task: str) -> None:
        """Score every image against labels; `task` is "single" or "multi"."""
        self.label_state = LabelState(tuple(labels), templates, task)
        self.kept.put("labels", [list(self.label_state.labels), templates, task])
        self._asking.classify()

    def toggle_patient_details(self) -> None:
        """Show names and ids, until the program ends, or hide them again."""
        self.show_patient_details = not self.show_patient_details
        self.recent.show_whole(self.show_patient_details)
        self.patient_details_changed.emit()

    # What follows from opening

    def keep_theme(self, name: str) -> None:
        """Keep the theme for the next start."""
        try:
            save_settings(replace(load_settings(), theme=name))
        except StorageProblem as error:
            self.messages.show_error(error)

    def follow_up(self) -> None:
        """Lay out the open collection, and load its encoder."""
        self._asking.lay_out()
        self._opening.load_encoder()

    def answer_what_waits(self) -> None:
        """Answer what was asked while the encoder was loading."""
        if self.query.active:
            self._asking.search()
        if self.label_state.labels and self.runner.running("labels") is None:
            self._asking.classify()
