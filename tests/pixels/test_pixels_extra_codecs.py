"""What the extra `codecs` decodes, and what is said where it is not installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compressed_dicom import compress
from numpy.typing import NDArray

from vlm_explorer.errors import UnreadableImage, UnsupportedImage
from vlm_explorer.files.dicom_header import read_header
from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.render import render_frame

MakeDicom = Callable[..., Path]
Wheel = Callable[[str], Path]

INSTALLED = find_spec("imagecodecs") is not None
without_extra = pytest.mark.skipif(INSTALLED, reason="the extra codecs is installed")
with_extra = pytest.mark.skipif(not INSTALLED, reason="the extra codecs is not installed")


def jpeg_xl(pixels: NDArray[Any]) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.jpegxl_encode(pixels, lossless=True))


@with_extra
@pytest.mark.parametrize(
    "stored",
    [
        np.arange(35, dtype=np.uint8).reshape(5, 7) * 7,
        np.arange(35, dtype=np.uint16).reshape(5, 7) * 1800,
        (np.arange(105) % 251).astype(np.uint8).reshape(5, 7, 3),
    ],
    ids=["8 bits", "16 bits", "colour"],
)
def test_that_jpeg_xl_is_read_with_its_extra(make_dicom: MakeDicom, stored: NDArray[Any]) -> None:
    data = jpeg_xl(stored)
    elements = {"PhotometricInterpretation": "YBR_FULL_422"} if stored.ndim == 3 else {}
    path = compress(make_dicom(stored, **elements), "1.2.840.10008.1.2.4.110", [data])
    assert read_header(path).frames == 1
    frame = read_frame(path)
    assert np.array_equal(frame.values, stored)
    assert render_frame(frame).pixels.shape == stored.shape


@with_extra
def test_that_damaged_jpeg_xl_is_unreadable(make_dicom: MakeDicom) -> None:
    data = jpeg_xl(np.zeros((5, 7), np.uint8))
    path = make_dicom(np.zeros((5, 7), np.uint8))
    compress(path, "1.2.840.10008.1.2.4.112", [data[: len(data) // 2]])
    with pytest.raises(UnreadableImage):
        read_frame(path)


@with_extra
def test_that_signed_jpeg_xl_is_signed(make_dicom: MakeDicom) -> None:
    stored = (np.arange(35, dtype=np.int16) * 50 - 1024).reshape(5, 7)
    data = jpeg_xl(stored.view(np.uint16))
    path = compress(make_dicom(stored), "1.2.840.10008.1.2.4.110", [data])
    assert np.array_equal(read_frame(path).values, stored)


@with_extra
def test_that_jpeg_of_12_bits_is_that_of_the_plain_file(wheel: Wheel, test_data: Path) -> None:
    plain = read_frame(test_data / "dicom" / "edge" / "cs_CTImage.dcm")
    folder = test_data / "dicom" / "edge"
    for name in ("2_4", "6_8", "10_12"):
        frame = read_frame(next(folder.glob(f"cs_CTImage.dcm_JPEGProcess{name}T*")))
        assert frame.lossy.startswith("JPEG ")
        inside = plain.values > -1000
        assert np.corrcoef(frame.values[inside], plain.values[inside])[0, 1] > 0.999
    assert read_frame(wheel("JPGExtended.dcm")).values.max() == 264


@without_extra
@pytest.mark.parametrize("name", ["JPGExtended.dcm", "JPEG-lossy.dcm"])
def test_that_jpeg_of_12_bits_is_refused_with_what_to_install(wheel: Wheel, name: str) -> None:
    with pytest.raises(UnsupportedImage, match="JPEG Extended") as caught:
        read_frame(wheel(name))
    assert caught.value.hint == "Install it: pip install 'vlm-explorer[codecs]'"


@without_extra
def test_that_jpeg_xl_is_refused_with_what_to_install(make_dicom: MakeDicom) -> None:
    path = make_dicom(np.zeros((5, 7), np.uint8))
    compress(path, "1.2.840.10008.1.2.4.111", [b"\xff\x0a"])
    for read in (read_header, read_frame):
        with pytest.raises(UnsupportedImage, match="JPEG XL JPEG Recompression") as caught:
            read(path)
        assert caught.value.hint == "Install it: pip install 'vlm-explorer[codecs]'"
