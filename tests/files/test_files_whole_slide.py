"""Whole slides: the lowest level, put together of its tiles; labels never."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from vlm_explorer.errors import NotAnImage, UnsupportedImage
from vlm_explorer.files.dicom_header import read_header
from vlm_explorer.pixels.decode import count_frames, read_frame


@pytest.fixture
def level(test_data: Path, tmp_path: Path) -> Path:
    """A real level of 50 x 50 pixels in 25 tiles."""
    path = tmp_path / "level.dcm"
    path.write_bytes((test_data / "dicom" / "edge" / "hd_sm_image.dcm").read_bytes())
    return path


def whole(path: Path) -> np.ndarray:
    tiles = dcmread(path).pixel_array
    rows = [np.concatenate(list(tiles[5 * row : 5 * row + 5]), axis=1) for row in range(5)]
    return np.concatenate(rows, axis=0)


def changed(path: Path, name: str = "", **elements: object) -> Path:
    dataset = dcmread(path)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    place = path.with_name(name) if name else path
    dataset.save_as(place)
    return place


def test_that_the_tiles_of_a_level_are_one_picture(level: Path) -> None:
    header = read_header(level)
    assert (header.frames, header.rows, header.columns) == (1, 50, 50)
    assert len(header.places) == 1
    assert count_frames(level) == 1
    frame = read_frame(level)
    assert frame.frames == 1
    assert np.array_equal(frame.values, whole(level))


def test_that_compressed_tiles_are_put_together_too(test_data: Path) -> None:
    edge = test_data / "dicom" / "edge"
    plain, packed = edge / "hd_sm_image.dcm", edge / "hd_sm_image_jpegls_nobot.dcm"
    assert np.array_equal(read_frame(packed).values, whole(plain))


def test_that_what_a_tile_has_beyond_the_slide_is_cut_off(level: Path) -> None:
    changed(level, TotalPixelMatrixRows=47, TotalPixelMatrixColumns=42)
    assert np.array_equal(read_frame(level).values, whole(level)[:47, :42])


def test_that_tiles_at_places_of_their_own_lie_there_on_white(level: Path) -> None:
    dataset = dcmread(level)
    dataset.DimensionOrganizationType = "TILED_SPARSE"
    groups = []
    for top, left in ((1, 11), (31, 41)):
        plane = Dataset()
        plane.RowPositionInTotalImagePixelMatrix = top
        plane.ColumnPositionInTotalImagePixelMatrix = left
        groups.append(Dataset())
        groups[-1].PlanePositionSlideSequence = [plane]
    dataset.PerFrameFunctionalGroupsSequence = groups
    dataset.save_as(level)
    tiles = dcmread(level).pixel_array
    expected = np.full((50, 50, 3), 255)
    expected[0:10, 10:20], expected[30:40, 40:50] = tiles[0], tiles[1]
    assert np.array_equal(read_frame(level).values, expected)


def test_that_a_level_that_ends_early_is_marked(level: Path) -> None:
    data = level.read_bytes()
    level.write_bytes(data[: len(data) - 5 * 300 - 50])
    frame = read_frame(level)
    assert frame.incomplete
    assert "The pixel data end early; some tiles are missing." in frame.warnings
    assert np.array_equal(frame.values[:30], whole_of(data, level)[:30])


def whole_of(data: bytes, path: Path) -> np.ndarray:
    place = path.with_name("whole.bin")
    place.write_bytes(data)
    return whole(place)


def test_that_of_a_pyramid_the_lowest_level_alone_is_read(level: Path) -> None:
    higher = changed(
        level, "higher.dcm", TotalPixelMatrixRows=500, SOPInstanceUID="1.2.3.4"
    )  # fmt: skip
    other = changed(level, "other.dcm", TotalPixelMatrixRows=500, SeriesInstanceUID="1.2.3.5")
    with pytest.raises(UnsupportedImage, match="A higher level of a whole-slide image, 50 x 500"):
        read_header(higher)
    assert read_header(level).rows == 50
    assert read_header(other).rows == 500


def test_that_a_level_too_large_is_refused_before_any_tile_is_read(level: Path) -> None:
    changed(level, TotalPixelMatrixRows=90_000, TotalPixelMatrixColumns=120_000)
    with pytest.raises(UnsupportedImage, match="120,000 x 90,000 pixels") as caught:
        read_header(level)
    assert "lowest level" in caught.value.hint
    with pytest.raises(UnsupportedImage):
        read_frame(level)


def test_that_the_label_of_a_slide_is_no_picture(level: Path) -> None:
    changed(level, ImageType=["ORIGINAL", "PRIMARY", "LABEL", "NONE"])
    with pytest.raises(NotAnImage, match="label of a slide"):
        read_header(level)
