r"""Queries in one line: `2:"pleural effusion" + "scan-01.dcm" - "pacemaker"`.

    expression = [sign] term { sign term }      the sign stands between spaces
    sign       = "+" | "-"
    term       = [weight ":"] text
    text       = '"' ... '"'          in which \" is a quotation mark and \\ a backslash

A text that names an image stands for it, and `"scan-01.dcm[40,60,120,140]"` for a region of it: x0,
y0, x1, y1 in pixels, x1 and y1 just outside. `"mean(id,id)"` stands for several images of the
collection, by their ids: the mean of their unit vectors, made a unit vector again.

What is searched for is the sum of the terms' unit vectors, each times its weight and sign, made a
unit vector again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vlm_explorer.errors import UsageError

if TYPE_CHECKING:
    from vlm_explorer.queries.examples import Example

_TERM = re.compile(r'(?:(?P<weight>\d+(?:\.\d*)?|\.\d+)\s*:\s*)?"(?P<text>(?:[^"\\]|\\.)*)"')
_FIRST = re.compile(r"\s*([+-]?)\s*")
_BETWEEN = re.compile(r"\s+([+-])\s+")
_ESCAPED = re.compile(r'\\(["\\])')
_EXAMPLE = 'Write it like this: 2:"pleural effusion" + "scan-01.dcm" - "pacemaker"'


@dataclass(frozen=True, slots=True)
class Term:
    """A text or an image, and how much it counts: below zero it counts against an image.

    Attributes:
        kind: what it is; empty: an image, or a region of one, where it names one, else a text.
        example: what is shown instead of named; `text` then only says what that is.
    """

    text: str
    weight: float = 1.0
    kind: Literal["", "text", "image"] = ""
    example: Example | None = None

    @property
    def is_file(self) -> bool:
        """Whether it names a file: one that exists, or a path from here or from the root."""
        if self.text.startswith(("./", "/")):
            return True
        try:
            return Path(self.text).expanduser().is_file()
        except OSError:
            return False  # too long for a name

    def __str__(self) -> str:
        quoted = '"' + re.sub(r'(["\\])', r"\\\1", self.text) + '"'
        return quoted if abs(self.weight) == 1 else f"{abs(self.weight):.15g}:{quoted}"


def parse_expression(expression: str) -> tuple[Term, ...]:
    """Return the terms of an expression, in order.

    Raises:
        UsageError: it is none; the text says where.
    """
    terms: list[Term] = []
    place, sign = _first_sign(expression)
    while True:
        found = _TERM.match(expression, place)
        if found is None:
            raise _wrong(expression, place, "a text in quotation marks")
        text = _ESCAPED.sub(r"\1", found["text"]).strip()
        if not text:
            raise _wrong(expression, place, "a word between the quotation marks")
        terms.append(Term(text, sign * float(found["weight"] or 1)))
        place = found.end()
        if not expression[place:].strip():
            break
        between = _BETWEEN.match(expression, place)
        if between is None:
            raise _wrong(expression, place, "+ or - between spaces")
        place, sign = between.end(), _value(between[1])
    if all(term.weight == 0 for term in terms):
        raise UsageError("All weights of the query are 0.", _EXAMPLE)
    if not any(term.weight > 0 for term in terms):
        raise UsageError("The query says only what is not wanted.", _EXAMPLE)
    return tuple(terms)


def write_expression(terms: tuple[Term, ...]) -> str:
    """Return the expression that `parse_expression` reads as these terms."""
    parts = []
    for number, term in enumerate(terms):
        sign = "-" if term.weight < 0 else "+" if number else ""
        parts.append(f"{sign} {term}" if sign else str(term))
    return " ".join(parts)


def summed(terms: Iterable[Term], called: Callable[[Term], str]) -> str:
    """Return a sum of terms as people read it; `called` says what each is."""
    parts = []
    for number, term in enumerate(terms):
        sign = "− " if term.weight < 0 else "+ " if number else ""
        weight = "" if abs(term.weight) == 1 else f"{abs(term.weight):.4g} × "
        parts.append(f"{sign}{weight}{called(term)}")
    return " ".join(parts)


def unnamed(term: Term) -> str:
    """Return what a term is: its words, or the kind of image; neither an id nor a file's name."""
    if term.example is not None:
        return "region" if hasattr(term.example, "box") else term.example.words
    return "image" if term.kind == "image" else f"“{term.text}”"


def _first_sign(expression: str) -> tuple[int, float]:
    found = _FIRST.match(expression)
    assert found is not None  # it matches nothing at all, too
    return found.end(), _value(found[1])


def _value(sign: str) -> float:
    return -1.0 if sign == "-" else 1.0


def _wrong(expression: str, place: int, expected: str) -> UsageError:
    there = expression[place : place + 20].strip()
    where = f"at “{there}”, character {place + 1}" if there else "at its end"
    return UsageError(f"The query cannot be read {where}: {expected} was expected.", _EXAMPLE)
