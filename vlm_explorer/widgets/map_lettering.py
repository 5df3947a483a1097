"""Words on the map: where they stand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from vlm_explorer.rendering.label_placement import (
    Clutter,
    Label,
    Rect,
    place,
)
from vlm_explorer.rendering.picking import few_in_view
from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_groups import GroupName
from vlm_explorer.viewmodels.map_lines import GapMark
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.map_stars import Star, StarKind
from vlm_explorer.widgets.map_word_wishes import (
    STAR,
    Wish,
    Word,
    caption_wish,
    gap_wishes,
    group_wish,
    on_screen,
    star_wish,
)

CAPTION_WORDS = 40  # captions in view, below which their words are shown
_APART = 110.0  # px between groups of one name that are both named
_OVER_STAR = 10_000  # points that a word rather covers than another star


Caption = tuple[int, str, tuple[float, float]]  # point, words, screen position


def captions_in_view(model: MapModel, view: View) -> list[Caption]:
    """Return the captions to be written out: none while there are too many of them."""
    if not model.places.words:
        return []
    points = model.scene.points
    chosen = few_in_view(points, view, CAPTION_WORDS - 1, hollow=True)
    screen = view.to_screen(points.xy[chosen].astype(np.float64)).tolist()
    return [
        (point, model.caption_of(point), (x, y))
        for point, (x, y) in zip(chosen.tolist(), screen, strict=True)
    ]


def lay_out_words(
    groups: Sequence[GroupName],
    stars: Sequence[Star],
    captions: Iterable[Caption],
    view: View,
    obstacles: Sequence[QRectF],
    clutter: Clutter,
    gap: GapMark | None = None,
) -> list[Word]:
    """Return the words that have room, none of which overlap.

    Args:
        groups: names, the larger group first served; of equal names close together the largest.
        stars: the prompt's before all others, labels after groups.
        captions: index, words and screen position; last.
        view: from where.
        obstacles: what must stay free, logical pixels.
        clutter: points, which words rather leave free.
        gap: between the modalities, whose number is written along its line.
    """
    first = [
        *(star_wish(star, view) for star in stars if star.kind is not StarKind.LABEL),
        *(() if gap is None else gap_wishes(gap, view)),
    ]
    wishes = [
        *(star_wish(star, view) for star in stars if star.kind is StarKind.LABEL),
        *(group_wish(group, view, clutter) for group in _distinct(groups, view)),
        *(caption_wish(index, words, at) for index, words, at in captions),
    ]
    covering = [Rect(r.x(), r.y(), r.width(), r.height()) for r in obstacles]
    shapes = [_around_star(star, view) for star in stars]
    told = _told(first, covering, shapes, view, clutter)
    taken = [*covering, *shapes, *(Rect(*word.rect.getRect()) for word in told)]  # type: ignore[misc]
    labels = [_label(wish, clutter) for wish in wishes]
    return told + _words(wishes, place(labels, _screen(view), taken))


def _told(
    wishes: Sequence[Wish], covering: Sequence[Rect], shapes: Sequence[Rect], view: View,
    clutter: Clutter,
) -> list[Word]:  # fmt: skip
    """Return the words of prompts and of the gap, which lie over other stars if they have to.

    Of a subject with several wishes, the first that has room is granted.
    """
    told: list[Word] = []
    for wish in wishes:
        if any(word.subject is wish.word.subject for word in told):
            continue
        costs = tuple(
            clutter.count(candidate) + _OVER_STAR * sum(candidate.overlaps(s) for s in shapes)
            for candidate in wish.candidates
        )
        taken = [*covering, *(Rect(*word.rect.getRect()) for word in told)]  # type: ignore[misc]
        if wish.beside_stars:
            taken += shapes
        label = Label(wish.candidates, wish.priority, costs, wish.gap)
        told += _words([wish], place([label], _screen(view), taken))
    return told


def _words(wishes: Sequence[Wish], places: Sequence[Rect | None]) -> list[Word]:
    return [
        Word(wish.word.kind, QRectF(*rect), wish.word.text, wish.word.after, wish.word.subject)
        for rect, wish in zip(places, wishes, strict=True)
        if rect is not None
    ]


def _around_star(star: Star, view: View) -> Rect:
    x, y = on_screen(star.x, star.y, view)
    return Rect(x - STAR, y - STAR, 2 * STAR, 2 * STAR)


def _screen(view: View) -> Rect:
    return Rect(0, 0, view.width, view.height)


def _label(wish: Wish, clutter: Clutter) -> Label:
    """Return the wish with what its candidates cost: the points that they would cover."""
    costs = [float(clutter.count(candidate)) for candidate in wish.candidates]
    if costs[0] <= wish.lenient:
        costs[0] = 0.0
    return Label(wish.candidates, wish.priority, tuple(costs), wish.gap)


def _distinct(groups: Sequence[GroupName], view: View) -> list[GroupName]:
    """Return the groups, of equal names close together only the largest."""
    kept: list[tuple[GroupName, float, float]] = []
    for group in sorted(groups, key=lambda group: -group.count):
        x, y = on_screen(group.x, group.y, view)
        near = (
            other.name == group.name and math.hypot(x - at_x, y - at_y) < _APART
            for other, at_x, at_y in kept
        )
        if not any(near):
            kept.append((group, x, y))
    return [group for group, _, _ in kept]


def star_rects(stars: Sequence[Star], view: View) -> list[QRectF]:
    """Return the places of stars on the screen."""
    return [QRectF(*_around_star(star, view)) for star in stars]


def star_at(stars: Sequence[Star], view: View, at: QPointF) -> Star | None:
    """Return the star at a place on the screen."""
    for star in stars:
        x, y = view.to_screen(np.array([star.x, star.y]))
        if max(abs(x - at.x()), abs(y - at.y())) <= STAR:
            return star
    return None


def note_of(subject: object) -> str:
    """Return how a group came to its name, or a star to its place; "" for other words."""
    if isinstance(subject, GroupName | GapMark):
        return subject.note
    return f"{subject.words}\n{subject.note}" if isinstance(subject, Star) else ""
