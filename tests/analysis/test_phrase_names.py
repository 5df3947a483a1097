"""Groups of images named by phrases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.analysis.phrase_names import name_groups
from vlm_explorer.analysis.similarity import unit


def scene(seed: int = 0) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Three groups around the directions of three phrases, and a phrase that is near to all."""
    chance = np.random.default_rng(seed)
    phrases = unit(chance.normal(size=(3, 64)))
    common = unit(phrases.sum(axis=0))
    which = np.repeat([0, 1, 2], [50, 30, 20])
    images = unit(phrases[which] * 0.3 + common + 0.1 * chance.normal(size=(100, 64)))
    groups = [np.flatnonzero(which == number) for number in range(3)]
    return images, groups, np.vstack([common, phrases]).astype(np.float32)


def test_that_each_group_gets_the_phrase_that_sets_it_apart() -> None:
    images, groups, phrases = scene()
    nearest = (images[groups[0]] @ phrases.T).mean(axis=0).argmax()
    assert nearest == 0  # the common phrase is nearest, and says nothing
    names = name_groups(images, groups, phrases)
    assert [name.phrase for name in names if name] == [1, 2, 3]


def test_that_preference_and_lead_are_differences_of_mean_cosines() -> None:
    images, groups, phrases = scene()
    cosines = images.astype(float) @ phrases.T.astype(float)
    rest = np.setdiff1d(np.arange(len(images)), groups[1])
    expected = cosines[groups[1]].mean(axis=0) - cosines[rest].mean(axis=0)
    name = name_groups(images, groups, phrases)[1]
    assert name is not None
    assert name.preference == pytest.approx(expected.max(), abs=1e-6)
    assert name.lead == pytest.approx(np.diff(np.sort(expected)[-2:])[0], abs=1e-6)


def test_that_float16_rows_give_the_same_names() -> None:
    images, groups, phrases = scene()
    found = name_groups(images.astype(np.float16), groups, phrases)
    assert [name and name.phrase for name in found] == [1, 2, 3]


@given(st.integers(0, 100))
def test_that_nothing_is_named_where_there_is_nothing_to_prefer(seed: int) -> None:
    images, groups, phrases = scene(seed)
    everything = np.arange(len(images))
    assert name_groups(images, [everything, everything[:0]], phrases) == [None, None]
    assert name_groups(images, groups, phrases[:0]) == [None] * 3
    towards = unit(images[groups[0]].mean(axis=0) - images[groups[1]].mean(axis=0))
    assert name_groups(images, [groups[1]], towards[None]) == [None]


def test_that_a_finer_group_is_told_apart_from_what_lies_around_it():
    words = np.eye(5, dtype=np.float32)  # chest, enlarged heart, normal chest, breast, other
    chance = np.random.default_rng(0)
    kind = np.repeat([0, 1, 2], 30)
    centre = np.array([[1, 0.6, 0, 0, 0], [1, 0, 0.6, 0, 0], [0, 0, 0, 1, 0]])
    images = centre[kind] + chance.normal(size=(90, 5)) * 0.05
    images = (images / np.linalg.norm(images, axis=1, keepdims=True)).astype(np.float32)
    around, enlarged, normal = np.arange(60), np.arange(30), np.arange(30, 60)
    groups = [around, np.arange(60, 90), enlarged, normal, np.arange(50, 60)]
    within = [None, None, around, around, normal]
    named = name_groups(images, groups, words, within)
    assert [name and name.phrase for name in named] == [0, 3, 1, 2, None]
    assert name_groups(images, groups, words)[4] is not None
    inside = images[enlarged].mean(axis=0)
    rests = images[normal].mean(axis=0), images[30:].mean(axis=0)
    least = min(float((inside - rest)[1]) for rest in rests)
    assert named[2].preference == pytest.approx(least, abs=1e-5)


@given(st.integers(0, 100))
def test_that_a_group_of_two_kinds_is_not_named_after_one_of_them(seed: int) -> None:
    _, groups, phrases = scene(seed)
    kinds = np.repeat([1, 2, 3], [50, 30, 20])
    noise = 0.01 * np.random.default_rng(seed).normal(size=(100, 64))
    images = unit(phrases[kinds] + noise)
    mixed = np.concatenate([groups[1][:20], groups[2]])  # 20 of each
    assert name_groups(images, [mixed], phrases) == [None]
    mostly = np.concatenate([groups[1], groups[2][:5]])
    (name,) = name_groups(images, [mostly], phrases)
    assert name is not None
    assert name.phrase == 2
