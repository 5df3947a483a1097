"""Finds the places of texts on the map: at once among images, off the GUI thread among texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.analysis.placing import (
    Placement,
    TextsOfMap,
    place_among_all,
    place_among_images,
    shares_texts,
)
from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.map_places import Places

if TYPE_CHECKING:
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.viewmodels.session import Session


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """A text that wants a place.

    Attributes:
        owner: the answer that it is part of; the same part of the same answer is placed once.
        number: which part.
        vector: float32 (D,); where it is empty, images alone decide.
        cosine: (N,), to every image.
        model: id of the encoder that read it; by another one's layout, images alone decide.
    """

    owner: object
    number: int
    vector: NDArray[np.floating]
    cosine: NDArray[np.floating]
    model: str

    @property
    def key(self) -> tuple[int, int]:
        """Which text this is, as long as the owner is held."""
        return id(self.owner), self.number


_Known = dict[tuple[int, int], tuple[Wish, Placement | None]]


class StarPlaces(QObject):
    """Places texts by their neighbours in the space of the layout in use.

    A place that takes no look at other texts is found at once. Else it is found by a job, and a
    star stays where it was until then.

    Signals:
        found(): more places are known.
    """

    found = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._answer: LayoutAnswer | None = None
        self._places: Places | None = None
        self._texts: TextsOfMap | None = None
        self._reading = False
        self._known: _Known = {}

    @property
    def beyond(self) -> bool:
        """Whether texts stand beside the images: in the raw space where none are laid out."""
        answer = self._answer
        return answer is not None and answer.request.space == "raw" and not len(answer.texts)

    @property
    def among_texts(self) -> bool:
        """Whether places are found among texts too, which takes a job."""
        return self._texts is not None

    @property
    def centred(self) -> bool:
        """Whether places are found by neighbours in the centred space."""
        return self._texts is not None and self._texts.centred

    def take(self, answer: LayoutAnswer | None, places: Places) -> None:
        """Go by another layout from now on."""
        self._places = places
        self._known = {}
        if answer is self._answer:
            return
        self._answer, self._texts = answer, None
        content, self._reading = self._session.content, False
        if answer is None or content is None or not content.model:
            return
        self._reading = shares_texts(answer.request.space, len(answer.texts))
        if self._reading:
            self._session.runner.start(
                texts_of, content.collection, answer, title="Reading the captions of the map",
                key=f"texts of map {id(self)}", lane="io",
                on_success=self._take_texts, on_failure=self._do_without,
            )  # fmt: skip

    def follow(self, places: Places, text_xy: NDArray[np.float32]) -> None:
        """Let texts go with those among which they were placed."""
        self._places = places
        if self._texts is not None:
            if len(self._texts.xy) != len(text_xy):
                return  # prompts were laid out with the captions: stars wait for the end
            self._texts = replace(self._texts, xy=text_xy)
        self._known = {
            key: (wish, None if place is None else place.moved(places.image_xy, text_xy))
            for key, (wish, place) in self._known.items()
        }

    @Slot(object)
    def _take_texts(self, found: tuple[LayoutAnswer, TextsOfMap | None]) -> None:
        answer, texts = found
        if answer is self._answer:
            self._reading, self._texts, self._known = False, texts, {}
            self.found.emit()

    @Slot(object)
    def _do_without(self, error: Exception) -> None:
        """Place texts among images alone."""
        self._reading = False
        self._session.messages.show_error(error)
        self.found.emit()

    def places_of(self, wishes: Sequence[Wish]) -> list[Placement | None]:
        """Return where texts stand, as far as that is known yet."""
        if self._reading or self._places is None:
            return [None] * len(wishes)
        missing = [wish for wish in wishes if wish.key not in self._known]
        slow = [wish for wish in missing if self._shares_texts(wish)]
        xy = self._places.image_xy
        for wish in missing:
            if wish not in slow:
                place = place_among_images(wish.cosine, xy, beyond=self.beyond)
                self._known[wish.key] = wish, place
        if slow:
            self._session.runner.start(
                find_places, slow, xy, self._texts, title="Placing the prompt",
                key=f"stars of map {id(self)}", on_success=self._take_places,
            )  # fmt: skip
        self._known = {
            wish.key: self._known[wish.key] for wish in wishes if wish.key in self._known
        }
        return [self._known.get(wish.key, (wish, None))[1] for wish in wishes]

    def _shares_texts(self, wish: Wish) -> bool:
        if self._texts is None or self._answer is None:
            return False
        return len(wish.vector) > 0 and wish.model == self._answer.model

    @Slot(object)
    def _take_places(self, found: tuple[TextsOfMap, _Known]) -> None:
        texts, known = found
        if self._texts is None or self._places is None or texts.vectors is not self._texts.vectors:
            return
        if texts is not self._texts:  # the points have moved on meanwhile
            here, there = self._places.image_xy, self._texts.xy
            known = {
                key: (wish, None if place is None else place.moved(here, there))
                for key, (wish, place) in known.items()
            }
        self._known |= known
        self.found.emit()


def texts_of(
    collection: Collection, answer: LayoutAnswer, *, context: JobContext
) -> tuple[LayoutAnswer, TextsOfMap | None]:
    """Read the texts that others are placed among (worker thread)."""
    from vlm_explorer.queries.placing import texts_of_map

    return answer, texts_of_map(collection, answer, context=context)


def find_places(
    wishes: list[Wish], image_xy: NDArray[np.float32], texts: TextsOfMap, *, context: JobContext
) -> tuple[TextsOfMap, _Known]:
    """Place texts among images and texts (worker thread)."""
    found: _Known = {}
    for wish in wishes:
        context.check()
        found[wish.key] = wish, place_among_all(wish.vector, wish.cosine, image_xy, texts)
    return texts, found
