"""60xx overlays lie where the file says, and never in what is rendered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread

from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.render import render_frame

MakeDicom = Callable[..., Path]
Wheel = Callable[[str], Path]

GREY = np.arange(48, dtype=np.uint16).reshape(6, 8)


def add_overlay(
    path: Path, plane: NDArray[Any], group: int = 0x6000, origin: object = (1, 1), **more: Any
) -> Path:
    """Add a plane (rows, columns), or several (planes, rows, columns), to a file."""
    dataset = dcmread(path)
    dataset.add_new((group, 0x0010), "US", plane.shape[-2])
    dataset.add_new((group, 0x0011), "US", plane.shape[-1])
    dataset.add_new((group, 0x0040), "CS", "G")
    dataset.add_new((group, 0x0022), "LO", "Doe^John")
    if origin is not None:
        dataset.add_new((group, 0x0050), "SS", list(origin))  # type: ignore[call-overload]
    if plane.ndim == 3:
        dataset.add_new((group, 0x0015), "IS", str(len(plane)))
        dataset.add_new((group, 0x0051), "US", more.get("first_frame", 1))
    dataset.add_new((group, 0x0100), "US", 1)
    dataset.add_new((group, 0x0102), "US", 0)
    bits = np.packbits(plane.astype(np.uint8).reshape(-1), bitorder="little").tobytes()
    dataset.add_new((group, 0x3000), "OW", bits + bytes(len(bits) % 2))
    dataset.save_as(path)
    return path


@pytest.mark.parametrize("name", ["examples_overlay.dcm"])
def test_that_a_real_overlay_is_pydicoms(wheel: Wheel, name: str) -> None:
    frame = read_frame(wheel(name))
    expected = dcmread(wheel(name)).overlay_array(0x6000)
    assert len(frame.overlays) == 1
    assert frame.overlays[0].mask.dtype == np.bool_
    assert np.array_equal(frame.overlays[0].mask, expected.astype(bool))
    assert frame.overlays[0].label == "Overlay 1: graphics"


def test_that_the_overlay_of_a_real_scout_is_pydicoms(test_data: Path) -> None:
    path = test_data / "dicom" / "series" / "ct_philips_dose_pages" / "I10"
    expected = dcmread(path).overlay_array(0x6000).astype(bool)
    assert np.array_equal(read_frame(path).overlays[0].mask, expected)


def test_that_what_is_rendered_has_no_overlay(make_dicom: MakeDicom) -> None:
    without = render_frame(read_frame(make_dicom(GREY, name="plain.dcm"))).pixels
    path = add_overlay(make_dicom(GREY), np.ones((6, 8)))
    frame = read_frame(path)
    assert frame.overlays[0].mask.all()
    assert np.array_equal(render_frame(frame).pixels, without)


def test_that_the_label_does_not_repeat_what_the_file_calls_the_overlay(
    make_dicom: MakeDicom,
) -> None:
    frame = read_frame(add_overlay(make_dicom(GREY), np.ones((6, 8)), group=0x6004))
    assert [plane.label for plane in frame.overlays] == ["Overlay 3: graphics"]


@pytest.mark.parametrize(
    ("origin", "rows", "columns"),
    [
        ((3, 2), slice(2, 4), slice(1, 4)),
        ((0, -1), slice(0, 1), slice(0, 1)),
        ((6, 7), slice(5, 6), slice(6, 8)),
        (None, slice(0, 2), slice(0, 3)),
    ],
)
def test_that_an_overlay_is_cut_off_at_the_edge_of_the_picture(
    make_dicom: MakeDicom, origin: object, rows: slice, columns: slice
) -> None:
    frame = read_frame(add_overlay(make_dicom(GREY), np.ones((2, 3)), origin=origin))
    expected = np.zeros((6, 8), bool)
    expected[rows, columns] = True
    assert np.array_equal(frame.overlays[0].mask, expected)


def test_that_an_overlay_beside_the_picture_and_an_empty_one_are_left_out(
    make_dicom: MakeDicom,
) -> None:
    path = add_overlay(make_dicom(GREY), np.ones((2, 3)), origin=(30, 30))
    add_overlay(path, np.zeros((2, 3)), group=0x6002)
    assert read_frame(path).overlays == ()


def test_that_an_overlay_that_is_cut_short_costs_the_overlay_only(make_dicom: MakeDicom) -> None:
    path = add_overlay(make_dicom(GREY), np.ones((6, 8)))
    dataset = dcmread(path)
    dataset[0x60003000].value = b"\xff\xff"
    dataset.save_as(path)
    frame = read_frame(path)
    assert frame.overlays == ()
    assert np.array_equal(frame.values, GREY)


def test_that_planes_of_many_frames_lie_each_on_its_own(make_dicom: MakeDicom) -> None:
    planes = np.zeros((2, 3, 5))
    planes[0, 0, 0] = planes[1, 2, 4] = 1  # 15 bits each: not whole bytes
    path = make_dicom(np.zeros((4, 3, 5), np.uint8))
    add_overlay(path, planes, first_frame=2)
    found = [read_frame(path, number).overlays for number in range(4)]
    assert [len(overlays) for overlays in found] == [0, 1, 1, 0]
    assert np.array_equal(found[1][0].mask, planes[0] > 0)
    assert np.array_equal(found[2][0].mask, planes[1] > 0)


def test_that_one_plane_lies_on_all_frames(make_dicom: MakeDicom) -> None:
    path = add_overlay(make_dicom(np.zeros((2, 4, 4), np.uint8)), np.eye(4))
    for number in range(2):
        assert np.array_equal(read_frame(path, number).overlays[0].mask, np.eye(4) > 0)


def embed(make_dicom: MakeDicom, values: NDArray[Any], plane: NDArray[Any], bit: int) -> Path:
    """Write values of 12 bits with a plane in one of the bits above them."""
    stored = values.astype(np.uint16) | (plane.astype(np.uint16) << bit)
    path = make_dicom(stored, BitsStored=12, HighBit=11)
    dataset = dcmread(path)
    for element, vr, value in ((0x10, "US", 6), (0x11, "US", 8), (0x40, "CS", "R"),
                               (0x100, "US", 16), (0x102, "US", bit)):  # fmt: skip
        dataset.add_new((0x6000, element), vr, value)
    dataset.save_as(path)
    return path


@pytest.mark.parametrize("bit", [12, 15])
def test_that_embedded_bits_are_an_overlay_and_no_part_of_the_values(
    make_dicom: MakeDicom, bit: int
) -> None:
    plane = GREY % 3 == 0
    frame = read_frame(embed(make_dicom, GREY, plane, bit))
    assert np.array_equal(frame.values, GREY)
    assert np.array_equal(frame.overlays[0].mask, plane)
    assert frame.overlays[0].label == "Overlay 1: region of interest"
