"""Filters as JSON values, as far as they may be kept with a query: what they say names nobody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from vlm_explorer.viewmodels.column_filters import CategoryFilter
from vlm_explorer.viewmodels.filters import Filter

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.columns import Columns

_TOLD = ("modality", "label", "split")  # columns whose categories say nothing about a person


def json_of_filters(filters: Iterable[Filter]) -> list[dict[str, Any]]:
    """Return those filters that may be kept on disk: words and descriptions may be names."""
    return [
        {"column": each.column.key, "names": sorted(each.names), "without": each.without}
        for each in filters
        if isinstance(each, CategoryFilter) and each.column.key in _TOLD
    ]


def filters_of_json(kept: Any, columns: Columns) -> tuple[Filter, ...]:
    """Return filters that were kept; those by columns that are not there are left out."""
    found: list[Filter] = []
    for value in kept if isinstance(kept, list) else []:
        match value:
            case {"column": str(key), "names": list(names), "without": bool(without)}:
                column = columns.get(key) if key in _TOLD else None
                if column is not None and not column.is_number:
                    found.append(CategoryFilter(column, frozenset(map(str, names)), without))
    return tuple(found)
