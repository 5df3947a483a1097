"""Lines as they are drawn on the map, and the words beside them."""

from __future__ import annotations

import numpy as np
import pytest
from map_session import PLACES, fill, lay_out, search
from PySide6.QtCore import QEvent, QPointF
from PySide6.QtGui import QColor, QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.map_view import MapView
from vlm_explorer.widgets.map_word_wishes import WordKind
from vlm_explorer.widgets.theme import theme, themes

CAPTIONS = {"a": (20.0, 0.0), "b": (20.0, 10.0)}


@pytest.fixture
def session(qtbot):
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()


@pytest.fixture
def make_view(session, qtbot):
    def make(width=900, height=600):
        view = MapView(session, Thumbnails(session))
        qtbot.addWidget(view)
        view.resize(width, height)
        view.canvas.set_images(False)
        with qtbot.waitExposed(view):
            view.show()
        settle(view, qtbot)
        return view

    return make


def settle(view, qtbot):
    view.canvas.repaint()
    qtbot.waitUntil(lambda: not view.canvas.moving, timeout=20_000)
    view.canvas.repaint()


def colour_between(view, start, end, share=0.5):
    """The pixel on the way from one world point to another."""
    at = view.canvas.view.to_screen(np.array(start) * (1 - share) + np.array(end) * share)
    picture = view.canvas.grab().toImage()
    ratio = picture.devicePixelRatio()
    return picture.pixelColor(QPointF(*(at * ratio)).toPoint())


@pytest.mark.parametrize("name", ["dark", "light"])
def test_that_pair_lines_are_quiet_in_both_themes(session, make_view, qtbot, name):
    themes.set_theme(name)
    fill(session, captioned=["a", "b"])
    lay_out(session, captions=CAPTIONS, space="centred")
    view = make_view()
    ground = QColor(theme().map_ground)
    line = colour_between(view, PLACES[1] / 2 + (5, 0), CAPTIONS["a"], 0.7)
    assert line != ground
    assert abs(line.lightness() - ground.lightness()) < 90
    view.model.overlays.lines.show(pairs=False)
    settle(view, qtbot)
    assert colour_between(view, PLACES[1] / 2 + (5, 0), CAPTIONS["a"], 0.7) == ground


@pytest.mark.parametrize("name", ["dark", "light"])
def test_that_points_lie_above_pair_lines(session, make_view, qtbot, name):
    themes.set_theme(name)
    fill(session, captioned=["a"])
    lay_out(session, captions={"a": (20.0, 0.0)}, space="centred")  # the line passes image b
    view = make_view()
    with_lines = colour_between(view, PLACES[1], PLACES[1])
    view.model.overlays.lines.show(pairs=False)
    settle(view, qtbot)
    alone = colour_between(view, PLACES[1], PLACES[1])
    assert abs(with_lines.hue() - alone.hue()) <= 12
    assert abs(with_lines.lightness() - alone.lightness()) <= 25


def test_that_the_gap_has_its_number_and_says_what_it_is(session, make_view, qtbot):
    fill(session, captioned=["a", "b"])
    lay_out(session, captions=CAPTIONS, space="raw")
    view = make_view()
    word = next(word for word in view.canvas.words if word.kind is WordKind.GAP)
    assert word.text == "modality gap 0.52"
    assert word.after == "distance between the mean image and the mean text"
    at = word.rect.center().toPoint()
    event = QHelpEvent(QEvent.Type.ToolTip, at, view.canvas.mapToGlobal(at))
    QApplication.sendEvent(view.canvas, event)
    assert "its length on the map means nothing" in QToolTip.text()


def test_that_the_menu_switches_lines_and_gap(session, make_view, qtbot):
    fill(session, captioned=["a", "b"])
    lay_out(session, captions=CAPTIONS, space="raw")
    view = make_view()
    actions = {action.text(): action for action in view.tools.drawn.menu().actions()}
    actions["Modality gap, in the raw space"].trigger()
    settle(view, qtbot)
    assert not [word for word in view.canvas.words if word.kind is WordKind.GAP]
    actions["Lines between images and captions"].trigger()
    assert (view.model.overlays.lines.pairs, view.model.overlays.lines.gap) == (False, False)


def test_that_a_prompt_keeps_its_words_in_a_crowd_and_no_words_overlap(session, make_view, qtbot):
    chance = np.random.default_rng(1)
    fill(session, modalities=["CT"] * 60, labels=[""] * 60)
    lay_out(session, chance.normal(size=(60, 2)), space="images")
    search(session, "left pleural effusion", chance.uniform(size=60))
    view = make_view(420, 360)
    for factor in (1.0, 1.4, 1.4, 1.4):
        star = view.model.scene.stars[0]
        x, y = view.canvas.view.to_screen(np.array([star.x, star.y]))
        view.canvas.zoom(factor, QPointF(x, y))
        settle(view, qtbot)
        words = view.canvas.words
        assert "left pleural effusion" in {word.text for word in words}
        for number, word in enumerate(words):
            assert not any(word.rect.intersects(other.rect) for other in words[number + 1 :])


def test_that_no_star_lies_on_the_words_of_the_gap(session, make_view, qtbot):
    fill(session, captioned=["a", "b"])
    lay_out(session, captions={"a": (12.0, 5.0), "b": (14.0, 6.0)}, space="raw")
    search(session, "left pleural effusion", [0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    view = make_view(700, 500)
    word = next(word for word in view.canvas.words if word.kind is WordKind.GAP)
    assert view.model.scene.stars
    for star in view.model.scene.stars:
        x, y = view.canvas.view.to_screen(np.array([star.x, star.y])).tolist()
        assert not word.rect.contains(QPointF(x, y))
