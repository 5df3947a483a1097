"""Windows by the formulas of the standard."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vlm_explorer.errors import UsageError
from vlm_explorer.pixels.windowing import (
    PRESETS,
    Window,
    apply_window,
    auto_window,
    full_range,
    make_preset,
    parse_window,
    spanning,
)

values_strategy = st.lists(st.integers(-40_000, 70_000), min_size=1, max_size=64)
centres = st.floats(-5_000, 5_000)
widths = st.floats(1, 20_000)
functions = st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"])


def grey(values: list[float], window: Window) -> list[int]:
    return [int(value) for value in apply_window(np.array([values], np.float32), window)[0]]


def of_the_standard(x: float, c: float, w: float, function: str) -> float:
    """PS3.3 C.11.2.1.2.1, C.11.2.1.3.1 and C.11.2.1.3.2 with an output of 0..255, as printed."""
    low, high = 0.0, 255.0
    if function == "SIGMOID":
        return (high - low) / (1 + math.exp(max(-700.0, min(700.0, -4 * (x - c) / w)))) + low
    if function == "LINEAR_EXACT":
        if x <= c - w / 2:
            return low
        if x > c + w / 2:
            return high
        return ((x - c) / w + 0.5) * (high - low) + low
    if x <= c - 0.5 - (w - 1) / 2:
        return low
    if x > c - 0.5 + (w - 1) / 2:
        return high
    return ((x - (c - 0.5)) / (w - 1) + 0.5) * (high - low) + low


@given(values_strategy, centres, widths, functions)
def test_that_every_grey_is_the_standards_to_half_a_step(
    values: list[int], centre: float, width: float, function: str
) -> None:
    got = grey([float(value) for value in values], Window(centre, width, "user", function))
    for value, shade in zip(values, got, strict=True):
        # float32 holds a value of 70,000 to 0.004; in a window of width w that is 1/w greys.
        tolerance = 0.5 + 0.01 * 255 / max(width - 1, 1e-3)
        assume(tolerance < 250)
        assert abs(shade - of_the_standard(value, centre, width, function)) <= tolerance


@given(st.integers(-1000, 1000), st.integers(2, 4096))
def test_that_integer_ct_windows_are_exact(centre: int, width: int) -> None:
    values = [float(value) for value in range(-3000, 3001, 37)]
    expected = [
        math.floor(of_the_standard(value, centre, width, "LINEAR") + 0.5) for value in values
    ]
    got = grey(values, Window(centre, width, "user"))
    # Where the formula gives a half, float32 may fall on either side of it.
    for shade, wanted, value in zip(got, expected, values, strict=True):
        exact = of_the_standard(value, centre, width, "LINEAR")
        near_half = abs(exact % 1 - 0.5) < 1e-3
        assert shade == wanted or (near_half and abs(shade - wanted) == 1)


@given(values_strategy, centres, widths, functions)
def test_that_a_window_never_turns_the_order_of_values(
    values: list[int], centre: float, width: float, function: str
) -> None:
    got = grey([float(value) for value in sorted(values)], Window(centre, width, "u", function))
    assert got == sorted(got)


@given(centres, widths)
def test_that_the_ends_of_a_linear_window_are_black_and_white(centre: float, width: float) -> None:
    low, high = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    assert grey([low - 1, high + 1], Window(centre, width, "user")) == [0, 255]


def test_that_a_window_of_width_one_is_a_step() -> None:
    assert grey([9.0, 9.5, 9.6, 10.0], Window(10, 1, "user")) == [0, 0, 255, 255]


def test_that_a_linear_window_narrower_than_one_is_computed_exactly() -> None:
    window = Window(0.105, 0.21, "file")
    assert grey([0.0, 0.105, 0.21], window) == [0, 128, 255]


def test_that_256_around_128_leaves_8_bits_as_they_are() -> None:
    assert grey([float(value) for value in range(256)], Window(128, 256, "x")) == list(range(256))


def test_that_extreme_values_do_not_overflow() -> None:
    most = float(np.finfo(np.float32).max)
    for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        assert grey([-most, most], Window(0, 1e-3, "user", function)) == [0, 255]
        assert grey([-most, most], Window(-most, 2.0, "user", function))[1] == 255


def test_that_values_are_not_changed_and_any_layout_is_read() -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    before = values.copy()
    turned = apply_window(values.T, Window(6, 12, "user"))
    assert turned.shape == (4, 3)
    assert (turned == apply_window(values, Window(6, 12, "user")).T).all()
    assert (values == before).all()


def test_that_blocks_of_a_large_picture_fit_together() -> None:
    values = np.linspace(-100, 1100, 700 * 300, dtype=np.float32).reshape(700, 300)
    shades = apply_window(values, Window(500, 1000, "user"))
    assert (np.diff(shades.reshape(-1).astype(int)) >= 0).all()
    assert (shades[0, 0], shades[-1, -1]) == (0, 255)


def test_that_auto_spans_the_percentiles_of_what_counts() -> None:
    values = np.random.default_rng(0).normal(100, 10, (200, 200)).astype(np.float32)
    padding = np.zeros((200, 200), dtype=bool)
    padding[:100] = True
    values[:100] = -2000
    window = auto_window(values, padding=padding)
    low, high = np.percentile(values[100:], [0.5, 99.5])
    assert window.centre - window.width / 2 == pytest.approx(low, rel=1e-6)
    assert window.centre + window.width / 2 == pytest.approx(high, rel=1e-6)
    assert window.source == "auto"


def test_that_auto_samples_a_large_picture() -> None:
    values = np.random.default_rng(0).normal(0, 1, (3000, 2000)).astype(np.float32)
    window = auto_window(values)
    low, high = np.percentile(values, [0.5, 99.5])
    assert window.width == pytest.approx(high - low, rel=0.02)


def test_that_auto_of_a_picture_almost_all_of_one_value_keeps_the_rest_visible() -> None:
    values = np.zeros((100, 100), dtype=np.float32)
    values[0, :5] = 50
    window = auto_window(values)
    assert window.source == "auto"
    assert grey([0.0, 50.0], window) == [0, 255]


@pytest.mark.parametrize("value", [0.0, -1024.0, 7.5])
def test_that_an_even_picture_has_a_window_and_is_black(value: float) -> None:
    window = auto_window(np.full((4, 4), value, dtype=np.float32))
    assert window.width > 0
    assert grey([value], window) == [0]


def test_that_a_picture_of_padding_alone_has_a_window() -> None:
    values = np.ones((4, 4), dtype=np.float32)
    assert auto_window(values, padding=np.ones((4, 4), dtype=bool)).width > 0
    assert full_range(np.empty((0, 0), dtype=np.float32)).width > 0


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_that_a_spanning_window_reaches_from_end_to_end(low: float, length: float) -> None:
    window = spanning(low, low + length, "auto")
    assume(np.float32(low) != np.float32(low + length))
    assert grey([low - length, low + 2 * length], window) == [0, 255]


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_that_every_preset_is_found_by_its_name(name: str) -> None:
    window = make_preset(name.upper().replace(" ", "-"))
    assert (window.centre, window.width) == PRESETS[name]
    assert window.source == f"preset: {name}"
    assert parse_window(name) == name


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("40,400", Window(40, 400, "user")),
        (" -600 , 1500.5 ", Window(-600, 1500.5, "user")),
        ("auto", "auto"),
        ("Full-Range", "full range"),
        ("Soft Tissue", "soft tissue"),
    ],
)
def test_that_what_users_write_is_understood(words: str, expected: Window | str) -> None:
    assert parse_window(words) == expected


@pytest.mark.parametrize("words", ["", "40", "40,0", "40,-1", "1,2,3", "nan,5", "1,inf", "livre"])
def test_that_what_makes_no_window_is_refused(words: str) -> None:
    with pytest.raises(UsageError):
        parse_window(words)
