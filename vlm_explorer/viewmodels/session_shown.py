"""What of the open collection is selected, and what is shown of it."""

from __future__ import annotations

from collections.abc import Iterable, Set

import numpy as np

from vlm_explorer.viewmodels.filters import Filter, dragging, text_of
from vlm_explorer.viewmodels.history import History, typing
from vlm_explorer.viewmodels.image_ids import ImageIds
from vlm_explorer.viewmodels.kept_state import KeptState
from vlm_explorer.viewmodels.session_state import SessionState
from vlm_explorer.viewmodels.states import Selection

MOST_KEPT = 2000  # images of a selection that are selected again when the window reopens


class SessionShown(SessionState):
    """The intents about selection and filters; each is a step that can be undone.

    Attributes:
        history: undo and redo.
        kept: what the collection keeps about its window.
    """

    history: History
    kept: KeptState

    def select(self, ids: Iterable[str], current: str | None = None) -> None:
        """Select images; `current` goes into the viewer.

        Without `current`: the only one of `ids`, or the present one where it is among them.
        Unknown ids are left out.
        """
        known: Set[str]
        if isinstance(ids, ImageIds) and ids.images is self.images:
            known = ids
        else:
            known = frozenset(key for key in ids if key in self.images.row_of)
        if current is None and len(known) == 1:
            current = next(iter(known))
        elif current is None and self.selection.current in known:
            current = self.selection.current
        if current is not None and current not in self.images.row_of:
            current = None
        self.set_selection(Selection(known, current))

    def select_mask(self, mask: np.ndarray, current: str | None) -> None:
        """Select the images where `mask`, bool (N,), is true; it is not to be changed any more."""
        self.set_selection(Selection(ImageIds(self.images, mask), current))

    def set_selection(self, selection: Selection) -> None:
        """Select exactly this; its ids are those of images."""
        if selection == self.selection:
            return
        with self.history.step():
            ids, self.selection = selection.ids, selection
            self.kept.put("current", selection.current)
            # a larger selection is a passing one, and would be written at every change
            self.kept.put("selection", sorted(ids) if len(ids) <= MOST_KEPT else [])
            self.selection_changed.emit()

    def set_only_selected(self, only: bool) -> None:
        """Show only what is selected, as long as anything is, or all that filters let through."""
        if only != self.only_selected:
            self.only_selected = only
            self.selection_changed.emit()

    def set_filter(self, filter_: Filter) -> None:
        """Show only what a filter lets through, too; it takes the place of the one of its key."""
        kept = [filter_ if each.key == filter_.key else each for each in self.filters]
        self.set_filters((*kept, filter_) if filter_ not in kept else tuple(kept))

    def remove_filter(self, key: str) -> None:
        """Do without the filter of that key."""
        self.set_filters(tuple(each for each in self.filters if each.key != key))

    def clear_filters(self) -> None:
        """Show everything."""
        self.set_filters(())

    def apply_filters_anew(self) -> None:
        """Ask every filter again: what they look at has changed, such as a column's values."""
        self._masks.forget()
        self._apply_filters()

    def set_filters(self, filters: tuple[Filter, ...]) -> None:
        """Filter by exactly these; none is kept on disk, as the words may be a name."""
        if filters == self.filters:
            return
        before, text = text_of(self.filters), text_of(filters)
        with self.history.step(typing("filter", before, text) or dragging(self.filters, filters)):
            self.filters = filters
            self._apply_filters()
            self.filters_changed.emit()

    def _apply_filters(self) -> None:
        mask = self._masks.of(self.filters, self.images)
        if not np.array_equal(mask, self.shown):
            self.shown = mask
            self.shown_changed.emit()
