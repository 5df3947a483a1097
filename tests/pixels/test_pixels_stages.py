"""Every stage against pydicom's own, over the files of its wheel and files made to measure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import Decoder
from pydicom.pixels.processing import (
    apply_color_lut,
    apply_modality_lut,
    apply_voi_lut,
    apply_windowing,
)

from vlm_explorer.files.quiet_readers import quiet_readers
from vlm_explorer.pixels import encapsulated
from vlm_explorer.pixels.codestream import Codestream
from vlm_explorer.pixels.decode import count_frames, read_frame
from vlm_explorer.pixels.render import render_frame

Wheel = Callable[[str], Path]
MakeDicom = Callable[..., Path]
MakeLut = Callable[[list[int], int, int], Dataset]

GREY = (
    "693_J2KI.dcm", "CT_small.dcm", "J2K_pixelrep_mismatch.dcm", "JPEG2000.dcm",
    "JPEGLSNearLossless_08.dcm", "JPEGLSNearLossless_16.dcm", "MR_small.dcm", "MR_small_RLE.dcm",
    "MR_small_bigendian.dcm", "MR_small_expb.dcm", "MR_small_implicit.dcm",
    "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_padded.dcm",
    "examples_overlay.dcm", "image_dfl.dcm",
)  # fmt: skip
COLOUR = (
    "ExplVR_BigEnd.dcm", "GDCMJ2K_TextGBR.dcm", "SC_jpeg_no_color_transform.dcm",
    "SC_jpeg_no_color_transform_2.dcm", "SC_rgb_dcmtk_+eb+cr.dcm", "SC_rgb_dcmtk_+eb+cy+n1.dcm",
    "SC_rgb_dcmtk_+eb+cy+n2.dcm", "SC_rgb_dcmtk_+eb+cy+np.dcm", "SC_rgb_dcmtk_+eb+cy+s2.dcm",
    "SC_rgb_dcmtk_+eb+cy+s4.dcm", "SC_rgb_gdcm_KY.dcm", "SC_rgb_jls_lossy_line.dcm",
    "SC_rgb_jls_lossy_sample.dcm", "SC_rgb_jpeg.dcm", "SC_rgb_jpeg_app14_dcmd.dcm",
    "SC_rgb_jpeg_dcmd.dcm", "SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_jpeg_lossy_gdcm.dcm", "SC_rgb_rle.dcm", "SC_rgb_rle_2frame.dcm",
    "SC_rgb_small_odd.dcm", "SC_rgb_small_odd_big_endian.dcm", "SC_rgb_small_odd_jpeg.dcm",
    "SC_ybr_full_422_uncompressed.dcm", "examples_jpeg2k.dcm", "examples_rgb_color.dcm",
    "examples_ybr_color.dcm",
)  # fmt: skip
DEEP_COLOUR = (
    "SC_rgb_rle_16bit.dcm", "SC_rgb_rle_16bit_2frame.dcm", "SC_rgb_rle_32bit.dcm",
    "SC_rgb_rle_32bit_2frame.dcm",
)  # fmt: skip
DOSE = (
    "rtdose.dcm", "rtdose_1frame.dcm", "rtdose_expb.dcm", "rtdose_expb_1frame.dcm",
    "rtdose_rle.dcm", "rtdose_rle_1frame.dcm",
)  # fmt: skip


def by_pydicom(path: Path) -> tuple[Dataset, NDArray[Any]]:
    """The data set and all its frames, (frames, rows, columns[, 3])."""
    with quiet_readers():
        dataset = dcmread(path)
        frames = dataset.pixel_array
    single = int(dataset.get("NumberOfFrames", 1) or 1) == 1
    return dataset, frames[None] if single else frames


def frames_to_try(count: int) -> set[int]:
    return {0, count // 2, count - 1}


@pytest.mark.parametrize("name", GREY)
def test_that_values_are_pydicoms_after_its_modality_lut(wheel: Wheel, name: str) -> None:
    dataset, frames = by_pydicom(wheel(name))
    expected = apply_modality_lut(frames[0], dataset).astype(np.float32)
    frame = read_frame(wheel(name))
    assert frame.values.dtype == np.float32
    assert frame.values.dtype.isnative
    assert np.array_equal(frame.values, expected)


@pytest.mark.parametrize("name", COLOUR)
def test_that_colours_are_pydicoms_and_converted_once(wheel: Wheel, name: str) -> None:
    _, frames = by_pydicom(wheel(name))
    assert count_frames(wheel(name)) == len(frames)
    for index in frames_to_try(len(frames)):
        frame = read_frame(wheel(name), index)
        assert frame.values.dtype == np.uint8
        assert np.array_equal(frame.values, frames[index])


@pytest.mark.parametrize("name", DEEP_COLOUR)
def test_that_deep_colours_are_scaled_by_their_bits(wheel: Wheel, name: str) -> None:
    dataset, frames = by_pydicom(wheel(name))
    most = 2.0**dataset.BitsStored - 1
    for index in range(len(frames)):
        expected = frames[index] * (255.0 / most)
        values = read_frame(wheel(name), index).values
        assert values.dtype == np.uint8
        assert np.abs(values - expected).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("name", DOSE)
def test_that_doses_are_scaled_to_their_unit(wheel: Wheel, name: str) -> None:
    dataset, frames = by_pydicom(wheel(name))
    for index in frames_to_try(len(frames)):
        frame = read_frame(wheel(name), index)
        expected = frames[index] * float(dataset.DoseGridScaling)
        assert np.allclose(frame.values, expected, rtol=1e-6)
        assert frame.unit == ""  # relative doses have none


def test_that_absolute_doses_are_in_gray(make_dicom: MakeDicom) -> None:
    stored = np.arange(4, dtype=np.uint32).reshape(2, 2)
    frame = read_frame(make_dicom(stored, DoseGridScaling="0.5", DoseUnits="GY"))
    assert frame.unit == "Gy"
    assert frame.values.tolist() == [[0.0, 0.5], [1.0, 1.5]]


@pytest.mark.parametrize("name", ["MR_small.dcm", "MR_small_bigendian.dcm", "MR_small_RLE.dcm"])
def test_that_the_file_window_gives_pydicoms_greys(wheel: Wheel, name: str) -> None:
    dataset, frames = by_pydicom(wheel(name))
    windowed = apply_windowing(apply_modality_lut(frames[0], dataset), dataset)
    low, high = -(2 ** (dataset.BitsStored - 1)), 2 ** (dataset.BitsStored - 1) - 1
    expected = (windowed - low) / (high - low) * 255
    rendering = render_frame(read_frame(wheel(name)))
    assert rendering.window.source == "file"
    assert np.abs(rendering.pixels - expected).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("centre", "width"), [(40, 400), (500.5, 1000), (-300, 33.5), (100, 1)])
def test_that_each_function_gives_pydicoms_greys(
    make_dicom: MakeDicom, function: str, centre: float, width: float
) -> None:
    stored = np.arange(-1024, 3072, dtype=np.int16).reshape(64, 64)
    path = make_dicom(
        stored,
        Modality="CT",
        RescaleSlope=1,
        RescaleIntercept=-24,
        WindowCenter=centre,
        WindowWidth=width,
        VOILUTFunction=function,
    )
    dataset = dcmread(path)
    if function == "LINEAR" and width == 1:
        # pydicom divides by zero here; PS3.3 gives a step.
        expected = np.where(stored - 24.0 > centre - 0.5, 255.0, 0.0)
    else:
        with np.errstate(over="ignore"):
            windowed = apply_windowing(apply_modality_lut(stored, dataset), dataset)
        expected = (windowed + 32768 + 24) / 65535 * 255
    rendering = render_frame(read_frame(path))
    assert rendering.window.function == function
    assert np.abs(rendering.pixels - expected).max() <= 0.5 + 1e-3


def test_that_a_palette_gives_pydicoms_colours(wheel: Wheel) -> None:
    dataset, frames = by_pydicom(wheel("examples_palette.dcm"))
    expected = apply_color_lut(frames[0], dataset)
    frame = read_frame(wheel("examples_palette.dcm"))
    assert frame.photometric == "PALETTE COLOR"
    assert frame.is_colour
    assert np.array_equal(frame.values, expected >> 8 if expected.max() > 255 else expected)


def palette_elements(entries: NDArray[Any], first: int, bits: int) -> dict[str, Any]:
    """The elements of a palette from (entries, 3) colours."""
    elements: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for number, colour in enumerate(("Red", "Green", "Blue")):
        name = f"{colour}PaletteColorLookupTable"
        elements[f"{name}Descriptor"] = [len(entries) % 65536, first, bits]
        data = np.ascontiguousarray(entries[:, number]).tobytes()
        elements[f"{name}Data"] = data + bytes(len(data) % 2)
    return elements


@pytest.mark.parametrize(
    ("entry_type", "count", "first"),
    [("<u2", 256, 0), ("<u2", 200, 10), ("u1", 256, 0), ("u1", 255, 3), ("u1", 1000, 0)],
)
def test_that_palettes_of_any_depth_and_length_are_applied(
    make_dicom: MakeDicom, entry_type: str, count: int, first: int
) -> None:
    rng = np.random.default_rng(count + first)
    top = 255 if entry_type == "u1" else 65535
    palette = rng.integers(0, top + 1, (count, 3)).astype(entry_type)
    stored = rng.integers(0, 1200, (20, 30)).astype(np.uint16)
    bits = 8 if entry_type == "u1" else 16
    frame = read_frame(make_dicom(stored, **palette_elements(palette, first, bits)))
    index = np.clip(stored.astype(int) - first, 0, count - 1)
    expected = palette[index] >> (0 if entry_type == "u1" else 8)
    assert np.array_equal(frame.values, expected)


def test_that_16_bit_entries_that_hold_8_bit_colours_are_not_darkened(
    make_dicom: MakeDicom,
) -> None:
    palette = np.stack([np.arange(256), np.arange(256) // 2, np.zeros(256)], axis=1).astype("<u2")
    stored = np.arange(256, dtype=np.uint8).reshape(16, 16)
    frame = read_frame(make_dicom(stored, **palette_elements(palette, 0, 16)))
    assert np.array_equal(frame.values, palette[stored])


def test_that_a_segmented_palette_gives_pydicoms_colours(make_dicom: MakeDicom) -> None:
    elements: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for number, colour in enumerate(("Red", "Green", "Blue")):
        ramp = np.array([0, 1, 0, 1, 255, (number + 1) * 20000], dtype="<u2")  # C.7.9.2
        elements[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        elements[f"Segmented{colour}PaletteColorLookupTableData"] = ramp.tobytes()
    stored = np.arange(256, dtype=np.uint8).reshape(16, 16)
    path = make_dicom(stored, **elements)
    expected = apply_color_lut(stored, dcmread(path)) >> 8
    assert np.array_equal(read_frame(path).values, expected)


@pytest.mark.parametrize("first", [0, 100, -50])
def test_that_a_modality_lut_gives_pydicoms_values(
    make_dicom: MakeDicom, make_lut: MakeLut, first: int
) -> None:
    entries = [int(value) for value in np.random.default_rng(1).integers(0, 4096, 300)]
    stored = np.arange(-200, 824, dtype=np.int16).reshape(32, 32)
    lut = make_lut(entries, first, 12)
    path = make_dicom(stored, ModalityLUTSequence=[lut], RescaleSlope=5, RescaleIntercept=5)
    expected = np.asarray(entries)[np.clip(stored.astype(int) - first, 0, 299)]
    assert np.array_equal(read_frame(path).values, expected)


def test_that_a_voi_lut_comes_before_the_window_as_in_pydicom(
    make_dicom: MakeDicom, make_lut: MakeLut
) -> None:
    entries = [int(value) for value in np.linspace(4095, 0, 1000) ** 2 / 4095]
    stored = np.arange(0, 4096, dtype=np.uint16).reshape(64, 64)
    path = make_dicom(
        stored, VOILUTSequence=[make_lut(entries, 64, 12)], WindowCenter=100, WindowWidth=50
    )
    frame = read_frame(path)
    assert [window.source for window in frame.windows] == ["lut", "file"]
    rendering = render_frame(frame)
    assert rendering.window.source == "lut"
    expected = apply_voi_lut(stored, dcmread(path), prefer_lut=True) * (255 / 4095)
    assert np.abs(rendering.pixels - expected).max() <= 0.5 + 1e-9
    dragged = render_frame(frame, frame.windows[1])
    assert dragged.window.source == "file"
    assert not np.array_equal(dragged.pixels, rendering.pixels)


def test_that_the_window_of_a_voi_lut_covers_its_input(
    make_dicom: MakeDicom, make_lut: MakeLut
) -> None:
    stored = np.arange(0, 1024, dtype=np.uint16).reshape(32, 32)
    path = make_dicom(stored, VOILUTSequence=[make_lut(list(range(256)), 300, 8)])
    window = read_frame(path).windows[0]
    assert window.centre - window.width / 2 == 300
    assert window.centre + window.width / 2 == 555


def test_that_8_bit_lut_data_packed_in_words_are_read(make_dicom: MakeDicom) -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [256, 0, 8])
    item.add_new("LUTData", "OW", bytes(range(255, -1, -1)))
    stored = np.arange(256, dtype=np.uint8).reshape(16, 16)
    rendering = render_frame(read_frame(make_dicom(stored, VOILUTSequence=[item])))
    assert np.array_equal(rendering.pixels, 255 - stored)


def test_that_a_broken_lut_is_as_good_as_none(make_dicom: MakeDicom) -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [256, 0, 8])
    item.add_new("LUTData", "OW", bytes(10))
    stored = np.arange(256, dtype=np.uint8).reshape(16, 16)
    frame = read_frame(make_dicom(stored, VOILUTSequence=[item], ModalityLUTSequence=[item]))
    assert frame.voi_lut is None
    assert np.array_equal(frame.values, stored)


def test_that_only_the_frame_asked_for_is_read(
    wheel: Wheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    original = Decoder.as_array

    def spy(decoder: Decoder, source: Any, **options: Any) -> Any:
        read.append(options["index"])
        return original(decoder, source, **options)

    monkeypatch.setattr(Decoder, "as_array", spy)
    read_frame(wheel("rtdose.dcm"), 3)
    assert read == [3]


def test_that_only_the_frame_asked_for_is_decompressed(
    wheel: Wheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def spy(function: Callable[..., Any], frame: Codestream) -> Any:
        sizes.append(len(frame.data))
        return function(frame)

    monkeypatch.setattr(encapsulated, "decode_apart", spy)
    values = read_frame(wheel("examples_ybr_color.dcm"), 3).values
    assert len(sizes) == 1
    assert sizes[0] < wheel("examples_ybr_color.dcm").stat().st_size / 20
    assert np.array_equal(values, by_pydicom(wheel("examples_ybr_color.dcm"))[1][3])
