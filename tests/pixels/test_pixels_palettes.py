"""Palettes: plain and segmented, of 8 and of 16 bits, and those that supplement greys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom.data
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.pixels.processing import apply_color_lut

from vlm_explorer.errors import UnreadableImage
from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.render import render_frame

MakeDicom = Callable[..., Path]

INDICES = np.arange(256, dtype=np.uint8).reshape(16, 16)
PALETTES = Path(pydicom.data.__file__).parent / "palettes"
COLOURS = ("Red", "Green", "Blue")


def with_palette(path: Path, photometric: str = "PALETTE COLOR", **elements: Any) -> Path:
    dataset = dcmread(path)
    dataset.PhotometricInterpretation = photometric
    for keyword, value in elements.items():
        dataset.add_new(keyword, "US" if keyword.endswith("Descriptor") else "OW", value)
    dataset.save_as(path)
    return path


def plain(entries: NDArray[Any], first: int = 0) -> dict[str, Any]:
    """A palette of (entries, 3) of 8 or 16 bits."""
    bits = entries.dtype.itemsize * 8
    elements: dict[str, Any] = {}
    for number, colour in enumerate(COLOURS):
        name = f"{colour}PaletteColorLookupTable"
        data = np.ascontiguousarray(entries[:, number]).tobytes()
        elements[f"{name}Descriptor"] = [len(entries), first, bits]
        elements[f"{name}Data"] = data + bytes(len(data) % 2)
    return elements


def segmented(segments: list[list[int]], count: int, bits: int) -> dict[str, Any]:
    dtype = "<u2" if bits == 16 else "u1"
    elements: dict[str, Any] = {}
    for colour, words in zip(COLOURS, segments, strict=True):
        data = np.array(words, dtype).tobytes()
        elements[f"{colour}PaletteColorLookupTableDescriptor"] = [count, 0, bits]
        elements[f"Segmented{colour}PaletteColorLookupTableData"] = data + bytes(len(data) % 2)
    return elements


@pytest.mark.parametrize("name", ["spring", "summer", "fall", "winter"])
def test_that_the_segmented_palettes_of_the_standard_are_pydicoms(
    make_dicom: MakeDicom, name: str
) -> None:
    palette = dcmread(PALETTES / f"{name}.dcm")
    elements = {
        element.keyword: element.value
        for element in palette
        if "PaletteColorLookupTable" in element.keyword and "UID" not in element.keyword
    }
    values = read_frame(with_palette(make_dicom(INDICES), **elements)).values
    expected = apply_color_lut(INDICES, palette)[..., :3]
    assert np.array_equal(values, expected)


@pytest.mark.parametrize("bits", [8, 16])
def test_that_segments_are_expanded(make_dicom: MakeDicom, bits: int) -> None:
    most = 255 if bits == 8 else 65280
    # discrete of 1, linear over 255; discrete of 256 zeros; and three pieces, the last indirect
    ramp = [0, 1, 0, 1, 255, most]
    flat = [0, 1, 0, 1, 255, 0]
    steps = [0, 1, most, 1, 127, most, 0, 1, 0, 1, 127, 0]
    path = make_dicom(INDICES)
    values = read_frame(with_palette(path, **segmented([ramp, flat, steps], 256, bits))).values
    index = np.arange(256)
    assert np.array_equal(values[..., 0].reshape(-1), index)
    assert not values[..., 1].any()
    assert np.array_equal(values[..., 2].reshape(-1), np.where(index < 128, 255, 0))


@pytest.mark.parametrize(("dtype", "scale"), [(np.uint8, 1), (np.uint16, 257), (np.uint16, 1)])
def test_that_plain_palettes_of_both_depths_are_the_same_colours(
    make_dicom: MakeDicom, dtype: Any, scale: int
) -> None:
    entries = np.random.default_rng(3).integers(0, 256, (256, 3))
    path = with_palette(make_dicom(INDICES), **plain((entries * scale).astype(dtype)))
    assert np.array_equal(read_frame(path).values.reshape(-1, 3), entries)


def test_that_indices_outside_a_palette_take_its_first_and_last_colour(
    make_dicom: MakeDicom,
) -> None:
    entries = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)
    values = read_frame(with_palette(make_dicom(INDICES), **plain(entries, first=100))).values
    flat = values.reshape(-1, 3)
    assert (flat[:101] == [1, 2, 3]).all()
    assert (flat[101:] == [4, 5, 6]).all()


def test_that_indices_of_16_bits_are_looked_up(make_dicom: MakeDicom) -> None:
    stored = np.array([[0, 300], [599, 65535]], np.uint16)
    entries = (np.arange(600)[:, None] % 251 + np.zeros(3)).astype(np.uint8)
    values = read_frame(with_palette(make_dicom(stored), **plain(entries))).values
    assert values[..., 0].tolist() == [[0, 300 % 251], [599 % 251, 599 % 251]]


def test_that_a_picture_without_its_palette_is_unreadable(make_dicom: MakeDicom) -> None:
    with pytest.raises(UnreadableImage, match="palette"):
        read_frame(with_palette(make_dicom(INDICES)))


SUPPLEMENT = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)


def supplemented(make_dicom: MakeDicom, presentation: str) -> Path:
    stored = np.array([[0, 50, 99], [100, 101, 150]], np.uint16).reshape(2, 3).repeat(2, axis=1)
    elements = {"WindowCenter": "50", "WindowWidth": "101", "PixelPresentation": presentation}
    return with_palette(
        make_dicom(stored, **elements), "MONOCHROME2", **plain(SUPPLEMENT, first=100)
    )


@pytest.mark.parametrize("presentation", ["COLOR", "MIXED"])
def test_that_colours_lie_on_greys_from_the_first_value_of_the_palette_on(
    make_dicom: MakeDicom, presentation: str
) -> None:
    frame = read_frame(supplemented(make_dicom, presentation))
    assert frame.is_colour
    assert frame.values[0, :, 0].tolist() == [1, 1, 129, 129, 254, 254]
    assert (frame.values[0, :, :1] == frame.values[0]).all()
    assert frame.values[1, ::2].tolist() == SUPPLEMENT.tolist()
    assert frame.stored is not None
    assert frame.stored.max() == 150
    assert any("colours are those of the file" in warning for warning in frame.warnings)


def test_that_a_palette_in_a_picture_said_to_be_grey_is_not_used(make_dicom: MakeDicom) -> None:
    assert not read_frame(supplemented(make_dicom, "MONOCHROME")).is_colour


def test_that_a_real_perfusion_map_is_in_its_colours(test_data: Path) -> None:
    path = test_data / "dicom" / "edge" / "eCT_Supplemental.dcm"
    pixels = render_frame(read_frame(path)).pixels
    assert pixels.shape == (512, 512, 3)
    assert (pixels.min(axis=2) < pixels.max(axis=2)).mean() > 0.2  # coloured, and not grey
