"""Two maps side by side, by real events, on a collection with the vectors of two encoders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QAction, QFontMetricsF, QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shell_collection import DIMENSION, FakeEncoder, build_collection, keep_window_state
from two_encoders import FIRST, SECOND, WIDER, build_two

from vlm_explorer.api import open_collection
from vlm_explorer.viewmodels import background, layout_choice
from vlm_explorer.viewmodels.layout_choice import LayoutChoice
from vlm_explorer.viewmodels.map_colouring import ColourBy
from vlm_explorer.viewmodels.map_stars import Star, StarKind
from vlm_explorer.viewmodels.second_map_colours import OVERLAP
from vlm_explorer.viewmodels.second_map_model import point_of
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.layout_panel import LayoutPanel
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.map_notes import broken
from vlm_explorer.widgets.map_view import MapView
from vlm_explorer.widgets.second_map_pair import MapPair

pytestmark = pytest.mark.slow

Settle = Callable[[Session], None]
LEFT, NOTHING = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
SHIFT, NO = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.NoModifier
IMAGES, KNOWN = 24, 20


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A collection whose second encoder has seen 20 of 24 images."""
    folder = build_two(tmp_path / "two.vlmx", IMAGES, KNOWN)
    keep_window_state(folder, encoder=FIRST)
    return folder


@pytest.fixture
def compared(window: MainWindow, two: Path, settle: Settle, qtbot: QtBot) -> MainWindow:
    """The window with both encoders' maps, opened by the key."""
    window.resize(1280, 800)
    window.session.open(two)
    settle(window.session)
    qtbot.keyClick(window, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier | SHIFT)
    settle(window.session)
    wait_still(window, qtbot)
    return window


def pair(window: MainWindow) -> MapPair:
    return window.workspace.maps


def right(window: MainWindow) -> MapView:
    view = pair(window).right
    assert view is not None
    return view


def wait_still(window: MainWindow, qtbot: QtBot) -> None:
    canvases = [window.workspace.map.canvas, right(window).canvas]
    qtbot.waitUntil(lambda: not any(canvas.moving for canvas in canvases), timeout=10_000)


def spot(view: MapView, image_id: str) -> QPointF:
    point = point_of(view.model, image_id)
    assert point is not None
    return view.canvas.position_of(point)


def send(
    view: MapView, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton = NOTHING,
    held: Qt.MouseButton = NOTHING, modifiers: Qt.KeyboardModifier = NO,
) -> None:  # fmt: skip
    event = QMouseEvent(kind, at, view.canvas.mapToGlobal(at), button, held, modifiers)
    QApplication.sendEvent(view.canvas, event)


def click(view: MapView, at: QPointF) -> None:
    send(view, QEvent.Type.MouseButtonPress, at, LEFT, LEFT)
    send(view, QEvent.Type.MouseButtonRelease, at, LEFT)


def lasso(view: MapView) -> None:
    """Draw a lasso around the left half of a map."""
    size = view.canvas.size()
    corners = [(0, 0), (size.width() / 2, 0), (size.width() / 2, size.height()), (0, size.height())]
    places = [QPointF(x, y) for x, y in corners]
    send(view, QEvent.Type.MouseButtonPress, places[0], LEFT, LEFT, SHIFT)
    for at in places[1:]:
        send(view, QEvent.Type.MouseMove, at, NOTHING, LEFT, SHIFT)
    send(view, QEvent.Type.MouseButtonRelease, places[-1], LEFT, NOTHING, SHIFT)


class WideEncoder(FakeEncoder):
    """The second encoder, there without weights."""

    id = SECOND
    fingerprint = "1" * 64
    dimension = WIDER

    def encode_texts(self, texts: Sequence[str], *, context: object = None) -> np.ndarray:
        return np.pad(super().encode_texts(texts), ((0, 0), (0, WIDER - DIMENSION)))


def test_that_the_other_encoder_stands_beside_the_map_with_figures(compared: MainWindow) -> None:
    maps, view = pair(compared), right(compared)
    answer = maps.second.answer
    assert answer is not None
    assert view.isVisible()
    assert maps.bar.isVisible()
    assert (maps.second.model, answer.first.model, answer.second.model) == (SECOND, FIRST, SECOND)
    assert maps.bar.words.text() == f"{FIRST} · PCA, raw joint space"
    caption, agreement, alignment, missing = view.caption.lines
    assert caption.startswith("PCA, raw joint space · 20 of 24 shown")
    assert agreement.startswith(f"overlap {answer.mean:.2f} of 9 neighbours (chance ")
    assert agreement.endswith(f"CKA {answer.cka:.2f}")
    assert alignment.startswith(f"{SECOND}, aligned: turned, scaled")
    assert missing == "20 of 24 images on both maps · 4 only left · 0 only right"
    assert "95 % interval" in view.caption.toolTip()
    assert compared.workspace.map.caption.lines[0].startswith("PCA, raw joint space · 24 of 24")


