import itertools

import numpy as np
import pytest
from map_pointer import (
    ALT,
    CTRL,
    LEFT,
    NOTHING,
    SHIFT,
    around,
    click,
    drag,
    move,
    send,
    settle,
    spot,
    wheel,
)
from map_session import PLACES, fill, image_ids, lay_out, search, show_only
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from vlm_explorer.analysis.groups import Group
from vlm_explorer.rendering import colours
from vlm_explorer.rendering.rasteriser import DISC_LIMIT
from vlm_explorer.viewmodels.map_colouring import ColourBy
from vlm_explorer.viewmodels.session import LayoutState, Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.map_gestures import Tool
from vlm_explorer.widgets.map_view import MapView
from vlm_explorer.widgets.theme import theme
from vlm_explorer.widgets.trust_panel import TrustPanel


@pytest.fixture
def session(qtbot):
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()


@pytest.fixture
def make_view(session, qtbot):
    def make(width=800, height=600):
        view = MapView(session, Thumbnails(session))
        qtbot.addWidget(view)
        view.resize(width, height)
        view.canvas.set_images(False)
        with qtbot.waitExposed(view):
            view.show()
        return view

    return make


@pytest.fixture
def view(session, make_view, qtbot):
    fill(session)
    lay_out(session)
    view = make_view()
    settle(view, qtbot)
    return view


# Clicks


@pytest.mark.parametrize("image_id", list("abcd"))
def test_that_a_click_selects_the_image_under_it(view, session, image_id):
    click(view, spot(view, image_id))
    assert session.selection.ids == {image_id}
    assert session.selection.current == image_id


def test_that_a_click_a_little_beside_a_point_still_means_it(view, session):
    click(view, spot(view, "b") + QPointF(5, -5))
    assert session.selection.ids == {"b"}


def test_that_a_click_on_nothing_clears_the_selection(view, session):
    session.select(["a", "b"])
    click(view, spot(view, "a") + QPointF(60, -60))
    assert session.selection.ids == frozenset()


def test_that_shift_adds_and_ctrl_toggles_and_alt_takes_away(view, session):
    click(view, spot(view, "a"))
    click(view, spot(view, "b"), SHIFT)
    assert session.selection.ids == {"a", "b"}
    click(view, spot(view, "c"), CTRL)
    click(view, spot(view, "a"), CTRL)
    assert session.selection.ids == {"b", "c"}
    click(view, spot(view, "c"), ALT)
    assert session.selection.ids == {"b"}


def test_that_a_click_may_tremble_by_four_pixels_and_no_more(view, session):
    before = view.canvas.view
    at = spot(view, "a")
    drag(view, [at, at + QPointF(3, -4)])
    assert session.selection.ids == {"a"}
    assert view.canvas.view == before
    session.select([])
    drag(view, [at, at + QPointF(9, 0)])
    assert session.selection.ids == frozenset()
    assert view.canvas.view != before


def test_that_hidden_and_filtered_images_cannot_be_clicked(view, session):
    places = {key: spot(view, key) for key in "abcd"}
    show_only(session, [False, True, True, True, True, True])
    view.model.toggle("MR")
    for key in "ac":
        click(view, places[key])
        assert session.selection.ids == frozenset()
    for key in "bd":
        click(view, places[key])
        assert session.selection.ids == {key}


def test_that_a_double_click_opens_the_image(view, session, qtbot):
    at = spot(view, "d")
    with qtbot.waitSignal(view.image_opened) as opened:
        click(view, at)
        send(view, QEvent.Type.MouseButtonDblClick, at, LEFT, LEFT)
        send(view, QEvent.Type.MouseButtonRelease, at, LEFT, NOTHING)
    assert opened.args == ["d"]
    assert session.selection.current == "d"


