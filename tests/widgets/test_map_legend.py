import pytest
from hypothesis import given
from hypothesis import strategies as st
from map_session import fill, lay_out, search, show_only
from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt

from vlm_explorer.viewmodels.map_colouring import ColourBy
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.map_chips import HEIGHT, count_words
from vlm_explorer.widgets.map_hover import place_card
from vlm_explorer.widgets.map_legend import MapLegend, flow

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def session(qtbot):
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()


@pytest.fixture
def legend(session, qtbot):
    fill(session)
    lay_out(session)
    legend = MapLegend(MapModel(session, session))
    qtbot.addWidget(legend)
    with qtbot.waitExposed(legend):
        legend.show()
    return legend


def test_that_a_click_hides_a_category_and_another_shows_it(legend, qtbot):
    chip = legend.chips["CT"]
    qtbot.mouseClick(chip, LEFT)
    assert legend._model.hidden == {"CT"}
    assert legend.chips["CT"] is chip
    qtbot.mouseClick(chip, LEFT)
    assert not legend._model.hidden


def test_that_a_double_click_shows_a_category_alone_and_another_shows_all(legend, qtbot):
    for expected in (frozenset({"CT", "CR", ""}), frozenset()):
        qtbot.mouseClick(legend.chips["MR"], LEFT)
        qtbot.mouseDClick(legend.chips["MR"], LEFT)
        assert legend._model.hidden == expected


def test_that_keys_do_what_clicks_do(legend, qtbot):
    legend.chips["CR"].setFocus()
    qtbot.keyClick(legend.chips["CR"], Qt.Key.Key_Space)
    assert legend._model.hidden == {"CR"}


def test_that_counts_are_written_as_far_as_they_differ(legend, session):
    def words():
        return {e.category.title: count_words(e) for e in legend._model.scene.legend}

    assert words() == {"CR": "2", "CT": "2", "MR": "1", "no modality": "1"}
    session.select(["a", "d"])
    assert words()["CT"] == "1 of 2"
    show_only(session, [True, False, True, True, True, True])
    assert words()["CT"] == "1 of 1 of 2"


def test_that_a_scale_stands_in_the_place_of_chips(legend, session):
    search(session, "effusion", [0.5, 0.4, 0.3, 0.2, 0.1, 0.0])
    assert legend.chips == {}
    assert legend._ramp.isVisible()
    assert "cosine to “effusion”" in legend._ramp.accessibleName()
    legend._model.set_colour_by(ColourBy.LABEL)
    assert legend._ramp.isHidden()
    assert set(legend.chips) == {"effusion", "normal", "nodule"}


@given(
    st.lists(st.integers(30, 180), max_size=30),
    st.integers(200, 700),
    st.sampled_from([1, 2, 3, None]),
)
def test_that_chips_flow_in_rows_and_never_overlap(widths, room, rows):
    placed, size = flow([QSize(width, HEIGHT) for width in widths], room, rows, 84)
    rects = [QRect(*geometry) for geometry in placed]
    assert not any(a.intersects(b) for i, a in enumerate(rects) for b in rects[:i])
    assert all(rect.right() < max(room, rect.width()) for rect in rects)
    assert all(QRect(QPoint(0, 0), size).contains(rect) for rect in rects)
    if rows is None:
        assert len(placed) == len(widths)
    else:
        assert size.height() <= rows * HEIGHT + (rows - 1) * 4


@given(st.integers(0, 800), st.integers(0, 600), st.integers(100, 350), st.integers(60, 260))
def test_that_a_card_lies_on_the_map_and_not_under_the_pointer(x, y, width, height):
    area = QRect(0, 0, 801, 601)
    place = place_card(QSize(width, height), QPointF(x, y), area)
    assert area.contains(place)
    assert not place.contains(QPoint(x, y))


def test_that_a_card_without_room_beside_the_pointer_still_lies_on_the_map():
    area = QRect(0, 0, 300, 200)
    assert area.contains(place_card(QSize(280, 180), QPointF(150, 100), area))
