"""The fonts of figures: measured and drawn by Pillow, named in drawings."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

# Regular and semibold; the first that this machine has.
_FILES = (
    ("Inter-Regular", "Inter-SemiBold"),
    ("segoeui", "seguisb"),
    ("HelveticaNeue", "HelveticaNeue"),
    ("NotoSans-Regular", "NotoSans-SemiBold"),
    ("Ubuntu-R", "Ubuntu-M"),
    ("Cantarell-Regular", "Cantarell-Bold"),
    ("Arial", "Arial Bold"),
    ("arial", "arialbd"),
    ("LiberationSans-Regular", "LiberationSans-Bold"),
    ("DejaVuSans", "DejaVuSans-Bold"),
)
FAMILIES = "Inter, 'Segoe UI', 'Helvetica Neue', 'Noto Sans', Arial, sans-serif"
_ENDINGS = (".otf", ".ttf", ".ttc")


def font(size: float, *, bold: bool = False) -> Any:
    """Return a font of `size` pixels; Pillow's own where this machine has none that is known."""
    from PIL import ImageFont

    pair = _found()
    if pair is None:
        return ImageFont.load_default(size)
    return ImageFont.truetype(str(pair[bold]), size)


def width(words: str, size: float, *, bold: bool = False) -> float:
    """Return how wide words are, in pixels."""
    return float(_measuring(bold).getlength(words)) * size / _MEASURED


_MEASURED = 64.0


@cache
def _measuring(bold: bool) -> Any:
    return font(_MEASURED, bold=bold)


@cache
def _found() -> tuple[Path, Path] | None:
    files = {
        path.stem: path
        for folder in _folders()
        for path in folder.rglob("*")
        if path.suffix.lower() in _ENDINGS
    }
    for regular, bold in _FILES:
        if regular in files:
            return files[regular], files.get(bold, files[regular])
    return None


def _folders() -> list[Path]:
    home = Path.home()
    if sys.platform == "win32":
        return [Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"]
    if sys.platform == "darwin":
        return [home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts")]
    return [home / ".local/share/fonts", Path("/usr/local/share/fonts"), Path("/usr/share/fonts")]
