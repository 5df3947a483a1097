"""Decodes one compressed frame with pydicom's codecs; runs where it may crash."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from PIL import ImageFile
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, JPEGBaseline8Bit

from vlm_explorer.errors import FileProblem, UnreadableImage, UnsupportedImage
from vlm_explorer.files.open_errors import DAMAGED_HINT, missing_decoder
from vlm_explorer.files.quiet_readers import quiet_readers
from vlm_explorer.files.transfer_syntaxes import name_syntax
from vlm_explorer.pixels.colour_reading import ColourReading
from vlm_explorer.pixels.extra_codecs import decode_with_extra, wants_extra
from vlm_explorer.pixels.layout import PixelLayout


@dataclass(frozen=True, slots=True)
class Codestream:
    """One compressed frame.

    Attributes:
        syntax: UID of the transfer syntax.
        data: the frame's bytes, without DICOM's items around them.
        layout: what the header says of the pixels; `frames` is 1.
        all_bits: whether bits beyond Bits Stored are kept as they are.
        is_cut: whether it lacks its end; JPEG Baseline is then decoded as far as it goes.
    """

    syntax: str
    data: bytes
    layout: PixelLayout
    all_bits: bool = False
    is_cut: bool = False


def decode_codestream(frame: Codestream) -> NDArray[Any]:
    """Return (rows, columns) stored values or (rows, columns, 3) RGB.

    Where the layout asks for another reading of the colours than the file's, the samples come as
    they are.

    Raises:
        UnsupportedImage: there is no decoder; the text names the encoding.
        UnreadableImage: damaged.
    """
    with quiet_readers(), _as_far_as_it_goes(frame):
        try:
            if wants_extra(frame.syntax, frame.layout):
                return decode_with_extra(frame.syntax, frame.data, frame.layout)
            decoder = get_decoder(UID(frame.syntax))
            source = encapsulate([frame.data], has_bot=False)
            options = decode_options(frame.layout, all_bits=frame.all_bits)
            return decoder.as_array(source, index=0, **options)[0]
        except FileProblem:
            raise
        except ImportError as error:
            raise missing_decoder(frame.syntax) from error
        except Exception as error:  # boundary: decoders raise anything on damaged data
            raise explain(error, frame.syntax, frame.layout) from error


@contextmanager
def _as_far_as_it_goes(frame: Codestream) -> Iterator[None]:
    """Let Pillow show a JPEG without its end; decoders of other formats give noise or nothing."""
    ImageFile.LOAD_TRUNCATED_IMAGES = frame.is_cut and frame.syntax == JPEGBaseline8Bit
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def decode_options(
    layout: PixelLayout, keyword: str = "PixelData", vr: str = "OB", *, all_bits: bool = False
) -> dict[str, Any]:
    """Return what pydicom's decoders ask for (`pydicom.pixels.decoders.base.DecodeOptions`)."""
    return {
        "rows": layout.rows,
        "columns": layout.columns,
        "samples_per_pixel": layout.samples,
        "photometric_interpretation": layout.photometric,
        "planar_configuration": layout.planar,
        "number_of_frames": layout.frames,
        "bits_allocated": layout.bits_allocated,
        "bits_stored": layout.bits_stored,
        "pixel_representation": layout.signed,
        "pixel_keyword": keyword,
        "pixel_vr": vr,
        "correct_unused_bits": not all_bits,
        "as_rgb": layout.colours is ColourReading.FILE,
    }


def explain(error: Exception, syntax: str, layout: PixelLayout) -> FileProblem:
    """Say in words why decoding failed."""
    bits = layout.bits_allocated
    if not (bits == 1 or (bits % 8 == 0 and 0 < bits <= 64)):
        return UnsupportedImage(f"Pixels of {bits} bits are not read.")
    if not wants_extra(syntax, layout) and not get_decoder(UID(syntax)).is_available:
        return missing_decoder(syntax)
    if isinstance(error, MemoryError):
        return UnsupportedImage("There is not enough memory for the picture.")
    return UnreadableImage(f"The pixel data ({name_syntax(syntax)}) are damaged.", DAMAGED_HINT)
