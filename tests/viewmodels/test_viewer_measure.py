from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from viewer_scans import ramp, write_scan

from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.frame import ULTRASOUND_REGION, Frame
from vlm_explorer.pixels.ultrasound_regions import UltrasoundRegion
from vlm_explorer.viewmodels.viewer_measure import (
    Kind,
    Measurement,
    Scale,
    angle_of,
    describe,
    length_of,
    region_figures,
    region_mask,
)

ROWS, COLUMNS = 40, 60
NOISE = np.random.default_rng(0).normal(100, 30, (ROWS, COLUMNS)).astype(np.float32)
SCAN = Frame(NOISE, "MONOCHROME2", unit="HU", spacing=(2.0, 0.5), spacing_kind="in the patient")
# eighths of pixels, which floating point holds exactly, edges and centres among them
inside = st.tuples(
    st.integers(-40, 8 * COLUMNS + 40).map(lambda eighths: eighths / 8),
    st.integers(-40, 8 * ROWS + 40).map(lambda eighths: eighths / 8),
)
kinds = st.sampled_from([Kind.ELLIPSE, Kind.RECTANGLE])


def within(measurement: Measurement, x: float, y: float) -> bool:
    """Whether a point lies in a region, by the equations of rectangle and ellipse."""
    left, top, right, bottom = measurement.box
    if right == left or bottom == top:
        return False
    if measurement.kind is Kind.RECTANGLE:
        return left <= x <= right and top <= y <= bottom
    across = (2 * x - left - right) / (right - left)
    down = (2 * y - top - bottom) / (bottom - top)
    return across**2 + down**2 <= 1


@given(kinds, inside, inside)
def test_that_a_region_holds_the_pixels_whose_centres_lie_in_it(
    kind: Kind, one: tuple[float, float], other: tuple[float, float]
) -> None:
    region = Measurement(kind, (one, other))
    where, mask = region_mask(region, ROWS, COLUMNS)
    whole = np.zeros((ROWS, COLUMNS), np.bool_)
    whole[where] = mask
    for row, column in zip(*np.nonzero(whole), strict=True):
        assert within(region, column + 0.5, row + 0.5)
    missing = sum(
        within(region, column + 0.5, row + 0.5)
        for row, column in zip(*np.nonzero(~whole), strict=True)
    )
    assert missing == 0


@given(kinds, inside, inside)
def test_that_the_figures_of_a_region_are_those_of_numpy(
    kind: Kind, one: tuple[float, float], other: tuple[float, float]
) -> None:
    region = Measurement(kind, (one, other))
    y, x = np.mgrid[0:ROWS, 0:COLUMNS] + 0.5
    chosen = np.vectorize(lambda a, b: within(region, a, b))(x, y)
    figures = region_figures(region, SCAN, Scale.of(SCAN))
    assert figures.pixels == chosen.sum()
    if figures.pixels:
        values = NOISE[chosen].astype(np.float64)
        expected = values.mean(), values.std(), values.min(), values.max()
        found = figures.mean, figures.deviation, figures.lowest, figures.highest
        assert found == pytest.approx(expected, rel=1e-12)
    else:
        assert figures.mean is None


def test_that_area_and_length_count_rows_and_columns_each_with_their_own_spacing() -> None:
    scale = Scale.of(SCAN)
    assert (scale.dx, scale.dy, scale.unit) == (0.5, 2.0, "mm")
    assert length_of(Measurement(Kind.LENGTH, ((0, 0), (6, 2))), scale) == math.hypot(3, 4)
    corners = (10.0, 10.0), (20.0, 15.0)
    box = region_figures(Measurement(Kind.RECTANGLE, corners), SCAN, scale)
    assert box.area == 5 * 10
    round_ = region_figures(Measurement(Kind.ELLIPSE, corners), SCAN, scale)
    assert round_.area == pytest.approx(math.pi * 2.5 * 5)


@given(st.floats(1, 179), st.floats(0, 360))
def test_that_an_angle_is_that_in_the_patient_not_that_of_the_pixels(
    angle: float, turn: float
) -> None:
    scale = Scale(0.5, 2.0, "mm")
    first, second = math.radians(turn), math.radians(turn + angle)
    ends = [(20 + 7 * math.cos(a) / 0.5, 20 + 7 * math.sin(a) / 2.0) for a in (first, second)]
    drawn = Measurement(Kind.ANGLE, (ends[0], (20.0, 20.0), ends[1]))
    assert angle_of(drawn, scale) == pytest.approx(angle, abs=1e-6)


