from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from viewer_scans import open_files, ramp, write_scan

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.saliency.explain import explain
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.compare_maps import CompareMaps
from vlm_explorer.viewmodels.compare_tiles import Compared, TileState, batches
from vlm_explorer.viewmodels.comparison import Comparison
from vlm_explorer.viewmodels.saliency_asked import Asked
from vlm_explorer.viewmodels.saliency_caption import Caption
from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.saliency_shown import Guest
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import LabelState

TEXTS = ("pleural effusion", "normal chest", "pacemaker")


@pytest.fixture
def active(qtbot: QtBot, session: Session, tmp_path: Path, encoder: Encoder) -> ActiveSaliency:
    """One scan is shown; an encoder is there."""
    noise = np.random.default_rng(0).integers(-200, 200, (48, 80))
    file = write_scan(tmp_path / "a.dcm", ramp(48, 80, -500) // 4 + noise)
    (image_id,) = open_files(session, [file])
    session.put(encoder=encoder)
    comparison = Comparison(session, session)
    overlays = {
        each: SaliencyModel(each, session) for each in (comparison.first, comparison.second)
    }
    session.select([image_id])
    qtbot.waitUntil(lambda: comparison.first.loaded is not None)
    return ActiveSaliency(comparison, overlays, session)


@pytest.fixture
def model(session: Session, active: ActiveSaliency) -> CompareMaps:
    return CompareMaps(session, active, session)


def finish(qtbot: QtBot, model: CompareMaps, count: int) -> None:
    qtbot.waitUntil(
        lambda: len(model.tiles) == count and not model.missing and model.picture is not None,
        timeout=60_000,
    )


def test_that_prompts_of_one_method_share_a_range_and_are_those_of_the_core(
    qtbot: QtBot, model: CompareMaps, active: ActiveSaliency
) -> None:
    model.set_method("decomp")
    for text in TEXTS:
        model.add(text)
    model.watch(True)
    finish(qtbot, model, 3)
    request = active.model.request
    assert request is not None
    from vlm_explorer.pixels.render import render_frame

    pixels = render_frame(request.frame).pixels
    expected = explain(request.encoder, pixels, TEXTS, "decomp")
    largest = np.abs(expected.grid).max()
    for row, tile in enumerate(model.tiles):
        assert tile.title == TEXTS[row]
        assert tile.explanation is not None
        np.testing.assert_allclose(tile.explanation.grid[0], expected.grid[row], atol=1e-6)
        assert tile.score.startswith("cosine")
        assert tile.shown is not None
        assert tile.shown.high <= largest * (1 + 1e-5)
        assert not tile.own_range
    assert len({(tile.shown.low, tile.shown.high) for tile in model.tiles if tile.shown}) == 1
    assert model.note == "One range of colours for all."


def test_that_a_difference_is_that_of_two_prompts_on_one_diverging_range(
    qtbot: QtBot, model: CompareMaps
) -> None:
    model.set_method("decomp")
    for text in TEXTS:
        model.add(text)
    model.watch(True)
    finish(qtbot, model, 3)
    model.subtract(TEXTS[1])
    base = model.tiles[1]
    assert base.subtracted
    assert base.own_range
    for tile in (model.tiles[0], model.tiles[2]):
        assert tile.explanation is not None
        assert base.explanation is not None
        assert tile.drawn is not None
        difference = tile.explanation.grid - base.explanation.grid
        np.testing.assert_array_equal(tile.drawn.grid, difference)
        assert tile.shown is not None
        assert tile.shown.signed
    model.subtract("")
    assert all(tile.drawn is tile.explanation for tile in model.tiles)


def test_that_methods_have_ranges_of_their_own_and_say_why_they_do_not_apply(
    qtbot: QtBot, model: CompareMaps, active: ActiveSaliency
) -> None:
    active.model.asked = Asked(TEXTS[0])
    model.compare(Compared.METHODS)
    model.watch(True)
    finish(qtbot, model, 8)
    for tile in model.tiles:
        reason = active.model.reasons.get(tile.request.method, "")
        assert (tile.state is TileState.REFUSED) is bool(reason)
        if reason:
            assert reason in tile.message
        else:
            assert tile.own_range
    assert model.note.startswith("Units differ")


def test_that_nothing_is_computed_while_nobody_looks(
    qtbot: QtBot, model: CompareMaps, session: Session
) -> None:
    model.set_method("occlusion")
    model.add(TEXTS[0])
    assert model.tiles == ()
    model.watch(True)
    model.watch(False)
    assert session.runner.running("compare.maps") is None
    assert not model.running


def test_that_stopping_keeps_what_is_there_and_goes_on_when_asked(
    qtbot: QtBot, model: CompareMaps
) -> None:
    model.set_method("legrad")
    for text in TEXTS:
        model.add(text)
    model.watch(True)
    qtbot.waitUntil(lambda: 0 < len(model.tiles) - model.missing < 3, timeout=60_000)
    model.stop()
    there = [tile.explanation for tile in model.tiles if tile.explanation is not None]
    assert there
    assert not model.running
    model.go_on()
    finish(qtbot, model, 3)
    assert [tile.explanation for tile in model.tiles][: len(there)] == there


def test_that_the_overlay_takes_a_tile_without_computing_it_again(
    qtbot: QtBot, model: CompareMaps, active: ActiveSaliency
) -> None:
    model.set_method("patchsim")
    for text in TEXTS[:2]:
        model.add(text)
    model.watch(True)
    finish(qtbot, model, 2)
    model.put_over(model.tiles[1])
    assert (
        active.model.explanation
        is model.tiles[[t.title for t in model.tiles].index(TEXTS[1])].explanation
    )
    assert active.model.prompt == TEXTS[1]
    assert active.model.method == "patchsim"


def test_that_a_difference_over_the_scan_is_what_its_tile_shows_and_what_is_exported(
    qtbot: QtBot, model: CompareMaps, active: ActiveSaliency
) -> None:
    exported: list[object] = []
    active.export_wanted.connect(exported.extend)
    model.set_method("patchsim")
    for text in TEXTS[:2]:
        model.add(text)
    model.watch(True)
    finish(qtbot, model, 2)
    model.subtract(TEXTS[0])
    plain, tile = model.tiles
    model.put_over(tile)
    overlay = active.model
    assert overlay.raw is not None
    assert tile.drawn is not None
    assert (overlay.raw.grid == tile.drawn.grid[0]).all()
    assert f"“{TEXTS[1]}” less “{TEXTS[0]}”, difference of cosines" in overlay.caption.title
    overlay.export_wanted.emit()
    assert exported == [tile.drawn]
    model.put_over(plain)
    assert overlay.guest is None
    overlay.lay_over(Guest(overlay.raw, Caption("of a word")))
    overlay.export_wanted.emit()
    assert exported == [tile.drawn]  # what is not seen does not go out in its place
    model.put_over(tile)
    model.subtract("")
    assert overlay.guest is None
    model.subtract(TEXTS[0])
    model.put_over(model.tiles[1])
    model.watch(False)
    assert overlay.guest is None


def test_that_labels_stand_beside_typed_prompts_each_once(
    qtbot: QtBot, model: CompareMaps, session: Session
) -> None:
    session.label_state = LabelState.of((TEXTS[0], "rib fracture"))
    model.add(TEXTS[0])
    assert model.prompts == (TEXTS[0],)
    model.show_labels(True)
    assert model.prompts == (TEXTS[0], "rib fracture")


def test_that_prompts_go_together_where_one_pass_serves_them(
    model: CompareMaps, active: ActiveSaliency
) -> None:
    from vlm_explorer.viewmodels.compare_tiles import method_requests, prompt_requests

    base = active.model.request
    assert base is not None
    assert [len(each) for each in batches(prompt_requests(base, "decomp", TEXTS))] == [3]
    assert [len(each) for each in batches(prompt_requests(base, "legrad", TEXTS))] == [1, 1, 1]
    ordered = batches(method_requests(base, TEXTS[0]))
    assert ordered[-1][0].method == "occlusion"
