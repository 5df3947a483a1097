from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.files.header import PLAIN_STACK
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.result_groups import ResultGroups, series_codes
from vlm_explorer.viewmodels.viewer_series import window_key

KEYS = ("patient", "study", "series", "stack", "modality")


@given(
    st.lists(
        st.tuples(*[st.sampled_from(("", "a", "b"))] * 3, st.sampled_from((PLAIN_STACK, "1", "2")))
    )
)
def test_that_images_are_of_one_series_where_they_share_a_window(
    rows: list[tuple[str, str, str, str]],
) -> None:
    ids = [f"i{number}" for number in range(len(rows))]
    columns = list(zip(*rows, strict=True)) or [()] * 4
    values = [*columns, ["CT"] * len(rows)]
    table = {"image_id": ids} | {
        key: list(column) for key, column in zip(KEYS, values, strict=True)
    }
    images = ImageTable(
        pa.table({key: pa.array(cells, pa.string()) for key, cells in table.items()})
    )
    found = series_codes(images).tolist()
    keys = [window_key(images, image_id) for image_id in ids]
    assert [[a == b for b in found] for a in found] == [[a == b for b in keys] for a in keys]


@given(st.lists(st.integers(0, 5), min_size=1), st.randoms(use_true_random=False))
def test_that_each_group_stands_where_its_first_listed_image_is(codes: list[int], random) -> None:
    rows = [row for row in range(len(codes)) if random.random() < 0.7]
    random.shuffle(rows)
    groups, kept = ResultGroups.of(np.array(codes), np.array(rows, np.int64))
    order = list(dict.fromkeys(codes[row] for row in rows))
    assert [codes[rows[place]] for place in kept] == order
    firsts = {code: next(row for row in rows if codes[row] == code) for code in order}
    assert [rows[place] for place in kept] == [firsts[code] for code in order]
    everywhere = groups.places_of(np.arange(len(codes)))
    assert everywhere.tolist() == [order.index(c) if c in order else -1 for c in codes]
    for code in order:
        assert groups.counts[code] == sum(codes[row] == code for row in rows)
