"""Numbers in words. No Qt."""

from __future__ import annotations

import math


def plain_number(value: float, figures: int = 4) -> str:
    """Return a number as a person would write it: whole where it is, else `figures` figures."""
    if not math.isfinite(value):
        return "none"
    if float(value).is_integer() and abs(value) < 1e9:
        text = f"{int(value)}"
    elif abs(value) >= 10**figures:
        text = f"{value:.0f}"
    else:
        text = f"{value:.{figures}g}"
    return text.replace("-", "−")
