"""The single truth of the window: what is open, selected, searched for, laid out and labelled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject

from vlm_explorer.errors import StorageProblem
from vlm_explorer.settings import load_settings, save_settings
from vlm_explorer.viewmodels import background
from vlm_explorer.viewmodels.asking import Asking
from vlm_explorer.viewmodels.columns import Columns
from vlm_explorer.viewmodels.history import History, typing
from vlm_explorer.viewmodels.history_parts import parts_of
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.job_runner import JobRunner
from vlm_explorer.viewmodels.kept_state import KeptState
from vlm_explorer.viewmodels.labelling import Labelling
from vlm_explorer.viewmodels.messages import Messages
from vlm_explorer.viewmodels.opening import Opening
from vlm_explorer.viewmodels.pins import Pins
from vlm_explorer.viewmodels.query_kept import kept_query
from vlm_explorer.viewmodels.query_shelf import QueryShelf
from vlm_explorer.viewmodels.query_terms import QueryTerms
from vlm_explorer.viewmodels.regions import Regions
from vlm_explorer.viewmodels.score_scale import ScoreScale
from vlm_explorer.viewmodels.session_shown import SessionShown
from vlm_explorer.viewmodels.states import LabelState, LayoutState, QueryState, Selection
from vlm_explorer.viewmodels.tags import Tags
from vlm_explorer.viewmodels.truth_choice import TruthChoice
from vlm_explorer.viewmodels.truth_marks import TruthMarks

__all__ = ["ImageTable", "LabelState", "LayoutState", "QueryState", "Selection", "Session"]

# The jobs that belong to the open collection, and end with it.
_KEYS = (
    "open", "update", "peek", "encoder", "preview", "layout", "groups", "group names", "query",
    "labels", "reading", "switch", "pins", "grow", "nulls",
    "export", "trust", "trust beside", "centroids", "marks", "boxes",
    "matrix", "wording",
    "evaluate", "evaluate columns", "retrieval",
)  # fmt: skip


class Session(SessionShown):
    """Holds frozen states and replaces them; views read them and call the intents below.

    Every intent returns at once. What takes time runs as a job of `runner`; a newer request
    replaces an older one of its kind, and what fails is said through `messages`.

    Attributes:
        tags: tags and notes that the user gave to images.
        columns: what the map can be coloured, sized and filtered by.
        history: undo and redo of what these intents do.
        regions: finds and names the regions of the map.
        pins: prompts that stay on the map.
        truth: where people marked findings, and whether that is drawn over the scan.
        truth_choice: which column, or table, says what is true of the images.
        kept: what the collection keeps about its window.
        labelling: how labels are asked, in all its parts.
        terms: what is searched for, as chips.
        shelf: queries that come back whole: saved ones, and those asked before.
        recent: what was opened last.
        show_patient_details: whether names and ids may be seen; never at the start.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runner = JobRunner(self)
        self.messages = Messages(self)
        self.kept = KeptState(self.runner, self)
        self.model: str | None = None  # the encoder asked for on the command line
        self.show_patient_details = False
        self.history = History(self)
        for part in parts_of(self):
            self.history.add(part)
        self.opened.connect(self.history.clear)
        self.tags = Tags(self)
        self.columns = Columns(self)
        self.regions = Regions(self)
        self.pins = Pins(self)
        self.history.add(self.pins)
        self.truth = TruthMarks(self, self.runner, self)
        self.truth_choice = TruthChoice(self)
        self.terms = QueryTerms(self)
        self.shelf = QueryShelf(self)
        self._opening = Opening(self)
        self._asking = Asking(self)
        self.labelling = Labelling(self)
        self.scale = ScoreScale(self)
        self.recent = self._opening.recent

    # Intents about what is open

    def open(self, path: Path) -> None:
        """Open a collection, or index a folder or file and open what comes of it."""
        self._opening.open(path)

    def reopen(self) -> None:
        """Open what was open when the program ended last, if it should and can be."""
        self._opening.reopen()

    @property
    def cut_short(self) -> bool:
        """Whether indexing what is open was stopped, so that there may be more of it."""
        return self.content is not None and self._opening.cut_short

    def index_the_rest(self) -> None:
        """Go on with the indexing that was stopped."""
        self._opening.go_on()

    def take_update(self, content: background.Opened) -> None:
        """Show what a further run over the sources of the open collection changed, if anything."""
        self._opening.take_update(content)

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
            self.filters_changed,
            self.shown_changed,
            self.selection_changed,
            self.query_changed,
            self.layout_changed,
            self.labels_changed,
            self.opening_changed,
        ):
            changed.emit()
        self.history.clear()

    def take(self, content: background.Opened) -> None:
        """Show a collection, or more of it; the selection stays as far as it goes."""
        others = not np.array_equal(content.images.ids, self.images.ids)
        self.content, self.images, self.ct_window = content, content.images, content.ct_window
        self.shown = self._masks.of(self.filters, self.images)
        self.collection_changed.emit()
        self.shown_changed.emit()
        if others:
            self.history.clear()

    # Intents that ask something

    def search(self, text: str) -> None:
        """Rank the images by a text, and by what else is searched for; without both by nothing.

        It waits for the encoder where that is still loading.
        """
        text = text.strip()
        burst = typing("search", self.query.text, text) if text else ""
        self.ask(replace(self.query.asked, text=text, like=None), burst)

    def search_like(self, image_id: str) -> None:
        """Rank the images by their likeness to one of them."""
        if image_id in self.images.row_of:
            self.ask(replace(self.query.nothing, like=image_id))

    def clear_query(self) -> None:
        """Search for nothing."""
        self.ask(self.query.nothing)

    def ask(self, query: QueryState, burst: str = "") -> None:
        """Rank the images by a query, whole; it takes the place of the one before."""
        if not query.active:
            self.runner.cancel("query")
        for name, value in kept_query(query, self.images).items():
            self.kept.put(name, value)
        if not query.active and query == self.query:
            return
        with self.history.step(burst):
            self.put(query=replace(query.asked, pending=query.active))
            if query.active:
                self._asking.search()

    def set_layout(self, **choices: Any) -> None:
        """Lay the map out anew; of `states.CHOICES`, what is not given stays.

        With a `name` it is the layout kept under it that is shown, as it was.
        """
        with self.history.step():
            self.lay_out_again(replace(self.layout, **{"name": "", "answer": None, **choices}))

    def put_layout(self, layout: LayoutState) -> None:
        """Show another layout, or what has become known of this one."""
        self.put(layout=layout)

    def lay_out_again(self, layout: LayoutState) -> None:
        """Lay the map out as it was; at once where the answer is at hand."""
        answer, shown = layout.answer, self.layout
        self.layout = replace(layout, answer=shown.answer, trust=shown.trust)
        self.kept.put("layout", list(layout.choices.values()))
        self.kept.put("layout name", layout.name)
        if answer is not None:
            self._asking.show(answer)
        else:
            self._asking.lay_out()

    def set_labels(self, labels: Iterable[str], templates: str, task: str) -> None:
        """Score every image against labels; `task` is "single" or "multi"."""
        self.labelling.set_labels(labels, templates, task)

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
            self.labelling.classify()
