"""What the page of the matrix has done off the GUI thread. No Qt; heavy imports in functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.queries.label_set import Label
    from vlm_explorer.queries.similarity_matrix import MatrixAnswer
    from vlm_explorer.queries.text_memory import TextMemory
    from vlm_explorer.viewmodels.background import Opened

LEAST, MOST = 0.002, 2.0  # temperatures that can be chosen
POINTS = 49  # of the curve of losses


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What the matrix is of.

    Attributes:
        rows: intp (n,), of the collection's images, rising.
        captions, labels, templates, pinned, typed: as in `queries.similarity_matrix`.
    """

    rows: np.ndarray
    captions: bool
    labels: tuple[Label, ...]
    templates: str
    pinned: tuple[str, ...]
    typed: tuple[str, ...]

    def same(self, other: Asked | None) -> bool:
        """Whether the answer would be the same."""
        return (
            other is not None
            and np.array_equal(self.rows, other.rows)
            and self.texts == other.texts
        )

    @property
    def texts(self) -> tuple[object, ...]:
        """What texts there are to be."""
        return self.captions, self.labels, self.templates, self.pinned, self.typed


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """The answer, with the loss of its pairs at temperatures from `LEAST` to `MOST`.

    Attributes:
        losses: float64 (POINTS,), at equal steps of the logarithm; empty below two pairs.
    """

    answer: MatrixAnswer
    losses: np.ndarray


def temperatures() -> np.ndarray:
    """Return float64 (POINTS,), at which the loss is known."""
    return np.geomspace(LEAST, MOST, POINTS)


def remember(encoder: Encoder | None) -> TextMemory | None:
    """Return a memory for the texts that an encoder reads; None without one."""
    from vlm_explorer.queries.text_memory import TextMemory

    return None if encoder is None else TextMemory(encoder)


def build(
    content: Opened, memory: TextMemory | None, asked: Asked, *, context: JobContext
) -> Matrix:
    """Compare images and texts; see `queries.similarity_matrix`."""
    from vlm_explorer.analysis.infonce import loss_curve
    from vlm_explorer.queries.similarity_matrix import MatrixRequest, similarity_matrix

    known = memory is not None
    request = MatrixRequest(
        tuple(content.images.ids[asked.rows].tolist()),
        asked.captions,
        asked.labels if known else (),
        asked.templates,
        asked.pinned if known else (),
        asked.typed if known else (),
    )
    model = content.model or None
    answer = similarity_matrix(content.collection, request, memory, model=model, context=context)
    paired = len(answer.pairs) > 1
    losses = loss_curve(answer.pair_cosine, temperatures().tolist()) if paired else np.empty(0)
    return Matrix(answer, losses)
