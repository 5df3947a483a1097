"""The independent path of `pixels.py`: a frame drawn by pydicom's own functions, stage by stage.

It shares no code with the program. What pydicom leaves to its callers (functional groups, 1.2.8.1,
the dose grid's scaling, padding, inversion) is done here in the plainest way; where a file has no
window, the one that the program reports is applied by pydicom's `apply_windowing`.
"""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms, ImageOps
from pydicom import Dataset, dcmread
from pydicom.encaps import get_frame
from pydicom.pixels.processing import (
    apply_color_lut,
    apply_modality_lut,
    apply_voi_lut,
    apply_windowing,
)
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

DEFLATED_FRAME = "1.2.840.10008.1.2.8.1"
Array = np.ndarray[Any, np.dtype[Any]]


class NoReference(Exception):
    """pydicom cannot draw this frame; the text says why."""


def draw_dicom(path: Path, frame: int, window: Any) -> Array:
    """Return uint8-valued floats (rows, columns[, 3]), not rounded.

    Args:
        path: a DICOM file.
        frame: from 0.
        window: the program's (centre, width, function), for files that have none.
    """
    dataset = dcmread(path, force=True)
    if "TotalPixelMatrixRows" in dataset and dataset.get("Modality") == "SM":
        return _slide(dataset)
    stored = _stored(dataset, frame)
    _flatten(dataset, frame)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        colours = apply_color_lut(stored, dataset)[..., :3].astype(np.float64)
        return np.floor(colours / 256) if colours.max() > 255 else colours
    if stored.ndim == 3:
        return stored * (255.0 / (2.0 ** int(dataset.BitsStored) - 1))
    grey = _grey(dataset, stored, window)
    if dataset.get("PixelPresentation") in ("COLOR", "MIXED"):
        return _supplemented(dataset, stored, grey)
    return grey


def draw_raster(path: Path) -> Array:
    """Return an ordinary picture of 8 bits as RGB, drawn by Pillow."""
    with Image.open(path) as image:
        if image.mode not in ("1", "L", "P", "RGB", "CMYK"):
            raise NoReference(f"mode {image.mode}")
        upright = ImageOps.exif_transpose(image)
        profile = image.info.get("icc_profile") if image.mode == "RGB" else None
        return np.asarray(_in_srgb(upright.convert("RGB"), profile), dtype=np.float64)


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Return an RGB picture converted by its ICC profile, with the intent that this names."""
    if not profile:
        return picture
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    if ImageCms.getProfileDescription(source).startswith("sRGB"):
        return picture
    intent = ImageCms.Intent(ImageCms.getDefaultIntent(source))
    target = ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(picture, source, target, renderingIntent=intent)
    assert converted is not None
    return converted


def _stored(dataset: Dataset, frame: int) -> Array:
    """Return the frame's stored values, or RGB."""
    meta = dataset.file_meta
    if "TransferSyntaxUID" not in meta:
        implicit, little = dataset.original_encoding
        little_endian = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        meta.TransferSyntaxUID = little_endian if little else ExplicitVRBigEndian
    if meta.TransferSyntaxUID == DEFLATED_FRAME:
        frames = int(dataset.get("NumberOfFrames", 1))
        data = zlib.decompress(get_frame(dataset.PixelData, frame, number_of_frames=frames), -15)
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset["PixelData"].is_undefined_length = False
        dataset.NumberOfFrames, dataset.PixelData, frame = 1, data + bytes(len(data) % 2), 0
    expected = _native_length(dataset)
    if not meta.TransferSyntaxUID.is_encapsulated and "PixelData" in dataset:
        dataset.PixelData = dataset.PixelData.ljust(expected, b"\0")
    try:
        return np.asarray(pixel_array(dataset, index=frame))
    except Exception as error:
        raise NoReference(str(error).splitlines()[0]) from error


def _native_length(dataset: Dataset) -> int:
    try:
        pixels = dataset.Rows * dataset.Columns * dataset.SamplesPerPixel
        if dataset.PhotometricInterpretation == "YBR_FULL_422":
            return 0
        bits = pixels * int(dataset.get("NumberOfFrames", 1)) * dataset.BitsAllocated
        return int(bits + 7) // 8
    except (AttributeError, TypeError, ValueError):
        return 0


