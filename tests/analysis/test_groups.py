import numpy as np
import pytest

from vlm_explorer.analysis.groups import group_points


def islands(sizes, seed=0):
    random = np.random.default_rng(seed)
    which = np.repeat(np.arange(len(sizes)), sizes)
    random.shuffle(which)
    places = np.stack([which * 20.0, which % 2 * 10.0], axis=1) + random.normal(
        size=(len(which), 2)
    )
    return places.astype(np.float32), which


def test_that_islands_are_found_and_named_by_their_commonest_label():
    xy, which = islands([120, 60, 40])
    labels = [("CT", "MR", "US")[one] for one in which]
    for row in np.flatnonzero(which == 0)[:30]:
        labels[row] = "CR"
    groups = group_points(xy, labels)
    assert [group.name for group in groups] == ["CT", "MR", "US"]
    assert [group.count for group in groups] == sorted((g.count for g in groups), reverse=True)
    for group, size in zip(groups, (120, 60, 40), strict=True):
        assert group.count >= 0.8 * size
        assert len(set(which[group.members])) == 1
        share = sum(labels[row] == group.name for row in group.members) / group.count
        assert group.share == pytest.approx(share)


def test_that_a_name_stands_on_a_member_near_the_median():
    xy, which = islands([80, 80])
    for group in group_points(xy, [str(one) for one in which]):
        places = xy[group.members]
        assert (places == np.array([group.x, group.y], np.float32)).all(axis=1).any()
        offset = np.hypot(*(np.median(places, axis=0) - [group.x, group.y]))
        assert offset < np.hypot(*places.std(axis=0)) / 2


def test_that_the_same_map_gives_the_same_groups():
    xy, which = islands([50, 70, 90])
    labels = [str(one) for one in which]
    first, again = group_points(xy, labels), group_points(xy, labels)
    assert [(g.name, g.x, g.y, g.members.tolist()) for g in first] == [
        (g.name, g.x, g.y, g.members.tolist()) for g in again
    ]


def test_that_small_groups_and_groups_without_labels_have_no_name():
    xy, which = islands([400, 400, 8])
    labels = ["" if one == 1 else str(one) for one in which]
    assert sorted((group.name, group.share) for group in group_points(xy, labels)) == [
        ("", 0.0),
        ("0", 1.0),
    ]


def test_that_equally_common_labels_are_settled_by_the_alphabet():
    xy, which = islands([40, 40])
    labels = ["b" if row % 2 else "a" for row in range(80)]
    order = np.argsort(which, kind="stable")
    groups = group_points(xy[order], labels)
    for group in groups:
        names = [labels[row] for row in group.members]
        if names.count("a") == names.count("b"):
            assert group.name == "a"
    assert groups


@pytest.mark.parametrize("count", [0, 1, 2, 5, 9])
def test_that_few_points_form_no_groups(count):
    assert group_points(np.zeros((count, 2), np.float32), ["x"] * count) == []


def test_that_points_on_one_spot_form_no_groups():
    assert group_points(np.zeros((500, 2), np.float32), ["x"] * 500) == []


def test_that_many_points_join_the_group_of_their_nearest_neighbour(monkeypatch):
    from vlm_explorer.analysis import groups as module

    monkeypatch.setattr(module, "MOST_POINTS", 500)
    xy, which = islands([2000, 1000, 1000])
    found = group_points(xy, [str(one) for one in which])
    assert sorted(group.name for group in found) == ["0", "1", "2"]
    for group in found:
        assert group.share > 0.99
        assert group.count > 0.8 * np.sum(which == int(group.name))
