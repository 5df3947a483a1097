import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from map_session import MadeUpCollection, fill, search

from vlm_explorer.viewmodels.background import Opened
from vlm_explorer.viewmodels.category_choice import CategoryChoice
from vlm_explorer.viewmodels.column_filters import CategoryFilter, RangeFilter
from vlm_explorer.viewmodels.columns import Column
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.number_words import number_words, read_number
from vlm_explorer.viewmodels.range_choice import RangeChoice
from vlm_explorer.viewmodels.session import Session

NAN = float("nan")


@pytest.fixture
def session(qtbot):
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()


def show_positions(session, positions):
    ids = [f"i{number}" for number in range(len(positions))]
    table = pa.table({"image_id": ids, "position": pa.array(positions, pa.float64())})
    session.take(Opened(MadeUpCollection([], []), ImageTable(table), None))
    return session.columns.get("position")


@given(
    st.lists(st.one_of(st.just(NAN), st.floats(-100, 100)), min_size=1, max_size=40),
    st.floats(-110, 110), st.floats(-110, 110), st.booleans(),
)  # fmt: skip
def test_that_a_range_lets_exactly_its_numbers_through(values, low, high, keep):
    numbers = np.array(values)
    images = ImageTable(pa.table({"image_id": [str(n) for n in range(len(values))]}))
    mask = RangeFilter(Column("x", "x", numbers), low, high, keep).mask(images)
    expected = [keep if value != value else low <= value <= high for value in values]
    assert mask.tolist() == expected


def test_that_a_filter_follows_images_that_come_to_those_there_were(session):
    column = show_positions(session, [1.0, 2.0])
    filter_ = RangeFilter(column, 1.5, 9.0)
    show_positions(session, [1.0, 2.0, 3.0])
    assert filter_.mask(session.images).tolist() == [False, True, True]
    computed = Column("outlier", "outlier", np.zeros(2))
    assert RangeFilter(computed, 1, 2).mask(session.images).all()


