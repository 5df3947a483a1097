"""Selecting by lasso, box and brush, what that does to the selection, and the chips of filters."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from map_pointer import (
    ALT,
    CTRL,
    LEFT,
    NOTHING,
    SHIFT,
    around,
    click,
    drag,
    send,
    settle,
    spot,
)
from map_session import fill, lay_out, show_only
from PySide6.QtCore import QEvent, QPointF, Qt
from shell_collection import IMAGES, image_id

from vlm_explorer.rendering import picking
from vlm_explorer.rendering.rasteriser import Level, Points
from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.filters import TextFilter
from vlm_explorer.viewmodels.map_model import Mode
from vlm_explorer.viewmodels.selecting import combine
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.map_gestures import Tool
from vlm_explorer.widgets.map_view import MapView

pytestmark = pytest.mark.slow

Settle = Callable[[Session], None]


@pytest.fixture
def session(qtbot):
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()


@pytest.fixture
def view(session, qtbot):
    fill(session)
    lay_out(session)
    view = MapView(session, Thumbnails(session))
    qtbot.addWidget(view)
    view.resize(800, 600)
    view.canvas.set_images(False)
    with qtbot.waitExposed(view):
        view.show()
    settle(view, qtbot)
    return view


def chips(view):
    return [chip.text() for chip in view.filters.chips]


# Tools and modes


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (Mode.REPLACE, {2, 3}),
        (Mode.ADD, {1, 2, 3}),
        (Mode.SUBTRACT, {1}),
        (Mode.INTERSECT, {2}),
        (Mode.TOGGLE, {1, 3}),
    ],
)
def test_that_a_mode_is_the_operation_on_sets(mode, expected):
    present, chosen = np.zeros(5, bool), np.zeros(5, bool)
    present[[1, 2]] = chosen[[2, 3]] = True
    assert set(np.flatnonzero(combine(present, chosen, mode))) == expected


def test_that_a_box_selects_what_lies_in_it(view, session):
    view.canvas.set_tool(Tool.BOX)
    path = around(spot(view, "a"), spot(view, "b"))
    drag(view, [path[0], path[2]])
    assert session.selection.ids == {"a", "b"}
    drag(view, [path[2], path[0]])
    assert session.selection.ids == {"a", "b"}, "from whichever corner"


def test_that_a_brush_selects_what_it_passes_over(view, session):
    view.canvas.set_tool(Tool.BRUSH)
    drag(view, [spot(view, "a"), spot(view, "b"), spot(view, "d")])
    assert session.selection.ids == {"a", "b", "d"}
    click(view, spot(view, "c"))
    assert session.selection.ids == {"c"}


def test_that_a_larger_brush_reaches_farther(view, session, qtbot):
    view.canvas.set_tool(Tool.BRUSH)
    beside = spot(view, "c") + QPointF(50, 0)
    click(view, beside)
    assert not session.selection.ids
    for _ in range(6):
        qtbot.keyClick(view.canvas, Qt.Key.Key_BracketRight)
    click(view, beside)
    assert session.selection.ids == {"c"}


def test_that_the_chosen_mode_counts_where_no_key_is_held(view, session):
    view.canvas.set_tool(Tool.LASSO)
    drag(view, around(spot(view, "a"), spot(view, "b")))
    view.select_bar.modes[Mode.ADD].click()
    drag(view, around(spot(view, "d")))
    assert session.selection.ids == {"a", "b", "d"}
    view.select_bar.modes[Mode.INTERSECT].click()
    drag(view, around(spot(view, "b"), spot(view, "d")))
    assert session.selection.ids == {"b", "d"}
    drag(view, around(spot(view, "a")), SHIFT)
    assert session.selection.ids == {"a", "b", "d"}
    drag(view, around(spot(view, "a"), spot(view, "b")), SHIFT | ALT)
    assert session.selection.ids == {"a", "b"}
    drag(view, around(spot(view, "a")), SHIFT | CTRL)
    assert session.selection.ids == {"a"}


def test_that_the_bar_is_there_as_long_as_the_tool(view, qtbot):
    assert view.select_bar.isHidden()
    qtbot.keyClick(view.canvas, Qt.Key.Key_B)
    assert view.select_bar.isVisible()
    assert view.select_bar.tools[Tool.BOX].isChecked()
    assert view.tools.lasso.isChecked()
    assert not view.select_bar.geometry().intersects(view.tools.geometry())
    view.select_bar.tools[Tool.BRUSH].click()
    assert view.canvas.tool is Tool.BRUSH
    qtbot.keyClick(view.canvas, Qt.Key.Key_P)
    assert view.canvas.tool is Tool.MOVE
    assert view.select_bar.isHidden()
    assert not view.tools.lasso.isChecked()


def test_that_escape_gives_up_the_lasso_being_drawn_before_the_tool(view, session, qtbot):
    session.select(["a"])
    view.canvas.set_tool(Tool.LASSO)
    path = around(spot(view, "b"), spot(view, "d"))
    send(view, QEvent.Type.MouseButtonPress, path[0], LEFT, LEFT)
    for at in path[1:]:
        send(view, QEvent.Type.MouseMove, at, NOTHING, LEFT)
    qtbot.keyClick(view.canvas, Qt.Key.Key_Escape)
    send(view, QEvent.Type.MouseButtonRelease, path[-1], LEFT, NOTHING)
    assert session.selection.ids == {"a"}
    assert view.canvas.tool is Tool.LASSO
    qtbot.keyClick(view.canvas, Qt.Key.Key_Escape)
    assert view.canvas.tool is Tool.MOVE


def test_that_a_lasso_counts_while_it_is_drawn(view, session):
    session.select(["c"])
    view.canvas.set_tool(Tool.LASSO)
    path = around(spot(view, "a"), spot(view, "b"))
    send(view, QEvent.Type.MouseButtonPress, path[0], LEFT, LEFT)
    for at in path[1:]:
        send(view, QEvent.Type.MouseMove, at, NOTHING, LEFT)
    enclosing = view.canvas._enclosing
    view.canvas.repaint()
    assert enclosing._count(view.canvas.view, Mode.REPLACE) == "2 selected"
    assert enclosing._count(view.canvas.view, Mode.ADD) == "2 inside · 3 selected"
    send(view, QEvent.Type.MouseButtonRelease, path[-1], LEFT, NOTHING)


def test_that_what_is_selected_of_what_is_shown_is_said(view, session):
    assert "6 of 6 shown" in view.model.scene.caption
    session.select(["a", "b"])
    assert "2 selected of 6 shown of 6" in view.model.scene.caption
    show_only(session, [False, True, True, True, True, True])
    assert "1 selected (and 1 not shown) of 5 shown of 6" in view.model.scene.caption
    show_only(session, [False] * 5 + [True])
    assert "1 of 6 shown, 2 selected are not" in view.model.scene.caption


def test_that_inverting_is_among_what_is_shown(view, session):
    session.select(["a", "b"])
    show_only(session, [False, True, True, True, True, True])
    view.model.toggle("MR")
    view.model.invert()
    assert session.selection.ids == {"d", "e", "f"}


def test_that_the_selection_can_be_shown_alone_or_hidden(view, session):
    session.select(["a", "b"])
    view.model.show_only_selected()
    assert session.shown.tolist() == [True, True, False, False, False, False]
    assert session.selection.ids == {"a", "b"}
    view.model.show_everything()
    view.model.hide_selected()
    session.select(["f"])
    view.model.hide_selected()
    assert session.shown.tolist() == [False, False, True, True, True, False]
    assert chips(view) == ["without 3 hidden"]


# Chips


def test_that_every_filter_has_a_chip_that_removes_it(view, session, qtbot):
    assert view.filters.isHidden()
    session.set_filter(TextFilter("ct"))
    show_only(session, [True] * 5 + [False])
    view.model.toggle("MR")
    assert chips(view) == ["“ct”", "only 5 chosen", "hidden on the map: MR", "Clear all"]
    view.filters.chips[1].click()
    assert [each.key for each in session.filters] == ["text"]
    assert chips(view) == ["“ct”", "hidden on the map: MR", "Clear all"]
    view.filters.chips[1].click()
    assert not view.model.hidden
    assert chips(view) == ["“ct”"]
    view.filters.chips[0].click()
    assert view.filters.isHidden()
    assert session.shown.all()


def test_that_clear_all_shows_everything_in_one_step(view, session):
    session.set_filter(TextFilter("ct"))
    view.model.toggle("MR")
    view.filters.chips[-1].click()
    assert session.shown.all()
    assert not view.model.hidden
    session.history.undo()
    assert chips(view) == ["“ct”", "hidden on the map: MR", "Clear all"]


def test_that_chips_are_reached_and_removed_by_keys(view, session, qtbot):
    view.activateWindow()
    session.set_filter(TextFilter("ct"))
    show_only(session, [True] * 5 + [False])
    view.filters.chips[0].setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(view.filters.chips[0], Qt.Key.Key_Right)
    assert view.filters.chips[1].hasFocus()
    qtbot.keyClick(view.filters.chips[1], Qt.Key.Key_Delete)
    assert chips(view) == ["“ct”"]
    assert view.filters.chips[0].hasFocus()
    qtbot.keyClick(view.filters.chips[0], Qt.Key.Key_Return)
    assert not session.filters
    assert view.canvas.hasFocus()


def test_that_chips_without_room_are_in_a_menu(view, session, qtbot):
    for key in ("first", "second", "third"):

        class Named:
            def __init__(self, key):
                self.key, self.title = key, f"a filter with a long name, {key}"

            def mask(self, images):
                return np.ones(len(images), bool)

        session.set_filter(Named(key))
    view.resize(400, 600)
    assert chips(view) == ["a filter with a long name, first", "2 more", "Clear all"]
    assert view.rect().contains(view.filters.geometry())
    view.resize(1000, 600)
    assert len(chips(view)) == 4


def test_that_neither_a_filter_nor_its_chip_moves_the_map(view, session, qtbot):
    before, ids = view.canvas.view, session.selection.ids
    session.set_filter(TextFilter("ct"))
    settle(view, qtbot)
    assert view.canvas.view == before
    assert session.selection.ids == ids
    view.filters.chips[0].click()
    settle(view, qtbot)
    assert view.canvas.view == before


def test_that_a_map_of_hidden_categories_leaves_the_filters_when_it_shows_them(view, session):
    session.set_filter(TextFilter("mr"))
    view.model.toggle("MR")
    view.message.action.click()
    assert not view.model.hidden
    assert session.filters


def test_that_a_map_without_anything_shown_offers_to_clear_the_filters(view, session):
    session.set_filter(TextFilter("nothing has this"))
    assert view.message.sentence.text() == "No image passes the filters."
    view.message.action.click()
    assert session.shown.all()


# Picking


@given(
    seed=st.integers(0, 50),
    way=st.lists(st.tuples(st.floats(-20, 220), st.floats(-20, 220)), min_size=1, max_size=6),
    radius=st.floats(1, 40),
)
def test_that_a_stroke_holds_what_is_near_its_way(seed, way, radius):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(-1, 1, (200, 2)).astype(np.float32)
    level = rng.choice([Level.GHOST, Level.FADED, Level.PLAIN], 200).astype(np.int8)
    points = Points(xy, np.zeros(200, np.uint8), np.zeros(200, bool), level)
    view = View(0, 0, 100, 200, 200)
    screen = view.to_screen(xy.astype(np.float64))
    starts, ends = np.array(way), np.array(way[1:] or way)
    nearest = np.full(200, np.inf)
    for start, end in zip(starts, ends, strict=False):
        for share in np.linspace(0, 1, 400):
            at = start + share * (end - start)
            nearest = np.minimum(nearest, np.hypot(*(screen - at).T))
    found = np.isin(np.arange(200), picking.stroke(points, view, way, radius))
    seen = level >= Level.FADED
    assert not (found & ~seen).any()
    assert found[seen & (nearest < radius - 0.5)].all()
    assert not found[nearest > radius + 0.5].any()


@given(seed=st.integers(0, 50), corners=st.tuples(*[st.floats(-20, 220)] * 4))
def test_that_a_box_holds_what_lies_between_its_corners(seed, corners):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(-1, 1, (200, 2)).astype(np.float32)
    level = rng.choice([Level.GHOST, Level.FADED], 200).astype(np.int8)
    points = Points(xy, np.zeros(200, np.uint8), np.zeros(200, bool), level)
    view = View(0, 0, 100, 200, 200)
    first, second = corners[:2], corners[2:]
    screen = view.to_screen(xy.astype(np.float64))
    low, high = np.minimum(first, second), np.maximum(first, second)
    inside = ((screen >= low) & (screen <= high)).all(axis=1) & (level >= Level.FADED)
    doubtful = np.minimum(np.abs(screen - low), np.abs(screen - high)).min(axis=1) < 1e-3
    found = np.isin(np.arange(200), picking.box(points, view, first, second))
    assert not ((found != inside) & ~doubtful).any()


# Growing, in the window


def test_that_growing_adds_the_nearest_in_the_full_space(
    opened: MainWindow, settle_session: Settle
) -> None:
    session, model = opened.session, opened.workspace.map.model
    assert session.content is not None
    assert session.content.vectors is not None
    session.select([image_id(4), image_id(9)], image_id(4))
    vectors = session.content.vectors.astype(np.float32)
    cosine = vectors @ vectors.T
    np.fill_diagonal(cosine, -np.inf)
    near = np.unique(np.argsort(-cosine[[4, 9]], axis=1)[:, :3])
    session.set_filter(TextFilter("-xr"))
    shown = session.images.modality[near] != "XR"
    model.grow(3)
    settle_session(session)
    grown = {image_id(row) for row in near[shown]} | {image_id(4), image_id(9)}
    assert session.selection.ids == grown
    assert session.selection.current == image_id(4)
    session.history.undo()
    assert session.selection.ids == {image_id(4), image_id(9)}


def test_that_growing_is_dropped_when_something_else_is_selected(
    opened: MainWindow, settle_session: Settle
) -> None:
    session, model = opened.session, opened.workspace.map.model
    session.select([image_id(4)])
    model.grow(5)
    session.select([image_id(0), image_id(1)])
    settle_session(session)
    assert session.selection.ids == {image_id(0), image_id(1)}


def test_that_the_menu_selects_inverts_and_clears(
    opened: MainWindow, settle_session: Settle
) -> None:
    session, actions = opened.session, opened.menu.actions
    actions["edit.all"].trigger()
    assert len(session.selection.ids) == IMAGES
    session.select([image_id(1)])
    actions["edit.invert"].trigger()
    assert len(session.selection.ids) == IMAGES - 1
    actions["edit.hide"].trigger()
    assert session.shown.sum() == 1
    actions["edit.none"].trigger()
    assert not session.selection.ids
    actions["edit.unfilter"].trigger()
    assert session.shown.all()
    settle_session(session)


@pytest.fixture
def settle_session(qtbot) -> Settle:
    def wait(session: Session) -> None:
        qtbot.waitUntil(lambda: not session.runner.busy, timeout=30_000)

    return wait
