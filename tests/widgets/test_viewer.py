from __future__ import annotations

import logging
import threading
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QMenu,
    QWidget,
)
from pytestqt.qtbot import QtBot
from viewer_scans import open_files, ramp, write_scan

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.pixels.colour_reading import ColourReading
from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.pixels.thumbnails import make_thumbnail
from vlm_explorer.saliency.explain import default_method
from vlm_explorer.viewmodels.saliency_model import SaliencyModel, Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import QueryState
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.viewmodels.viewer_frames import FrameCache
from vlm_explorer.viewmodels.viewer_model import Status, ViewerModel
from vlm_explorer.viewmodels.viewer_orientation import EdgeLetters
from vlm_explorer.widgets.saliency_methods import MethodBox
from vlm_explorer.widgets.viewer import Viewer
from vlm_explorer.widgets.viewer_pane import ViewerPane

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def ids(session: Session, tmp_path: Path) -> list[str]:
    """Five slices of a CT and one MR image."""
    files = [
        write_scan(tmp_path / f"{n}.dcm", ramp(40, 60, -1200) + n, number=n) for n in range(1, 6)
    ]
    files.append(write_scan(tmp_path / "mr.dcm", ramp(), modality="MR", series="9.9"))
    return open_files(session, files)


@pytest.fixture
def viewer(qtbot: QtBot, session: Session, ids: list[str]) -> Viewer:
    """The viewer with the third slice, and the focus on it."""
    viewer = Viewer(session, Thumbnails(session, session))
    qtbot.addWidget(viewer)
    viewer.resize(420, 560)
    viewer.show()
    qtbot.waitExposed(viewer)
    viewer.activateWindow()
    viewer.pane.setFocus()
    session.select([ids[2]])
    settle(qtbot, viewer)
    return viewer


def settle(qtbot: QtBot, viewer: Viewer) -> None:
    runner = viewer.model.session.runner
    qtbot.waitUntil(lambda: not runner.busy, timeout=60_000)


def drag(viewer: Viewer, dx: float, dy: float) -> None:
    start = QPointF(200, 200)
    for kind, where in (
        (QEvent.Type.MouseButtonPress, start),
        (QEvent.Type.MouseMove, start + QPointF(dx / 2, dy / 2)),
        (QEvent.Type.MouseMove, start + QPointF(dx, dy)),
        (QEvent.Type.MouseButtonRelease, start + QPointF(dx, dy)),
    ):
        none = Qt.KeyboardModifier.NoModifier
        event = QMouseEvent(kind, where, viewer.pane.mapToGlobal(where), LEFT, LEFT, none)
        QApplication.sendEvent(viewer.pane, event)