def test_that_filters_of_the_same_column_and_range_are_the_same_filter(session):
    column = show_positions(session, [1.0, 2.0])
    one, other = (RangeFilter(column, 0, 1) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != RangeFilter(column, 0, 2)
    assert CategoryFilter(column, frozenset("a")) != CategoryFilter(column, frozenset("a"), True)


def test_that_a_range_is_moved_typed_and_cleared(session):
    column = show_positions(session, [0.0, 10.0, 20.0, None, 40.0])
    choice = RangeChoice(session, column)
    assert not choice.active
    assert choice.missing_words == "1 image has no value: kept"
    choice.move(upper=False, share=0.2)
    assert not session.filters
    choice.apply()
    assert session.shown.tolist() == [False, True, True, False, True]
    assert choice.missing_words == "1 image has no value: hidden"
    assert choice.summary == "3 of 5 within the range"
    choice.set_keep_missing(True)
    assert session.shown.tolist() == [False, True, True, True, True]
    assert choice.type_end("20", upper=True)
    assert session.shown.tolist() == [False, True, True, True, False]
    assert session.filters[0].title == "slice position 8 to 20 mm, or none"
    assert not choice.type_end("far", upper=True)
    choice.clear()
    assert session.shown.all()
    assert (choice.low, choice.high) == (0, 40)


def test_that_ends_do_not_pass_each_other(session):
    choice = RangeChoice(session, show_positions(session, [0.0, 10.0]))
    choice.move(upper=True, share=0.4)
    choice.move(upper=False, share=0.9)
    assert (choice.low, choice.high) == (4, 4)


def test_that_only_known_values_can_be_asked_for(session):
    choice = RangeChoice(session, show_positions(session, [0.0, None, 2.0]))
    choice.set_keep_missing(False)
    assert session.shown.tolist() == [True, False, True]
    assert session.filters[0].title == "slice position known"
    choice.set_keep_missing(True)
    assert not session.filters


def test_that_a_range_removed_elsewhere_is_the_whole_again(session):
    choice = RangeChoice(session, show_positions(session, [0.0, 10.0]))
    choice.set_range(5, 10)
    session.clear_filters()
    assert (choice.low, choice.high) == (0, 10)
    assert not choice.active


@given(st.lists(st.one_of(st.just(NAN), st.floats(-1e6, 1e6)), min_size=1, max_size=60))
def test_that_the_histogram_counts_every_known_value(values):
    session = Session()
    known = [value for value in values if value == value]
    choice = RangeChoice(session, Column("x", "x", np.array(values)))
    assert sum(choice.counts) == len(known)
    assert choice.missing == len(values) - len(known)
    assert session.runner.shutdown()


def test_that_categories_are_ticked(session):
    fill(session)
    choice = CategoryChoice(session, session.columns.get("modality"))
    rows, count = choice.found("")
    assert [row.title for row in rows] == ["CR", "CT", "MR", "no modality"]
    assert (count, [row.count for row in rows]) == (4, [2, 2, 1, 1])
    assert not choice.active
    choice.toggle("CT")
    assert session.shown.tolist() == [False, False, True, True, True, True]
    assert session.filters[0].title == "modality: not CT"
    assert choice.summary == "3 of 4 · 4 of 6 images"
    choice.only("c")
    assert session.shown.tolist() == [True, True, False, True, True, False]
    assert session.filters[0].title == "modality: CR, CT"
    assert choice.summary == "2 of 4 · 4 of 6 images"
    choice.toggle("MR")
    assert choice.keeps("MR")
    choice.toggle("")
    assert not session.filters


def test_that_nothing_ticked_shows_nothing(session):
    fill(session)
    choice = CategoryChoice(session, session.columns.get("modality"))
    choice.only("nowhere")
    assert not session.shown.any()
    assert session.filters[0].title == "modality: none of them"


def test_that_patients_are_called_by_their_numbers(session):
    fill(session)
    choice = CategoryChoice(session, session.columns.get("patient"))
    choice.only("patient 1")
    assert session.filters[0].title == "patient: Patient 1"


def test_that_very_many_categories_are_listed_in_part(session):
    ids = [f"i{number}" for number in range(2000)]
    session.take(
        Opened(
            MadeUpCollection([], []), ImageTable(pa.table({"image_id": ids, "label": ids})), None
        )
    )
    choice = CategoryChoice(session, session.columns.get("label"))
    rows, count = choice.found("")
    assert (len(rows), count, len(choice)) == (500, 2000, 2000)
    rows, count = choice.found("i199")
    assert [row.name for row in rows] == ["i199", *(f"i199{n}" for n in range(10))]


def test_that_a_filter_by_similarity_stays_with_its_prompt(session):
    fill(session)
    search(session, "nodule", np.linspace(0, 1, 6))
    session.set_filter(RangeFilter(session.columns.get("similarity"), 0.5, np.inf))
    before = session.shown.copy()
    search(session, "effusion", np.linspace(1, 0, 6))
    assert (session.shown == before).all()
    assert session.filters[0].title == "cosine to “nodule” ≥ 0.500"


@pytest.mark.parametrize(
    ("value", "span", "words"),
    [(-0.25, 1, "−0.25"), (12480.0, 50_000, "12,480"), (0.0, 1, "0"), (-0.0, 1, "0"),
     (1.5, 100, "2"), (1e-9, 1e-9, "1e−09"), (3.14159, 10, "3.1")],
)  # fmt: skip
def test_that_numbers_have_as_many_places_as_their_scale_needs(value, span, words):
    assert number_words(value, span) == words


@given(st.floats(-1e6, 1e6))
def test_that_a_written_number_is_read_back(value):
    assert read_number(number_words(value)) == pytest.approx(value, rel=0.01, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "value"),
    [("−1.5", -1.5), ("1,5", 1.5), ("12,480", 12480), (" 7 ", 7), ("", None), ("x", None),
     ("1_0", None), ("inf", None), ("nan", None), ("40 %", 40)],
)  # fmt: skip
def test_that_numbers_are_read_as_people_type_them(text, value):
    assert read_number(text) == value
