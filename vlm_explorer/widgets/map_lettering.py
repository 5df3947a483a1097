"""Words on the map: where they stand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFont, QFontMetricsF

from vlm_explorer.rendering.label_placement import (
    Clutter,
    Label,
    Rect,
    around,
    beside,
    corners,
    place,
)
from vlm_explorer.rendering.picking import few_in_view
from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_groups import GroupName
from vlm_explorer.viewmodels.map_lines import GapMark
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.map_stars import NO_MATCH, Star, StarKind
from vlm_explorer.widgets.theme import ANNOTATION, BODY, font

STAR = 8.0  # px, radius
CAPTION_WORDS = 40  # captions in view, below which their words are shown
_GROUP_LENGTH, _PROMPT_LENGTH, _CAPTION_LENGTH = 30, 44, 36  # characters
_BESIDE = STAR + 5.0  # px between a star's middle and its words
_PROMPT, _GAP, _LABEL, _CAPTION = 1e12, 1e11, -1.0, -1e6  # priorities; groups have their size
_GROUP_GAP = 8.0  # px that names of groups keep from other words
_APART = 110.0  # px between groups of one name that are both named
_COVERED = 0.15  # of a group's points, that its name may cover
PADDING = 3.0  # px around words
_OVER_STAR = 10_000  # points that a word rather covers than another star


Caption = tuple[int, str, tuple[float, float]]  # point, words, screen position


class WordKind(Enum):
    """What words name."""

    PROMPT = auto()
    LABEL = auto()
    GROUP = auto()
    CAPTION = auto()
    GAP = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """Words that were given a place.

    Attributes:
        rect: on the screen, logical pixels.
        text: as drawn, elided.
        after: what follows more quietly, such as a share.
        subject: the group, the star, the gap, or the index of a caption's point.
    """

    kind: WordKind
    rect: QRectF
    text: str
    after: str
    subject: GroupName | Star | GapMark | int


def fonts() -> dict[WordKind, QFont]:
    """Return the fonts of words."""
    return {
        WordKind.PROMPT: font(BODY, QFont.Weight.DemiBold),
        WordKind.LABEL: font(ANNOTATION),
        WordKind.GROUP: font(BODY - 1, QFont.Weight.Medium),
        WordKind.CAPTION: font(ANNOTATION),
        WordKind.GAP: font(BODY - 1, QFont.Weight.Medium),
    }


def elided(text: str, length: int) -> str:
    """Return at most `length` characters of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


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
        *(_star_wish(star, view) for star in stars if star.kind is not StarKind.LABEL),
        *(() if gap is None else _gap_wishes(gap, view)),
    ]
    wishes = [
        *(_star_wish(star, view) for star in stars if star.kind is StarKind.LABEL),
        *(_group_wish(group, view, clutter) for group in _distinct(groups, view)),
        *(_caption_wish(index, words, at) for index, words, at in captions),
    ]
    covering = [Rect(r.x(), r.y(), r.width(), r.height()) for r in obstacles]
    shapes = [_around_star(star, view) for star in stars]
    told = _told(first, covering, shapes, view, clutter)
    taken = [*covering, *shapes, *(Rect(*word.rect.getRect()) for word in told)]  # type: ignore[misc]
    labels = [_label(wish, clutter) for wish in wishes]
    return told + _words(wishes, place(labels, _screen(view), taken))


