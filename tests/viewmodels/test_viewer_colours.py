"""Colours of a series that are read as something else than its file says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pytestqt.qtbot import QtBot
from viewer_scans import open_files, ramp, write_scan

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.preprocess import model_view
from vlm_explorer.pixels.colour_reading import ColourReading
from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.render import render
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.viewer_model import Status, ViewerModel
from vlm_explorer.viewmodels.viewer_picture import EncoderPicture, FramePicture

COLOUR = Path(str(get_testdata_file("examples_rgb_color.dcm")))
FILE, RGB, YBR = ColourReading.FILE, ColourReading.RGB, ColourReading.YBR


@pytest.fixture
def ids(session: Session, tmp_path: Path) -> list[str]:
    """A colour picture and a grey one."""
    return open_files(session, [COLOUR, write_scan(tmp_path / "ct.dcm", ramp(), series="9.9")])


def settle(qtbot: QtBot, model: ViewerModel) -> None:
    qtbot.waitUntil(lambda: not model.session.runner.busy, timeout=30_000)


def show(qtbot: QtBot, session: Session, image_id: str) -> ViewerModel:
    model = ViewerModel(session, parent=session)
    session.select([image_id])
    settle(qtbot, model)
    assert model.status is Status.READY
    return model


def shown(model: ViewerModel) -> np.ndarray:
    assert isinstance(model.picture, FramePicture)
    return model.picture.pixels(0, 0, 0, model.picture.rows, model.picture.columns)


def test_that_colours_are_read_as_rgb_then_ybr_then_as_the_file_says_again(
    qtbot: QtBot, session: Session, ids: list[str]
) -> None:
    model = show(qtbot, session, ids[0])
    for reading, words in ((RGB, "Colours read as RGB"), (YBR, "Colours read as YBR"), (FILE, "")):
        model.read_colours()
        settle(qtbot, model)
        np.testing.assert_array_equal(shown(model), read_frame(COLOUR, 0, reading).values)
        assert model.picture is not None
        assert model.picture.describe() == words


def test_that_the_reading_stays_with_the_series_in_every_pane(
    qtbot: QtBot, session: Session, ids: list[str]
) -> None:
    model = show(qtbot, session, ids[0])
    for _ in range(2):
        model.read_colours()
        settle(qtbot, model)
    session.select([ids[1]])
    settle(qtbot, model)
    session.select([ids[0]])
    settle(qtbot, model)
    expected = read_frame(COLOUR, 0, YBR).values
    np.testing.assert_array_equal(shown(model), expected)
    np.testing.assert_array_equal(shown(show(qtbot, session, ids[0])), expected)


def test_that_a_grey_picture_says_that_it_has_no_colours(
    qtbot: QtBot, session: Session, ids: list[str]
) -> None:
    model = show(qtbot, session, ids[1])
    with qtbot.waitSignal(model.noticed) as said:
        model.read_colours()
    assert "no colours" in said.args[0]


def test_that_the_encoder_sees_the_colours_as_the_file_says(
    qtbot: QtBot, session: Session, ids: list[str], encoder: Encoder
) -> None:
    session.encoder = encoder
    model = show(qtbot, session, ids[0])
    for _ in range(2):
        model.read_colours()
        settle(qtbot, model)
    model.show_encoder_view(True)
    settle(qtbot, model)
    assert isinstance(model.picture, EncoderPicture)
    expected = model_view(render(COLOUR).pixels, encoder.preprocess)
    np.testing.assert_array_equal(model.picture.pyramid.levels[0], expected)


def test_that_dose_is_drawn_in_colours_and_says_in_which(qtbot: QtBot, session: Session) -> None:
    dose = Path(str(get_testdata_file("rtdose_1frame.dcm")))
    (image_id,) = open_files(session, [dose])
    model = show(qtbot, session, image_id)
    np.testing.assert_array_equal(shown(model), render(dose).pixels)
    assert model.picture is not None
    assert model.picture.describe().endswith(", hot iron")
