"""Headers of DICOM files: what they say, and why some are refused."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileDataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from vlm_explorer.errors import NotAnImage, UnreadableImage, UnsupportedImage
from vlm_explorer.files.dicom_header import ImageHeader, read_header
from vlm_explorer.files.open_errors import missing_decoder
from vlm_explorer.pixels.decode import read_frame


def wheel(name: str) -> Path:
    return Path(str(get_testdata_file(name)))


def changed(
    folder: Path, change: Callable[[FileDataset], None], name: str = "CT_small.dcm"
) -> Path:
    """A test file of pydicom, changed."""
    dataset = dcmread(wheel(name))
    change(dataset)
    path = folder / "changed.dcm"
    dataset.save_as(path)
    return path


def header_after(folder: Path, change: Callable[[FileDataset], None]) -> ImageHeader:
    return read_header(changed(folder, change))


def with_raw(folder: Path, tag: int, vr: str, value: bytes) -> Path:
    """CT_small with one element of arbitrary bytes, which pydicom would refuse to write."""
    dataset = dcmread(wheel("CT_small.dcm"))
    raw = RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)
    dataset._dict[Tag(tag)] = raw
    path = folder / "raw.dcm"
    dataset.save_as(path)
    return path


def test_that_a_header_says_what_the_file_says() -> None:
    dataset = dcmread(wheel("CT_small.dcm"))
    header = read_header(wheel("CT_small.dcm"))
    assert (header.modality, header.frames, header.rows, header.columns) == ("CT", 1, 128, 128)
    assert header.patient_id == dataset.PatientID
    assert header.study_uid == dataset.StudyInstanceUID
    assert header.series_uid == dataset.SeriesInstanceUID
    assert (header.series_number, header.instance_number) == (1, 1)
    assert header.sop_class == dataset.SOPClassUID
    assert header.photometric == "MONOCHROME2"
    assert header.study_date == dataset.StudyDate
    assert header.places[0].spacing == (0.661468, 0.661468)
    assert header.frame_of_reference == dataset.FrameOfReferenceUID
    assert header.series_time == f"{dataset.SeriesDate}{dataset.SeriesTime}"
    assert header.places[0].position_xyz == tuple(dataset.ImagePositionPatient)


def test_that_the_position_lies_along_the_normal_of_the_slice(tmp_path: Path) -> None:
    angle = math.radians(20)

    def tilt(dataset: FileDataset) -> None:
        dataset.ImageOrientationPatient = [1, 0, 0, 0, math.cos(angle), -math.sin(angle)]
        dataset.ImagePositionPatient = [-100, 7, 30]

    normal = np.array([0, math.sin(angle), math.cos(angle)])
    expected = float(np.dot(normal, [-100, 7, 30]))
    assert header_after(tmp_path, tilt).places[0].position == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("position", "orientation"),
    [(None, None), ([1, 2], [1, 0, 0, 0, 1, 0]), ([1, 2, 3], [0, 0, 0, 0, 0, 0])],
)
def test_that_a_slice_without_geometry_has_no_position(
    tmp_path: Path, position: list[int] | None, orientation: list[int] | None
) -> None:
    def change(dataset: FileDataset) -> None:
        dataset.ImagePositionPatient = position
        dataset.ImageOrientationPatient = orientation

    assert header_after(tmp_path, change).places[0].position is None


def test_that_what_splits_a_series_splits_the_stack(tmp_path: Path) -> None:
    def localizer(dataset: FileDataset) -> None:
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]

    def echo(dataset: FileDataset) -> None:
        dataset.EchoNumbers = 2

    def colour(dataset: FileDataset) -> None:
        dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "RGB", 3

    def phase(dataset: FileDataset) -> None:
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "P", "ND"]

    def size(dataset: FileDataset) -> None:
        dataset.Rows = 64

    changes = (localizer, echo, colour, phase, size)
    places = [header_after(tmp_path, change).places[0] for change in changes]
    plain = read_header(wheel("CT_small.dcm")).places[0]
    assert len({place.stack for place in (plain, *places)}) == 6
    assert [place.note for place in places] == ["localizer", "echo 2", "", "phase", ""]


def test_that_a_multi_frame_file_is_a_stack_of_its_own() -> None:
    header = read_header(wheel("examples_ybr_color.dcm"))
    dataset = dcmread(wheel("examples_ybr_color.dcm"), stop_before_pixels=True)
    assert header.frames == 30
    assert len(header.places) == 30
    assert {place.stack for place in header.places} == {header.places[0].stack}
    assert dataset.SOPInstanceUID in header.places[0].stack
    assert header.places[7].position is None


def test_that_frames_have_places_of_their_own_from_functional_groups(test_data: Path) -> None:
    path = test_data / "dicom" / "series" / "mr_enhanced" / "Philips_IM_0027_fMAP.dcm"
    places = read_header(path).places
    groups = dcmread(path, stop_before_pixels=True).PerFrameFunctionalGroupsSequence
    for place, group in zip(places, groups, strict=True):
        assert place.position_xyz == tuple(group.PlanePositionSequence[0].ImagePositionPatient)
        assert place.orientation == tuple(group.PlaneOrientationSequence[0].ImageOrientationPatient)
        assert place.spacing == (4.0, 4.0)
        assert place.temporal_position == 1
        assert ("field map" in place.note) == (
            group.MRImageFrameTypeSequence[0].FrameType[3] == "FIELD_MAP"
        )


def test_that_more_frames_than_are_described_have_places_all_the_same(tmp_path: Path) -> None:
    def change(dataset: FileDataset) -> None:
        group = Dataset()
        group.PlanePositionSequence = [Dataset()]
        group.PlanePositionSequence[0].ImagePositionPatient = [1, 2, 3]
        dataset.PerFrameFunctionalGroupsSequence = [group]
        dataset.NumberOfFrames = 3
        dataset.PixelData *= 3

    places = header_after(tmp_path, change).places
    own, shared = (1.0, 2.0, 3.0), tuple(dcmread(wheel("CT_small.dcm")).ImagePositionPatient)
    assert [place.position_xyz for place in places] == [own, shared, shared]


def test_that_identifiers_that_are_missing_are_made_of_the_folder(tmp_path: Path) -> None:
    def change(dataset: FileDataset) -> None:
        del dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.PatientID

    header = header_after(tmp_path, change)
    assert header.study_uid == str(tmp_path)
    assert header.series_uid == f"{tmp_path} CT"
    assert header.patient_id == ""


@pytest.mark.parametrize("value", [b"0 ", b"1A", b"", b"-3", b"NaN "])
def test_that_a_number_of_frames_that_is_none_counts_as_one(tmp_path: Path, value: bytes) -> None:
    assert read_header(with_raw(tmp_path, 0x00280008, "IS", value)).frames == 1


@pytest.mark.parametrize(
    ("tag", "vr"),
    [(0x00200011, "IS"), (0x00200013, "IS"), (0x00280030, "DS"), (0x00200032, "DS")],
)
@pytest.mark.parametrize("value", [b"127.", b"x\\y ", b"\xff\xfe", b"NaN ", b"00500\\005"])
def test_that_junk_in_an_element_never_costs_the_file(
    tmp_path: Path, tag: int, vr: str, value: bytes
) -> None:
    header = read_header(with_raw(tmp_path, tag, vr, value + b" " * (len(value) % 2)))
    assert (header.rows, header.columns) == (128, 128)


@pytest.mark.parametrize(
    "charset", ["ISO 2022 IR 87", "GB18030", "nonsense", "ISO_IR 192\\ISO 2022 IR 13", "\\"]
)
def test_that_no_character_set_costs_the_file(tmp_path: Path, charset: str) -> None:
    path = with_raw(tmp_path, 0x0008103E, "LO", b"\x1b$B;3ED\xff\xfe\x80 \xc4")
    data = path.read_bytes()
    at = data.index(b"\x08\x00\x08\x00CS")  # Image Type, which comes after the character set
    field = charset.encode() + b" " * (len(charset) % 2)
    element = b"\x08\x00\x05\x00CS" + len(field).to_bytes(2, "little") + field
    path.write_bytes(data[:at] + element + data[at:])
    header = read_header(path)
    assert (header.rows, header.columns) == (128, 128)
    assert read_frame(path).values.shape == (128, 128)


def test_that_rows_given_twice_are_read_once(tmp_path: Path) -> None:
    path = with_raw(tmp_path, 0x00280010, "US", b"\x80\x00\x40\x00")
    assert read_header(path).rows == 128


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("DICOMDIR", "DICOMDIR"),
        ("dicomdirtests/DICOMDIR-bigEnd", "DICOMDIR"),
        ("reportsi.dcm", "structured report"),
        ("test-SR.dcm", "structured report"),
        ("rtplan.dcm", "radiotherapy plan"),
        ("rtplan_truncated.dcm", "radiotherapy plan"),
        ("rtstruct.dcm", "radiotherapy structure set"),
        ("waveform_ecg.dcm", "ECG waveform"),
        ("liver_1frame.dcm", "segmentation"),
        ("UN_sequence.dcm", "CT Image without pixel data"),
        ("dicomdirtests/TINY_ALPHA/PT000000/ST000000/SE000000/IM000000", "without pixel data"),
    ],
)
def test_that_what_is_no_picture_is_named(name: str, words: str) -> None:
    with pytest.raises(NotAnImage, match=words):
        read_header(wheel(name))


@pytest.mark.parametrize(
    ("uid", "words"),
    [
        ("1.2.840.10008.5.1.4.1.1.104.1", "PDF document"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "presentation state"),
        ("1.2.840.10008.5.1.4.1.1.88.59", "key object selection"),
        ("1.2.840.10008.5.1.4.1.1.66.1", "spatial registration"),
        ("1.2.840.10008.5.1.4.1.1.66", "raw data"),
        ("1.2.840.10008.5.1.4.1.1.200.3", "Protocol Approval"),
        ("1.2.3.4", "DICOM object without pixel data"),
    ],
)
def test_that_each_sort_of_object_has_a_name(tmp_path: Path, uid: str, words: str) -> None:
    def change(dataset: FileDataset) -> None:
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = uid
        del dataset.PixelData

    with pytest.raises(NotAnImage, match=words):
        header_after(tmp_path, change)


def test_that_the_pixels_of_an_icon_are_not_those_of_the_file(tmp_path: Path) -> None:
    def change(dataset: FileDataset) -> None:
        icon = Dataset()
        icon.Rows = icon.Columns = 2
        icon.BitsAllocated = 8
        icon.PixelData = bytes(4)
        dataset.IconImageSequence = Sequence([icon])
        del dataset.PixelData

    with pytest.raises(NotAnImage, match="without pixel data"):
        header_after(tmp_path, change)


@pytest.mark.parametrize(
    ("syntax", "words"),
    [
        ("1.2.840.10008.1.2.4.102", "MPEG-4 video"),
        ("1.2.840.10008.1.2.4.54", "JPEG Spectral Selection"),
        ("1.2.840.113619.5.2", r"unknown compression \(1\.2\.840\.113619\.5\.2\)"),
    ],
)
def test_that_an_encoding_without_a_decoder_is_named(
    tmp_path: Path, syntax: str, words: str
) -> None:
    path = changed(tmp_path, lambda dataset: None)
    old = b"1.2.840.10008.1.2.1\x00"
    data = path.read_bytes()
    at = data.index(b"\x02\x00\x10\x00UI")
    assert data[at + 8 : at + 8 + len(old)] == old
    new = syntax.encode() + b"\x00" * (len(syntax) % 2)
    field = b"\x02\x00\x10\x00UI" + len(new).to_bytes(2, "little") + new
    path.write_bytes(data[:at] + field + data[at + 8 + len(old) :])
    with pytest.raises(UnsupportedImage, match=words) as caught:
        read_header(path)
    assert caught.value.hint


def test_that_no_more_frames_are_believed_than_one_beyond_those_that_are_there(
    tmp_path: Path,
) -> None:
    def change(dataset: FileDataset) -> None:
        dataset.NumberOfFrames = 2_000_000_000

    header = header_after(tmp_path, change)
    assert header.frames == 2
    assert len(header.places) == 2


def test_that_a_deflated_file_is_read_and_one_that_inflates_without_end_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_header(wheel("image_dfl.dcm")).rows == 512
    data = wheel("image_dfl.dcm").read_bytes()
    meta = dcmread(wheel("image_dfl.dcm")).file_meta
    start = 144 + meta.FileMetaInformationGroupLength
    deflate = zlib.compressobj(wbits=-15)
    bomb = deflate.compress(bytes(1 << 24)) + deflate.flush()
    path = tmp_path / "bomb.dcm"
    path.write_bytes(data[:start] + bomb)
    monkeypatch.setattr("vlm_explorer.files.dicom_dataset._MOST_INFLATED", 1 << 22)
    with pytest.raises(UnsupportedImage, match="unpacked"):
        read_header(path)


def test_that_a_file_that_is_gone_is_said_to_be_gone_without_its_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match="not there") as caught:
        read_header(tmp_path / "Doe^John.dcm")
    assert "Doe" not in str(caught.value)


def test_that_an_image_cut_within_an_element_is_unreadable(tmp_path: Path) -> None:
    data = wheel("CT_small.dcm").read_bytes()
    path = tmp_path / "cut.dcm"
    at = data.index(b"\x18\x00\x50\x00DS")  # Slice Thickness
    for length in (at + 9, at - 1):
        path.write_bytes(data[:length])
        with pytest.raises(UnreadableImage, match="ends before"):
            read_header(path)


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_implicit.dcm", "rtstruct.dcm"])
def test_that_a_file_cut_anywhere_is_a_file_problem(tmp_path: Path, name: str) -> None:
    data = wheel(name).read_bytes()
    path = tmp_path / "cut.dcm"
    end = data.find(b"\xe0\x7f\x10\x00")
    for length in range(132, end if end > 0 else len(data), 41):
        path.write_bytes(data[:length])
        with pytest.raises((NotAnImage, UnreadableImage)):
            read_header(path)


def test_that_a_missing_decoder_is_named_with_what_to_install() -> None:
    assert str(missing_decoder("1.2.840.10008.1.2.4.51")) == (
        "The decoder for JPEG Extended (12 bit) is not installed. "
        "Install it: pip install 'vlm-explorer[codecs]'"
    )
