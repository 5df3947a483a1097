"""The order in which people expect numbered names: IM2 before IM10."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"(\d+)")


def natural_key(name: str) -> tuple[tuple[tuple[int, int | str], ...], str]:
    """Return a sort key that compares runs of digits as numbers, and letters without case.

    The name itself ends the key, so that the order is total (`a1` and `A01` differ).
    """
    parts = _DIGITS.split(name.casefold())
    chunks: list[tuple[int, int | str]] = []
    for number, part in enumerate(parts):
        if number % 2:
            chunks.append((0, int(part)) if part.isascii() else (1, part))
        elif part:
            chunks.append((1, part))
    return tuple(chunks), name
