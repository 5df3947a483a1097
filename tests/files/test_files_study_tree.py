"""Patients, studies, series and stacks, slices in the order of space."""

from __future__ import annotations

import random
from collections.abc import Sequence
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


def test_that_stacks_of_a_series_are_nodes_of_their_own_under_its_number() -> None:
    rows = slices([1.0, 2.0], stack="a") + slices([1.0, 2.0, 3.0], stack="b LOCALIZER")
    titles = [series.title for series in series_of(rows)]
    assert titles == ["Series 3 (1 of 2) · MR · 2 images", "Series 3 (2 of 2) · MR · 3 images"]


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
    named = [replace(row, patient=f"salted-{row.file}") for row in rows]  # by a captions table
    for images in (rows, named):
        (patient,) = build_tree(images)
        assert patient.title == "Images"
        assert [study.title for study in patient.studies] == ["chest", "hands"]
        assert patient.studies[0].series[0].title == "chest · 2 images"
        assert patient.studies[0].series[0].image_ids == ("9.png", "10.png")


def test_that_a_folder_of_several_modalities_names_each_the_commonest_first() -> None:
    modalities = ("CT", "XR", "", "XR", "MR")
    rows = [
        replace(ROW, image_id=str(n), modality=name, stack=PLAIN_STACK, file=f"/x/mixed/{n}.png")
        for n, name in enumerate(modalities)
    ]
    (series,) = series_of(rows)
    assert series.title == "mixed · XR, CT, MR · 5 images"


def test_that_scans_without_a_patient_id_are_no_patient() -> None:
    rows = [
        replace(ROW, image_id="1", patient="", study="a"),
        replace(ROW, image_id="2", patient="salted", study="b"),
        replace(ROW, image_id="3", patient="", study="c"),
    ]
    tree = build_tree(rows)
    assert [patient.title for patient in tree] == ["Patient 1", "No patient id"]
    assert [study.title for study in tree[1].studies] == ["Study 1", "Study 2"]


def test_that_studies_come_by_their_day_and_say_how_long_after_the_first_they_were_made() -> None:
    rows = [
        replace(ROW, image_id="1", study="late", study_day=1014, study_description="Chest CT"),
        replace(ROW, image_id="2", study="early", study_day=1000),
        replace(ROW, image_id="3", patient="q", study="other", study_day=3),
    ]
    early, late = build_tree(rows)[0].studies
    assert (early.label, early.day, early.later) == ("Study 1", 0, "")
    assert (late.label, late.day, late.later) == ("Chest CT", 14, "+14 d")
    assert build_tree(rows)[1].studies[0].later == ""


def test_that_a_series_is_called_by_number_and_description_and_a_stack_by_what_differs() -> None:
    rows = [
        replace(ROW, image_id=str(echo), stack=f"echo {echo}", series_description="T2 dual",
                note=f"stack 1, echo {echo}", body_part="KNEE", instance_number=echo)
        for echo in (2, 1)
    ]  # fmt: skip
    nodes = series_of(rows)
    assert [node.label for node in nodes] == ["3 · T2 dual", "3 · T2 dual"]
    assert [node.part for node in nodes] == ["1 of 2, echo 1", "2 of 2, echo 2"]
    assert {node.series for node in nodes} == {nodes[0].series}
    assert nodes[0].body_part == "KNEE"


def test_that_series_of_one_number_come_by_their_time() -> None:
    rows = [
        replace(ROW, image_id=f"{time}", series=f"{time}", series_time=time)
        for time in (30.0, None, 10.0, 20.5)
    ]
    assert [node.image_ids[0] for node in series_of(rows)] == ["10.0", "20.5", "30.0", "None"]


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


