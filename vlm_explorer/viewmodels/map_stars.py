"""Where prompts and labels stand on the map, and how that was decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.viewmodels.map_places import Places

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session
    from vlm_explorer.viewmodels.states import QueryState

NEAREST = 10  # images among which a prompt is placed


class StarKind(StrEnum):
    """What a star stands for."""

    PROMPT = "prompt"
    IMAGE = "image"
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class Star:
    """A prompt, a label, or the image that others are compared with.

    Attributes:
        words: what stands beside it.
        x, y: world coordinates.
        note: how it came to its place.
        pending: whether a newer answer is on its way.
        number: of a label, its place in the label set; else 0.
    """

    kind: StarKind
    words: str
    x: float
    y: float
    note: str
    pending: bool = False
    number: int = 0


def weighted_place(
    cosine: NDArray[np.floating],
    image_xy: NDArray[np.float32],
    nearest: int = NEAREST,
    placed: NDArray[np.bool_] | None = None,
) -> tuple[float, float, int] | None:
    """Return the mean place of the most similar images, weighted by cosine, and their number.

    A typed prompt has no place of its own in a UMAP layout: this is where its images are.
    Negative cosines weigh nothing, unless all are negative; then all weigh the same.

    Args:
        cosine: (N,), the prompt's to each image.
        image_xy: float32 (N, 2), NaN where an image has no place.
        nearest: how many images share in the place.
        placed: bool (N,), which images have a place, where that is known already.
    """
    if len(cosine) != len(image_xy):
        return None
    there = np.isfinite(image_xy).all(axis=1) if placed is None else placed
    usable = there & np.isfinite(cosine)
    count = int(usable.sum())
    if not count:
        return None
    among = np.where(usable, cosine, -np.inf)
    least = -np.inf
    if count > nearest:  # sorting all of very many would hold up the window
        least = float(np.partition(among, len(among) - nearest)[len(among) - nearest])
    rows = np.flatnonzero(usable & (among >= least))
    best = rows[np.argsort(-among[rows], kind="stable")[:nearest]]
    weight = np.maximum(cosine[best].astype(np.float64), 0.0)
    if weight.sum() <= 0:
        weight = np.ones(len(best))
    x, y = weight @ image_xy[best].astype(np.float64) / weight.sum()
    return float(x), float(y), len(best)


def stars_of(session: Session, places: Places, prompt: QueryState) -> tuple[Star, ...]:
    """Return the stars of a prompt and of the session's labels, the prompt first."""
    star = _prompt_star(session, places, prompt)
    labels = _label_stars(session, places)
    return (star, *labels) if star is not None else labels


def _prompt_star(session: Session, places: Places, prompt: QueryState) -> Star | None:
    if prompt.like is not None:
        row = session.images.row_of.get(prompt.like)
        if row is None or not np.isfinite(places.image_xy[row]).all():
            return None
        name = "like this image"  # not its file name, which can hold a patient's
        x, y = (float(value) for value in places.image_xy[row])
        return Star(StarKind.IMAGE, name, x, y, "the image itself", prompt.pending)
    if prompt.answer is None:
        return None
    star = _star(StarKind.PROMPT, prompt.text, prompt.answer.cosine, places)
    return None if star is None else replace(star, pending=prompt.pending)


def _label_stars(session: Session, places: Places) -> tuple[Star, ...]:
    answer = session.label_state.answer
    if answer is None:
        return ()
    stars = (
        _star(StarKind.LABEL, label, answer.cosine[:, number], places, number)
        for number, label in enumerate(answer.labels)
    )
    return tuple(star for star in stars if star is not None)


def _star(
    kind: StarKind,
    words: str,
    cosine: NDArray[np.floating],
    places: Places,
    number: int = 0,
) -> Star | None:
    if words in places.words:
        text = np.flatnonzero(places.text == places.words.index(words))[0]
        x, y = (float(value) for value in places.xy[text])
        return Star(kind, words, x, y, "laid out with the images", number=number)
    found = weighted_place(cosine, places.image_xy, placed=places.placed)
    if found is None:
        return None
    x, y, count = found
    nearest = f"its {count} nearest images" if count > 1 else "its nearest image"
    return Star(kind, words, x, y, f"placed at {nearest}", number=number)
