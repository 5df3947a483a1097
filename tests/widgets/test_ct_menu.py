"""Encoding CT through another window, from the menu of a real window with a real encoder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from vlm_explorer import paths
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.pipeline.indexing import index
from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.encoding_window import render_for_encoder
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.viewmodels.viewer_picture import EncoderPicture
from vlm_explorer.widgets.ct_menu import CtMenu
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.theme import themes

LONG = 120_000  # ms; a child process that loads torch, on a busy machine


@pytest.fixture
def collection(scans: Path, model_folder: Path, tmp_path: Path) -> Path:
    """A collection of an encoder that is installed; the map by PCA, which takes no time."""
    shutil.copytree(model_folder, paths.models_folder() / "small-clip")
    place = tmp_path / "own.vlmx"
    index([scans], to=place, encoder=load_encoder("small-clip", device="cpu"), workers=1)
    Collection(place).set_user_state("window", {"layout": ["pca", "raw", 42]})
    return place


@pytest.fixture
def real_window(session: Session, qtbot: QtBot, qapp: QApplication) -> Iterator[MainWindow]:
    """The window with the real encoders."""
    themes.apply(qapp)
    window = MainWindow(session, Thumbnails(session, session))
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    yield window
    session.close()
    assert session.runner.shutdown(30)


def menu_of(window: MainWindow) -> CtMenu:
    found = window.findChild(CtMenu)
    assert found is not None
    return found


def marked(menu: CtMenu) -> list[str]:
    return [str(action.data()) for action in menu.actions() if action.isChecked()]


def pick(menu: CtMenu, name: str) -> None:
    next(action for action in menu.actions() if action.data() == name).trigger()


@pytest.mark.slow
def test_that_a_choice_is_encoded_in_the_background_marked_and_said(
    real_window: MainWindow, collection: Path, scans: Path, qtbot: QtBot
) -> None:
    session, menu = real_window.session, menu_of(real_window)
    assert not menu.menuAction().isEnabled()
    session.open(collection)
    qtbot.waitUntil(lambda: session.encoder is not None, timeout=LONG)
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    assert menu.menuAction().isEnabled()
    assert marked(menu) == ["default"]
    row = [Path(str(file)).name for file in session.images.file].index("ct")
    session.select([str(session.images.ids[row])])
    viewer = real_window.workspace.viewer.model
    viewer.show_encoder_view(True)
    qtbot.waitUntil(lambda: viewer.shows_encoder_view, timeout=LONG)

    pick(menu, "lung")
    assert marked(menu) == ["default"], "until it is done, all stays as it is"
    qtbot.waitUntil(lambda: session.ct_window == "lung", timeout=LONG)
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    assert marked(menu) == ["lung"]
    assert real_window.status.encoder.text().endswith(" · CT: lung")
    assert session.content is not None
    assert Collection(collection).encoder_entry().ct_window == "lung"
    np.testing.assert_array_equal(session.content.vectors, Collection(collection).vectors())
    picture = viewer.picture
    assert isinstance(picture, EncoderPicture)
    assert session.encoder is not None
    seen = render_for_encoder(read_frame(scans / "sub" / "ct"), "lung").pixels
    np.testing.assert_array_equal(picture.pyramid.levels[0], session.encoder.view(seen))


def test_that_a_choice_that_is_cancelled_changes_nothing(
    real_window: MainWindow, collection: Path, qtbot: QtBot
) -> None:
    session, menu = real_window.session, menu_of(real_window)
    session.open(collection)
    qtbot.waitUntil(lambda: session.encoder is not None, timeout=LONG)
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    pick(menu, "bone")
    session.runner.cancel("update")
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    assert (session.ct_window, marked(menu)) == ("default", ["default"])
    assert Collection(collection).encoder_entry().ct_window == "default"
