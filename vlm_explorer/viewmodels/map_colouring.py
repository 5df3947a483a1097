"""What the colours of the map stand for: categories with names, or values with numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.files.header import PLAIN_STACK

if TYPE_CHECKING:
    from vlm_explorer.queries.search import SearchAnswer
    from vlm_explorer.viewmodels.image_table import ImageTable
    from vlm_explorer.viewmodels.session import Session

MOST_CATEGORIES = 24  # named ones; what is left is "other"
NEUTRAL = -1  # the colour of "other" and of what has no category
STEPS = 256  # of the ramp
_LOWEST = 0.02  # quantile of the values at which the ramp begins


class ColourBy(StrEnum):
    """What points are coloured by."""

    MODALITY = "modality"
    LABEL = "label"
    SERIES = "series"
    PATIENT = "patient"
    ZERO_SHOT = "zero-shot label"
    SIMILARITY = "similarity"


@dataclass(frozen=True, slots=True)
class Category:
    """A category of the legend.

    Attributes:
        key: unique among the categories of one colouring.
        title: what the legend calls it.
        colour: index into the theme's categories, or NEUTRAL.
    """

    key: str
    title: str
    colour: int


@dataclass(frozen=True, slots=True)
class Ramp:
    """A scale of values: what lies outside `low` to `high` has the end's colour."""

    title: str
    low: float
    high: float
    clipped: bool  # whether there are values below `low`


@dataclass(frozen=True, slots=True, eq=False)
class Colouring:
    """A code for each image, and what the codes mean.

    Attributes:
        codes: uint8 (N,), a row of `categories`, or a step of the ramp, 0 to STEPS - 1.
        categories: empty where there is a ramp.
        ramp: None where there are categories.
    """

    by: ColourBy
    codes: NDArray[np.uint8]
    categories: tuple[Category, ...] = ()
    ramp: Ramp | None = None


class ColourChoice:
    """What the user colours by, and what a prompt put in its place for a while.

    Attributes:
        by: what points are coloured by.
    """

    def __init__(self) -> None:
        self.by = ColourBy.MODALITY
        self._before: ColourBy | None = None

    def choose(self, by: ColourBy) -> None:
        """Colour by what the user wants."""
        self.by, self._before = by, None

    def warm_up(self) -> None:
        """Colour by similarity, for as long as something is searched for."""
        if self.by is not ColourBy.SIMILARITY:
            self.by, self._before = ColourBy.SIMILARITY, self.by

    def cool_down(self, possible: Mapping[ColourBy, bool]) -> None:
        """Go back from similarity to what was there before."""
        if self.by is ColourBy.SIMILARITY:
            self.choose(self._before or ColourBy.MODALITY)
            self.keep_possible(possible)

    def keep_possible(self, possible: Mapping[ColourBy, bool]) -> None:
        """Colour by something else where the present choice cannot be had."""
        if not possible[self.by]:
            self.choose(next((by for by in ColourBy if possible[by]), ColourBy.MODALITY))


def available(session: Session) -> dict[ColourBy, bool]:
    """Return what the images can be coloured by now."""
    images = session.images
    return {
        ColourBy.MODALITY: any(images.modality),
        ColourBy.LABEL: any(images.label),
        ColourBy.SERIES: any(images.series),
        ColourBy.PATIENT: any(images.patient),
        ColourBy.ZERO_SHOT: session.label_state.answer is not None,
        ColourBy.SIMILARITY: session.query.answer is not None,
    }


def colouring_of(by: ColourBy, session: Session) -> Colouring:
    """Return the images' colours; what cannot be had gives one category without a name."""
    images = session.images
    label_answer, answer = session.label_state.answer, session.query.answer
    if by is ColourBy.SIMILARITY and answer is not None and len(answer.cosine) == len(images):
        return _by_similarity(answer, _prompt_title(session))
    scored = label_answer is not None and len(label_answer.probability) == len(images)
    if by is ColourBy.ZERO_SHOT and label_answer is not None and scored:
        return _by_category(by, label_answer.best, order=label_answer.labels)
    if by is ColourBy.SERIES:
        return _by_category(by, images.series, _series_titles(images))
    if by is ColourBy.PATIENT:
        return _by_category(by, images.patient, images.patient_titles)
    if by in (ColourBy.MODALITY, ColourBy.LABEL):
        return _by_category(by, images.modality if by is ColourBy.MODALITY else images.label)
    return _by_category(by, np.full(len(images), "", object))


