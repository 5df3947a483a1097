"""Truth by a table of 0 and 1, chosen and corrected in the pages that ask for it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from shell_collection import LABELS, FakeEncoder, build_collection
from sklearn import metrics

from vlm_explorer.viewmodels import background
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.wording_model import SHOWN, WordingModel
from vlm_explorer.widgets.evaluate_panel import EvaluatePanel
from vlm_explorer.widgets.label_truth import StandingPanel, TruthBox
from vlm_explorer.widgets.wording_page import WordingPage

LONG = 60_000  # ms
IMAGES = 48
Cells = dict[str, np.ndarray]


@pytest.fixture
def session(
    qtbot: QtBot, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Session:
    """A session with an open collection, its encoder and three labels."""
    monkeypatch.setattr(
        background, "load_encoder", lambda collection, model, *, context: FakeEncoder()
    )
    session.open(build_collection(tmp_path / "small.vlmx", IMAGES))
    qtbot.waitUntil(lambda: session.encoder is not None, timeout=LONG)
    session.set_labels(LABELS, "", "multi")
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    return session


@pytest.fixture
def cells() -> Cells:
    random = np.random.default_rng(3)
    names = ("Effusion", "Nodule", "Lung Lesion")
    return {name: random.choice(["1", "0", "-1", ""], IMAGES) for name in names}


@pytest.fixture
def table(session: Session, tmp_path: Path, cells: Cells, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of 0 and 1, which the dialogue for files gives."""
    path = tmp_path / "valid.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = [
            [Path(name).name, *(cells[column][n] for column in cells)]
            for n, name in enumerate(session.images.file.tolist())
        ]
        csv.writer(file).writerows([["Path", *cells], *rows])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: (str(path), ""))
    return path


def choose(qtbot: QtBot, box: TruthBox, words: str) -> None:
    """Open the list and go to an entry by keys."""
    place = next(n for n in range(box.count()) if words in box.itemText(n))
    box.setFocus()
    box.showPopup()
    view = box.view()
    qtbot.keyClick(view, Qt.Key.Key_Home)
    while view.currentIndex().row() != place:
        qtbot.keyClick(view, Qt.Key.Key_Down)
    qtbot.keyClick(view, Qt.Key.Key_Return)


@pytest.fixture
def panel(qtbot: QtBot, session: Session) -> EvaluatePanel:
    panel = EvaluatePanel(session)
    qtbot.addWidget(panel)
    panel.resize(1060, 200)
    with qtbot.waitExposed(panel):
        panel.show()
    qtbot.waitUntil(lambda: panel.figures.run.isEnabled(), timeout=LONG)
    return panel


@pytest.fixture
def measure(qtbot: QtBot, panel: EvaluatePanel) -> Callable[[], None]:
    def run() -> None:
        qtbot.mouseClick(panel.figures.run, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: panel.model.stage is Stage.READY, timeout=LONG)

    return run


def test_that_a_table_is_chosen_measured_by_and_put_away(
    qtbot: QtBot, session: Session, panel: EvaluatePanel, table: Path, cells: Cells,
    measure: Callable[[], None],
) -> None:  # fmt: skip
    page = panel.figures
    assert page.column.currentText() == "Truth: label"
    assert page.standing.text() == "Truth for 3 of 3"
    choose(qtbot, page.column, "from a table")
    qtbot.waitUntil(lambda: "0/1" in page.column.currentText(), timeout=LONG)
    assert page.column.currentText() == "Truth: 3 columns of 0/1"
    assert page.standing.text() == "Truth for 2 of 3"
    assert "3 columns of 0 and 1" in page.empty.text()
    measure()
    row = panel.model.answer.rows[0]
    said = cells["Effusion"]
    known = np.isin(said, ["0", "1"])
    assert (row.n, row.positives) == (known.sum(), (said == "1").sum())
    assert row.auroc.estimate.value == pytest.approx(
        metrics.roc_auc_score(said[known] == "1", session.label_state.answer.logit[known, 0])
    )
    unsure = f"effusion ({(said == '-1').sum()} uncertain, {(said == '').sum()} not mentioned)"
    assert unsure in page.note.text()
    assert page.table.item(3, 2).text() != "", "a label without truth is still listed"
    choose(qtbot, page.column, "Without valid.csv")
    qtbot.waitUntil(lambda: page.column.currentText() == "Truth: label", timeout=LONG)
    assert panel.model.answer is None


