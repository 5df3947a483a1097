"""Compressed frames: found in the file, looked over, and decoded whatever the header says."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compressed_dicom import compress
from PIL import Image
from pydicom import dcmread
from pydicom.encaps import encapsulate, get_frame

from vlm_explorer.errors import MissingFrame, UnreadableImage
from vlm_explorer.pixels.codestream_header import CodestreamHeader, read_codestream_header
from vlm_explorer.pixels.decode import read_frame

MakeDicom = Callable[..., Path]
Wheel = Callable[[str], Path]

CONTRADICTION = (
    "Header and compressed pixels contradict each other on signed values; they are signed."
)


DEFLATED = "1.2.840.10008.1.2.8.1"


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32])
def test_that_deflated_frames_are_read(make_dicom: MakeDicom, dtype: Any) -> None:
    stored = np.random.default_rng(1).integers(0, 100, (3, 5, 7)).astype(dtype)
    path = compress(make_dicom(stored), DEFLATED, [deflate(f.tobytes()) for f in stored])
    for number, frame in enumerate(stored):
        assert np.array_equal(read_frame(path, number).values, frame)


def test_that_deflated_colours_are_read(make_dicom: MakeDicom) -> None:
    stored = np.random.default_rng(1).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    path = compress(make_dicom(stored), DEFLATED, [deflate(stored.tobytes())])
    assert np.array_equal(read_frame(path).values, stored)


@pytest.mark.parametrize("name", ["liver_deflate.dcm", "liver_nonbyte_aligned_deflate.dcm"])
def test_that_real_deflated_frames_are_those_of_the_plain_file(
    test_data: Path, tmp_path: Path, name: str
) -> None:
    frames = []
    for source in (name, name.replace("_deflate", "")):
        data = (test_data / "dicom" / "edge" / source).read_bytes()
        picture = b"1.2.840.10008.5.1.4.1.1.7.1\0"  # and no mask
        (tmp_path / source).write_bytes(data.replace(b"1.2.840.10008.5.1.4.1.1.66.4", picture))
        frames.append([read_frame(tmp_path / source, n).values for n in (0, 2)])
    assert np.array_equal(frames[0], frames[1])
    assert np.max(frames[0]) == 1


def test_that_a_deflated_frame_is_not_unpacked_beyond_its_size(make_dicom: MakeDicom) -> None:
    bomb = deflate(bytes(200_000_000))
    path = compress(make_dicom(np.ones((4, 4), np.uint8)), DEFLATED, [bomb])
    assert read_frame(path).values.shape == (4, 4)


def test_that_damaged_deflated_frames_are_unreadable(make_dicom: MakeDicom) -> None:
    path = make_dicom(np.ones((4, 4), np.uint8))
    compress(path, DEFLATED, [b"\xff" * 20])
    with pytest.raises(UnreadableImage, match="deflated"):
        read_frame(path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MR_small_jp2klossless.dcm", CodestreamHeader(64, 64, signed=True)),
        ("J2K_pixelrep_mismatch.dcm", CodestreamHeader(512, 512, signed=False)),
        ("MR_small_jpeg_ls_lossless.dcm", CodestreamHeader(64, 64)),
        ("SC_rgb_jpeg_gdcm.dcm", CodestreamHeader(100, 100)),
        ("SC_rgb_small_odd_jpeg.dcm", CodestreamHeader(3, 3)),
        ("examples_ybr_color.dcm", CodestreamHeader(240, 320)),
        ("MR_small_RLE.dcm", None),
    ],
)
def test_that_the_size_of_a_codestream_is_known_before_it_is_decoded(
    wheel: Wheel, name: str, expected: CodestreamHeader | None
) -> None:
    dataset = dcmread(wheel(name))
    data = get_frame(dataset.PixelData, 0, number_of_frames=int(dataset.get("NumberOfFrames", 1)))
    assert read_codestream_header(data) == expected
    for length in range(0, len(data), max(1, len(data) // 50)):
        assert read_codestream_header(data[:length]) in (expected, None)


def test_that_a_compressed_picture_of_another_size_is_refused(wheel: Wheel, tmp_path: Path) -> None:
    dataset = dcmread(wheel("MR_small_jp2klossless.dcm"))
    dataset.Rows = 32
    dataset.save_as(tmp_path / "a.dcm")
    with pytest.raises(UnreadableImage, match="is 64 x 64 pixels; the header says 64 x 32"):
        read_frame(tmp_path / "a.dcm")


def test_that_a_codestream_that_says_it_is_signed_is_believed(test_data: Path) -> None:
    folder = test_data / "dicom" / "edge"
    unsigned_header = read_frame(folder / "TOSHIBA_J2K_SIZ1_PixRep0.dcm")
    signed_header = read_frame(folder / "TOSHIBA_J2K_SIZ0_PixRep1.dcm")
    assert np.array_equal(unsigned_header.values, signed_header.values)
    assert unsigned_header.values.min() == -2048
    assert CONTRADICTION in unsigned_header.warnings
    assert CONTRADICTION in signed_header.warnings


def test_that_a_signed_header_over_an_unsigned_codestream_is_put_right(wheel: Wheel) -> None:
    frame = read_frame(wheel("J2K_pixelrep_mismatch.dcm"))
    assert frame.stored is None or frame.stored.min() == -2000
    assert CONTRADICTION in frame.warnings


def test_that_a_file_cut_within_its_fragments_shows_the_frames_that_are_there(
    wheel: Wheel, tmp_path: Path
) -> None:
    data = wheel("examples_ybr_color.dcm").read_bytes()
    path = tmp_path / "cut.dcm"
    path.write_bytes(data[: len(data) // 2])
    assert np.array_equal(
        read_frame(path, 3).values, read_frame(wheel("examples_ybr_color.dcm"), 3).values
    )
    with pytest.raises(MissingFrame, match="before frame 28 of 30"):
        read_frame(path, 28)


def cut_frame(path: Path, tmp_path: Path, part: float) -> Path:
    """Keep that part of the only frame of a file."""
    dataset = dcmread(path)
    data = get_frame(dataset.PixelData, 0, number_of_frames=1)
    dataset.PixelData = encapsulate([data[: int(len(data) * part)]])
    dataset.save_as(tmp_path / "cut.dcm")
    return tmp_path / "cut.dcm"


def test_that_a_jpeg_without_its_end_is_shown_as_far_as_it_goes_and_marked(
    wheel: Wheel, tmp_path: Path
) -> None:
    whole = read_frame(wheel("SC_rgb_jpeg_dcmtk.dcm"))
    frame = read_frame(cut_frame(wheel("SC_rgb_jpeg_dcmtk.dcm"), tmp_path, 0.5))
    assert not whole.incomplete
    assert frame.incomplete
    assert np.array_equal(frame.values[:24], whole.values[:24])
    note = "The compressed pixels end early; what is missing cannot be shown."
    assert note in frame.warnings


@pytest.mark.parametrize(
    "name", ["MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "SC_rgb_jpeg_gdcm.dcm"]
)
def test_that_other_codestreams_without_their_end_are_refused_and_not_shown_as_noise(
    wheel: Wheel, tmp_path: Path, name: str
) -> None:
    with pytest.raises(UnreadableImage, match=r"^The compressed pixels end early\."):
        read_frame(cut_frame(wheel(name), tmp_path, 0.9))


def test_that_a_real_file_whose_frames_lack_their_end_is_shown_whole(test_data: Path) -> None:
    short = test_data / "dicom" / "broken" / "emri_small_jpeg_2k_lossless_too_short.dcm"
    whole = test_data / "dicom" / "edge" / "emri_small_jpeg_2k_lossless.dcm"
    for number in range(10):
        assert np.array_equal(read_frame(short, number).values, read_frame(whole, number).values)


def test_that_a_picture_that_is_all_there_is_not_incomplete(make_dicom: MakeDicom) -> None:
    picture = Image.effect_noise((16, 16), 50)
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=95)
    path = make_dicom(np.asarray(picture))
    frame = read_frame(compress(path, "1.2.840.10008.1.2.4.50", [buffer.getvalue()]))
    assert not frame.incomplete
    assert frame.lossy == "JPEG Baseline"
    assert np.array_equal(frame.values, np.asarray(Image.open(buffer)))
