from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from shell_collection import IMAGES, FakeEncoder, image_id

from vlm_explorer.api import Collection
from vlm_explorer.cli import main
from vlm_explorer.errors import StorageProblem
from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels import export_work
from vlm_explorer.viewmodels.filters import TextFilter
from vlm_explorer.viewmodels.query_ranking import QueryRanking
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.export_sheet import ExportSheet
from vlm_explorer.widgets.main_window import MainWindow

pytestmark = pytest.mark.slow

LEFT = Qt.MouseButton.LeftButton
SVG = "{http://www.w3.org/2000/svg}"
Settle = Callable[[Session], None]


@pytest.fixture
def sheet(opened: MainWindow, settle: Settle) -> ExportSheet:
    """The sheet, opened by its keys, over a window with a prompt and labels."""
    opened.session.search("left effusion")
    opened.session.set_labels(["effusion", "nodule"], "", "single")
    settle(opened.session)
    opened.toast.dismiss()  # that files could not be read
    return open_sheet(opened)


def open_sheet(window: MainWindow) -> ExportSheet:
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert isinstance(window.sheets.shown, ExportSheet)
    return window.sheets.shown


def export_to(sheet: ExportSheet, path: Path, qtbot: QtBot) -> None:
    """Type a place and press Enter."""
    sheet.place.setFocus()
    sheet.place.selectAll()
    QTest.keyClicks(sheet.place, str(path))
    QTest.keyClick(sheet.place, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not sheet._desk.doing, timeout=60_000)


def choose_format(sheet: ExportSheet, name: str) -> None:
    sheet.format.setCurrentIndex(sheet.format.findData(name))
    sheet.format.activated.emit(sheet.format.currentIndex())


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_that_all_images_are_exported_by_keys_alone_and_the_folder_is_offered(
    opened: MainWindow,
    sheet: ExportSheet,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: shown.append(url.toLocalFile()))
    assert sheet.format.hasFocus()
    export_to(sheet, tmp_path / "a.csv", qtbot)
    rows = rows_of(tmp_path / "a.csv")
    assert len(rows) == IMAGES
    assert {"x", "y", "cosine to “left effusion”", "cosine to label “nodule”"} <= set(rows[0])
    assert "file" not in rows[0]
    assert not sheet.isVisible()
    assert opened.toast.words.text() == f"Exported {IMAGES} of {IMAGES} images."
    qtbot.mouseClick(opened.toast.button, LEFT)
    assert shown == [str(tmp_path)]


def test_that_the_selection_is_what_goes_out_where_there_is_one(
    opened: MainWindow, sheet: ExportSheet, tmp_path: Path, qtbot: QtBot
) -> None:
    sheet.dismiss()
    opened.session.select([image_id(3), image_id(1)])
    sheet = open_sheet(opened)
    assert sheet.what["selection"].isChecked()
    assert sheet.what["selection"].text() == "Selected (2)"
    assert sheet.place.text().endswith("selection-2-images.csv")
    export_to(sheet, tmp_path / "a.csv", qtbot)
    assert [row["image_id"] for row in rows_of(tmp_path / "a.csv")] == [image_id(1), image_id(3)]


