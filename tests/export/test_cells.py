from __future__ import annotations

import csv
import io

from hypothesis import example, given
from hypothesis import strategies as st

from vlm_explorer.export.cells import quoted, unquoted

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


@given(st.text() | st.text(alphabet="'=+-@\t\ra"))
@example("'=1")
@example("=1+1")
def test_that_no_cell_begins_with_what_a_spreadsheet_runs_and_all_come_back(cell: str) -> None:
    assert not quoted(cell).startswith(DANGEROUS)
    assert unquoted(quoted(cell)) == cell


@given(st.lists(st.text(alphabet="'=+-@\t\r\n,\"ab "), min_size=1))
def test_that_cells_come_back_through_a_csv_file(cells: list[str]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow([quoted(cell) for cell in cells])
    (row,) = csv.reader(io.StringIO(file.getvalue(), newline=""))
    assert [unquoted(cell) for cell in row] == cells