def test_that_the_selection_is_one(compared: MainWindow, qtbot: QtBot) -> None:
    session, left, view = compared.session, compared.workspace.map, right(compared)
    image = str(session.images.ids[3])
    click(view, spot(view, image))
    assert session.selection.current is not None
    chosen = session.selection.current
    for each in (left, view):
        assert each.model.scene.current == point_of(each.model, chosen)
    for each in (view, left):
        session.select([])
        lasso(each)
        assert 0 < len(session.selection.ids) < IMAGES
        assert left.model.scene.selected == len(session.selection.ids)


def test_that_a_prompt_stands_on_both_maps_where_its_images_are(
    compared: MainWindow, settle: Settle, qtbot: QtBot
) -> None:
    session, left, view = compared.session, compared.workspace.map, right(compared)
    session.search("effusion")
    settle(session)

    def stars(of: MapView, kind: StarKind) -> list[Star]:
        return [star for star in of.model.scene.stars if star.kind is kind]

    for each in (left, view):
        qtbot.waitUntil(lambda each=each: len(stars(each, StarKind.PROMPT)) == 1)
    (star,) = stars(view, StarKind.PROMPT)
    assert star.note.endswith(f"as {FIRST} reads it")
    places = view.model.places.image_xy
    low, high = np.nanmin(places, axis=0), np.nanmax(places, axis=0)
    assert (low <= (star.x, star.y)).all()
    assert ((star.x, star.y) <= high).all()
    session.set_labels(["effusion", "nodule"], "raw", "single")
    settle(session)
    for each in (left, view):
        qtbot.waitUntil(lambda each=each: len(stars(each, StarKind.LABEL)) == 2)


def test_that_filters_and_hidden_categories_hold_for_both(
    compared: MainWindow, qtbot: QtBot
) -> None:
    session, left, view = compared.session, compared.workspace.map, right(compared)
    compared.workspace.library.filter.setText("CT")
    qtbot.waitUntil(lambda: not session.shown.all())
    shown = set(session.images.ids[session.shown])
    assert left.model.scene.shown == len(shown)
    on_right = set(pair(compared).second.answer.second.image_ids)  # type: ignore[union-attr]
    assert view.model.scene.shown == len(shown & on_right)
    compared.workspace.library.clear_filter()
    qtbot.waitUntil(lambda: bool(session.shown.all()))
    left.model.set_colour_by(ColourBy.MODALITY)
    key = left.model.scene.legend[0].category.key
    left.model.toggle(key)
    assert view.model.hidden == {key}
    assert view.model.scene.shown < KNOWN
    assert view.legend.isHidden()
    assert view.tools.isHidden()


def test_that_what_is_pointed_at_on_one_map_is_marked_on_the_other(compared: MainWindow) -> None:
    left, view = compared.workspace.map, right(compared)
    for here, there in ((left, view), (view, left)):
        image = next(
            str(key)
            for key in compared.session.images.ids[:KNOWN]
            if here.canvas.point_at(spot(here, str(key))) == point_of(here.model, str(key))
        )
        before = there.canvas.grab().toImage()
        send(here, QEvent.Type.MouseMove, spot(here, image))
        marked = there.canvas.grab().toImage()
        assert marked != before
        at = spot(there, image).toPoint()
        around = [(at.x() + x, at.y() + y) for x in range(-9, 10) for y in range(-9, 10)]
        assert any(marked.pixel(*p) != before.pixel(*p) for p in around if marked.valid(*p))
        assert not there.card.isVisible()
        QApplication.sendEvent(here.canvas, QEvent(QEvent.Type.Leave))
        assert there.canvas.grab().toImage() == before


