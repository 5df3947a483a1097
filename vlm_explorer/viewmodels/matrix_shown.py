"""The matrix as it is drawn: rows and columns in their order, values, colours, pairs. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.analysis.infonce import effective_choices, shares
from vlm_explorer.analysis.seriation import Scaled, scaled
from vlm_explorer.rendering.colour_maps import colour_map
from vlm_explorer.rendering.map_scaling import Limits, limits
from vlm_explorer.viewmodels.numbers import cosine as cosine_words
from vlm_explorer.viewmodels.numbers import percent

if TYPE_CHECKING:
    from vlm_explorer.queries.similarity_matrix import MatrixAnswer

_SIGNED = 0.1  # share of the largest value that the other sign must reach to be worth a colour
_LIGHT = "blue and red"  # diverging colours with a light centre, for a light ground
SCALES: tuple[tuple[Scaled, str], ...] = (
    ("cosine", "Cosine"),
    ("row", "z by row"),
    ("column", "z by column"),
)
_UNITS = {"cosine": "cosine", "row": "z within each row", "column": "z within each column"}
_KINDS = {"caption": "caption", "label": "label", "pinned": "pinned prompt", "typed": "typed text"}


class View(StrEnum):
    """What stands in rows and columns."""

    BOTH = "both"
    IMAGES = "images"
    TEXTS = "texts"


@dataclass(frozen=True, slots=True)
class Item:
    """An image (by its row in the collection's matrix) or a text, as it is called.

    Attributes:
        image_id: None for a text.
        name: what it is called.
        about: what it is, in a word or two.
    """

    image_id: str | None
    name: str
    about: str


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A matrix of R rows and C columns, in the order in which they are drawn.

    Attributes:
        cosine, values: float64 (R, C), and what the colours stand for.
        rows, columns: what they are.
        pairs: intp (P, 2), cells of an image and its own caption.
        limits: of the colours.
        unit: what `values` are, in words.
    """

    cosine: np.ndarray
    values: np.ndarray
    rows: tuple[Item, ...]
    columns: tuple[Item, ...]
    pairs: np.ndarray
    limits: Limits
    unit: str

    def picture(self, dark: bool) -> np.ndarray:
        """Return a pixel a cell, uint8 (R, C, 3)."""
        table = self.colours(dark)
        place = np.rint(255 * self.limits.strengths(self.values)).astype(np.intp)
        return np.asarray(table[place])

    def colours(self, dark: bool) -> np.ndarray:
        """Return the colours from the least value to the greatest, uint8 (256, 3)."""
        if self.limits.diverging:
            return colour_map(True, "" if dark else _LIGHT)
        return colour_map(False, "viridis")

    def shares(self, row: int, temperature: float) -> np.ndarray:
        """Return what each column gets of a row's softmax, float64 (C,)."""
        return shares(self.cosine[row], temperature)

    def is_pair(self, row: int, column: int) -> bool:
        """Whether a cell is that of an image and its own caption."""
        return bool((self.pairs == (row, column)).all(axis=1).any())

    def cell_words(self, row: int, column: int, temperature: float) -> str:
        """Return a cell in words: cosine, the colour's number, the share of its row."""
        share = self.shares(row, temperature)
        words = f"cosine {cosine_words(self.cosine[row, column])}"
        if not self.unit.startswith("cosine"):
            words += f" · z {self.values[row, column]:.1f}".replace("-", "−")
        what = "text" if self.columns[column].image_id is None else "image"
        what += "" if len(share) == 1 else "s"
        words += f" · {percent(share[column])} among {len(share):,} {what}"
        return f"{words}, its own" if self.is_pair(row, column) else words

    def row_words(self, row: int, temperature: float) -> str:
        """Return what the temperature does to a row, in words."""
        among = effective_choices(self.shares(row, temperature))
        return f"as among {among:.1f}"


def shown(
    answer: MatrixAnswer, view: View, how: Scaled, seriated: bool, images: tuple[Item, ...]
) -> Shown:
    """Return the matrix of an answer.

    Args:
        images: what the answer's images are called.
    """
    texts = tuple(Item(None, text.text, _KINDS[text.kind]) for text in answer.texts)
    first = (answer.vectors, texts) if view is View.TEXTS else (answer.images, images)
    second = (answer.images, images) if view is View.IMAGES else (answer.vectors, texts)
    cosine = np.asarray(answer.cosine if view is View.BOTH else first[0] @ second[0].T, np.float64)
    rows, columns = np.arange(len(first[1])), np.arange(len(second[1]))
    if seriated:
        rows = answer.text_order if view is View.TEXTS else answer.image_order
        columns = answer.image_order if view is View.IMAGES else answer.text_order
    cosine = cosine[np.ix_(rows, columns)]
    values = scaled(cosine, how)
    return Shown(
        cosine=cosine,
        values=values,
        rows=tuple(first[1][row] for row in rows),
        columns=tuple(second[1][column] for column in columns),
        pairs=_pairs(answer, rows, columns) if view is View.BOTH else np.empty((0, 2), np.intp),
        limits=limits([values], signed=how != "cosine" or _signed(values)),
        unit=_UNITS[how],
    )


def _pairs(answer: MatrixAnswer, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return where the pairs lie in the order that is drawn."""
    return np.stack(
        [np.argsort(rows)[answer.pairs[:, 0]], np.argsort(columns)[answer.pairs[:, 1]]], 1
    )


def _signed(values: np.ndarray) -> bool:
    """Whether both signs are worth a colour of their own."""
    low, high = float(-values.min(initial=0)), float(values.max(initial=0))
    return min(low, high) > _SIGNED * max(low, high)
