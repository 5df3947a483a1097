"""What becomes of DICOM files that are odd, old or incomplete."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRBigEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit

from vlm_explorer.errors import NotAnImage, UnreadableImage, UnsupportedImage, UsageError
from vlm_explorer.pixels import encapsulated
from vlm_explorer.pixels.decode import count_frames, read_frame
from vlm_explorer.pixels.render import render, render_frame
from vlm_explorer.pixels.windowing import Window

MakeDicom = Callable[..., Path]
Wheel = Callable[[str], Path]

RAMP = np.arange(-1024, 1024, dtype=np.int16).reshape(32, 64)
BYTES = np.arange(256, dtype=np.uint8).reshape(16, 16)


def raw(path: Path, tag: int, vr: str, value: bytes) -> Path:
    """Give an element bytes that pydicom would refuse to write."""
    dataset = dcmread(path)
    element = RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)
    dataset._dict[Tag(tag)] = element
    dataset.save_as(path)
    return path


# Inversion


@pytest.mark.parametrize(
    ("photometric", "shape", "inverted"),
    [
        ("MONOCHROME1", None, True),
        ("MONOCHROME1", "INVERSE", True),
        ("MONOCHROME1", "IDENTITY", True),
        ("MONOCHROME2", None, False),
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME2", "INVERSE", True),
    ],
)
def test_that_greys_are_inverted_exactly_once_and_last(
    make_dicom: MakeDicom, photometric: str, shape: str | None, inverted: bool
) -> None:
    elements = {"PresentationLUTShape": shape} if shape else {}
    path = make_dicom(
        BYTES, PhotometricInterpretation=photometric, WindowCenter=64, WindowWidth=32, **elements
    )
    rendering = render(path)
    assert rendering.inverted is inverted
    assert rendering.photometric == photometric
    plain = render_frame(read_frame(make_dicom(BYTES, "p.dcm", WindowCenter=64, WindowWidth=32)))
    expected = 255 - plain.pixels if inverted else plain.pixels
    assert np.array_equal(rendering.pixels, expected)


# Windows


@pytest.mark.parametrize(
    ("centre", "width"),
    [("40", "0"), ("40", "-5"), ("", ""), ("40", ""), ("a", "b"), ("40", "nan")],
)
def test_that_a_window_without_width_is_no_window(
    make_dicom: MakeDicom, centre: str, width: str
) -> None:
    path = make_dicom(RAMP)
    raw(path, 0x00281050, "DS", centre.ljust(len(centre) + len(centre) % 2).encode())
    raw(path, 0x00281051, "DS", width.ljust(len(width) + len(width) % 2).encode())
    rendering = render(path)
    assert rendering.window.source == "auto"
    assert rendering.pixels.min() == 0
    assert rendering.pixels.max() == 255


def test_that_an_ignored_window_is_said_to_be_ignored(make_dicom: MakeDicom) -> None:
    frame = read_frame(make_dicom(RAMP, WindowCenter=40, WindowWidth=0))
    assert frame.windows == ()
    assert any("window" in warning for warning in frame.warnings)


def test_that_all_windows_of_a_file_are_offered_by_name(make_dicom: MakeDicom) -> None:
    path = make_dicom(
        RAMP,
        WindowCenter=[40, 300, 5],
        WindowWidth=[400, 0, 80],
        WindowCenterWidthExplanation=["NORMAL", "EMPTY", "HARDER"],
    )
    assert read_frame(path).windows == (
        Window(40, 400, "file: NORMAL"),
        Window(5, 80, "file: HARDER"),
    )


def test_that_numbers_with_zeros_in_front_are_numbers(make_dicom: MakeDicom) -> None:
    path = raw(make_dicom(RAMP), 0x00281050, "DS", b"00500\\00500 ")
    raw(path, 0x00281051, "DS", b"01000\\01000 ")
    assert read_frame(path).windows[0] == Window(500, 1000, "file")


def test_that_a_fractional_window_is_used(make_dicom: MakeDicom) -> None:
    stored = np.arange(100, dtype=np.uint16).reshape(10, 10)
    path = make_dicom(
        stored, RescaleSlope="0.001", RescaleIntercept=0, WindowCenter="0.05", WindowWidth="0.05"
    )
    rendering = render(path)
    assert rendering.window == Window(0.05, 0.05, "file")
    assert len(np.unique(rendering.pixels)) > 40


def test_that_ct_numbers_without_a_window_get_the_soft_tissue_window(
    make_dicom: MakeDicom,
) -> None:
    path = make_dicom(RAMP, Modality="CT", RescaleSlope=1, RescaleIntercept=0)
    assert render(path).window == Window(40, 400, "preset: soft tissue")


@pytest.mark.parametrize(
    "elements",
    [
        {"Modality": "CT"},
        {"Modality": "MR", "RescaleSlope": 1, "RescaleIntercept": 0},
        {"Modality": "CT", "RescaleSlope": 1, "RescaleIntercept": 0, "RescaleType": "OD"},
        {
            "Modality": "CT",
            "RescaleSlope": 1,
            "RescaleIntercept": 0,
            "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"],
        },
    ],
)
def test_that_what_holds_no_ct_numbers_gets_an_automatic_window(
    make_dicom: MakeDicom, elements: dict[str, Any]
) -> None:
    path = make_dicom(RAMP, **elements)
    assert render(path).window.source == "auto"
    with pytest.raises(UsageError, match="CT numbers"):
        render(path, window="lung")


def test_that_presets_apply_to_ct_numbers(make_dicom: MakeDicom) -> None:
    path = make_dicom(RAMP, Modality="CT", RescaleSlope=1, RescaleIntercept=0, RescaleType="HU")
    assert read_frame(path).unit == "HU"
    assert render(path, window="lung").window == Window(-600, 1500, "preset: lung")
    assert render(path, window="40,80").window == Window(40, 80, "user")


def test_that_full_range_shows_every_value(make_dicom: MakeDicom) -> None:
    rendering = render(make_dicom(RAMP, WindowCenter=0, WindowWidth=10), window="full range")
    assert rendering.window.source == "full range"
    assert (rendering.pixels.min(), rendering.pixels.max()) == (0, 255)
    assert (rendering.window.centre, rendering.window.width) == (-0.5, 2047)


# Padding


def test_that_padding_is_black_and_does_not_count(make_dicom: MakeDicom) -> None:
    stored = np.random.default_rng(0).integers(500, 600, (40, 40)).astype(np.int16)
    stored[:20] = -2000
    path = make_dicom(stored, PixelPaddingValue=-2000, PhotometricInterpretation="MONOCHROME1")
    frame = read_frame(path)
    assert frame.padding is not None
    assert np.array_equal(frame.padding, stored == -2000)
    rendering = render_frame(frame)
    assert 490 < rendering.window.centre < 610
    assert (rendering.pixels[:20] == 0).all()
    assert rendering.pixels[20:].max() == 255


def test_that_padding_is_a_stored_value_and_may_be_a_range(make_dicom: MakeDicom) -> None:
    stored = np.arange(100, dtype=np.uint16).reshape(10, 10)
    path = make_dicom(
        stored,
        PixelPaddingValue=95,
        PixelPaddingRangeLimit=90,
        RescaleSlope=2,
        RescaleIntercept=-1000,
    )
    frame = read_frame(path)
    assert frame.padding is not None
    assert np.array_equal(frame.padding, (stored >= 90) & (stored <= 95))


def test_that_padding_written_without_sign_fits_signed_pixels(make_dicom: MakeDicom) -> None:
    stored = np.array([[-2000, 1], [2, 3]], dtype=np.int16)
    path = raw(make_dicom(stored), 0x00280120, "US", (63536).to_bytes(2, "little"))
    frame = read_frame(path)
    assert frame.padding is not None
    assert frame.padding.tolist() == [[True, False], [False, False]]


def test_that_padding_everywhere_or_nowhere_is_none(make_dicom: MakeDicom) -> None:
    assert read_frame(make_dicom(np.zeros_like(BYTES), PixelPaddingValue=0)).padding is None
    assert read_frame(make_dicom(np.ones_like(BYTES), PixelPaddingValue=0)).padding is None


def test_that_what_a_scanner_pads_with_does_not_spoil_an_automatic_ct_window(
    make_dicom: MakeDicom,
) -> None:
    stored = np.full((40, 40), -3000, dtype=np.int16)
    stored[10:30] = np.linspace(-50, 150, 40).astype(np.int16)
    path = make_dicom(stored, Modality="CT", RescaleSlope=1, RescaleIntercept=0)
    window = render(path, window="auto").window
    assert window.centre - window.width / 2 >= -50


# Values


def test_that_a_slope_of_zero_is_ignored_and_said(make_dicom: MakeDicom) -> None:
    frame = read_frame(make_dicom(RAMP, RescaleSlope=0, RescaleIntercept=5))
    assert np.array_equal(frame.values, RAMP)
    assert any("slope" in warning for warning in frame.warnings)


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_that_real_pixels_are_kept_and_what_is_no_number_is_padding(
    make_dicom: MakeDicom, kind: str
) -> None:
    values = np.linspace(0, 0.9, 64).reshape(8, 8).astype(kind)
    values[0, 0], values[0, 1] = math.nan, math.inf
    keyword = "FloatPixelData" if kind == "f4" else "DoubleFloatPixelData"
    path = make_dicom(
        BYTES[:8, :8],
        PixelData=None,
        BitsStored=None,
        HighBit=None,
        PixelRepresentation=None,
        BitsAllocated=32 if kind == "f4" else 64,
        WindowCenter="0.5",
        WindowWidth="1",
        **{keyword: values.tobytes()},
    )
    frame = read_frame(path)
    assert np.isfinite(frame.values).all()
    assert np.allclose(frame.values[1:], values[1:])
    assert frame.padding is not None
    assert frame.padding.sum() == 2
    rendering = render_frame(frame)
    assert rendering.pixels[0, 0] == 0
    assert len(np.unique(rendering.pixels)) > 50


def test_that_32_bit_pixels_keep_their_differences(make_dicom: MakeDicom) -> None:
    stored = (np.arange(64, dtype=np.uint32) * 60_000_000).reshape(8, 8)
    rendering = render(make_dicom(stored))
    assert len(np.unique(rendering.pixels)) == 64


def test_that_single_bits_are_black_and_white(make_dicom: MakeDicom) -> None:
    bits = np.random.default_rng(0).integers(0, 2, (10, 12)).astype(np.uint8)
    packed = np.packbits(bits.reshape(-1), bitorder="little").tobytes()
    path = make_dicom(
        bits, PixelData=packed + bytes(len(packed) % 2), BitsAllocated=1, BitsStored=1, HighBit=0
    )
    assert np.array_equal(render(path).pixels, bits * 255)


def test_that_bits_above_those_stored_are_masked(make_dicom: MakeDicom) -> None:
    stored = (np.arange(64, dtype=np.uint16) + 0x3000).reshape(8, 8)
    path = make_dicom(stored, BitsStored=12, HighBit=11)
    assert np.array_equal(read_frame(path).values, stored & 0x0FFF)


# Odd headers


def test_that_a_file_without_preamble_and_meta_information_is_read(
    make_dicom: MakeDicom, tmp_path: Path
) -> None:
    for implicit, little in ((True, True), (False, True), (False, False)):
        dataset = dcmread(make_dicom(BYTES.astype(np.uint16)))
        if not little:
            dataset.PixelData = BYTES.astype(">u2").tobytes()
        bare = Dataset()
        bare.update(dataset)
        path = tmp_path / "bare"
        bare.save_as(path, implicit_vr=implicit, little_endian=little)
        assert np.array_equal(read_frame(path).values, BYTES)


def test_that_compressed_pixels_are_not_guessed_at(make_dicom: MakeDicom, tmp_path: Path) -> None:
    dataset = dcmread(make_dicom(BYTES))
    dataset.PixelData = encapsulate([b"\xff\xd8\xff\xd9"])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    whole = tmp_path / "whole.dcm"
    dataset.save_as(whole)
    path = tmp_path / "bare"
    data = whole.read_bytes()
    path.write_bytes(data[data.index(b"\x08\x00\x16\x00UI") :])
    with pytest.raises(UnsupportedImage, match="how its pixels are compressed"):
        read_frame(path)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_that_other_native_syntaxes_give_the_same_values(
    make_dicom: MakeDicom, tmp_path: Path, syntax: str
) -> None:
    dataset = dcmread(make_dicom(RAMP))
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = RAMP.astype(">i2").tobytes()
    other = Dataset()
    other.update(dataset)
    other.file_meta = dataset.file_meta
    path = tmp_path / "other.dcm"
    other.save_as(path, enforce_file_format=True)
    assert np.array_equal(read_frame(path).values, RAMP)


@pytest.mark.parametrize(
    "missing",
    ["PhotometricInterpretation", "SamplesPerPixel", "BitsStored", "PixelRepresentation"],
)
def test_that_missing_elements_get_their_only_sensible_value(
    make_dicom: MakeDicom, missing: str
) -> None:
    path = make_dicom(BYTES, **{missing: None})
    assert np.array_equal(read_frame(path).values, BYTES)


def test_that_three_samples_called_grey_are_read_as_colour_and_said(
    make_dicom: MakeDicom,
) -> None:
    stored = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    frame = read_frame(make_dicom(stored, PhotometricInterpretation="MONOCHROME2"))
    assert np.array_equal(frame.values, stored)
    assert frame.warnings


def test_that_colour_planes_are_put_together(make_dicom: MakeDicom) -> None:
    stored = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    planes = np.ascontiguousarray(stored.transpose(2, 0, 1)).tobytes()
    frame = read_frame(make_dicom(stored, PlanarConfiguration=1, PixelData=planes))
    assert np.array_equal(frame.values, stored)


def test_that_ybr_422_that_was_never_subsampled_is_read(make_dicom: MakeDicom) -> None:
    grey = np.repeat(BYTES[..., None], 3, axis=2)
    grey[..., 1:] = 128
    frame = read_frame(make_dicom(grey, PhotometricInterpretation="YBR_FULL_422"))
    assert np.abs(frame.values.astype(int) - BYTES[..., None]).max() <= 1


@pytest.mark.parametrize("photometric", ["HSV", "CMYK", "ARGB", "YBR_PARTIAL_422"])
def test_that_retired_colour_spaces_are_refused_by_name(
    make_dicom: MakeDicom, photometric: str
) -> None:
    stored = np.zeros((4, 4, 3), dtype=np.uint8)
    with pytest.raises(UnsupportedImage, match=photometric):
        read_frame(make_dicom(stored, PhotometricInterpretation=photometric))


@pytest.mark.parametrize(("value", "shown"), [(b"0 ", 1), (b"1A", 1), (b"", 1), (b"-2", 1)])
def test_that_a_number_of_frames_that_is_none_shows_the_first(
    make_dicom: MakeDicom, value: bytes, shown: int
) -> None:
    stored = np.stack([BYTES, 255 - BYTES])
    path = raw(make_dicom(stored), 0x00280008, "IS", value)
    frame = read_frame(path)
    assert frame.frames == shown == count_frames(path)
    assert np.array_equal(frame.values, BYTES)
    with pytest.raises(UsageError, match="no frame 1"):
        read_frame(path, 1)


def test_that_rows_given_twice_are_read_once(make_dicom: MakeDicom) -> None:
    path = raw(make_dicom(BYTES), 0x00280010, "US", b"\x10\x00\x20\x00")
    assert np.array_equal(read_frame(path).values, BYTES)


def test_that_each_frame_is_read_by_its_number(make_dicom: MakeDicom) -> None:
    stored = np.random.default_rng(0).integers(0, 4000, (5, 6, 7)).astype(np.uint16)
    path = make_dicom(stored)
    assert count_frames(path) == 5
    for number in range(5):
        assert np.array_equal(read_frame(path, number).values, stored[number])
    for wrong in (5, -1):
        with pytest.raises(UsageError, match="no frame"):
            read_frame(path, wrong)


def test_that_a_file_that_changes_is_read_anew(make_dicom: MakeDicom) -> None:
    make_dicom(BYTES, Modality="MR")
    path = make_dicom(BYTES, Modality="MR")
    assert read_frame(path).modality == "MR"
    make_dicom(BYTES, Modality="US", PatientComments="longer")
    assert read_frame(path).modality == "US"


# Incomplete data


def test_that_truncated_data_are_filled_and_said(make_dicom: MakeDicom) -> None:
    stored = np.random.default_rng(0).integers(1, 4000, (2, 16, 16)).astype(np.uint16)
    path = make_dicom(stored)
    data = path.read_bytes()
    path.write_bytes(data[: -3 * 32])
    assert np.array_equal(read_frame(path, 0).values, stored[0])
    frame = read_frame(path, 1)
    assert np.array_equal(frame.values[:13], stored[1, :13])
    assert (frame.values[13:] == 0).all()
    assert any("end early" in warning for warning in frame.warnings)


def test_that_a_frame_beyond_the_end_is_unreadable(make_dicom: MakeDicom) -> None:
    stored = np.ones((3, 16, 16), dtype=np.uint16)
    path = make_dicom(stored)
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(UnreadableImage, match="before frame 2"):
        read_frame(path, 2)


def test_that_a_truncated_real_file_is_shown(wheel: Wheel) -> None:
    frame = read_frame(wheel("MR_truncated.dcm"))
    whole = read_frame(wheel("MR_small.dcm"))
    same = frame.values == whole.values
    assert same.mean() > 0.99
    assert frame.warnings


@pytest.mark.parametrize(
    ("name", "problem", "words"),
    [
        ("JPEG2000-embedded-sequence-delimiter.dcm", UnreadableImage, "pixel data are damaged"),
        ("liver_1frame.dcm", NotAnImage, "segmentation"),
        ("reportsi.dcm", NotAnImage, "structured report"),
        ("rtplan.dump", NotAnImage, "text file"),
    ],
)
def test_that_what_cannot_be_shown_is_explained(
    wheel: Wheel, name: str, problem: type[Exception], words: str
) -> None:
    with pytest.raises(problem, match=words):
        read_frame(wheel(name))


def test_that_a_missing_decoder_is_named_with_what_to_install(
    wheel: Wheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pydicom.pixels.decoders.base import JPEGLSLosslessDecoder

    monkeypatch.setattr(encapsulated, "decode_apart", lambda function, frame: function(frame))
    monkeypatch.setattr(JPEGLSLosslessDecoder, "_available", {})
    with pytest.raises(UnsupportedImage, match="JPEG-LS") as caught:
        read_frame(wheel("MR_small_jpeg_ls_lossless.dcm"))
    assert "pip install pyjpegls" in caught.value.hint


def test_that_pixels_of_12_packed_bits_are_refused_in_words(make_dicom: MakeDicom) -> None:
    with pytest.raises(UnsupportedImage, match="12 bits"):
        read_frame(make_dicom(BYTES, BitsAllocated=12, BitsStored=12, HighBit=11))


def test_that_a_picture_too_large_to_be_true_is_refused(make_dicom: MakeDicom) -> None:
    with pytest.raises(UnsupportedImage, match="more pixels"):
        read_frame(make_dicom(BYTES, Rows=65535, Columns=65535))


def test_that_burned_in_text_is_warned_of(make_dicom: MakeDicom) -> None:
    assert any("burned" in word for word in read_frame(
        make_dicom(BYTES, BurnedInAnnotation="YES")).warnings)  # fmt: skip
    assert read_frame(make_dicom(BYTES, BurnedInAnnotation="NO")).warnings == ()


def test_that_a_missing_file_is_said_to_be_gone_without_its_name(tmp_path: Path) -> None:
    for name in ("Doe^John.dcm", "Doe^John.png"):
        with pytest.raises(UnreadableImage, match="not there") as caught:
            read_frame(tmp_path / name)
        assert "Doe" not in str(caught.value)
