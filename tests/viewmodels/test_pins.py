"""Pinned prompts: what is kept, counted, coloured by, undone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from map_session import fill, lay_out, search

from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.map_stars import StarKind
from vlm_explorer.viewmodels.pins import margin_column
from vlm_explorer.viewmodels.session import Session

COSINES = {
    "effusion": [0.9, 0.1, 0.2, 0.3, 0.4, 0.5],
    "nodule": [0.1, 0.8, 0.3, 0.2, 0.5, 0.1],
    "normal": [0.2, 0.2, 0.7, 0.9, 0.1, 0.2],
}


@pytest.fixture
def session(qtbot):
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()


@pytest.fixture
def model(session):
    model = MapModel(session)
    fill(session)
    lay_out(session, space="images")
    return model


def pin(session, *texts):
    for text in texts:
        search(session, text, COSINES[text])
        session.pins.pin_prompt()


def names(session):
    return [one.name for one in session.pins.items]


def pinned(model):
    return [star for star in model.scene.stars if star.kind is StarKind.PIN]


def test_that_a_pinned_prompt_stays_on_the_map_where_it_was(session, model):
    search(session, "effusion", COSINES["effusion"])
    live = model.scene.stars[0]
    session.pins.pin_prompt()
    assert pinned(model) == []  # it has a star already
    session.clear_query()
    (star,) = pinned(model)
    assert (star.words, star.x, star.y) == ("effusion", live.x, live.y)


def test_that_a_prompt_is_pinned_once_and_nothing_is_pinned_without_one(session, model):
    session.pins.pin_prompt()
    assert session.pins.items == ()
    pin(session, "effusion", "effusion")
    assert names(session) == ["effusion"]
    assert not session.pins.can_pin


def test_that_each_image_counts_for_the_pin_it_is_nearest_to(session, model):
    pin(session, *COSINES)
    best = np.argmax(list(COSINES.values()), axis=0)
    counts = session.pins.counts()
    expected = np.bincount(best, minlength=3).tolist()
    assert [counts[one.number] for one in session.pins.items] == expected
    assert sum(counts.values()) == len(session.images)


def test_that_pins_are_columns_and_a_margin_diverges_around_zero(session, model):
    pin(session, "effusion", "nodule")
    first, second = session.pins.items
    column = session.columns.get(first.column)
    np.testing.assert_allclose(column.values, COSINES["effusion"], atol=1e-6)
    key = session.pins.compare(first.number, second.number)
    margin = session.columns.get(key)
    expected = np.subtract(COSINES["effusion"], COSINES["nodule"])
    np.testing.assert_allclose(margin.values, expected, atol=1e-6)
    assert margin.centre == 0
    assert margin.title == "margin of “effusion” over “nodule”"
    model.set_colour_by(key)
    assert model.scene.ramp is not None


def test_that_renaming_changes_titles_and_stars_and_an_empty_name_is_the_text(session, model):
    pin(session, "effusion", "nodule")
    session.clear_query()
    first = session.pins.items[0]
    session.pins.rename(first.number, "  fluid   left ")
    assert names(session) == ["fluid left", "nodule"]
    assert session.columns.get(first.column).title == "cosine to “fluid left”"
    assert [star.words for star in pinned(model)] == ["fluid left", "nodule"]
    session.pins.rename(first.number, " ")
    assert names(session) == ["effusion", "nodule"]


def test_that_a_removed_pin_takes_its_columns_along(session, model):
    pin(session, "effusion", "nodule")
    first, second = session.pins.items
    key = session.pins.compare(first.number, second.number)
    model.set_colour_by(key)
    assert model.scene.ramp is not None
    session.pins.remove(second.number)
    assert session.columns.get(key) is None
    assert session.columns.get(second.column) is None
    assert session.columns.get(first.column) is not None
    assert model.colour_by != key


def test_that_pins_are_kept_and_come_back_with_the_collection(session, model):
    pin(session, "effusion", "nodule")
    session.pins.rename(1, "fluid")
    session.pins.compare(1, 2)
    items, pairs = session.pins.items, session.pins.pairs
    kept = session.kept.values["pins"]
    session.pins.restore(((), ()))
    session.kept.values["pins"] = kept
    session.opened.emit()
    assert (session.pins.items, session.pins.pairs) == (items, pairs)


@pytest.mark.parametrize("kept", [3, {"items": 4}, {"items": [[1, "a"]], "pairs": []}, {}])
def test_that_what_another_version_kept_is_no_error(session, model, kept):
    session.kept.values["pins"] = kept
    session.opened.emit()
    assert session.pins.items == ()


def test_that_pins_of_another_collection_are_gone(session, model):
    pin(session, "effusion")
    session.close()
    assert session.pins.items == ()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("pin"), st.sampled_from(sorted(COSINES))),
            st.tuples(st.just("remove"), st.integers(1, 4)),
            st.tuples(st.just("rename"), st.integers(1, 4)),
            st.tuples(st.just("compare"), st.integers(1, 4)),
        ),
        max_size=12,
    )
)
def test_that_whatever_is_done_to_pins_can_be_undone_and_done_again(session, model, events):
    session.pins.restore(((), ()))
    session.history.clear()
    states = [session.pins.state()]
    for what, which in events:
        if what == "pin":
            search(session, which, COSINES[which])
            session.pins.pin_prompt()
        elif what == "remove":
            session.pins.remove(which)
        elif what == "rename":
            session.pins.rename(which, f"name {len(states)}")
        else:
            session.pins.compare(which, which % 3 + 1)
        numbers = [one.number for one in session.pins.items]
        assert len(numbers) == len(set(numbers))
        assert all(set(pair) <= set(numbers) for pair in session.pins.pairs)
        offered = {key for key in session.columns.names() if key.startswith("pin")}
        assert offered == {one.column for one in session.pins.items} | {
            margin_column(pair) for pair in session.pins.pairs
        }
        if session.pins.state() != states[-1]:
            states.append(session.pins.state())
    for state in reversed(states[:-1]):
        session.history.undo()
        assert session.pins.state() == state
    for state in states[1:]:
        session.history.redo()
        assert session.pins.state() == state
