"""How the pixels of a DICOM file are laid out: the Image Pixel module (PS3.3 C.7.6.3)."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset

from vlm_explorer.errors import UnsupportedImage
from vlm_explorer.files.dicom_dataset import integer, text
from vlm_explorer.files.frame_count import count_dicom_frames
from vlm_explorer.pixels.colour_reading import ColourReading

# What Pillow, too, refuses to open: 4 times the largest detector that there is.
MOST_PIXELS = 178_956_970
_MOST_BYTES = 1 << 30

COLOUR_SPACES = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_GREYS = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
# Retired, but for XYB; to show them as RGB would be to show wrong colours.
_UNREAD = ("HSV", "ARGB", "CMYK", "YBR_PARTIAL_422", "YBR_PARTIAL_420", "XYB")


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """The Image Pixel module as far as decoding needs it, with sane values.

    `colours` is not of the file: as what the user wants the samples of a colour picture read.
    """

    rows: int
    columns: int
    samples: int
    photometric: str
    planar: int
    bits_allocated: int
    bits_stored: int
    signed: int
    frames: int
    high_bit: int
    colours: ColourReading = ColourReading.FILE

    @property
    def unused_low_bits(self) -> int:
        """How many bits lie below the value of a pixel that is not compressed; nearly always 0."""
        return max(0, self.high_bit + 1 - self.bits_stored)

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
    samples, photometric, assumed = _read_colour_space(dataset)
    allocated = integer(dataset, "BitsAllocated") or 0
    stored = integer(dataset, "BitsStored") or allocated
    high_bit = integer(dataset, "HighBit")
    layout = PixelLayout(
        rows=integer(dataset, "Rows") or 0,
        columns=integer(dataset, "Columns") or 0,
        samples=samples,
        photometric=photometric,
        planar=integer(dataset, "PlanarConfiguration") or 0,
        bits_allocated=allocated,
        bits_stored=stored,
        signed=int(integer(dataset, "PixelRepresentation") == 1),
        frames=count_dicom_frames(dataset),
        high_bit=high_bit if high_bit is not None and high_bit < allocated else stored - 1,
    )
    if layout.rows * layout.columns > MOST_PIXELS or layout.frame_bytes > _MOST_BYTES:
        raise UnsupportedImage("The picture has more pixels than can be opened safely.")
    if "NumberOfFrames" in dataset and integer(dataset, "NumberOfFrames") is None:
        assumed.append("The number of frames cannot be read; the first is shown.")
    return layout, assumed


def _read_colour_space(dataset: Dataset) -> tuple[int, str, list[str]]:
    """Return Samples per Pixel, a Photometric Interpretation that fits it, and what is assumed."""
    samples = integer(dataset, "SamplesPerPixel")
    photometric = text(dataset, "PhotometricInterpretation").upper()
    if samples is None:
        samples = 3 if photometric in COLOUR_SPACES else 1
    if photometric in _UNREAD:
        raise UnsupportedImage(f"Pictures in the colour space {photometric} are not read.")
    if samples not in (1, 3):
        raise UnsupportedImage(f"Pictures of {samples} values a pixel are not read.")
    if photometric in (COLOUR_SPACES if samples == 3 else _GREYS):
        return samples, photometric, []
    fitting, words = ("RGB", "RGB") if samples == 3 else ("MONOCHROME2", "grey")
    note = f"The colour space is not given or wrong; the picture is read as {words}."
    return samples, fitting, [note]
