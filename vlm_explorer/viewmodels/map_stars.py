"""Where prompts and labels stand on the map, and how that was decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.analysis.placing import Placement
from vlm_explorer.viewmodels import map_words
from vlm_explorer.viewmodels.map_places import Places
from vlm_explorer.viewmodels.star_places import StarPlaces, Wish

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session
    from vlm_explorer.viewmodels.states import QueryState

_UNKNOWN = np.empty(0, np.float32)


class StarKind(StrEnum):
    """What a star stands for."""

    PROMPT = "prompt"
    IMAGE = "image"
    LABEL = "label"
    PIN = "pin"


LIVE = (StarKind.PROMPT, StarKind.IMAGE)  # what is searched for


NO_MATCH = "no match"


@dataclass(frozen=True, slots=True)
class Star:
    """A prompt, a label, or the image that others are compared with.

    Attributes:
        words: what stands beside it.
        x, y: world coordinates.
        note: how it came to its place.
        pending: whether a newer answer is on its way.
        matches: whether the prompt finds more than unrelated ones do; None if not known.
        number: of a label, its place in the label set; of a pin its number; else 0.
        links: rows of the images nearest to it, best first, to which thin lines lead.
    """

    kind: StarKind
    words: str
    x: float
    y: float
    note: str
    pending: bool = False
    number: int = 0
    matches: bool | None = None
    links: tuple[int, ...] = ()

    @property
    def quiet(self) -> bool:
        """Whether it says little: a newer answer is on its way, or there is no match."""
        return self.pending or self.matches is False


def stars_of(
    session: Session, places: Places, prompt: QueryState, finder: StarPlaces
) -> tuple[Star, ...]:
    """Return the stars of a prompt, of pinned ones, and of the session's labels, in this order.

    A star whose place is not known yet is left out.
    """
    pinned = _pin_wishes(session, prompt)
    texts = [*_prompt_wishes(prompt), *pinned, *_label_wishes(session)]
    found = finder.places_of([wish for _, wish in texts])
    stars = [
        _placed(star, place, places, finder) for (star, _), place in zip(texts, found, strict=True)
    ]
    image = _image_star(session, places, prompt)
    return tuple(star for star in (image, *stars) if star is not None)


def _image_star(session: Session, places: Places, prompt: QueryState) -> Star | None:
    if prompt.like is None:
        return None
    row = session.images.row_of.get(prompt.like)
    if row is None or not np.isfinite(places.image_xy[row]).all():
        return None
    name = "like this image"  # not its file name, which can hold a patient's
    x, y = (float(value) for value in places.image_xy[row])
    return Star(StarKind.IMAGE, name, x, y, "the image itself", prompt.pending)


_Text = tuple[Star, Wish]


def _prompt_wishes(prompt: QueryState) -> list[_Text]:
    answer = prompt.answer
    if answer is None or prompt.like is not None:
        return []
    star = Star(
        StarKind.PROMPT,
        prompt.words if prompt.terms else prompt.text,
        0,
        0,
        "",
        prompt.pending,
        matches=answer.matches,
    )
    return [(star, Wish(answer, 0, answer.vector, answer.cosine, answer.model))]


def _pin_wishes(session: Session, prompt: QueryState) -> list[_Text]:
    """Return the pins; not the one that is searched for, which has a star already."""
    wishes = []
    for pin in session.pins.items:
        answer = session.pins.answer(pin)
        if answer is not None and (prompt.terms or pin.text != prompt.text):
            star = Star(StarKind.PIN, pin.name, 0, 0, "", number=pin.number)
            wishes.append((star, Wish(answer, 0, answer.vector, answer.cosine, answer.model)))
    return wishes


def _label_wishes(session: Session) -> list[_Text]:
    answer = session.label_state.answer
    if answer is None:
        return []
    known = len(answer.vectors) == len(answer.labels)
    return [
        (
            Star(StarKind.LABEL, label, 0, 0, "", number=number),
            Wish(
                answer, number, answer.vectors[number] if known else _UNKNOWN,
                answer.cosine[:, number],
                answer.model,
            ),
        )
        for number, label in enumerate(answer.labels)
    ]  # fmt: skip


def _placed(star: Star, place: Placement | None, places: Places, finder: StarPlaces) -> Star | None:
    """Return a star at its place; where its words are laid out, at the place of these."""
    links = () if place is None or star.kind is not StarKind.PROMPT else place.images
    if star.words in places.words:
        text = np.flatnonzero(places.text == places.words.index(star.words))[0]
        x, y = (float(value) for value in places.xy[text])
        if not np.isfinite(x):  # it is placed in the end
            return None
        return replace(star, x=x, y=y, note="laid out with the images", links=links)
    if place is None or not np.isfinite((place.x, place.y)).all():
        return None
    note = map_words.star_note(place, centred=finder.centred)
    return replace(star, x=place.x, y=place.y, note=note, links=links)
