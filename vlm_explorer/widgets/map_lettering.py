"""Words and stars on the map: where they stand, and how they are drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
)

from vlm_explorer.rendering.label_placement import Label, Rect, place
from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_scene import GroupName
from vlm_explorer.viewmodels.map_stars import Star, StarKind
from vlm_explorer.widgets.theme import ANNOTATION, BODY, Theme, font

STAR = 8.0  # px, radius
_GROUP_LENGTH, _PROMPT_LENGTH, _CAPTION_LENGTH = 30, 44, 36  # characters
_BESIDE = STAR + 5.0  # px between a star's middle and its words
_PROMPT, _LABEL, _CAPTION = 3e12, 2e12, -1.0  # priorities; groups have their size
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
        WordKind.GROUP: font(BODY, QFont.Weight.Medium),
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
) -> list[Word]:
    """Return the words that have room, none of which overlap.

    Args:
        groups: names, the larger group first served.
        stars: before all others.
        captions: index, words and screen position; last.
        view: from where.
        obstacles: what must stay free, logical pixels.
    """
    wanted = [
        *(_star_word(star, view) for star in stars),
        *(_group_word(group, view) for group in groups),
        *(_caption_word(index, words, at) for index, words, at in captions),
    ]
    taken = [Rect(r.x(), r.y(), r.width(), r.height()) for r in obstacles]
    for star in stars:
        x, y = _at(star.x, star.y, view)
        taken.append(Rect(x - STAR, y - STAR, 2 * STAR, 2 * STAR))
    screen = Rect(0, 0, view.width, view.height)
    placed = place([label for label, _ in wanted], screen, taken)
    return [
        Word(word.kind, QRectF(*rect), word.text, word.after, word.subject)
        for rect, (_, word) in zip(placed, wanted, strict=True)
        if rect is not None
    ]


def _at(x: float, y: float, view: View) -> tuple[float, float]:
    screen = view.to_screen(np.array([x, y]))
    return float(screen[0]), float(screen[1])


def _wish(
    kind: WordKind, text: str, after: str, subject: GroupName | Star | int,
    at: tuple[float, float], priority: float, clearance: float | None,
) -> tuple[Label, Word]:  # fmt: skip
    metrics = QFontMetricsF(fonts()[kind])
    width = metrics.horizontalAdvance(text) + 2 * _PADDING
    if after:
        width += QFontMetricsF(font(ANNOTATION)).horizontalAdvance(f" {after}") + _PADDING
    height = metrics.height() + 2
    return (
        Label(at[0], at[1], width, height, priority, clearance),
        Word(kind, QRectF(), text, after, subject),
    )


def _star_word(star: Star, view: View) -> tuple[Label, Word]:
    prompt = star.kind is not StarKind.LABEL
    kind = WordKind.PROMPT if prompt else WordKind.LABEL
    priority = _PROMPT if prompt else _LABEL - star.number
    text = elided(star.words, _PROMPT_LENGTH)
    at = _at(star.x, star.y, view)
    return _wish(kind, text, "", star, at, priority, _BESIDE)


def _group_word(group: GroupName, view: View) -> tuple[Label, Word]:
    share = f"{group.share * 100:.0f} %"
    text = elided(group.name, _GROUP_LENGTH)
    at = _at(group.x, group.y, view)
    return _wish(WordKind.GROUP, text, share, group, at, float(group.count), None)


def _caption_word(index: int, words: str, at: tuple[float, float]) -> tuple[Label, Word]:
    text = elided(words, _CAPTION_LENGTH)
    return _wish(WordKind.CAPTION, text, "", index, at, _CAPTION, 6.0)


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


def paint_on_halo(
    painter: QPainter, start: QPointF, text: str, chosen: QFont, role: str, roles: Theme
) -> float:
    """Draw text from its baseline's start on a halo of the ground; return where it ends."""
    outline = QPainterPath()
    outline.addText(start, chosen, text)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for width, opacity in ((10.0, 0.25), (6.5, 0.45), (4.0, 0.75)):
        painter.setPen(_round_pen(roles.colour("map_ground", opacity), width))
        painter.drawPath(outline)
    painter.setFont(chosen)
    painter.setPen(roles.colour(role))
    painter.drawText(start, text)
    return start.x() + QFontMetricsF(chosen).horizontalAdvance(text)


def _round_pen(colour: QColor, width: float) -> QPen:
    return QPen(
        colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    )


def paint_stars(painter: QPainter, stars: Iterable[Star], view: View, roles: Theme) -> None:
    """Draw the stars, the prompt's last."""
    for star in sorted(stars, key=lambda star: star.kind is not StarKind.LABEL):
        prompt = star.kind is not StarKind.LABEL
        colour = roles.colour("star" if prompt else "secondary")
        if star.pending:
            colour = roles.colour("disabled")
        shape = star_shape(QPointF(*_at(star.x, star.y, view)), STAR if prompt else STAR * 0.7)
        painter.setPen(_round_pen(roles.colour("map_ground", 0.85), 4.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolygon(shape)
        painter.setPen(_round_pen(colour, 1.0))
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