def _by_category(
    by: ColourBy,
    values: NDArray[np.object_],
    titles: Mapping[str, str] | None = None,
    order: Sequence[str] | None = None,
) -> Colouring:
    """Return codes by category: the commonest first, or in the order given.

    A given order also fixes the colours, which then do not depend on what occurs.
    """
    names, number_of = _factorise(values)
    counts = np.bincount(number_of, minlength=len(names))
    ranked = sorted(range(len(names)), key=lambda i: (-counts[i], names[i]))
    if order is not None:
        place = {name: number for number, name in enumerate(order)}
        ranked.sort(key=lambda i: place.get(names[i], len(place)))
    filled = [number for number in ranked if names[number]]
    named = filled if len(filled) <= MOST_CATEGORIES + 1 else filled[:MOST_CATEGORIES]
    rest = filled[len(named) :]
    colours = {name: colour for colour, name in enumerate(order or [names[i] for i in named])}
    categories = [
        Category(names[i], titles[names[i]] if titles else names[i], colours[names[i]])
        for i in named
    ]
    code_of = np.zeros(max(len(names), 1), np.uint8)
    code_of[named] = np.arange(len(named))
    if rest:
        code_of[rest] = len(categories)
        categories.append(Category("\0other", f"other ({len(rest)})", NEUTRAL))
    if "" in names:
        code_of[names.index("")] = len(categories)
        categories.append(Category("", f"no {by.value}", NEUTRAL))
    return Colouring(by, code_of[number_of], tuple(categories))


def _factorise(values: NDArray[np.object_]) -> tuple[list[str], NDArray[np.intp]]:
    """Return the distinct values in order of appearance, and the number of each value."""
    numbers: dict[str, int] = {}
    coded = (numbers.setdefault(value, len(numbers)) for value in values)
    number_of = np.fromiter(coded, np.intp, len(values))
    return list(numbers), number_of


def _by_similarity(answer: SearchAnswer, title: str) -> Colouring:
    """Return codes along the ramp; half the scale would be lost to the few lowest values.

    Images that have no cosine are as cold as the coldest.
    """
    known = answer.cosine[np.isfinite(answer.cosine)]
    if not len(known):
        return Colouring(
            ColourBy.SIMILARITY,
            np.zeros(len(answer.cosine), np.uint8),
            ramp=Ramp(title, 0, 1, False),
        )
    low, high = float(np.quantile(known, _LOWEST)), float(known.max())
    span = high - low
    cosine = np.nan_to_num(answer.cosine, nan=low)
    share = (cosine - low) / span if span > 0 else np.ones_like(cosine)
    codes = np.rint(np.clip(share, 0, 1) * (STEPS - 1)).astype(np.uint8)
    clipped = float(known.min()) < low
    return Colouring(ColourBy.SIMILARITY, codes, ramp=Ramp(title, low, high, clipped))


def _prompt_title(session: Session) -> str:
    query = session.query
    if query.like is not None and query.like in session.images.row_of:
        return f"cosine to {session.images.name_of(session.images.row_of[query.like])}"
    return f"cosine to “{query.text}”"


def _series_titles(images: ImageTable) -> dict[str, str]:
    """Return "Patient 3 · series 2 · MR" by key, or the folder's name for plain images."""
    titles: dict[str, str] = {}
    for row, key in enumerate(images.series):
        if key in titles:
            continue
        name = images.series_of[images.ids[row]][1].name
        patient = ""
        if images.stack[row] != PLAIN_STACK:
            name, patient = name.lower(), images.patient_titles[images.patient[row]]
        titles[key] = " · ".join(part for part in (patient, name, images.modality[row]) if part)
    return titles
