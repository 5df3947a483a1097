"""Random sequences of what one does in the window, checked against what must always hold.

Events go through real widgets: the map, its chips, its legend, the library's and the results'
models, on a real collection with real jobs. The model of what must be seen is a few lines of numpy.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from map_pointer import ALT, CTRL, NO, SHIFT, around, click, drag, spot, wheel
from PIL import Image
from PySide6.QtCore import QEvent, QModelIndex, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shell_collection import IMAGES, image_id

from vlm_explorer.rendering.points import Level
from vlm_explorer.viewmodels import grouping
from vlm_explorer.viewmodels.library import IMAGE_IDS, KIND, LibraryModel
from vlm_explorer.viewmodels.map_model import Mode
from vlm_explorer.viewmodels.map_places import NONE
from vlm_explorer.viewmodels.results import ResultsModel
from vlm_explorer.viewmodels.review_marks import DROP, KEEP, Mark, ReviewMarks
from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.viewmodels.viewer_model import ViewerModel
from vlm_explorer.viewmodels.viewer_orientation import Orientation
from vlm_explorer.widgets.map_gestures import Tool
from vlm_explorer.widgets.map_view import MapView
from vlm_explorer.widgets.viewer_pane import ViewerPane

pytestmark = pytest.mark.slow

IMAGE = st.integers(0, IMAGES - 1)
TEXT = st.sampled_from(["effusion", "nodule", "left", "normal head"])
FILTER = st.sampled_from(["", "ct", "xr effusion", "-mr", "patient 2", "nothing like this"])
KEYS = {"Left": Qt.Key.Key_Left, "Up": Qt.Key.Key_Up, "fit": Qt.Key.Key_F, "all": Qt.Key.Key_A}
HELD = st.sampled_from([NO, SHIFT, CTRL, ALT, SHIFT | ALT])
COLUMNS = ("modality", "label", "patient")


@pytest.fixture
def window(
    qtbot: QtBot, shell_session: Session, small: Path, monkeypatch: pytest.MonkeyPatch
) -> Window:
    # names of groups are no state of the window, and take another process each time
    monkeypatch.setattr(grouping, "find_groups", lambda *_, context: ())
    return Window(qtbot, shell_session, small)


class Window:
    """A map, a library and results on one session, and what is seen in them."""

    def __init__(self, qtbot: QtBot, session: Session, collection: Path) -> None:
        self.qtbot, self.session = qtbot, session
        session.open(collection)
        self.settle()
        self.view = MapView(session, Thumbnails(session, session))
        qtbot.addWidget(self.view)
        self.view.resize(800, 600)
        self.view.canvas.set_images(False)
        with qtbot.waitExposed(self.view):
            self.view.show()
        self.library, self.results = LibraryModel(session), ResultsModel(session)
        self.viewer, self.marks = ViewerModel(session), ReviewMarks(session)
        self.pane = ViewerPane(
            self.viewer, SaliencyModel(self.viewer), Thumbnails(session, session)
        )
        qtbot.addWidget(self.pane)
        self.pane.resize(400, 400)
        self.pane.show()
        self.marks._file._take_collection()
        self.settle()

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: not self.session.runner.busy, timeout=30_000)

    def arrive(self) -> None:
        """Wait for answers, and for points that are on their way."""
        self.settle()
        self.qtbot.waitUntil(lambda: not self.view.canvas.moving, timeout=30_000)

    def seen(self) -> tuple[Any, ...]:
        """Return all that can be undone, as the panes have it."""
        session, scene, look = self.session, self.view.model.scene, self.view.model.look
        labels, query = session.label_state, session.query
        canvas, camera = self.view.canvas, self.pane.camera
        scan = (camera.fitted, camera.zoom, camera.centre, camera.orientation)
        view = (canvas.view.x, canvas.view.y, canvas.view.scale) if look.place else None
        return (
            session.selection,
            session.filters,
            session.shown.tobytes(),
            (query.text, query.like, query.answer is not None),
            (labels.labels, labels.templates, labels.task),
            session.layout.choices,
            session.layout.answer and session.layout.answer.xy.tobytes(),
            look,
            view,
            self.viewer.image_id,
            self.viewer.look,
            scan if self.viewer.image_id else None,
            self.marks.state,
            scene.points.level.tobytes(),
            [self.results.image_id(row) for row in range(self.results.rowCount())],
        )

    def listed(self) -> set[str]:
        """Return the images of the library's tree."""
        found: set[str] = set()
        rows = [self.library.index(n, 0) for n in range(self.library.rowCount())]
        while rows:
            index: QModelIndex = rows.pop()
            if index.data(KIND) == "series":
                found |= set(index.data(IMAGE_IDS))
            rows += [self.library.index(n, 0, index) for n in range(self.library.rowCount(index))]
        return found