def test_that_the_right_map_lies_on_the_left_one_unless_that_is_switched_off(
    compared: MainWindow, qtbot: QtBot
) -> None:
    maps, view = pair(compared), right(compared)
    answer = maps.second.answer
    assert answer is not None
    rows = [compared.session.images.row_of[key] for key in answer.second.image_ids]
    np.testing.assert_array_equal(view.model.places.image_xy[rows], answer.aligned_xy)
    qtbot.mouseClick(maps.bar.aligned, LEFT)
    np.testing.assert_array_equal(view.model.places.image_xy[rows], answer.second.xy)
    assert f"{SECOND}, not aligned to the left map" in view.caption.lines
    qtbot.mouseClick(maps.bar.aligned, LEFT)
    np.testing.assert_array_equal(view.model.places.image_xy[rows], answer.aligned_xy)
    wait_still(compared, qtbot)


def test_that_overlap_is_a_column_as_long_as_two_maps_are_compared(
    compared: MainWindow, qtbot: QtBot
) -> None:
    session, maps = compared.session, pair(compared)
    answer, column = maps.second.answer, session.columns.get(OVERLAP)
    assert answer is not None
    assert column is not None
    rows = [session.images.row_of[key] for key in answer.image_ids]
    np.testing.assert_array_equal(column.values[rows], answer.overlap)
    assert np.isnan(column.values).sum() == IMAGES - KNOWN
    qtbot.mouseClick(maps.bar.done, LEFT)
    assert session.columns.get(OVERLAP) is None


def test_that_both_maps_are_coloured_by_overlap_until_something_else_is_wanted(
    compared: MainWindow, qtbot: QtBot
) -> None:
    bar, left, view = pair(compared).bar, compared.workspace.map, right(compared)
    scenes = [each.model.scene for each in (left, view)]
    codes = [
        dict(zip(scene.row[scene.text < 0], scene.points.codes[scene.text < 0], strict=True))
        for scene in scenes
    ]
    assert scenes[0].ramp is not None
    assert scenes[0].ramp == scenes[1].ramp
    assert codes[1] == {row: codes[0][row] for row in codes[1]}
    assert bar.coloured.isChecked()
    qtbot.mouseClick(bar.coloured, LEFT)
    assert left.model.colour_by == ColourBy.MODALITY
    assert view.model.scene.colours == left.model.scene.colours
    assert view.model.scene.ramp is None
    qtbot.mouseClick(bar.coloured, LEFT)
    assert left.model.colour_by == OVERLAP
    qtbot.mouseClick(bar.done, LEFT)
    assert left.model.colour_by == ColourBy.MODALITY


def test_that_the_same_encoder_by_another_method_is_offered_where_there_is_no_other(
    window: MainWindow, tmp_path: Path, settle: Settle, qtbot: QtBot
) -> None:
    window.session.open(build_collection(tmp_path / "one.vlmx"))
    settle(window.session)
    second = pair(window).second
    second.open()
    assert (second.model, second.layout.method) == (FIRST, "umap")
    second.beside.set_layout(method="pca", space="centred")
    settle(window.session)
    assert second.answer is not None
    assert second.answer.measured == "space"
    second.beside.set_layout(space="raw")
    settle(window.session)
    assert right(window).caption.lines[1].startswith("overlap 1.00 of 11 neighbours on the maps")
    wait_still(window, qtbot)


def test_that_the_right_map_follows_when_the_left_one_is_laid_out_anew(
    compared: MainWindow, settle: Settle, qtbot: QtBot
) -> None:
    session, second = compared.session, pair(compared).second
    before = second.answer
    session.set_layout(space="centred")
    settle(session)
    assert second.answer is not None
    assert second.answer is not before
    assert second.answer.first.request.space == "centred"
    assert second.answer.second.request.space == "raw"
    wait_still(compared, qtbot)


def test_that_the_chooser_offers_encoders_methods_and_spaces(
    compared: MainWindow, settle: Settle, qtbot: QtBot
) -> None:
    second, chooser = pair(compared).second, pair(compared).bar.chooser
    chooser.fill()
    actions = {action.text(): action for action in chooser.menu().actions() if action.text()}
    assert {FIRST, SECOND, "PCA", "UMAP"} <= set(actions)
    assert actions[SECOND].isChecked()
    assert not actions[FIRST].isChecked()
    actions[FIRST].trigger()
    settle(compared.session)
    assert second.model == FIRST
    assert right(compared).caption.lines[2].startswith(f"{FIRST}, aligned")
    wait_still(compared, qtbot)


def actions_of(window: MainWindow) -> dict[str, QAction]:
    chooser = pair(window).bar.chooser
    chooser.fill()
    return {action.text(): action for action in chooser.menu().actions() if action.text()}


