"""Series are split into stacks, and the slices of each lie in the order of space."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.files.stack_geometry import geometry_warnings
from vlm_explorer.files.stacks import TreeRow, split_into_stacks

ROW = TreeRow(
    image_id="0", patient="p", study="s", series="u", series_number=3, modality="MR",
    stack="256x256", position=None, instance_number=None, frame=0, file="/scans/a.dcm",
)  # fmt: skip
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def ids(rows: list[TreeRow]) -> list[tuple[str, ...]]:
    return [tuple(row.image_id for row in stack.rows) for stack in split_into_stacks(rows)]


def slices(positions: list[float | None], **changes: object) -> list[TreeRow]:
    return [
        replace(ROW, image_id=str(number), position=position, **changes)
        for number, position in enumerate(positions)
    ]


def axial(places: list[tuple[float, float, float]]) -> list[TreeRow]:
    return [
        replace(ROW, image_id=str(n), position=place[2], position_xyz=place, orientation=AXIAL)
        for n, place in enumerate(places)
    ]


def test_that_slices_are_ordered_along_the_normal_whatever_their_names_and_numbers() -> None:
    rows = [
        replace(ROW, image_id=f"{at}", position=at, instance_number=100 - int(at), file=f"/{at}")
        for at in (5.0, -2.5, 10.0, 0.0, 7.5)
    ]
    (found,) = ids(rows)
    assert found == ("-2.5", "0.0", "5.0", "7.5", "10.0")


def test_that_ties_go_by_instance_number_then_by_natural_name_then_by_frame() -> None:
    rows = [
        replace(ROW, image_id="e", instance_number=None, file="/a.dcm"),
        replace(ROW, image_id="d", instance_number=2, file="/im10.dcm", frame=1),
        replace(ROW, image_id="c", instance_number=2, file="/im10.dcm"),
        replace(ROW, image_id="b", instance_number=2, file="/im9.dcm"),
        replace(ROW, image_id="a", instance_number=1, file="/z.dcm"),
    ]
    (found,) = ids(rows)
    assert found == ("a", "b", "c", "d", "e")


def test_that_positions_do_not_count_unless_all_slices_have_one() -> None:
    rows = [
        replace(ROW, image_id="1", position=9.0, instance_number=1),
        replace(ROW, image_id="2", position=None, instance_number=2),
        replace(ROW, image_id="3", position=1.0, instance_number=3),
    ]
    (found,) = ids(rows)
    assert found == ("1", "2", "3")


def test_that_ties_go_by_acquisition_time_and_trigger_before_instance_numbers() -> None:
    same = replace(ROW, position=5.0)
    rows = [
        replace(same, image_id="d", acquisition_number=2, instance_number=1),
        replace(same, image_id="c", acquisition_number=1, temporal_position=2, instance_number=2),
        replace(same, image_id="b", acquisition_number=1, temporal_position=1, trigger_time=40.0,
                instance_number=3),
        replace(same, image_id="a", acquisition_number=1, temporal_position=1, trigger_time=10.0,
                instance_number=4),
    ]  # fmt: skip
    assert ids(rows) == [("a", "b", "c", "d")]


def test_that_orientations_split_and_noise_in_them_does_not() -> None:
    edge = 0.0005  # where rounding to three digits would part these two
    rows = [
        replace(ROW, image_id="1", orientation=(1, edge - 1e-7, 0, 0, 1, 0)),
        replace(ROW, image_id="2", orientation=(1, edge + 1e-7, 0, 0, 1, 0)),
        replace(ROW, image_id="3", orientation=(0, 1, 0, 0, 0, -1)),
        replace(ROW, image_id="4", orientation=None),
    ]
    assert sorted(ids(rows)) == [("1", "2"), ("3",), ("4",)]


def test_that_pictures_turning_around_an_axis_stay_one_stack_in_their_own_order() -> None:
    rows = [
        replace(ROW, image_id=f"{n}", orientation=(1 - n / 10, n / 10, 0, 0, 0, -1),
                position=float((7 * n) % 10), instance_number=n)
        for n in range(8)
    ]  # fmt: skip
    random.Random(3).shuffle(rows)
    assert ids(rows) == [tuple(f"{n}" for n in range(8))]


def test_that_positions_that_all_come_again_are_volumes() -> None:
    rows = [
        replace(ROW, image_id=f"{time}:{place}", position=place * 5.0 + time * 1e-4,
                instance_number=time * 3 + place)
        for time in range(4)
        for place in range(3)
    ]  # fmt: skip
    random.Random(0).shuffle(rows)
    assert ids(rows) == [tuple(f"{time}:{place}" for place in range(3)) for time in range(4)]


@pytest.mark.parametrize(
    "field", ["temporal_position", "b_value", "acquisition_number", "trigger_time"]
)
def test_that_a_number_of_its_own_tells_volumes_apart(field: str) -> None:
    """Instance numbers run through all volumes of a place before the next place."""
    rows = [
        replace(ROW, image_id=f"{time}:{place}", position=place * 5.0,
                instance_number=place * 3 + 2 - time, **{field: 100 + time})
        for time in range(3)
        for place in range(4)
        if (time, place) != (1, 2)
    ]  # fmt: skip
    random.Random(0).shuffle(rows)
    assert sorted(ids(rows)) == [
        tuple(f"{time}:{place}" for place in range(4) if (time, place) != (1, 2))
        for time in range(3)
    ]


def test_that_directions_of_one_b_value_are_volumes_too() -> None:
    rows = [
        replace(ROW, image_id=f"{number}:{place}", position=place * 3.0, b_value=b_value,
                instance_number=10 * number + place)
        for number, b_value in enumerate((0, 1000, 1000, 0, 1000))
        for place in range(4)
    ]  # fmt: skip
    found = split_into_stacks(rows)
    assert [stack.rows[0].image_id for stack in found] == [f"{n}:0" for n in range(5)]
    assert {len(stack.rows) for stack in found} == {4}
    assert [stack.notes for stack in found] == [
        ("b 0",), ("b 1000",), ("b 1000",), ("b 0",), ("b 1000",)
    ]  # fmt: skip


def test_that_a_number_that_differs_in_space_only_tells_no_volumes_apart() -> None:
    rows = [
        replace(ROW, image_id=f"{time}:{place}", position=place * 5.0, instance_number=4 * time
                + place, acquisition_number=1 + place // 2)
        for time in range(3)
        for place in range(4)
    ]  # fmt: skip
    assert ids(rows) == [tuple(f"{time}:{place}" for place in range(4)) for time in range(3)]


def test_that_place_after_place_is_told_from_volume_after_volume() -> None:
    rows = [
        replace(ROW, image_id=f"{time}:{place}", position=place * 5.0,
                instance_number=place * 6 + time)
        for time in range(6)
        for place in range(4)
    ]  # fmt: skip
    random.Random(2).shuffle(rows)
    assert ids(rows) == [tuple(f"{time}:{place}" for place in range(4)) for time in range(6)]


def test_that_a_slice_taken_again_is_set_apart_from_the_whole_stack() -> None:
    rows = slices([1.0, 2.0, 2.0, 3.0])
    found = split_into_stacks(rows)
    assert ids(rows) == [("0", "1", "3"), ("2",)]
    assert [stack.missing for stack in found] == [0, 2]


def test_that_many_images_of_one_place_are_one_stack() -> None:
    assert [len(found) for found in ids(slices([4.0] * 12))] == [12]


@given(st.integers(2, 6), st.integers(2, 8), st.data())
def test_that_a_volume_holds_no_place_twice_and_every_image_is_in_one(
    times: int, places: int, data: st.DataObject
) -> None:
    rows = [
        replace(ROW, image_id=f"{time}:{place}", position=float(place),
                instance_number=time * places + place)
        for time in range(times)
        for place in range(places)
        if data.draw(st.booleans(), label="kept")
    ]  # fmt: skip
    if len({row.position for row in rows}) < 2:
        return
    found = split_into_stacks(rows)
    assert sorted(row.image_id for stack in found for row in stack.rows) == sorted(
        row.image_id for row in rows
    )
    for stack in found:
        where = [row.position for row in stack.rows]
        assert where == sorted(set(where))


# Geometry


def test_that_an_even_stack_in_line_warns_of_nothing() -> None:
    assert geometry_warnings(axial([(0, 0, 2.5 * n + 1e-6 * (n % 3)) for n in range(20)])) == ()


@pytest.mark.parametrize(
    ("heights", "words"),
    [
        ([0, 5, 10, 20, 25], "Uneven slice spacing: 5.00 to 10.00 mm (median 5.00 mm)."),
        ([0, 5, 10.012, 15.012], "Uneven slice spacing: 5.000 to 5.012 mm (median 5.000 mm)."),
        ([0, 0.5, 1.006, 1.506], "Uneven slice spacing: 0.500 to 0.506 mm (median 0.500 mm)."),
    ],
)
def test_that_uneven_spacing_is_given_in_figures(heights: list[float], words: str) -> None:
    assert geometry_warnings(axial([(0, 0, height) for height in heights])) == (words,)


@pytest.mark.parametrize("heights", [[0, 5, 10.009, 15.009], [0, 0.5, 1.0045, 1.5045]])
def test_that_noise_of_positions_is_not_called_uneven(heights: list[float]) -> None:
    assert geometry_warnings(axial([(0, 0, height) for height in heights])) == ()


def test_that_a_stack_along_another_line_than_its_normal_is_tilted() -> None:
    (words,) = geometry_warnings(axial([(0, 0.5 * n, 5.0 * n) for n in range(10)]))
    assert (
        words == "Tilted: the slices were taken along a line 5.7° off their normal (gantry tilt)."
    )


def test_that_slices_beside_the_line_are_told_of() -> None:
    (words,) = geometry_warnings(axial([(0, 8.0 * (n == 4), 5.0 * n) for n in range(10)]))
    assert words == "The slices do not lie in line: up to 8.0 mm beside it."