def _flatten(dataset: Dataset, frame: int) -> None:
    """Move the elements of a frame's functional groups to the root, where pydicom looks."""
    groups = list(dataset.get("SharedFunctionalGroupsSequence", []))[:1]
    groups += list(dataset.get("PerFrameFunctionalGroupsSequence", []))[frame : frame + 1]
    for group in groups:
        for name in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            for item in list(group.get(name, []))[:1]:
                dataset.update(item)


def _grey(dataset: Dataset, stored: Array, window: Any) -> Array:
    values = apply_modality_lut(stored, dataset)
    if "DoseGridScaling" in dataset:
        values = stored * float(dataset.DoseGridScaling)
    if dataset.get("VOILUTSequence"):
        grey = apply_voi_lut(values.astype(int), dataset, index=0, prefer_lut=True)
        item = dataset.VOILUTSequence[0]
        entries = np.asarray(item.LUTData) if not isinstance(item.LUTData, bytes) else grey
        grey = grey * (255.0 / max(2 ** int(item.LUTDescriptor[2]) - 1, int(entries.max())))
    else:
        grey = _windowed(dataset, values, window)
    shape = str(dataset.get("PresentationLUTShape", ""))
    if dataset.PhotometricInterpretation == "MONOCHROME1" or shape == "INVERSE":
        grey = 255.0 - grey
    padding = dataset.get("PixelPaddingValue")
    if padding is not None and stored.dtype.kind in "iu":
        bits = stored.dtype.itemsize * 8
        other = dataset.get("PixelPaddingRangeLimit", padding)
        low, high = sorted(_as(stored, int(edge), bits) for edge in (padding, other))
        outside = (stored >= low) & (stored <= high)
        grey = grey if outside.all() else np.where(outside, 0.0, grey)
    return grey


def _as(stored: Array, value: int, bits: int) -> int:
    wrapped: int = value % 2**bits
    signed = stored.dtype.kind == "i" and wrapped >= 2 ** (bits - 1)
    return wrapped - 2**bits if signed else wrapped


def _windowed(dataset: Dataset, values: Array, window: Any) -> Array:
    """Apply the file's first window, else the program's, and scale pydicom's output to 0..255."""
    plain = Dataset()
    plain.PhotometricInterpretation = "MONOCHROME2"
    plain.BitsStored, plain.PixelRepresentation = 8, 0
    centre, width = dataset.get("WindowCenter"), dataset.get("WindowWidth")
    first = [float(v[0] if hasattr(v, "__len__") else v) for v in (centre, width) if v is not None]
    real = "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset
    if len(first) == 2 and first[1] > 0:
        function = str(dataset.get("VOILUTFunction", "LINEAR"))
        if function == "LINEAR" and (real or first[1] < 1):
            function = "LINEAR_EXACT"
        plain.WindowCenter, plain.WindowWidth = first
    else:
        plain.WindowCenter, plain.WindowWidth, function = window
    plain.VOILUTFunction = function
    return np.asarray(apply_windowing(values, plain))


def _supplemented(dataset: Dataset, stored: Array, grey: Array) -> Array:
    """Put the supplemental palette's colours where values reach its first entry."""
    palette = Dataset()  # pydicom refuses a palette that it knows to be supplemental
    palette.update({e.tag: e for e in dataset if "PaletteColorLookupTable" in e.keyword})
    colours = apply_color_lut(stored, palette)[..., :3].astype(np.float64)
    colours = np.floor(colours / 256) if colours.max() > 255 else colours
    first = int(dataset.RedPaletteColorLookupTableDescriptor[1])
    return np.where((stored >= first)[..., None], colours, np.floor(grey + 0.5)[..., None])


def _slide(dataset: Dataset) -> Array:
    """Lay the tiles of a TILED_FULL level side by side."""
    if dataset.get("DimensionOrganizationType") != "TILED_FULL":
        raise NoReference("tiles at places of their own")
    height, width = int(dataset.TotalPixelMatrixRows), int(dataset.TotalPixelMatrixColumns)
    down, across = -(-height // dataset.Rows), -(-width // dataset.Columns)
    tiles = pixel_array(dataset)[: down * across]
    grid = tiles.reshape(down, across, dataset.Rows, dataset.Columns, 3).swapaxes(1, 2)
    whole = grid.reshape(down * dataset.Rows, across * dataset.Columns, 3)
    return np.asarray(whole[:height, :width], dtype=np.float64)
