"""What the library's tree says of studies, series and their stacks."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from vlm_explorer.files.header import PLAIN_STACK
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.library import (
    DETAIL,
    IMAGE_IDS,
    KEY,
    KIND,
    PAGE,
    WARNINGS,
    LibraryModel,
)
from vlm_explorer.viewmodels.session import Session

# a warning of Qt fails the test
STRICT = QAbstractItemModelTester.FailureReportingMode.Warning


def walk(model: LibraryModel, parent: QModelIndex | None = None) -> list[QModelIndex]:
    above = QModelIndex() if parent is None else parent
    rows = [model.index(row, 0, above) for row in range(model.rowCount(above))]
    return [each for row in rows for each in (row, *walk(model, row))]


def of_kind(model: LibraryModel, kind: str) -> list[QModelIndex]:
    return [index for index in walk(model) if index.data(KIND) == kind]


def scans_table(rows: list[dict[str, object]]) -> ImageTable:
    common: dict[str, object] = {
        "file": "/scans/a.dcm", "frame": 0, "patient": "p", "study": "s", "series": "u",
        "stack": "axial", "modality": "MR", "series_number": 4, "instance_number": None,
        "position": None, "label": "", "caption": "", "split": "",
    }  # fmt: skip
    return ImageTable(
        pa.Table.from_pylist(
            [{**common, "image_id": str(number), **row} for number, row in enumerate(rows)]
        )
    )


def library_of(session: Session, rows: list[dict[str, object]]) -> LibraryModel:
    session.images = scans_table(rows)
    session.shown = np.ones(len(rows), dtype=bool)
    return LibraryModel(session)


def top_of(model: LibraryModel) -> list[tuple[str, str]]:
    indices = [model.index(row, 0) for row in range(model.rowCount())]
    return [(index.data(), index.data(DETAIL)) for index in indices]


def test_that_the_stacks_of_a_series_hang_below_it_and_say_what_sets_them_apart(
    shell_session: Session,
) -> None:
    rows: list[dict[str, object]] = [
        {
            "stack": f"echo {echo}", "note": f"echo {echo}", "instance_number": 2 * echo + at,
            "position": 5.0 * at, "series_description": "T2 dual", "study_description": "Knee MR",
        }
        for echo in (1, 2)
        for at in (0, 1)
    ]  # fmt: skip
    rows.append({"series": "v", "series_number": 5, "series_description": "", "note": ""})
    model = library_of(shell_session, rows)
    QAbstractItemModelTester(model, STRICT, model)
    assert top_of(model) == [("Patient 1", "5 images")]
    patient = model.index(0, 0)
    assert patient.data(Qt.ItemDataRole.ToolTipRole) == "Patient 1, Knee MR, 5 images"
    (branch,) = of_kind(model, "stacks")
    assert (branch.data(), branch.data(DETAIL)) == ("4 · T2 dual", "4 images")
    leaves = [(index.data(), index.data(DETAIL)) for index in of_kind(model, "series")]
    assert leaves == [
        ("Echo 1", "1 of 2 · 2 images"),
        ("Echo 2", "2 of 2 · 2 images"),
        ("Series 5", "MR · 1 image"),
    ]
    model.set_filter("dual")
    assert shell_session.shown.tolist() == [True] * 4 + [False]


def test_that_scans_without_a_patient_id_are_said_to_have_none(shell_session: Session) -> None:
    rows: list[dict[str, object]] = [
        {"patient": "", "study": "a", "file": "/x/1.dcm"},
        {"patient": "", "study": "b", "file": "/x/2.dcm"},
        {"patient": "known", "study": "c", "file": "/x/3.dcm"},
    ]
    model = library_of(shell_session, rows)
    assert [title for title, _ in top_of(model)] == ["Patient 1", "No patient id"]
    assert shell_session.images.patients == 1
    assert shell_session.images.patient_titles == {"": "No patient id", "known": "Patient 1"}


@pytest.mark.parametrize("patients", [["", "", ""], ["p1", "p2", "p2"]])
def test_that_a_folder_of_plain_images_is_titled_by_it_whoever_they_are_of(
    shell_session: Session, patients: list[str]
) -> None:
    rows: list[dict[str, object]] = [
        {"patient": patient, "study": "f", "series": "f", "stack": PLAIN_STACK, "modality": "",
         "series_number": None, "file": f"/scans/Chest teaching/{number}.png"}
        for number, patient in enumerate(patients)
    ]  # fmt: skip
    model = library_of(shell_session, rows)
    assert top_of(model) == [("Chest teaching", "3 images")]
    assert shell_session.images.name_of(1) == "1.png"


def test_that_a_later_study_says_how_many_days_after_the_first_it_was_made(
    shell_session: Session,
) -> None:
    rows: list[dict[str, object]] = [
        {"study": study, "series": f"{study}{n}", "series_number": n, "study_day": day,
         "study_description": f"Chest {study}", "series_description": f"S{n}"}
        for study, day in (("b", 514), ("a", 500))
        for n in (1, 2)
    ]  # fmt: skip
    model = library_of(shell_session, rows)
    studies = [(index.data(), index.data(DETAIL)) for index in of_kind(model, "study")]
    assert studies == [("Chest a", "2 images"), ("Chest b", "+14 d · 2 images")]


def test_that_an_irregular_series_says_what_is_irregular(shell_session: Session) -> None:
    rows: list[dict[str, object]] = [
        {"position": at, "position_xyz": [0.0, 0.0, at], "orientation": [1.0, 0, 0, 0, 1.0, 0]}
        for at in (0.0, 5.0, 10.0, 20.0)
    ]
    model = library_of(shell_session, rows)
    index = model.index(0, 0)
    words = "Uneven slice spacing: 5.00 to 10.00 mm (median 5.00 mm)."
    assert index.data(WARNINGS) == (words,)
    assert words in index.data(Qt.ItemDataRole.ToolTipRole)
    assert words in index.data(Qt.ItemDataRole.AccessibleTextRole)


def test_that_what_holds_dicom_is_called_by_what_is_in_it(shell_session: Session) -> None:
    rows: list[dict[str, object]] = [
        {"modality": "MR"},
        {"modality": "MR", "patient": "q"},
        {"modality": "CT", "patient": ""},
    ]
    assert scans_table(rows).summary == "MR, CT · 2 patients · 3 images"
    assert scans_table(rows[:1]).summary == "MR · 1 patient · 1 image"
    assert not scans_table(rows).all_plain


def test_that_a_body_part_is_not_said_twice(shell_session: Session) -> None:
    rows: list[dict[str, object]] = [
        {"patient": "p1", "body_part": "CHEST", "series_description": "chest PA"},
        {"patient": "p2", "body_part": "KNEE", "series_description": "T2 sag"},
    ]
    assert [detail for _, detail in top_of(library_of(shell_session, rows))] == [
        "MR · chest PA · 1 image",
        "MR · T2 sag · Knee · 1 image",
    ]


SCANS = [
    {"patient": f"p{n % 4}", "study": f"s{n % 8}", "series": f"u{n % 16}", "stack": f"{n % 3 == 0}",
     "series_number": n % 16, "instance_number": n, "position": float(n)}
    for n in range(48)
]  # fmt: skip


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.booleans(), min_size=len(SCANS), max_size=len(SCANS)))
def test_that_the_tree_holds_each_shown_image_once_in_the_order_of_its_series(
    shell_session: Session, shown: list[bool]
) -> None:
    model = library_of(shell_session, SCANS)
    images = shell_session.images
    shell_session.shown = np.array(shown)
    shell_session.shown_changed.emit()
    expected = [
        tuple(key for key in stack.image_ids if shown[images.row_of[key]])
        for patient in images.tree
        for study in patient.studies
        for stack in study.series
    ]
    leaves = of_kind(model, "series")
    assert [leaf.data(IMAGE_IDS) for leaf in leaves] == [ids for ids in expected if ids]
    assert model.series_count == len(leaves)
    for leaf in leaves:
        for image_id in leaf.data(IMAGE_IDS):
            assert model.index_of_image(image_id) == leaf
    for index in walk(model):
        children = [model.index(row, 0, index) for row in range(model.rowCount(index))]
        assert bool(children) == model.hasChildren(index)
        if children:
            assert index.data(IMAGE_IDS) == sum((each.data(IMAGE_IDS) for each in children), ())
            assert model.index_of_branch(index.data(KEY)) == index
    hidden = np.flatnonzero(~np.array(shown))
    assert not any(model.index_of_image(images.ids[row]).isValid() for row in hidden)
    model.deleteLater()


def test_that_a_long_list_is_shown_by_the_page_and_as_far_as_it_is_asked_for(
    shell_session: Session,
) -> None:
    count = 2 * PAGE + 10
    rows = [{"patient": f"p{n}", "study": f"s{n}", "series": f"u{n}"} for n in range(count)]
    model = library_of(shell_session, rows)
    QAbstractItemModelTester(model, STRICT, model)
    assert model.rowCount() == PAGE
    assert model.series_count == count
    model.show_more()
    assert model.rowCount() == 2 * PAGE
    last = model.index_of_image(str(count - 1))
    assert (last.row(), model.rowCount()) == (count - 1, count)
    model.show_more()
    assert model.rowCount() == count