def test_that_the_right_map_offers_what_the_left_one_does(
    compared: MainWindow, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr(layout_choice, "pacmap_is_here", lambda: False)
    actions = actions_of(compared)
    left = LayoutChoice(compared.session)
    assert {choice.title for choice in (*left.methods(), *left.spaces())} <= set(actions)
    assert not actions["PaCMAP"].isEnabled()
    assert "pip install" in actions["PaCMAP"].toolTip()
    assert actions["t-SNE"].isEnabled()
    actions["Settings…"].trigger()
    panel = pair(compared).bar.chooser.findChild(LayoutPanel)
    assert panel is not None
    assert panel.isVisible()
    assert {button.text() for button in panel.methods.buttons()} >= {"UMAP", "t-SNE", "PaCMAP"}
    panel.close()


def test_that_a_kept_layout_stands_on_the_right_with_its_encoder(
    compared: MainWindow, settle: Settle, qtbot: QtBot
) -> None:
    session, second = compared.session, pair(compared).second
    assert session.collection is not None
    other = open_collection(session.collection.folder)
    kept = other.layout(method="pca", space="centred", model=SECOND)
    other.layouts.keep(kept, "centred & kept")
    second.first.layouts.refresh()
    second.choose(FIRST)
    settle(session)
    actions_of(compared)["centred && kept"].trigger()
    settle(session)
    answer = second.answer
    assert answer is not None
    np.testing.assert_array_equal(answer.second.xy, kept.xy)
    assert (second.model, second.layout.space) == (SECOND, "centred")
    assert second.titles[1] == f"{SECOND} · “centred & kept”"
    assert actions_of(compared)["centred && kept"].isChecked()
    assert not actions_of(compared)["PCA"].isChecked()
    session.history.undo()
    settle(session)
    assert (second.model, second.layout.name) == (FIRST, "")
    session.history.redo()
    settle(session)
    assert (second.model, second.layout.name) == (SECOND, "centred & kept")
    actions_of(compared)["Raw joint space"].trigger()
    settle(session)
    assert second.layout.name == ""
    assert second.answer is not None
    assert second.answer.second.request.space == "raw"
    wait_still(compared, qtbot)


def test_that_the_maps_swap_when_the_right_ones_encoder_is_looked_with(
    window: MainWindow,
    tmp_path: Path,
    settle: Settle,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoders = {FIRST: FakeEncoder(), SECOND: WideEncoder()}
    monkeypatch.setattr(background, "load_encoder", lambda _, model, *, context: encoders[model])
    folder = build_two(tmp_path / "two.vlmx", IMAGES)
    keep_window_state(folder, encoder=FIRST)
    window.session.open(folder)
    settle(window.session)
    second = pair(window).second
    second.open()
    settle(window.session)
    window.desk.switch.use(SECOND)
    settle(window.session)
    assert second.answer is not None
    assert second.titles == (f"{SECOND} · PCA, raw joint space", f"{FIRST} · PCA, raw joint space")
    assert (second.answer.first.model, second.answer.second.model) == (SECOND, FIRST)
    wait_still(window, qtbot)


def test_that_what_is_done_with_two_maps_can_be_undone(
    compared: MainWindow, settle: Settle, qtbot: QtBot
) -> None:
    session, second, history = compared.session, pair(compared).second, compared.session.history
    qtbot.mouseClick(pair(compared).bar.aligned, LEFT)
    second.beside.set_layout(space="centred")
    settle(session)
    right(compared).canvas.zoom(2)
    right(compared).canvas.tell_place()
    view = right(compared).canvas.view
    qtbot.mouseClick(pair(compared).bar.done, LEFT)
    colour = second.first.colour_by
    assert history.undo_words == "back to one map"
    history.undo()
    settle(session)
    assert second.opened
    assert (second.layout.space, second.aligned) == ("centred", False)
    assert second.first.colour_by == OVERLAP
    assert second.first.scene.ramp is not None
    history.undo()
    assert right(compared).canvas.view != view
    history.undo()
    settle(session)
    assert second.answer is not None
    assert second.answer.second.request.space == "raw"
    history.undo()
    assert second.aligned
    history.undo()
    assert not second.opened
    assert second.first.colour_by == colour
    for _ in range(2):
        history.redo()
        settle(session)
    assert second.opened
    assert not second.aligned
    assert second.first.colour_by == OVERLAP
    wait_still(compared, qtbot)


def test_that_the_viewer_makes_room_in_a_small_window_and_comes_back(
    compared: MainWindow, qtbot: QtBot
) -> None:
    panes = compared.workspace
    assert panes.viewer.isHidden()
    assert panes.folded() == [], "it is not folded for good"
    assert min(panes.map.width(), right(compared).width()) >= 400
    qtbot.keyClick(compared, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier | SHIFT)
    assert not panes.viewer.isHidden()
    assert right(compared).isHidden()
    assert pair(compared).bar.isHidden()


def test_that_the_tools_lie_within_a_narrow_map(compared: MainWindow) -> None:
    compared.workspace.toggle_viewer()
    QApplication.processEvents()
    left = compared.workspace.map
    assert right(compared).isVisible()
    assert left.rect().contains(left.tools.geometry())
    left.model.set_colour_by(ColourBy.MODALITY)
    QApplication.processEvents()
    assert left.rect().contains(left.tools.geometry())


def test_that_the_card_of_a_point_lies_within_a_narrow_map(
    compared: MainWindow, qtbot: QtBot
) -> None:
    compared.workspace.toggle_viewer()
    QApplication.processEvents()
    compared.session.select([str(compared.session.images.ids[5])])
    for view in (compared.workspace.map, right(compared)):
        assert view.width() < 330
        send(view, QEvent.Type.MouseMove, spot(view, str(compared.session.images.ids[5])))
        qtbot.waitUntil(view.card.isVisible)
        assert view.rect().contains(view.card.geometry())
        view.quick_look()
        assert view.rect().contains(view.card.geometry())
        view.quick_look()


def words(line: str) -> list[str]:
    return line.replace("·", "").split()


def test_that_no_word_of_the_captions_is_cut_off_beside_the_viewer(compared: MainWindow) -> None:
    panes = compared.workspace
    panes.toggle_viewer()
    QApplication.processEvents()
    panes.stage.setSizes([500, 560])
    QApplication.processEvents()
    assert right(compared).isHidden()
    panes.toggle_viewer()
    panes.toggle_viewer()
    QApplication.processEvents()
    assert right(compared).isVisible(), "a wide viewer yields"
    assert panes.viewer.width() >= 384
    assert right(compared).width() < 330
    for view in (compared.workspace.map, right(compared)):
        metrics = QFontMetricsF(view.caption.font())
        room = view.caption.width() - 14
        for line in view.caption.lines:
            parts = broken(line, room, metrics)
            assert words(" ".join(parts)) == words(line)
            assert [part for part in parts if metrics.horizontalAdvance(part) > room] == []
        assert view.caption.geometry().bottom() < view.height()


def test_that_a_window_too_narrow_for_two_maps_says_so(compared: MainWindow) -> None:
    maps = pair(compared)
    compared.workspace.toggle_viewer()
    compared.resize(1024, 700)
    QApplication.processEvents()
    assert compared.width() == 1024
    assert right(compared).isHidden()
    assert maps.bar.words.text().startswith("Too narrow for two maps")
    compared.resize(1600, 800)
    QApplication.processEvents()
    assert right(compared).isVisible()
    assert maps.bar.words.text().startswith(FIRST)


def test_that_two_maps_are_found_again_when_the_collection_is_opened_again(
    compared: MainWindow, two: Path, settle: Settle, qtbot: QtBot
) -> None:
    session, second = compared.session, pair(compared).second
    second.beside.set_layout(space="centred")
    second.set_aligned(False)
    settle(session)
    session.close()
    assert not second.opened
    settle(session)
    session.open(two)
    settle(session)
    assert second.opened
    assert second.answer is not None
    assert (second.model, second.layout.space, second.aligned) == (SECOND, "centred", False)
    wait_still(compared, qtbot)


def test_that_a_map_that_cannot_be_made_says_so_and_can_be_tried_again(
    compared: MainWindow,
    settle: Settle,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    second = pair(compared).second
    with monkeypatch.context() as patch, qtbot.waitSignal(compared.session.messages.message):
        patch.setattr("vlm_explorer.viewmodels.second_map_work.NEIGHBOURS", 0)
        second.beside.set_layout(space="centred")
    settle(compared.session)
    message = right(compared).message
    assert message.isVisible()
    assert second.answer is None
    qtbot.mouseClick(message.action, LEFT)
    settle(compared.session)
    assert second.answer is not None
    assert not message.isVisible()
    caplog.clear()
    wait_still(compared, qtbot)
