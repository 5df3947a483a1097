"""The words on a scan: corners, orientation letters, warnings, and what stands in for a scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QMarginsF, QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter, QPen

from vlm_explorer.viewmodels.viewer_corners import Corners
from vlm_explorer.viewmodels.viewer_orientation import EdgeLetters
from vlm_explorer.widgets.icons import paint_glyph
from vlm_explorer.widgets.theme import ANNOTATION, BODY, font, theme

MARGIN = 8.0
_NO_WORDS = Corners()
LINE = 15.0  # px from one line of a corner to the next
_BADGE_LINES = 3
_SHADOW = tuple(QPointF(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y)


@dataclass(frozen=True, slots=True)
class Annotations:
    """All the words that lie on a scan.

    Attributes:
        corners: their lines.
        letters: which way the patient lies; None where the file does not say.
        warnings: what the user should know of this frame.
        notice: what was just done, or why it was not; passes.
    """

    corners: Corners = _NO_WORDS
    letters: EdgeLetters | None = None
    warnings: tuple[str, ...] = ()
    notice: str = ""


def paint_annotations(painter: QPainter, pane: QRectF, shown: Annotations) -> QRectF:
    """Draw the words over the pane; return where the badge of warnings lies."""
    painter.save()
    inner = pane.adjusted(MARGIN, MARGIN - 2, -MARGIN, -MARGIN + 2)
    painter.setFont(font(ANNOTATION))
    corners = shown.corners
    letters = shown.letters is not None
    rows = _edge(painter, inner, corners.top_left, corners.top_right, letters, bottom=False)
    _edge(painter, inner, corners.bottom_left, corners.bottom_right, letters, bottom=True)
    if shown.letters is not None:
        _letters(painter, inner, shown.letters)
    badge = QRectF()
    if shown.warnings:
        top = inner.top() + LINE * rows + 4
        badge = _badge(painter, QRectF(inner.left(), top, inner.width(), 20), shown.warnings)
    if shown.notice:
        _notice(painter, inner, shown.notice)
    painter.restore()
    return badge


def shadowed(painter: QPainter, where: QPointF, text: str, role: str = "image_text") -> None:
    """Write on any ground: light letters with a dark rim."""
    painter.setPen(theme().colour("image_ground", 0.75))
    for offset in _SHADOW:
        painter.drawText(where + offset, text)
    painter.setPen(theme().colour(role))
    painter.drawText(where, text)


def _edge(
    painter: QPainter,
    inner: QRectF,
    left: Sequence[str],
    right: Sequence[str],
    letters: bool,
    *,
    bottom: bool,
) -> int:
    """Write the two corners of an edge; return how many rows they take.

    Rows count from the edge inwards. The outermost leaves the middle to the edge's letter; where
    the corners would meet, the right one moves inwards.
    """
    metrics = QFontMetricsF(painter.font())

    def rows(lines: Sequence[str]) -> list[str]:
        outermost = inner.width() / 2 - 2 * MARGIN if letters else inner.width()
        return [
            metrics.elidedText(line, Qt.TextElideMode.ElideRight, outermost if not row else widest)
            for row, line in enumerate(reversed(lines) if bottom else lines)
        ]

    widest = inner.width() * 0.9
    lefts, rights = rows(left), rows(right)
    sizes = [metrics.horizontalAdvance(text) for text in lefts]
    shift = _inwards(sizes, [metrics.horizontalAdvance(text) for text in rights], inner.width())
    outer = inner.bottom() - metrics.descent() if bottom else inner.top() + metrics.ascent()
    step = -LINE if bottom else LINE
    for row, text in enumerate(lefts):
        shadowed(painter, QPointF(inner.left(), outer + step * row), text)
    for row, text in enumerate(rights):
        x = inner.right() - metrics.horizontalAdvance(text)
        shadowed(painter, QPointF(x, outer + step * (row + shift)), text)
    return max(len(lefts), shift + len(rights))


def _inwards(left: Sequence[float], right: Sequence[float], room: float) -> int:
    """Return by how many rows the right lines move inwards so that they meet no left line."""
    for shift in range(len(left)):
        both = zip(left[shift:], right, strict=False)
        if all(one + other + MARGIN <= room for one, other in both):
            return shift
    return len(left)


def _letters(painter: QPainter, inner: QRectF, letters: EdgeLetters) -> None:
    """Write the letters at the middle of the edges, the dominant one large."""
    middle = inner.center()
    height = QFontMetricsF(font(BODY)).capHeight()
    for text, x, y, side in (
        (letters.left, inner.left(), middle.y() + height / 2, 0.0),
        (letters.right, inner.right(), middle.y() + height / 2, 1.0),
        (letters.top, middle.x(), inner.top() + height + 2, 0.5),
        (letters.bottom, middle.x(), inner.bottom() - 2, 0.5),
    ):
        _one_edge(painter, text, QPointF(x, y), side)


def _one_edge(painter: QPainter, text: str, where: QPointF, side: float) -> None:
    if not text:
        return
    large, small = font(BODY, QFont.Weight.DemiBold), font(9)
    first = QFontMetricsF(large).horizontalAdvance(text[0])
    width = first + QFontMetricsF(small).horizontalAdvance(text[1:])
    start = where - QPointF(width * side, 0)
    painter.save()
    painter.setFont(large)
    shadowed(painter, start, text[0])
    painter.setFont(small)
    shadowed(painter, start + QPointF(first, 0), text[1:])
    painter.restore()


def _pill(painter: QPainter, rect: QRectF, alpha: float = 0.82) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme().colour("image_text", 0.25), 1))
    painter.setBrush(theme().colour("image_ground", alpha))
    painter.drawRoundedRect(rect, 6, 6)


def _badge(painter: QPainter, room: QRectF, warnings: Sequence[str]) -> QRectF:
    """Draw the first warning, whole wherever three lines hold it, and how many more there are."""
    around = QMarginsF(20, 3, 6, 3)
    inside = room.marginsRemoved(around)
    more = f" (+{len(warnings) - 1})" if len(warnings) > 1 else ""
    # a line is shorter than the room where its last word goes to the next
    widest = _BADGE_LINES * 0.8 * inside.width()
    metrics = QFontMetricsF(painter.font())
    text = metrics.elidedText(warnings[0], Qt.TextElideMode.ElideRight, widest) + more
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
    words = painter.boundingRect(inside, flags, text)
    badge = words.marginsAdded(around).translated(-2, 0)
    _pill(painter, badge)
    colour = theme().colour("image_warning")
    paint_glyph(painter, "ph.warning", QRectF(badge.left() + 3, badge.top() + 3, 14, 14), colour)
    painter.setPen(theme().colour("image_text"))
    painter.drawText(words.translated(-2, 0), flags, text)
    return badge


def _notice(painter: QPainter, inner: QRectF, text: str) -> None:
    """Draw a passing sentence at a third from the bottom."""
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.setFont(font(BODY))
    room = QRectF(inner.left() + 24, inner.top(), inner.width() - 48, inner.height() * 0.74)
    words = painter.boundingRect(
        room, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom | flags, text
    )
    words.moveCenter(QPointF(inner.center().x(), inner.top() + inner.height() * 0.7))
    _pill(painter, words.adjusted(-12, -6, 12, 6))
    painter.setPen(theme().colour("image_text"))
    painter.drawText(words, flags, text)


def paint_message(painter: QPainter, pane: QRectF, glyph: str, text: str, hint: str) -> None:
    """Draw a sentence where no scan is: what is the matter, and what to do."""
    painter.save()
    width = min(pane.width() - 48, 320.0)
    flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
    room = QRectF(pane.center().x() - width / 2, pane.center().y() - 24, width, 400)
    paint_glyph(
        painter,
        glyph,
        QRectF(pane.center().x() - 16, room.top() - 44, 32, 32),
        theme().colour("image_text", 0.6),
    )
    painter.setFont(font(BODY))
    painter.setPen(theme().colour("image_text"))
    used = painter.boundingRect(room, flags, text)
    painter.drawText(room, flags, text)
    painter.setFont(font(ANNOTATION))
    painter.setPen(theme().colour("image_text", 0.7))
    painter.drawText(room.adjusted(0, used.height() + 6, 0, 0), flags, hint)
    painter.restore()


def paint_skeleton(painter: QPainter, pane: QRectF, thumbnail: QImage | None) -> None:
    """Draw what stands in for a scan that is still being read: its thumbnail, or a grey card.

    Args:
        painter: in logical pixels of the pane.
        pane: the room that there is.
        thumbnail: fitted into the room; None or an empty image for the card.
    """
    if thumbnail is None or thumbnail.isNull():
        side = min(pane.width(), pane.height()) * 0.8
        card = QRectF(0, 0, side, side)
        card.moveCenter(pane.center())
        painter.fillRect(card, theme().colour("image_text", 0.06))
        return
    size = thumbnail.size().toSizeF()
    size.scale(pane.size(), Qt.AspectRatioMode.KeepAspectRatio)
    target = QRectF(QPointF(), size)
    target.moveCenter(pane.center())
    paint_thumbnail(painter, target, thumbnail)


def paint_thumbnail(painter: QPainter, target: QRectF, thumbnail: QImage) -> None:
    """Draw a thumbnail, dimmed, in the place of a scan."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setOpacity(0.6)
    painter.drawImage(target, thumbnail)
    painter.restore()
