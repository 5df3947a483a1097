"""Line icons: glyphs of the Phosphor font, tinted.

The font is the one that the qtawesome package carries. The package itself is not imported: it
would load eleven fonts and cost a quarter of a second on the way to the first window.
"""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPainter, QPixmap

FAMILY_PREFIX = "ph."
SIZES = (16, 20, 24, 32, 40, 48, 64)  # device pixels: 16 and 20 px at 100, 150, 200 and 300 %


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


def glyph_pixmap(name: str, colour: QColor, size: int) -> QPixmap:
    """Return the glyph on a clear ground, `size` device pixels square.

    Raises:
        KeyError: no glyph of that name.
    """
    if name.removeprefix(FAMILY_PREFIX) not in _glyphs():
        raise KeyError(name)  # before there is a painter that would be left open
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_glyph(painter, name, QRectF(0, 0, size, size), colour)
    painter.end()
    return pixmap


def glyph_icon(name: str, colour: QColor, disabled: QColor, checked: QColor) -> QIcon:
    """Return an icon of the glyph: plain, disabled, and (for check buttons) switched on.

    Raises:
        KeyError: no glyph of that name.
    """
    icon = QIcon()
    for size in SIZES:
        icon.addPixmap(glyph_pixmap(name, colour, size))
        icon.addPixmap(glyph_pixmap(name, disabled, size), QIcon.Mode.Disabled)
        icon.addPixmap(glyph_pixmap(name, checked, size), QIcon.Mode.Normal, QIcon.State.On)
    return icon
