"""Dose is shown in colours, and seen by encoders in grey."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.pixels import apply_color_lut

from vlm_explorer.pixels.colour_map import DOSE, lay_map
from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.encoding_window import render_file_for_encoder
from vlm_explorer.pixels.render import render, render_frame

DOSE_FILE = Path(str(get_testdata_file("rtdose_1frame.dcm")))


def test_that_dose_is_shown_in_the_standards_hot_iron() -> None:
    greys = render_frame(read_frame(DOSE_FILE)).pixels
    shown = render(DOSE_FILE).pixels
    np.testing.assert_array_equal(shown, apply_color_lut(greys, palette="1.2.840.10008.1.5.1"))


def test_that_an_encoder_sees_dose_in_grey() -> None:
    greys = render_frame(read_frame(DOSE_FILE)).pixels
    assert greys.ndim == 2
    np.testing.assert_array_equal(render_file_for_encoder(DOSE_FILE).pixels, greys)


def test_that_more_dose_is_never_darker() -> None:
    ramp = lay_map(np.arange(256, dtype=np.uint8)[None], DOSE)[0].astype(float)
    lightness = ramp @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(lightness) >= 0).all()
    assert lightness[0] == 0
    assert lightness[-1] == pytest.approx(255)


def test_that_other_pictures_stay_grey() -> None:
    assert render(Path(str(get_testdata_file("CT_small.dcm")))).pixels.ndim == 2
