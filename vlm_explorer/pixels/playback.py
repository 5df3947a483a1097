"""How fast the frames of a file follow each other."""

from __future__ import annotations

from statistics import fmean

from vlm_explorer.pixels.functional_groups import FrameElements

# Faster than any scanner; such a value is a mistake of the unit.
_MOST = 1000.0


def find_frame_rate(elements: FrameElements) -> float | None:
    """Return pictures a second, or None where the file does not say.

    Cine Rate, else Recommended Display Frame Rate, else from Frame Time in ms, else from the mean
    of Frame Time Vector, whose first entry is no interval (PS3.3 C.7.6.5).
    """
    for keyword in ("CineRate", "RecommendedDisplayFrameRate"):
        if found := _sane(elements.number(keyword)):
            return found
    times = elements.numbers("FrameTime")[:1] or elements.numbers("FrameTimeVector")[1:]
    return _sane(1000.0 / fmean(times)) if times and fmean(times) > 0 else None


def _sane(rate: float | None) -> float | None:
    return rate if rate is not None and 0 < rate <= _MOST else None
