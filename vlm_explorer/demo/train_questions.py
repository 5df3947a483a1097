"""What a training step asks of which image, where the answer has a marked place."""

# The training part is never imported on the way to the window.
# ruff: noqa: TID253

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vlm_explorer.demo.findings import FINDINGS
from vlm_explorer.demo.train_statements import Facts
from vlm_explorer.demo.train_texts import finding_words

MOST_QUESTIONS = 32
FINDING_NAMES = tuple(FINDINGS)


@dataclass(frozen=True, slots=True)
class Questions:
    """Findings that are shown, one of an image.

    Attributes:
        rows: int64 (Q,), the images, ascending, each once.
        texts: the findings in words, half of them with their side.
        marked: float (Q, patches), whether the patch lies in the finding's box; some do.
    """

    rows: Tensor
    texts: tuple[str, ...]
    marked: Tensor


def draw_questions(rng: np.random.Generator, facts: Sequence[Facts], inside: Tensor) -> Questions:
    """Draw images with a marked finding, common findings as often as rare ones.

    A finding on both sides is asked for without a side, since its boxes do not tell theirs.

    Args:
        rng: the source of chance.
        facts: what is known about each image.
        inside: float (N, patches, findings), whether the patch lies in the finding's box.
    """
    shown = (inside.amax(dim=1) > 0).numpy()
    rows, columns = np.nonzero(shown)
    # The smallest of exponential times are a weighted draw without replacement.
    times = rng.exponential(size=len(rows)) * shown.sum(axis=0)[columns]
    chosen: dict[int, int] = {}
    for place in np.argsort(times, kind="stable"):
        if len(chosen) < MOST_QUESTIONS:
            chosen.setdefault(int(rows[place]), int(columns[place]))
    pairs = sorted(chosen.items())
    texts = []
    for row, column in pairs:
        name = FINDING_NAMES[column]
        sides = [side for found, side in facts[row].findings if found == name]
        asked = sides[0] if len(sides) == 1 and rng.random() < 0.5 else ""
        texts.append(finding_words(rng, name, asked))
    index = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)
    return Questions(index[:, 0], tuple(texts), inside[index[:, 0], :, index[:, 1]])
