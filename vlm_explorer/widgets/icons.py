"""Line icons: glyphs of the Phosphor font, tinted.

The font is the one that the qtawesome package carries. The package itself is not imported: it
would load eleven fonts and cost a quarter of a second on the way to the first window.
"""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap

FAMILY_PREFIX = "ph."


@cache
def _fonts_folder() -> Path:
    spec = importlib.util.find_spec("qtawesome")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("The package qtawesome, which carries the icons, is missing.")
    return Path(spec.origin).parent / "fonts"


@cache
def _glyphs() -> dict[str, str]:
    """Return {name: character} of every glyph."""
    charmap = next(_fonts_folder().glob("phosphor-charmap*.json"))
    return {name: chr(int(code, 16)) for name, code in json.loads(charmap.read_text()).items()}


@cache
def _family() -> str:
    """Load the font into the running application and return its family."""
    font = next(path for path in _fonts_folder().glob("phosphor*.ttf"))
    return QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(font)))[0]


def paint_glyph(painter: QPainter, name: str, rect: QRectF, colour: QColor) -> None:
    """Draw the glyph `name` ("ph.star") centred into `rect`, as large as its shorter side.

    Raises:
        KeyError: no glyph of that name.
    """
    glyph = _glyphs()[name.removeprefix(FAMILY_PREFIX)]
    font = QFont(_family())
    font.setPixelSize(round(min(rect.width(), rect.height())))
    painter.save()
    painter.setFont(font)
    painter.setPen(colour)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, glyph)
    painter.restore()


class GlyphEngine(QIconEngine):
    """Paints a glyph at whatever size is asked for: crisp at every scale of the screen."""

    def __init__(self, name: str, colour: QColor, disabled: QColor, checked: QColor) -> None:
        super().__init__()
        self._name, self._colour = name, colour
        self._disabled, self._checked = disabled, checked

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Paint the glyph: disabled, switched on, or plain."""
        colour = self._checked if state == QIcon.State.On else self._colour
        if mode == QIcon.Mode.Disabled:
            colour = self._disabled
        paint_glyph(painter, self._name, QRectF(rect), colour)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """Return the glyph on a clear ground, `size` in device pixels."""
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        """Return a copy."""
        return GlyphEngine(self._name, self._colour, self._disabled, self._checked)


def glyph_icon(name: str, colour: QColor, disabled: QColor, checked: QColor) -> QIcon:
    """Return an icon of the glyph: plain, disabled, and (for check buttons) switched on.

    Raises:
        KeyError: no glyph of that name.
    """
    if name.removeprefix(FAMILY_PREFIX) not in _glyphs():
        raise KeyError(name)
    return QIcon(GlyphEngine(name, colour, disabled, checked))
