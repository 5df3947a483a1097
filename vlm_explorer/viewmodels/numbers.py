"""Numbers in words, the same everywhere in the window."""

from __future__ import annotations


def cosine(value: float) -> str:
    """Return a cosine with three places and a true minus sign."""
    return f"{value:.3f}".replace("-", "−")


def z(value: float) -> str:
    """Return how many standard deviations, with one place and a true minus sign."""
    return f"{value:.1f}".replace("-", "−")


def score(value: float) -> str:
    """Return a score without unit with two places and a true minus sign."""
    return f"{value:.2f}".replace("-", "−")


def percent(value: float) -> str:
    """Return a probability in words that do not claim certainty."""
    if 0 < value < 0.01:
        return "< 1 %"
    if 0.99 < value < 1:
        return "> 99 %"
    return f"{100 * value:.0f} %"


def size(count: int | None) -> str:
    """Return a number of bytes in words; nothing where it is not known."""
    if not count:
        return ""
    for unit, least in (("GB", 1e9), ("MB", 1e6)):
        if count >= least:
            return f"{count / least:.1f} {unit}" if unit == "GB" else f"{count / least:.0f} {unit}"
    return f"{count / 1e3:.0f} kB"
