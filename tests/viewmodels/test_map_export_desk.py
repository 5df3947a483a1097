from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pytestqt.qtbot import QtBot
from viewer_scans import open_files, ramp, write_scan

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.saliency.explain import explain
from vlm_explorer.saliency.explanation import Explanation
from vlm_explorer.viewmodels.map_export_desk import FORMATS, MapExportDesk
from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.viewer_model import ViewerModel


@pytest.fixture
def overlay(qtbot: QtBot, session: Session, tmp_path: Path, encoder: Encoder) -> SaliencyModel:
    """One scan is shown; an encoder is there."""
    noise = np.random.default_rng(0).integers(-200, 200, (48, 80))
    (image_id,) = open_files(session, [write_scan(tmp_path / "a.dcm", ramp(48, 80, -500) + noise)])
    session.put(encoder=encoder)
    viewer = ViewerModel(session)
    session.select([image_id])
    qtbot.waitUntil(lambda: viewer.loaded is not None)
    return SaliencyModel(viewer, session)


@pytest.fixture
def found(overlay: SaliencyModel) -> Explanation:
    from vlm_explorer.pixels.render import render_frame

    request = overlay.request
    assert request is not None
    pixels = render_frame(request.frame).pixels
    return explain(request.encoder, pixels, ["pleural effusion"], "decomp")


@pytest.fixture
def desk(session: Session, overlay: SaliencyModel, found: Explanation) -> MapExportDesk:
    desk = MapExportDesk(session, session)
    desk.take([found], overlay.request, overlay.choice)
    return desk


@pytest.mark.parametrize("format_", FORMATS)
def test_that_every_format_is_written_and_told(
    qtbot: QtBot, desk: MapExportDesk, found: Explanation, tmp_path: Path, format_: str
) -> None:
    if format_ not in ("png", "svg"):
        pytest.importorskip("highdicom", reason="pyjpegls has no wheel for this Python")
    desk.choose(format=format_, folder=tmp_path)
    assert desk.choice.to.suffix in (".png", ".svg", ".dcm")
    with qtbot.waitSignal(desk.exported, timeout=60_000):
        desk.start()
    assert desk.choice.to.is_file()
    if format_ == "parametric-map":
        dataset = pydicom.dcmread(desk.choice.to)
        overlay = found.overlay_of(0)
        seen = np.isfinite(overlay)
        np.testing.assert_array_equal(dataset.pixel_array[seen], overlay[seen])
    if not desk.choice.dicom:
        facts = json.loads(desk.choice.to.with_name(f"{desk.choice.name}.json").read_text("utf-8"))
        assert facts["maps"][0]["target"]["prompts"] == ["pleural effusion"]
        assert "file" not in facts["image"]


def test_that_what_leads_to_a_person_is_asked_for_each_time(
    desk: MapExportDesk, overlay: SaliencyModel, found: Explanation
) -> None:
    desk.choose(format="parametric-map", keep_uids=True)
    assert desk.warning
    assert "identifiers" not in desk.words
    desk.take([found], overlay.request, overlay.choice)
    assert not desk.choice.keep_uids
    assert not desk.warning


def test_that_a_failure_says_why_and_nothing_is_exported_without_a_map(
    qtbot: QtBot,
    desk: MapExportDesk,
    overlay: SaliencyModel,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk.choose(format="png", folder=tmp_path / "not there")
    desk.start()
    qtbot.waitUntil(lambda: bool(desk.problem), timeout=60_000)
    assert "no folder" in desk.problem
    assert desk.hint
    assert "StorageProblem" in caplog.text
    assert str(tmp_path) not in caplog.text
    caplog.clear()
    desk.take([], overlay.request, overlay.choice)
    assert "No map" in desk.missing
