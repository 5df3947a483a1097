"""Regions of a map at several levels, on maps whose islands are known."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_explorer.analysis.group_levels import SHARES, assign_levels, groups_of


def archipelago(seed=0, each=60):
    """Three groups of islands far apart, three islands in each: their places, and which island."""
    chance = np.random.default_rng(seed)
    which = np.repeat(np.arange(9), each)
    chance.shuffle(which)
    place = np.stack([which // 3 * 60.0 + which % 3 * 9.0, which % 3 % 2 * 9.0], axis=1)
    return (place + chance.normal(size=(len(which), 2))).astype(np.float32), which


def regions(xy, labels=None):
    return groups_of(xy, labels if labels is not None else [""] * len(xy), assign_levels(xy))


def test_that_coarse_regions_are_archipelagos_and_finer_ones_their_islands():
    xy, which = archipelago()
    groups = regions(xy, [f"island {one}" for one in which])
    fine = [group for group in groups if group.level > 0 and group.count > 30]
    for group in fine:
        assert len(set(which[group.members])) == 1
    assert {int(which[group.members[0]]) for group in fine} | {
        int(which[group.members[0]]) for group in groups if len(set(which[group.members])) == 1
    } == set(range(9))
    for group in groups:
        if group.parent >= 0:
            around = groups[group.parent]
            assert around.level < group.level
            assert np.isin(group.members, around.members).mean() >= 0.6


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000))
def test_that_regions_are_ordered_disjoint_at_a_level_and_never_the_same_twice(seed):
    xy, _ = archipelago(seed, each=20)
    groups = regions(xy)
    assert [group.level for group in groups] == sorted(group.level for group in groups)
    for level in range(len(SHARES)):
        members = [group.members for group in groups if group.level == level]
        together = np.concatenate(members) if members else np.empty(0)
        assert len(together) == len(set(together.tolist()))
    for number, group in enumerate(groups):
        assert group.parent < number
        assert (np.diff(group.members) > 0).all()
        if group.parent >= 0:
            around = set(groups[group.parent].members.tolist())
            common = len(around & set(group.members.tolist()))
            assert common < 0.85 * max(group.count, len(around))


def test_that_a_region_is_named_by_its_commonest_label_and_says_its_share():
    xy, which = archipelago()
    labels = ["" if row % 4 == 0 else f"group {one // 3}" for row, one in enumerate(which)]
    for group in regions(xy, labels):
        votes = [labels[row] for row in group.members]
        assert group.name == f"group {which[group.members[0]] // 3}"
        assert group.share == votes.count(group.name) / len(votes)


def test_that_few_points_and_points_in_one_place_have_no_regions():
    assert regions(np.zeros((0, 2), np.float32)) == []
    assert regions(np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)) == []
    assert regions(np.ones((500, 2), np.float32)) == []


def test_that_very_many_points_join_the_regions_of_some_of_them(monkeypatch):
    monkeypatch.setattr("vlm_explorer.analysis.groups.MOST_POINTS", 1000)
    xy, which = archipelago(each=300)
    codes = assign_levels(xy)
    assert codes.shape == (len(SHARES), len(xy))
    groups = [group for group in groups_of(xy, [""] * len(xy), codes) if group.level > 0]
    assert sum(group.count for group in groups if len(set(which[group.members])) == 1) > 0
