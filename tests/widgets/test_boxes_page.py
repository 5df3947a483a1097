"""The page that compares maps with marks, over a small synthetic study."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter, QTransform
from pytestqt.qtbot import QtBot

import vlm_explorer as vlm
from vlm_explorer.demo.study import write_study
from vlm_explorer.viewmodels.boxes_model import BoxesModel
from vlm_explorer.viewmodels.boxes_work import TrueMark
from vlm_explorer.viewmodels.image_scope import SELECTED
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.boxes_page import BoxesPage
from vlm_explorer.widgets.theme import theme
from vlm_explorer.widgets.truth_layer import paint_truth

LONG = 120_000  # ms


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    write_study(folder, images=10, seed=78)
    encoder = vlm.load_encoder("demo", device="cpu", precision="fp32")
    vlm.index([folder], to=folder.parent / f"{folder.name}.vlmx", encoder=encoder)
    return folder


@pytest.fixture
def page(qtbot: QtBot, session: Session, study: Path) -> BoxesPage:
    """The page over the open study, with its encoder."""
    session.open(study.parent / f"{study.name}.vlmx")
    qtbot.waitUntil(lambda: session.encoder is not None, timeout=LONG)
    page = BoxesPage(BoxesModel(session))
    qtbot.addWidget(page)
    page.resize(1000, 190)
    return page


@pytest.mark.slow
def test_that_the_table_is_that_of_the_question_and_a_miss_goes_to_the_viewer(
    qtbot: QtBot, session: Session, page: BoxesPage, study: Path
) -> None:
    assert session.truth.marked is None  # nobody has looked
    page.show()
    qtbot.waitUntil(lambda: page.run.isEnabled(), timeout=LONG)
    truth = json.loads((study / "truth.json").read_text())
    marked = sum(bool(entry["findings"]) for entry in truth.values())
    assert f"in {marked} of {len(session.images)} images shown." in page._empty.text()
    page.methods.setFocus()
    qtbot.keyClick(page.methods, Qt.Key.Key_Down)  # all quick methods
    qtbot.mouseClick(page.run, Qt.MouseButton.LeftButton)
    assert page.stop.isVisible()
    qtbot.waitUntil(lambda: page._model.stage is not Stage.RUNNING, timeout=LONG)
    answer = vlm.open_collection(session.content.collection.folder).localise(
        ["patchsim", "gradattn", "decomp", "legrad", "gradcam"]
    )
    assert page.table.rowCount() == len(answer.table)
    assert page.table.item(0, 0).text() == "Balanced"
    balanced = next(r for r in answer.table if (r.finding[:8], r.method) == ("balanced", "legrad"))
    row = next(n for n in range(5) if page.table.item(n, 1).text() == "LeGrad")
    assert page.table.item(row, 2).text() == f"{balanced.hits}/{balanced.n}"
    page.table.setCurrentCell(row, 0)
    assert page.misses.count() == balanced.n - balanced.hits > 0
    rect = page.misses.visualItemRect(page.misses.item(0))
    qtbot.mouseClick(page.misses.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    missed = {m.image_id for m in answer.maps if m.method == "legrad" and not m.scores.hit}
    assert session.selection.current in missed


@pytest.mark.slow
def test_that_a_comparison_can_be_stopped_and_marks_drawn(
    qtbot: QtBot, session: Session, page: BoxesPage, study: Path
) -> None:
    page.show()
    qtbot.waitUntil(lambda: page.run.isEnabled(), timeout=LONG)
    image = next(iter(session.truth.marked.marks))
    assert session.truth.of(image) == ()
    qtbot.mouseClick(page.marks, Qt.MouseButton.LeftButton)
    name = session.images.file[session.images.row_of[image]]
    told = json.loads((study / "truth.json").read_text())
    finding = told[Path(name).relative_to(study).as_posix()]["findings"][0]
    drawn = session.truth.of(image)
    assert tuple(finding["box"]) in [box for mark in drawn for box in mark.boxes]
    qtbot.mouseClick(page.run, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(page.stop, Qt.MouseButton.LeftButton)
    assert page.run.isVisible()
    assert page.table.rowCount() == 0
    page._model.set_scope(SELECTED)
    assert not page.run.isEnabled()
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)


@pytest.mark.slow
def test_that_without_marks_the_page_says_where_to_put_them_and_takes_a_file(
    qtbot: QtBot, session: Session, page: BoxesPage, study: Path, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    truth = study / "truth.json"
    moved = truth.rename(tmp_path / "truth.json")
    try:
        page.show()
        qtbot.waitUntil(lambda: "No finding is marked" in page._empty.text(), timeout=LONG)
        assert str(study) in page._empty.text()
        assert not page.run.isEnabled()
        assert not page.marks.isEnabled()
        broken = tmp_path / "broken.json"
        broken.write_text("{")
        page._model.use_file(broken)
        qtbot.waitUntil(lambda: "is no JSON" in page._empty.text(), timeout=LONG)
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        caplog.clear()
    finally:
        moved.rename(truth)
    page._model.use_file(truth)
    qtbot.waitUntil(lambda: page.run.isEnabled(), timeout=LONG)


def test_that_marks_are_thin_lines_where_they_lie_and_in_no_accent(qtbot: QtBot) -> None:
    picture = QImage(100, 100, QImage.Format.Format_RGB32)
    picture.fill(0x808080)
    painter = QPainter(picture)
    marks = [TrueMark("left nodule", ((10, 20, 30, 40),))]
    paint_truth(painter, marks, QTransform.fromScale(2, 2), picture.rect().toRectF())
    painter.end()
    line = theme().colour("image_text").rgb()
    assert [picture.pixel(x, 60) == line for x in (20, 40, 60)] == [True, False, True]
    assert picture.pixel(40, 60) == picture.pixel(90, 90)
    assert picture.pixel(21, 60) != picture.pixel(40, 60)  # the halo
