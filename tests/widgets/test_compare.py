from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot
from viewer_scans import open_files, ramp, write_scan

from vlm_explorer.queries.search_answer import SearchAnswer
from vlm_explorer.viewmodels.results import IMAGE_ID, IMAGE_MIME, ResultsModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import QueryState
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.results_grid import ResultsGrid
from vlm_explorer.widgets.similarity_plot import SimilarityPlot
from vlm_explorer.widgets.theme import theme
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter
from vlm_explorer.widgets.viewer import Viewer

pytestmark = pytest.mark.slow

LEFT = Qt.MouseButton.LeftButton
SLICES, OTHERS = 6, 3


@pytest.fixture
def ids(session: Session, tmp_path: Path) -> list[str]:
    """Six slices of one series, three of another, of one study."""
    files = [
        write_scan(tmp_path / f"a{n}.dcm", ramp() + n, number=n, FrameOfReferenceUID="1.7")
        for n in range(SLICES)
    ]
    files += [
        write_scan(
            tmp_path / f"b{n}.dcm",
            ramp() + n,
            number=n,
            series="9.9",
            FrameOfReferenceUID="1.7",
            SeriesDescription="Thin",
        )
        for n in range(OTHERS)
    ]
    return open_files(session, files)


@pytest.fixture
def viewer(qtbot: QtBot, session: Session, ids: list[str]) -> Viewer:
    viewer = Viewer(session, Thumbnails(session, session))
    qtbot.addWidget(viewer)
    viewer.resize(740, 560)
    viewer.show()
    qtbot.waitExposed(viewer)
    viewer.activateWindow()
    session.select([ids[2]])
    settle_viewer(qtbot, viewer)
    viewer.pane.setFocus()
    return viewer


def settle_viewer(qtbot: QtBot, viewer: Viewer) -> None:
    qtbot.waitUntil(lambda: not viewer.model.session.runner.busy, timeout=60_000)


def answer(session: Session, *cosines: float, **query: str) -> None:
    values = np.array(cosines, np.float32)
    found = SearchAnswer("m", "", (), values)
    session.put(query=QueryState(**query, answer=found))  # type: ignore[arg-type]


# Two scans


def test_that_a_key_opens_a_second_scan_and_closes_it(
    qtbot: QtBot, viewer: Viewer, session: Session, ids: list[str]
) -> None:
    first = viewer.active
    qtbot.keyClick(viewer.pane, "X")
    assert first.isVisible()
    assert viewer.active is not first
    assert viewer.active.isVisible()
    assert viewer.compare_bar.isVisible()
    (compare,) = (each for each in viewer.actions() if each.objectName() == "viewer.compare")
    assert compare.text() == "Back to one scan"
    session.select([ids[7]])
    settle_viewer(qtbot, viewer)
    assert (first.model.image_id, viewer.model.image_id) == (ids[2], ids[7])
    assert viewer.compare_bar.words.text() == "Linked by position · 1.0 mm apart"
    qtbot.keyClick(viewer.pane, "X")
    assert not first.isVisible()
    assert not viewer.compare_bar.isVisible()
    assert compare.text() == "Compare with another scan"
    assert viewer.model.image_id == ids[7]


