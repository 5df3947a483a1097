"""Who a scan is of, read on demand."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from planted_scans import plant
from pydicom import dcmread
from viewer_scans import ramp, write_scan

from vlm_explorer.errors import FileProblem
from vlm_explorer.files.patient_details import (
    NOTHING_KNOWN,
    PatientDetails,
    read_patient_details,
)


def test_that_details_are_what_the_header_says(tmp_path: Path) -> None:
    path = plant(tmp_path).scan
    dataset = dcmread(path)
    dataset.PatientSex, dataset.PatientAge = "F", "057Y"
    dataset.save_as(path)
    details = read_patient_details(path)
    assert details == PatientDetails(
        name="Zyxname, Zyxgiven",
        patient_id="ZYXID77",
        birth_date="1962-03-14",
        sex="F",
        age="57 years",
        study_date="2019-08-17",
        institution="Zyxhospital",
        accession_number="ZYXACC11",
    )
    assert details.lines == (
        "Zyxname, Zyxgiven",
        "Id ZYXID77",
        "born 1962-03-14, F, 57 years",
        "Study of 2019-08-17, Accession ZYXACC11",
        "Zyxhospital",
    )


def test_that_a_name_in_another_script_is_read(tmp_path: Path) -> None:
    path = write_scan(
        tmp_path / "a.dcm",
        ramp(),
        SpecificCharacterSet="ISO_IR 192",
        PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう",
    )
    assert read_patient_details(path).name == "Yamada, Tarou"
    path = write_scan(
        tmp_path / "b.dcm", ramp(), SpecificCharacterSet="ISO_IR 192", PatientName="=山田^太郎"
    )
    assert read_patient_details(path).name == "山田 太郎"


def test_that_values_that_make_no_sense_are_shown_as_they_are(tmp_path: Path) -> None:
    path = write_scan(tmp_path / "a.dcm", ramp())
    data = path.read_bytes()
    path.write_bytes(data.replace(b"ID-4711 ", b"\xff\xfe ?\x00\x01  "))
    assert read_patient_details(path).name == "Doe, Jane"


def test_that_ordinary_images_say_nothing_of_a_patient(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("L", (8, 8)).save(path)
    assert read_patient_details(path).lines == (NOTHING_KNOWN,)


def test_that_a_file_that_is_gone_is_a_problem_without_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileProblem) as caught:
        read_patient_details(tmp_path / "doe.dcm")
    assert "doe" not in str(caught.value).casefold()
