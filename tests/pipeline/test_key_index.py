"""Rows found by their keys."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import vlm_explorer.pipeline.key_index as key_index
from vlm_explorer.pipeline.key_index import KeyIndex

KEYS = st.lists(st.sampled_from(["", "a", "b", "ä", "a b", "\x00"]), max_size=30)


@given(KEYS, KEYS)
def test_that_the_rows_of_a_key_are_found(one: list[str], two: list[str]) -> None:
    column = pa.chunked_array([pa.array(one, pa.string()), pa.array(two, pa.string())])
    index = KeyIndex(column)
    keys = one + two
    assert len(index) == len(keys)
    for key in {*keys, "not there"}:
        assert index.find(key) == [row for row, other in enumerate(keys) if other == key]
        assert (key in index) == (key in keys)


def test_that_keys_whose_hashes_are_equal_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_index, "hash", lambda key: len(key), raising=False)
    index = KeyIndex(pa.chunked_array([pa.array(["aa", "bb", "c", "aa"])]))
    assert index.find("aa") == [0, 3]
    assert index.find("bb") == [1]
    assert index.find("dd") == []
