"""Cells of CSV that a spreadsheet would run as formulas, made harmless, and back again.

A cell of text that begins with one of `= + - @`, a tab, a carriage return or a line feed gets an
apostrophe before it, as OWASP advises against CSV injection; so does one that begins with
apostrophes and then such a character, so that taking one apostrophe away gives back every cell as
it was. Numbers are no text: -0.25 stays as it is.
"""

from __future__ import annotations

import re

_RUNS = re.compile(r"'*[=+\-@\t\r\n]")
_QUOTED = re.compile(r"'+[=+\-@\t\r\n]")


def quoted(cell: str) -> str:
    """Return a cell of text as it is written."""
    return f"'{cell}" if _RUNS.match(cell) else cell


def unquoted(cell: str) -> str:
    """Return a cell of text as it was before `quoted`."""
    return cell[1:] if _QUOTED.match(cell) else cell
