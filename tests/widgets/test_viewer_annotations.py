from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QApplication

from vlm_explorer.viewmodels.viewer_corners import Corners
from vlm_explorer.viewmodels.viewer_orientation import EdgeLetters
from vlm_explorer.widgets.theme import ANNOTATION, font
from vlm_explorer.widgets.viewer_annotations import Annotations, paint_annotations

LEFT = ("Image 5 / 15", "Location −12.31 mm · Thickness 3 mm", "W 7309 L 3654 (file)", "Zoom 517 %")
RIGHT = ("TR/TE 5000 / 30 ms", "Field strength 3 T", "Body part BRAIN")
LONG = "Study 1 · 801 · B0 of a series with a long description · 1 of 2, echo times 30 ms"


def painted(width: int, corners: Corners, letters: EdgeLetters | None = None) -> np.ndarray:
    """Return what lies on a black pane, uint8 (400, width, 3)."""
    image = QImage(width, 400, QImage.Format.Format_RGB888)
    image.fill(0)
    painter = QPainter(image)
    paint_annotations(painter, QRectF(0, 0, width, 400), Annotations(corners, letters))
    painter.end()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(400, image.bytesPerLine())
    return rows[:, : 3 * width].reshape(400, width, 3).copy()


@pytest.mark.parametrize("width", [240, 300, 350, 420, 900])
@pytest.mark.parametrize("bottom", [False, True])
def test_that_the_words_of_two_corners_never_meet(
    qapp: QApplication, width: int, bottom: bool
) -> None:
    def pane(left: tuple[str, ...], right: tuple[str, ...]) -> np.ndarray:
        return painted(width, Corners((), (), left, right) if bottom else Corners(left, right))

    one, other, both = pane(LEFT, ()), pane((), RIGHT), pane(LEFT, RIGHT)
    drawn = one.any(axis=2)
    assert drawn.any()
    np.testing.assert_array_equal(both[drawn], one[drawn])
    assert both.any(axis=2).sum() == drawn.sum() + other.any(axis=2).sum()


@pytest.mark.parametrize("width", [300, 420, 900])
def test_that_a_long_title_leaves_the_letter_of_its_edge_alone(
    qapp: QApplication, width: int
) -> None:
    title = Corners(("MR",), (LONG,))
    letter = painted(width, Corners(), EdgeLetters("", "", "AHR", ""))
    words = painted(width, title, EdgeLetters("", "", "", ""))
    both = painted(width, title, EdgeLetters("", "", "AHR", ""))
    counts = [picture.any(axis=2).sum() for picture in (letter, words, both)]
    assert counts[0] > 0
    assert counts[2] == counts[0] + counts[1]


@pytest.mark.parametrize("width", [300, 420, 900])
def test_that_the_badge_of_warnings_covers_no_words(qapp: QApplication, width: int) -> None:
    corners = Corners(("OT", "Patient hidden"), (LONG, "512 × 512"))
    words = painted(width, corners).any(axis=2)
    image = QImage(width, 400, QImage.Format.Format_RGB888)
    painter = QPainter(image)
    shown = Annotations(corners, None, warnings=("There may be text in the picture",))
    badge = paint_annotations(painter, QRectF(0, 0, width, 400), shown)
    painter.end()
    under = words[int(badge.top()) : int(badge.bottom()) + 1, : int(badge.right()) + 1]
    assert under.size
    assert not under.any()


@pytest.mark.parametrize("width", [240, 384, 900])
def test_that_a_warning_is_said_whole_where_there_is_room_below(
    qapp: QApplication, width: int
) -> None:
    def badge(*warnings: str) -> QRectF:
        image = QImage(width, 400, QImage.Format.Format_RGB888)
        painter = QPainter(image)
        pane = QRectF(0, 0, width, 400)
        found = paint_annotations(painter, pane, Annotations(warnings=warnings))
        painter.end()
        return found

    one_line = badge("!").height()
    words = "Uneven slice spacing: 1.08 to 7.00 mm between neighbours"
    whole = badge(words, "Gantry tilt of 15 degrees")
    needed = QFontMetricsF(font(ANNOTATION)).horizontalAdvance(words)
    lines = 1 + (whole.height() - one_line) / QFontMetricsF(font(ANNOTATION)).lineSpacing()
    assert lines * whole.width() > needed, "nothing is left out"
    assert whole.right() <= width
    longest = badge("pixels that nobody can explain " * 40)
    assert longest.height() < 100, "the scan is not covered"
