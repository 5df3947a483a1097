from __future__ import annotations

import dataclasses
import gzip
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from made_maps import explanation_of
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from vlm_explorer.export.dicom_map import (
    PADDING,
    DicomMap,
    write_parametric_map,
    write_secondary_capture,
)
from vlm_explorer.export.dicom_source import read_source
from vlm_explorer.pixels.decode import read_frame

highdicom = pytest.importorskip("highdicom", reason="pyjpegls has no wheel for this Python")

SALT = b"0123456789abcdef"
SECRETS = {
    "PatientName": "Winterbottom^Agatha",
    "PatientID": "MRN4711",
    "PatientBirthDate": "19320517",
    "AccessionNumber": "ACC0815",
    "StudyDate": "20140229"[:6] + "28",
    "InstitutionName": "St. Elsewhere",
    "ReferringPhysicianName": "Craig^Mark",
    "StudyDescription": "Thorax of Agatha",
    "SeriesDescription": "Winterbottom axial",
    "OperatorsName": "Ehrlich^Victor",
    "OtherPatientIDs": "PASSPORT9",
    "PatientAddress": "Baker Street 221b",
    "BodyPartExamined": "AGATHA CHEST",
    "StudyInstanceUID": "1.2.3.4.111111",
    "SeriesInstanceUID": "1.2.3.4.222222",
    "SOPInstanceUID": "1.2.3.4.333333",
    "FrameOfReferenceUID": "1.2.3.4.444444",
}


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = get_testdata_file("CT_small.dcm", download=False)
    assert source is not None
    dataset = pydicom.dcmread(source)
    for keyword, value in SECRETS.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.add_new(0x00990010, "LO", "PRIVATE AGATHA")
    path = tmp_path_factory.mktemp("scan") / "agatha.dcm"
    dataset.save_as(path)
    return path


def made_of(path: Path, **wanted: object) -> DicomMap:
    frame = read_frame(path, 0)
    explanation = explanation_of(frame.values.shape[:2], prompts=("large heart, é \\ 心",))
    return DicomMap(explanation, read_source(path, frame, 0, salt=SALT, **wanted), frame)


def values_of(dataset: Dataset) -> np.ndarray:
    pixels = dataset.pixel_array
    return np.where(pixels == np.float32(dataset.FloatPixelPaddingValue), np.nan, pixels)


def test_that_a_parametric_map_gives_back_every_raw_value_and_what_was_never_seen(
    scan: Path, tmp_path: Path
) -> None:
    made = made_of(scan)
    write_parametric_map(made, tmp_path / "map.dcm")
    dataset = pydicom.dcmread(tmp_path / "map.dcm")
    overlay = made.explanation.overlay_of(0)
    assert np.isnan(overlay).any()
    assert dataset.pixel_array.dtype == np.float32
    np.testing.assert_array_equal(values_of(dataset), overlay)
    own = highdicom.pm.ParametricMap.from_dataset(dataset)
    mapping = own.PerFrameFunctionalGroupsSequence[0] if "RealWorldValueMappingSequence" in (
        own.PerFrameFunctionalGroupsSequence[0]
    ) else own.SharedFunctionalGroupsSequence[0]  # fmt: skip
    (mapped,) = mapping.RealWorldValueMappingSequence
    assert mapped.DoubleFloatRealWorldValueFirstValueMapped == np.nanmin(overlay)
    assert mapped.DoubleFloatRealWorldValueLastValueMapped == np.nanmax(overlay)
    assert np.nanmin(overlay) > dataset.FloatPixelPaddingValue
    assert mapped.MeasurementUnitsCodeSequence[0].CodingSchemeDesignator == "UCUM"
    assert "large heart, é 心" in mapped.LUTExplanation
    shown = read_frame(tmp_path / "map.dcm", 0)
    assert shown.values.shape == overlay.shape
    seen = np.isfinite(overlay)
    np.testing.assert_array_equal(shown.values[seen], overlay[seen])


@pytest.mark.parametrize(
    ("part", "laterality", "code", "side"),
    [
        ("CHEST", "", "816094009", "U"),
        ("BREAST", "L", "76752008", "L"),
        ("C SPINE", "R?", "122494005", "U"),
        ("MY OWN PART", "B", "85756007", "B"),
        ("", "", "85756007", "U"),
    ],
)
def test_that_a_map_says_which_part_of_the_body_it_shows(
    scan: Path, tmp_path: Path, part: str, laterality: str, code: str, side: str
) -> None:
    made = made_of(scan)
    made = dataclasses.replace(
        made, source=dataclasses.replace(made.source, body_part=part, laterality=laterality)
    )
    write_parametric_map(made, tmp_path / "map.dcm")
    dataset = pydicom.dcmread(tmp_path / "map.dcm")
    (anatomy,) = dataset.SharedFunctionalGroupsSequence[0].FrameAnatomySequence
    assert anatomy.AnatomicRegionSequence[0].CodeValue == code
    assert anatomy.FrameLaterality == side
    assert dataset.ContentCreatorName == ""


