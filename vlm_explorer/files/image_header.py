"""Opens PNG, JPEG, TIFF, BMP and WebP files, and reads their headers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from vlm_explorer.errors import ExplorerError, FileProblem, UnreadableImage, UnsupportedImage
from vlm_explorer.files.header import PLAIN_STACK, FramePlace, ImageHeader
from vlm_explorer.files.open_errors import DAMAGED_HINT, unreadable_file
from vlm_explorer.files.quiet_readers import quiet_readers

RASTER_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)


@contextmanager
def opened_raster(path: Path) -> Iterator[tuple[Image.Image, BinaryIO]]:
    """Open a PNG, JPEG, TIFF, BMP or WebP, every failure turned into a FileProblem.

    Call inside `quiet_readers`.

    Yields:
        The picture, not yet decoded, and the file that it is read from.

    Raises:
        UnreadableImage: not there, no permission, truncated, damaged.
        UnsupportedImage: too many pixels, or a variant of the format that Pillow does not read.
    """
    try:
        # Not by its path: Pillow would map a raw TIFF into memory, and garble one to be turned.
        with path.open("rb") as file, Image.open(file, formats=RASTER_FORMATS) as image:
            yield image, file
    except ExplorerError:
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
    if "not available" in words or "unknown" in words or isinstance(error, KeyError):
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
    with quiet_readers(), opened_raster(path) as (image, _):
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
        places=(FramePlace(PLAIN_STACK),) * frames,
    )
