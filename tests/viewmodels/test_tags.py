"""Tags and notes: given, kept with the collection, undone, offered as columns, exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.csv as arrow_csv
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from shell_collection import IMAGES, image_id

from vlm_explorer.api import open_collection
from vlm_explorer.collection.store import Collection
from vlm_explorer.queries.tags import STATE, Tagging, read_tags, write_tags
from vlm_explorer.viewmodels.column_filters import CategoryFilter
from vlm_explorer.viewmodels.map_colouring import ColourStyle, colour
from vlm_explorer.viewmodels.quick_look import QuickLookModel
from vlm_explorer.viewmodels.results import NOTED, TAGS, ResultsModel
from vlm_explorer.viewmodels.session import Session

Settle = Callable[[Session], None]
PRIVATE = "Ask Dr Doe about Jane"


def ids(*numbers: int) -> frozenset[str]:
    return frozenset(image_id(number) for number in numbers)


@pytest.fixture
def opened(shell_session: Session, small: Path, settle: Settle) -> Session:
    shell_session.open(small)
    settle(shell_session)
    assert shell_session.tags.ready
    return shell_session


def test_that_a_key_tags_what_is_chosen_and_a_second_one_takes_the_tag_back(
    opened: Session,
) -> None:
    tags = opened.tags
    tags.toggle(1)
    assert tags.state == Tagging(), "nothing is chosen"
    opened.select([image_id(1), image_id(2)])
    tags.toggle(3)
    opened.select([image_id(2), image_id(4)])
    tags.toggle(3)
    assert tags.state.images == {3: ids(1, 2, 4)}, "one of them did not have it"
    assert opened.history.undo_words == "tag 1 image “Tag 3”"
    tags.toggle(3)
    assert tags.state.images == {3: ids(1)}
    opened.history.undo()
    opened.history.undo()
    assert tags.state.images == {3: ids(1, 2)}
    tags.clear()
    assert tags.state.images == {3: ids(1)}


def test_that_tags_and_notes_are_there_when_the_collection_is_opened_again(
    opened: Session, small: Path, settle: Settle
) -> None:
    opened.tags.toggle(2, ids(5))
    opened.tags.rename(2, "  Follow  up; soon ")
    opened.tags.note(image_id(5), f" {PRIVATE}\n")
    state = opened.tags.state
    opened.close()
    assert opened.tags.state == Tagging()
    settle(opened)
    assert read_tags(Collection(small)) == state
    opened.open(small)
    settle(opened)
    assert opened.tags.state == state
    assert opened.tags.state.name(2) == "Follow up, soon"
    assert not opened.history.can_undo
    words = opened.tags.words(image_id(5))
    assert words == "Follow up, soon · note"


def test_that_two_tags_never_have_one_name(opened: Session) -> None:
    opened.tags.rename(1, "Tag 2")
    opened.tags.rename(3, "doubt")
    opened.tags.rename(4, "doubt")
    assert opened.tags.state.names == {3: "doubt"}


@pytest.mark.parametrize(
    "kept",
    [3, {"tags": 1, "notes": 2}, {"tags": [1, {"number": 12, "name": "", "images": []}]}, {}],
)
def test_that_what_another_version_kept_is_no_error(small: Path, kept: object) -> None:
    collection = Collection(small)
    collection.set_user_state(STATE, kept)
    assert read_tags(collection) == Tagging()


def test_that_tags_are_columns_in_their_own_colours_and_notes_are_not(opened: Session) -> None:
    tags, columns = opened.tags, opened.columns
    assert not {"tags", "noted"} & set(columns.names())
    tags.toggle(2, ids(0, 1))
    tags.toggle(5, ids(1, 2))
    tags.rename(5, "doubt")
    tags.note(image_id(7), PRIVATE)
    column = columns.get("tags")
    assert column is not None
    assert column.values[:4].tolist() == ["Tag 2", "Tag 2; doubt", "doubt", ""]
    made = colour(column, ColourStyle())
    colours = {category.title: category.colour for category in made.categories}
    assert (colours["Tag 2"], colours["doubt"]) == (1, 4)
    one, noted = columns.get("tag:5"), columns.get("noted")
    assert one is not None
    assert noted is not None
    assert one.title == "doubt"
    opened.set_filter(CategoryFilter(one, frozenset({"yes"})))
    assert np.flatnonzero(opened.shown).tolist() == [1, 2]
    assert noted.values.tolist().index("yes") == 7
    offered = [columns.get(key) for key in columns.names()]
    assert not any(PRIVATE in set(each.values) for each in offered if each is not None)


def test_that_tiles_and_quick_look_say_what_is_tagged_but_not_what_is_noted(
    opened: Session,
) -> None:
    model, look = ResultsModel(opened), QuickLookModel(opened)
    look.look_at(image_id(1))
    look.tag(4)
    opened.tags.note(image_id(1), PRIVATE)
    index = model.index(1)
    assert (index.data(TAGS), index.data(NOTED)) == ((4,), True)
    for words in (index.data(Qt.ItemDataRole.AccessibleTextRole), look.caption):
        assert "Tag 4 · note" in words
        assert PRIVATE not in words
    look.tag(4)
    assert index.data(TAGS) == ()


def test_that_tags_and_notes_go_out_only_where_they_are_asked_for(
    small: Path, tmp_path: Path
) -> None:
    state = Tagging().tagged(1, ids(0, 3)).tagged(9, ids(3)).noted(image_id(3), PRIVATE)
    write_tags(Collection(small), state)
    collection = open_collection(small)
    collection.export(tmp_path / "plain.csv", layout="none")
    plain = (tmp_path / "plain.csv").read_text() + (tmp_path / "plain.csv.json").read_text()
    assert "Tag 1" not in plain
    assert PRIVATE not in plain
    report = collection.export(tmp_path / "tags.csv", layout="none", with_tags=True)
    table = arrow_csv.read_csv(report.path)
    expected = [state.words_of(key) for key in table["image_id"].to_pylist()]
    assert table["tags"].to_pylist() == expected
    assert sorted(expected)[-2:] == ["Tag 1", "Tag 1; Tag 9"]
    assert "notes" not in table.column_names
    assert "--with-tags" in str(report.provenance)
    report = collection.export(tmp_path / "notes.csv", layout="none", with_notes=True)
    assert arrow_csv.read_csv(report.path)["notes"].to_pylist()[3] == PRIVATE


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["toggle", "rename", "note", "clear"]),
            st.integers(1, 9),
            st.sets(st.integers(0, IMAGES - 1), min_size=1, max_size=4),
        ),
        max_size=12,
    )
)
def test_that_whatever_is_tagged_can_be_undone_and_done_again(opened, events):
    opened.history.clear()
    states = [opened.tags.state]
    for what, number, images in events:
        with opened.history.unrecorded():
            opened.select(ids(*images))
        if what == "toggle":
            opened.tags.toggle(number)
        elif what == "rename":
            opened.tags.rename(number, f"name {number}{len(images)}")
        elif what == "note":
            opened.tags.note(image_id(min(images)), f"note {number}")
        else:
            opened.tags.clear()
        if opened.tags.state != states[-1]:
            states.append(opened.tags.state)
    for state in reversed(states[:-1]):
        opened.history.undo()
        assert opened.tags.state == state
    for state in states[1:]:
        opened.history.redo()
        assert opened.tags.state == state
