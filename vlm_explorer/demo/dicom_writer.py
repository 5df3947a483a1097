"""The synthetic pictures as DICOM files of their proper SOP classes (PS3.3 annex A)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from vlm_explorer.demo.image import DemoImage

SOP_CLASSES: dict[str, str] = {
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "MG": "1.2.840.10008.5.1.4.1.1.1.2",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
}
_DATE, _TIME = "20240102", "120000"


def uid_of(*parts: object) -> UID:
    """A UID derived from the parts alone (PS3.5 B.2: 2.25 and a 128-bit number)."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return UID(f"2.25.{int.from_bytes(digest[:16], 'big')}")


def write_dicom(image: DemoImage, path: Path, seed: int) -> None:
    """Write one picture; equal pictures and seeds give equal bytes.

    Args:
        image: the picture.
        path: where; the folder must exist.
        seed: the study's seed, part of the UIDs.
    """
    ds = dataset_of(image, seed)
    ds.save_as(path, enforce_file_format=True)


def dataset_of(image: DemoImage, seed: int) -> FileDataset:
    """The complete DICOM data set of one picture."""
    place = image.geometry
    sop_class = UID(SOP_CLASSES[image.modality])
    instance = uid_of(seed, place.patient, place.series, place.instance, "instance")
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = instance
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = uid_of("vlm-explorer", "demo study")
    meta.ImplementationVersionName = "VLM_EXPLORER"
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, instance
    _patient_and_study(ds, image, seed)
    _pixels(ds, image)
    special = {"CR": _radiograph, "DX": _radiograph, "MG": _mammogram}
    special |= {"CT": _ct, "MR": _mr, "US": _ultrasound}
    special[image.modality](ds, image)
    if place.position is not None:
        _plane(ds, image, seed)
    return ds


def _patient_and_study(ds: Dataset, image: DemoImage, seed: int) -> None:
    place = image.geometry
    ds.PatientID = place.patient
    ds.PatientName = f"Demo^{place.patient}"
    ds.PatientBirthDate = ""
    ds.PatientSex = place.sex
    ds.PatientAge = f"{place.age:03d}Y"
    ds.StudyInstanceUID = uid_of(seed, place.patient, "study")
    ds.SeriesInstanceUID = uid_of(seed, place.patient, place.series, "series")
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = ds.AcquisitionDate = _DATE
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = ds.AcquisitionTime = _TIME
    ds.StudyID = "1"
    ds.AccessionNumber = ""
    ds.ReferringPhysicianName = ""
    ds.Modality = image.modality
    ds.Manufacturer = "Synthetic"
    ds.ManufacturerModelName = "Demo study"
    ds.SoftwareVersions = "1"
    ds.DeviceSerialNumber = "1"
    ds.SeriesNumber = place.series
    ds.InstanceNumber = place.instance
    words = (image.region, image.view if image.view != image.region else "", image.sequence)
    ds.SeriesDescription = " ".join(w for w in words if w)
    ds.StudyDescription = f"Synthetic {image.region}"
    ds.ImageType = ["ORIGINAL", "PRIMARY"]


def _pixels(ds: Dataset, image: DemoImage) -> None:
    stored = np.ascontiguousarray(image.stored)
    bits = stored.dtype.itemsize * 8
    used = bits if image.modality in ("CT", "MR", "US") else 12
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = image.photometric
    ds.Rows, ds.Columns = stored.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, used, used - 1
    ds.PixelRepresentation = int(stored.dtype.kind == "i")
    ds.WindowCenter, ds.WindowWidth = f"{image.window[0]:g}", f"{image.window[1]:g}"
    if bits == 8:
        ds.add_new("PixelData", "OB", stored.tobytes())
    else:
        ds.add_new("PixelData", "OW", stored.astype(stored.dtype.newbyteorder("<")).tobytes())
    ds.LossyImageCompression = "00"
    ds.BurnedInAnnotation = "NO"


def _plane(ds: Dataset, image: DemoImage, seed: int) -> None:
    place = image.geometry
    assert place.position is not None
    ds.FrameOfReferenceUID = uid_of(seed, place.patient, "frame of reference")
    ds.PositionReferenceIndicator = ""
    ds.ImagePositionPatient = [f"{v:.4f}" for v in place.position]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.PixelSpacing = [f"{v:.6f}" for v in place.spacing]
    ds.SliceThickness = f"{place.thickness:g}"
    ds.SliceLocation = f"{place.position[2]:.4f}"
    ds.PatientPosition = "HFS"
    ds.BodyPartExamined = image.region.upper()