@pytest.mark.parametrize("seed", range(6))
def test_that_the_id_drawn_is_the_id_picked_whatever_is_filtered_and_hidden(
    session, make_view, qtbot, seed
):
    rng = np.random.default_rng(seed)
    size = 40
    columns, rows = np.meshgrid(np.arange(8), np.arange(5))
    grid = np.stack([columns.ravel(), rows.ravel()], axis=1) + rng.uniform(-0.2, 0.2, (size, 2))
    kinds = [("CT", "MR", "CR", "US")[i] for i in rng.integers(0, 4, size)]
    shown, hidden = rng.random(size) < 0.7, set(rng.choice(["CT", "MR", "CR"], seed % 3))
    by = ColourBy.LABEL if seed % 2 else ColourBy.MODALITY
    fill(session, modalities=kinds, labels=[f"label {i % 7}" for i in range(size)])
    lay_out(session, grid[rng.permutation(size)])
    view = make_view()
    view.model.set_colour_by(by)
    if by is ColourBy.MODALITY:
        view.model.set_hidden(frozenset(hidden))
    show_only(session, shown)
    settle(view, qtbot)
    picture = view.canvas.grab().toImage()
    ratio = picture.devicePixelRatio()
    scene = view.model.scene
    ids = image_ids(size)
    for point in range(len(scene)):
        session.select([])
        at = view.canvas.position_of(point)
        row = ids.index(view.model.image_id(point))
        visible = shown[row] and not (by is ColourBy.MODALITY and kinds[row] in hidden)
        click(view, at)
        expected = {ids[row]} if visible else set()
        assert session.selection.ids == expected
        pixel = picture.pixelColor(int(at.x() * ratio), int(at.y() * ratio))
        category = scene.legend[scene.points.codes[point]].category
        drawn = (pixel.red(), pixel.green(), pixel.blue())
        wanted = tuple(colours.parse(theme().categorical[category.colour])[0].tolist())
        assert (drawn == wanted) == visible


# Lasso


def test_that_the_lasso_selects_exactly_what_it_encloses(view, session, qtbot):
    qtbot.keyClick(view.canvas, Qt.Key.Key_L)
    assert view.canvas.tool is Tool.LASSO
    drag(view, around(spot(view, "a"), spot(view, "b")))
    assert session.selection.ids == {"a", "b"}
    drag(view, around(spot(view, "e")))
    assert session.selection.ids == {"e", "f"}


def test_that_the_lasso_passes_over_hidden_and_filtered_images(view, session):
    show_only(session, [True, True, True, False, True, True])
    view.model.toggle("MR")
    view.canvas.set_tool(Tool.LASSO)
    drag(view, around(*(spot(view, key) for key in "abde")))
    assert session.selection.ids == {"a", "b", "e", "f"}


def test_that_shift_adds_to_a_lasso_and_alt_and_ctrl_take_away(view, session):
    view.canvas.set_tool(Tool.LASSO)
    drag(view, around(spot(view, "a"), spot(view, "b")))
    drag(view, around(spot(view, "d")), SHIFT)
    assert session.selection.ids == {"a", "b", "d"}
    drag(view, around(spot(view, "a")), ALT)
    assert session.selection.ids == {"b", "d"}
    drag(view, around(spot(view, "b")), CTRL)
    assert session.selection.ids == {"d"}


def test_that_the_first_lasso_works_and_escape_lays_it_down(view, session, qtbot):
    view.tools.lasso.click()
    drag(view, around(spot(view, "c")))
    assert session.selection.ids == {"c"}
    assert view.tools.lasso.isChecked()
    qtbot.keyClick(view.canvas, Qt.Key.Key_Escape)
    assert view.canvas.tool is Tool.MOVE
    assert not view.tools.lasso.isChecked()


def test_that_any_lasso_selects_the_shown_images_inside_it(session, make_view, qtbot):
    rng = np.random.default_rng(3)
    fill(session, modalities=["CT", "MR"] * 30, labels=["x"] * 60)
    lay_out(session, rng.uniform(0, 1, (60, 2)))
    shown = rng.random(60) < 0.7
    show_only(session, shown)
    view = make_view()
    view.model.toggle("MR")
    settle(view, qtbot)
    view.canvas.set_tool(Tool.LASSO)
    ids = image_ids(60)
    places = {row: spot(view, ids[row]) for row in range(0, 60, 2)}  # those that are not hidden
    for corners in range(3, 15):
        path = [QPointF(*rng.uniform((20, 20), (780, 580))) for _ in range(corners)]
        drag(view, path)
        expected = {
            ids[row] for row, at in places.items() if shown[row] and odd_crossings(at, path)
        }
        assert session.selection.ids == expected


def odd_crossings(at, outline):
    odd = False
    for index, start in enumerate(outline):
        end = outline[(index + 1) % len(outline)]
        if (start.y() <= at.y()) != (end.y() <= at.y()):
            share = (at.y() - start.y()) / (end.y() - start.y())
            odd ^= at.x() < start.x() + share * (end.x() - start.x())
    return odd


# Moving about


@pytest.mark.parametrize("turned", [120, -120, 480])
def test_that_the_wheel_keeps_the_world_point_under_the_pointer(view, turned):
    at = QPointF(613, 222)
    before = view.canvas.view.to_world((at.x(), at.y()))
    scale = view.canvas.view.scale
    wheel(view, at, turned)
    after = view.canvas.view.to_screen(before)
    assert after == pytest.approx((at.x(), at.y()), abs=1e-6)
    assert (view.canvas.view.scale > scale) == (turned > 0)


