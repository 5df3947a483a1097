"""Gets the stored values of one frame out of a DICOM file, whatever state the file is in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from vlm_explorer.errors import FileProblem, UnreadableImage, UnsupportedImage
from vlm_explorer.files.dicom_dataset import (
    PIXEL_KEYWORDS,
    integer,
    names_transfer_syntax,
    open_dicom,
    text,
    transfer_syntax,
    value,
    values,
)
from vlm_explorer.files.dicom_header import count_dicom_frames
from vlm_explorer.files.open_errors import DAMAGED_HINT
from vlm_explorer.files.transfer_syntaxes import is_encapsulated, name_syntax, package_for

# What Pillow, too, refuses to open: 4 times the largest detector that there is.
MOST_PIXELS = 178_956_970

_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_GREYS = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
# Retired, but for XYB; to show them as RGB would be to show wrong colours.
_UNREAD = ("HSV", "ARGB", "CMYK", "YBR_PARTIAL_422", "YBR_PARTIAL_420", "XYB")
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


def read_layout(dataset: Dataset) -> tuple[PixelLayout, list[str]]:
    """Read the Image Pixel module; missing elements get their only sensible value.

    Returns:
        The layout, and in words what had to be assumed.

    Raises:
        UnsupportedImage: a picture too large, or a colour space that is not read.
    """
    assumed = []
    samples = integer(dataset, "SamplesPerPixel")
    photometric = text(dataset, "PhotometricInterpretation").upper()
    if samples is None:
        samples = 3 if photometric in _COLOURS else 1
    if photometric in _UNREAD:
        raise UnsupportedImage(f"Pictures in the colour space {photometric} are not read.")
    if samples == 3 and photometric not in _COLOURS:
        assumed.append("The colour space is not given or wrong; the picture is read as RGB.")
        photometric = "RGB"
    elif samples == 1 and photometric not in _GREYS:
        assumed.append("The colour space is not given or wrong; the picture is read as grey.")
        photometric = "MONOCHROME2"
    elif samples not in (1, 3):
        raise UnsupportedImage(f"Pictures of {samples} values a pixel are not read.")
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


def read_stored(
    path: Path, dataset: Dataset, layout: PixelLayout, frame: int
) -> tuple[NDArray[Any], list[str]]:
    """Decode one frame, no other.

    Args:
        path: the file.
        dataset: its header.
        layout: from `read_layout`.
        frame: from 0.

    Returns:
        (rows, columns) stored values, or (rows, columns, 3) RGB, in the machine's byte order;
        and in words what is wrong with them.

    Raises:
        UnsupportedImage: there is no decoder; the text names the encoding.
        UnreadableImage: damaged, or the file ends before the frame.
    """
    syntax = transfer_syntax(dataset)
    first_error: Exception | None = None
    for read, note in _ways_to_read(path, dataset, layout, frame):
        try:
            stored = read()
        except FileProblem:
            raise
        except Exception as error:  # noqa: BLE001  decoders raise anything on damaged data
            first_error = first_error or error
            if isinstance(error, RuntimeError):
                break  # every decoder has given up; none is kinder the second time
        else:
            return stored.astype(stored.dtype.newbyteorder("="), copy=False), note
    raise _explain(first_error, syntax, layout) from first_error


def _ways_to_read(
    path: Path, dataset: Dataset, layout: PixelLayout, frame: int
) -> Iterator[tuple[Callable[[], NDArray[Any]], list[str]]]:
    """Yield what to try, the quickest first, and what is to be said of the result."""
    syntax = transfer_syntax(dataset)
    if _is_sound(dataset, layout, syntax):
        yield lambda: _read_directly(path, frame), []
    yield lambda: pixel_array(_mended(path, layout, syntax), index=frame), []
    if not is_encapsulated(syntax):
        note = "The pixel data end early; what is missing is filled in."
        yield lambda: _read_incomplete(path, layout, syntax, frame), [note]


def _read_directly(path: Path, frame: int) -> NDArray[Any]:
    """Let pydicom read the frame from the file; the other frames stay there."""
    with path.open("rb") as file:
        return pixel_array(file, index=frame)


def _is_sound(dataset: Dataset, layout: PixelLayout, syntax: str) -> bool:
    """Return whether pydicom can read the frame from the file itself, without the other frames."""
    if not names_transfer_syntax(dataset) or syntax == DeflatedExplicitVRLittleEndian:
        return False
    if layout.photometric == "YBR_FULL_422" and not is_encapsulated(syntax):
        return False
    single = all(
        len(values(dataset, keyword)) == 1
        for keyword in ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")
    )
    frames = integer(dataset, "NumberOfFrames")
    countable = "NumberOfFrames" not in dataset or (frames is not None and frames > 0)
    named = layout.photometric == text(dataset, "PhotometricInterpretation")
    stored_bits = "BitsStored" in dataset or "PixelData" not in dataset
    return single and countable and named and stored_bits and "PixelRepresentation" in dataset


def _mended(path: Path, layout: PixelLayout, syntax: str) -> Dataset:
    """Return a data set of nothing but the pixels and a sane description of them."""
    whole = open_dicom(path, pixels=True).dataset
    of_fragments = "PixelData" in whole and whole["PixelData"].is_undefined_length
    if of_fragments and not names_transfer_syntax(whole):
        raise UnsupportedImage("The file does not say how its pixels are compressed.")
    mended = Dataset()
    mended.file_meta = FileMetaDataset()
    mended.file_meta.TransferSyntaxUID = UID(syntax)
    mended.Rows, mended.Columns = layout.rows, layout.columns
    mended.SamplesPerPixel = layout.samples
    mended.PhotometricInterpretation = layout.photometric
    mended.PlanarConfiguration = layout.planar
    mended.BitsAllocated, mended.BitsStored = layout.bits_allocated, layout.bits_stored
    mended.HighBit = layout.bits_stored - 1
    mended.PixelRepresentation = layout.signed
    mended.NumberOfFrames = layout.frames
    for keyword in (*PIXEL_KEYWORDS, "ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in whole:
            mended[keyword] = whole[keyword]
    if layout.photometric == "YBR_FULL_422" and not is_encapsulated(syntax):
        full = replace(layout, photometric="YBR_FULL")
        if len(mended.PixelData) >= full.frame_bytes * layout.frames:
            mended.PhotometricInterpretation = full.photometric
    return mended


def _read_incomplete(path: Path, layout: PixelLayout, syntax: str, frame: int) -> NDArray[Any]:
    """Decode uncompressed data that end within the frame, filled up with zeros."""
    mended = _mended(path, layout, syntax)
    keyword = next(word for word in PIXEL_KEYWORDS if word in mended)
    data = value(mended, keyword) or b""
    if len(data) <= layout.frame_bytes * frame:
        words = f"The file ends before frame {frame}." if frame else "The pixel data are empty."
        raise UnreadableImage(words, DAMAGED_HINT)
    expected = ceil(layout.frame_bytes * layout.frames)
    mended[keyword].value = data + bytes(max(0, expected + expected % 2 - len(data)))
    return pixel_array(mended, index=frame)


def _explain(error: Exception | None, syntax: str, layout: PixelLayout) -> FileProblem:
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
