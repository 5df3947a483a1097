"""Undo and redo: states go back and forth, bursts are one step, answers are asked for again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from shell_collection import IMAGES, build_collection, image_id

from vlm_explorer.viewmodels.filters import OnlyThese, TextFilter
from vlm_explorer.viewmodels.history import BURST, DEPTH, History, typing
from vlm_explorer.viewmodels.map_colouring import ColourBy
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.viewer_model import ViewerModel

Settle = Callable[[Session], None]


class Counter:
    """One number that can be undone."""

    def __init__(self) -> None:
        self.value = 0

    def state(self) -> int:
        return self.value

    def restore(self, state: int) -> None:
        self.value = state

    def words(self, before: int, after: int) -> str:
        return f"{before} to {after}"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counted(clock: Clock) -> tuple[History, Counter]:
    history, counter = History(clock=clock), Counter()
    history.add(counter)
    return history, counter


@pytest.fixture
def opened(shell_session: Session, small: Path, settle: Settle) -> Session:
    shell_session.open(small)
    settle(shell_session)
    return shell_session


def put(history: History, counter: Counter, value: int, burst: str = "") -> None:
    with history.step(burst):
        counter.value = value


def test_that_more_than_a_hundred_steps_go_back_and_forth(
    counted: tuple[History, Counter],
) -> None:
    history, counter = counted
    for value in range(1, 151):
        put(history, counter, value)
    for value in reversed(range(150)):
        assert history.undo_words == f"{value} to {value + 1}"
        history.undo()
        assert counter.value == value
    assert not history.can_undo
    for value in range(1, 151):
        history.redo()
        assert counter.value == value
    assert not history.can_redo


def test_that_the_oldest_steps_are_forgotten(counted: tuple[History, Counter]) -> None:
    history, counter = counted
    for value in range(1, DEPTH + 11):
        put(history, counter, value)
    while history.can_undo:
        history.undo()
    assert counter.value == 10


def test_that_what_changes_nothing_is_no_step(counted: tuple[History, Counter]) -> None:
    history, counter = counted
    put(history, counter, 0)
    assert not history.can_undo


def test_that_another_step_after_an_undo_ends_what_could_be_redone(
    counted: tuple[History, Counter],
) -> None:
    history, counter = counted
    put(history, counter, 1)
    put(history, counter, 2)
    history.undo()
    put(history, counter, 5)
    assert not history.can_redo
    history.undo()
    assert counter.value == 1


def test_that_steps_within_a_step_are_one(counted: tuple[History, Counter]) -> None:
    history, counter = counted
    with history.step():
        put(history, counter, 1)
        put(history, counter, 2)
    history.undo()
    assert counter.value == 0


def test_that_a_burst_is_one_step_until_it_pauses(
    counted: tuple[History, Counter], clock: Clock
) -> None:
    history, counter = counted
    for value in range(1, 6):
        put(history, counter, value, "zoom")
        clock.now += BURST / 2
    clock.now += BURST * 2
    put(history, counter, 6, "zoom")
    put(history, counter, 7, "pan")
    found = []
    while history.can_undo:
        history.undo()
        found.append(counter.value)
    assert found == [6, 5, 0]


def test_that_a_burst_that_comes_back_leaves_no_step(counted: tuple[History, Counter]) -> None:
    history, counter = counted
    put(history, counter, 1)
    put(history, counter, 2, "zoom")
    put(history, counter, 1, "zoom")
    history.undo()
    assert counter.value == 0


def test_that_no_burst_goes_on_after_an_undo(counted: tuple[History, Counter]) -> None:
    history, counter = counted
    put(history, counter, 1, "zoom")
    put(history, counter, 2, "pan")
    history.undo()
    put(history, counter, 3, "zoom")
    history.undo()
    assert counter.value == 1


def test_that_what_happens_by_itself_becomes_part_of_the_present(
    counted: tuple[History, Counter],
) -> None:
    history, counter = counted
    put(history, counter, 1)
    counter.value = 10
    with history.unrecorded():
        put(history, counter, 11)
    assert history.undo_words == "0 to 1"
    put(history, counter, 12)
    history.undo()
    assert counter.value == 11
    history.undo()
    assert counter.value == 0
    history.redo()
    assert counter.value == 11


def test_that_a_part_whose_owner_is_gone_is_left_out(opened: Session, qtbot: QtBot) -> None:
    model = MapModel(opened)
    model.set_captions(False)
    opened.select([image_id(1)])
    with qtbot.waitSignal(model.destroyed):
        model.deleteLater()
    opened.history.undo()
    opened.history.undo()
    assert not opened.selection.ids


def test_that_typing_goes_on_in_one_direction() -> None:
    assert typing("search", "", "l") == typing("search", "l", "left") != ""
    assert typing("search", "left", "lef") == typing("search", "lef", "l") != ""
    assert typing("search", "left", "lef") != typing("search", "lef", "left")
    assert typing("search", "left", "right") == typing("search", "left", "left") == ""


# The session


def test_that_opening_is_where_undo_begins(
    shell_session: Session, tmp_path: Path, settle: Settle
) -> None:
    shell_session.open(build_collection(tmp_path / "a.vlmx"))
    settle(shell_session)
    assert not shell_session.history.can_undo
    shell_session.select([image_id(1)])
    assert shell_session.history.can_undo
    shell_session.close()
    assert not shell_session.history.can_undo


@pytest.mark.slow
def test_that_every_kind_of_change_goes_back_and_forth(opened: Session, settle: Settle) -> None:
    history = opened.history
    opened.select([image_id(1), image_id(2)], image_id(1))
    opened.set_filter(TextFilter("ct"))
    opened.search("left effusion")
    opened.set_labels(["effusion", "normal"], "raw", "single")
    opened.set_layout(space="images")
    opened.search_like(image_id(4))
    opened.set_filter(OnlyThese(frozenset([image_id(3)])))
    opened.clear_filters()
    opened.select([])
    settle(opened)

    def seen() -> tuple[object, ...]:
        settle(opened)
        query, labels, layout = opened.query, opened.label_state, opened.layout
        assert query.answer is not None or not query.active
        assert labels.answer is not None or not labels.labels
        assert not layout.pending
        assert layout.answer is not None
        assert layout.answer.request.space == layout.space
        return (
            opened.selection,
            opened.filters,
            opened.shown.tobytes(),
            (query.text, query.like),
            labels.labels,
            layout.choices,
        )

    forth, words = [seen()], []
    while history.can_undo:
        words.append(history.undo_words)
        history.undo()
        forth.append(seen())
    assert words == [
        "clear the selection",
        "clear filters",
        "filter only 1 chosen",
        "find similar images",
        "lay out by PCA",
        "change labels",
        "search “left effusion”",
        "filter “ct”",
        "select 2 images",
    ]
    assert len(set(map(str, forth))) == len(forth)
    while history.can_redo:
        history.redo()
        forth.pop()
        assert seen() == forth[-1]


def test_that_undo_while_an_answer_is_on_its_way_drops_it(opened: Session, settle: Settle) -> None:
    answers: list[str] = []
    opened.query_changed.connect(
        lambda: answers.append(opened.query.text) if opened.query.answer else None
    )
    opened.search("effusion")
    settle(opened)
    opened.search("nodule")
    opened.history.undo()
    settle(opened)
    assert opened.query.text == "effusion"
    assert opened.query.answer is not None
    assert "nodule" not in answers
    opened.set_layout(space="centred")
    opened.history.undo()
    settle(opened)
    assert opened.layout.space == "raw"
    assert opened.layout.answer is not None
    assert opened.layout.answer.request.space == "raw"
    opened.history.redo()
    settle(opened)
    assert opened.layout.answer.request.space == "centred"


def test_that_typing_a_prompt_is_one_step(opened: Session, settle: Settle) -> None:
    for text in ("e", "eff", "effusion"):
        opened.search(text)
    opened.history.undo()
    assert not opened.query.active
    opened.history.redo()
    assert opened.query.text == "effusion"
    settle(opened)


def test_that_a_layout_at_hand_comes_back_at_once(opened: Session, settle: Settle) -> None:
    first = opened.layout.answer
    opened.set_layout(space="images")
    settle(opened)
    opened.history.undo()
    assert opened.layout.answer is first
    assert not opened.layout.pending
    settle(opened)


def test_that_the_maps_look_goes_back_and_forth(opened: Session, settle: Settle) -> None:
    model = MapModel(opened)
    model.set_colour_by(ColourBy.LABEL)
    model.toggle("normal")
    model.set_captions(False)
    model.look_from((1.0, 2.0, 3.0))
    looks = [model.look]
    words = []
    while opened.history.can_undo:
        words.append(opened.history.undo_words)
        opened.history.undo()
        looks.append(model.look)
    assert words == ["zoom", "hide captions", "hide categories", "change colours"]
    assert not model.hidden
    while opened.history.can_redo:
        opened.history.redo()
        looks.pop()
        assert model.look == looks[-1]
    assert model.hidden == {"normal"}


def test_that_the_users_colours_go_back_and_forth(opened: Session) -> None:
    model = MapModel(opened)
    usual = model.styles.of("label")
    model.styles.set_colour("label", "normal", 5)
    chosen = model.styles.of("label")
    opened.history.undo()
    assert model.styles.of("label") == usual != chosen
    opened.history.redo()
    assert model.styles.of("label") == chosen


def test_that_a_search_brought_back_warms_up_as_it_did(opened: Session, settle: Settle) -> None:
    model = MapModel(opened)
    opened.search("effusion")
    settle(opened)
    assert model.colour_by == ColourBy.SIMILARITY
    model.set_colour_by(ColourBy.LABEL)
    opened.clear_query()
    opened.history.undo()
    settle(opened)
    assert model.colour_by == ColourBy.LABEL, "as the user had chosen while searching"
    opened.history.undo()
    settle(opened)
    assert model.colour_by == ColourBy.SIMILARITY
    opened.history.undo()
    settle(opened)
    assert model.colour_by == ColourBy.MODALITY
    opened.history.redo()
    settle(opened)
    assert model.colour_by == ColourBy.SIMILARITY


def test_that_what_is_selected_is_one_bit_an_image(opened: Session) -> None:
    opened.select([image_id(row) for row in range(0, IMAGES, 3)])
    expected = np.arange(IMAGES) % 3 == 0
    np.testing.assert_array_equal(opened.selected, expected)
    opened.select([])
    assert not opened.selected.any()
    opened.history.undo()
    np.testing.assert_array_equal(opened.selected, expected)


def test_that_undo_shows_the_image_of_several_that_was_shown_then(opened: Session) -> None:
    viewer = ViewerModel(opened, parent=opened)
    first, second, other = (image_id(number) for number in (0, 1, 2))
    opened.select([second], second)
    opened.select_mask(np.isin(opened.images.ids, [first, second]), None)
    assert viewer.image_id == second
    opened.select([other], other)
    assert viewer.image_id == other
    opened.history.undo()
    assert opened.selection.ids == {first, second}
    assert viewer.image_id == second