def test_that_what_stands_for_a_label_is_corrected_in_place(
    qtbot: QtBot, panel: EvaluatePanel, table: Path, cells: Cells, measure: Callable[[], None]
) -> None:
    page = panel.figures
    choose(qtbot, page.column, "from a table")
    qtbot.waitUntil(lambda: page.standing.text() == "Truth for 2 of 3", timeout=LONG)
    measure()
    qtbot.mouseClick(page.standing, Qt.MouseButton.LeftButton)
    sheet = page.standing.findChild(StandingPanel)
    assert list(sheet.boxes) == list(LABELS)
    box = sheet.boxes["normal"]
    assert box.currentText() == "nothing is called so"
    names = [box.itemText(n) for n in range(box.count())]
    box.setFocus()
    for _ in range(names.index("lung lesion")):
        qtbot.keyClick(box, Qt.Key.Key_Down)
    assert panel.model.answer is None, "measured by another truth"
    assert page.standing.text() == "Truth for 3 of 3"
    sheet.close()
    measure()
    assert panel.model.answer.rows[2].positives == (cells["Lung Lesion"] == "1").sum()
    qtbot.mouseClick(page.standing, Qt.MouseButton.LeftButton)
    box = page.standing.findChildren(StandingPanel)[-1].boxes["normal"]
    assert box.currentText() == "lung lesion"
    qtbot.keyClick(box, Qt.Key.Key_Home)
    assert page.standing.text() == "Truth for 2 of 3"


def test_that_what_blanks_and_uncertain_cells_count_as_is_chosen_beside_the_labels(
    qtbot: QtBot, panel: EvaluatePanel, table: Path, cells: Cells, measure: Callable[[], None]
) -> None:
    page = panel.figures
    qtbot.mouseClick(page.standing, Qt.MouseButton.LeftButton)
    sheet = page.standing.findChildren(StandingPanel)[-1]
    assert not sheet.counting, "a column of lists has no such cells"
    sheet.close()
    choose(qtbot, page.column, "from a table")
    qtbot.waitUntil(lambda: page.standing.text() == "Truth for 2 of 3", timeout=LONG)
    qtbot.mouseClick(page.standing, Qt.MouseButton.LeftButton)
    sheet = page.standing.findChildren(StandingPanel)[-1]
    for name, words in (("blank", "absent"), ("uncertain", "U-Ones")):
        box = sheet.counting[name]
        assert box.currentText() == "left out"
        box.setFocus()
        while words not in box.currentText():
            qtbot.keyClick(box, Qt.Key.Key_Down)
    sheet.close()
    measure()
    row, said = panel.model.answer.rows[0], cells["Effusion"]
    assert (row.n, row.positives) == (IMAGES, np.isin(said, ["1", "-1"]).sum())
    assert f"Counted as absent: effusion ({(said == '').sum()} not mentioned)" in page.note.text()
    assert f"Counted as present: effusion ({(said == '-1').sum()} uncertain)" in page.note.text()


def test_that_a_table_of_other_images_changes_nothing(
    qtbot: QtBot, session: Session, panel: EvaluatePanel, table: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    table.write_text("Path,Effusion\nnone.png,1\n", encoding="utf-8")
    with qtbot.waitSignal(session.messages.message, timeout=LONG) as said:
        choose(qtbot, panel.figures.column, "from a table")
    assert "names no image" in said.args[1]
    assert panel.figures.column.currentText() == "Truth: label"
    assert session.truth_choice.table is None
    assert "UsageError" in caplog.text
    assert "none.png" not in caplog.text
    caplog.clear()


def test_that_wordings_are_measured_by_the_truth_of_the_table(
    qtbot: QtBot, session: Session, table: Path, cells: Cells, caplog: pytest.LogCaptureFixture
) -> None:
    model = WordingModel(session)
    page = WordingPage(model)
    qtbot.addWidget(page)
    page.resize(1060, 200)
    with qtbot.waitExposed(page):
        page.show()

    def answered() -> bool:
        return model.stage is Stage.READY

    qtbot.waitUntil(answered, timeout=LONG)
    assert page.finding.currentText() == "As called: effusion"
    assert model._answer.labelled.sum() == IMAGES
    choose(qtbot, page.truth, "from a table")
    qtbot.waitUntil(lambda: "0/1" in page.truth.currentText(), timeout=LONG)
    qtbot.waitUntil(answered, timeout=LONG)
    known = np.isin(cells["Effusion"], ["0", "1"])
    assert len(model._answer.image_ids) == known.sum(), "labelled images alone"
    page.finding.setFocus()
    names = [page.finding.itemText(n) for n in range(page.finding.count())]
    for _ in range(names.index("lung lesion")):
        qtbot.keyClick(page.finding, Qt.Key.Key_Down)
    qtbot.waitUntil(answered, timeout=LONG)
    known = np.isin(cells["Lung Lesion"], ["0", "1"])
    true = cells["Lung Lesion"][known] == "1"
    typed = model._answer.typed
    assert typed.auroc.n == known.sum()
    assert typed.auroc.value == pytest.approx(metrics.roc_auc_score(true, typed.cosine))
    model.set_scope(SHOWN)
    qtbot.waitUntil(answered, timeout=LONG)
    assert len(model._answer.image_ids) == IMAGES
    assert model._answer.typed.auroc.n == known.sum()
    model.set_label(LABELS[2])
    model.set_finding("")
    model.set_scope("labelled")
    qtbot.waitUntil(lambda: model.stage is Stage.FAILED, timeout=LONG)
    assert "choose another truth" in model.message
    caplog.clear()
