from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from vlm_explorer.viewmodels.viewer_cine import DEFAULT_RATE, Cine


class Reel(QObject):
    """A series of ten images that records what was shown."""

    changed = Signal()

    def __init__(self, count: int = 10) -> None:
        super().__init__()
        self.key: tuple[str, ...] = ("series",)
        self.place: tuple[int, int] | None = (0, count)
        self.shown: list[int] = []

    def go_to(self, index: int) -> None:
        assert self.place is not None
        self.place = index, self.place[1]
        self.shown.append(index)
        self.changed.emit()


class Stage:
    """Cine over a reel, with a clock and a disk that the test moves."""

    def __init__(self, count: int = 10) -> None:
        self.now = 100.0
        self.ready = True
        self.reel = Reel(count)
        self.cine = Cine(
            self.reel, self.reel.go_to, lambda: self.ready, self.reel, clock=lambda: self.now
        )

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.cine.advance()


@pytest.fixture
def stage(qtbot: QtBot) -> Stage:
    return Stage()


def test_that_every_image_is_shown_at_the_files_rate_and_round_again(stage: Stage) -> None:
    stage.cine.start(25.0)
    for _ in range(24):
        stage.wait(0.02)
        stage.wait(0.02)
    assert stage.reel.shown == [*range(1, 10), *range(10), *range(5)]
    assert stage.cine.describe() == "Cine 25 images/s"


def test_that_images_are_left_out_rather_than_late(stage: Stage) -> None:
    stage.cine.start(10.0)
    for _ in range(4):
        stage.wait(0.25)
    assert stage.reel.shown == [2, 5, 7, 0]
    assert stage.cine.true_rate == pytest.approx(4.0)
    assert stage.cine.describe() == "Cine 4 of 10 images/s"


def test_that_nothing_more_is_asked_for_while_an_image_is_being_read(stage: Stage) -> None:
    stage.cine.start(10.0)
    stage.ready = False
    for _ in range(5):
        stage.wait(0.1)
    assert stage.reel.shown == []
    stage.ready = True
    stage.wait(0.1)
    assert stage.reel.shown == [6]


def test_that_it_goes_on_from_the_image_on_show(stage: Stage) -> None:
    stage.reel.place = 7, 10
    stage.cine.start(10.0)
    stage.wait(0.1)
    assert stage.reel.shown == [8]


def test_that_scrolling_stops_it(stage: Stage) -> None:
    stage.cine.start(10.0)
    stage.wait(0.1)
    stage.reel.go_to(5)
    assert not stage.cine.running
    stage.wait(1.0)
    assert stage.reel.shown == [1, 5]


def test_that_another_series_stops_it_even_at_the_same_place(stage: Stage) -> None:
    stage.cine.start(10.0)
    stage.reel.key = ("another",)
    stage.reel.changed.emit()
    assert not stage.cine.running


def test_that_a_single_image_is_refused_in_words(qtbot: QtBot) -> None:
    stage = Stage(count=1)
    with qtbot.waitSignal(stage.cine.refused) as said:
        stage.cine.toggle()
    assert "several images" in said.args[0]
    assert not stage.cine.running


def test_that_it_runs_at_its_own_rate_where_the_file_has_none(qtbot: QtBot, stage: Stage) -> None:
    stage.cine.toggle(None)
    assert stage.cine.rate == DEFAULT_RATE
    stage.now += 0.1
    qtbot.waitUntil(lambda: stage.reel.shown == [1])  # by its own timer
    stage.cine.toggle()
    assert not stage.cine.running
    assert stage.cine.describe() == ""
