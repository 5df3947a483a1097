from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shell_collection import build_collection, image_id

from vlm_explorer.queries import label_shelf
from vlm_explorer.queries.label_set import Calibration, Label
from vlm_explorer.viewmodels import labels as columns
from vlm_explorer.viewmodels.label_dials import STEPS, LabelDials
from vlm_explorer.viewmodels.label_sets import LabelSets
from vlm_explorer.viewmodels.label_templates import LabelTemplates
from vlm_explorer.viewmodels.labels import LabelsModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import LabelState

Settle = Callable[[Session], None]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path / "home"))


@pytest.fixture
def opened(shell_session: Session, tmp_path: Path, settle: Settle) -> Session:
    shell_session.open(build_collection(tmp_path / "studio.vlmx"))
    settle(shell_session)
    shell_session.set_labels(["effusion", "nodule", "normal"], "raw", "single")
    settle(shell_session)
    return shell_session


def test_that_prompts_are_edited_as_lists_and_undone(opened: Session, settle: Settle) -> None:
    model = LabelsModel(opened)
    cell = model.index(0, columns.POSITIVE)
    assert cell.data() == "templates"
    before = opened.label_state.answer
    assert model.setData(cell, "fluid in the chest\n\n  pleural   effusion \nfluid in the chest")
    settle(opened)
    label = opened.label_state.chosen.labels[0]
    assert label == Label("effusion", ("fluid in the chest", "pleural effusion"))
    assert cell.data() == "fluid in the chest · pleural effusion"
    assert opened.label_state.answer is not before
    assert opened.history.undo_words == "change prompts"
    opened.history.undo()
    settle(opened)
    assert opened.label_state.chosen.labels[0] == Label("effusion")
    assert model.setData(model.index(0, columns.LABEL), "fluid")
    opened.history.redo()
    settle(opened)


def test_that_an_edited_set_is_saved_under_its_own_name_and_in_versions(
    opened: Session, settle: Settle
) -> None:
    sets = LabelSets(opened)
    settle(opened)
    sets.use("modality")
    settle(opened)
    assert not sets.edited
    opened.set_labels(["x-ray", "CT scan"], "raw", "single")
    assert sets.edited
    sets.save()
    settle(opened)
    assert (sets.current.name, sets.current.version) == ("modality-edited", 1)
    assert sets.is_own
    assert not sets.edited
    opened.set_labels(["x-ray"], "raw", "single")
    sets.save()
    settle(opened)
    assert sets.current.version == 2
    listed: list[object] = []
    sets.list_versions(listed.append)
    settle(opened)
    newest, oldest = listed[0]  # type: ignore[misc]
    assert (newest.names, oldest.names) == (("x-ray",), ("x-ray", "CT scan"))
    sets.use_version(oldest)
    settle(opened)
    assert opened.label_state.labels == ("x-ray", "CT scan")
    assert sets.edited


def test_that_sets_are_copied_renamed_deleted_and_shared(
    opened: Session, settle: Settle, tmp_path: Path
) -> None:
    sets = LabelSets(opened)
    settle(opened)
    sets.duplicate()
    sets.rename("Lungs, mine")
    sets.save()
    settle(opened)
    assert [each.name for each in sets.own] == ["lungs-mine"]
    sets.rename("Thorax")
    settle(opened)
    assert (sets.current.name, sets.current.title) == ("thorax", "Thorax")
    shared = tmp_path / "shared.yaml"
    sets.export_file(shared)
    settle(opened)
    sets.delete()
    settle(opened)
    assert sets.own == ()
    assert opened.label_state.labels == ("effusion", "nodule", "normal"), "the labels stay"
    sets.import_file(shared)
    settle(opened)
    assert sets.is_own
    assert sets.current.title == "Thorax"