def test_that_padding_is_no_part_of_a_region() -> None:
    padding = np.zeros((ROWS, COLUMNS), np.bool_)
    padding[:20] = True
    frame = Frame(NOISE, "MONOCHROME2", padding=padding)
    whole = Measurement(Kind.RECTANGLE, ((0, 0), (COLUMNS, ROWS)))
    figures = region_figures(whole, frame, Scale.of(frame))
    assert figures.pixels == 20 * COLUMNS
    assert figures.mean == pytest.approx(NOISE[20:].astype(np.float64).mean())


LENGTH = Measurement(Kind.LENGTH, ((0.0, 0.0), (10.0, 0.0)))


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"spacing": (0.5, 0.5)}, "5.0 mm"),
        (
            {"spacing": None, "ImagerPixelSpacing": [0.2, 0.2], "modality": "DX"},
            "2.0 mm at detector",
        ),
        (
            {"spacing": (0.1, 0.1), "ImagerPixelSpacing": [0.2, 0.2], "modality": "DX"},
            "1.0 mm (calibrated)",
        ),
        ({"spacing": None, "NominalScannedPixelSpacing": [0.3, 0.3]}, "3.0 mm (nominal scan)"),
        ({"spacing": None, "PixelAspectRatio": [2, 1]}, "10.0 px"),
        ({"spacing": None}, "10.0 px"),
    ],
)
def test_that_a_length_says_what_its_unit_is_worth(
    tmp_path: Path, elements: dict[str, object], words: str
) -> None:
    spacing = elements.pop("spacing")
    path = write_scan(tmp_path / "a.dcm", ramp(), **elements)
    if spacing is None:
        remove_spacing(path)
    else:
        path = write_scan(path, ramp(), spacing=spacing, **elements)
    assert describe(LENGTH, read_frame(path, 0)) == (words,)


def remove_spacing(path: Path) -> None:
    from pydicom import dcmread

    file = dcmread(path)
    del file.PixelSpacing
    file.save_as(path)


def test_that_a_region_says_mean_deviation_range_area_and_count_with_units() -> None:
    values = np.tile(np.array([[10, 30]], np.float32), (4, 2))
    frame = Frame(values, "MONOCHROME2", unit="HU", spacing=(1, 1), spacing_kind="in the patient")
    box = Measurement(Kind.RECTANGLE, ((0, 0), (4, 4)))
    assert describe(box, frame) == (
        "Mean 20 HU, SD 10",
        "Min 10, max 30",
        "Area 16.0 mm²",
        "16 pixels",
    )
    colour = Frame(np.zeros((4, 4, 3), np.uint8), "RGB")
    assert describe(box, colour) == ("Area 16.0 px²", "16 pixels")
    outside = Measurement(Kind.RECTANGLE, ((1.1, 1.1), (1.2, 1.2)))
    assert describe(outside, frame) == ("Area 0.01 mm²", "0 pixels")


def test_that_ultrasound_is_measured_by_the_region_that_holds_it() -> None:
    two = (
        UltrasoundRegion((0, 0, 30, 40), (0.5, 0.5)),
        UltrasoundRegion((30, 0, 60, 20), (0.25, 0.25)),
        UltrasoundRegion((30, 20, 60, 40), None),  # a curve over time
    )
    scan = replace(SCAN, spacing=(0.5, 0.5), spacing_kind=ULTRASOUND_REGION, regions=two)

    def words(*points: tuple[float, float]) -> str:
        return describe(Measurement(Kind.LENGTH, points), scan)[0]

    assert words((0, 0), (30, 40)) == "25.0 mm (ultrasound region)"
    assert words((35, 5), (55, 5)) == "5.0 mm (ultrasound region)"
    assert words((20, 10), (40, 10)) == "20.0 px"
    assert words((35, 25), (55, 25)) == "20.0 px"


def test_that_the_innermost_of_nested_regions_counts() -> None:
    nested = (
        UltrasoundRegion((0, 0, 60, 40), (0.5, 0.5)),
        UltrasoundRegion((10, 10, 20, 20), (0.1, 0.1)),
    )
    scan = replace(SCAN, spacing=(0.5, 0.5), spacing_kind=ULTRASOUND_REGION, regions=nested)
    inner = Measurement(Kind.LENGTH, ((10, 15), (20, 15)))
    assert describe(inner, scan)[0] == "1.0 mm (ultrasound region)"


def test_that_the_regions_of_a_real_ultrasound_scan_are_read() -> None:
    frame = read_frame(Path(str(get_testdata_file("examples_ybr_color.dcm"))))
    dataset = pydicom.dcmread(str(get_testdata_file("examples_ybr_color.dcm")))
    given = dataset.SequenceOfUltrasoundRegions
    assert len(frame.regions) == len(given) > 0
    for region, item in zip(frame.regions, given, strict=True):
        assert region.box[:2] == (item.RegionLocationMinX0, item.RegionLocationMinY0)
        assert region.box[2:] == (item.RegionLocationMaxX1 + 1, item.RegionLocationMaxY1 + 1)
