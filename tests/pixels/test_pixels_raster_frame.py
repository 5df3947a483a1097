"""Plain images: every depth and mode, upright, on black, never clipped."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from vlm_explorer.errors import FileProblem, UnsupportedImage, UsageError
from vlm_explorer.pixels.decode import count_frames, read_frame
from vlm_explorer.pixels.render import COLOUR_WINDOW, render, render_frame

RNG = np.random.default_rng(7)
GREY = RNG.integers(0, 256, (6, 8)).astype(np.uint8)
DEEP = RNG.integers(0, 65536, (6, 8)).astype(np.uint16)
RGB = RNG.integers(0, 256, (6, 8, 3)).astype(np.uint8)
ALPHA = RNG.integers(0, 256, (6, 8)).astype(np.uint8)


def save(path: Path, pixels: NDArray[Any], **options: Any) -> Path:
    Image.fromarray(pixels).save(path, **options)
    return path


def write_png(path: Path, rows: NDArray[Any], bits: int, colour_type: int) -> Path:
    """Write a PNG that Pillow cannot write; `rows` is (rows, bytes of a row)."""
    height = rows.shape[0]
    width = rows.shape[1] * 8 // (bits * {0: 1, 2: 3, 4: 2, 6: 4}[colour_type])

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    data = b"".join(b"\x00" + row.tobytes() for row in rows)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )
    return path


def as_bytes(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    big = np.ascontiguousarray(pixels.astype(">u2"))
    return big.reshape(big.shape[0], -1).view(np.uint8)


# Greys


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp"])
def test_that_8_bit_greys_stay_as_they_are(tmp_path: Path, name: str) -> None:
    rendering = render(save(tmp_path / name, GREY))
    assert np.array_equal(rendering.pixels, GREY)
    assert (rendering.photometric, rendering.inverted) == ("MONOCHROME2", False)
    assert rendering.window.source == "full range"


def test_that_a_grey_jpeg_stays_grey(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", GREY)
    with Image.open(path) as image:
        assert np.array_equal(render(path).pixels, np.asarray(image))


@pytest.mark.parametrize(
    ("name", "pixels"),
    [
        ("a.png", DEEP),
        ("a.tif", DEEP),
        ("big.tif", DEEP.astype(">u2")),
        ("wide.tif", DEEP.astype(np.int32) * 1000 - 5_000_000),
        ("real.tif", DEEP.astype(np.float32) / 7 - 3),
    ],
)
def test_that_deep_greys_keep_their_values_and_none_is_clipped(
    tmp_path: Path, name: str, pixels: NDArray[Any]
) -> None:
    path = save(tmp_path / name, pixels)
    frame = read_frame(path)
    assert frame.values.dtype == np.float32
    assert np.array_equal(frame.values, pixels.astype(np.float32))
    shades = render_frame(frame).pixels.astype(float)
    low, high = float(pixels.min()), float(pixels.max())
    expected = (pixels.astype(float) - low) / (high - low) * 255
    assert np.abs(shades - expected).max() <= 0.51


def test_that_12_bits_in_a_16_bit_png_are_not_dark(tmp_path: Path) -> None:
    rendering = render(save(tmp_path / "a.png", DEEP >> 4))
    assert (rendering.pixels.min(), rendering.pixels.max()) == (0, 255)
    assert rendering.pixels.std() > 50


def test_that_a_real_picture_may_hold_what_is_no_number(tmp_path: Path) -> None:
    pixels = np.linspace(0, 1, 48, dtype=np.float32).reshape(6, 8)
    pixels[2, 3] = np.nan
    frame = read_frame(save(tmp_path / "a.tif", pixels))
    assert frame.padding is not None
    assert frame.padding.sum() == 1
    assert render_frame(frame).pixels[2, 3] == 0


def test_that_an_even_deep_picture_is_black(tmp_path: Path) -> None:
    assert render(save(tmp_path / "a.png", np.full((4, 4), 700, np.uint16))).pixels.max() == 0


def test_that_black_and_white_is_read(tmp_path: Path) -> None:
    for name, options in (("a.png", {}), ("a.tif", {"compression": "group4"})):
        rendering = render(save(tmp_path / name, GREY > 127, **options))
        assert np.array_equal(rendering.pixels, np.where(GREY > 127, 255, 0))


def test_that_a_tiff_whose_zero_is_white_is_shown_so_once(tmp_path: Path) -> None:
    # Pillow turns 8 bits round when it writes them so, and back when it reads them.
    grey = save(tmp_path / "grey.tif", GREY, tiffinfo={262: 0})
    assert np.array_equal(render(grey).pixels, GREY)
    plain = render(save(tmp_path / "plain.tif", DEEP)).pixels.astype(int)
    inverse = render(save(tmp_path / "inverse.tif", DEEP, tiffinfo={262: 0}))
    assert inverse.inverted
    assert np.abs(inverse.pixels - (255 - plain)).max() <= 1


# Colours


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp"])
def test_that_colours_stay_as_they_are(tmp_path: Path, name: str) -> None:
    rendering = render(save(tmp_path / name, RGB))
    assert np.array_equal(rendering.pixels, RGB)
    assert rendering.window == COLOUR_WINDOW
    assert rendering.window.source == "none"


def test_that_a_window_on_colour_is_ignored_and_said(tmp_path: Path) -> None:
    rendering = render(save(tmp_path / "a.png", RGB), window="40,400")
    assert np.array_equal(rendering.pixels, RGB)
    assert any("window" in warning for warning in rendering.warnings)


@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_that_lossy_colours_are_pillows(tmp_path: Path, name: str) -> None:
    path = save(tmp_path / name, RGB)
    with Image.open(path) as image:
        assert np.array_equal(render(path).pixels, np.asarray(image.convert("RGB")))


def test_that_a_palette_becomes_colours(tmp_path: Path) -> None:
    image = Image.fromarray(RGB).quantize(16)
    image.save(tmp_path / "a.png")
    assert np.array_equal(render(tmp_path / "a.png").pixels, np.asarray(image.convert("RGB")))


def test_that_a_palette_of_greys_is_grey(tmp_path: Path) -> None:
    Image.fromarray(GREY).convert("P").save(tmp_path / "a.png")
    assert np.array_equal(render(tmp_path / "a.png").pixels, GREY)


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_that_cmyk_becomes_the_colours_it_prints(tmp_path: Path, name: str) -> None:
    smooth = np.kron(RGB, np.ones((16, 16, 1), np.uint8))
    Image.fromarray(smooth).convert("CMYK").save(tmp_path / name, quality=100)
    pixels = render(tmp_path / name).pixels.astype(int)
    assert np.abs(pixels - smooth).mean() < 3


def test_that_16_bit_colours_keep_their_upper_bits(tmp_path: Path) -> None:
    deep = RNG.integers(0, 65536, (6, 8, 3)).astype(np.uint16)
    path = write_png(tmp_path / "a.png", as_bytes(deep), 16, 2)
    assert np.abs(render(path).pixels.astype(int) - (deep >> 8)).max() <= 1


# Transparency


def test_that_transparency_is_laid_on_black(tmp_path: Path) -> None:
    colour = render(save(tmp_path / "a.png", np.dstack([RGB, ALPHA]))).pixels
    assert np.abs(colour - RGB * (ALPHA[..., None] / 255.0)).max() <= 0.51
    grey = render(save(tmp_path / "b.png", np.dstack([GREY, ALPHA]))).pixels
    assert grey.shape == GREY.shape
    assert np.abs(grey - GREY * (ALPHA / 255.0)).max() <= 0.51
    webp = render(save(tmp_path / "c.webp", np.dstack([RGB, ALPHA]), lossless=True)).pixels
    assert np.abs(webp - RGB * (ALPHA[..., None] / 255.0)).max() <= 1


def test_that_a_transparent_colour_is_black(tmp_path: Path) -> None:
    value = int(GREY[0, 0])
    pixels = render(save(tmp_path / "a.png", GREY, transparency=value)).pixels
    assert np.array_equal(pixels, np.where(value == GREY, 0, GREY))


def test_that_a_transparent_palette_entry_is_black(tmp_path: Path) -> None:
    image = Image.fromarray(RGB).quantize(16)
    image.save(tmp_path / "a.png", transparency=3)
    pixels = render(tmp_path / "a.png").pixels
    assert pixels.shape == RGB.shape
    assert (pixels[np.asarray(image) == 3] == 0).all()


# Orientation, pages


TURNS = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(np.swapaxes(a, 0, 1), 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", sorted(TURNS))
@pytest.mark.parametrize("pixels", [GREY, DEEP, RGB], ids=["grey", "deep", "colour"])
@pytest.mark.parametrize("name", ["a.png", "a.tif", "packed.tif"])
def test_that_pictures_are_turned_upright(
    tmp_path: Path, name: str, pixels: NDArray[Any], orientation: int
) -> None:
    if name.endswith("tif"):
        options: dict[str, Any] = {"tiffinfo": {274: orientation}}
        if name == "packed.tif":
            options["compression"] = "tiff_lzw"
    else:
        options = {"exif": Image.Exif()}
        options["exif"][0x0112] = orientation
    frame = read_frame(save(tmp_path / name, pixels, **options))
    assert np.array_equal(frame.values, TURNS[orientation](pixels))


def test_that_a_jpeg_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    flat = read_frame(save(tmp_path / "a.jpg", RGB)).values
    turned = read_frame(save(tmp_path / "b.jpg", RGB, exif=exif)).values
    assert np.array_equal(turned, np.rot90(flat, -1))


def test_that_the_pages_of_a_tiff_are_frames(tmp_path: Path) -> None:
    pages = [np.full((5 + n, 7), 20 * n, np.uint8) for n in range(4)]
    more = [Image.fromarray(page) for page in pages[1:]]
    path = save(tmp_path / "a.tif", pages[0], save_all=True, append_images=more)
    assert count_frames(path) == 4
    for number, page in enumerate(pages):
        assert np.array_equal(read_frame(path, number).values, page)
    with pytest.raises(UsageError, match="no page 4"):
        read_frame(path, 4)


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_that_an_animation_shows_its_first_frame_and_says_so(tmp_path: Path, name: str) -> None:
    more = [Image.fromarray(255 - RGB)]
    options = {"lossless": True} if name.endswith("webp") else {}
    path = save(tmp_path / name, RGB, save_all=True, append_images=more, **options)
    frame = read_frame(path)
    assert count_frames(path) == frame.frames == 1
    assert np.array_equal(frame.values, RGB)
    assert any("animated" in warning for warning in frame.warnings)


# Damage


NOISE = RNG.integers(0, 256, (60, 50, 3)).astype(np.uint8)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.bmp", "a.webp"])
@given(
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8)
)
def test_that_damaged_bytes_are_a_picture_or_a_file_problem(
    tmp_path_factory: pytest.TempPathFactory, name: str, edits: list[tuple[float, int]]
) -> None:
    path = tmp_path_factory.mktemp("damaged") / name
    data = bytearray(save(path, NOISE[:12, :10]).read_bytes())
    for place, value in edits:
        data[int(place * min(len(data), 400))] = value
    path.write_bytes(data)
    with suppress(FileProblem):
        assert render(path).pixels.dtype == np.uint8


def test_that_too_many_pixels_are_refused(tmp_path: Path) -> None:
    path = write_png(tmp_path / "a.png", np.zeros((1, 60_000), np.uint8), 8, 0)
    data = bytearray(path.read_bytes())
    data[20:24] = struct.pack(">I", 60_000)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    path.write_bytes(data)
    with pytest.raises(UnsupportedImage, match="more pixels"):
        read_frame(path)
