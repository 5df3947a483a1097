"""Where maps land on the pixels of real files, all the way from the file to the overlay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from viewer_scans import write_scan

from vlm_explorer.encoders.preprocess import (
    RESIZE_MODES,
    Geometry,
    PreprocessConfig,
    model_view,
    plan,
)
from vlm_explorer.pixels.encoding_window import render_file_for_encoder
from vlm_explorer.saliency.geometry import to_original

GRAIN = 12  # greys
SIZE = 168  # of the encoder's input
PATCHES = ((24, 24), (28, 21), (32, 20))  # the last does not divide the input
# What makes the picture that is stored of the one that is displayed, by its EXIF orientation.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def ramp(rows: int, columns: int, axis: int) -> np.ndarray:
    """Return grey from 0 to 240 along an axis, before it is rounded."""
    along = np.mgrid[:rows, :columns][axis].astype(np.float64)
    return 240 * along / along.max()


def rounded(values: np.ndarray) -> np.ndarray:
    """Return bytes whose means over neighbours are those of the values, but for a constant.

    An even grain of some greys keeps this and all later rounding from adding up.
    """
    down, across = np.mgrid[: values.shape[0], : values.shape[1]]
    grain = (0.7548776662 * across + 0.5698402910 * down) % 1
    return np.floor(values + GRAIN * grain).astype(np.uint8)


def write_picture(folder: Path, displayed: np.ndarray, orientation: int) -> Path:
    picture = Image.fromarray(displayed)
    if (turn := STORED[orientation]) is not None:
        picture = picture.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = folder / f"{orientation}.png"
    picture.save(path, exif=exif)
    return path


def write_dicom(folder: Path, displayed: np.ndarray, aspect: tuple[int, int]) -> Path:
    """Write an MR slice whose window shows each value as it is."""
    return write_scan(
        folder / "aspect.dcm", displayed.astype(np.int64), modality="MR", intercept=0,
        spacing=(0.25 * aspect[0], 0.25 * aspect[1]), WindowCenter=128, WindowWidth=256,
    )  # fmt: skip


def means_of_patches(view: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Return the mean of each whole patch, as an encoder's grid of values."""
    (rows, columns), (height, width) = geometry.grid_hw, geometry.patch_hw
    whole = view[: rows * height, : columns * width, 0].astype(np.float64)
    means = whole.reshape(rows, height, columns, width).mean(axis=(1, 3))
    return means.astype(np.float32)


def in_patches(geometry: Geometry, axis: int) -> np.ndarray:
    """Return where the pixels of the file lie on the grid, by the definition of the geometry."""
    pixels = np.arange(geometry.orig_hw[axis])
    on_model = (pixels + 0.5) * geometry.resized_hw[axis] / geometry.orig_hw[axis]
    return (on_model - geometry.offset_yx[axis]) / geometry.patch_hw[axis]


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@settings(
    max_examples=25, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    shape=st.tuples(st.integers(200, 420), st.integers(200, 420)),
    mode=st.sampled_from(RESIZE_MODES),
    patch=st.sampled_from(PATCHES),
    axis=st.sampled_from([0, 1]),
    turned=st.sampled_from([*STORED, (1, 1), (1, 2), (3, 1)]),
)
def test_that_a_ramp_of_a_file_lands_within_a_tenth_of_a_model_pixel(
    folder: Path,
    shape: tuple[int, int],
    mode: str,
    patch: tuple[int, int],
    axis: int,
    turned: int | tuple[int, int],
) -> None:
    truth = ramp(*shape, axis)
    config = PreprocessConfig(size=SIZE, resize_mode=mode, interpolation="bilinear")
    grid_hw = SIZE // patch[0], SIZE // patch[1]
    geometry = plan(*shape, config, grid_hw, patch)
    write = write_dicom if isinstance(turned, tuple) else write_picture

    def read(values: np.ndarray) -> np.ndarray:
        path = write(folder, rounded(values), turned)  # type: ignore[operator]
        pixels = render_file_for_encoder(path).pixels
        assert pixels.shape == shape
        return means_of_patches(model_view(pixels, config), geometry)

    # what a constant adds to a rising ramp it adds to a falling one
    grid = 120 + (read(truth) - read(240 - truth)) / 2
    overlay = to_original(grid, geometry)

    down, across = in_patches(geometry, 0), in_patches(geometry, 1)
    seen = np.outer((down >= 0) & (down <= grid_hw[0]), (across >= 0) & (across <= grid_hw[1]))
    np.testing.assert_array_equal(np.isfinite(overlay), seen)
    # Only between patches that lie on the picture whole is the map the ramp itself.
    inside = np.outer(_between(down, grid_hw[0]), _between(across, grid_hw[1]))
    scale = geometry.resized_hw[axis] / shape[axis]
    slope = 240 / (shape[axis] - 1)
    error = np.abs(overlay - truth)[inside] / slope * scale
    assert error.max(initial=0) < 0.1


def _between(places: np.ndarray, cells: int) -> np.ndarray:
    """Return which places lie between the centres of patches that are whole on the picture."""
    first = np.ceil(max(places[0], 0) + 0.05) + 0.5
    last = np.floor(min(places[-1], cells) - 0.05) - 0.5
    return (places >= first) & (places <= last)
