"""Words and stars on the map: where they stand, and how they are drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPolygonF

from vlm_explorer.rendering.label_placement import (
    Clutter,
    Label,
    Rect,
    around,
    beside,
    place,
)
from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_groups import GroupName
from vlm_explorer.viewmodels.map_stars import Star, StarKind
from vlm_explorer.widgets.halo_text import paint_on_halo, round_pen
from vlm_explorer.widgets.theme import ANNOTATION, BODY, Theme, font

STAR = 8.0  # px, radius
_GROUP_LENGTH, _PROMPT_LENGTH, _CAPTION_LENGTH = 30, 44, 36  # characters
_BESIDE = STAR + 5.0  # px between a star's middle and its words
_PROMPT, _LABEL, _CAPTION = 1e12, -1.0, -1e6  # priorities; groups have their size
_GROUP_GAP = 8.0  # px that names of groups keep from other words
_APART = 110.0  # px between groups of one name that are both named
_COVERED = 0.15  # of a group's points, that its name may cover
_PADDING = 3.0  # px around words


class WordKind(Enum):
    """What words name."""

    PROMPT = auto()
    LABEL = auto()
    GROUP = auto()
    CAPTION = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """Words that were given a place.

    Attributes:
        rect: on the screen, logical pixels.
        text: as drawn, elided.
        after: what follows more quietly, such as a share.
        subject: the group, the star, or the index of a caption's point.
    """

    kind: WordKind
    rect: QRectF
    text: str
    after: str
    subject: GroupName | Star | int


def fonts() -> dict[WordKind, QFont]:
    """Return the fonts of words."""
    return {
        WordKind.PROMPT: font(BODY, QFont.Weight.DemiBold),
        WordKind.LABEL: font(ANNOTATION),
        WordKind.GROUP: font(BODY - 1, QFont.Weight.Medium),
        WordKind.CAPTION: font(ANNOTATION),
    }


def elided(text: str, length: int) -> str:
    """Return at most `length` characters of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def lay_out_words(
    groups: Sequence[GroupName],
    stars: Sequence[Star],
    captions: Iterable[tuple[int, str, tuple[float, float]]],
    view: View,
    obstacles: Sequence[QRectF],
    clutter: Clutter,
) -> list[Word]:
    """Return the words that have room, none of which overlap.

    Args:
        groups: names, the larger group first served; of equal names close together the largest.
        stars: the prompt's before all others, labels after groups.
        captions: index, words and screen position; last.
        view: from where.
        obstacles: what must stay free, logical pixels.
        clutter: points, which words rather leave free.
    """
    wishes = [
        *(_star_wish(star, view) for star in stars),
        *(_group_wish(group, view, clutter) for group in _distinct(groups, view)),
        *(_caption_wish(index, words, at) for index, words, at in captions),
    ]
    taken = [Rect(r.x(), r.y(), r.width(), r.height()) for r in obstacles]
    for star in stars:
        x, y = _at(star.x, star.y, view)
        taken.append(Rect(x - STAR, y - STAR, 2 * STAR, 2 * STAR))
    screen = Rect(0, 0, view.width, view.height)
    labels = [_label(wish, clutter) for wish in wishes]
    return [
        Word(wish.word.kind, QRectF(*rect), wish.word.text, wish.word.after, wish.word.subject)
        for rect, wish in zip(place(labels, screen, taken), wishes, strict=True)
        if rect is not None
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Wish:
    """Words without a place yet; `lenient`: the points that their first place may cover."""

    word: Word
    candidates: tuple[Rect, ...]
    priority: float
    gap: float = 4.0
    lenient: float = 0.0


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
    width = metrics.horizontalAdvance(text) + 2 * _PADDING
    if after:
        width += QFontMetricsF(font(ANNOTATION)).horizontalAdvance(after) + 2 * _PADDING
    return width, metrics.height() + 2


def _star_wish(star: Star, view: View) -> _Wish:
    prompt = star.kind is not StarKind.LABEL
    kind = WordKind.PROMPT if prompt else WordKind.LABEL
    text = elided(star.words, _PROMPT_LENGTH)
    candidates = beside(*_at(star.x, star.y, view), *_measured(kind, text), _BESIDE)
    priority = _PROMPT if prompt else _LABEL - star.number
    return _Wish(Word(kind, QRectF(), text, "", star), candidates, priority)


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
        (middle, above, below, right_of, left_of),
        float(group.count),
        gap=_GROUP_GAP,
        lenient=_COVERED * clutter.count(body),
    )


def _caption_wish(index: int, words: str, at: tuple[float, float]) -> _Wish:
    text = elided(words, _CAPTION_LENGTH)
    candidates = beside(*at, *_measured(WordKind.CAPTION, text), 6.0)
    return _Wish(Word(WordKind.CAPTION, QRectF(), text, "", index), candidates, _CAPTION)


# Drawing


def paint_words(painter: QPainter, words: Iterable[Word], roles: Theme) -> None:
    """Draw words on soft halos."""
    chosen = fonts()
    for word in words:
        pending = isinstance(word.subject, Star) and word.subject.pending
        role = {
            WordKind.PROMPT: "secondary" if pending else "star",
            WordKind.LABEL: "secondary",
            WordKind.GROUP: "text",
            WordKind.CAPTION: "secondary",
        }[word.kind]
        start = QPointF(word.rect.x() + _PADDING, _baseline(word.rect, chosen[word.kind]))
        end = paint_on_halo(painter, start, word.text, chosen[word.kind], role, roles)
        if word.after:
            after = QPointF(end + _PADDING, start.y())
            paint_on_halo(painter, after, word.after, font(ANNOTATION), "secondary", roles)


def _baseline(rect: QRectF, chosen: QFont) -> float:
    metrics = QFontMetricsF(chosen)
    return rect.center().y() + (metrics.ascent() - metrics.descent()) / 2


def paint_stars(painter: QPainter, stars: Iterable[Star], view: View, roles: Theme) -> None:
    """Draw the stars, the prompt's last."""
    for star in sorted(stars, key=lambda star: star.kind is not StarKind.LABEL):
        prompt = star.kind is not StarKind.LABEL
        colour = roles.colour("star" if prompt else "secondary")
        if star.pending:
            colour = roles.colour("disabled")
        shape = star_shape(QPointF(*_at(star.x, star.y, view)), STAR if prompt else STAR * 0.7)
        painter.setPen(round_pen(roles.colour("map_ground", 0.85), 4.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolygon(shape)
        painter.setPen(round_pen(colour, 1.0))
        painter.setBrush(colour)
        painter.drawPolygon(shape)


def star_shape(centre: QPointF, radius: float) -> QPolygonF:
    """Return a star of five points."""
    corners = []
    for corner in range(10):
        angle = -math.pi / 2 + corner * math.pi / 5
        away = radius if corner % 2 == 0 else radius * 0.45
        corners.append(centre + QPointF(math.cos(angle) * away, math.sin(angle) * away))
    return QPolygonF(corners)
