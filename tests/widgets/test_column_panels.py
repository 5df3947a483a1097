import numpy as np
import pytest
from map_session import fill, lay_out, score_labels, search
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from vlm_explorer.viewmodels.columns import Column
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.category_panel import CategoryPanel
from vlm_explorer.widgets.column_chooser import KEY, ColumnChooser
from vlm_explorer.widgets.legend_menu import category_menu
from vlm_explorer.widgets.map_view import MapView
from vlm_explorer.widgets.ramp_panel import RampPanel
from vlm_explorer.widgets.range_panel import RangePanel
from vlm_explorer.widgets.theme import themes

pytestmark = pytest.mark.slow

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def view(session, qtbot):
    fill(session)
    lay_out(session)
    values = np.array([-2.0, -1, 0, 1, 8, np.nan])
    session.columns.add(Column("margin", "margin", values, unit="logits"))
    view = MapView(session, Thumbnails(session))
    qtbot.addWidget(view)
    view.resize(700, 500)
    view.canvas.set_images(False)
    with qtbot.waitExposed(view):
        view.show()
    return view


def flyout(view, kind):
    return next(child for child in view.findChildren(kind) if child.isVisible())


def settle(view, qtbot):
    view.canvas.repaint()
    qtbot.waitUntil(lambda: not view.canvas.moving, timeout=20_000)
    view.canvas.repaint()


def rows(chooser):
    items = [chooser.list.item(row) for row in range(chooser.list.count())]
    return [item.text() for item in items if item.flags() & Qt.ItemFlag.ItemIsEnabled]


# The chooser


def test_that_a_column_is_found_by_typing_and_taken_by_enter(view, session, qtbot):
    qtbot.keyClick(view.canvas, Qt.Key.Key_C)
    chooser = flyout(view, ColumnChooser)
    assert chooser.field.hasFocus()
    assert chooser.list.currentItem().data(KEY) == "modality"
    qtbot.keyClicks(chooser.field, "LAB")
    assert rows(chooser) == ["Label"]
    qtbot.keyClick(chooser.field, Qt.Key.Key_Return)
    assert view.model.colour_by == "label"
    assert view.tools.colours.text() == "Colour: label"


def test_that_the_columns_of_labels_unfold_by_enter_and_by_typing(view, session, qtbot):
    score_labels(session, ("effusion", "normal", "nodule"), np.linspace(0, 1, 18).reshape(6, 3))
    qtbot.keyClick(view.canvas, Qt.Key.Key_C)
    chooser = flyout(view, ColumnChooser)
    assert "Labels: cosine" in rows(chooser)
    assert "Effusion: cosine" not in rows(chooser)
    while chooser.list.currentItem().text() != "Labels: cosine":
        qtbot.keyClick(chooser.field, Qt.Key.Key_Down)
    qtbot.keyClick(chooser.field, Qt.Key.Key_Return)
    assert chooser.list.currentItem().text() == "Effusion: cosine"
    assert {"Normal: cosine", "Nodule: cosine", "Labels: probability"} <= set(rows(chooser))
    qtbot.keyClick(chooser.field, Qt.Key.Key_Down)
    qtbot.keyClick(chooser.field, Qt.Key.Key_Return)
    assert view.model.colour_by == "cosine:normal"
    assert view.model.scene.ramp.title == "normal: cosine"
    assert "label's prompts" in view.model.scene.ramp.note
    view.tools.choose_colour()
    again = flyout(view, ColumnChooser)
    assert again.list.currentItem().text() == "Normal: cosine", "what is in use is not folded"
    qtbot.keyClicks(again.field, "nod prob")
    assert rows(again) == ["Nodule: probability"]


def test_that_arrows_go_over_headings_and_stop_at_the_ends(view, qtbot):
    view.tools.choose_colour()
    chooser = flyout(view, ColumnChooser)
    headings = chooser.list.count() - len(rows(chooser))
    assert headings == 3  # scan, table of captions, computed
    seen = []
    for _ in range(chooser.list.count() + 3):
        seen.append(chooser.list.currentItem().text())
        qtbot.keyClick(chooser.field, Qt.Key.Key_Down)
    assert list(dict.fromkeys(seen)) == rows(chooser)
    for _ in range(chooser.list.count()):
        qtbot.keyClick(chooser.field, Qt.Key.Key_Up)
    assert chooser.list.currentItem().text() == rows(chooser)[0]


