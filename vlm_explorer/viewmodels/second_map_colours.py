"""Both maps coloured by overlap, and back again to what they were coloured by before."""

from __future__ import annotations

import numpy as np

from vlm_explorer.viewmodels import second_map_words
from vlm_explorer.viewmodels.columns import COMPUTED, Column
from vlm_explorer.viewmodels.map_model import MapModel

OVERLAP = "overlap"  # the key of the column


class OverlapColours:
    """How far neighbours agree, as the colour of the first map, which the second one follows.

    Attributes:
        wanted: whether to colour by overlap as soon as that is known.
    """

    def __init__(self, first: MapModel) -> None:
        self._first, self._session = first, first.session
        self.forget()

    def forget(self) -> None:
        """Begin anew, for another collection."""
        self.wanted = False
        self._before: str | None = None  # what was coloured by before

    @property
    def shown(self) -> bool:
        """Whether the maps are coloured by overlap."""
        return self._first.colour_by == OVERLAP

    def set_wanted(self, wanted: bool) -> None:
        """Colour by overlap, or as before."""
        self.wanted = wanted
        if wanted and OVERLAP in self._first.available():
            self._before = self._first.colour_by
            self._first.set_colour_by(OVERLAP)
        elif self.shown and self._before is not None:
            self._first.set_colour_by(self._before)

    def keep_wanted(self) -> None:
        """Colour by the overlap that is about to be found, if by the one that was."""
        self.wanted = self.wanted or self.shown

    def take(self, overlap: np.ndarray) -> None:
        """Offer the overlap that was found, float64 (N,)."""
        words = second_map_words
        column = Column(OVERLAP, words.TITLE, overlap, group=COMPUTED, note=words.NOTE)
        self._session.columns.add(column)

    def show(self) -> None:
        """Colour by overlap where that is wanted and known."""
        if not self.wanted:
            return
        if OVERLAP in self._first.available() and not self.shown:
            self._before = self._first.colour_by
            with self._session.history.unrecorded():  # it follows from opening the second map
                self._first.set_colour_by(OVERLAP)
        self.wanted = False

    def leave(self) -> None:
        """Take the overlap away, and colour as before."""
        with self._session.history.unrecorded():  # it follows from closing the second map
            if self.shown and self._before is not None:
                self._first.set_colour_by(self._before)
            self._session.columns.remove(OVERLAP)
        self._before = None