def test_that_the_pane_that_is_touched_becomes_the_active_one(
    qtbot: QtBot, viewer: Viewer, session: Session, ids: list[str]
) -> None:
    viewer.compare_with(ids[6])
    settle_viewer(qtbot, viewer)
    first, second = viewer.active, viewer.passive
    assert first.pane.accessibleName() == "Image, active"
    qtbot.mouseClick(second.pane, LEFT)
    assert viewer.active is second
    assert session.selection.current == ids[6]
    assert second.pane.hasFocus()
    assert (first.tools.isVisible(), second.tools.isVisible()) == (False, True)
    qtbot.keyClick(second.pane, "I")
    assert (first.model.inverted, second.model.inverted) == (False, True)
    qtbot.keyClick(second.pane, Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
    assert viewer.active is first
    assert first.pane.hasFocus()


def test_that_the_active_pane_is_marked(viewer: Viewer, ids: list[str]) -> None:
    viewer.compare_with(ids[6])
    for view, role in ((viewer.active, "accent"), (viewer.passive, "line")):
        edge = view.grab().toImage().pixelColor(20, 0)
        assert edge == theme().colour(role)


@pytest.mark.parametrize(
    ("width", "across"),
    [(400, Qt.Orientation.Vertical), (740, Qt.Orientation.Horizontal)],
)
def test_that_two_scans_share_the_room_there_is(
    viewer: Viewer, ids: list[str], width: int, across: Qt.Orientation
) -> None:
    viewer.compare_with(ids[6])
    viewer.resize(width, 700)
    QApplication.processEvents()
    one, two = viewer.active.geometry(), viewer.passive.geometry()
    assert not one.intersects(two)
    if across is Qt.Orientation.Horizontal:
        assert abs(one.width() - two.width()) <= 2
    else:
        assert abs(one.height() - two.height()) <= 2
        assert one.width() == two.width()


def test_that_the_bar_switches_the_link(
    qtbot: QtBot, viewer: Viewer, session: Session, ids: list[str]
) -> None:
    viewer.compare_with(ids[6])
    settle_viewer(qtbot, viewer)
    qtbot.mouseClick(viewer.compare_bar.link, LEFT)
    assert viewer.compare_bar.words.text() == "Not linked"
    qtbot.keyClick(viewer.pane, Qt.Key.Key_Up)
    settle_viewer(qtbot, viewer)
    assert viewer.passive.model.image_id == ids[6]
    qtbot.keyClick(viewer.pane, "X", Qt.KeyboardModifier.ShiftModifier)
    assert viewer.compare_bar.link.isChecked()
    qtbot.keyClick(viewer.pane, Qt.Key.Key_Down)
    settle_viewer(qtbot, viewer)
    assert viewer.passive.model.image_id == ids[8]
    assert viewer.compare_bar.words.text() == "Linked by position"


def drop(viewer: Viewer, where: QPoint, image_id: str) -> None:
    data = QMimeData()
    data.setData(IMAGE_MIME, image_id.encode())
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(where, copy, data, LEFT, none)
    QApplication.sendEvent(viewer, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(viewer, QDropEvent(QPointF(where), copy, data, LEFT, none))


def test_that_a_dropped_thumbnail_goes_into_the_pane_below_it(
    qtbot: QtBot, viewer: Viewer, session: Session, ids: list[str]
) -> None:
    def middle(view: QWidget) -> QPoint:
        return view.mapTo(viewer, view.rect().center())

    drop(viewer, middle(viewer.active), ids[6])
    settle_viewer(qtbot, viewer)
    assert (viewer.model.image_id, viewer.passive.model.image_id) == (ids[2], ids[6])
    drop(viewer, middle(viewer.passive), ids[8])
    settle_viewer(qtbot, viewer)
    assert (viewer.model.image_id, viewer.passive.model.image_id) == (ids[2], ids[8])
    drop(viewer, middle(viewer.active), ids[4])
    settle_viewer(qtbot, viewer)
    assert session.selection.current == viewer.model.image_id == ids[4]
    assert viewer.passive.model.image_id == ids[8]


# The series of the study


def test_that_the_strip_names_every_series_and_marks_the_one_on_show(
    qtbot: QtBot, viewer: Viewer, session: Session, ids: list[str]
) -> None:
    model = viewer.strip_model
    words = [model.index(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(2)]
    assert words == ["Series 4\nCT · 6 images", "4 · Thin\nCT · 3 images"]
    assert viewer.strip.isVisible()
    assert viewer.strip.view.currentIndex().row() == 0
    session.select([ids[8]])
    settle_viewer(qtbot, viewer)
    assert viewer.strip.view.currentIndex().row() == 1


def test_that_a_click_on_a_series_opens_it_where_it_was_left_else_in_the_middle(
    qtbot: QtBot, viewer: Viewer, session: Session, ids: list[str]
) -> None:
    view = viewer.strip.view

    def click(row: int) -> None:
        where = view.visualRect(viewer.strip_model.index(row)).center()
        qtbot.mouseClick(view.viewport(), LEFT, pos=where)
        settle_viewer(qtbot, viewer)

    click(1)
    assert session.selection.current == ids[7]
    click(0)
    assert session.selection.current == ids[2]
    qtbot.keyClick(view, Qt.Key.Key_Right)
    settle_viewer(qtbot, viewer)
    assert session.selection.current == ids[7]


def test_that_the_strip_folds_and_is_not_there_for_one_series(
    qtbot: QtBot, viewer: Viewer, session: Session, tmp_path: Path
) -> None:
    qtbot.keyClick(viewer.pane, "N")
    assert not viewer.strip.isVisible()
    qtbot.keyClick(viewer.pane, "N")
    assert viewer.strip.isVisible()
    (alone,) = open_files(session, [write_scan(tmp_path / "alone.dcm", ramp())])
    session.select([alone])
    settle_viewer(qtbot, viewer)
    assert not viewer.strip.isVisible()


def test_that_a_key_reverses_the_series(
    qtbot: QtBot, viewer: Viewer, session: Session, ids: list[str]
) -> None:
    qtbot.keyClick(viewer.pane, "B")
    assert viewer.model.series.place == (3, SLICES)
    qtbot.keyClick(viewer.pane, Qt.Key.Key_Down)
    settle_viewer(qtbot, viewer)
    assert session.selection.current == ids[1]


# The profile along the series


def height_of(plot: SimilarityPlot, index: int) -> int:
    """Return a height of the plot at which an image lies, by what the plot itself says there."""
    heights = [y for y in range(plot.height()) if plot.index_at(y) == index]
    return heights[len(heights) // 2]


def test_that_a_click_on_the_profile_goes_to_the_image(
    qtbot: QtBot, viewer: Viewer, session: Session, ids: list[str]
) -> None:
    plot = viewer.active.profile
    assert plot.profile is None
    qtbot.mouseClick(plot, LEFT, pos=QPoint(10, 100))
    assert session.selection.current == ids[2]
    answer(session, 0.1, 0.2, 0.3, 0.2, 0.6, 0.0, 0, 0, 0, text="nodule")
    assert plot.accessibleDescription() == (
        "Cosine to “nodule” from 0.000 to 0.600, highest at image 5"
    )
    qtbot.mouseClick(plot, LEFT, pos=QPoint(10, height_of(plot, 4)))
    settle_viewer(qtbot, viewer)
    assert session.selection.current == ids[4]


def test_that_longer_bars_are_nearer_and_a_line_marks_the_image_on_show(
    qtbot: QtBot, viewer: Viewer, session: Session
) -> None:
    plot = viewer.active.profile
    blank = plot.grab().toImage()
    answer(session, 0.1, 0.2, 0.3, 0.2, 0.6, 0.0, 0, 0, 0, text="nodule")
    drawn = plot.grab().toImage()

    def length(index: int) -> int:
        y = height_of(plot, index) + plot.height() // 24
        return sum(drawn.pixel(x, y) != blank.pixel(x, y) for x in range(plot.width()))

    lengths = [length(index) for index in range(SLICES)]
    assert lengths[4] > lengths[2] > lengths[1] == lengths[3] > lengths[0] > lengths[5]
    marked = drawn.pixelColor(plot.width() - 3, height_of(plot, 2))
    assert marked.blue() > marked.red() + 40


def test_that_the_profile_is_drawn_faintly_until_a_newer_search_is_answered(
    viewer: Viewer, session: Session
) -> None:
    plot = viewer.active.profile
    answer(session, *range(9), text="nodule")
    before = plot.profile
    session.put(query=QueryState(text="nodules", pending=True))
    assert plot.stale
    assert plot.profile is before
    answer(session, *range(9), text="nodules")
    assert not plot.stale
    assert plot.profile is not None
    assert plot.profile.subject == "“nodules”"
    session.put(query=QueryState())
    assert plot.profile is None
    assert plot.accessibleDescription() == ""


# Results, one a series


def test_that_a_search_by_image_lists_each_series_once_by_its_nearest_image(
    session: Session, ids: list[str]
) -> None:
    session.shown = np.ones(len(ids), bool)
    results = ResultsModel(session)
    cosines = (0.1, 0.2, 1.0, 0.2, 0.6, 0.0, 0.3, 0.5, 0.4)
    answer(session, *cosines, like=ids[2])
    assert results.grouped
    assert [results.image_id(row) for row in range(results.rowCount())] == [ids[2], ids[7]]
    assert results.row_of(ids[5]) == 0
    assert results.row_of(ids[6]) == 1
    assert results.summary == "2 series, 9 of 9 images shown · most alike first"
    answer(session, *cosines, text="nodule")
    assert not results.grouped
    assert results.rowCount() == len(ids)
    results.set_grouped(True)
    assert [results.index(row).data(IMAGE_ID) for row in range(2)] == [ids[2], ids[7]]
    answer(session, *cosines, like=ids[2])
    results.set_grouped(False)
    assert results.rowCount() == len(ids)
    answer(session, *cosines, text="nodule")
    assert results.grouped


def test_that_a_tile_that_is_dragged_away_does_not_replace_the_open_scan(
    qtbot: QtBot, session: Session, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dragged: list[str] = []

    class Drag:
        """In the place of QDrag, which waits for a real pointer to let go."""

        def __init__(self, source: QWidget) -> None: ...

        def setMimeData(self, data: QMimeData) -> None:
            dragged.append(bytes(data.data(IMAGE_MIME).data()).decode())

        def setPixmap(self, pixmap: object) -> None: ...

        def exec(self, action: Qt.DropAction) -> None: ...

    monkeypatch.setattr("vlm_explorer.widgets.results_grid.QDrag", Drag)
    session.shown = np.ones(len(ids), bool)
    painter = ThumbnailPainter(session, Thumbnails(session, session))
    grid = ResultsGrid(session, painter)
    qtbot.addWidget(grid)
    grid.resize(900, 300)
    grid.show()
    qtbot.waitExposed(grid)
    session.select([ids[1]])
    where = grid.view.visualRect(grid.model.index(3)).center()
    qtbot.mousePress(grid.view.viewport(), LEFT, pos=where)
    assert session.selection.current == ids[3]
    grid.view.startDrag(Qt.DropAction.CopyAction)
    assert dragged == [ids[3]]
    assert session.selection.current == ids[1]
    qtbot.mouseRelease(grid.view.viewport(), LEFT, pos=where)


# In the window


def test_that_a_tile_is_compared_from_its_menu_without_being_opened(
    qtbot: QtBot, opened: MainWindow, settle: Callable[[Session], None]
) -> None:
    results, viewer = opened.workspace.strip.results, opened.workspace.viewer
    session = opened.session
    first, second = (results.model.image_id(row) for row in (0, 3))
    session.select([first])
    settle(session)
    alone = viewer.width()
    where = results.view.visualRect(results.model.index(3)).center()
    qtbot.mouseClick(results.view.viewport(), Qt.MouseButton.RightButton, pos=where)
    assert session.selection.current == first
    results.view.customContextMenuRequested.emit(where)
    menu = results.view.findChild(QMenu)
    assert menu is not None
    compare = next(each for each in menu.actions() if each.text().startswith("Compare"))
    compare.trigger()
    menu.close()
    settle(session)
    assert viewer.model.image_id == first
    assert viewer.passive.model.image_id == second
    assert viewer.width() > alone
    viewer.comparison.close()
    settle(session)
    assert viewer.width() == alone
