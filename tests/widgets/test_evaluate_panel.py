"""The tab that measures labels and retrieval, over a small collection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot
from shell_collection import LABELS, FakeEncoder, build_collection

from vlm_explorer.analysis.evaluating import label_figures
from vlm_explorer.analysis.label_metrics import Samples
from vlm_explorer.collection.store import Collection
from vlm_explorer.queries.classify import ClassifyRequest
from vlm_explorer.queries.evaluate import evaluate
from vlm_explorer.queries.evaluate_answer import EvaluateRequest
from vlm_explorer.viewmodels import background
from vlm_explorer.viewmodels.evaluate_plots import MOST, roc_plot
from vlm_explorer.viewmodels.evaluate_words import NONE, interval
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.truth_choice import Known
from vlm_explorer.widgets.evaluate_panel import COMPARE, CURVES, RETRIEVAL, EvaluatePanel
from vlm_explorer.widgets.theme import themes

LONG = 60_000  # ms


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return build_collection(tmp_path / "small.vlmx", 60)


@pytest.fixture
def panel(
    qtbot: QtBot, session: Session, place: Path, monkeypatch: pytest.MonkeyPatch
) -> EvaluatePanel:
    """The tab over an open collection, with its encoder and three labels."""
    monkeypatch.setattr(
        background, "load_encoder", lambda collection, model, *, context: FakeEncoder()
    )
    session.open(place)
    qtbot.waitUntil(lambda: session.encoder is not None, timeout=LONG)
    session.set_labels(LABELS, "", "multi")
    panel = EvaluatePanel(session)
    qtbot.addWidget(panel)
    panel.resize(1060, 200)
    panel.show()
    qtbot.waitUntil(lambda: panel.figures.run.isEnabled(), timeout=LONG)
    return panel


@pytest.fixture
def measure(qtbot: QtBot, panel: EvaluatePanel) -> Callable[[], None]:
    """Click on the button, and wait for the figures."""

    def run() -> None:
        qtbot.mouseClick(panel.figures.run, Qt.MouseButton.LeftButton)
        assert panel.figures.stop.isVisible()
        qtbot.waitUntil(lambda: panel.model.stage is Stage.READY, timeout=LONG)

    return run


@pytest.mark.slow
def test_that_the_table_says_what_the_question_answers(
    panel: EvaluatePanel, measure: Callable[[], None], place: Path
) -> None:
    assert "3 labels" in panel.figures.empty.text()
    assert "60 images shown" in panel.figures.empty.text()
    measure()
    request = EvaluateRequest(ClassifyRequest(LABELS, task="multi"))
    answer = evaluate(Collection(place), [FakeEncoder()], request).answers[0]
    table = panel.figures.table
    assert table.rowCount() == 4
    assert table.item(0, 2).text() == interval(answer.overall["macro_auroc"].estimate)
    for row, figures in enumerate(answer.rows, 1):
        cells = [table.item(row, column).text() for column in range(5)]
        assert cells[:2] == [LABELS[row - 1], f"{figures.positives} / {figures.n}"]
        assert cells[2] == interval(figures.auroc.estimate)
        assert cells[4] == interval(figures.at_threshold.sensitivity.estimate)
    table.setCurrentCell(2, 0)
    assert panel.model.chosen == 1
    panel.show_page(CURVES)
    assert panel.curves.label.currentText() == LABELS[1]
    roc = panel.curves.plots[0].plot
    np.testing.assert_array_equal(roc.lines[0].x, answer.rows[1].roc.x)


def test_that_a_cell_selects_its_images_and_undo_takes_that_back(
    qtbot: QtBot, session: Session, panel: EvaluatePanel, measure: Callable[[], None]
) -> None:
    measure()
    panel.figures.table.setCurrentCell(1, 0)
    panel.show_page(CURVES)
    matrix, answer = panel.curves.matrix, panel.model.answer
    before = session.selection
    cell = matrix.cell_rect(0, 0).center().toPoint()
    qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=cell)
    spared = set(answer.cell(0, 0, 0))
    assert session.selection.ids == spared
    assert session.selection.current in spared
    qtbot.keyClick(matrix, Qt.Key.Key_Right)
    qtbot.keyClick(matrix, Qt.Key.Key_Down)
    qtbot.keyClick(matrix, Qt.Key.Key_Return)
    assert session.selection.ids == set(answer.cell(1, 1, 0))
    session.history.undo()
    session.history.undo()
    assert session.selection == before


def test_that_what_is_called_wrongly_is_one_click_away(
    qtbot: QtBot, session: Session, panel: EvaluatePanel, measure: Callable[[], None]
) -> None:
    session.set_labels(("normal", "XR nodule", "CT nodule"), "", "single")
    panel.model.choice.set_column("modality")
    measure()
    answer = panel.model.answer
    panel.figures.table.setCurrentCell(0, 0)
    qtbot.mouseClick(panel.figures.wrong, Qt.MouseButton.LeftButton)
    wrong = [each.image_id for each in answer.wrong]
    assert len(wrong) > 0
    assert panel.figures.wrong.text() == f"Select {len(wrong):,} wrong"
    panel.figures.table.setCurrentCell(2, 0)
    assert panel.figures.wrong.text().endswith("wrong of XR nodule")
    panel.figures.table.setCurrentCell(0, 0)
    assert session.selection.ids == set(wrong)
    assert session.selection.current == wrong[0]


def test_that_labels_take_over_what_was_fitted_and_undo_takes_that_back(
    qtbot: QtBot, session: Session, panel: EvaluatePanel, measure: Callable[[], None]
) -> None:
    measure()
    fitted = panel.model.fitted
    assert fitted is not None
    qtbot.mouseClick(panel.figures.calibrate, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    assert session.label_state.answer.calibration == fitted
    assert panel.model.answer is not None, "the figures stay"
    assert not panel.figures.calibrate.isEnabled()
    session.history.undo()
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    assert session.label_state.answer.calibration is None


def test_that_other_labels_forget_the_figures_and_filters_ask_about_less(
    qtbot: QtBot, session: Session, panel: EvaluatePanel, measure: Callable[[], None]
) -> None:
    measure()
    session.set_labels(LABELS[:2], "", "multi")
    assert panel.model.answer is None
    assert not panel.figures.table.isVisible()
    session.select(session.images.ids[:20].tolist())
    panel.model.set_scope("selected")
    assert "20 images selected" in panel.figures.empty.text()
    measure()
    assert len(panel.model.answer.image_ids) == 20
    said = panel.figures.sentence.text()
    session.select(session.images.ids[:30].tolist())
    assert panel.figures.sentence.text() == f"Of other images than now · {said}"
    session.history.undo()
    assert panel.figures.sentence.text() == said


def test_that_templates_are_compared_with_paired_intervals(
    qtbot: QtBot, panel: EvaluatePanel
) -> None:
    panel.show_page(COMPARE)
    page = panel.differences
    names = [page.against.itemText(n) for n in range(page.against.count())]
    assert names[0].startswith("Templates: ")
    page.against.setCurrentIndex(names.index("Templates: Radiology"))
    qtbot.mouseClick(page.run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(panel.model.differences), timeout=LONG)
    gap = panel.model.evaluation.differences[0]
    assert page.table.horizontalHeaderItem(3).text() == "radiology less chexzero"
    assert page.table.item(0, 3).text() == interval(gap.estimate, signed=True)


@pytest.mark.slow
def test_that_retrieval_stands_beside_chance(qtbot: QtBot, panel: EvaluatePanel) -> None:
    panel.show_page(RETRIEVAL)
    page = panel.retrieval
    qtbot.mouseClick(page.run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.table.rowCount() > 0, timeout=LONG)
    assert page.table.item(0, 0).text() == "Text to image"
    assert page.table.item(page.table.rowCount() - 1, 0).text() == "By chance"
    assert NONE not in page.table.item(0, 2).text()


def test_that_without_truth_the_tab_says_what_to_do(
    qtbot: QtBot, session: Session, panel: EvaluatePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = session.truth_choice
    choice._take((None, Known((), ("fake",))))
    assert "captions.csv" in panel.figures.empty.text()
    assert not panel.figures.run.isEnabled()
    choice._take((None, Known(("label",), ("fake",))))
    session.set_labels((), "", "multi")
    assert "no labels" in panel.figures.empty.text()
    assert not panel.figures.run.isEnabled()


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_that_plots_tell_the_point_under_the_pointer_in_both_themes(
    qtbot: QtBot, panel: EvaluatePanel, measure: Callable[[], None], theme: str
) -> None:
    themes.set_theme(theme)
    measure()
    panel.show_page(CURVES)
    plot = panel.curves.plots[0]
    qtbot.mouseMove(plot, QPoint(40, 40))
    assert plot.plot.nearest(0.0, 0.0) == "sensitivity 0.00 at 1 − specificity 0.00"
    assert "AUROC" in plot.accessibleDescription()
    colours = {plot.grab().toImage().pixelColor(x, y).name() for x in range(100) for y in range(90)}
    assert len(colours) > 3


@pytest.mark.slow
def test_that_a_measurement_can_be_stopped(
    qtbot: QtBot, session: Session, panel: EvaluatePanel
) -> None:
    panel.figures.run.setFocus()
    qtbot.keyClick(panel.figures.run, Qt.Key.Key_Space)
    qtbot.mouseClick(panel.figures.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    assert panel.model.stage is Stage.OFF
    assert panel.model.answer is None
    assert panel.figures.run.isVisible()
    assert panel.figures.run.isEnabled()


def test_that_a_curve_of_many_points_is_drawn_from_few_that_look_the_same() -> None:
    random = np.random.default_rng(0)
    truth = random.random(20_000) < 0.5
    scores = random.normal(size=20_000) + truth
    samples = Samples.of(np.arange(20_000), 2)
    row = label_figures("a", truth, scores, scores, truth & (scores < 0), samples, calibrate=False)
    whole, drawn = row.roc, roc_plot(row).lines[0]
    assert len(drawn.x) <= MOST < len(whole.x)
    assert (drawn.x[0], drawn.y[0], drawn.x[-1], drawn.y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(drawn.y, drawn.x) == pytest.approx(np.trapezoid(whole.y, whole.x), abs=1e-3)
