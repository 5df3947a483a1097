"""Which training text is true of which image."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_explorer.demo.train_negatives import nonsense, unrelated
from vlm_explorer.demo.train_statements import (
    FINDING_PAIRS,
    Facts,
    Statement,
    caption_statement,
    fit_matrix,
)
from vlm_explorer.demo.train_texts import FINDING_WORDS, PAIRS, false_prompt, true_prompt

CHEST = ("XR", "chest")


def facts(*findings: tuple[str, str], pair: tuple[str, str] = CHEST) -> Facts:
    return Facts(pair, frozenset(["pa"]), frozenset(findings))


NORMAL = facts()
LEFT = facts(("pleural effusion", "left"))
BOTH = facts(("pleural effusion", "left"), ("pleural effusion", "right"))
EVERY = [NORMAL, LEFT, BOTH, facts(("pleural effusion", "right"), ("cardiomegaly", ""))] + [
    Facts(pair, frozenset(), frozenset([(name, side)]))
    for name, pairs in FINDING_PAIRS.items()
    for pair in sorted(pairs)
    for side in ("", "left", "right", "bilateral")
]


def test_that_a_side_is_shown_by_bilateral_findings_and_by_one_on_each_side() -> None:
    assert BOTH.shows("pleural effusion", "bilateral")
    assert BOTH.shows("pleural effusion", "left")
    assert facts(("nodule", "bilateral")).shows("nodule", "right")
    assert LEFT.shows("pleural effusion")
    assert not LEFT.shows("pleural effusion", "right")
    assert not LEFT.shows("pleural effusion", "bilateral")


def test_that_a_caption_without_sides_is_true_of_the_same_finding_on_the_other_side() -> None:
    right = facts(("pleural effusion", "right"))
    assert caption_statement("Chest x-ray with an effusion.", LEFT).fits(right)
    assert not caption_statement("Chest x-ray with a left effusion.", LEFT).fits(right)
    assert not caption_statement("Chest x-ray with an effusion.", LEFT).fits(NORMAL)


def test_that_a_caption_without_modality_is_true_of_all_that_show_the_finding() -> None:
    ct = facts(("pleural effusion", "left"), pair=("CT", "chest"))
    assert caption_statement("Left pleural effusion.", LEFT).fits(ct)
    assert not caption_statement("Left pleural effusion on a chest radiograph", LEFT).fits(ct)


@pytest.mark.parametrize("image", EVERY)
def test_that_prompts_are_as_true_or_false_as_they_claim(image: Facts) -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        assert true_prompt(rng, image).fits(image)
        assert not false_prompt(rng, image).fits(image)


def test_that_unrelated_and_nonsense_texts_fit_no_image() -> None:
    rng = np.random.default_rng(4)
    texts = [make(rng) for make in (unrelated, nonsense) for _ in range(100)]
    assert all(statement.text.strip() for statement in texts)
    assert not fit_matrix(EVERY, texts).any()


def test_that_every_finding_can_be_named() -> None:
    assert set(FINDING_WORDS) == set(FINDING_PAIRS)
    assert {pair for pairs in FINDING_PAIRS.values() for pair in pairs} == PAIRS


def test_that_the_matrix_has_a_row_an_image_and_a_column_a_text() -> None:
    texts = [
        Statement("left effusion", PAIRS, present=(("pleural effusion", "left"),)),
        Statement("no effusion", PAIRS, absent=(("pleural effusion", ""),)),
    ]
    expected = [[False, True], [True, False], [True, False]]
    assert fit_matrix([NORMAL, LEFT, BOTH], texts).tolist() == expected
