"""Names in the order of people."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.files.natural_order import natural_key


def test_that_numbers_in_names_count_as_numbers() -> None:
    names = ["IM10", "im2", "IM1", "a", "10", "9", "IM2b", "IM2a"]
    expected = ["9", "10", "a", "IM1", "im2", "IM2a", "IM2b", "IM10"]
    assert sorted(names, key=natural_key) == expected


@given(st.lists(st.text(max_size=12), max_size=20))
def test_that_any_names_can_be_sorted_and_the_order_is_total(names: list[str]) -> None:
    names.sort(key=natural_key)
    backwards = names[::-1]
    backwards.sort(key=natural_key)
    assert backwards == names