@pytest.mark.skipif(shutil.which("paramap2itkimage") is None, reason="dcmqi is not installed")
def test_that_another_program_reads_the_same_values_at_the_same_place(
    scan: Path, tmp_path: Path
) -> None:
    made = made_of(scan, keep_uids=True)
    write_parametric_map(made, tmp_path / "map.dcm")
    read = subprocess.run(
        ["paramap2itkimage", "--inputDICOM", tmp_path / "map.dcm", "--outputDirectory", tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "W:" not in read.stderr
    head, packed = (tmp_path / "pmap.nrrd").read_bytes().split(b"\n\n", 1)
    fields = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
    assert (fields["type"], fields["encoding"]) == ("float", "gzip")
    rows, columns = made.explanation.overlay_of(0).shape
    assert fields["sizes"] == f"{columns} {rows} 1"
    values = np.frombuffer(gzip.decompress(packed), "<f4").reshape(rows, columns)
    values = np.where(values == np.float32(PADDING), np.nan, values)
    np.testing.assert_array_equal(values, made.explanation.overlay_of(0))
    origin = [float(part) for part in fields["space origin"].strip("()").split(",")]
    np.testing.assert_allclose(origin, pydicom.dcmread(scan).ImagePositionPatient, atol=1e-4)


def test_that_a_map_lies_where_its_scan_lies(scan: Path, tmp_path: Path) -> None:
    write_parametric_map(made_of(scan, keep_uids=True), tmp_path / "map.dcm")
    source, dataset = pydicom.dcmread(scan), pydicom.dcmread(tmp_path / "map.dcm")
    shared = dataset.SharedFunctionalGroupsSequence[0]
    groups = dataset.PerFrameFunctionalGroupsSequence[0]
    place = groups if "PlanePositionSequence" in groups else shared
    position = place.PlanePositionSequence[0].ImagePositionPatient
    np.testing.assert_allclose(position, source.ImagePositionPatient)
    orientation = shared.PlaneOrientationSequence[0].ImageOrientationPatient
    np.testing.assert_allclose(orientation, source.ImageOrientationPatient)
    np.testing.assert_allclose(
        shared.PixelMeasuresSequence[0].PixelSpacing, source.PixelSpacing, rtol=1e-9
    )
    assert dataset.FrameOfReferenceUID == source.FrameOfReferenceUID
    assert dataset.StudyInstanceUID == source.StudyInstanceUID
    (reference,) = dataset.SourceImageSequence
    assert reference.ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert reference.ReferencedSOPClassUID == source.SOPClassUID
    assert "kept on request" in " ".join(dataset.DeidentificationMethod)


def test_that_nothing_of_who_a_scan_is_of_gets_into_either_object(
    scan: Path, tmp_path: Path
) -> None:
    made = made_of(scan)
    write_parametric_map(made, tmp_path / "map.dcm")
    write_secondary_capture(made, np.zeros((8, 8, 3), np.uint8), tmp_path / "capture.dcm")
    for name in ("map.dcm", "capture.dcm"):
        data = (tmp_path / name).read_bytes()
        for value in (*SECRETS.values(), "Agatha", "Winterbottom", "AGATHA", str(scan.parent)):
            assert value.encode() not in data
        dataset = pydicom.dcmread(tmp_path / name)
        assert dataset.PatientIdentityRemoved == "YES"
        assert dataset.DeidentificationMethod
        assert dataset.StudyDate == ""
        assert "not for diagnosis" in bytes(dataset.ImageComments, "utf-8").decode().lower()


def test_that_equal_salts_keep_maps_of_a_study_together_and_others_do_not(scan: Path) -> None:
    frame = read_frame(scan, 0)
    one, same = (read_source(scan, frame, 0, salt=SALT) for _ in range(2))
    other = read_source(scan, frame, 0, salt=b"another salt 123")
    assert one == same
    assert not {one.patient, one.study, one.series} & {other.patient, other.study, other.series}


def test_that_a_scan_without_a_place_says_that_the_maps_place_is_nominal(tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "plain.png"
    Image.fromarray(np.arange(600, dtype=np.uint8).reshape(20, 30)).save(path)
    made = made_of(path)
    write_parametric_map(made, tmp_path / "map.dcm")
    dataset = pydicom.dcmread(tmp_path / "map.dcm")
    np.testing.assert_array_equal(values_of(dataset), made.explanation.overlay_of(0))
    assert "no known place" in dataset.ImageComments
    assert "pixel size are nominal" in dataset.ImageComments


def test_that_values_below_the_usual_padding_are_kept(scan: Path, tmp_path: Path) -> None:
    made = made_of(scan)
    low = dataclasses.replace(
        made.explanation, grid=made.explanation.grid + np.float32(2 * PADDING)
    )
    write_parametric_map(dataclasses.replace(made, explanation=low), tmp_path / "map.dcm")
    dataset = pydicom.dcmread(tmp_path / "map.dcm")
    np.testing.assert_array_equal(values_of(dataset), low.overlay_of(0))