def turn_wheel(widget: QWidget, delta: int) -> None:
    where = QPointF(5, 5)
    event = QWheelEvent(
        where,
        widget.mapToGlobal(where),
        QPoint(),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def point_at(viewer: Viewer, x: float, y: float) -> None:
    """Put the pointer over a point of the image."""
    where = QPointF(*viewer.pane.camera.to_screen(x, y))
    none, no_button = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.NoButton
    everywhere = viewer.pane.mapToGlobal(where)
    event = QMouseEvent(QEvent.Type.MouseMove, where, everywhere, no_button, no_button, none)
    QApplication.sendEvent(viewer.pane, event)


def probe(viewer: Viewer) -> str:
    return viewer.pane.words().corners.bottom_left[0]


def test_that_a_single_image_has_the_whole_width_and_a_series_its_bar_and_profile(
    qtbot: QtBot, viewer: Viewer, ids: list[str]
) -> None:
    assert viewer.series_bar.isVisible()
    beside = viewer.active.profile.width() + viewer.series_bar.width()
    assert viewer.pane.width() == viewer.active.width() - beside
    qtbot.keyClick(viewer.pane, Qt.Key.Key_PageDown)  # the MR image is a series by itself
    settle(qtbot, viewer)
    assert viewer.model.image_id == ids[5]
    qtbot.waitUntil(lambda: viewer.pane.width() == viewer.active.width())
    assert viewer.pane.camera.to_screen(16, 16)[0] == pytest.approx(viewer.width() / 2, abs=1)
    qtbot.keyClick(viewer.pane, Qt.Key.Key_PageUp)
    settle(qtbot, viewer)
    qtbot.waitUntil(lambda: viewer.pane.width() == viewer.active.width() - beside)


def test_that_a_drag_to_the_right_widens_the_window_and_one_down_darkens(viewer: Viewer) -> None:
    window = viewer.model.windows.current
    assert window is not None
    drag(viewer, 40, 0)
    wider = viewer.model.windows.current
    assert wider is not None
    assert wider.width > window.width
    assert wider.centre == window.centre
    before = viewer.pane.grab().toImage().pixelColor(200, 200).lightness()
    drag(viewer, 0, 150)
    raised = viewer.model.windows.current
    assert raised is not None
    assert raised.centre > wider.centre
    assert raised.width == wider.width
    assert viewer.pane.grab().toImage().pixelColor(200, 200).lightness() < before


def test_that_the_wheel_and_the_keys_go_through_the_series(
    qtbot: QtBot, viewer: Viewer, session: Session, ids: list[str]
) -> None:
    def at() -> int:
        settle(qtbot, viewer)
        return ids.index(session.selection.current or "")

    turn_wheel(viewer.pane, -120)
    assert at() == 3
    turn_wheel(viewer.series_bar, -120)
    assert at() == 4
    turn_wheel(viewer.series_bar, 120)
    assert at() == 3
    for key, expected in (
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Down, 1),
        (Qt.Key.Key_Right, 2),
        (Qt.Key.Key_Up, 1),
        (Qt.Key.Key_Left, 0),
        (Qt.Key.Key_End, 4),
        (Qt.Key.Key_PageDown, 5),  # the next series
    ):
        qtbot.keyClick(viewer.pane, key)
        assert at() == expected, key


def test_that_the_bar_of_the_series_shows_and_sets_the_place(
    qtbot: QtBot, viewer: Viewer, session: Session, ids: list[str]
) -> None:
    bar = viewer.series_bar
    assert (bar.value(), bar.maximum()) == (2, 4)
    bar.setValue(4)
    assert session.selection.current == ids[4]
    settle(qtbot, viewer)
    session.select([ids[5]])
    settle(qtbot, viewer)
    assert bar.maximum() == 0
    assert not bar.isEnabled()


def test_that_the_digits_set_the_windows_and_space_resets_all(qtbot: QtBot, viewer: Viewer) -> None:
    model = viewer.model
    sources = []
    for key in "1234590":
        qtbot.keyClick(viewer.pane, key)
        assert model.windows.current is not None
        sources.append(model.windows.current.source.removeprefix("preset: "))
    assert sources == ["soft tissue", "lung", "bone", "brain", "stroke", "auto", "soft tissue"]
    first = viewer.pane.grab().toImage()
    qtbot.keyClick(viewer.pane, "2")
    for key in "IRH+":
        qtbot.keyClick(viewer.pane, key)
    assert viewer.pane.grab().toImage() != first
    qtbot.keyClick(viewer.pane, Qt.Key.Key_Space)
    assert viewer.pane.grab().toImage() == first


def test_that_a_tissue_window_on_mr_is_refused_in_words(
    qtbot: QtBot, viewer: Viewer, session: Session, ids: list[str]
) -> None:
    session.select([ids[5]])
    settle(qtbot, viewer)
    qtbot.keyClick(viewer.pane, "2")
    assert "Hounsfield" in viewer.pane.words().notice


def test_that_the_letters_follow_the_keys(qtbot: QtBot, viewer: Viewer) -> None:
    assert viewer.pane.words().letters == EdgeLetters("R", "L", "A", "P")
    qtbot.keyClick(viewer.pane, "H")
    assert viewer.pane.words().letters == EdgeLetters("L", "R", "A", "P")
    qtbot.keyClick(viewer.pane, "V")
    assert viewer.pane.words().letters == EdgeLetters("L", "R", "P", "A")
    qtbot.keyClick(viewer.pane, "R")
    assert viewer.pane.words().letters == EdgeLetters("A", "P", "L", "R")
    qtbot.keyClick(viewer.pane, "L")
    assert viewer.pane.words().letters == EdgeLetters("L", "R", "P", "A")


