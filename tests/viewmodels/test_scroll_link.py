from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.scroll_link import Place, describe, find_link, partner

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
FROM_BELOW = (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0)  # the same planes, the normal the other way
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def tilted(degrees: float) -> tuple[float, ...]:
    angle = np.radians(degrees)
    return (1.0, 0.0, 0.0, 0.0, float(np.cos(angle)), float(np.sin(angle)))


def table(
    first: Sequence[float],
    second: Sequence[float],
    *,
    orientations: tuple[Sequence[float] | None, Sequence[float] | None] = (AXIAL, AXIAL),
    references: tuple[str, str] = ("f", "f"),
) -> tuple[ImageTable, tuple[str, ...], tuple[str, ...]]:
    """Two series of slices at heights in mm, the second shifted in its plane."""
    rows = [
        {
            "image_id": f"{name}{number}",
            "position_xyz": (x, -x, height),
            "orientation": orientation,
            "frame_of_reference": reference,
        }
        for name, x, heights, orientation, reference in zip(
            "ab", (0.0, 30.0), (first, second), orientations, references, strict=True
        )
        for number, height in enumerate(heights)
    ]
    images = ImageTable(pa.Table.from_pylist(rows))
    ids = images.ids.tolist()
    return images, tuple(ids[: len(first)]), tuple(ids[len(first) :])


heights = st.lists(st.floats(-500, 500), min_size=1, max_size=12)


@given(heights, heights, st.data(), st.sampled_from([AXIAL, FROM_BELOW]))
def test_that_linked_by_position_no_slice_is_nearer_than_the_one_shown(
    first: list[float], second: list[float], data: st.DataObject, orientation: tuple[float, ...]
) -> None:
    images, one, other = table(first, second, orientations=(AXIAL, orientation))
    here = Place(one, data.draw(st.integers(0, len(one) - 1)))
    there = Place(other, data.draw(st.integers(0, len(other) - 1)))
    link = find_link(images, here, there)
    assert link.by_position
    index = partner(images, link, here, there, onward=True)
    distances = np.abs(np.array(second) - first[here.index])
    assert distances[index] == pytest.approx(distances.min(), abs=1e-9)


@pytest.mark.parametrize(
    ("orientations", "references", "obstacle"),
    [
        ((AXIAL, SAGITTAL), ("f", "f"), "planes not parallel"),
        ((AXIAL, tilted(8)), ("f", "f"), "planes not parallel"),
        ((AXIAL, tilted(3)), ("f", "f"), ""),
        ((AXIAL, FROM_BELOW), ("f", "f"), ""),
        ((AXIAL, AXIAL), ("f", "g"), "different frames of reference"),
        ((AXIAL, AXIAL), ("f", ""), "no frame of reference"),
        ((AXIAL, None), ("f", "f"), "no orientation"),
        ((AXIAL, (0.0,) * 6), ("f", "f"), "no orientation"),
    ],
)
def test_that_only_parallel_planes_of_one_space_are_linked_by_position(
    orientations: tuple[Sequence[float], Sequence[float]],
    references: tuple[str, str],
    obstacle: str,
) -> None:
    images, one, other = table((0, 1, 2), (0, 1), orientations=orientations, references=references)
    assert find_link(images, Place(one, 0), Place(other, 0)).obstacle == obstacle


def test_that_a_slice_without_a_position_leaves_only_the_numbers() -> None:
    images, one, other = table((0, 1, 2), (0, 1))
    images.position_xyz[4] = np.nan
    assert find_link(images, Place(one, 0), Place(other, 0)).obstacle == "no positions"


def test_that_numbers_go_along_from_where_they_were_linked_and_stay_in_the_series() -> None:
    images, one, other = table((0,) * 8, (0,) * 5, references=("f", "g"))
    link = find_link(images, Place(one, 1), Place(other, 3))
    assert partner(images, link, Place(one, 2), Place(other, 3), onward=True) == 4
    assert partner(images, link, Place(one, 7), Place(other, 3), onward=True) == 4
    assert partner(images, link, Place(other, 4), Place(one, 0), onward=False) == 2
    assert partner(images, link, Place(other, 0), Place(one, 0), onward=False) == 0
    words = describe(images, link, Place(one, 1), Place(other, 3))
    assert words == "Linked by image number, +2 (different frames of reference)"


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (0, "Linked by position"),
        (1, "Linked by position · 2.0 mm apart"),
        (4, "Linked by position · beyond its slices, 8.0 mm apart"),
    ],
)
def test_that_the_words_say_how_far_apart_the_slices_lie(index: int, words: str) -> None:
    images, one, other = table((0, 2, 4, 6, 11), (0, 3))
    here = Place(one, index)
    link = find_link(images, here, Place(other, 0))
    there = Place(other, 1 if index == 4 else 0)
    assert describe(images, link, here, there) == words


def test_that_a_single_image_elsewhere_is_linked_to_nothing() -> None:
    images, one, other = table((0, 1, 2), (5,), references=("f", "g"))
    link = find_link(images, Place(one, 2), Place(other, 0))
    words = describe(images, link, Place(one, 2), Place(other, 0))
    assert words == "Not linked: a single image (different frames of reference)"
