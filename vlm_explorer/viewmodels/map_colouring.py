"""What the colours of the map stand for: categories with names, or values with numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.viewmodels.columns import Column
from vlm_explorer.viewmodels.map_ramp import Ramp, RampStyle, ramp_codes
from vlm_explorer.viewmodels.score_columns import SIMILARITY, ZERO_SHOT

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session

__all__ = ["Category", "ColourBy", "ColourChoice", "ColourStyle", "Colouring", "Ramp"]

MOST_CATEGORIES = 24  # named ones; what is left is "other": the eye tells no more apart
_MOST_TIES = 1000  # equally common categories that are sorted by name
NEUTRAL = -1  # the colour of "other" and of what has no category
OTHER = "\0other"  # key of the category of what is left


class ColourBy(StrEnum):
    """Keys of the columns that most collections have; any column can be coloured by."""

    MODALITY = "modality"
    LABEL = "label"
    SERIES = "series"
    PATIENT = "patient"
    ZERO_SHOT = ZERO_SHOT
    SIMILARITY = SIMILARITY


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


@dataclass(frozen=True, slots=True, eq=False)
class Colouring:
    """A code for each image, and what the codes mean.

    Attributes:
        by: key of the column.
        codes: uint8 (N,), a row of `categories`; or a step of the ramp, 1 to STEPS - 1, and 0 for
            what has no value.
        categories: empty where there is a ramp.
        ramp: None where there are categories.
    """

    by: str
    codes: NDArray[np.uint8]
    categories: tuple[Category, ...] = ()
    ramp: Ramp | None = None


@dataclass(frozen=True, slots=True)
class ColourStyle:
    """The user's colours of one column.

    Attributes:
        colours: of categories by `style_key`, indices into the theme's categories.
        ramp: palette and centre of a scale.
    """

    colours: Mapping[str, int] = field(default_factory=dict)
    ramp: RampStyle = field(default_factory=RampStyle)


def style_key(category: str) -> str:
    """Return what stands for a category where its colour is kept: descriptions are free text."""
    return hashlib.blake2b(category.encode(), digest_size=8).hexdigest()


class ColourChoice:
    """What the user colours by, and what a prompt put in its place for a while.

    Attributes:
        by: key of the column that points are coloured by.
    """

    def __init__(self) -> None:
        self.by: str = ColourBy.MODALITY
        self._before: str | None = None

    def choose(self, by: str) -> None:
        """Colour by what the user wants."""
        self.by, self._before = by, None

    @property
    def state(self) -> tuple[str, str | None]:
        """What points are coloured by, and by what when nothing is searched for any more."""
        return self.by, self._before

    def recall(self, state: tuple[str, str | None], *, answered: bool) -> None:
        """Colour as before; by similarity only where a search is `answered`, else in a moment."""
        self.by, self._before = state
        if self.by == ColourBy.SIMILARITY and not answered:
            self.choose(self._before or ColourBy.MODALITY)

    def warm_up(self) -> None:
        """Colour by similarity, for as long as something is searched for."""
        if self.by != ColourBy.SIMILARITY:
            self.by, self._before = ColourBy.SIMILARITY, self.by

    def cool_down(self, possible: Collection[str]) -> None:
        """Go back from similarity to what was there before."""
        if self.by == ColourBy.SIMILARITY:
            self.choose(self._before or ColourBy.MODALITY)
            self.keep_possible(possible)

    def keep_possible(self, possible: Collection[str]) -> None:
        """Colour by something else where the present choice cannot be had."""
        if self.by not in possible:
            self.choose(next((by for by in ColourBy if by in possible), ColourBy.MODALITY))


def colouring_of(by: str, session: Session, style: ColourStyle | None = None) -> Colouring:
    """Return the images' colours; what cannot be had gives one category without a name."""
    column = session.columns.get(by)
    if column is None:
        nothing = np.full(len(session.images), "", object)
        column = Column(by, by, nothing)
    return colour(column, style or ColourStyle())


def colour(column: Column, style: ColourStyle) -> Colouring:
    """Return the colours of a column's values."""
    if column.is_number:
        codes, ramp = ramp_codes(column, style.ramp)
        return Colouring(column.key, codes, ramp=ramp)
    return _by_category(column, style.colours)


def _by_category(column: Column, chosen: Mapping[str, int]) -> Colouring:
    """Return codes by category: the commonest first, or in the column's order.

    A given order also fixes the colours, which then do not depend on what occurs.
    """
    names, number_of = column.coded.names, column.coded.numbers
    counts, blank = column.coded.counts, column.coded.blank
    named, rest = _ranked(column, counts)
    colours = {name: number for number, name in enumerate(column.order)}
    for i in named:
        colours.setdefault(names[i], len(colours))
    for i in named if chosen else ():
        colours[names[i]] = chosen.get(style_key(names[i]), colours[names[i]])
    categories = [
        Category(names[i], column.titles.get(names[i], names[i]), colours[names[i]]) for i in named
    ]
    code_of = np.zeros(max(len(names), 1), np.uint8)
    code_of[named] = np.arange(len(named))
    if len(rest):
        code_of[rest] = len(categories)
        categories.append(Category(OTHER, f"other ({len(rest):,})", NEUTRAL))
    if blank is not None and counts[blank]:
        code_of[blank] = len(categories)
        categories.append(Category("", f"no {column.title}", NEUTRAL))
    return Colouring(column.key, code_of[number_of], tuple(categories))


def _ranked(column: Column, counts: NDArray[np.integer]) -> tuple[list[int], NDArray[np.intp]]:
    """Return the categories that have names in the legend, in their order, and the others.

    Of equally common ones the first by name come first; of very many such, those seen first.
    """
    names = column.coded.names
    filled = counts > 0
    if column.coded.blank is not None:
        filled[column.coded.blank] = False
    found = np.flatnonzero(filled)
    if column.order:
        place = {name: number for number, name in enumerate(column.order)}
        kept = sorted(found.tolist(), key=lambda i: (place.get(names[i], len(place)), names[i]))
        return _split(np.array(kept, np.intp))
    by_count = found[np.argsort(-counts[found], kind="stable")]
    if len(by_count) > MOST_CATEGORIES:
        least = counts[by_count[MOST_CATEGORIES]]
        first = by_count[: max(MOST_CATEGORIES + 1, int((counts[by_count] >= least).sum()))]
        first = first[:_MOST_TIES]
    else:
        first = by_count
    kept = sorted(first.tolist(), key=lambda i: (-counts[i], names[i]))
    return _split(np.append(np.array(kept, np.intp), by_count[len(kept) :]))


def _split(ranked: NDArray[np.intp]) -> tuple[list[int], NDArray[np.intp]]:
    most = MOST_CATEGORIES + 1 if len(ranked) <= MOST_CATEGORIES + 1 else MOST_CATEGORIES
    return ranked[:most].tolist(), ranked[most:]
