"""The order in which people expect numbered names: IM2 before IM10."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"([0-9]+)")


def natural_key(name: str) -> tuple[str, str]:
    """Return a sort key that compares runs of digits as numbers, and letters without case.

    A number is written as how many digits it has, then the digits, so that texts compare as the
    numbers do: sorting a million names takes seconds. The name itself ends the key, so that the
    order is total (`a1` and `A01` differ).
    """
    parts = _DIGITS.split(name.casefold())
    for number in range(1, len(parts), 2):
        digits = parts[number].lstrip("0")
        parts[number] = chr(ord("0") + len(digits)) + digits
    return "".join(parts), name
