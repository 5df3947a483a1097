"""The sheet of models, by mouse and keys, against a hub on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hub_server import LocalHub
from local_encoders import CLIP, GATED, MemoryKeyring, hub, memory_keyring, published
from model_folders import TRANSFORMERS_BUILDERS
from model_writing import write_blank_checkpoint
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from vlm_explorer import paths
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.settings import load_settings
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.models_sheet import IMPORT, NOTHING, PAGE, ModelsSheet

__all__ = ["hub", "memory_keyring", "published"]  # fixtures of this module

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("memory_keyring")]

LONG = 120_000  # ms; a child process on a busy machine
SHORTCUT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(focused(), key, modifier)


def sheet_of(window: MainWindow) -> ModelsSheet:
    assert isinstance(window.sheets.shown, ModelsSheet)
    return window.sheets.shown


@pytest.fixture
def sheet(window: MainWindow, qtbot: QtBot) -> ModelsSheet:
    """The sheet over the welcome page, opened by its shortcut, listed."""
    with qtbot.waitActive(window, timeout=LONG):
        window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_E, SHORTCUT)
    sheet = sheet_of(window)
    qtbot.waitUntil(lambda: bool(sheet.list.current), timeout=LONG)
    return sheet


def choose(sheet: ModelsSheet, id_: str) -> None:
    sheet.list.choose(id_)
    assert sheet.page.shown == id_


def buttons(sheet: ModelsSheet) -> list[str]:
    return [button.text() for button in sheet.page.offers.buttons if button.isVisible()]


def wait(qtbot: QtBot, condition: Callable[[], bool]) -> None:
    qtbot.waitUntil(condition, timeout=LONG)


def test_that_the_shortcut_opens_on_the_leading_encoder_and_escape_goes_back(
    window: MainWindow, sheet: ModelsSheet
) -> None:
    assert sheet.list.hasFocus()
    assert sheet.page.shown == "biomedclip"
    assert sheet.page.name.text() == "BiomedCLIP"
    assert "MIT" in [words.text() for words in sheet.page.findChildren(QLabel)]
    press(Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_that_arrows_choose_and_headings_are_skipped(sheet: ModelsSheet) -> None:
    press(Qt.Key.Key_Home)
    assert sheet.list.current == "demo"
    press(Qt.Key.Key_Down)
    assert sheet.list.current == "biomedclip"
    press(Qt.Key.Key_Up)
    assert sheet.list.current == "demo"


@pytest.mark.slow
def test_that_an_encoder_is_fetched_and_removed_by_keys_alone(
    window: MainWindow, sheet: ModelsSheet, hub: LocalHub, qtbot: QtBot
) -> None:
    hub.faults.pause = 0.002
    choose(sheet, CLIP)
    press(Qt.Key.Key_Return)
    assert buttons(sheet) == ["Cancel"]
    assert sheet.page.offers.bar.isVisible()
    wait(qtbot, lambda: "/s" in sheet.page.offers.words.text())
    assert "Fetching" in window.status.job.title.text()
    wait(qtbot, lambda: buttons(sheet) == ["Remove"])
    assert sheet.list.current == CLIP
    assert "is on this machine now" in window.toast.words.text()
    assert sheet.disk.text().startswith("Disk used: ")
    press(Qt.Key.Key_Delete)
    assert buttons(sheet) == ["Undo", "Remove now"]
    press(Qt.Key.Key_Return)
    assert buttons(sheet) == ["Remove"]
    press(Qt.Key.Key_Delete)
    press(Qt.Key.Key_Tab)
    press(Qt.Key.Key_Tab)
    assert focused() is sheet.page.offers.buttons[1]
    press(Qt.Key.Key_Space)
    wait(qtbot, lambda: not (paths.models_folder() / CLIP).exists())
    wait(qtbot, lambda: not window.session.runner.busy)
    assert buttons(sheet)[0].startswith("Fetch")


@pytest.mark.slow
def test_that_fetching_goes_on_while_the_sheet_is_closed(
    window: MainWindow, sheet: ModelsSheet, hub: LocalHub, qtbot: QtBot
) -> None:
    hub.faults.pause = 0.005
    choose(sheet, CLIP)
    qtbot.mouseClick(sheet.page.offers.buttons[0], LEFT)
    wait(qtbot, lambda: (window.desk.shelf.state(CLIP).share or 0) > 0)
    sheet.dismiss()
    window.sheets.open_models(CLIP)
    again = sheet_of(window)
    wait(qtbot, lambda: again.list.current == CLIP)
    assert buttons(again) == ["Cancel"]
    with qtbot.waitSignal(window.desk.shelf.fetched, timeout=LONG):
        again.dismiss()
    wait(qtbot, lambda: not window.session.runner.busy)


def test_that_a_fault_stands_in_place_with_what_to_do(
    window: MainWindow,
    sheet: ModelsSheet,
    hub: LocalHub,
    qtbot: QtBot,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hub.faults.altered.add("open_clip_pytorch_model.bin")
    choose(sheet, CLIP)
    press(Qt.Key.Key_Return)
    wait(qtbot, sheet.page.problem.isVisible)
    assert sheet.page.problem.text.text()
    assert sheet.page.problem.hint.text()
    assert buttons(sheet) == ["Try again"]
    assert not window.toast.isVisible(), "it is said once, where it belongs"
    choose(sheet, "demo")
    assert not sheet.page.problem.isVisible()
    wait(qtbot, lambda: not window.session.runner.busy)
    caplog.clear()


def test_that_a_gated_encoder_takes_a_token_that_cannot_be_read(
    window: MainWindow, sheet: ModelsSheet, memory_keyring: MemoryKeyring, qtbot: QtBot
) -> None:
    choose(sheet, GATED)
    access = sheet.page.access
    assert access.isVisible()
    assert "https://" in access.words.text()
    assert access.field.echoMode() is QLineEdit.EchoMode.Password
    assert not access.keep.isEnabled()
    access.field.setFocus()
    QTest.keyClicks(access.field, "hf_abcdefgh")
    press(Qt.Key.Key_Return)
    wait(qtbot, access.forget.isVisible)
    assert access.field.text() == ""
    assert list(memory_keyring.kept.values()) == ["hf_abcdefgh"]
    qtbot.mouseClick(access.forget, LEFT)
    wait(qtbot, access.field.isVisible)
    assert memory_keyring.kept == {}
    wait(qtbot, lambda: not window.session.runner.busy)


def test_that_what_cannot_be_had_says_why_and_offers_nothing(sheet: ModelsSheet) -> None:
    choose(sheet, "conch")
    assert sheet.page.reason.isVisible()
    assert sheet.page.reason.text.text()
    assert not sheet.page.offers.isVisible()


def test_that_a_stroke_filters_and_escape_clears(sheet: ModelsSheet, window: MainWindow) -> None:
    press(Qt.Key.Key_Slash)
    assert sheet.filter.hasFocus()
    QTest.keyClicks(sheet.filter, "quilt")
    assert sheet.list.current.startswith("quiltnet")
    QTest.keyClicks(sheet.filter, " xyz")
    assert sheet.stack.currentIndex() == NOTHING
    press(Qt.Key.Key_Escape)
    assert sheet.filter.text() == ""
    assert sheet.stack.currentIndex() == PAGE
    assert sheet.isVisible()
    assert sheet.list.hasFocus()


def test_that_a_folder_is_imported_by_its_form(
    window: MainWindow, sheet: ModelsSheet, published: Path, qtbot: QtBot
) -> None:
    qtbot.mouseClick(sheet.add, LEFT)
    assert sheet.stack.currentIndex() == IMPORT
    form = sheet.form
    assert form.path.hasFocus()
    assert not form.go.isEnabled()
    QTest.keyClicks(form.path, str(published))
    press(Qt.Key.Key_Return)
    wait(qtbot, form.go.isEnabled)
    assert len(form.digest.text()) == 64
    assert not form.architecture.isVisible()
    assert form.id.hasFocus()
    form.id.selectAll()
    QTest.keyClicks(form.id, "my-clip")
    press(Qt.Key.Key_Return)
    wait(qtbot, lambda: sheet.list.current == "my-clip")
    assert sheet.stack.currentIndex() == PAGE
    assert (paths.models_folder() / "my-clip").is_dir()
    assert "of your own" in sheet.page.purpose.text()
    assert "not known" in sheet.page.limits.text()
    assert sheet.page.id.text() == "", "the name says it already"
    spoken = sheet.list.currentIndex().data(Qt.ItemDataRole.AccessibleTextRole)
    assert "Your own" in spoken
    wait(qtbot, lambda: not window.session.runner.busy)


@pytest.mark.parametrize(
    ("kind", "scores"), [("pubmedclip", "compete"), ("google-siglip2", "each on its own")]
)
def test_that_a_folder_of_transformers_is_imported_by_its_form(
    window: MainWindow,
    sheet: ModelsSheet,
    tmp_path: Path,
    qtbot: QtBot,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    scores: str,
) -> None:
    folder = TRANSFORMERS_BUILDERS[kind](tmp_path / "tuned")
    caplog.clear()  # transformers finds fault with its own defaults
    qtbot.mouseClick(sheet.add, LEFT)
    QTest.keyClicks(sheet.form.path, str(folder))
    press(Qt.Key.Key_Return)
    wait(qtbot, sheet.form.go.isEnabled)
    assert sheet.form.id.text() == "tuned"
    qtbot.mouseClick(sheet.form.go, LEFT)
    wait(qtbot, lambda: sheet.list.current == "tuned")
    said = [words.text() for words in sheet.page.findChildren(QLabel)]
    assert any(words.startswith(scores) for words in said)
    assert load_encoder("tuned", device="cpu", precision="fp32").encode_texts(["lung"]).any()
    wait(qtbot, lambda: not window.session.runner.busy)


def test_that_a_bare_checkpoint_is_imported_by_its_form(
    window: MainWindow, sheet: ModelsSheet, tmp_path: Path, qtbot: QtBot
) -> None:
    file = write_blank_checkpoint(tmp_path / "tuned.pt", "RN50")
    qtbot.mouseClick(sheet.add, LEFT)
    form = sheet.form
    QTest.keyClicks(form.path, str(file))
    press(Qt.Key.Key_Return)
    wait(qtbot, form.go.isEnabled)
    assert form.architecture.isVisible()
    assert form.architecture.currentText() == "RN50"
    assert "RN50-quickgelu" in form.fits.text()
    edit = form.architecture.lineEdit()
    assert edit is not None
    edit.selectAll()
    QTest.keyClicks(edit, "ViT-B-99")
    assert not form.go.isEnabled()
    edit.selectAll()
    QTest.keyClicks(edit, "RN50-quickgelu")
    assert form.pretrained.findData("openai") > 0
    assert form.go.isEnabled()
    qtbot.mouseClick(form.go, LEFT)
    wait(qtbot, lambda: sheet.list.current == "tuned")
    assert "RN50-quickgelu" in [words.text() for words in sheet.page.findChildren(QLabel)]
    wait(qtbot, lambda: not window.session.runner.busy)


def test_that_a_folder_that_is_no_encoder_is_said_in_the_form(
    window: MainWindow,
    sheet: ModelsSheet,
    tmp_path: Path,
    qtbot: QtBot,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sheet.open_import()
    sheet.form.look(tmp_path)
    wait(qtbot, sheet.form.problem.isVisible)
    assert not sheet.form.go.isEnabled()
    press(Qt.Key.Key_Escape)
    assert sheet.stack.currentIndex() == PAGE
    wait(qtbot, lambda: not window.session.runner.busy)
    caplog.clear()


def test_that_device_and_precision_are_kept(sheet: ModelsSheet) -> None:
    precision = sheet.compute.precision
    precision.setFocus()
    QTest.keyClick(precision, Qt.Key.Key_Down)
    assert load_settings().precision == "fp32"
    assert load_settings().device == "auto"


def test_that_everything_has_a_name_and_a_target_large_enough(sheet: ModelsSheet) -> None:
    for id_ in ("biomedclip", GATED):
        choose(sheet, id_)
        for button in sheet.panel.findChildren(QPushButton):
            if button.isVisible():
                assert button.accessibleName() or button.text()
                assert button.height() >= 28
    for field in sheet.panel.findChildren(QLineEdit):
        if field.isVisible() and not field.objectName().startswith("qt_"):
            assert field.accessibleName()
    for row in range(sheet.list.model().rowCount()):
        index = sheet.list.model().index(row, 0)
        assert index.data(Qt.ItemDataRole.AccessibleTextRole)


def test_that_the_status_line_and_the_banner_lead_to_the_models(
    opened: MainWindow, qtbot: QtBot
) -> None:
    assert opened.status.encoder.isVisible()
    qtbot.mouseClick(opened.status.encoder, LEFT)
    sheet = sheet_of(opened)
    wait(qtbot, lambda: bool(sheet.list.current))
    sheet.dismiss()
    opened.workspace.banner.get.click()
    again = sheet_of(opened)
    assert again is not sheet
    wait(qtbot, lambda: again.list.current == "biomedclip")
    wait(qtbot, lambda: not opened.session.runner.busy)


def test_that_the_sheet_fits_the_smallest_window(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(window.minimumSize())
    window.sheets.open_models(GATED)
    sheet = sheet_of(window)
    wait(qtbot, lambda: sheet.list.current == GATED)
    panel = sheet.panel.geometry()
    assert sheet.rect().contains(panel)
    for part in (sheet.compute, sheet.disk, sheet.add, sheet.close_button, sheet.filter):
        corner = part.mapTo(sheet, part.rect().bottomRight())
        assert panel.contains(corner), part
    assert sheet.page.widget().width() <= sheet.page.viewport().width()


def test_that_an_encoder_without_vectors_is_offered_to_encode(
    opened: MainWindow, published: Path, qtbot: QtBot
) -> None:
    shutil.copytree(published, paths.models_folder() / "mine")
    opened.sheets.open_models("mine")
    sheet = sheet_of(opened)
    wait(qtbot, lambda: sheet.list.current == "mine")
    assert buttons(sheet) == ["Encode 24 images and use", "Remove"]
    assert sheet.page.offers.words.text() == "0 of 24 images encoded"
    wait(qtbot, lambda: not opened.session.runner.busy)


def test_that_the_menu_lists_what_is_here_and_marks_what_is_in_use(
    opened: MainWindow, published: Path, qtbot: QtBot
) -> None:
    shutil.copytree(published, paths.models_folder() / "mine")
    opened.desk.shelf.refresh()
    menu = opened.menu.encoders
    wait(qtbot, lambda: len(menu.actions()) == 2)
    assert menu.menuAction().isEnabled()
    assert [action.text() for action in menu.actions()] == [
        "Demo encoder (encodes 24 images)",
        "mine (encodes 24 images)",
    ]
    assert not any(action.isChecked() for action in menu.actions()), "the one in use is not here"
    titles = [row.title for row in opened.panes()["Window"]]
    assert "Look with mine (encodes 24 images)" in titles
    wait(qtbot, lambda: not opened.session.runner.busy)


def test_that_the_list_shows_its_top_where_the_chosen_one_is_near_it(
    sheet: ModelsSheet, window: MainWindow, qtbot: QtBot
) -> None:
    sheet.dismiss()
    window.sheets.open_models(GATED)  # the encoders are known by now
    again = sheet_of(window)
    assert again.list.current == GATED
    assert again.list.verticalScrollBar().value() == 0
    assert again.list.viewport().rect().contains(again.list.visualRect(again.list.currentIndex()))
    wait(qtbot, lambda: not window.session.runner.busy)