def test_that_a_drag_takes_the_map_along(view):
    before = spot(view, "a")
    drag(view, [QPointF(400, 300), QPointF(420, 310), QPointF(470, 280)])
    moved = spot(view, "a") - before
    assert (moved.x(), moved.y()) == pytest.approx((70, -20))


def test_that_f_shows_everything_free_of_what_lies_over_the_map(view, qtbot):
    wheel(view, QPointF(100, 100), 960)
    qtbot.keyClick(view.canvas, Qt.Key.Key_F)
    for key in "abcde":
        at = spot(view, key).toPoint()
        assert view.rect().contains(at)
        for part in (view.tools, view.legend, view.caption):
            assert not part.geometry().contains(at)


def test_that_a_fitted_map_stays_fitted_when_the_pane_grows(view, qtbot):
    view.resize(1100, 700)
    spread = [spot(view, key) for key in "abcd"]
    assert max(p.x() for p in spread) - min(p.x() for p in spread) > 400
    wheel(view, QPointF(200, 200), 120)
    scale = view.canvas.view.scale
    view.resize(900, 600)
    assert view.canvas.view.scale == scale


def test_that_zooming_stops_somewhere(view):
    for _ in range(60):
        wheel(view, QPointF(300, 300), 1200)
    nearest = view.canvas.view.scale
    wheel(view, QPointF(300, 300), 1200)
    assert view.canvas.view.scale == nearest


# Keys


def test_that_ctrl_a_selects_all_shown(view, session, qtbot):
    show_only(session, [True, False, True, True, True, True])
    view.model.toggle("MR")
    qtbot.keyClick(view.canvas, Qt.Key.Key_A, CTRL)
    assert session.selection.ids == {"a", "d", "e", "f"}


def test_that_arrows_go_to_the_nearest_image_in_their_direction(view, session, qtbot):
    click(view, spot(view, "a"))
    for key, expected in (
        (Qt.Key.Key_Right, "b"),
        (Qt.Key.Key_Up, "d"),
        (Qt.Key.Key_Left, "c"),
        (Qt.Key.Key_Down, "a"),
        (Qt.Key.Key_Down, "a"),
    ):
        qtbot.keyClick(view.canvas, key)
        assert session.selection.current == expected


def test_that_arrows_begin_in_the_middle_and_keep_the_image_in_sight(view, session, qtbot):
    qtbot.keyClick(view.canvas, Qt.Key.Key_Right)
    assert session.selection.current in {"e", "f"}
    wheel(view, spot(view, "e"), 1200)
    click(view, spot(view, "e"))
    qtbot.keyClick(view.canvas, Qt.Key.Key_Right)
    assert session.selection.current in {"b", "d"}
    assert view.rect().contains(spot(view, session.selection.current).toPoint())


def test_that_enter_opens_the_current_image(view, qtbot):
    click(view, spot(view, "b"))
    with qtbot.waitSignal(view.image_opened) as opened:
        qtbot.keyClick(view.canvas, Qt.Key.Key_Return)
    assert opened.args == ["b"]


def test_that_space_shows_the_current_images_card_and_hides_it_again(view, qtbot):
    click(view, spot(view, "c"))
    qtbot.keyClick(view.canvas, Qt.Key.Key_Space)
    assert view.card.info.title == "Series 1 · image 3 of 3"
    qtbot.keyClick(view.canvas, Qt.Key.Key_Space)
    assert view.card.info is None


def test_that_every_action_has_a_key_of_its_own(view):
    keys = [sequence.toString() for row in view.actions_table() for sequence in row.sequences]
    assert len(keys) == len(set(keys))
    assert len({row.id for row in view.actions_table()}) == len(view.actions_table())


# The card


def test_that_hovering_shows_the_images_card_beside_the_pointer(view, session, qtbot):
    search(session, "effusion", [0.5, 0.4, 0.3, 0.2, 0.1, 0.0])
    settle(view, qtbot)
    at = spot(view, "b")
    move(view, at)
    qtbot.waitUntil(lambda: view.card.info is not None)
    assert view.card.info.title == "Series 1 · image 2 of 3"
    assert view.card.info.scores == (("cosine to the prompt", "0.400"),)
    assert not view.card.geometry().contains(at.toPoint())
    move(view, spot(view, "c"))
    assert view.card.info.title == "Series 1 · image 3 of 3"
    move(view, spot(view, "a") + QPointF(80, -60))
    assert view.card.info is None