def rows_of(folder: Path, seed: int = 1) -> list[TreeRow]:
    """The rows that indexing a folder would give, in no order at all."""
    rows = []
    for path in sorted(folder.iterdir()):
        try:
            header = read_header(path)
        except NotAnImage:
            continue
        rows += [
            TreeRow(
                f"{path.name}:{frame}", header.patient_id, header.study_uid, header.series_uid,
                header.series_number, header.modality, place.stack, place.position,
                header.instance_number, frame, str(path), place.note, place.position_xyz,
                place.orientation, place.acquisition_number, place.temporal_position,
                place.trigger_time, place.b_value, series_description=header.series_description,
                study_description=header.study_description, body_part=header.body_part,
            )
            for frame, place in enumerate(header.places)
        ]  # fmt: skip
    random.Random(seed).shuffle(rows)
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
        assert node.warnings == ()
    assert instances(folder, nodes[0])[0] == 1
    assert instances(folder, nodes[-1])[-1] == 90


@pytest.mark.parametrize("lost", [range(83, 91), range(40, 43), (2, 33, 64)])
def test_that_a_real_run_that_broke_off_or_lost_slices_keeps_its_volumes(
    test_data: Path, lost: Sequence[int]
) -> None:
    """Slice k of volume v is instance 15 (v - 1) + k, from the feet up."""
    folder = test_data / "dicom" / "series" / "mr_ge_epi_4d"
    rows = [row for row in rows_of(folder) if row.instance_number not in lost]
    nodes = series_of(rows)
    for volume, node in enumerate(nodes):
        kept = [n for n in range(15 * volume + 1, 15 * volume + 16) if n not in lost]
        assert instances(folder, node) == kept
        assert any("Incomplete" in words for words in node.warnings) == (len(kept) < 15)
    assert len(nodes) == 6


def test_that_a_real_tilted_series_says_so_with_its_figures(test_data: Path) -> None:
    folder = test_data / "dicom" / "series"
    (node,) = series_of(rows_of(folder / "ct_ge_tilt"))
    assert node.warnings == (
        "Uneven slice spacing: 1.08 to 7.00 mm (median 4.00 mm).",
        "Tilted: the slices were taken along a line 18.5° off their normal (gantry tilt).",
    )
    (node,) = series_of(rows_of(folder / "mr_sag_mprage"))
    assert node.warnings == ()
    assert node.label == "5 · SAG MPRAGE 220 FOV"


def test_that_dose_pages_are_apart_from_the_scouts_they_repeat(test_data: Path) -> None:
    folder = test_data / "dicom" / "series" / "ct_philips_dose_pages"
    nodes = series_of(rows_of(folder))
    assert [instances(folder, node) for node in nodes] == [[1, 2, 3], [4], [5, 6]]
    assert [node.label for node in nodes] == ["401 · Exam Summary"] * 3


def test_that_a_scout_is_a_series_of_one(test_data: Path) -> None:
    (node,) = series_of(rows_of(test_data / "dicom" / "series" / "ct_philips_scout"))
    assert node.title == "Series 100 · CT · 1 image"
    assert len(node.image_ids) == 1


def test_that_frames_of_enhanced_files_lie_by_their_own_positions(test_data: Path) -> None:
    folder = test_data / "dicom" / "series" / "mr_enhanced"
    rows = rows_of(folder)
    along = {row.image_id: row.position for row in rows}
    nodes = series_of(rows)
    counts = {"B0 NS": [32, 32], "REST1 w SMS PF7-8": [6, 6, 6, 6]}
    for description, count in counts.items():
        found = [node for node in nodes if node.description == description]
        assert [len(node.image_ids) for node in found] == count
        for node in found:
            assert len({image.rsplit(":", 1)[0] for image in node.image_ids}) == 1
            places = [along[image] for image in node.image_ids]
            assert None not in places
            assert places == sorted(places)
            assert node.warnings == ()
    maps = [node for node in nodes if "field map" in node.part]
    assert [node.part.split(",")[0] for node in maps] == ["2 of 2"]


@pytest.mark.parametrize("seed", range(4))
def test_that_the_order_in_which_files_are_met_changes_nothing(test_data: Path, seed: int) -> None:
    for folder in sorted((test_data / "dicom" / "series").iterdir()):
        expected = sorted(node.image_ids for node in series_of(rows_of(folder)))
        assert sorted(node.image_ids for node in series_of(rows_of(folder, seed))) == expected