class WindowMachine(RuleBasedStateMachine):
    """Does what users do, in any order."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.window, self.session = window, window.session
        self.view, self.model = window.view, window.view.model

    @initialize()
    def begin(self) -> None:
        """Every sequence begins with the collection as it is opened."""
        session = self.session
        with session.history.unrecorded():
            session.select([])
            session.clear_query()
            self.model.show_everything()
            self.model.set_colour_by("modality")
            session.set_labels([], "", "single")
            if session.layout.choices["space"] != "raw":
                session.set_layout(space="raw")
            self.window.arrive()
            self.view.canvas.set_tool(Tool.MOVE)
            self.view.canvas.set_mode(Mode.REPLACE)
            self.view.canvas.fit()
            self.window.viewer.reset()
            self.window.viewer.windows.recall(())
            self.window.pane.fit()
            self.window.marks.recall(((), ()))
            self.window.arrive()
        session.history.clear()

    def others(self) -> tuple[Any, ...]:
        return self.session.filters, self.view.canvas.view, self.model.hidden

    # Selecting: it changes neither filters nor the point of view

    @rule(image=IMAGE, held=HELD)
    def click_a_point(self, image: int, held: Qt.KeyboardModifier) -> None:
        before = self.others()
        click(self.view, spot(self.view, image_id(image)), held)
        assert self.others() == before

    @rule(
        tool=st.sampled_from([Tool.LASSO, Tool.BOX, Tool.BRUSH]),
        mode=st.sampled_from(list(Mode)),
        first=IMAGE,
        second=IMAGE,
        held=HELD,
    )
    def drag_a_tool(
        self, tool: Tool, mode: Mode, first: int, second: int, held: Qt.KeyboardModifier
    ) -> None:
        canvas, session = self.view.canvas, self.session
        canvas.set_tool(tool)
        canvas.set_mode(mode)
        corners = around(*(spot(self.view, image_id(n)) for n in (first, second)), by=12.0)
        path = [corners[0], corners[2]] if tool is Tool.BOX else corners
        before, selected, shown = self.others(), session.selected.copy(), self.model.shown
        drag(self.view, path, held)
        assert self.others() == before
        changed = selected ^ session.selected
        effective = {SHIFT: Mode.ADD, CTRL: Mode.SUBTRACT, ALT: Mode.SUBTRACT}.get(held, mode)
        effective = Mode.INTERSECT if held == SHIFT | ALT else effective
        if effective in (Mode.ADD, Mode.TOGGLE):
            assert not (changed & ~shown).any(), "only what is shown is selected"
        assert not (session.selected & ~selected & ~shown).any()
        canvas.set_tool(Tool.MOVE)

    @rule(name=st.sampled_from(["Left", "Up"]))
    def go_by_arrow(self, name: str) -> None:
        before = self.session.filters, self.model.hidden
        QTest.keyClick(self.view.canvas, KEYS[name])
        assert (self.session.filters, self.model.hidden) == before

    @rule(what=st.sampled_from(["choose_all", "invert", "choose_none"]))
    def select_as_a_whole(self, what: str) -> None:
        before = self.others()
        getattr(self.model, what)()
        assert self.others() == before
        if what == "choose_all":
            np.testing.assert_array_equal(self.session.selected, self.model.shown)

    @rule()
    def grow(self) -> None:
        self.window.arrive()
        before, selected = self.others(), self.session.selected.copy()
        self.model.grow(2)
        self.window.settle()
        assert self.others() == before
        assert not (selected & ~self.session.selected).any()

    # Filtering: it changes neither the selection nor the point of view

    def kept(self) -> tuple[Any, ...]:
        return self.session.selection, self.view.canvas.view

    @rule(text=FILTER)
    def filter_the_library(self, text: str) -> None:
        before = self.kept()
        self.window.library.set_filter(text)
        assert self.kept() == before

    @rule(hide=st.booleans())
    def filter_by_the_selection(self, hide: bool) -> None:
        before = self.kept()
        if hide:
            self.model.hide_selected()
        else:
            self.model.show_only_selected()
        assert self.kept() == before

    @rule(number=st.integers(0, 4))
    def click_a_chip(self, number: int) -> None:
        before = self.session.selection
        for chip in self.view.filters.chips[number : number + 1]:
            chip.click()
        assert self.session.selection == before

    @rule(number=st.integers(0, 4), alone=st.booleans())
    def click_the_legend(self, number: int, alone: bool) -> None:
        before = self.session.selection, self.session.filters
        for key in sorted(self.view.legend.chips)[number : number + 1]:
            chip = self.view.legend.chips[key]
            (chip.isolated.emit if alone else chip.click)()
        assert (self.session.selection, self.session.filters) == before

    # Looking

    @rule(x=st.integers(50, 750), y=st.integers(50, 550), turned=st.sampled_from([-240, 120, 600]))
    def turn_the_wheel(self, x: int, y: int, turned: int) -> None:
        before = self.session.selection, self.session.filters, self.model.hidden
        wheel(self.view, QPointF(x, y), turned)
        assert (self.session.selection, self.session.filters, self.model.hidden) == before

    @rule(dx=st.integers(-200, 200), dy=st.integers(10, 200))
    def drag_the_map(self, dx: int, dy: int) -> None:
        before = self.session.selection, self.session.filters
        start = QPointF(400, 250)
        drag(self.view, [start, start + QPointF(dx / 2, dy / 2), start + QPointF(dx, dy)])
        assert (self.session.selection, self.session.filters) == before

    @rule()
    def fit(self) -> None:
        QTest.keyClick(self.view.canvas, KEYS["fit"])

    @rule(by=st.sampled_from(COLUMNS))
    def colour(self, by: str) -> None:
        self.model.set_colour_by(by)

    @rule(drawn=st.booleans())
    def captions(self, drawn: bool) -> None:
        self.model.set_captions(drawn)

    # Looking at the scan, and saying something about it: the map stays as it is

    @rule(dx=st.integers(-90, 90), dy=st.integers(-90, 90), held=st.sampled_from([NO, SHIFT]))
    def drag_the_scan(self, dx: int, dy: int, held: Qt.KeyboardModifier) -> None:
        pane, before = self.window.pane, self.others()
        way = [QPoint(200, 200), QPoint(200 + dx // 2, 200 + dy // 2), QPoint(200 + dx, 200 + dy)]
        QTest.mousePress(pane, Qt.MouseButton.LeftButton, held, way[0])
        for at in way[1:]:
            move = QMouseEvent(
                QEvent.Type.MouseMove, QPointF(at), pane.mapToGlobal(QPointF(at)),
                Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton, held,
            )  # fmt: skip
            QApplication.sendEvent(pane, move)
        QTest.mouseRelease(pane, Qt.MouseButton.LeftButton, held, way[-1])
        assert self.others() == before

    @rule(factor=st.sampled_from([0.5, 1.3, 2.0]))
    def zoom_the_scan(self, factor: float) -> None:
        self.window.pane.zoom_by(factor)

    @rule(how=st.sampled_from(["turned_right", "flipped_horizontally", "invert", "reset", "fit"]))
    def turn_the_scan(self, how: str) -> None:
        viewer, pane = self.window.viewer, self.window.pane
        if how == "invert":
            viewer.invert()
        elif how in ("reset", "fit"):
            getattr(pane, how)()
        else:
            viewer.turn(getattr(Orientation, how))

    @rule(image=IMAGE, verdict=st.sampled_from([KEEP, DROP]), back=st.booleans())
    def mark(self, image: int, verdict: str, back: bool) -> None:
        if back:
            self.window.marks.undo()
        else:
            self.window.marks.put(Mark("outliers", (image_id(image),), verdict=verdict))

    # Asking; answers arrive whenever they do

    @rule(text=TEXT)
    def search(self, text: str) -> None:
        self.session.search(text)

    @rule(image=IMAGE)
    def search_like(self, image: int) -> None:
        self.session.search_like(image_id(image))

    @rule()
    def clear_the_search(self) -> None:
        self.session.clear_query()

    @rule(space=st.sampled_from(["raw", "images"]))
    def lay_out(self, space: str) -> None:
        self.session.set_layout(space=space)

    @rule(labels=st.sampled_from([("effusion",), ("effusion", "normal")]))
    def label(self, labels: tuple[str, ...]) -> None:
        self.session.set_labels(labels, "raw", "single")

    @rule()
    def wait(self) -> None:
        self.window.arrive()

    # Undoing

    @rule(steps=st.integers(1, 4), back=st.booleans())
    def undo_some(self, steps: int, back: bool) -> None:
        history = self.session.history
        for _ in range(steps):
            (history.undo if back else history.redo)()

    @rule()
    def undo_everything_and_do_it_again(self) -> None:
        """However many steps: back one by one, and forth through the very same states."""
        history, window = self.session.history, self.window
        window.arrive()
        states = [window.seen()]
        while history.can_undo:
            history.undo()
            window.arrive()
            states.append(window.seen())
        assert not self.session.filters
        assert not self.session.selection.ids
        while len(states) > 1:
            history.redo()
            window.arrive()
            states.pop()
            for now, then in zip(window.seen(), states[-1], strict=True):
                assert now == then

    # What always holds

    @invariant()
    def what_is_shown_is_what_the_filters_let_through(self) -> None:
        session = self.session
        computed = np.ones(IMAGES, bool)
        for each in session.filters:
            computed &= each.mask(session.images)
        np.testing.assert_array_equal(session.shown, computed)
        ids = set(session.images.ids[computed])
        results = self.window.results
        listed = {results.image_id(row) for row in range(results.rowCount())}
        fewer = results.grouped or session.query.pending  # then the grouping before still counts
        assert listed <= ids if fewer else listed == ids
        assert self.window.listed() == ids
        chips = len(session.filters) + bool(self.model.hidden & self._categories())
        assert len(self.view.filters.chips) == chips + (chips > 1)

    def _categories(self) -> set[str]:
        return {entry.category.key for entry in self.model.scene.legend}

    @invariant()
    def what_can_be_picked_is_shown_and_not_hidden(self) -> None:
        scene = self.model.scene
        images = scene.text == NONE
        picked = np.zeros(IMAGES, bool)
        picked[scene.row[images & (scene.points.level >= Level.FADED)]] = True
        column = self.session.columns.get(self.model.colour_by)
        hidden = np.zeros(IMAGES, bool)
        if column is not None and not column.is_number:
            hidden = np.isin(column.values.astype(str), sorted(self.model.hidden))
        np.testing.assert_array_equal(picked, self.session.shown & ~hidden)
        assert scene.shown == picked.sum()

    @invariant()
    def what_is_selected_is_an_image(self) -> None:
        known, selection = set(self.session.images.ids), self.session.selection
        assert selection.ids <= known
        assert selection.current is None or selection.current in known
        ids = set(self.session.images.ids[self.session.selected])
        assert ids == selection.ids

    @invariant()
    def the_picture_under_a_point_is_the_picture_of_that_file(self) -> None:
        canvas, scene, images = self.view.canvas, self.model.scene, self.session.images
        if canvas.moving:
            return
        pickable = np.flatnonzero((scene.points.level >= Level.FADED) & (scene.text == NONE))
        for point in pickable[:: max(1, len(pickable) // 3)]:
            found = canvas.point_at(canvas.position_of(int(point)))
            assert found is not None
            key = self.model.image_id(found)
            assert key is not None
            away = canvas.position_of(found) - canvas.position_of(int(point))
            assert max(abs(away.x()), abs(away.y())) <= canvas.point_size
            stored = Image.open(images.file[images.row_of[key]]).convert("L")
            assert self.session.collection is not None
            small = Image.open(io.BytesIO(self.session.collection.thumbnails([key])[key]))
            assert abs(stored.getpixel((32, 32)) - small.getpixel((16, 16))) <= 2


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_that_no_sequence_of_events_breaks_what_must_hold(window: Window) -> None:
    machine = settings(
        max_examples=20,
        stateful_step_count=30,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: WindowMachine(window), settings=machine)
    window.arrive()
