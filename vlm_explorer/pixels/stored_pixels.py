"""Gets the stored values of one frame out of a DICOM file, whatever state the file is in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import SEEK_END, BytesIO
from math import ceil
from pathlib import Path
from typing import Any, BinaryIO, Literal

from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from vlm_explorer.errors import FileProblem, UnreadableImage, UnsupportedImage
from vlm_explorer.files.dicom_dataset import (
    PIXEL_KEYWORDS,
    OpenedDicom,
    integer,
    names_transfer_syntax,
    text,
    transfer_syntax,
    value,
)
from vlm_explorer.files.dicom_header import count_dicom_frames
from vlm_explorer.files.open_errors import DAMAGED_HINT, unreadable_file
from vlm_explorer.files.transfer_syntaxes import is_encapsulated, name_syntax, package_for

# What Pillow, too, refuses to open: 4 times the largest detector that there is.
MOST_PIXELS = 178_956_970

_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_GREYS = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
# Retired, but for XYB; to show them as RGB would be to show wrong colours.
_UNREAD = ("HSV", "ARGB", "CMYK", "YBR_PARTIAL_422", "YBR_PARTIAL_420", "XYB")
# The elements of group 7FE0, and the value representations that they may have (PS3.6).
_KEYWORD_OF = {0x0010: "PixelData", 0x0008: "FloatPixelData", 0x0009: "DoubleFloatPixelData"}
_PIXEL_VRS = (b"OB", b"OW", b"OF", b"OD", b"UN")
_JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """The Image Pixel module (PS3.3 C.7.6.3) as far as decoding needs it, with sane values."""

    rows: int
    columns: int
    samples: int
    photometric: str
    planar: int
    bits_allocated: int
    bits_stored: int
    signed: int
    frames: int

    @property
    def frame_bytes(self) -> float:
        """Length of an uncompressed frame; 1-bit frames may end within a byte."""
        length = self.rows * self.columns * self.samples * self.bits_allocated / 8
        return length * 2 / 3 if self.photometric == "YBR_FULL_422" else length


@dataclass(frozen=True, slots=True, eq=False)
class StoredPixels:
    """One frame as the file stores it.

    Attributes:
        values: (rows, columns) integers or floats, or (rows, columns, 3) RGB, in the machine's
            byte order.
        notes: what is wrong with them, in words.
        incomplete: the file ends within the frame; zeros stand for what is missing.
    """

    values: NDArray[Any]
    notes: tuple[str, ...] = ()
    incomplete: bool = False


def read_layout(dataset: Dataset) -> tuple[PixelLayout, list[str]]:
    """Read the Image Pixel module; missing elements get their only sensible value.

    Returns:
        The layout, and in words what had to be assumed.

    Raises:
        UnsupportedImage: a picture too large, or a colour space that is not read.
    """
    samples, photometric, assumed = _read_colour_space(dataset)
    allocated = integer(dataset, "BitsAllocated") or 0
    layout = PixelLayout(
        rows=integer(dataset, "Rows") or 0,
        columns=integer(dataset, "Columns") or 0,
        samples=samples,
        photometric=photometric,
        planar=integer(dataset, "PlanarConfiguration") or 0,
        bits_allocated=allocated,
        bits_stored=integer(dataset, "BitsStored") or allocated,
        signed=int(integer(dataset, "PixelRepresentation") == 1),
        frames=count_dicom_frames(dataset),
    )
    if layout.rows * layout.columns > MOST_PIXELS:
        raise UnsupportedImage("The picture has more pixels than can be opened safely.")
    if "NumberOfFrames" in dataset and integer(dataset, "NumberOfFrames") is None:
        assumed.append("The number of frames cannot be read; the first is shown.")
    return layout, assumed


def _read_colour_space(dataset: Dataset) -> tuple[int, str, list[str]]:
    """Return Samples per Pixel, a Photometric Interpretation that fits it, and what is assumed."""
    samples = integer(dataset, "SamplesPerPixel")
    photometric = text(dataset, "PhotometricInterpretation").upper()
    if samples is None:
        samples = 3 if photometric in _COLOURS else 1
    if photometric in _UNREAD:
        raise UnsupportedImage(f"Pictures in the colour space {photometric} are not read.")
    if samples not in (1, 3):
        raise UnsupportedImage(f"Pictures of {samples} values a pixel are not read.")
    if photometric in (_COLOURS if samples == 3 else _GREYS):
        return samples, photometric, []
    fitting, words = ("RGB", "RGB") if samples == 3 else ("MONOCHROME2", "grey")
    note = f"The colour space is not given or wrong; the picture is read as {words}."
    return samples, fitting, [note]


def read_stored(path: Path, opened: OpenedDicom, layout: PixelLayout, frame: int) -> StoredPixels:
    """Decode one frame, no other, without parsing the header again.

    Args:
        path: the file.
        opened: its header.
        layout: from `read_layout`.
        frame: from 0.

    Raises:
        UnsupportedImage: there is no decoder; the text names the encoding.
        UnreadableImage: damaged, or the file ends before the frame.
    """
    syntax = transfer_syntax(opened.dataset)
    try:
        with _open_pixels(path, opened) as pixels:
            if pixels.fragmented and not names_transfer_syntax(opened.dataset):
                raise UnsupportedImage("The file does not say how its pixels are compressed.")
            if is_encapsulated(syntax):
                stored = StoredPixels(_decode(pixels.stream, opened, pixels, layout, frame))
            else:
                stored = _read_native(opened, pixels, layout, frame)
    except FileProblem:
        raise
    except Exception as error:  # boundary: decoders raise anything on damaged data
        if isinstance(error, OSError) and error.errno is not None:
            raise unreadable_file(error) from error
        raise _explain(error, syntax, layout) from error
    values = stored.values
    return replace(stored, values=values.astype(values.dtype.newbyteorder("="), copy=False))


@dataclass(frozen=True, slots=True)
class _PixelElement:
    """The pixel data of a file: `stream` stands at the first of `length` bytes."""

    stream: BinaryIO
    keyword: str
    vr: str
    length: int
    fragmented: bool


@contextmanager
def _open_pixels(path: Path, opened: OpenedDicom) -> Iterator[_PixelElement]:
    """Open the file at the value of its pixel data (PS3.5 section 7.1)."""
    if opened.pixel_offset is None:
        keyword = next(word for word in PIXEL_KEYWORDS if word in opened.dataset)
        element = opened.dataset[keyword]
        data = bytes(element.value)
        yield _PixelElement(BytesIO(data), keyword, element.VR, len(data), False)
        return
    order: Literal["big", "little"] = "big" if opened.is_big_endian else "little"
    with path.open("rb") as file:
        file.seek(opened.pixel_offset)
        head = file.read(12)
        keyword = _KEYWORD_OF[int.from_bytes(head[2:4], order)]
        # Some files change from explicit to implicit VR on the way: look, do not trust.
        explicit = head[4:6] in _PIXEL_VRS
        length = int.from_bytes(head[8:12] if explicit else head[4:8], order)
        start = opened.pixel_offset + (12 if explicit else 8)
        rest = file.seek(0, SEEK_END) - start
        file.seek(start)
        vr = head[4:6].decode() if explicit else "OW"
        yield _PixelElement(file, keyword, vr, min(length, rest), length == 0xFFFFFFFF)


def _read_native(
    opened: OpenedDicom, pixels: _PixelElement, layout: PixelLayout, frame: int
) -> StoredPixels:
    """Read a frame that is not compressed; where the file ends within it, zeros follow."""
    if pixels.fragmented:
        raise UnsupportedImage("The pixels are compressed, but the file does not say how.")
    full = replace(layout, photometric="YBR_FULL")
    if layout.photometric == "YBR_FULL_422" and pixels.length >= full.frame_bytes * layout.frames:
        layout = full
    if pixels.length >= layout.frame_bytes * (frame + 1):
        return StoredPixels(_decode(pixels.stream, opened, pixels, layout, frame))
    if pixels.length <= layout.frame_bytes * frame:
        words = f"The file ends before frame {frame}." if frame else "The pixel data are empty."
        raise UnreadableImage(words, DAMAGED_HINT)
    expected = ceil(layout.frame_bytes * layout.frames)
    data = pixels.stream.read(pixels.length).ljust(expected + expected % 2, b"\x00")
    note = "The pixel data end early; what is missing is filled in."
    values = _decode(BytesIO(data), opened, pixels, layout, frame)
    return StoredPixels(values, (note,), incomplete=True)


def _decode(
    source: BinaryIO, opened: OpenedDicom, pixels: _PixelElement, layout: PixelLayout, frame: int
) -> NDArray[Any]:
    """Let pydicom decode one frame from a stream that stands at the pixel data.

    This is what `pydicom.pixels.pixel_array` does after it has parsed the header, which takes
    longer than decoding where an enhanced object describes each of its frames.
    """
    options: dict[str, Any] = {
        "rows": layout.rows,
        "columns": layout.columns,
        "samples_per_pixel": layout.samples,
        "photometric_interpretation": layout.photometric,
        "planar_configuration": layout.planar,
        "number_of_frames": layout.frames,
        "bits_allocated": layout.bits_allocated,
        "bits_stored": layout.bits_stored,
        "pixel_representation": layout.signed,
        "pixel_keyword": pixels.keyword,
        "pixel_vr": pixels.vr,
    }
    offsets = value(opened.dataset, "ExtendedOffsetTable")
    lengths = value(opened.dataset, "ExtendedOffsetTableLengths")
    if offsets is not None and lengths is not None:
        options["extended_offsets"] = (offsets, lengths)
    decoder = get_decoder(UID(transfer_syntax(opened.dataset)))
    return decoder.as_array(source, index=frame, **options)[0]


def _explain(error: Exception, syntax: str, layout: PixelLayout) -> FileProblem:
    """Say in words why decoding failed."""
    name = name_syntax(syntax)
    bits = layout.bits_allocated
    if not (bits == 1 or (bits % 8 == 0 and 0 < bits <= 64)):
        return UnsupportedImage(f"Pixels of {bits} bits are not read.")
    if syntax == _JPEG_EXTENDED and layout.bits_stored > 8:
        return UnsupportedImage(
            "The pixels are compressed as JPEG Extended with 12 bits, for which there is no "
            "free decoder.",
            "Convert the file to an uncompressed or JPEG 2000 transfer syntax.",
        )
    decoder = get_decoder(UID(syntax))
    if not decoder.is_available:
        package = package_for(syntax)
        hint = f"Install it: pip install {package}" if package else ""
        return UnsupportedImage(f"The decoder for {name} is not installed.", hint)
    if isinstance(error, MemoryError):
        return UnsupportedImage("There is not enough memory for the picture.")
    return UnreadableImage(f"The pixel data ({name}) are damaged.", DAMAGED_HINT)
