"""Columns of tags: which an image has, each tag by itself, and whether something is noted.

What a note says is no column: it may hold names, and a legend goes into figures.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.queries.tags import NUMBERS, Tagging
from vlm_explorer.viewmodels.arrow_columns import Coded, texts_of
from vlm_explorer.viewmodels.columns import TAGS, Column, Offer

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.image_table import ImageTable
    from vlm_explorer.viewmodels.session import Session

ALL, ONE, NOTED = "tags", "tag:", "noted"  # keys; a tag's number follows the second
_COMBINED = 1 << len(NUMBERS)


def offers_of_tags(session: Session) -> dict[str, Offer]:
    """Return what columns the tags of the open collection give."""
    images, state = session.images, session.tags.state
    offers = []
    if state.images:
        offers.append(Offer(ALL, "tags", TAGS, False, partial(_all, images, state)))
    for number in sorted(state.images):
        make = partial(_one, images, state, number)
        offers.append(Offer(f"{ONE}{number}", state.name(number), TAGS, False, make))
    if state.notes:
        offers.append(Offer(NOTED, "with a note", TAGS, False, partial(_noted, images, state)))
    return {offer.key: offer for offer in offers}


def _all(images: ImageTable, state: Tagging) -> Column:
    """Return each image's tags; several are a category of their own."""
    bits = np.zeros(len(images), np.int64)
    for number, ids in state.images.items():
        bits[images.rows_of(ids)] |= 1 << (number - 1)
    found = np.flatnonzero(np.bincount(bits, minlength=_COMBINED))
    names = tuple(
        "; ".join(state.name(number) for number in NUMBERS if combined >> (number - 1) & 1)
        for combined in found.tolist()
    )
    place = np.zeros(_COMBINED, np.int32)
    place[found] = np.arange(len(found))
    order = tuple(state.name(number) for number in NUMBERS)  # a tag's number is its colour
    codes = Coded(names, place[bits])
    return Column(ALL, "tags", texts_of(codes), group=TAGS, order=order, codes=codes)


def _one(images: ImageTable, state: Tagging, number: int) -> Column:
    name = state.name(number)
    return _yes_or_no(f"{ONE}{number}", name, images, state.images[number])


def _noted(images: ImageTable, state: Tagging) -> Column:
    return _yes_or_no(NOTED, "with a note", images, frozenset(state.notes))


def _yes_or_no(key: str, title: str, images: ImageTable, ids: frozenset[str]) -> Column:
    numbers = np.zeros(len(images), np.int32)
    numbers[images.rows_of(ids)] = 1
    codes = Coded(("no", "yes"), numbers)
    return Column(key, title, texts_of(codes), group=TAGS, order=("yes", "no"), codes=codes)
