"""Columns of an Arrow table as arrays, made without a Python object a row where that can be."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Coded:
    """A column of text as numbers.

    Attributes:
        names: the distinct values; "" among them where some image has none.
        numbers: (N,) which of them each image has.
    """

    names: tuple[str, ...]
    numbers: NDArray[np.integer]

    @cached_property
    def blank(self) -> int | None:
        """The number of "", None where every image has a value."""
        return self.names.index("") if "" in self.names else None

    @cached_property
    def counts(self) -> NDArray[np.integer]:
        """How many images have each value."""
        return np.bincount(self.numbers, minlength=len(self.names))

    @cached_property
    def firsts(self) -> NDArray[np.intp]:
        """The first row of each value."""
        return first_rows(self.numbers, len(self.names), np.arange(len(self.numbers)))


def encode(values: NDArray[np.object_]) -> Coded:
    """Return the distinct texts in order of appearance, and the number of each value."""
    import pyarrow as pa

    coded = pa.array(values, pa.string(), from_pandas=True).fill_null("").dictionary_encode()
    return Coded(tuple(coded.dictionary.to_pylist()), coded.indices.to_numpy())


def first_rows(numbers: NDArray[np.integer], size: int, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return for each number below `size` the first of `rows` (ascending) that has it, else N."""
    firsts = np.full(size, len(numbers), np.intp)
    firsts[numbers[rows[::-1]]] = rows[::-1]  # the last one written stays
    return firsts


def coded_texts(column: pa.ChunkedArray) -> Coded:
    """Return a column of text as distinct values and numbers; null is ""."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.fill_null(column.cast(pa.string()), "")
    coded = texts.combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    return Coded(tuple(coded.dictionary.to_pylist()), coded.indices.to_numpy())


def distinct_texts(column: pa.ChunkedArray) -> NDArray[np.object_]:
    """Return a column of text as an object array (N,); null is ""."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts: NDArray[np.object_] = pc.fill_null(column.cast(pa.string()), "").to_numpy()
    return texts


def texts_of(coded: Coded) -> NDArray[np.object_]:
    """Return the texts themselves, (N,); equal ones are one object."""
    names = np.empty(len(coded.names), object)
    names[:] = coded.names
    texts: NDArray[np.object_] = names[coded.numbers]
    return texts


def numbers_of(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return a column of numbers as float64 (N,); null is NaN."""
    import pyarrow as pa

    numbers: NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
    return np.array(numbers) if not numbers.flags.writeable else numbers


def vectors_of(column: pa.ChunkedArray, length: int) -> NDArray[np.float64]:
    """Return lists of `length` numbers as float64 (N, length); of other lengths, or null: NaN."""
    import pyarrow as pa
    import pyarrow.compute as pc

    vectors = np.full((len(column), length), np.nan)
    lists = column.cast(pa.list_(pa.float64()))
    known = pc.fill_null(pc.equal(pc.list_value_length(lists), length), False)
    flat = pc.list_flatten(lists.filter(known)).to_numpy()
    vectors[known.to_numpy()] = flat.reshape(-1, length)
    return vectors


def is_known(column: pa.ChunkedArray) -> bool:
    """Whether a column holds anything: a text that is not empty, a number, a list."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return bool(pc.any(pc.not_equal(column, "")).as_py())
    if pa.types.is_floating(column.type):
        return bool(pc.any(pc.is_finite(column)).as_py())
    if pa.types.is_integer(column.type):
        return bool(pc.any(pc.not_equal(column, 0)).as_py())
    return bool(column.null_count < len(column))


def further_columns(column: pa.ChunkedArray) -> dict[str, NDArray[np.float64] | Coded]:
    """Return the columns of a table of captions that images keep as JSON, by name.

    Those whose values are all numbers are float64 with NaN, the others texts; dates and codes with
    leading zeros are texts.
    """
    coded = coded_texts(column)
    if set(coded.names) <= {"", "{}"}:
        return {}
    rows = [json.loads(text) if text else {} for text in coded.names]
    names = dict.fromkeys(name for row in rows for name in row)
    columns: dict[str, NDArray[np.float64] | Coded] = {}
    for name in names:
        texts = np.array([str(row.get(name, "")) for row in rows], object)
        numbers = as_numbers(texts)
        if numbers is not None:
            columns[name] = numbers[coded.numbers]
        else:
            kinds = encode(texts)
            columns[name] = Coded(kinds.names, kinds.numbers[coded.numbers])
    return columns


def as_numbers(texts: NDArray[np.object_]) -> NDArray[np.float64] | None:
    """Return texts as float64 with NaN for "", or None where they are not all numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    given = pa.array([text for text in texts if text], pa.string())
    if not len(given):
        return None
    plain = pc.match_substring_regex(given, r"^[+-]?(0|[1-9]\d*)?(\.\d*)?([eE][+-]?\d+)?$")
    if not pc.all(pc.and_(plain, pc.match_substring_regex(given, r"^[+-]?\.?\d"))).as_py():
        return None
    if _are_dates(given):
        return None
    numbers = np.full(len(texts), np.nan)
    numbers[texts != ""] = [float(text) for text in given.to_pylist()]
    return numbers


def _are_dates(given: pa.Array) -> bool:
    """Whether all are days written as DICOM does, YYYYMMDD."""
    import pyarrow.compute as pc

    pattern = r"^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$"
    return bool(pc.all(pc.match_substring_regex(given, pattern)).as_py())
