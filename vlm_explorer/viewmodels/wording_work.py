"""What the page of wordings has done off the GUI thread. No Qt; heavy imports in functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.queries.sensitivity_answer import SensitivityAnswer
    from vlm_explorer.queries.text_memory import TextMemory
    from vlm_explorer.viewmodels.background import Opened


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt, and the images that it is asked about.

    Attributes:
        rows: intp (n,), of the collection.
        truth: the finding that the prompt stands for; column, table, stands and labelled_only as of
            `SensitivityRequest`.
        counting: what blanks and -1 count as.
        looked: whether it is known what could say what is true; nothing is asked before.
    """

    prompt: str
    rows: np.ndarray = field(compare=False)
    truth: str = ""
    column: str = ""
    table: str = ""
    stands: tuple[str, ...] = ()
    labelled_only: bool = False
    counting: tuple[str, str] = ("left-out", "left-out")
    looked: bool = True

    def same(self, other: Asked | None) -> bool:
        """Whether the answer would be the same."""
        return other is not None and self == other and np.array_equal(self.rows, other.rows)

    def begun_as(self, other: Asked) -> bool:
        """Whether the prompt and the images are the same, whatever is known to be true."""
        return self.prompt == other.prompt and np.array_equal(self.rows, other.rows)


def remember(encoder: Encoder) -> TextMemory:
    """Return a memory for the texts that an encoder reads."""
    from vlm_explorer.queries.text_memory import TextMemory

    return TextMemory(encoder)


def ask(
    content: Opened, memory: TextMemory, asked: Asked, *, context: JobContext
) -> SensitivityAnswer:
    """Ask a prompt in other words; see `queries.prompt_sensitivity`."""
    from vlm_explorer.queries.prompt_sensitivity import prompt_sensitivity
    from vlm_explorer.queries.sensitivity_answer import SensitivityRequest
    from vlm_explorer.queries.truth_counting import Counting

    ids = tuple(content.images.ids[asked.rows].tolist())
    request = SensitivityRequest(
        asked.prompt,
        ids,
        asked.truth,
        asked.column,
        asked.table,
        asked.stands,
        asked.labelled_only,
        Counting(*asked.counting),
    )
    return prompt_sensitivity(content.collection, memory, request, context=context)
