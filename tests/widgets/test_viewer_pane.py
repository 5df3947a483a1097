"""The pane by itself, with real events: tools, measuring, cine, layers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from viewer_scans import open_files, ramp, write_scan

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.viewmodels.viewer_layers import Layer
from vlm_explorer.viewmodels.viewer_measure import Kind, Measurement
from vlm_explorer.viewmodels.viewer_measurements import Measurements
from vlm_explorer.viewmodels.viewer_measuring import Tool
from vlm_explorer.viewmodels.viewer_model import ViewerModel
from vlm_explorer.widgets.actions import install
from vlm_explorer.widgets.viewer_actions import (
    layer_rows,
    look_rows,
    picture_rows,
    series_rows,
    switches,
    tool_rows,
)
from vlm_explorer.widgets.viewer_pane import ViewerPane

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
NONE = Qt.KeyboardModifier.NoModifier
Key = Qt.Key
ROWS, COLUMNS = 100, 140


@pytest.fixture
def ids(session: Session, tmp_path: Path) -> list[str]:
    """Four slices of a CT of 0.5 mm pixels; the first carries a graphic, a square line."""
    graphic = np.zeros((ROWS, COLUMNS), np.uint8)
    graphic[20:80, 30] = graphic[20:80, 110] = graphic[20, 30:110] = graphic[79, 30:110] = 1
    files = [
        write_scan(tmp_path / f"{n}.dcm", ramp(ROWS, COLUMNS, -1000) + n, number=n)
        for n in range(1, 5)
    ]
    add_overlay(files[0], graphic)
    return open_files(session, files)


def add_overlay(path: Path, graphic: np.ndarray) -> None:
    from pydicom import dcmread
    from pydicom.pixels import pack_bits

    file = dcmread(path)
    for element, vr, value in (
        (0x0010, "US", graphic.shape[0]),
        (0x0011, "US", graphic.shape[1]),
        (0x0040, "CS", "G"),
        (0x0050, "SS", [1, 1]),
        (0x0100, "US", 1),
        (0x0102, "US", 0),
        (0x3000, "OW", pack_bits(graphic.ravel())),
    ):
        file.add_new((0x6000, element), vr, value)
    file.save_as(path)


@pytest.fixture
def pane(qtbot: QtBot, session: Session, ids: list[str]) -> ViewerPane:
    """The pane with the second slice, its keys installed, the focus on it."""
    model = ViewerModel(session, parent=session)
    saliency = SaliencyModel(model, session)
    pane = ViewerPane(model, saliency, Thumbnails(session, session))
    rows = [*series_rows(model, pane), *picture_rows(model, saliency, pane)]
    actions = install([*rows, *tool_rows(pane), *layer_rows(pane), *look_rows(saliency)], pane)

    def sync() -> None:
        for name, on in switches(model, saliency, pane).items():
            actions[name].setChecked(on)

    sync()
    for part in (pane.cine, pane.measuring, pane.layers):
        part.changed.connect(sync)
    qtbot.addWidget(pane)
    pane.resize(560, 420)
    pane.show()
    qtbot.waitExposed(pane)
    pane.activateWindow()
    pane.setFocus()
    show(qtbot, session, ids[1])
    return pane


def show(qtbot: QtBot, session: Session, image_id: str) -> None:
    session.select([image_id])
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=30_000)


def send(pane: ViewerPane, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton) -> None:
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
    QApplication.sendEvent(pane, QMouseEvent(kind, at, pane.mapToGlobal(at), button, held, NONE))


def drag(
    pane: ViewerPane,
    start: tuple[float, float],
    end: tuple[float, float],
    button: Qt.MouseButton = LEFT,
) -> None:
    """Drag from one point of the image to another."""
    first, last = (QPointF(*pane.camera.to_screen(*point)) for point in (start, end))
    send(pane, QEvent.Type.MouseButtonPress, first, button)
    for part in (0.3, 0.7, 1.0):
        send(pane, QEvent.Type.MouseMove, first + (last - first) * part, button)
    send(pane, QEvent.Type.MouseButtonRelease, last, button)


def hover(pane: ViewerPane, x: float, y: float) -> None:
    where = QPointF(*pane.camera.to_screen(x, y))
    send(pane, QEvent.Type.MouseMove, where, Qt.MouseButton.NoButton)


def measured(pane: ViewerPane) -> list[tuple[Kind, list[float]]]:
    return [
        (each.kind, [value for point in each.points for value in point])
        for each in pane.measuring.shown()
    ]


def picture(pane: ViewerPane) -> np.ndarray:
    """Return what is on the screen, uint8 (rows, columns, 3)."""
    image = pane.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def test_that_m_measures_a_length_by_a_drag_and_w_gives_the_window_back(
    qtbot: QtBot, pane: ViewerPane
) -> None:
    window = pane._model.windows.current
    qtbot.keyClick(pane, "M")
    drag(pane, (20, 30), (80, 30))
    assert measured(pane) == [(Kind.LENGTH, pytest.approx([20, 30, 80, 30]))]
    assert pane.measuring.words(pane.measuring.shown()[0]) == ("30.0 mm",)
    assert pane._model.windows.current == window
    qtbot.keyClick(pane, "W")
    drag(pane, (20, 80), (80, 80))
    assert len(measured(pane)) == 1
    assert pane._model.windows.current != window


@pytest.mark.parametrize(
    ("key", "keys", "kind"),
    [("G", NONE, Kind.ELLIPSE), ("G", Qt.KeyboardModifier.ShiftModifier, Kind.RECTANGLE)],
)
def test_that_g_measures_a_region(
    qtbot: QtBot, pane: ViewerPane, key: str, keys: Qt.KeyboardModifier, kind: Kind
) -> None:
    qtbot.keyClick(pane, key, keys)
    drag(pane, (100, 80), (60, 40))
    assert measured(pane) == [(kind, pytest.approx([100, 80, 60, 40]))]
    words = pane.measuring.words(pane.measuring.shown()[0])
    assert words[0].startswith("Mean ")
    assert "HU" in words[0]
    assert "mm²" in words[2]


def test_that_an_angle_takes_a_drag_and_a_click(qtbot: QtBot, pane: ViewerPane) -> None:
    qtbot.keyClick(pane, "A")
    drag(pane, (20, 50), (60, 50))
    assert measured(pane) == []
    hover(pane, 80, 20)
    assert pane.measuring.draft is not None
    assert pane.measuring.words(pane.measuring.draft) == ("123.7°",)
    drag(pane, (60, 90), (60, 90))
    assert pane.measuring.words(pane.measuring.shown()[0]) == ("90.0°",)


def test_that_a_click_measures_nothing(qtbot: QtBot, pane: ViewerPane) -> None:
    qtbot.keyClick(pane, "M")
    drag(pane, (20, 30), (20, 30))
    assert measured(pane) == []
    assert pane.measuring.draft is None


def test_that_a_point_and_the_whole_can_be_dragged_with_any_tool(
    qtbot: QtBot, pane: ViewerPane
) -> None:
    qtbot.keyClick(pane, "M")
    drag(pane, (20, 30), (80, 30))
    qtbot.keyClick(pane, "W")
    drag(pane, (80, 30), (80, 70))
    assert measured(pane)[0][1] == pytest.approx([20, 30, 80, 70])
    drag(pane, (50, 50), (60, 45))
    assert measured(pane)[0][1] == pytest.approx([30, 25, 90, 65])


def test_that_the_keys_alone_measure(qtbot: QtBot, pane: ViewerPane, session: Session) -> None:
    current = session.selection.current
    qtbot.keyClick(pane, "M")
    qtbot.keyClick(pane, Key.Key_Return)
    (kind, before), *rest = measured(pane)
    assert (kind, rest) == (Kind.LENGTH, [])
    qtbot.keyClick(pane, Key.Key_Right)
    qtbot.keyClick(pane, Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert measured(pane)[0][1] == pytest.approx(
        [before[0], before[1], before[2] + 1, before[3] - 10]
    )
    qtbot.keyClick(pane, Key.Key_Return)  # the other end
    qtbot.keyClick(pane, Key.Key_Left)
    assert measured(pane)[0][1][0] == pytest.approx(before[0] - 1)
    assert session.selection.current == current  # no arrow went to the series
    qtbot.keyClick(pane, Key.Key_Delete)
    assert measured(pane) == []
    qtbot.keyClick(pane, Key.Key_Escape)
    assert pane.measuring.tool is Tool.WINDOW
    qtbot.keyClick(pane, Key.Key_Down)
    qtbot.waitUntil(lambda: not session.runner.busy)
    assert session.selection.current != current


def test_that_arrows_go_where_they_point_on_a_turned_scan(qtbot: QtBot, pane: ViewerPane) -> None:
    for key in "RH":
        qtbot.keyClick(pane, key)
    qtbot.keyClick(pane, "M")
    qtbot.keyClick(pane, Key.Key_Return)
    before = pane.camera.to_screen(*pane.measuring.shown()[0].points[1])
    qtbot.keyClick(pane, Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    after = pane.camera.to_screen(*pane.measuring.shown()[0].points[1])
    assert after[0] < before[0]
    assert after[1] == pytest.approx(before[1])


def test_that_measurements_stay_with_their_image(
    qtbot: QtBot, pane: ViewerPane, session: Session, ids: list[str]
) -> None:
    qtbot.keyClick(pane, "M")
    drag(pane, (20, 30), (80, 30))
    show(qtbot, session, ids[2])
    assert measured(pane) == []
    show(qtbot, session, ids[1])
    assert len(measured(pane)) == 1
    qtbot.keyClick(pane, Key.Key_Delete, Qt.KeyboardModifier.ShiftModifier)
    assert measured(pane) == []


def test_that_panes_share_measurements(
    qtbot: QtBot, session: Session, pane: ViewerPane, ids: list[str]
) -> None:
    model = ViewerModel(session, name="viewer.second", parent=session)
    shared = pane.measuring.measurements
    other = ViewerPane(
        model, SaliencyModel(model, session), Thumbnails(session, session), None, shared
    )
    qtbot.addWidget(other)
    qtbot.waitUntil(lambda: not session.runner.busy)
    shared.add(ids[1], Measurement(Kind.LENGTH, ((1.0, 1.0), (9.0, 9.0))))
    assert measured(other) == measured(pane) != []


@pytest.mark.parametrize("keys", ["", "R", "H", "LV", "RRH", "++"])
def test_that_what_is_drawn_lies_on_its_pixels_however_the_scan_is_turned(
    qtbot: QtBot, pane: ViewerPane, ids: list[str], keys: str
) -> None:
    for key in keys:
        qtbot.keyClick(pane, key)
    bare = picture(pane)
    pane.measuring.measurements.add(ids[1], Measurement(Kind.LENGTH, ((40.0, 30.0), (90.0, 60.0))))
    drawn = picture(pane)
    ratio = pane.devicePixelRatioF()
    for part in (0.1, 0.5, 0.9):
        x, y = pane.camera.to_screen(40 + 50 * part, 30 + 30 * part)
        colour = drawn[int(y * ratio), int(x * ratio)].astype(int)
        assert colour[0] - colour[2] > 60  # the yellow of measurements on grey
    far_x, far_y = pane.camera.to_screen(40, 60)
    there = int(far_y * ratio), int(far_x * ratio)
    np.testing.assert_array_equal(drawn[there], bare[there])


def test_that_the_tools_pan_and_zoom_with_the_left_button(qtbot: QtBot, pane: ViewerPane) -> None:
    pane.zoom_by(4)
    centre, zoom = pane.camera.centre, pane.camera.zoom
    qtbot.keyClick(pane, "T")
    drag(pane, (70, 50), (80, 50))
    assert pane.camera.centre == pytest.approx((centre[0] - 10, centre[1]), abs=0.5)
    qtbot.keyClick(pane, "Z")
    drag(pane, (70, 50), (70, 40))
    assert pane.camera.zoom > zoom
    qtbot.keyClick(pane, "Z")
    assert pane.measuring.tool is Tool.WINDOW


def test_that_the_middle_button_pans_whatever_the_tool(qtbot: QtBot, pane: ViewerPane) -> None:
    pane.zoom_by(4)
    centre = pane.camera.centre
    qtbot.keyClick(pane, "M")
    drag(pane, (70, 50), (80, 50), MIDDLE)
    assert pane.camera.centre != centre
    assert measured(pane) == []


def test_that_zoom_is_kept_in_a_series_and_ends_with_it(
    qtbot: QtBot, pane: ViewerPane, session: Session, tmp_path: Path, ids: list[str]
) -> None:
    other = write_scan(tmp_path / "other.dcm", ramp(ROWS, COLUMNS), series="7.7")
    files = [Path(str(file)) for file in session.images.file]
    ids = open_files(session, [*files, other])
    show(qtbot, session, ids[1])
    pane.zoom_by(3)
    camera = pane.camera
    show(qtbot, session, ids[2])
    assert pane.camera == camera
    show(qtbot, session, ids[4])
    assert pane.camera.fitted


def test_that_the_graphics_of_the_file_are_drawn_and_switched_by_a_key(
    qtbot: QtBot, pane: ViewerPane, session: Session, ids: list[str]
) -> None:
    show(qtbot, session, ids[0])

    def greenness(x: float, y: float) -> int:
        at = pane.camera.to_screen(x, y)
        ratio = pane.devicePixelRatioF()
        colour = picture(pane)[int(at[1] * ratio), int(at[0] * ratio)].astype(int)
        return int(colour[1] - colour[2])

    assert greenness(30.5, 50.5) > 60
    assert greenness(35.5, 50.5) == 0
    qtbot.keyClick(pane, "R")
    assert greenness(110.5, 40.5) > 60
    qtbot.keyClick(pane, "O", Qt.KeyboardModifier.ShiftModifier)
    assert greenness(110.5, 40.5) == 0
    assert not pane.layers.shows(Layer.GRAPHICS)


def test_that_a_graphic_one_pixel_wide_is_seen_on_a_small_scan(
    qtbot: QtBot, pane: ViewerPane, session: Session, ids: list[str]
) -> None:
    show(qtbot, session, ids[0])
    pane.resize(220, 170)
    pane.zoom_by(0.31)
    colours = picture(pane).astype(int)
    green = colours[..., 1] - colours[..., 2] > 60
    left, top = pane.camera.to_screen(30, 20)
    right, bottom = pane.camera.to_screen(111, 80)
    square = green[int(top) - 2 : int(bottom) + 3, int(left) - 2 : int(right) + 3]
    # its vertical lines are seen in every row, its horizontal ones in every column
    assert square.any(axis=1).sum() >= bottom - top - 1
    assert square.any(axis=0).sum() >= right - left - 1


def test_that_what_the_encoder_never_sees_is_marked_on_the_scan(
    qtbot: QtBot, pane: ViewerPane, session: Session, encoder: Encoder
) -> None:
    from vlm_explorer.encoders.preprocess import plan
    from vlm_explorer.viewmodels.saliency_display import seen_rectangle

    bare = picture(pane)
    qtbot.keyClick(pane, "E", Qt.KeyboardModifier.ShiftModifier)
    assert "No encoder" in pane.words().notice
    session.put(encoder=encoder)
    pane.layers.switch(Layer.CROP, True)
    left, top, right, bottom = seen_rectangle(plan(ROWS, COLUMNS, encoder.preprocess))
    assert pane.layers.seen() == (left, top, right, bottom)
    marked = picture(pane)

    def changed(x: float, y: float) -> bool:
        at = [int(value * pane.devicePixelRatioF()) for value in pane.camera.to_screen(x, y)]
        part = np.s_[at[1] - 6 : at[1] + 6, at[0] - 6 : at[0] + 6]
        return bool((marked[part] != bare[part]).any())

    cropped = right - left < COLUMNS
    assert cropped  # or the test would show nothing
    assert changed(4, 50) == cropped
    assert changed(COLUMNS - 4, 50) == cropped
    assert not changed((left + right) / 2 + 8, (top + bottom) / 2 + 8)


def test_that_cine_runs_the_series_until_one_scrolls(
    qtbot: QtBot, pane: ViewerPane, session: Session, ids: list[str]
) -> None:
    seen: set[str | None] = set()
    selected: list[str | None] = []
    pane._model.image_changed.connect(lambda: seen.add(pane._model.image_id))
    session.selection_changed.connect(lambda: selected.append(session.selection.current))
    qtbot.keyClick(pane, "C")
    qtbot.waitUntil(lambda: seen == set(ids), timeout=20_000)
    assert any(line.startswith("Cine") for line in pane.words().corners.bottom_left)
    assert selected == []  # map and results stay as they are meanwhile
    pane.scrolled.emit(1 if pane._model.image_id != ids[-1] else -1)
    assert not pane.cine.running
    assert not any(line.startswith("Cine") for line in pane.words().corners.bottom_left)
    assert session.selection.current == pane._model.image_id
    assert session.selection.ids == {pane._model.image_id}
    qtbot.waitUntil(lambda: not session.runner.busy)


def test_that_cine_leaves_the_selection_where_it_is_stopped(
    qtbot: QtBot, pane: ViewerPane, session: Session, ids: list[str]
) -> None:
    qtbot.keyClick(pane, "C")
    qtbot.waitUntil(lambda: pane._model.image_id == ids[3], timeout=20_000)
    qtbot.keyClick(pane, "C")
    assert session.selection.current == pane._model.image_id
    assert session.selection.ids == {pane._model.image_id}
    qtbot.waitUntil(lambda: not session.runner.busy)


def test_that_words_and_letters_are_switched_apart(qtbot: QtBot, pane: ViewerPane) -> None:
    qtbot.keyClick(pane, "T", Qt.KeyboardModifier.ShiftModifier)
    words = pane.words()
    assert words.corners.bottom_left == ()
    assert words.letters is not None
    qtbot.keyClick(pane, "L", Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(pane, "T", Qt.KeyboardModifier.ShiftModifier)
    words = pane.words()
    assert words.letters is None
    assert words.corners.bottom_left != ()


def test_that_the_encoders_view_is_seen_whole_and_the_scan_again_from_where_it_was(
    qtbot: QtBot, pane: ViewerPane, session: Session, encoder: Encoder, ids: list[str]
) -> None:
    show(qtbot, session, ids[0])
    session.put(encoder=encoder)
    pane.zoom_by(3)
    zoomed = pane.camera
    qtbot.keyClick(pane, "E")
    qtbot.waitUntil(lambda: pane._model.shows_encoder_view)
    assert pane.camera.fitted
    qtbot.keyClick(pane, "E")
    assert not pane._model.shows_encoder_view
    assert pane.camera == zoomed
    session.history.undo()
    assert pane.camera.fitted


def test_that_drags_of_two_panes_are_two_steps(
    qtbot: QtBot, pane: ViewerPane, session: Session, ids: list[str]
) -> None:
    model = ViewerModel(session, name="second", following=False, parent=session)
    other = ViewerPane(model, SaliencyModel(model, session), Thumbnails(session, session))
    qtbot.addWidget(other)
    other.resize(560, 420)
    other.show()
    model.show(ids[0])
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=30_000)
    fitted = pane.camera, other.camera
    drag(pane, (10, 10), (30, 30), MIDDLE)
    drag(other, (10, 10), (30, 30), MIDDLE)
    moved = pane.camera
    assert (moved, other.camera) != fitted
    session.history.undo()
    assert (pane.camera, other.camera) == (moved, fitted[1])
    session.history.undo()
    assert (pane.camera, other.camera) == fitted


def test_that_undoing_what_was_done_to_a_pane_leaves_from_where_it_is_seen(
    pane: ViewerPane,
) -> None:
    pane._model.invert()
    pane.show_as(replace(pane.camera.zoomed(3, 100, 100), fitted=False))
    followed = pane.camera
    pane._model.session.history.undo()
    assert not pane._model.inverted
    assert pane.camera == followed


def test_that_the_encoders_view_is_neither_measured_nor_drawn_on(
    qtbot: QtBot, pane: ViewerPane, session: Session, encoder: Encoder, ids: list[str]
) -> None:
    show(qtbot, session, ids[0])
    session.put(encoder=encoder)
    pane.measuring.measurements.add(ids[0], Measurement(Kind.LENGTH, ((1.0, 1.0), (50.0, 50.0))))
    assert pane.layers.graphics() is not None
    qtbot.keyClick(pane, "E")
    qtbot.waitUntil(lambda: pane._model.shows_encoder_view)
    assert pane.layers.graphics() is None
    assert pane.measuring.shown() == ()
    qtbot.keyClick(pane, "M")
    assert pane.measuring.tool is Tool.WINDOW
    assert "cannot be measured" in pane.words().notice


def test_that_a_double_click_resets_but_not_while_measuring(qtbot: QtBot, pane: ViewerPane) -> None:
    pane.zoom_by(3)
    qtbot.keyClick(pane, "M")
    qtbot.mouseDClick(pane, LEFT, pos=QPoint(200, 200))
    assert not pane.camera.fitted
    qtbot.keyClick(pane, "W")
    qtbot.mouseDClick(pane, LEFT, pos=QPoint(200, 200))
    assert pane.camera.fitted


def test_that_the_probe_tells_stored_value_and_place_in_the_patient(pane: ViewerPane) -> None:
    hover(pane, 30.5, 20.5)
    value = int(ramp(ROWS, COLUMNS, -1000)[20, 30]) + 2
    lines = pane.words().corners.bottom_left
    assert lines[0] == f"x 30, y 20: {value} HU".replace("-", "−")
    assert lines[1] == f"Stored {value + 1024} · L 15.0 P 10.0 H 2.0 mm"


def test_that_the_patient_stands_in_the_corner_only_while_the_user_asks_for_it(
    qtbot: QtBot, pane: ViewerPane, session: Session
) -> None:
    def words() -> str:
        qtbot.waitUntil(lambda: not session.runner.busy)
        return " ".join(pane.words().corners.top_left) + pane.accessibleDescription()

    assert "Patient hidden" in words()
    assert "4711" not in words()
    session.toggle_patient_details()
    assert "Doe" in words()
    assert "4711" in words()
    assert "Patient hidden" not in words()
    session.toggle_patient_details()
    assert "Doe" not in words()
    assert "4711" not in words()


def test_that_measurements_are_forgotten_by_nobody_else(qtbot: QtBot) -> None:
    kept = Measurements()
    line = Measurement(Kind.LENGTH, ((0.0, 0.0), (1.0, 1.0)))
    assert kept.add("a", line) == 0
    assert kept.add("a", line.moved(1, 1)) == 1
    with qtbot.assertNotEmitted(kept.changed):
        kept.replace("a", 0, line)
    kept.remove("a", 0)
    assert kept.of("a") == (line.moved(1, 1),)
    assert kept.of("b") == kept.of(None) == ()
