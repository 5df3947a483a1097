"""What a run notes of each image, and what it reads again after the rules have changed."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import lance
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from viewer_scans import ramp, write_scan

from vlm_explorer.collection.records import DESCRIBED, ImageRecord
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.files.header import PLAIN_STACK
from vlm_explorer.pipeline import decoding
from vlm_explorer.pipeline.indexing import index

FRAME_OF_REFERENCE = "1.2.826.0.1.3680043.8.498.77"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    folder.mkdir()
    for number, date in ((1, "20190817"), (2, "20190831")):
        write_scan(
            folder / f"{number}.dcm",
            ramp() + number,
            number=number,
            series=f"1.2.{number}",
            StudyInstanceUID=f"1.{number}",
            StudyDate=date,
            StudyDescription="Chest",
            SeriesDescription="Axial",
            SeriesTime="101500",
            FrameOfReferenceUID=FRAME_OF_REFERENCE,
        )
    return folder


def described(place: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = Collection(place).described_images.to_pylist()
    return sorted(rows, key=lambda row: str(row["file"]))


def test_that_place_and_description_are_noted_and_dates_only_as_their_distance(
    study: Path, encoder: Encoder, tmp_path: Path
) -> None:
    place = tmp_path / "own.vlmx"
    index([study], to=place, encoder=encoder, workers=1)
    first, second = described(place)
    assert first["position_xyz"] == [0.0, 0.0, 1.0]
    assert first["orientation"] == [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    assert first["spacing"] == [0.5, 0.5]
    assert (first["series_description"], first["study_description"]) == ("Axial", "Chest")
    assert first["frame_of_reference"] == second["frame_of_reference"] != FRAME_OF_REFERENCE
    days = [row["study_day"] for row in (first, second)]
    assert isinstance(days[0], int)
    assert isinstance(days[1], int)
    assert days[1] - days[0] == 14
    assert {row["described"] for row in (first, second)} == {DESCRIBED}


def test_that_plain_images_are_known_as_such(scans: Path, encoder: Encoder, tmp_path: Path) -> None:
    place = tmp_path / "own.vlmx"
    index([scans], to=place, encoder=encoder, workers=1)
    for row in described(place):
        plain = not str(row["file"]).endswith("ct")
        assert (row["stack"] == PLAIN_STACK) == plain


def test_that_an_old_collection_is_described_anew_without_decoding(
    study: Path, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "own.vlmx"
    index([study], to=place, encoder=encoder, workers=1)
    expected = described(place)
    names = [field.name for field in fields(ImageRecord)]
    lance.dataset(str(place / "images.lance")).drop_columns(names[names.index("described") :])
    manifest = place / "collection.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 1}))
    assert described(place)[0]["series_description"] is None

    def refuse(*_: object) -> None:
        raise AssertionError("nothing may be decoded again")

    monkeypatch.setattr(decoding, "decode_file", refuse)
    report = index([study], to=place, encoder=encoder, workers=1)
    assert (report.encoded, report.reused) == (0, 2)
    assert described(place) == expected
    assert len(Collection(place).thumbnails([str(expected[0]["image_id"])])) == 1


def test_that_another_version_of_a_dicom_object_is_kept_and_said(
    tmp_path: Path, encoder: Encoder
) -> None:
    scans, place = tmp_path / "scans", tmp_path / "own.vlmx"
    scans.mkdir()
    dataset = dcmread(str(get_testdata_file("CT_small.dcm")))
    dataset.save_as(scans / "first.dcm")
    dataset.save_as(scans / "same.dcm")
    report = index([scans], to=place, encoder=encoder, workers=1)
    assert (report.images, report.warnings) == (1, ())
    dataset.PatientName = "Corrected^Name"
    dataset.save_as(scans / "again.dcm")
    report = index([scans], to=place, encoder=encoder, workers=1)
    assert (report.images, len(report.warnings)) == (2, 1)
    assert "several versions under one identifier: 1." in report.warnings[0]
    collection = Collection(place)
    assert "sop_instance" not in collection.images.column_names
    assert dataset.SOPInstanceUID not in str(collection.described_images.to_pylist())
