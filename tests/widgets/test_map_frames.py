import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, Qt

from vlm_explorer.rendering.rasteriser import DISC_LIMIT, Brush, Level, Points
from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_model import Mode
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.map_frames import FrameSource, Request
from vlm_explorer.widgets.map_gestures import Gesture, Pointer, Tool, mode_of

VIEW = View(0, 0, 20, 200, 150)
COLOURS = np.array([[255, 255, 255], [0, 0, 0], [0, 255, 0], [90, 90, 90]], np.uint8)


@pytest.fixture
def session(qtbot):
    session = Session()
    yield session
    assert session.runner.shutdown()


@pytest.fixture
def source(session):
    return FrameSource(session, session)


def wish(size, view=VIEW):
    xy = np.random.default_rng(0).normal(size=(size, 2)).astype(np.float32)
    points = Points(
        xy,
        np.zeros(size, np.uint8),
        np.zeros(size, np.bool_),
        np.full(size, Level.PLAIN, np.int8),
    )
    return Request(points, Brush(COLOURS[:1], *COLOURS[1:], 2.0), view, 1.0)


def test_that_few_points_are_drawn_at_once_and_once(source):
    request = wish(100)
    frame = source.frame(request)
    assert frame.request is request
    assert not source.busy
    again = Request(request.points, request.brush, View(0, 0, 20, 200, 150), 1.0)
    assert source.frame(again) is frame


def test_that_many_points_come_later_and_meanwhile_the_last_picture_serves(source, qtbot):
    first = source.frame(wish(50))
    request = wish(DISC_LIMIT + 1)
    assert source.frame(request) is first
    with qtbot.waitSignal(source.arrived):
        pass
    assert source.frame(request).request is request


def test_that_of_many_wishes_only_the_last_is_drawn_after_the_one_at_work(source, qtbot):
    wishes = [wish(DISC_LIMIT + 1)]
    wishes += [Request(wishes[0].points, wishes[0].brush, VIEW.panned(n, 0), 1.0) for n in (1, 2)]
    arrivals = []
    source.arrived.connect(lambda: arrivals.append(1))
    for request in wishes:
        source.frame(request)
    qtbot.waitUntil(lambda: not source.busy)
    assert len(arrivals) == 2
    assert source.frame(wishes[-1]).request is wishes[-1]


def test_that_a_late_picture_never_replaces_a_newer_one(source, session, qtbot):
    source.frame(wish(DISC_LIMIT + 1))
    few = wish(10)
    frame = source.frame(few)
    qtbot.waitUntil(lambda: not session.runner.busy)
    assert source.frame(few) is frame
    again = wish(DISC_LIMIT + 1)
    source.frame(again)
    with qtbot.waitSignal(source.arrived):
        pass
    assert source.frame(again).request is again


@given(st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), max_size=10))
def test_that_a_press_that_trembles_stays_a_click(path):
    pointer = Pointer()
    pointer.press(QPointF(50, 50), Tool.MOVE)
    for dx, dy in path:
        assert pointer.move(QPointF(50 + dx, 50 + dy)).isNull()
    assert pointer.release() is Gesture.PRESSED


@given(st.lists(st.tuples(st.integers(-300, 300), st.integers(-300, 300)), max_size=10))
def test_that_a_drag_pans_by_the_whole_way(path):
    pointer = Pointer()
    pointer.press(QPointF(0, 0), Tool.MOVE)
    total = QPointF()
    for x, y in [(9, 0), *path]:
        total += pointer.move(QPointF(x, y))
    assert total == QPointF(*([(9, 0), *path][-1]))
    assert pointer.release() is Gesture.PANNING
    assert pointer.gesture is Gesture.NONE


@pytest.mark.parametrize(
    ("modifier", "mode"),
    [
        (Qt.KeyboardModifier.NoModifier, Mode.REPLACE),
        (Qt.KeyboardModifier.ShiftModifier, Mode.ADD),
        (Qt.KeyboardModifier.AltModifier, Mode.SUBTRACT),
        (Qt.KeyboardModifier.ControlModifier, Mode.SUBTRACT),
    ],
)
def test_that_modifiers_say_what_a_lasso_does(modifier, mode):
    assert mode_of(modifier, Mode.REPLACE) is mode