@pytest.mark.parametrize("keys", ["", "R", "H", "LV", "RRH"])
def test_that_the_probe_tells_the_value_under_the_pointer_after_zoom_and_turns(
    qtbot: QtBot, viewer: Viewer, keys: str
) -> None:
    for key in keys:
        qtbot.keyClick(viewer.pane, key)
    camera = viewer.pane.camera
    viewer.pane.set_camera(camera.zoomed(1.7, *camera.to_screen(30, 20)))
    for row, column in ((20, 30), (13, 25), (26, 37)):
        point_at(viewer, column + 0.5, row + 0.5)
        value = int(ramp(40, 60, -1200)[row, column]) + 3
        assert probe(viewer) == f"x {column}, y {row}: {value} HU".replace("-", "−")


def test_that_the_probe_follows_the_series_under_a_resting_pointer(
    qtbot: QtBot, viewer: Viewer
) -> None:
    point_at(viewer, 30.5, 20.5)
    before = probe(viewer)
    qtbot.keyClick(viewer.pane, Qt.Key.Key_Down)
    settle(qtbot, viewer)
    assert probe(viewer) != before
    assert probe(viewer).startswith("x 30, y 20:")


def test_that_zoom_and_pan_stay_within_the_series(qtbot: QtBot, viewer: Viewer) -> None:
    viewer.pane.zoom_by(3)
    camera = viewer.pane.camera
    qtbot.keyClick(viewer.pane, Qt.Key.Key_Down)
    settle(qtbot, viewer)
    assert viewer.pane.camera == camera
    qtbot.keyClick(viewer.pane, "F")
    assert viewer.pane.camera.fitted


def test_that_an_opened_image_is_told(
    qtbot: QtBot, viewer: Viewer, session: Session, ids: list[str]
) -> None:
    with qtbot.waitSignal(viewer.image_opened) as told:
        session.select([ids[5]])
    assert told.args == [ids[5]]
    settle(qtbot, viewer)