def test_that_margin_and_temperature_ask_the_encoder_nothing(
    opened: Session, settle: Settle
) -> None:
    dials = LabelDials(opened)
    before = opened.label_state.answer
    assert before is not None
    dials.set_temperature(STEPS // 2)
    dials.set_temperature(STEPS)
    settle(opened)
    warm = opened.label_state.answer
    assert warm is not None
    assert warm.cosine is before.cosine
    assert warm.temperature == pytest.approx(10)
    assert dials.temperature_words == "Temperature: 10 × the model's own"
    dials.set_margin(STEPS)
    assert opened.label_state.margin == pytest.approx(10 / 20), "ten logits"
    opened.labelling.change("margin", margin=2.0)
    images = len(opened.images)
    assert dials.no_calls == f"no call: {images} of {images} images", "at once"
    opened.history.undo()
    opened.history.undo()
    settle(opened)
    assert opened.label_state.temperature == 1
    np.testing.assert_array_equal(opened.label_state.answer.probability, before.probability)


def test_that_a_label_below_the_margin_is_not_called(opened: Session) -> None:
    model = LabelsModel(opened)
    opened.select([image_id(0)])
    best = [model.index(row, columns.PROBABILITY).data(columns.BEST) for row in range(3)]
    assert best.count(True) == 1
    opened.labelling.change(margin=2.0)
    assert model.summary.startswith("No call: margin ")
    assert "among these 3 labels" in model.summary
    best = [model.index(row, columns.PROBABILITY).data(columns.BEST) for row in range(3)]
    assert best.count(True) == 0


def test_that_z_and_percentile_come_once_somebody_looks(opened: Session, settle: Settle) -> None:
    model = LabelsModel(opened)
    opened.select([image_id(0)])
    settle(opened)
    assert model.index(0, columns.Z).data(columns.VALUE) is None
    model.watch(True)
    settle(opened)
    shares = [model.index(row, columns.PERCENTILE).data(columns.VALUE) for row in range(3)]
    assert all(0 <= share <= 1 for share in shares)
    assert model.index(0, columns.Z).data()[0] in "+−"


def test_that_a_calibration_is_used_until_the_temperature_is_moved(
    opened: Session, settle: Settle
) -> None:
    dials = LabelDials(opened)
    answer, encoder = opened.label_state.answer, opened.encoder
    assert answer is not None
    assert encoder is not None
    fitted = Calibration(encoder.id, encoder.fingerprint, answer.prompts, 40, 2.0)
    opened.labelling.calibrate(fitted)
    settle(opened)
    assert dials.calibrated
    assert dials.calibration_words == "Calibrated on 40 cases"
    assert dials.temperature == 2
    assert len(dials.temperature_marks) == 2
    dials.set_temperature(0)
    settle(opened)
    assert not dials.calibrated
    assert dials.temperature == 1
    dials.set_calibrated(True)
    settle(opened)
    assert dials.temperature == 2


def test_that_a_collection_keeps_the_labels_with_what_is_not_saved() -> None:
    state = LabelState.of(["a", "b"], "raw", "multi")
    labels = (Label("a", ("yes",), ("no",), ("alpha",)), Label("b"))
    state = replace(state, chosen=replace(state.chosen, labels=labels), margin=0.1)
    assert LabelState.of_kept(state.kept) == state
    assert LabelState.of_kept([["a"], "raw", "single"]) == LabelState.of(["a"], "raw")
    for damaged in (None, [], {}, {**state.kept, "set": {"labels": 3}}, [["a"], "raw", "both"]):
        assert LabelState.of_kept(damaged) is None


def test_that_a_damaged_file_of_templates_leaves_those_of_the_program(
    shell_session: Session,
) -> None:
    from vlm_explorer.analysis.zero_shot import own_templates_file

    file = own_templates_file()
    file.parent.mkdir(parents=True)
    file.write_text("[broken", encoding="utf-8")
    templates = LabelTemplates(shell_session)
    assert templates.problem is not None
    assert len(templates.choices()) > 8
    assert label_shelf.own_sets() == ((), ())
