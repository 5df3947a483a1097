"""What words on the map wish for: the places they could take, the best first, and how urgently."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont, QFontMetricsF

from vlm_explorer.rendering.label_placement import Clutter, Rect, around, beside, corners
from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_groups import GroupName
from vlm_explorer.viewmodels.map_lines import GapMark
from vlm_explorer.viewmodels.map_stars import NO_MATCH, Star, StarKind
from vlm_explorer.widgets.theme import ANNOTATION, BODY, font

STAR = 8.0  # px, radius
_GROUP_LENGTH, _PROMPT_LENGTH, _CAPTION_LENGTH = 30, 44, 36  # characters
_BESIDE = STAR + 5.0  # px between a star's middle and its words
_PROMPT, _GAP, _LABEL, _CAPTION = 1e12, 1e11, -1.0, -1e6  # priorities; groups have their size
_GROUP_GAP = 8.0  # px that names of groups keep from other words
_COVERED = 0.15  # of a group's points, that its name may cover
PADDING = 3.0  # px around words


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


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """Words without a place yet.

    `lenient`: the points that their first place may cover; `beside_stars`: no star is covered.
    """

    word: Word
    candidates: tuple[Rect, ...]
    priority: float
    gap: float = 4.0
    lenient: float = 0.0
    beside_stars: bool = False


def on_screen(x: float, y: float, view: View) -> tuple[float, float]:
    """Return where a place of the map is on the screen, logical pixels."""
    screen = view.to_screen(np.array([x, y]))
    return float(screen[0]), float(screen[1])


def _measured(kind: WordKind, text: str, after: str = "") -> tuple[float, float]:
    metrics = QFontMetricsF(fonts()[kind])
    width = metrics.horizontalAdvance(text) + 2 * PADDING
    if after:
        width += QFontMetricsF(font(ANNOTATION)).horizontalAdvance(after) + 2 * PADDING
    return width, metrics.height() + 2


def star_wish(star: Star, view: View) -> Wish:
    """Wish for a place right by a star."""
    prompt = star.kind is not StarKind.LABEL
    kind = WordKind.PROMPT if prompt else WordKind.LABEL
    text = elided(star.words, _PROMPT_LENGTH)
    after = NO_MATCH if star.matches is False else ""
    at, size = on_screen(star.x, star.y, view), _measured(kind, text, after)
    candidates = beside(*at, *size, _BESIDE)
    if prompt:
        candidates += corners(Rect(*at, 0, 0), *size, STAR)
        candidates += beside(*at, *size, 3 * _BESIDE)
    priority = _PROMPT if prompt else _LABEL - star.number
    return Wish(Word(kind, QRectF(), text, after, star), candidates, priority)


def group_wish(group: GroupName, view: View, clutter: Clutter) -> Wish:
    """Wish for a place in the middle of a large group, or right by a small one."""
    text, share = elided(group.name, _GROUP_LENGTH), group.after
    width, height = _measured(WordKind.GROUP, text, share)
    x, y = on_screen(group.x, group.y, view)
    left, bottom = on_screen(group.body[0], group.body[1], view)
    right, top = on_screen(group.body[2], group.body[3], view)
    body = Rect(left, top, right - left, bottom - top)
    right_of, left_of, above, below = around(body, width, height, 6.0)
    middle = Rect(x - width / 2, y - height / 2, width, height)
    return Wish(
        Word(WordKind.GROUP, QRectF(), text, share, group),
        (middle, above, below, right_of, left_of, *corners(body, width, height, 0.0)),
        float(group.count),
        gap=_GROUP_GAP,
        lenient=_COVERED * clutter.count(body),
    )


def caption_wish(index: int, words: str, at: tuple[float, float]) -> Wish:
    """Wish for a place right by a caption's point, after all others."""
    text = elided(words, _CAPTION_LENGTH)
    candidates = beside(*at, *_measured(WordKind.CAPTION, text), 6.0)
    return Wish(Word(WordKind.CAPTION, QRectF(), text, "", index), candidates, _CAPTION)


def gap_wishes(gap: GapMark, view: View) -> tuple[Wish, ...]:
    """Wish for a place along the line, for the number and what it is, else for the number alone."""
    (x0, y0), (x1, y1) = on_screen(*gap.images, view), on_screen(*gap.texts, view)

    def wish(after: str, beside_stars: bool) -> Wish:
        size = _measured(WordKind.GAP, gap.title, after)
        candidates = tuple(
            candidate
            for share in (0.5, 0.3, 0.7, 0.1, 0.9)
            for candidate in beside(x0 + (x1 - x0) * share, y0 + (y1 - y0) * share, *size, 10.0)
        )
        word = Word(WordKind.GAP, QRectF(), gap.title, after, gap)
        return Wish(word, candidates, _GAP, gap=_GROUP_GAP, beside_stars=beside_stars)

    return wish(gap.meaning, True), wish("", True), wish("", False)
