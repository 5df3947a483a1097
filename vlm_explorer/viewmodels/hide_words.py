"""What hiding parts did, in words and figures. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vlm_explorer.saliency.hiding import Hidden

# What is put in the place of the parts: its name in the core, in a list, and in a sentence.
BASELINES = (
    ("blur", "Blurred", "blurred"),
    ("mean", "Mean colour of the image", "painted in the image's mean colour"),
    ("zero", "Mean of the training images", "painted in the training images' mean colour"),
    ("black", "Black", "painted black"),
)
CHANCE = "Random parts"
COLUMNS = ("Text", "Before", "After", "Change", CHANCE, "As far")
TIPS = (
    "The prompt, then the labels of the label set",
    "Cosine of the whole image and the text",
    "Cosine with the parts hidden",
    "After less before",
    "Change with parts of the same sizes hidden at random elsewhere: mean ± standard deviation",
    "How many of the random parts change the cosine as far, in the same direction",
)
_OVERLAP = 0.05  # share from which it is worth a word


@dataclass(frozen=True, slots=True)
class HideRow:
    """A line of the table: the cells' words, in the order of `COLUMNS`."""

    cells: tuple[str, ...]


def rows_of(texts: Sequence[str], hidden: Hidden) -> tuple[HideRow, ...]:
    """Return a line for each text."""
    done = len(hidden.elsewhere)
    rows = []
    for number, text in enumerate(texts):
        others = hidden.change_elsewhere[:, number]
        chance = f"{signed(others.mean())} ± {others.std(ddof=1):.3f}" if done > 1 else "…"
        as_far = f"{hidden.as_far(number)} of {done}" if done else "…"
        before, after = (_plain(each[number]) for each in (hidden.before, hidden.after))
        change = signed(hidden.change[number])
        rows.append(HideRow((text, before, after, change, chance, as_far)))
    return tuple(rows)


def summary(hidden: Hidden) -> str:
    """Return what was hidden, and what it is compared with."""
    how = next(words for name, _, words in BASELINES if name == hidden.baseline)
    words = f"{_percent(hidden.share)} of the encoder's view hidden, {how}"
    done = len(hidden.elsewhere)
    count = f"{hidden.repeats}" if done == hidden.repeats else f"{done} of {hidden.repeats}"
    words += f"; beside it {count} random parts of the same sizes"
    if hidden.overlap >= _OVERLAP:
        words += f" ({_percent(hidden.overlap)} overlap)"
    return words


def signed(value: float) -> str:
    """Return a difference of cosines with its sign: "−0.042"."""
    words = f"{value:+.3f}"
    return words.lstrip("+-") if float(words) == 0 else words.replace("-", "−")


def _plain(value: float) -> str:
    return f"{value:.3f}".replace("-", "−")


def _percent(share: float) -> str:
    percent = 100 * float(np.clip(share, 0, 1))
    return f"{percent:.0f} %" if percent >= 1 else "Less than 1 %"
