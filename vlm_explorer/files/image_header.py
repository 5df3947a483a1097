"""What is known of an image file before its pixels are decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from vlm_explorer.errors import FileProblem, UnreadableImage, UnsupportedImage
from vlm_explorer.files.dicom_dataset import DAMAGED_HINT, unreadable_file
from vlm_explorer.files.reader_messages import collected_messages

RASTER_FORMATS = ("PNG", "JPEG", "MPO", "TIFF", "BMP", "WEBP")
PLAIN_STACK = "plain"
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """One file's header. In memory only: the three identifiers are never stored or logged unsalted.

    Attributes:
        modality: DICOM's code (`CT`, `MR`, `CR`), "" for plain images.
        frames: how many pictures the file holds, at least 1.
        rows: height in pixels, after the rotation that EXIF asks for.
        columns: width in pixels.
        patient_id: "" where none is given.
        study_uid: the folder, where none is given.
        series_uid: the folder, where none is given.
        series_number: None where none is given.
        instance_number: None where none is given.
        sop_class: UID; "" for plain images.
        photometric: Photometric Interpretation; "" for plain images.
        body_part: Body Part Examined; may be empty.
        position: dot(Image Position (Patient), slice normal) in mm; None where unknown.
        stack: images of a series are one stack where these texts are equal.
        study_date: YYYYMMDD; may be empty.
        spacing: row and column spacing in mm, None where unknown.
    """

    modality: str
    frames: int
    rows: int
    columns: int
    patient_id: str
    study_uid: str
    series_uid: str
    series_number: int | None
    instance_number: int | None
    sop_class: str
    photometric: str
    body_part: str
    position: float | None
    stack: str
    study_date: str
    spacing: tuple[float, float] | None


@contextmanager
def opened_raster(path: Path) -> Iterator[Image.Image]:
    """Open a PNG, JPEG, TIFF, BMP or WebP, every failure turned into a FileProblem.

    Call inside `collected_messages`.

    Raises:
        UnreadableImage: not there, no permission, truncated, damaged.
        UnsupportedImage: too many pixels, or a variant of the format that Pillow does not read.
    """
    try:
        with Image.open(path, formats=RASTER_FORMATS) as image:
            yield image
    except FileProblem:
        raise
    except Image.DecompressionBombError as error:
        raise UnsupportedImage("The picture has more pixels than can be opened safely.") from error
    except UnidentifiedImageError as error:
        raise UnreadableImage("The picture's header is damaged.", DAMAGED_HINT) from error
    except OSError as error:
        if error.errno is not None:
            raise unreadable_file(error) from error
        raise _broken(error) from error
    except Exception as error:  # boundary: damaged bytes make Pillow's plugins raise anything
        raise _broken(error) from error


def _broken(error: Exception) -> FileProblem:
    """Tell a picture that ends early or is damaged from one that Pillow has no code for."""
    words = str(error).lower()
    if "truncated" in words or "not enough" in words or isinstance(error, EOFError):
        return UnreadableImage("The file ends before the picture does.", DAMAGED_HINT)
    if "decoder" in words or "unknown" in words or isinstance(error, KeyError):
        return UnsupportedImage(
            "This variant of the picture format is not read.", "Save it as PNG and try again."
        )
    return UnreadableImage("The picture is damaged.", DAMAGED_HINT)


def count_raster_frames(image: Image.Image) -> int:
    """Return the pages of a TIFF; 1 for every other format (animations show their first frame)."""
    return max(1, int(getattr(image, "n_frames", 1))) if image.format == "TIFF" else 1


def read_image_header(path: Path) -> ImageHeader:
    """Read the header of a PNG, JPEG, TIFF, BMP or WebP.

    Study and series are the folder that it lies in; a patient is not known.

    Raises:
        UnreadableImage: not there, no permission, truncated, damaged.
        UnsupportedImage: too many pixels, or a variant of the format that Pillow does not read.
    """
    with collected_messages(), opened_raster(path) as image:
        frames = count_raster_frames(image)
        columns, rows = image.size
        # A TIFF's size is already that of the turned picture.
        turned = image.format != "TIFF" and image.getexif().get(_ORIENTATION) in _TURNED
    if turned:
        rows, columns = columns, rows
    folder = str(path.absolute().parent)
    return ImageHeader(
        modality="",
        frames=frames,
        rows=rows,
        columns=columns,
        patient_id="",
        study_uid=folder,
        series_uid=folder,
        series_number=None,
        instance_number=None,
        sop_class="",
        photometric="",
        body_part="",
        position=None,
        stack=PLAIN_STACK,
        study_date="",
        spacing=None,
    )
