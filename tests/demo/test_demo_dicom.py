import warnings
from collections import defaultdict

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_modality_lut, apply_windowing
from pydicom.uid import ExplicitVRLittleEndian

from vlm_explorer.demo.dicom_writer import SOP_CLASSES, uid_of
from vlm_explorer.demo.study import generate_case

NEEDED = {
    "CR": ("ViewPosition", "PatientOrientation", "PixelSpacing"),
    "DX": ("PresentationIntentType", "PresentationLUTShape", "ImagerPixelSpacing", "ViewPosition"),
    "MG": ("ImageLaterality", "ViewCodeSequence", "PresentationIntentType", "PositionerType"),
    "CT": ("RescaleSlope", "RescaleIntercept", "ImagePositionPatient", "SliceThickness", "KVP"),
    "MR": ("RepetitionTime", "EchoTime", "ScanningSequence", "ImageOrientationPatient"),
    "US": ("SequenceOfUltrasoundRegions",),
}


@pytest.fixture(scope="module")
def datasets(written_study):
    folder, _, _ = written_study
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return [pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


@pytest.mark.slow
def test_that_files_are_of_their_sop_class_and_transfer_syntax(datasets):
    assert {ds.Modality for ds in datasets} == set(SOP_CLASSES)
    for ds in datasets:
        assert ds.SOPClassUID == ds.file_meta.MediaStorageSOPClassUID == SOP_CLASSES[ds.Modality]
        assert ds.SOPInstanceUID == ds.file_meta.MediaStorageSOPInstanceUID
        assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert ds.preamble == b"\0" * 128


def test_that_every_value_is_valid_for_its_representation(datasets):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for ds in datasets:
            for element in ds.iterall():
                assert element.value is not None or element.is_empty
            assert ds.PatientID.startswith("DEMO-")


@pytest.mark.parametrize("modality", sorted(NEEDED))
def test_that_the_attributes_of_the_modality_are_there(datasets, modality):
    for ds in datasets:
        if ds.Modality == modality:
            assert all(keyword in ds for keyword in NEEDED[modality])


def test_that_instances_are_unique_and_a_study_belongs_to_one_patient(datasets):
    assert len({ds.SOPInstanceUID for ds in datasets}) == len(datasets)
    patients = defaultdict(set)
    for ds in datasets:
        patients[ds.StudyInstanceUID].add(ds.PatientID)
    assert all(len(ids) == 1 for ids in patients.values())
    assert len(patients) == len({ds.PatientID for ds in datasets})


def test_that_a_series_sorted_by_position_has_regular_spacing(datasets):
    series = defaultdict(list)
    for ds in datasets:
        if ds.Modality in ("CT", "MR"):
            series[ds.SeriesInstanceUID].append(ds)
    assert len(series) > 5
    for slices in series.values():
        along = slices[0].ImageOrientationPatient
        normal = np.cross(along[:3], along[3:])
        places = sorted(float(np.dot(normal, ds.ImagePositionPatient)) for ds in slices)
        steps = np.diff(places)
        assert np.all(steps > 0)
        np.testing.assert_allclose(steps, steps[0] if len(steps) else 0, atol=1e-3)
        assert len({tuple(ds.PixelSpacing) for ds in slices}) == 1
        assert len({ds.FrameOfReferenceUID for ds in slices}) == 1


@pytest.mark.slow
def test_that_pydicom_renders_a_file_as_the_generator_does(datasets, written_study):
    _, _, seed = written_study
    by_patient = defaultdict(list)
    for ds in datasets:
        by_patient[int(ds.PatientID.removeprefix("DEMO-")) - 1].append(ds)
    for index, files in sorted(by_patient.items()):
        images = {(i.geometry.series, i.geometry.instance): i for i in generate_case(seed, index)}
        for ds in files:
            image = images[int(ds.SeriesNumber), int(ds.InstanceNumber)]
            np.testing.assert_array_equal(ds.pixel_array, image.stored)
            values = apply_windowing(apply_modality_lut(ds.pixel_array, ds), ds)
            low, high = output_range(ds)
            grey = np.clip((values - low) / (high - low), 0, 1) * 255
            if ds.PhotometricInterpretation == "MONOCHROME1":
                grey = 255 - grey
            assert np.abs(grey - image.rendered().astype(float)).max() <= 2
            assert grey.std() > 20


def output_range(ds) -> tuple[float, float]:
    """The range that pydicom's windowing maps to: that of the stored values, rescaled."""
    bits = ds.BitsStored
    low = -(2 ** (bits - 1)) if ds.PixelRepresentation else 0
    high = low + 2**bits - 1
    slope, intercept = float(ds.get("RescaleSlope", 1)), float(ds.get("RescaleIntercept", 0))
    return low * slope + intercept, high * slope + intercept


def test_that_uids_are_valid_and_depend_on_every_part():
    uids = {uid_of(seed, patient, "series") for seed in range(5) for patient in "abc"}
    assert len(uids) == 15
    assert all(uid.is_valid and len(uid) <= 64 for uid in uids)


def test_that_some_radiographs_are_stored_inverted_and_shown_alike(datasets):
    kinds = {ds.PhotometricInterpretation for ds in datasets if ds.Modality in ("CR", "DX")}
    assert kinds == {"MONOCHROME1", "MONOCHROME2"}
