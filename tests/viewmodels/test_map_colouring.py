import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from map_session import fill, search

from vlm_explorer.viewmodels.map_colouring import (
    MOST_CATEGORIES,
    NEUTRAL,
    ColourBy,
    colouring_of,
)
from vlm_explorer.viewmodels.session import Session


@pytest.fixture
def session(qtbot):
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()


def titles(colouring):
    return [category.title for category in colouring.categories]


def test_that_categories_come_by_number_of_images_and_the_empty_one_last(session):
    fill(session)
    colouring = colouring_of(ColourBy.MODALITY, session)
    assert titles(colouring) == ["CR", "CT", "MR", "no modality"]
    assert [category.colour for category in colouring.categories] == [0, 1, 2, NEUTRAL]
    named = [titles(colouring)[code] for code in colouring.codes]
    assert named == ["CT", "CT", "MR", "CR", "CR", "no modality"]


@given(st.integers(1, 60), st.integers(0, 99))
def test_that_every_image_keeps_its_category_or_is_among_the_others(count, seed):
    rng = np.random.default_rng(seed)
    labels = [f"finding {number}" for number in rng.integers(0, count, 200)]
    session = Session()
    fill(session, modalities=["CT"] * 200, labels=labels)
    colouring = colouring_of(ColourBy.LABEL, session)
    keys = [category.key for category in colouring.categories]
    for label, code in zip(labels, colouring.codes, strict=True):
        assert keys[code] == label or keys[code] == "\0other"
    distinct = len(set(labels))
    if distinct <= MOST_CATEGORIES + 1:
        assert len(keys) == distinct
    else:
        assert titles(colouring)[-1] == f"other ({distinct - MOST_CATEGORIES})"
        assert colouring.categories[-1].colour == NEUTRAL
    assert session.runner.shutdown()


def test_that_patients_and_series_have_numbers_and_no_keys(session):
    fill(session)
    assert titles(colouring_of(ColourBy.PATIENT, session)) == ["Patient 1", "Patient 2"]
    series = titles(colouring_of(ColourBy.SERIES, session))
    assert series == ["Patient 1 · series 1 · CT", "Patient 2 · series 7 · CR"]


def test_that_what_cannot_be_had_is_one_category(session):
    fill(session)
    assert titles(colouring_of("nowhere", session)) == ["no nowhere"]


def test_that_similarity_is_a_scale_from_low_to_high(session):
    fill(session, modalities=["CT"] * 101, labels=[""] * 101)
    cosine = np.linspace(0.1, 0.4, 101)
    search(session, "nodule", cosine)
    colouring = colouring_of(ColourBy.SIMILARITY, session)
    assert colouring.ramp.low == pytest.approx(np.quantile(cosine, 0.02), abs=1e-6)
    assert colouring.ramp.high == pytest.approx(0.4)
    assert colouring.ramp.clipped
    assert (np.diff(colouring.codes.astype(int)) >= 0).all()
    assert (colouring.codes[0], colouring.codes[-1]) == (1, 255)
    assert sum(colouring.ramp.counts) == 101


def test_that_equal_similarities_are_one_colour(session):
    fill(session, modalities=["CT"] * 4, labels=[""] * 4)
    search(session, "nodule", np.full(4, 0.3))
    assert len(set(colouring_of(ColourBy.SIMILARITY, session).codes)) == 1
