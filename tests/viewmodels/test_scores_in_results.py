"""What the grid says of scores, and that it lists exactly what the map shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from shell_collection import IMAGES, image_id

from vlm_explorer.analysis.null_scores import MATCH, NullScores
from vlm_explorer.rendering.rasteriser import Level
from vlm_explorer.viewmodels.filters import OnlyThese
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.map_places import NONE
from vlm_explorer.viewmodels.results import COSINE, QUIET, ResultsModel, Z
from vlm_explorer.viewmodels.session import Session

Settle = Callable[[Session], None]
RANKS = 10
EVERY = range(IMAGES)


@pytest.fixture
def opened(shell_session: Session, small: Path, settle: Settle, qtbot: QtBot) -> Session:
    """An open collection, compared with prompts of which the first ten ranks are known."""
    shell_session.open(small)
    settle(shell_session)
    qtbot.waitUntil(lambda: shell_session.scale.nulls is not None, timeout=60_000)
    give_scale(shell_session, 0.1)
    return shell_session


def give_scale(session: Session, mean: float) -> None:
    """Let unrelated prompts' hits score around `mean`, with a deviation of 0.05."""
    of_images = np.zeros(IMAGES, np.float32), np.ones(IMAGES, np.float32)
    ranks = np.full(RANKS, mean), np.full(RANKS, 0.05)
    session.scale.nulls = NullScores(100, *ranks, *of_images)


def test_that_z_is_that_of_the_rank_among_all_images_whatever_is_listed(
    opened: Session, settle: Settle
) -> None:
    model = ResultsModel(opened)
    model.set_with_z(True)
    opened.search("nodule")
    settle(opened)
    answer = opened.query.answer
    assert answer is not None
    expected = (answer.cosine - 0.1) / 0.05
    opened.set_filter(OnlyThese(frozenset(image_id(n) for n in range(0, IMAGES, 2))))
    rank = np.argsort(np.argsort(-answer.cosine, kind="stable"))
    for place in range(model.rowCount()):
        row = opened.images.row_of[model.image_id(place)]
        z = model.index(place).data(Z)
        words = model.index(place).data(Qt.ItemDataRole.ToolTipRole)
        assert f"rank {rank[row] + 1} of {IMAGES}" in words
        if rank[row] < RANKS:
            assert z == pytest.approx(expected[row], abs=1e-4)
            assert "100 unrelated prompts" in words
        else:
            assert z is None
            assert "first 10 ranks" in words
    model.set_with_z(False)
    assert model.index(0).data(Z) is None
    assert "z " in model.index(0).data(Qt.ItemDataRole.ToolTipRole)


def test_that_hits_no_better_than_chance_are_quiet_until_all_are_wanted_the_same(
    opened: Session, settle: Settle
) -> None:
    model = ResultsModel(opened)
    opened.search("nodule")
    settle(opened)
    quiet = [model.index(place).data(QUIET) for place in range(IMAGES)]
    z = [(model.index(place).data(COSINE) - 0.1) / 0.05 for place in range(IMAGES)]
    assert quiet == [value < MATCH for value in (*z[:RANKS], *[z[RANKS - 1]] * (IMAGES - RANKS))]
    assert not model.subdued
    give_scale(opened, 2.0)
    opened.search("nothing of the kind")
    settle(opened)
    assert model.summary.startswith("No match for “nothing of the kind” · 24 of 24 shown")
    assert model.subdued
    assert all(model.index(place).data(QUIET) for place in range(IMAGES))
    model.show_all_the_same()
    assert not model.subdued
    assert not any(model.index(place).data(QUIET) for place in range(IMAGES))
    opened.search("nothing else")
    settle(opened)
    assert model.subdued, "it was wanted of the other prompt"
    opened.clear_query()
    opened.terms.add_expression('2:"nothing" + "of the kind"')
    settle(opened)
    assert model.subdued
    model.show_all_the_same()
    assert not model.subdued
    opened.clear_query()
    opened.search_like(image_id(1))
    settle(opened)
    assert not model.subdued
    assert not model.compared


def test_that_the_grid_of_the_selection_lists_all_while_nothing_is_selected(
    opened: Session,
) -> None:
    model = ResultsModel(opened)
    model.set_selected_only(True)
    assert model.rowCount() == IMAGES
    opened.select([image_id(3)])
    assert model.rowCount() == 1
    opened.close()
    assert not model.selected_only


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("filter"), st.sets(st.sampled_from(EVERY))),
            st.tuples(st.just("select"), st.sets(st.sampled_from(EVERY))),
            st.tuples(st.just("only"), st.booleans()),
            st.tuples(st.just("group"), st.booleans()),
            st.tuples(st.just("unfilter"), st.none()),
            st.tuples(st.just("undo"), st.none()),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_that_the_map_shows_exactly_what_the_grid_lists(opened, events):
    opened.clear_filters()
    opened.select([])
    grid, scatter = ResultsModel(opened), MapModel(opened)
    grid.set_selected_only(False)
    for what, how in events:
        if what == "filter":
            opened.set_filter(OnlyThese(frozenset(image_id(number) for number in how)))
        elif what == "select":
            opened.select([image_id(number) for number in how])
        elif what == "only":
            grid.set_selected_only(how)
        elif what == "group":
            grid.set_grouped(how)
        elif what == "unfilter":
            opened.clear_filters()
        else:
            opened.history.undo()
        listed = {grid.image_id(place) for place in range(grid.rowCount())}
        if grid.grouped:  # a tile stands for the listed images of its series
            series = {opened.images.series[opened.images.row_of[key]] for key in listed}
            assert len(series) == len(listed)
        scene = scatter.scene
        bright = scene.points.level > Level.FADED
        narrowed = grid.selected_only and opened.selected.any()
        if not narrowed:  # a selection lets the rest fade, which is listed all the same
            bright = scene.points.level > Level.GHOST
        shown = {opened.images.ids[row] for row in scene.row[bright & (scene.text == NONE)]}
        if grid.grouped:
            shown = {opened.images.series[opened.images.row_of[key]] for key in shown}
            assert shown == series
        else:
            assert shown == listed
    scatter.deleteLater()
    grid.deleteLater()
