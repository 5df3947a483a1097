"""Names from afar and from near, and the regions as columns."""

from __future__ import annotations

import numpy as np
import pytest
from map_session import fill, lay_out, show_only

from vlm_explorer.analysis.group_levels import assign_levels, groups_of
from vlm_explorer.analysis.groups import Group
from vlm_explorer.analysis.phrase_names import PhraseName
from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_groups import group_names, names_in_view
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.session import Session


@pytest.fixture
def session(qtbot):
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()


@pytest.fixture
def model(session):
    return MapModel(session)


def regions(session, seed=0):
    """Five archipelagos of five islands each, which have names."""
    chance = np.random.default_rng(seed)
    which = np.repeat(np.arange(25), 20)
    xy = np.stack([which // 5 * 90.0 + which % 5 * 9.0, which % 5 % 2 * 9.0], axis=1)
    xy = (xy + chance.normal(size=xy.shape)).astype(np.float32)
    fill(session, modalities=["CT"] * len(xy), labels=[""] * len(xy))
    groups = groups_of(xy, [f"island {one}" for one in which], assign_levels(xy))
    lay_out(session, xy, groups=tuple(groups))
    return groups


def view_of(model, zoom, at=None):
    view = View(width=800, height=500).fitted(model.places.xy)
    about = view.to_screen(np.array(at, float)) if at is not None else (400, 250)
    return view.zoomed(zoom, tuple(about), (1e-9, 1e9))


def shown(model, zoom):
    scene = model.scene
    return names_in_view(scene.groups, scene.named, view_of(model, zoom), zoom)


def test_that_names_are_coarse_from_afar_and_finer_from_near(session, model):
    groups = regions(session)
    far, near = shown(model, 1.0), shown(model, 6.0)
    assert {group.level for group in far} == {0}
    assert len(far) == sum(group.level == 0 for group in groups)
    assert len(near) > len(far)
    assert any(group.level > 0 for group in near)


@pytest.mark.parametrize("zoom", [1.0, 1.5, 2.0, 4.0, 9.0, 40.0])
def test_that_a_region_is_named_or_those_within_it_but_not_both(session, model, zoom):
    regions(session)
    names = shown(model, zoom)
    assert names
    for group in names:
        parent = group.parent
        while parent >= 0:
            assert model.scene.groups[parent] not in names
            parent = model.scene.groups[parent].parent


def test_that_what_is_filtered_out_has_no_name(session, model):
    regions(session)
    show_only(session, np.arange(len(session.images)) >= 120)
    gone = set(range(120))
    names = shown(model, 1.0)
    assert names
    assert not any(set(group.members.tolist()) <= gone for group in names)


def test_that_names_within_a_region_without_one_belong_to_what_is_around_it(session, model):
    fill(session)
    groups = (
        Group("all", 1, 6, 0, 0, np.arange(6)),
        Group("", 0, 4, 0, 0, np.arange(4), level=1, parent=0),
        Group("some", 1, 2, 0, 0, np.arange(2), level=2, parent=1),
    )
    lay_out(session, groups=groups)
    named = group_names(session, model.places)
    assert [(group.name, group.parent) for group in named] == [("all", -1), ("some", 0)]


def test_that_a_name_says_its_margin_and_that_it_is_of_this_picture(session, model):
    fill(session)
    phrase = PhraseName(3, 0.1234, 0.0456)
    lay_out(session, groups=(Group("chest x-ray", 0, 6, 0, 0, np.arange(6), phrase),))
    (name,) = model.scene.groups
    assert name.after == "+0.123"
    assert name.note.startswith("A region of this picture; another layout has others.")
    assert "mean cosine 0.123 higher, a lead of 0.046 before the next phrase" in name.note
    assert model.scene.notes == ("regions of this picture, named by the phrase that they prefer",)


def test_that_each_level_is_a_column(session, qtbot):
    groups = regions(session)
    session.regions._take(tuple(groups))
    coarse, fine = session.columns.get("cluster-1"), session.columns.get("cluster-2")
    for column, level in ((coarse, 0), (fine, 1)):
        for group in groups:
            if group.level == level:
                assert len(set(column.values[group.members])) == 1
    assert len(set(fine.values)) > len(set(coarse.values))
    session.regions._take(())
    assert session.columns.get("cluster-1") is None


def test_that_regions_found_again_the_same_are_compared_again(session, model, qtbot):
    asked = []
    session.runner.job_started.connect(lambda job: asked.append(job.key))
    for _ in range(2):
        regions(session)
        model.trust.compare_groups()
        model.trust.compare_groups()
    assert asked.count("centroids") == 2
    qtbot.waitUntil(lambda: not session.runner.busy)
    assert len(model.trust.alike(0)) == len(model.trust.groups) - 1