def _told(
    wishes: Sequence[_Wish], covering: Sequence[Rect], shapes: Sequence[Rect], view: View,
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


def _words(wishes: Sequence[_Wish], places: Sequence[Rect | None]) -> list[Word]:
    return [
        Word(wish.word.kind, QRectF(*rect), wish.word.text, wish.word.after, wish.word.subject)
        for rect, wish in zip(places, wishes, strict=True)
        if rect is not None
    ]


def _around_star(star: Star, view: View) -> Rect:
    x, y = _at(star.x, star.y, view)
    return Rect(x - STAR, y - STAR, 2 * STAR, 2 * STAR)


def _screen(view: View) -> Rect:
    return Rect(0, 0, view.width, view.height)


@dataclass(frozen=True, slots=True, eq=False)
class _Wish:
    """Words without a place yet.

    `lenient`: the points that their first place may cover; `beside_stars`: no star is covered.
    """

    word: Word
    candidates: tuple[Rect, ...]
    priority: float
    gap: float = 4.0
    lenient: float = 0.0
    beside_stars: bool = False


def _label(wish: _Wish, clutter: Clutter) -> Label:
    """Return the wish with what its candidates cost: the points that they would cover."""
    costs = [float(clutter.count(candidate)) for candidate in wish.candidates]
    if costs[0] <= wish.lenient:
        costs[0] = 0.0
    return Label(wish.candidates, wish.priority, tuple(costs), wish.gap)


def _distinct(groups: Sequence[GroupName], view: View) -> list[GroupName]:
    """Return the groups, of equal names close together only the largest."""
    kept: list[tuple[GroupName, float, float]] = []
    for group in sorted(groups, key=lambda group: -group.count):
        x, y = _at(group.x, group.y, view)
        near = (
            other.name == group.name and math.hypot(x - at_x, y - at_y) < _APART
            for other, at_x, at_y in kept
        )
        if not any(near):
            kept.append((group, x, y))
    return [group for group, _, _ in kept]


def _at(x: float, y: float, view: View) -> tuple[float, float]:
    screen = view.to_screen(np.array([x, y]))
    return float(screen[0]), float(screen[1])


def _measured(kind: WordKind, text: str, after: str = "") -> tuple[float, float]:
    metrics = QFontMetricsF(fonts()[kind])
    width = metrics.horizontalAdvance(text) + 2 * PADDING
    if after:
        width += QFontMetricsF(font(ANNOTATION)).horizontalAdvance(after) + 2 * PADDING
    return width, metrics.height() + 2


def _star_wish(star: Star, view: View) -> _Wish:
    prompt = star.kind is not StarKind.LABEL
    kind = WordKind.PROMPT if prompt else WordKind.LABEL
    text = elided(star.words, _PROMPT_LENGTH)
    after = NO_MATCH if star.matches is False else ""
    at, size = _at(star.x, star.y, view), _measured(kind, text, after)
    candidates = beside(*at, *size, _BESIDE)
    if prompt:
        candidates += corners(Rect(*at, 0, 0), *size, STAR)
        candidates += beside(*at, *size, 3 * _BESIDE)
    priority = _PROMPT if prompt else _LABEL - star.number
    return _Wish(Word(kind, QRectF(), text, after, star), candidates, priority)


def _group_wish(group: GroupName, view: View, clutter: Clutter) -> _Wish:
    """Wish for a place in the middle of a large group, or right by a small one."""
    text, share = elided(group.name, _GROUP_LENGTH), group.after
    width, height = _measured(WordKind.GROUP, text, share)
    x, y = _at(group.x, group.y, view)
    left, bottom = _at(group.body[0], group.body[1], view)
    right, top = _at(group.body[2], group.body[3], view)
    body = Rect(left, top, right - left, bottom - top)
    right_of, left_of, above, below = around(body, width, height, 6.0)
    middle = Rect(x - width / 2, y - height / 2, width, height)
    return _Wish(
        Word(WordKind.GROUP, QRectF(), text, share, group),
        (middle, above, below, right_of, left_of, *corners(body, width, height, 0.0)),
        float(group.count),
        gap=_GROUP_GAP,
        lenient=_COVERED * clutter.count(body),
    )


def _caption_wish(index: int, words: str, at: tuple[float, float]) -> _Wish:
    text = elided(words, _CAPTION_LENGTH)
    candidates = beside(*at, *_measured(WordKind.CAPTION, text), 6.0)
    return _Wish(Word(WordKind.CAPTION, QRectF(), text, "", index), candidates, _CAPTION)


def _gap_wishes(gap: GapMark, view: View) -> tuple[_Wish, ...]:
    """Wish for a place along the line, for the number and what it is, else for the number alone."""
    (x0, y0), (x1, y1) = _at(*gap.images, view), _at(*gap.texts, view)

    def wish(after: str, beside_stars: bool) -> _Wish:
        size = _measured(WordKind.GAP, gap.title, after)
        candidates = tuple(
            candidate
            for share in (0.5, 0.3, 0.7, 0.1, 0.9)
            for candidate in beside(x0 + (x1 - x0) * share, y0 + (y1 - y0) * share, *size, 10.0)
        )
        word = Word(WordKind.GAP, QRectF(), gap.title, after, gap)
        return _Wish(word, candidates, _GAP, gap=_GROUP_GAP, beside_stars=beside_stars)

    return wish(gap.meaning, True), wish("", True), wish("", False)


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