def test_that_what_the_filter_shows_goes_out_and_its_words_do_not(
    opened: MainWindow, sheet: ExportSheet, tmp_path: Path, qtbot: QtBot
) -> None:
    sheet.dismiss()
    opened.session.set_filter(TextFilter("nodule"))
    sheet = open_sheet(opened)
    assert sheet.what["shown"].isChecked()
    export_to(sheet, tmp_path / "a.csv", qtbot)
    assert {row["label"] for row in rows_of(tmp_path / "a.csv")} == {"nodule"}
    facts = json.loads((tmp_path / "a.csv.json").read_text(encoding="utf-8"))
    assert facts["images"] == {"exported": IMAGES // 3, "of": IMAGES, "what": "shown"}
    assert facts["filters"] == ["words typed into the library (not written down)"]


def test_that_switches_are_off_and_say_what_they_let_out(
    sheet: ExportSheet, tmp_path: Path, qtbot: QtBot
) -> None:
    assert not any(switch.isChecked() for switch in sheet.switches.values())
    assert "named after patients" in sheet.switches["files"].text()
    assert "may hold names" in sheet.switches["notes"].text()
    assert sheet.switches["notes"].isVisible()
    withheld = "Without paths, keys, further columns, tags, notes and thumbnails."
    assert withheld in sheet.summary.text()
    qtbot.mouseClick(sheet.switches["files"], LEFT)
    assert "Without keys, further columns, tags, notes and thumbnails." in sheet.summary.text()
    export_to(sheet, tmp_path / "a.csv", qtbot)
    assert rows_of(tmp_path / "a.csv")[0]["file"].endswith("0.png")


def test_that_each_format_offers_what_it_can_hold(sheet: ExportSheet) -> None:
    shown = {}
    for name in ("csv", "parquet", "npz", "files", "copies", "png"):
        choose_format(sheet, name)
        shown[name] = [key for key, box in sheet.switches.items() if box.isVisible()]
    assert shown["csv"] == ["files", "keys", "columns", "tags", "notes"]
    assert shown["parquet"] == ["files", "keys", "columns", "tags", "notes", "thumbnails"]
    assert shown["npz"] == shown["files"] == shown["png"] == []
    assert shown["copies"] == ["files"]
    choose_format(sheet, "copies")
    assert "all that their headers say" in sheet.warning.text.text()
    choose_format(sheet, "csv")
    assert not sheet.warning.isVisible()


def test_that_the_command_line_makes_the_same_file(
    opened: MainWindow,
    sheet: ExportSheet,
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    sheet.dismiss()
    opened.session.clear_query()
    opened.session.set_labels([], "", "single")
    opened.session.select([image_id(n) for n in (2, 5, 7)])
    sheet = open_sheet(opened)
    export_to(sheet, tmp_path / "a.csv", qtbot)
    first = (tmp_path / "a.csv").read_bytes()
    sheet = open_sheet(opened)
    sheet.place.setText(str(tmp_path / "a.csv"))
    sheet.place.textEdited.emit(sheet.place.text())
    qtbot.mouseClick(sheet.copy_button, LEFT)
    words = shlex.split(QGuiApplication.clipboard().text())
    assert words[:2] == ["vlm-explorer", "export"]
    (tmp_path / "a.csv").unlink()
    assert main([*words[1:], "--quiet"]) == 0
    assert (tmp_path / "a.csv").read_bytes() == first


def test_that_a_file_that_is_there_is_said_to_be_replaced(
    sheet: ExportSheet, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("before")
    sheet.place.setText(str(tmp_path / "a.csv"))
    sheet.place.textEdited.emit(sheet.place.text())
    assert "will be replaced" in sheet.note.text()


def test_that_what_prevents_an_export_is_said_in_the_sheet(
    sheet: ExportSheet,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(*_args: object, context: JobContext) -> None:
        raise StorageProblem("There is no room left on the disk.", "Free some space.")

    monkeypatch.setattr(export_work, "export_images", full)
    export_to(sheet, tmp_path / "a.csv", qtbot)
    assert sheet.isVisible()
    assert sheet.problem.text.text() == "There is no room left on the disk."
    assert sheet.problem.hint.text() == "Free some space."
    assert sheet.go.isEnabled()
    assert [record.getMessage() for record in caplog.records] == [
        "Exporting failed: StorageProblem"
    ]
    caplog.clear()
    choose_format(sheet, "parquet")
    assert not sheet.problem.isVisible()


def test_that_an_export_can_be_cancelled_and_leaves_nothing(
    sheet: ExportSheet, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []

    def endless(*_args: object, context: JobContext) -> None:
        begun.append(True)
        while True:
            context.report(1, 4, "Writing the table")

    monkeypatch.setattr(export_work, "export_images", endless)
    sheet.place.setText(str(tmp_path / "a.csv"))
    sheet.place.textEdited.emit(sheet.place.text())
    qtbot.mouseClick(sheet.go, LEFT)
    qtbot.waitUntil(lambda: sheet.bar.value() == 250)
    assert sheet.doing.text() == "Writing the table"
    assert not sheet.go.isEnabled()
    qtbot.mouseClick(sheet.stop, LEFT)
    qtbot.waitUntil(lambda: not sheet.stop.isVisible())
    assert sheet.go.isEnabled()
    assert list(tmp_path.glob("a.csv*")) == []


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_that_the_figure_is_the_map_of_the_window(
    suffix: str, opened: MainWindow, sheet: ExportSheet, tmp_path: Path, qtbot: QtBot
) -> None:
    scene = opened.workspace.map.model
    scene.set_colour_by("label")
    scene.toggle("nodule")
    choose_format(sheet, suffix)
    assert not sheet.what["all"].isVisible()
    export_to(sheet, tmp_path / f"a.{suffix}", qtbot)
    assert opened.toast.words.text() == "Exported the figure."
    if suffix == "png":
        with Image.open(tmp_path / "a.png") as picture:
            picture.load()
            facts = json.loads(picture.text["vlm-explorer"])
            assert picture.size == (2400, 1800)
    else:
        root = ElementTree.parse(tmp_path / "a.svg").getroot()
        facts = json.loads(root.findtext(f"{SVG}metadata") or "")
        words = {node.text for node in root.iter(f"{SVG}text")}
        assert {"PCA, raw joint space", "effusion", "left effusion"} <= words
        assert any(f"{IMAGES * 2 // 3} of {IMAGES} images" in (text or "") for text in words)
    assert facts["figure"]["coloured_by"] == "label"
    assert facts["images"]["exported"] == IMAGES * 2 // 3


def test_that_descriptions_and_folders_are_numbered_in_a_figure(
    opened: MainWindow, sheet: ExportSheet, tmp_path: Path, qtbot: QtBot
) -> None:
    opened.workspace.map.model.set_colour_by("series")
    choose_format(sheet, "svg")
    assert not sheet.copy_button.isEnabled()
    export_to(sheet, tmp_path / "a.svg", qtbot)
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    words = [node.text or "" for node in root.iter(f"{SVG}text")]
    assert "series 1" in words
    assert not any("Patient" in text for text in words)


def test_that_an_export_goes_on_while_the_sheet_is_closed(
    opened: MainWindow, sheet: ExportSheet, tmp_path: Path, qtbot: QtBot
) -> None:
    sheet.place.setText(str(tmp_path / "a.csv"))
    sheet.place.textEdited.emit(sheet.place.text())
    desk = opened.sheets.exports
    with qtbot.waitSignal(desk.exported, timeout=60_000):
        qtbot.mouseClick(sheet.go, LEFT)
        QTest.keyClick(sheet, Qt.Key.Key_Escape)
        assert not sheet.isVisible()
    assert (tmp_path / "a.csv").is_file()
    assert opened.toast.isVisible()


def test_that_computed_columns_go_out_where_they_are_asked_for(
    sheet: ExportSheet, tmp_path: Path, qtbot: QtBot
) -> None:
    assert not any(box.isChecked() for box in sheet.measures.values())
    qtbot.mouseClick(sheet.measures["outlier"], LEFT)
    qtbot.mouseClick(sheet.measures["duplicates"], LEFT)
    assert "outlier score, near-duplicates" in sheet.summary.text()
    command = sheet._desk.command_line
    assert "--measures outlier duplicates" in command
    choose_format(sheet, "npz")
    assert not sheet.measures["outlier"].isVisible()
    choose_format(sheet, "csv")
    assert not sheet.measures["outlier"].isChecked()
    qtbot.mouseClick(sheet.measures["outlier"], LEFT)
    export_to(sheet, tmp_path / "a.csv", qtbot)
    row = rows_of(tmp_path / "a.csv")[0]
    assert float(row["outlier distance"]) > 0
    assert "duplicate group" not in row


def test_that_chips_and_their_ranking_go_out_and_the_command_line_makes_the_same_table(
    opened: MainWindow,
    settle: Settle,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session, field = opened.session, opened.workspace.prompt.field
    opened.workspace.prompt.focus_field()
    QTest.keyClicks(field, '2:"effusion" - "nodule"')
    QTest.keyClick(field, Qt.Key.Key_Return)
    session.terms.add_images([image_id(4), image_id(6)])
    ranking = QueryRanking(session, opened)
    for name, value in (("rank_by", "csls"), ("per", "series"), ("reduce", "mean")):
        ranking.choose(name, value)
    settle(session)
    opened.toast.dismiss()
    answer = session.query.answer
    assert answer is not None
    sheet = open_sheet(opened)
    assert "rank (by CSLS, mean of each series)" in sheet._desk.words
    export_to(sheet, tmp_path / "a.csv", qtbot)
    rows = rows_of(tmp_path / "a.csv")
    name = 'cosine to 2:"effusion" - "nodule" + "mean of 2 images"'
    assert [float(row[name]) for row in rows] == pytest.approx(answer.cosine.tolist(), abs=1e-6)
    rank = {row["image_id"]: int(row["rank of its series"]) for row in rows}
    assert [rank[hit.image_id] for hit in answer.hits] == [hit.rank for hit in answer.hits]
    record = json.loads((tmp_path / "a.csv.json").read_text(encoding="utf-8"))
    assert record["query"]["terms"][2]["image_ids"] == [image_id(4), image_id(6)]
    first = (tmp_path / "a.csv").read_bytes()
    sheet = open_sheet(opened)
    sheet.place.setText(str(tmp_path / "a.csv"))
    sheet.place.textEdited.emit(sheet.place.text())
    qtbot.mouseClick(sheet.copy_button, LEFT)
    words = shlex.split(QGuiApplication.clipboard().text())
    (tmp_path / "a.csv").unlink()
    monkeypatch.setattr(Collection, "encoder", lambda *_: session.encoder)
    assert main([*words[1:], "--quiet"]) == 0
    assert (tmp_path / "a.csv").read_bytes() == first


def test_that_a_query_with_a_pasted_picture_has_no_command_line_and_says_why(
    opened: MainWindow, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = opened.session
    monkeypatch.setattr(
        FakeEncoder,
        "encode_images",
        lambda self, images: self.encode_texts(["nodule"] * len(images)),
        raising=False,
    )
    session.terms.add_pixels(np.zeros((32, 32, 3), np.uint8))
    settle(session)
    opened.toast.dismiss()
    sheet = open_sheet(opened)
    assert not sheet.copy_button.isEnabled()
    assert "picture that lies in no file" in sheet.copy_button.toolTip()