def test_that_a_search_for_nothing_known_says_so_and_takes_nothing(view, qtbot):
    view.tools.choose_colour()
    chooser = flyout(view, ColumnChooser)
    qtbot.keyClicks(chooser.field, "xyz")
    assert rows(chooser) == []
    assert chooser.list.item(0).text() == "No column of that name"
    qtbot.keyClick(chooser.field, Qt.Key.Key_Return)
    assert chooser.isVisible()
    qtbot.keyClick(chooser.field, Qt.Key.Key_Escape)
    assert view.model.colour_by == "modality"


def test_that_a_columns_coming_is_seen_in_the_open_list(view, session):
    view.tools.choose_colour()
    chooser = flyout(view, ColumnChooser)
    search(session, "nodule", np.linspace(0, 1, 6))
    assert "Similarity" in rows(chooser)


def test_that_only_numbers_give_sizes_and_none_can_be_taken(view, qtbot):
    view.tools.choose_size()
    chooser = flyout(view, ColumnChooser)
    assert rows(chooser)[0] == "All the same size"
    assert "Modality" not in rows(chooser)
    qtbot.keyClicks(chooser.field, "margin")
    qtbot.keyClick(chooser.field, Qt.Key.Key_Return)
    assert view.model.size_by == "margin"
    assert "Size: margin" in view.legend._sizes.accessibleName()
    assert "1 image without a value: smallest" in view.legend._sizes.toolTip()
    view.tools.choose_size()
    again = flyout(view, ColumnChooser)
    again.list.setCurrentRow(0)
    qtbot.keyClick(again.field, Qt.Key.Key_Return)
    assert view.model.size_by == ""
    assert view.legend._sizes.isHidden()


# Filters


@pytest.fixture
def panel(view):
    view.tools._filter_by("margin")
    return flyout(view, RangePanel)


