from __future__ import annotations

import numpy as np
import pytest
from made_maps import explanation_of
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from vlm_explorer.pixels.frame import Frame
from vlm_explorer.saliency.difference import single
from vlm_explorer.viewmodels.compare_tiles import (
    Compared,
    CompareTile,
    TileState,
    refused,
    with_maps,
)
from vlm_explorer.viewmodels.saliency_request import Request
from vlm_explorer.viewmodels.saliency_states import Choice
from vlm_explorer.widgets.compare_page import ComparePage

pytestmark = pytest.mark.slow

TEXTS = ("large heart", "a prompt that is much too long for the room beside a small scan", "rib")
FOUND = explanation_of((60, 80), prompts=TEXTS)


class Encoder:
    fingerprint = "f"


def request_of(text: str, method: str = "decomp") -> Request:
    frame = Frame(np.zeros((60, 80), np.float32), "MONOCHROME2")
    return Request("i", frame, Encoder(), text, method=method)  # type: ignore[arg-type]


class Model(QObject):
    """Stands in for the view-model: what the page reads, and a list of what it asked for."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, object]] = []
        self.compared, self.method, self.with_labels = Compared.PROMPTS, "decomp", False
        self.methods = (("decomp", "Direct contribution"), ("legrad", "LeGrad"))
        self.prompts, self.subtracted, self.note = TEXTS, "", "One range of colours for all."
        self.running, self.stopped, self.progress, self.message = False, False, None, ""
        self.picture = np.full((60, 80), 120, np.uint8)
        tiles = [
            CompareTile(request_of(text), text, removable=row == 2)
            for row, text in enumerate(TEXTS)
        ]
        tiles.append(refused(request_of("", "gradcam"), "it has no blocks"))
        maps = [*(single(FOUND, row) for row in range(2)), None, None]
        self.tiles = with_maps(tiles, maps, None, Choice())
        self.explanations = tuple(tile.drawn for tile in self.tiles if tile.drawn)
        self.missing = sum(tile.state is TileState.WAITING for tile in self.tiles)

    def __getattr__(self, name: str) -> object:
        if name in ("compare", "set_method", "add", "remove", "show_labels", "subtract",
                    "put_over", "stop", "go_on", "export", "watch"):  # fmt: skip
            return lambda *given: self.asked.append((name, *given))
        raise AttributeError(name)


@pytest.fixture
def page(qtbot: QtBot) -> ComparePage:
    page = ComparePage(Model())  # type: ignore[arg-type]
    qtbot.addWidget(page)
    page.resize(1000, 160)
    page.show()
    qtbot.waitUntil(lambda: page.views[0].height() > 60)
    return page


def test_that_the_page_watches_only_while_it_is_seen(page: ComparePage) -> None:
    page.hide()
    page.show()
    watched = [given for name, given in page.model.asked if name == "watch"]
    assert watched == [True, False, True]


def test_that_a_tile_answers_to_pointer_and_keys(page: ComparePage, qtbot: QtBot) -> None:
    asked, first, typed = page.model.asked, page.views[0], page.views[2]
    qtbot.mouseClick(first, Qt.MouseButton.LeftButton)
    assert asked[-1] == ("put_over", page.model.tiles[0])
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Space):
        asked.clear()
        QTest.keyClick(first, key)
        assert asked == [("put_over", page.model.tiles[0])]
    asked.clear()
    QTest.keyClick(first, Qt.Key.Key_Delete)
    assert asked == []
    QTest.keyClick(typed, Qt.Key.Key_Delete)
    assert asked == [("remove", page.model.tiles[2])]
    menu = first.menu()
    next(each for each in menu.actions() if "Subtract" in each.text()).trigger()
    assert asked[-1] == ("subtract", TEXTS[0])


def test_that_a_prompt_is_added_by_enter_and_the_field_is_empty_again(
    page: ComparePage, qtbot: QtBot
) -> None:
    qtbot.keyClicks(page.add, "pacemaker")
    QTest.keyClick(page.add, Qt.Key.Key_Return)
    assert page.model.asked[-1] == ("add", "pacemaker")
    assert page.add.text() == ""


def test_that_tiles_say_what_they_are_and_why_one_is_not(page: ComparePage) -> None:
    assert [view.accessibleName() for view in page.views] == [*TEXTS, "Grad-CAM"]
    assert "it has no blocks" in page.views[3].accessibleDescription()
    assert not page.views[3].isEnabled()
    assert page.doing.text() == "3 of 4 maps"
    for part in (page.add, page.method, page.subtract):
        assert part.accessibleName()
    assert all(view.toolTip() for view in page.views)


@pytest.mark.parametrize("height", [120, 400])
def test_that_maps_are_seen_whether_the_page_is_low_or_tall(
    page: ComparePage, qtbot: QtBot, height: int
) -> None:
    page.resize(1000, height)
    qtbot.waitUntil(lambda: page.views[0].width() == page.views[0].sizeHint().width())
    picture = page.views[0].grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    pixels = np.frombuffer(picture.constBits(), np.uint8).reshape(
        picture.height(), picture.bytesPerLine()
    )[:, : 3 * picture.width()]
    colours = pixels.reshape(picture.height(), -1, 3).astype(int)
    assert (np.ptp(colours, axis=2) > 40).sum() > 100  # the map, on a grey scan
