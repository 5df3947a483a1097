"""Thumbnails on the map: representatives first, more of them from near, never overlapping."""

from __future__ import annotations

import numpy as np
import pytest
from map_session import fill, lay_out, show_only

from vlm_explorer.viewmodels.map_words import NAMINGS
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.map_view import MapView


@pytest.fixture
def session(qtbot):
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()


@pytest.fixture
def view(session, qtbot):
    fill(session, modalities=["CT"] * 400, labels=[""] * 400)
    lay_out(session, np.random.default_rng(0).normal(size=(400, 2)), space="images")
    view = MapView(session, Thumbnails(session))
    qtbot.addWidget(view)
    view.resize(900, 640)
    with qtbot.waitExposed(view):
        view.show()
    settle(view, qtbot)
    return view


def settle(view, qtbot):
    view.canvas.repaint()
    qtbot.waitUntil(lambda: not view.canvas.moving, timeout=20_000)
    view.canvas.repaint()


def pinned(view):
    return view.canvas.annotations.pinned


def test_that_there_are_none_from_afar_and_more_the_nearer_one_comes(view, qtbot):
    assert pinned(view) == []
    view.canvas.zoom(2.1)
    settle(view, qtbot)
    some = pinned(view)
    assert some
    view.canvas.set_images(False)
    settle(view, qtbot)
    assert pinned(view) == []


@pytest.mark.parametrize("zoom", [2.1, 3.0, 5.0, 9.0])
def test_that_thumbnails_overlap_neither_each_other_nor_what_lies_over_the_map(
    view, session, qtbot, zoom
):
    view.canvas.zoom(zoom)
    settle(view, qtbot)
    pins = pinned(view)
    assert pins
    for place, pin in enumerate(pins):
        assert not any(pin.rect.intersects(other.rect) for other in pins[place + 1 :])
        assert not any(pin.rect.intersects(rect) for rect in view.canvas.obstacles())
        assert not any(pin.rect.intersects(word.rect) for word in view.canvas.words)
        assert session.images.ids[view.model.scene.row[pin.point]] == pin.image_id


def test_that_what_is_filtered_out_stands_for_nobody(view, session, qtbot):
    shown = np.arange(400) % 2 == 0
    show_only(session, shown)
    view.canvas.zoom(2.1)
    settle(view, qtbot)
    assert pinned(view)
    assert all(shown[session.images.row_of[pin.image_id]] for pin in pinned(view))


def test_that_a_thumbnail_stays_as_long_as_its_point_is_in_view_and_there_is_room(view, qtbot):
    view.canvas.zoom(2.1)
    settle(view, qtbot)
    before = {pin.image_id for pin in pinned(view)}
    view.canvas.zoom(1.05)
    settle(view, qtbot)
    assert len(before & {pin.image_id for pin in pinned(view)}) >= len(before) / 2


def test_that_the_menu_says_what_regions_are_named_by_and_changes_it(view, session, qtbot):
    actions = {action.text(): action for action in view.tools.drawn.menu().actions()}
    phrases, labels = (actions[name[0].upper() + name[1:]] for name in NAMINGS.values())
    assert phrases.isChecked()
    labels.trigger()
    assert session.regions.by == "labels"
    assert session.kept.get("regions named by", str) == "labels"
    assert labels.isChecked()
