from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from vlm_explorer.viewmodels.viewer_orientation import Orientation
from vlm_explorer.viewmodels.viewer_pyramid import Pyramid, build_pyramid
from vlm_explorer.widgets.image_canvas import ImageCanvas
from vlm_explorer.widgets.qimages import to_qimage
from vlm_explorer.widgets.saliency_overlay import Overlay

LEFT, MIDDLE, RIGHT = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.MiddleButton,
    Qt.MouseButton.RightButton,
)
NONE, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


@dataclass(frozen=True)
class Picture:
    """Grey pixels as they are."""

    grey: np.ndarray
    pixel: tuple[float, float] = (1.0, 1.0)
    drawn: list[tuple[int, ...]] = field(default_factory=list, compare=False)

    @property
    def pyramid(self) -> Pyramid:
        return build_pyramid(self.grey)

    @property
    def version(self) -> object:
        return id(self)

    @property
    def rows(self) -> int:
        return self.grey.shape[0]

    @property
    def columns(self) -> int:
        return self.grey.shape[1]

    @property
    def levels(self) -> int:
        return len(self.pyramid.levels)

    def level_for(self, zoom: float) -> int:
        return self.pyramid.level_for(zoom)

    def size(self, level: int) -> tuple[int, int]:
        return self.pyramid.levels[level].shape  # type: ignore[return-value]

    def pixels(self, level: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
        self.drawn.append((level, top, left, bottom, right))
        return self.pyramid.levels[level][top:bottom, left:right]


@pytest.fixture
def canvas(qtbot: QtBot) -> ImageCanvas:
    canvas = ImageCanvas()
    canvas.resize(400, 300)
    qtbot.addWidget(canvas)
    canvas.show()
    qtbot.waitExposed(canvas)
    canvas.set_picture(Picture(np.zeros((100, 100), np.uint8)))
    return canvas


def mouse(
    canvas: ImageCanvas,
    kind: QEvent.Type,
    x: float,
    y: float,
    button: Qt.MouseButton = Qt.MouseButton.NoButton,
    keys: Qt.KeyboardModifier = NONE,
) -> None:
    where = QPointF(x, y)
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
    event = QMouseEvent(kind, where, canvas.mapToGlobal(where), button, held, keys)
    QApplication.sendEvent(canvas, event)


def drag(
    canvas: ImageCanvas,
    button: Qt.MouseButton,
    start: tuple[float, float],
    by: tuple[float, float],
    keys: Qt.KeyboardModifier = NONE,
) -> None:
    mouse(canvas, QEvent.Type.MouseButtonPress, *start, button, keys)
    for step in range(1, 6):
        x, y = start[0] + by[0] * step / 5, start[1] + by[1] * step / 5
        mouse(canvas, QEvent.Type.MouseMove, x, y, button, keys)
    mouse(canvas, QEvent.Type.MouseButtonRelease, start[0] + by[0], start[1] + by[1], button, keys)


def wheel(
    canvas: ImageCanvas, delta: int, x: float, y: float, keys: Qt.KeyboardModifier = NONE
) -> None:
    where = QPointF(x, y)
    QApplication.sendEvent(
        canvas,
        QWheelEvent(
            where,
            canvas.mapToGlobal(where),
            QPoint(),
            QPoint(0, delta),
            Qt.MouseButton.NoButton,
            keys,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        ),
    )


def grab(canvas: ImageCanvas) -> np.ndarray:
    """Return what is on the screen, uint8 (rows, columns, 3)."""
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def test_that_the_wheel_goes_on_downwards_and_counts_small_steps_together(
    qtbot: QtBot, canvas: ImageCanvas
) -> None:
    steps: list[int] = []
    canvas.scrolled.connect(steps.append)
    for delta in (-120, 120, -360, -60, -60, 30):
        wheel(canvas, delta, 50, 50)
    assert steps == [1, -1, 3, 1]


def test_that_ctrl_and_wheel_zoom_around_the_pointer(canvas: ImageCanvas) -> None:
    steps: list[int] = []
    canvas.scrolled.connect(steps.append)
    kept, zoom = canvas.camera.to_image(150, 200), canvas.camera.zoom
    wheel(canvas, 240, 150, 200, CTRL)
    assert canvas.camera.zoom == pytest.approx(zoom * 1.44)
    assert canvas.camera.to_image(150, 200) == pytest.approx(kept)
    assert not steps


def test_that_a_left_drag_is_the_window_and_nothing_else(canvas: ImageCanvas) -> None:
    moves: list[tuple[float, float]] = []
    clicks: list[object] = []
    canvas.windowed.connect(lambda dx, dy: moves.append((dx, dy)))
    canvas.clicked.connect(clicks.append)
    before = canvas.camera
    drag(canvas, LEFT, (200, 150), (50, -25))
    assert np.sum(moves, axis=0) == pytest.approx((50, -25))
    assert not clicks
    assert canvas.camera == before


@pytest.mark.parametrize(("button", "keys"), [(MIDDLE, NONE), (LEFT, SHIFT)])
def test_that_a_middle_drag_or_shift_and_left_pan(
    canvas: ImageCanvas, button: Qt.MouseButton, keys: Qt.KeyboardModifier
) -> None:
    canvas.zoom_by(4.3)
    kept = canvas.camera.to_image(200, 150)
    drag(canvas, button, (200, 150), (40, 30), keys)
    assert canvas.camera.to_image(240, 180) == pytest.approx(kept)


def test_that_a_right_drag_upwards_zooms_in_and_a_right_click_asks_for_the_menu(
    qtbot: QtBot, canvas: ImageCanvas
) -> None:
    asked: list[QPoint] = []
    canvas.menu_requested.connect(asked.append)
    zoom = canvas.camera.zoom
    drag(canvas, RIGHT, (200, 150), (0, -60))
    assert canvas.camera.zoom > zoom * 1.2
    assert not asked
    qtbot.mouseClick(canvas, RIGHT, pos=QPoint(20, 30))
    assert asked == [canvas.mapToGlobal(QPoint(20, 30))]


def test_that_a_click_tells_the_point_of_the_image_and_none_beside_it(
    qtbot: QtBot, canvas: ImageCanvas
) -> None:
    clicks: list[tuple[float, float] | None] = []
    canvas.clicked.connect(clicks.append)
    qtbot.mouseClick(canvas, LEFT, pos=QPoint(200, 150))
    qtbot.mouseClick(canvas, LEFT, pos=QPoint(10, 150))
    assert clicks[0] == pytest.approx((50, 50), abs=0.5)
    assert clicks[1] is None


def test_that_a_double_click_asks_for_a_reset(qtbot: QtBot, canvas: ImageCanvas) -> None:
    with qtbot.waitSignal(canvas.double_clicked):
        qtbot.mouseDClick(canvas, LEFT, pos=QPoint(200, 150))


def test_that_what_is_under_a_resting_pointer_is_told_again_when_the_picture_moves(
    canvas: ImageCanvas,
) -> None:
    told: list[tuple[float, float] | None] = []
    canvas.pointed.connect(told.append)
    mouse(canvas, QEvent.Type.MouseMove, 120, 90)
    canvas.zoom_by(2)
    assert told[-1] == pytest.approx(canvas.camera.to_image(120, 90))
    assert told[-1] != told[0]
    canvas.set_picture(None)
    assert told[-1] is None
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert told[-1] is None


TURNS = {
    "as it is": [],
    "turned": [Orientation.turned_right],
    "flipped": [Orientation.flipped_horizontally],
    "turned and flipped": [Orientation.turned_left, Orientation.flipped_vertically],
}


@pytest.mark.parametrize("turns", TURNS.values(), ids=TURNS)
@pytest.mark.parametrize("zoom", [1.0, 2.7])
def test_that_pixels_are_drawn_where_the_camera_says(
    canvas: ImageCanvas, turns: list, zoom: float
) -> None:
    grey = np.zeros((60, 100), np.uint8)
    grey[20, 70] = 255
    canvas.show_squares(True)
    canvas.set_picture(Picture(grey, (1.0, 1.5)))
    camera = canvas.camera
    for turn in turns:
        camera = camera.turned(turn(camera.orientation))
    canvas.set_camera(camera.zoomed(zoom, *camera.to_screen(70.5, 20.5)))
    lit = np.argwhere(grab(canvas)[..., 0] > 128)[:, ::-1] + 0.5
    assert len(lit)
    ratio = canvas.devicePixelRatioF()
    slack = 0.75 / canvas.camera.zoom  # of a device pixel, on which an edge may fall
    for x, y in lit / ratio:
        at_x, at_y = canvas.camera.to_image(x, y)
        assert 70 - slack <= at_x <= 71 + slack
        assert 20 - slack <= at_y <= 21 + slack
    middle = canvas.camera.to_screen(70.5, 20.5)
    assert lit.mean(axis=0) / ratio == pytest.approx(middle, abs=1.0)


@pytest.mark.parametrize("turns", TURNS.values(), ids=TURNS)
@pytest.mark.parametrize("zoom", [1.0, 3.1])
def test_that_an_overlay_lies_on_the_pixels_that_it_belongs_to(
    canvas: ImageCanvas, turns: list, zoom: float
) -> None:
    """A grid of 5 x 4 cells with one hot cell: its colour is on that cell's pixels alone."""
    rgba = np.zeros((50, 40, 4), np.uint8)
    rgba[20:30, 10:20] = (255, 0, 0, 255)
    canvas.set_picture(Picture(np.zeros((100, 120), np.uint8)))
    image = to_qimage(rgba).convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    canvas.set_overlay(Overlay(image, smooth=False))
    camera = canvas.camera
    for turn in turns:
        camera = camera.turned(turn(camera.orientation))
    canvas.set_camera(camera.zoomed(zoom, 200, 150))
    screen = grab(canvas)
    ratio = canvas.devicePixelRatioF()
    for y in range(0, screen.shape[0], 3):
        for x in range(0, screen.shape[1], 3):
            at_x, at_y = canvas.camera.to_image((x + 0.5) / ratio, (y + 0.5) / ratio)
            edges = [abs(at_x - edge) for edge in (30, 60)] + [abs(at_y - e) for e in (40, 60)]
            if min(edges) > 1:  # a pixel of the screen may straddle an edge
                hot = 30 < at_x < 60 and 40 < at_y < 60
                assert (screen[y, x, 0] == 255) == hot, (x, y, at_x, at_y)


def test_that_opacity_lets_the_scan_through(canvas: ImageCanvas) -> None:
    canvas.set_picture(Picture(np.full((10, 10), 100, np.uint8)))
    rgba = np.full((10, 10, 4), 255, np.uint8)
    image = to_qimage(rgba).convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    canvas.set_overlay(Overlay(image, 0.5))
    assert grab(canvas)[150, 200].tolist() == pytest.approx([178, 178, 178], abs=2)
    canvas.set_overlay(None)
    assert grab(canvas)[150, 200].tolist() == [100, 100, 100]


def test_that_what_the_encoder_never_saw_is_hatched_and_the_rest_is_not(
    canvas: ImageCanvas,
) -> None:
    canvas.set_picture(Picture(np.full((100, 100), 120, np.uint8)))
    canvas.set_overlay(Overlay(seen=QRectF(0, 0, 100, 60)))
    screen = grab(canvas)
    ratio = canvas.devicePixelRatioF()

    def piece(top: float, bottom: float) -> np.ndarray:
        (x0, y0), (x1, y1) = (canvas.camera.to_screen(10, top), canvas.camera.to_screen(90, bottom))
        return screen[round(y0 * ratio) : round(y1 * ratio), round(x0 * ratio) : round(x1 * ratio)]

    assert (piece(5, 55) == 120).all()
    assert piece(65, 95).std() > 10
    assert piece(65, 95).mean() < 110


def test_that_only_the_part_in_view_of_a_large_picture_is_made(canvas: ImageCanvas) -> None:
    picture = Picture(np.zeros((3000, 4000), np.uint8))
    canvas.set_picture(picture)
    grab(canvas)
    level, *_ = picture.drawn[-1]
    assert picture.size(level)[1] <= 2 * 400 * canvas.devicePixelRatioF()
    canvas.show_one_to_one()
    grab(canvas)
    level, top, left, bottom, right = picture.drawn[-1]
    assert level == 0
    assert (bottom - top) * (right - left) < 1_500_000
    count = len(picture.drawn)
    canvas.update()
    grab(canvas)
    assert len(picture.drawn) == count


@pytest.mark.parametrize(
    "array",
    [np.zeros((3, 3), np.float32), np.zeros((3, 3, 2), np.uint8), np.zeros(3, np.uint8)],
)
def test_that_only_pictures_become_images(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no image of shape"):
        to_qimage(array)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4)])
def test_that_an_image_owns_its_bytes(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 256, (10, 14, *shape[2:]), np.uint8)[::2, ::2]
    image, first = to_qimage(array), array[1, 2].copy()
    array[:] = 0
    colour = image.pixelColor(2, 1)
    values = [colour.red(), colour.green(), colour.blue(), colour.alpha()]
    assert values[: first.size] == np.atleast_1d(first).tolist()