def test_that_the_card_holds_the_images_own_thumbnail(view, qtbot):
    move(view, spot(view, "d"))
    qtbot.waitUntil(lambda: view.card.info is not None)

    def grey():
        pixel = view.card.grab().toImage().pixelColor(60, 60)
        return pixel.red(), pixel.green(), pixel.blue()

    qtbot.waitUntil(lambda: max(abs(part - 120) for part in grey()) <= 3)


def test_that_thumbnails_above_points_are_picked_as_their_points(view, session, qtbot):
    view.canvas.set_images(True)
    settle(view, qtbot)
    pinned = {pin.image_id: pin for pin in view.canvas.annotations.pinned}
    assert {"a", "b"} <= pinned.keys()
    for key in ("a", "b"):
        click(view, pinned[key].rect.center())
        assert session.selection.ids == {key}


# Words


def test_that_prompt_and_groups_stand_on_the_map_with_their_notes(view, session, qtbot):
    group = Group("effusion", 0.75, 4, 2.0, 8.0, np.array([0, 1, 2, 3]))
    lay_out(session, PLACES + np.float32(0.001), groups=(group,), space="images")
    search(session, "left pleural effusion", [1, 0, 0, 0, 0, 0])
    settle(view, qtbot)
    words = {word.text: word for word in view.canvas.words}
    assert words.keys() == {"left pleural effusion", "effusion"}
    assert words["effusion"].after == "75 %"
    for text, note in (
        (
            "effusion",
            "A region of this picture; another layout has others.\n"
            "Commonest label of its 4 images (75 %).",
        ),
        ("left pleural effusion", "left pleural effusion\nplaced at its 6 nearest images"),
    ):
        at = words[text].rect.center().toPoint()
        event = QHelpEvent(QEvent.Type.ToolTip, at, view.canvas.mapToGlobal(at))
        QApplication.sendEvent(view.canvas, event)
        assert QToolTip.text() == note
    QToolTip.hideText()
    assert "regions of this picture, named by their commonest label" in view.caption.lines


def test_that_a_click_on_a_groups_name_selects_the_group(view, session, qtbot):
    group = Group("effusion", 0.75, 3, 2.5, 8.0, np.array([0, 1, 2]))
    lay_out(session, PLACES + np.float32(0.001), groups=(group,))
    settle(view, qtbot)
    click(view, view.canvas.words[0].rect.center())
    assert session.selection.ids == {"a", "b", "c"}


def test_that_a_groups_name_covers_none_of_a_small_groups_points(session, make_view, qtbot):
    rng = np.random.default_rng(0)
    fill(session, modalities=["CT"] * 80, labels=["effusion"] * 80)
    middles = np.array([[0, 0], [30, 0], [0, 30], [30, 30]])
    xy = np.repeat(middles, 20, axis=0) + rng.normal(size=(80, 2)) * 0.3
    groups = tuple(
        Group(f"finding {n}", 1.0, 20, *middles[n].astype(float), np.arange(20) + 20 * n)
        for n in range(4)
    )
    lay_out(session, xy, groups=groups)
    view = make_view()
    settle(view, qtbot)
    assert len(view.canvas.words) == 4
    places = [spot(view, key) for key in image_ids(80)]
    for word in view.canvas.words:
        assert not any(word.rect.contains(place) for place in places)


def test_that_equal_names_close_together_are_written_once_until_one_comes_nearer(
    view, session, qtbot
):
    groups = tuple(
        Group("normal", 1.0, 3 - n, 4.0 + n, 2.0, np.array([2 * n, 2 * n + 1])) for n in (0, 1)
    )
    lay_out(session, PLACES + np.float32(0.001), groups=groups)
    settle(view, qtbot)
    assert [word.subject.count for word in view.canvas.words] == [3]
    wheel(view, QPointF(*view.canvas.view.to_screen(np.array([4.5, 2.0]))), 800)
    settle(view, qtbot)
    assert sorted(word.subject.count for word in view.canvas.words) == [2, 3]


def test_that_captions_are_written_out_when_few_are_in_view(session, make_view, qtbot):
    fill(session, captioned=["a", "b"])
    lay_out(session, captions={"a": (3.0, 7.0), "b": (7.0, 3.0)})
    view = make_view()
    settle(view, qtbot)
    words = {word.text for word in view.canvas.words}
    assert words == {"words about a", "words about b", "modality gap 0.52"}
    view.tools.captions.click()
    settle(view, qtbot)
    assert view.canvas.words == []