def test_that_every_state_has_its_words(
    qtbot: QtBot,
    viewer: Viewer,
    session: Session,
    ids: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    session.select([])
    assert viewer.model.status is Status.EMPTY
    assert "No image open" in viewer.pane.accessibleDescription()
    Path(session.images.file[session.images.row_of[ids[5]]]).unlink()
    session.select([ids[5]])
    caplog.set_level(logging.CRITICAL)
    settle(qtbot, viewer)
    assert viewer.model.status is Status.FAILED
    assert viewer.model.failure[0] in viewer.pane.accessibleDescription()
    caplog.clear()
    for current in (ids[5], ids[0], None):
        session.select([current] if current else [], current)
        assert not viewer.grab().isNull()
    settle(qtbot, viewer)
    caplog.clear()


def test_that_a_key_reads_the_colours_as_others(
    qtbot: QtBot, session: Session, viewer: Viewer
) -> None:
    path = Path(str(get_testdata_file("examples_rgb_color.dcm")))
    (image_id,) = open_files(session, [path])
    session.select([image_id])
    settle(qtbot, viewer)
    for words in ("Colours read as RGB", "Colours read as YBR"):
        qtbot.keyClick(viewer.pane, "Y")
        settle(qtbot, viewer)
        assert words in viewer.pane.words().corners.bottom_left
    qtbot.keyClick(viewer.pane, "Y")
    settle(qtbot, viewer)
    assert not any("Colours" in line for line in viewer.pane.words().corners.bottom_left)


def test_that_the_thumbnail_stands_in_while_the_scan_is_read(
    qtbot: QtBot, session: Session, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def read(path: Path, frame: int, colours: ColourReading) -> Frame:
        assert gate.wait(30)
        return read_frame(path, frame)

    thumbnails = Thumbnails(session, session)
    white = make_thumbnail(np.full((40, 60), 255, np.uint8))
    monkeypatch.setattr(thumbnails, "get", lambda _image_id: white)
    model = ViewerModel(session, FrameCache(read=read), parent=session)
    pane = ViewerPane(model, SaliencyModel(model, session), thumbnails)
    qtbot.addWidget(pane)
    pane.resize(300, 200)
    pane.show()
    session.select([ids[2]])
    assert model.status is Status.LOADING
    assert pane.grab().toImage().pixelColor(150, 100).lightness() > 100
    assert "Reading…" in pane.words().corners.bottom_left
    gate.set()
    qtbot.waitUntil(lambda: not session.runner.busy)
    assert model.status is Status.READY
    assert "Reading…" not in pane.words().corners.bottom_left


def test_that_every_control_has_a_name_and_a_hint(viewer: Viewer) -> None:
    viewer.saliency.set_method("attention")
    controls = [
        control
        for kind in (QAbstractButton, QComboBox, QAbstractSlider)
        for control in viewer.findChildren(kind)
        if control.isVisible() and not control.objectName().startswith("qt_")
    ]
    assert len(controls) > 12
    for control in controls:
        assert control.accessibleName(), control
        assert control.toolTip() or not control.isEnabled(), control.accessibleName()
    assert viewer.pane.accessibleName()


def test_that_shortcuts_are_unique_within_the_viewer(viewer: Viewer) -> None:
    rows = viewer.actions_table()
    keys = [sequence.toString() for row in rows for sequence in row.sequences]
    assert len(keys) == len(set(keys))
    assert len({row.id for row in rows}) == len(rows)


def test_that_a_right_click_offers_windows_and_actions(
    qtbot: QtBot, viewer: Viewer, session: Session
) -> None:
    qtbot.mouseClick(viewer.pane, Qt.MouseButton.RightButton, pos=QPoint(100, 100))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    titles = [action.text() for action in menu.actions()]
    assert {"Window", "Invert", "Fit", "Find more like this"} <= set(titles)
    windows = menu.actions()[0].menu()
    assert isinstance(windows, QMenu)
    lung = next(action for action in windows.actions() if action.text() == "Lung\t2")
    lung.trigger()
    assert viewer.model.windows.current is not None
    assert viewer.model.windows.current.source == "preset: lung"
    menu.close()
    session.select([])
    qtbot.mouseClick(viewer.pane, Qt.MouseButton.RightButton, pos=QPoint(100, 100))
    assert QApplication.activePopupWidget() is None


def test_that_every_action_can_be_called_by_itself_as_the_palette_does(
    qtbot: QtBot, viewer: Viewer
) -> None:
    saliency = viewer.saliency
    for row in viewer.actions_table():
        row.slot()
    settle(qtbot, viewer)
    assert saliency.choice.squares
    assert saliency.choice.contours
    assert not viewer.grab().isNull()


# The overlay


@pytest.fixture
def explained(qtbot: QtBot, viewer: Viewer, session: Session, encoder: Encoder) -> Viewer:
    """The viewer with the attention of an encoder over the scan."""
    session.put(encoder=encoder)
    viewer.saliency.set_method("attention")
    qtbot.waitUntil(lambda: viewer.saliency.stage is Stage.READY, timeout=60_000)
    return viewer


def press(viewer: Viewer, kind: QEvent.Type, key: Qt.Key) -> None:
    event = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(viewer.pane, event)


def test_that_the_overlay_is_seen_and_o_hides_it_while_held(explained: Viewer) -> None:
    with_map = explained.pane.grab().toImage()
    press(explained, QEvent.Type.KeyPress, Qt.Key.Key_O)
    hidden = explained.pane.grab().toImage()
    assert hidden != with_map
    press(explained, QEvent.Type.KeyRelease, Qt.Key.Key_O)
    assert explained.pane.grab().toImage() == with_map


def test_that_a_click_asks_a_patch_and_escape_goes_back(qtbot: QtBot, explained: Viewer) -> None:
    whole = explained.pane.grab().toImage()
    x, y = explained.pane.camera.to_screen(34, 24)
    qtbot.mouseClick(explained.pane, LEFT, pos=QPoint(round(x), round(y)))
    assert explained.saliency.choice.cell == (2, 2)
    assert explained.pane.grab().toImage() != whole
    assert "row of patch 3, 3" in explained.saliency.caption.title
    shift = Qt.KeyboardModifier.ShiftModifier
    qtbot.mouseClick(explained.pane, LEFT, shift, QPoint(round(x), round(y)))
    assert explained.saliency.choice.cell == (2, 2)
    assert "column of patch 3, 3" in explained.saliency.caption.title
    qtbot.keyClick(explained.pane, Qt.Key.Key_J)
    assert "row of patch 3, 3" in explained.saliency.caption.title
    qtbot.keyClick(explained.pane, Qt.Key.Key_Escape)
    assert explained.saliency.choice.cell is None
    assert not explained.saliency.choice.column


def test_that_ctrl_and_arrows_go_from_patch_to_patch_as_the_screen_shows_them(
    qtbot: QtBot, explained: Viewer
) -> None:
    control = Qt.KeyboardModifier.ControlModifier
    pane, saliency = explained.pane, explained.saliency
    image = explained.model.image_id
    rows, columns = saliency.explanation.geometry.grid_hw  # type: ignore[union-attr]
    middle = rows // 2, columns // 2
    for key, cell in (
        (Qt.Key.Key_Left, middle),
        (Qt.Key.Key_Left, (middle[0], middle[1] - 1)),
        (Qt.Key.Key_Down, (middle[0] + 1, middle[1] - 1)),
    ):
        qtbot.keyClick(pane, key, control)
        assert saliency.choice.cell == cell
    assert f"row of patch {cell[0] + 1}, {cell[1] + 1}" in saliency.caption.title
    for _ in range(columns):
        qtbot.keyClick(pane, Qt.Key.Key_Left, control)
    assert saliency.choice.cell == (middle[0] + 1, 0)  # the grid ends
    qtbot.keyClick(pane, Qt.Key.Key_H)  # swaps left and right
    qtbot.keyClick(pane, Qt.Key.Key_Left, control)
    assert saliency.choice.cell == (middle[0] + 1, 1)
    assert explained.model.image_id == image


def test_that_escape_belongs_to_the_window_when_no_patch_is_asked(
    qtbot: QtBot, explained: Viewer
) -> None:
    heard: list[QEvent] = []

    class Window(QWidget):
        def keyPressEvent(self, event: QKeyEvent) -> None:
            heard.append(event)

    window = Window()
    qtbot.addWidget(window)
    explained.setParent(window)
    qtbot.keyClick(explained.pane, Qt.Key.Key_Escape)
    assert len(heard) == 1
    explained.setParent(None)


def test_that_layer_and_head_are_chosen_at_once(qtbot: QtBot, explained: Viewer) -> None:
    sliders = {
        slider.accessibleName(): slider for slider in explained.findChildren(QAbstractSlider)
    }
    combos = {combo.accessibleName(): combo for combo in explained.findChildren(QComboBox)}
    last = explained.saliency.shown
    sliders["Layer"].setFocus()
    qtbot.keyClick(sliders["Layer"], Qt.Key.Key_Home)
    assert explained.saliency.choice.layer == 0
    assert explained.saliency.shown is not last
    combos["Head"].setCurrentIndex(2)
    combos["Head"].activated.emit(2)
    assert explained.saliency.choice.head == 0
    assert "head 0" in explained.saliency.caption.title
    sliders["Opacity of the overlay"].setValue(80)
    assert explained.saliency.choice.opacity == 0.8


def test_that_a_hot_patch_lights_up_its_own_pixels(qtbot: QtBot, explained: Viewer) -> None:
    """The patch of greatest attention is where the colours are strongest, also when flipped."""
    explained.saliency.set_opacity(1.0)
    explained.saliency.show_squares(True)
    saliency, pane = explained.saliency, explained.pane
    shown = saliency.shown
    assert shown is not None
    y, x = np.unravel_index(np.nanargmax(shown.values), shown.values.shape)
    scale = 60 / shown.values.shape[1]
    for key in ("", "H", "R"):
        if key:
            qtbot.keyClick(pane, key)
        pane.zoom_by(1.1)
        across, down = pane.camera.to_screen((x + 0.5) * scale + 1, (y + 0.5) * scale + 1)
        ratio = pane.devicePixelRatioF()
        colour = pane.grab().toImage().pixelColor(round(across * ratio), round(down * ratio))
        assert (colour.red(), colour.green(), colour.blue()) == pytest.approx(
            (252, 255, 164), abs=12
        )


def test_that_show_overlay_for_explains_a_text_by_the_usual_method(
    qtbot: QtBot, explained: Viewer, session: Session, encoder: Encoder
) -> None:
    session.put(query=QueryState(text="a bright bone"))
    explained.show_overlay_for("a bright bone")
    qtbot.waitUntil(lambda: explained.saliency.stage is Stage.READY, timeout=60_000)
    assert explained.saliency.method == default_method(encoder, prompted=True)
    assert explained.saliency.shown is not None
    assert "“a bright bone”" in explained.saliency.caption.title


def test_that_the_edge_leaves_one_side_bare_and_is_dragged(qtbot: QtBot, explained: Viewer) -> None:
    pane, saliency = explained.pane, explained.saliency
    saliency.set_opacity(1.0)
    saliency.set_fade(False)

    def coloured(share: float) -> bool:
        ratio = pane.devicePixelRatioF()
        at = QPoint(round(share * pane.width() * ratio), round(pane.height() / 2 * ratio))
        colour = pane.grab().toImage().pixelColor(at)
        return len({colour.red(), colour.green(), colour.blue()}) > 1

    assert coloured(0.4)
    assert coloured(0.6)
    qtbot.keyClick(pane, "U")
    assert saliency.choice.edge == 0.5
    assert not coloured(0.4)
    assert coloured(0.6)
    level = pane.height() // 3
    window = explained.model.windows.current
    qtbot.mousePress(pane, LEFT, pos=QPoint(pane.width() // 2, level))
    qtbot.mouseMove(pane, QPoint(round(0.3 * pane.width()), level))
    qtbot.mouseRelease(pane, LEFT, pos=QPoint(round(0.3 * pane.width()), level))
    assert saliency.choice.edge == pytest.approx(0.3, abs=0.01)
    assert coloured(0.4)
    assert explained.model.windows.current == window
    image = explained.model.image_id
    qtbot.keyClick(pane, Qt.Key.Key_Right)
    assert saliency.choice.edge == pytest.approx(0.35, abs=0.01)
    qtbot.keyClick(pane, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert saliency.choice.edge == pytest.approx(0.34, abs=0.01)
    assert explained.model.image_id == image
    qtbot.keyClick(pane, "U")
    assert saliency.choice.edge is None
    qtbot.keyClick(pane, Qt.Key.Key_Right)
    assert explained.model.image_id != image


def test_that_the_bare_scan_comes_beside_the_overlay_at_the_same_zoom(
    qtbot: QtBot, explained: Viewer
) -> None:
    qtbot.keyClick(explained.pane, "D")
    assert explained.comparison.comparing
    assert explained.passive.model.image_id == explained.model.image_id
    assert explained.saliency.shown is not None
    assert explained.passive.saliency.shown is None
    settle(qtbot, explained)
    explained.pane.zoom_by(2.0)
    here, there = explained.pane.camera, explained.passive.pane.camera
    assert (there.zoom, there.centre) == (here.zoom, here.centre)
    qtbot.keyClick(explained.pane, "D")
    assert not explained.comparison.comparing


def test_that_methods_that_do_not_apply_are_greyed_with_the_reason(
    explained: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    saliency = explained.saliency
    monkeypatch.setattr(saliency, "reasons", {"legrad": "it has no blocks"})
    saliency.changed.emit()
    box = explained.active.saliency_bar.findChild(MethodBox)
    assert box is not None
    row = box.findData("legrad")
    assert not box.model().index(row, 0).flags() & Qt.ItemFlag.ItemIsEnabled
    assert box.itemData(row, Qt.ItemDataRole.ToolTipRole) == "Not here: it has no blocks"
    row = box.findData("occlusion")
    assert box.model().index(row, 0).flags() & Qt.ItemFlag.ItemIsEnabled


def test_that_contours_leave_the_scan_as_it_is_between_them(explained: Viewer) -> None:
    pane = explained.pane
    explained.saliency.set_hidden(True)
    bare = pane.grab().toImage()
    explained.saliency.set_hidden(False)
    explained.saliency.show_contours(True)
    lined = pane.grab().toImage()
    points = [(x, y) for x in range(0, bare.width(), 3) for y in range(0, bare.height(), 3)]
    same = sum(bare.pixel(*point) == lined.pixel(*point) for point in points)
    assert 0.5 * len(points) < same < len(points)
