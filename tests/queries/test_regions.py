"""Regions of a map, kept with the collection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vlm_explorer.analysis.group_levels import assign_levels
from vlm_explorer.queries import regions
from vlm_explorer.queries.regions import regions_of


def islands(count: int) -> np.ndarray:
    chance = np.random.default_rng(0)
    return (chance.normal(size=(count, 2)) + 20 * (np.arange(count) % 3)[:, None]).astype("f4")


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    monkeypatch.setattr(regions, "_WORTH_KEEPING", 200)
    return islands(300)


def test_that_regions_are_found_in_a_child_as_in_this_process() -> None:
    xy = islands(120)
    np.testing.assert_array_equal(regions_of(xy, None), assign_levels(xy))


def test_that_regions_are_kept_and_read_back(
    many: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = regions_of(many, tmp_path)
    monkeypatch.setattr(regions, "run_in_process", None)
    np.testing.assert_array_equal(regions_of(many, tmp_path), first)


def test_that_another_map_has_regions_of_its_own(many: np.ndarray, tmp_path: Path) -> None:
    regions_of(many, tmp_path)
    moved = many.copy()
    moved[:150] += 50
    np.testing.assert_array_equal(regions_of(moved, tmp_path), assign_levels(moved))


def test_that_damaged_regions_are_found_again(many: np.ndarray, tmp_path: Path) -> None:
    first = regions_of(many, tmp_path)
    (file,) = (tmp_path / "layouts" / "regions").iterdir()
    file.write_bytes(file.read_bytes()[:100])
    np.testing.assert_array_equal(regions_of(many, tmp_path), first)
    np.testing.assert_array_equal(np.load(file), first)


def test_that_a_collection_that_cannot_be_written_to_keeps_nothing(
    many: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "layouts").write_text("in the way")
    np.testing.assert_array_equal(regions_of(many, tmp_path), assign_levels(many))
