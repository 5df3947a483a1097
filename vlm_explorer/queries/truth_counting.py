"""How cells that say neither yes nor no are counted: left out, as absent, or as present."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.errors import UsageError
from vlm_explorer.queries.truth_columns import BLANK, FINDINGS, NO, UNCERTAIN, YES

LEFT_OUT, PRESENT, ABSENT = "left-out", "present", "absent"
OF_BLANKS = (LEFT_OUT, ABSENT)
OF_UNCERTAIN = (LEFT_OUT, PRESENT, ABSENT)
_STATES = {PRESENT: YES, ABSENT: NO}
_BEGINNINGS = {
    LEFT_OUT: "Left out label by label",
    PRESENT: "Counted as present",
    ABSENT: "Counted as absent",
}


@dataclass(frozen=True, slots=True)
class Counting:
    """How columns of 0 and 1 are counted where they say neither.

    Attributes:
        blank: one of `OF_BLANKS`: a finding that is not mentioned is unknown, or absent. Only of
            images that the table lists: of others nothing is known.
        uncertain: one of `OF_UNCERTAIN`: -1 is unknown, present or absent (U-Ignore, U-Ones and
            U-Zeros of Irvin et al. 2019, CheXpert, section 3).
    """

    blank: str = LEFT_OUT
    uncertain: str = LEFT_OUT

    def check(self, column: str) -> None:
        """See that the choices are ones, and that a column has such cells.

        Raises:
            UsageError: they are not, or it has none.
        """
        for name, value, known in (
            ("blanks", self.blank, OF_BLANKS),
            ("uncertain cells", self.uncertain, OF_UNCERTAIN),
        ):
            if value not in known:
                raise UsageError(
                    f"Cells cannot be counted as “{value}”.",
                    f"Choose for {name} one of {', '.join(known)}.",
                )
        if column != FINDINGS and self != Counting():
            raise UsageError(
                f"Only columns of 0 and 1 have blanks and -1 to be counted; {column} has lists.",
                f"Choose {FINDINGS} as the column, or leave such cells out.",
            )

    def counted(self, state: NDArray[np.int8], listed: NDArray[np.bool_]) -> NDArray[np.int8]:
        """Return what cells of one finding count as, int8 (N,).

        Args:
            state: int8 (N,), what they say, as of `truth_columns.states`.
            listed: bool (N,), of which images the table has a row.
        """
        found = state.copy()
        if self.blank in _STATES:
            found[(state == BLANK) & listed] = _STATES[self.blank]
        if self.uncertain in _STATES:
            found[state == UNCERTAIN] = _STATES[self.uncertain]
        return found

    def told(self, unsure: Mapping[str, tuple[int, int]]) -> tuple[str, ...]:
        """Return what became of such cells, a sentence a way of counting them.

        Args:
            unsure: of each label, how many images are uncertain, and how many are not mentioned.
        """
        told = []
        for how, begins in _BEGINNINGS.items():
            parts = []
            for label, (unclear, blank) in unsure.items():
                counts = [(unclear, "uncertain")] if self.uncertain == how else []
                counts += [(blank, "not mentioned")] if self.blank == how else []
                if any(count for count, _ in counts):
                    words = ", ".join(f"{count:,} {word}" for count, word in counts)
                    parts.append(f"{label} ({words})")
            if parts:
                told.append(f"{begins}: {', '.join(parts)}.")
        return tuple(told)