def _ct(ds: Dataset, image: DemoImage) -> None:
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.RescaleSlope, ds.RescaleIntercept = f"{image.slope:g}", f"{image.intercept:g}"
    ds.RescaleType = "HU"
    ds.KVP = "120"
    ds.AcquisitionNumber = 1
    if image.geometry.contrast_agent:
        ds.ContrastBolusAgent = "Iodinated"


def _mr(ds: Dataset, image: DemoImage) -> None:
    repetition, echo, inversion = image.geometry.timing or (0.0, 0.0, 0.0)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "SE"]
    ds.ScanningSequence = ["SE", "IR"] if inversion else "SE"
    ds.SequenceVariant = "SK"
    ds.ScanOptions = ""
    ds.MRAcquisitionType = "2D"
    ds.RepetitionTime, ds.EchoTime = f"{repetition:.1f}", f"{echo:.1f}"
    if inversion:
        ds.InversionTime = f"{inversion:.1f}"
    ds.EchoTrainLength = 1
    ds.MagneticFieldStrength = "1.5"
    ds.SpacingBetweenSlices = f"{image.geometry.spacing_between:g}"
    if image.geometry.contrast_agent:
        ds.ContrastBolusAgent = "Gadolinium"


def _radiograph(ds: Dataset, image: DemoImage) -> None:
    ds.BodyPartExamined = "CHEST"
    ds.ViewPosition = "PA" if image.view == "PA" else "LL"
    ds.PatientOrientation = ["L", "F"] if image.view == "PA" else ["P", "F"]
    spacing = [f"{v:.6f}" for v in image.geometry.spacing]
    ds.ImagerPixelSpacing = spacing
    ds.KVP = "110"
    if image.modality == "CR":
        ds.PixelSpacing = spacing
        ds.CassetteOrientation, ds.PlateType = "PORTRAIT", ""
        return
    _for_presentation(ds, image)
    ds.ImageLaterality = "U"


def _for_presentation(ds: Dataset, image: DemoImage) -> None:
    ds.ImageType = ["DERIVED", "PRIMARY"]
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.PresentationLUTShape = "IDENTITY" if image.photometric == "MONOCHROME2" else "INVERSE"
    ds.PixelIntensityRelationship = "LOG"
    ds.PixelIntensityRelationshipSign = 1 if image.photometric == "MONOCHROME1" else -1
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = "1", "0", "US"
    ds.DetectorType = "SCINTILLATOR"
    ds.AcquisitionContextSequence = []
    region = {"chest": ("51185008", "Chest"), "breast": ("76752008", "Breast")}[image.region]
    ds.AnatomicRegionSequence = [_code(region[0], "SCT", region[1])]


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _mammogram(ds: Dataset, image: DemoImage) -> None:
    _for_presentation(ds, image)
    left = image.geometry.laterality == "L"
    ds.BodyPartExamined = "BREAST"
    ds.ImageLaterality = image.geometry.laterality
    ds.OrganExposed = "BREAST"
    ds.ViewPosition = image.view
    ds.PatientOrientation = [
        "A" if left else "P",
        ("FR" if left else "FL") if image.view == "MLO" else ("R" if left else "L"),
    ]
    ds.ImagerPixelSpacing = [f"{v:.6f}" for v in image.geometry.spacing]
    ds.KVP = "29"
    ds.PositionerType = "MAMMOGRAPHIC"
    view = {
        "MLO": _code("399368009", "SCT", "medio-lateral oblique"),
        "CC": _code("399162004", "SCT", "cranio-caudal"),
    }[image.view]
    view.ViewModifierCodeSequence = []
    ds.ViewCodeSequence = [view]


def _ultrasound(ds: Dataset, image: DemoImage) -> None:
    ds.BodyPartExamined = image.view.upper()
    ds.PatientOrientation = ""
    region = Dataset()
    region.RegionSpatialFormat = 1
    region.RegionDataType = 1
    region.RegionFlags = 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 0, 0
    region.RegionLocationMaxX1 = ds.Columns - 1
    region.RegionLocationMaxY1 = ds.Rows - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = image.geometry.spacing[1] / 10
    region.PhysicalDeltaY = image.geometry.spacing[0] / 10
    ds.SequenceOfUltrasoundRegions = [region]