def test_that_a_dragged_handle_filters_when_it_is_let_go(panel, session, qtbot):
    bar = panel.histogram
    start = bar.handle(upper=False).toPoint()
    qtbot.mousePress(bar, LEFT, pos=start)
    middle = QPoint(bar.width() // 2, start.y())
    qtbot.mouseMove(bar, middle)
    assert "of 6 within" in panel.summary.text()
    qtbot.mouseRelease(bar, LEFT, pos=middle)
    assert session.shown.tolist() == [False, False, False, False, True, False]
    assert panel.missing.text() == "1 image has no value: hidden"
    qtbot.mouseClick(panel.missing, LEFT, pos=QPoint(6, panel.missing.height() // 2))
    assert session.shown.tolist() == [False, False, False, False, True, True]
    qtbot.mouseClick(panel.clear, LEFT)
    assert session.shown.all()
    assert not panel.clear.isEnabled()


def test_that_keys_move_the_active_handle(panel, session, qtbot):
    bar = panel.histogram
    assert bar.hasFocus()
    qtbot.keyClick(bar, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert session.shown.tolist() == [False, True, True, True, True, False]
    qtbot.keyClick(bar, Qt.Key.Key_Space)
    assert bar.upper
    qtbot.keyClick(bar, Qt.Key.Key_Left)
    assert not session.shown[4]
    assert "upper end active" in bar.accessibleName()


def test_that_ends_are_typed_and_nonsense_is_put_back(panel, session, qtbot):
    panel.low.selectAll()
    qtbot.keyClicks(panel.low, "-1")
    qtbot.keyClick(panel.low, Qt.Key.Key_Return)
    assert session.shown.tolist() == [False, True, True, True, True, False]
    panel.high.selectAll()
    qtbot.keyClicks(panel.high, "many")
    qtbot.keyClick(panel.high, Qt.Key.Key_Return)
    assert panel.high.text() == "8"
    assert session.filters[0].title == "margin ≥ −1 logits"


def test_that_categories_are_ticked_by_keys(view, session, qtbot):
    view.tools._filter_by("modality")
    panel = flyout(view, CategoryPanel)
    qtbot.keyClick(panel.list, Qt.Key.Key_Down)
    qtbot.keyClick(panel.list, Qt.Key.Key_Space)
    assert session.filters[0].title == "modality: not CT"
    qtbot.keyClicks(panel.field, "m")
    qtbot.mouseClick(panel.only, LEFT)
    assert session.shown.tolist() == [False, False, True, False, False, True]
    session.clear_filters()
    assert panel.summary.text() == "4 of 4 · 6 of 6 images"


# The legend


def action(menu: QMenu, text: str) -> QAction:
    return next(each for each in menu.actions() if each.text() == text)


def test_that_the_legends_menu_filters_and_recolours(view, session):
    entry = next(e for e in view.model.scene.legend if e.category.key == "CT")
    action(category_menu(view.model, entry, view), "Filter: only CT").trigger()
    assert session.shown.tolist() == [True, True, False, False, False, False]
    action(category_menu(view.model, entry, view), "Filter: without CT").trigger()
    assert session.shown.tolist() == [False, False, True, True, True, True]
    colours = action(category_menu(view.model, entry, view), "Colour").menu()
    colours.actions()[8].trigger()
    legend = {e.category.key: e.category.colour for e in view.model.scene.legend}
    assert legend["CT"] == 8
    assert colours.actions()[0].text() == "Colour 1 (CR)"


def test_that_a_right_click_on_a_chip_opens_its_menu(view, qtbot):
    asked = []
    chip = view.legend.chips["CT"]
    chip.menu_wanted.connect(asked.append)
    qtbot.mouseClick(chip, Qt.MouseButton.RightButton)
    from PySide6.QtGui import QContextMenuEvent
    from PySide6.QtWidgets import QApplication

    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Mouse, QPoint(5, 5), chip.mapToGlobal(QPoint(5, 5))
    )
    QApplication.sendEvent(chip, event)
    assert len(asked) == 1
    menu = next(child for child in view.legend.findChildren(QMenu) if child.isVisible())
    menu.close()
    assert not view.model.hidden


def test_that_the_scale_says_its_numbers_unit_and_what_has_none(view):
    view.model.set_colour_by("margin")
    ramp = view.legend._ramp
    assert "margin, −2 to 8 logits" in ramp.accessibleName()
    assert "1 image without a value: the quietest grey" in ramp.toolTip()


def test_that_palette_and_centre_of_a_scale_are_chosen(view, qtbot):
    view.model.set_colour_by("margin")
    qtbot.mouseClick(view.legend._ramp, LEFT)
    panel = flyout(view, RampPanel)
    next(b for b in panel.palettes.buttons() if b.name == "green").click()
    assert view.model.scene.ramp.palette == "green"
    panel.diverges.click()
    ramp = view.model.scene.ramp
    assert (ramp.centre, ramp.low, ramp.high) == (0, -8, 8)
    view.legend.change_ramp()
    panel = flyout(view, RampPanel)
    assert {b.name for b in panel.palettes.buttons()} == {"blue to orange", "purple to green"}
    panel.centre.selectAll()
    qtbot.keyClicks(panel.centre, "2.5")
    qtbot.keyClick(panel.centre, Qt.Key.Key_Return)
    assert view.model.scene.ramp.centre == 2.5
    view.legend.change_ramp()
    flyout(view, RampPanel).diverges.click()
    assert view.model.scene.ramp.centre is None


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("by", ["modality", "margin"])
def test_that_points_have_the_colours_of_the_legend_at_every_scale(view, session, qtbot, theme, by):
    from vlm_explorer.rendering.rasteriser import rasterise
    from vlm_explorer.widgets.map_brush import brush_for, colour_of, ramp_of
    from vlm_explorer.widgets.theme import theme as roles_now

    themes.set_theme(theme)
    view.model.set_colour_by(by)
    view.model.set_size_by("margin")
    settle(view, qtbot)
    scene, roles = view.model.scene, roles_now()
    brush = brush_for(scene, roles, 1.0)
    for ratio in (1.0, 2.0):
        picture = rasterise(scene.points, brush, view.canvas.view, ratio)
        for point in range(4):  # the others share a place
            at = view.canvas.position_of(point) if point < len(scene) else QPointF()
            if view.model.image_id(point) in ("e", "f"):
                continue
            code = scene.points.codes[point]
            wanted = (
                ramp_of(roles, scene.ramp)[code]
                if scene.ramp is not None
                else colour_of(scene.legend[code].category.colour, roles)
            )
            drawn = picture[int(at.y() * ratio), int(at.x() * ratio), :3]
            np.testing.assert_array_equal(drawn, wanted)


def test_that_an_ampersand_in_a_name_is_seen_and_is_no_key(view, session, qtbot):
    values = np.array(["T1 & T2", "CT", "CT", "CT", "CT", "CT"], object)
    session.columns.add(Column("contrast & field", "contrast & field", values))
    view.model.set_colour_by("contrast & field")
    settle(view, qtbot)
    assert view.tools.colours.text() == "Colour: contrast && field"
    entry = next(e for e in view.model.scene.legend if e.category.key == "T1 & T2")
    action(category_menu(view.model, entry, view), "Filter: only T1 && T2").trigger()
    settle(view, qtbot)
    [chip] = view.filters.chips
    assert "T1 && T2" in chip.text()
    assert chip.shortcut().isEmpty()
