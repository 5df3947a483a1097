"""Numbers and ranges in words: as many places as tell them apart, a true minus, units."""

from __future__ import annotations

import math

_MOST_PLACES = 6
_DIGITS = 3  # of a step that are told


def number_words(value: float, span: float = 0.0, unit: str = "") -> str:
    """Return a number with as many places as a scale of that `span` needs: "−0.25", "12,480".

    Args:
        value: the number; infinite and unknown ones are not written.
        span: how far apart the ends of the scale are; 0: that of the number itself.
        unit: follows, after a space.
    """
    reach = abs(span) or abs(value)
    if reach and (reach < 10.0**-_MOST_PLACES or reach >= 1e12):
        words = f"{value:.3g}"
    else:
        places = 0 if not reach else _DIGITS - 1 - math.floor(math.log10(reach))
        words = f"{value:,.{min(max(places, 0), _MOST_PLACES)}f}"
        if float(value).is_integer():
            words = f"{value:,.0f}"
    if words.lstrip("-0.,") == "":
        words = words.lstrip("-")
    return f"{words.replace('-', '−')}{_suffix(unit)}"


def range_words(title: str, low: float, high: float, unit: str = "") -> str:
    """Return a range in words, open where an end is infinite."""
    if math.isinf(low) and math.isinf(high):
        return f"{title} known"
    if math.isinf(low):
        return f"{title} ≤ {number_words(high, 0, unit)}"
    if math.isinf(high):
        return f"{title} ≥ {number_words(low, 0, unit)}"
    span = high - low
    return f"{title} {number_words(low, span)} to {number_words(high, span, unit)}"


def read_number(text: str) -> float | None:
    """Return a number as someone types it, or None: thousands, commas and a true minus are read.

    A comma is a decimal point where it is the only mark and no group of three digits follows it.
    """
    plain = text.strip().replace("−", "-").replace("\N{NO-BREAK SPACE}", "").replace(" ", "")
    if plain.count(",") == 1 and "." not in plain and len(plain.split(",")[1]) != 3:
        plain = plain.replace(",", ".")
    plain = plain.replace(",", "").rstrip("%")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in plain else None


def _suffix(unit: str) -> str:
    return f" {unit}" if unit else ""
