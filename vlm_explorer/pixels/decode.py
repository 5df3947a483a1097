"""Decodes one picture of any file that the scan calls an image."""

from __future__ import annotations

from pathlib import Path

from vlm_explorer.errors import NotAnImage, UsageError
from vlm_explorer.files.dicom_header import read_header, read_image_header
from vlm_explorer.files.open_errors import unreadable_file
from vlm_explorer.files.signatures import FileKind, no_image_sentence, sniff
from vlm_explorer.pixels.colour_reading import ColourReading
from vlm_explorer.pixels.dicom_frame import read_dicom_frame
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.pixels.raster_frame import read_raster_frame

__all__ = ["Frame", "count_frames", "read_frame"]


def read_frame(path: Path, frame: int = 0, colours: ColourReading = ColourReading.FILE) -> Frame:
    """Decode one picture: frame of a DICOM file, page of a TIFF, or the only one.

    Args:
        path: the file.
        frame: from 0.
        colours: as what to read the samples of a DICOM file's colours; no matter for other
            pictures.

    Raises:
        UsageError: the file has no frame of this number.
        NotAnImage: the file is no picture; the text names what it is.
        UnsupportedImage: a picture that nothing here can decode; the text names what is missing.
        UnreadableImage: not there, no permission, damaged.
    """
    if frame < 0:
        raise UsageError(f"There is no frame {frame}; frames are counted from 0.")
    if _kind(path) is FileKind.DICOM:
        return read_dicom_frame(path, frame, colours)
    return read_raster_frame(path, frame)


def count_frames(path: Path) -> int:
    """Return how many pictures the file holds; raises as `read_frame` does."""
    if _kind(path) is FileKind.DICOM:
        return read_header(path).frames
    return read_image_header(path).frames


def _kind(path: Path) -> FileKind:
    try:
        kind, reason = sniff(path)
    except OSError as error:
        raise unreadable_file(error) from error
    if kind is FileKind.OTHER:
        raise NotAnImage(no_image_sentence(reason))
    return kind
