import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from map_session import MadeUpCollection, fill, score_labels, search

from vlm_explorer.files.header import PLAIN_STACK
from vlm_explorer.viewmodels.arrow_columns import as_numbers, coded_texts, texts_of
from vlm_explorer.viewmodels.background import Opened
from vlm_explorer.viewmodels.columns import COMPUTED, GROUPS, Column
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.session import Session


@pytest.fixture
def session(qtbot):
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()


def show(session, **columns):
    table = pa.table(columns)
    session.take(Opened(MadeUpCollection([], []), ImageTable(table), None))


def test_that_only_columns_with_something_in_them_are_offered(session):
    assert session.columns.names() == ()
    fill(session)
    names = session.columns.names()
    assert {"modality", "label", "patient", "series", "rows", "series_number"} <= set(names)
    assert not {"body_part", "frame", "b_value", "row_spacing", "similarity"} & set(names)
    assert session.columns.get("body_part") is None


def test_that_every_offer_keeps_its_word(session):
    fill(session)
    search(session, "nodule", np.linspace(0, 1, 6))
    score_labels(session, ("effusion", "normal"), np.full((6, 2), 0.5))
    for offer in session.columns.offers():
        column = session.columns.get(offer.key)
        assert (column.key, column.group) == (offer.key, offer.group)
        assert column.is_number == offer.is_number
        assert len(column) == 6
        assert offer.group in GROUPS


def test_that_scores_come_and_go_with_their_answers(session):
    fill(session)
    seen = []
    session.columns.changed.connect(lambda: seen.append(session.columns.names()))
    search(session, "nodule", np.linspace(0, 1, 6))
    assert session.columns.get("similarity").title == "cosine to “nodule”"
    search(session, "effusion", np.linspace(1, 0, 6))
    assert session.columns.get("similarity").values[0] == 1
    score_labels(session, ("effusion", "normal"), [[0.2, 0.8]] * 6)
    assert session.columns.get("probability:normal").values == pytest.approx(80)
    assert session.columns.get("zero-shot label").values[0] == "normal"
    session.clear_query()
    assert session.columns.get("similarity") is None
    assert len(seen) == 4


def test_that_computed_columns_last_until_the_collection_changes(session):
    fill(session)
    session.columns.add(Column("outlier", "outlier", np.arange(6.0)))
    assert session.columns.get("outlier").group == COMPUTED
    session.columns.add(Column("outlier", "outlier", np.zeros(6)))
    assert session.columns.get("outlier").values[5] == 0
    with pytest.raises(ValueError, match="3 values for 6 images"):
        session.columns.add(Column("short", "short", np.zeros(3)))
    fill(session)
    assert session.columns.get("outlier") is None


def test_that_columns_of_a_table_of_captions_are_numbers_only_where_all_are(session):
    rows = [
        {"age": "63", "taken": "20240131", "code": "007", "site": "B", "dose": ""},
        {"age": "", "taken": "20231224", "code": "123", "site": "A", "dose": "1.5e-1"},
        {"age": "7.5", "taken": "20240102", "code": "9", "site": "", "dose": ".5"},
    ]
    show(session, image_id=["a", "b", "c"], extra=[*map(json.dumps, rows)])
    columns = {key: session.columns.get(f"csv:{key}") for key in rows[0]}
    assert {key for key, column in columns.items() if column.is_number} == {"age", "dose"}
    np.testing.assert_array_equal(columns["age"].values, [63, np.nan, 7.5])
    assert columns["code"].values.tolist() == ["007", "123", "9"]
    assert columns["site"].values.tolist() == ["B", "A", ""]


def test_that_days_count_from_each_patients_first_study(session):
    show(
        session,
        image_id=list("abcd"),
        patient=["one", "one", "two", "two"],
        study_day=[738_900, 738_907, 112, None],
    )
    np.testing.assert_array_equal(session.columns.get("study_day").values, [0, 7, 0, np.nan])


def test_that_unknown_sizes_have_no_number(session):
    show(session, image_id=["a", "b"], rows=[0, 512], spacing=[None, [0.7, 0.6]])
    np.testing.assert_array_equal(session.columns.get("rows").values, [np.nan, 512])
    np.testing.assert_array_equal(session.columns.get("column_spacing").values, [np.nan, 0.6])


@given(st.lists(st.one_of(st.none(), st.text(max_size=4)), max_size=30))
def test_that_encoding_texts_loses_none(values):
    coded = coded_texts(pa.chunked_array([pa.array(values, pa.string())]))
    assert texts_of(coded).tolist() == [value or "" for value in values]
    assert len(set(coded.names)) == len(coded.names)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1))
def test_that_written_numbers_are_read_back(numbers):
    texts = np.array([repr(number) for number in numbers], object)
    assert as_numbers(texts).tolist() == [float(number) for number in numbers]


@pytest.mark.parametrize("text", ["2024-01-31", "1,5", "0x1", "007", "nan", "1_000", ".", "e5"])
def test_that_what_is_no_number_stays_a_text(text):
    assert as_numbers(np.array([text, "1"], object)) is None


def test_that_columns_are_made_when_they_are_asked_for():
    table = pa.table({"image_id": ["a", "b"], "label": ["x", None], "position": [1.0, None]})
    images = ImageTable(table)
    assert not {"label", "position", "caption"} & set(vars(images))
    assert images.label.tolist() == ["x", ""]
    assert images.label is images.label
    np.testing.assert_array_equal(images.position, [1.0, np.nan])
    assert images.caption.tolist() == ["", ""]
    with pytest.raises(AttributeError):
        _ = images.colour


@given(st.lists(st.tuples(st.sampled_from(["", "p", "q", "r"]), st.booleans()), max_size=12))
def test_that_patients_are_numbered_scans_first(rows):
    stacks = [PLAIN_STACK if plain else "axial" for _, plain in rows]
    ids = [str(number) for number in range(len(rows))]
    table = pa.table({"image_id": pa.array(ids, pa.string()),
                      "patient": pa.array([key for key, _ in rows], pa.string()),
                      "stack": pa.array(stacks, pa.string())})  # fmt: skip
    scans = [key for key, plain in rows if not plain and key]
    others = [key for key, plain in rows if plain and key]
    expected = list(dict.fromkeys([*scans, *others]))
    titles = ImageTable(table).patient_titles
    assert [key for key in titles if key] == expected
    assert [titles[key] for key in expected] == [f"Patient {n + 1}" for n in range(len(expected))]


def test_that_very_many_texts_are_offered_once_they_are_encoded(session, qtbot, monkeypatch):
    monkeypatch.setattr("vlm_explorer.viewmodels.columns._MANY", 5)
    fill(session)
    session.columns.add(Column("cluster", "cluster", np.array([*"abcabc"], object)))
    assert session.columns.get("cluster") is None
    qtbot.waitUntil(lambda: session.columns.offer("cluster") is not None)
    assert session.columns.get("cluster").coded.names == ("a", "b", "c")


def test_that_a_column_is_found_by_further_words(session):
    fill(session)
    values = np.zeros(len(session.images))
    session.columns.add(Column("kept", "neighbours kept", values, also="agreement trust"))
    assert [[offer.key for offer in offers] for _, offers in session.columns.found("agree")] == [
        ["kept"]
    ]
    assert session.columns.found("agreement tumour") == ()
