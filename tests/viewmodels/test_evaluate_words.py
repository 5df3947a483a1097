"""Figures of an evaluation in words."""

from __future__ import annotations

import numpy as np

from vlm_explorer.analysis.label_metrics import Measured
from vlm_explorer.analysis.resampling import Estimate
from vlm_explorer.queries.retrieve import (
    DIRECTIONS,
    RetrievalRow,
    RetrieveAnswer,
    RetrieveRequest,
)
from vlm_explorer.viewmodels.evaluate_words import retrieval_rows

FIGURES = ("hit@1", "hit@5", "hit@10", "recall@1", "recall@5", "recall@10", "mrr", "median_rank")


def test_that_each_direction_stands_beside_its_own_level_of_chance() -> None:
    """Several captions an image make one direction easier than the other."""
    measured = Measured(Estimate(0.5, 0.4, 0.6, 10), np.array([0.4, 0.6]))
    rows = tuple(
        RetrievalRow(
            direction,
            space,
            10,
            50,
            dict.fromkeys(FIGURES, measured),
            dict.fromkeys(FIGURES, level),
        )
        for space in ("raw", "centred")
        for direction, level in zip(DIRECTIONS, (0.25, 0.125), strict=True)
    )
    answer = RetrieveAnswer(RetrieveRequest(), "demo", 10, 50, 50, "patient", rows)
    chances = [row.cells for row in retrieval_rows(answer) if row.cells[0] == "By chance"]
    assert chances == [
        ("By chance", DIRECTIONS[0], *["0.25"] * 5),
        ("By chance", DIRECTIONS[1], *["0.125"] * 5),
    ]
