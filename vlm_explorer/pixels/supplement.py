"""Colours in grey pictures: the supplemental palette of enhanced objects (PS3.3 C.7.6.19).

Perfusion maps and functional MR lay colours over an anatomic picture: stored values below the
palette's first are greys, under a window as always; those from it on are colours.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.pixels.frame import Frame
from vlm_explorer.pixels.functional_groups import FrameElements
from vlm_explorer.pixels.greys import default_window, to_grey
from vlm_explorer.pixels.lookup_tables import read_palette

_COLOURED = frozenset({"COLOR", "MIXED"})
_NOTE = "The colours are those of the file; the window of the greys below them is its default."


def lay_colours(frame: Frame, stored: NDArray[Any], elements: FrameElements) -> Frame:
    """Return a grey frame in RGB if the file has colours for some of its values.

    Args:
        frame: as decoded, grey.
        stored: (rows, columns) its stored values.
        elements: of the frame.
    """
    if elements.text("PixelPresentation").upper() not in _COLOURED:
        return frame
    try:
        palette, first = read_palette(elements.root)
    except ValueError:
        return frame
    coloured = stored >= first
    if not coloured.any():
        return frame
    grey = to_grey(frame, default_window(frame))
    pixels = np.repeat(grey[..., None], 3, axis=2)
    index = np.minimum(stored[coloured].astype(np.int64) - first, len(palette) - 1)
    pixels[coloured] = palette[index]
    warnings = (*frame.warnings, _NOTE)
    return replace(
        frame, values=pixels, stored=stored, windows=(), voi_lut=None, unit="", padding=None,
        inverted=False, warnings=warnings,
    )  # fmt: skip
