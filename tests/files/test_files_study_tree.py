"""Patients, studies, series and stacks, slices in the order of space."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread

from vlm_explorer.errors import NotAnImage
from vlm_explorer.files.dicom_header import read_header
from vlm_explorer.files.header import PLAIN_STACK
from vlm_explorer.files.study_tree import SeriesNode, TreeRow, build_tree

ROW = TreeRow(
    image_id="0", patient="p", study="s", series="u", series_number=3, modality="MR",
    stack="256x256", position=None, instance_number=None, frame=0, file="/scans/a.dcm",
)  # fmt: skip


def series_of(rows: list[TreeRow]) -> list[SeriesNode]:
    return [
        series
        for patient in build_tree(rows)
        for study in patient.studies
        for series in study.series
    ]


def slices(positions: list[float | None], **changes: object) -> list[TreeRow]:
    return [
        replace(ROW, image_id=str(number), position=position, **changes)
        for number, position in enumerate(positions)
    ]


def test_that_slices_are_ordered_along_the_normal_whatever_their_names_and_numbers() -> None:
    rows = [
        replace(ROW, image_id=f"{at}", position=at, instance_number=100 - int(at), file=f"/{at}")
        for at in (5.0, -2.5, 10.0, 0.0, 7.5)
    ]
    (series,) = series_of(rows)
    assert series.image_ids == ("-2.5", "0.0", "5.0", "7.5", "10.0")


def test_that_ties_go_by_instance_number_then_by_natural_name_then_by_frame() -> None:
    rows = [
        replace(ROW, image_id="e", instance_number=None, file="/a.dcm"),
        replace(ROW, image_id="d", instance_number=2, file="/im10.dcm", frame=1),
        replace(ROW, image_id="c", instance_number=2, file="/im10.dcm"),
        replace(ROW, image_id="b", instance_number=2, file="/im9.dcm"),
        replace(ROW, image_id="a", instance_number=1, file="/z.dcm"),
    ]
    (series,) = series_of(rows)
    assert series.image_ids == ("a", "b", "c", "d", "e")


def test_that_positions_do_not_count_unless_all_slices_have_one() -> None:
    rows = [
        replace(ROW, image_id="1", position=9.0, instance_number=1),
        replace(ROW, image_id="2", position=None, instance_number=2),
        replace(ROW, image_id="3", position=1.0, instance_number=3),
    ]
    (series,) = series_of(rows)
    assert series.image_ids == ("1", "2", "3")


def test_that_stacks_of_a_series_are_nodes_of_their_own_under_its_number() -> None:
    rows = slices([1.0, 2.0], stack="a") + slices([1.0, 2.0, 3.0], stack="b LOCALIZER")
    titles = [series.title for series in series_of(rows)]
    assert titles == ["Series 3 (1 of 2) · MR · 2 images", "Series 3 (2 of 2) · MR · 3 images"]


def test_that_positions_that_all_come_again_are_volumes() -> None:
    rows = [
        replace(ROW, image_id=f"{time}:{place}", position=place * 5.0 + time * 1e-4,
                instance_number=time * 3 + place)
        for time in range(4)
        for place in range(3)
    ]  # fmt: skip
    random.Random(0).shuffle(rows)
    volumes = [series.image_ids for series in series_of(rows)]
    assert volumes == [tuple(f"{time}:{place}" for place in range(3)) for time in range(4)]


def test_that_a_single_slice_taken_again_does_not_split_the_stack() -> None:
    (series,) = series_of(slices([1.0, 2.0, 2.0, 3.0]))
    assert series.image_ids == ("0", "1", "2", "3")


def test_that_many_images_of_one_place_are_one_stack() -> None:
    (series,) = series_of(slices([4.0] * 12))
    assert len(series.image_ids) == 12


def test_that_titles_name_nobody_and_count_from_one() -> None:
    rows = [
        replace(ROW, patient="salted-1", study="x", series="a", series_number=None),
        replace(ROW, patient="salted-1", study="y", series="b", modality=""),
        replace(ROW, patient="salted-2", study="z", series="c", image_id="1"),
    ]
    tree = build_tree(rows)
    assert [patient.title for patient in tree] == ["Patient 1", "Patient 2"]
    assert [study.title for study in tree[0].studies] == ["Study 1", "Study 2"]
    assert tree[0].studies[0].series[0].title == "Series 1 · MR · 1 image"
    assert tree[0].studies[1].series[0].title == "Series 3 · 1 image"


def test_that_series_come_by_their_number_and_those_without_last() -> None:
    rows = [
        replace(ROW, series="none", series_number=None),
        replace(ROW, series="ten", series_number=10),
        replace(ROW, series="two", series_number=2),
    ]
    assert [series.key.split("/")[2] for series in series_of(rows)] == ["two", "ten", "none"]


def test_that_plain_images_are_titled_by_their_folder() -> None:
    rows = [
        replace(ROW, patient="", study=folder, series=folder, stack=PLAIN_STACK, modality="",
                series_number=None, image_id=name, file=f"/data/{folder}/{name}")
        for folder in ("chest", "hands")
        for name in ("10.png", "9.png")
    ]  # fmt: skip
    (patient,) = build_tree(rows)
    assert patient.title == "Images"
    assert [study.title for study in patient.studies] == ["chest", "hands"]
    assert patient.studies[0].series[0].title == "chest · 2 images"
    assert patient.studies[0].series[0].image_ids == ("9.png", "10.png")


def test_that_no_images_make_no_tree() -> None:
    assert build_tree([]) == ()


rows_strategy = st.lists(
    st.builds(
        replace,
        st.just(ROW),
        patient=st.sampled_from("ab"),
        study=st.sampled_from("cd"),
        series=st.sampled_from("ef"),
        series_number=st.none() | st.integers(1, 3),
        stack=st.sampled_from(["s", "t", PLAIN_STACK]),
        position=st.none() | st.floats(-1e3, 1e3),
        instance_number=st.none() | st.integers(0, 5),
        file=st.sampled_from(["/x/a1", "/x/a10", "/y/a2"]),
    ),
    max_size=40,
)


@given(rows_strategy)
def test_that_every_image_is_in_the_tree_once_and_keys_are_unique(rows: list[TreeRow]) -> None:
    rows = [replace(row, image_id=str(number)) for number, row in enumerate(rows)]
    nodes = series_of(rows)
    ids = [image for series in nodes for image in series.image_ids]
    assert sorted(ids) == sorted(row.image_id for row in rows)
    assert len({series.key for series in nodes}) == len(nodes)


def rows_of(folder: Path) -> list[TreeRow]:
    """The rows that indexing a folder would give, in the order of the file system."""
    rows = []
    for path in sorted(folder.iterdir()):
        try:
            header = read_header(path)
        except NotAnImage:
            continue
        rows += [
            TreeRow(
                f"{path.name}:{frame}", header.patient_id, header.study_uid, header.series_uid,
                header.series_number, header.modality, header.stack, header.position,
                header.instance_number, frame, str(path),
            )
            for frame in range(header.frames)
        ]  # fmt: skip
    random.Random(1).shuffle(rows)
    return rows


def instances(folder: Path, node: SeriesNode) -> list[int]:
    names = [image.rsplit(":", 1)[0] for image in node.image_ids]
    return [int(dcmread(folder / name, stop_before_pixels=True).InstanceNumber) for name in names]


@pytest.mark.parametrize(
    ("name", "count", "first", "last"),
    [("ct_ge_tilt", 28, 1, 28), ("mr_sag_mprage", 40, 73, 112)],
)
def test_that_a_real_series_is_one_stack_in_its_geometric_order(
    test_data: Path, name: str, count: int, first: int, last: int
) -> None:
    folder = test_data / "dicom" / "series" / name
    (node,) = series_of(rows_of(folder))
    numbers = instances(folder, node)
    assert len(numbers) == count
    assert numbers == list(range(first, last + 1))


def test_that_a_real_time_series_becomes_volumes_of_its_positions(test_data: Path) -> None:
    folder = test_data / "dicom" / "series" / "mr_ge_epi_4d"
    nodes = series_of(rows_of(folder))
    assert [len(node.image_ids) for node in nodes] == [15] * 6
    for node in nodes:
        heights = [
            float(dcmread(folder / image.rsplit(":", 1)[0]).ImagePositionPatient[2])
            for image in node.image_ids
        ]
        assert np.allclose(np.diff(heights), 5.0, atol=0.01)
    assert instances(folder, nodes[0])[0] == 1
    assert instances(folder, nodes[-1])[-1] == 90


def test_that_scouts_and_dose_pages_are_apart(test_data: Path) -> None:
    folder = test_data / "dicom" / "series" / "ct_philips_dose_pages"
    titles = [node.title for node in series_of(rows_of(folder))]
    assert len(titles) >= 2
    assert all("Series" in title for title in titles)
