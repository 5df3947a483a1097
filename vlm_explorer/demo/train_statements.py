"""What a training text claims, and which images that is true of.

Images of one batch often share a finding, so most short texts are true of several of them. The
loss needs to know exactly which: a true text of another image is no negative.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.demo.findings import FINDINGS

Pair = tuple[str, str]
FINDING_PAIRS: dict[str, frozenset[Pair]] = {name: frozenset(p) for name, p in FINDINGS.items()}
_MODALITY = re.compile(
    r"x-?ray|radiogra|film|chest|\bct\b|tomogra|thora|mri?\b|magnetic|mammo|ultraso|sonogra|brain|head"
    r"|abdom|breast|liver|hepatic|kidney|renal"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about an image.

    Attributes:
        pair: modality group and body region, such as ("XR", "chest").
        aspects: view and sequence in lower case, such as "lateral" or "t2".
        findings: name and side of each finding; the side may be empty.
    """

    pair: Pair
    aspects: frozenset[str]
    findings: frozenset[tuple[str, str]]

    def shows(self, name: str, side: str = "") -> bool:
        """Whether the finding is there, on the given side unless that is empty."""
        sides = {found for finding, found in self.findings if finding == name}
        if not side or not sides:
            return bool(sides)
        if side == "bilateral":
            return side in sides or {"left", "right"} <= sides
        return side in sides or "bilateral" in sides


@dataclass(frozen=True, slots=True)
class Statement:
    """A text and what must hold of an image for it to be true.

    Attributes:
        text: the words.
        pairs: modality groups with body regions that it speaks of; none: of no image at all.
        aspects: views or sequences that it names.
        present: findings with sides (empty: any side) that it asserts.
        absent: findings with sides (empty: any side) that it denies.
        exactly: the whole set of findings, where the text names them all.
        sided: whether the sides of `exactly` are named, too.
    """

    text: str
    pairs: frozenset[Pair] = frozenset()
    aspects: frozenset[str] = frozenset()
    present: tuple[tuple[str, str], ...] = ()
    absent: tuple[tuple[str, str], ...] = ()
    exactly: frozenset[tuple[str, str]] | None = None
    sided: bool = True

    def fits(self, facts: Facts) -> bool:
        """Whether the text is true of an image."""
        return (
            facts.pair in self.pairs
            and self.aspects <= facts.aspects
            and self._names_all(facts)
            and all(facts.shows(*finding) for finding in self.present)
            and not any(facts.shows(*finding) for finding in self.absent)
        )

    def _names_all(self, facts: Facts) -> bool:
        if self.exactly is None or self.exactly == facts.findings:
            return True
        return not self.sided and {n for n, _ in self.exactly} == {n for n, _ in facts.findings}


def caption_statement(text: str, facts: Facts) -> Statement:
    """Return the statement of a full caption: it names all findings, but not always their sides.

    A caption that names neither modality nor region is true of every kind of image that can show
    these findings.
    """
    words = text.lower()
    pairs = frozenset([facts.pair])
    if facts.findings and not _MODALITY.search(words):
        pairs = frozenset.intersection(*(FINDING_PAIRS[name] for name, _ in facts.findings))
    sided = any(side in words for side in ("left", "right", "bilateral"))
    return Statement(text, pairs, exactly=facts.findings, sided=sided)


def fit_matrix(facts: Sequence[Facts], statements: Iterable[Statement]) -> NDArray[np.bool_]:
    """Return bool (images, texts): which text is true of which image."""
    rows = [[statement.fits(image) for image in facts] for statement in statements]
    return np.array(rows, dtype=bool).reshape(-1, len(facts)).T