# States


def test_that_a_map_without_images_says_what_it_waits_for(session, make_view):
    view = make_view()
    assert view.message.sentence.text() == "Images appear here once a folder is open."
    fill(session)
    session.put(layout=LayoutState(pending=True))
    assert view.message.sentence.text() == "Laying out 6 images…"
    lay_out(session)
    assert view.message.isHidden()


def test_that_a_map_of_hidden_categories_offers_to_show_them(view):
    view.model.set_hidden(frozenset({"CT", "MR", "CR", ""}))
    assert view.message.action.text() == "Show all categories"
    view.message.action.click()
    assert view.model.scene.shown == 6
    assert view.message.isHidden()


def test_that_a_preliminary_map_says_so_until_the_real_one_is_there(view, session):
    lay_out(session, preliminary=True, pending=True)
    assert view.waiting.text == "PCA shown while UMAP is computed"
    lay_out(session)
    assert view.waiting.isHidden()


def test_that_the_caption_line_and_its_key_say_how_far_to_trust_the_map(view, qtbot):
    for ask in (
        lambda: qtbot.mouseClick(view.caption, Qt.MouseButton.LeftButton),
        lambda: qtbot.keyClick(view.caption, Qt.Key.Key_Return),
        view.show_trust,
    ):
        ask()
        panel = view.caption.findChild(TrustPanel)
        assert panel.isVisible()
        qtbot.keyClick(panel, Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: view.caption.findChild(TrustPanel) is None)


def test_that_the_button_of_colours_says_what_they_stand_for(view, session):
    view.model.set_colour_by(ColourBy.LABEL)
    assert view.tools.colours.text() == "Colour: label"
    search(session, "effusion", np.ones(6))
    assert view.tools.colours.accessibleName() == "Colour by: similarity"


def test_that_points_move_to_another_layout_and_arrive(view, session, qtbot):
    before = spot(view, "a")
    lay_out(session, np.roll(PLACES, 1, axis=0))
    assert view.canvas.moving
    settle(view, qtbot)
    assert not view.canvas.moving
    assert spot(view, "a") != before
    click(view, spot(view, "b"))
    assert session.selection.ids == {"b"}


def test_that_many_points_are_drawn_in_the_drawing_thread_and_arrive(session, make_view, qtbot):
    size = DISC_LIMIT + 5_000
    rng = np.random.default_rng(0)
    fill(session, modalities=["CT"] * size, labels=[""] * size)
    lay_out(session, rng.normal(size=(size, 2)))
    view = make_view()
    view.canvas.repaint()
    assert view.canvas.moving
    settle(view, qtbot)
    picture = view.canvas.grab().toImage()
    middle = picture.pixelColor(picture.width() // 2, picture.height() // 2)
    ground = theme().colour("map_ground")
    assert middle.lightness() > ground.lightness() + 40
    view.model.set_hidden(frozenset({"CT"}))
    settle(view, qtbot)
    corner = view.canvas.grab().toImage().pixelColor(picture.width() // 2, 60)
    assert corner == ground


def test_that_nothing_is_drawn_while_nothing_happens(view, qtbot, monkeypatch):
    painted = []
    paint = type(view.canvas).paintEvent
    monkeypatch.setattr(
        type(view.canvas), "paintEvent", lambda self, event: (painted.append(1), paint(self, event))
    )
    settle(view, qtbot)
    painted.clear()
    qtbot.wait(300)
    assert painted == []


@pytest.mark.parametrize("width", [320, 360, 420, 800])
def test_that_the_tools_fit_over_a_narrow_map(session, make_view, qtbot, width):
    fill(session)
    lay_out(session)
    view = make_view(width)
    settle(view, qtbot)
    tools = view.tools
    assert view.rect().contains(tools.geometry())
    parts = (tools.colours, tools.layouts, tools.captions, tools.lasso, tools.fit)
    for left, right in itertools.pairwise(parts):
        assert tools.rect().contains(left.geometry())
        assert left.geometry().right() < right.geometry().left()
    assert tools.rect().contains(tools.fit.geometry())
    assert "UMAP" in tools.layouts.toolTip()


def test_that_the_tools_have_their_words_again_where_there_is_room(session, make_view, qtbot):
    fill(session)
    lay_out(session)
    view = make_view(800)
    settle(view, qtbot)
    whole = view.tools.width()
    view.resize(320, 600)
    qtbot.waitUntil(lambda: view.tools.width() < whole)
    view.resize(800, 600)
    qtbot.waitUntil(lambda: view.tools.width() == whole)
