from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from viewer_scans import open_files, ramp, write_scan

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.pixels.render import render
from vlm_explorer.saliency.explain import explain
from vlm_explorer.saliency.words import score_words
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.comparison import Comparison
from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import QueryState
from vlm_explorer.viewmodels.words_model import WordsModel
from vlm_explorer.viewmodels.words_rows import View, signed

TEXT = "left pleural effusion"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    noise = np.random.default_rng(0).integers(-200, 200, (48, 80))
    return write_scan(tmp_path / "a.dcm", ramp(48, 80, -500) // 4 + noise)


@pytest.fixture
def active(qtbot: QtBot, session: Session, file: Path, encoder: Encoder) -> ActiveSaliency:
    """One scan is shown; an encoder is there."""
    (image_id,) = open_files(session, [file])
    session.put(encoder=encoder)
    comparison = Comparison(session, session)
    both = comparison.first, comparison.second
    active = ActiveSaliency(
        comparison, {each: SaliencyModel(each, session) for each in both}, session
    )
    session.select([image_id])
    qtbot.waitUntil(lambda: comparison.first.loaded is not None)
    return active


@pytest.fixture
def model(qtbot: QtBot, session: Session, active: ActiveSaliency) -> WordsModel:
    """Somebody looks at the words of a prompt, which are there."""
    session.put(query=QueryState(text=TEXT))
    model = WordsModel(session, active, session)
    model.watch(True)
    qtbot.waitUntil(lambda: model.stage is Stage.READY, timeout=60_000)
    return model


def lay(qtbot: QtBot, model: WordsModel, part: range) -> None:
    model.choose(part)
    qtbot.waitUntil(lambda: not model.mapping, timeout=60_000)
    assert model.problem == ""


def test_that_bars_are_the_words_of_the_prompt_in_its_order(
    model: WordsModel, encoder: Encoder, file: Path
) -> None:
    scores = score_words(encoder, render(file).pixels, TEXT)
    assert [bar.text for bar in model.bars] == TEXT.split()
    drops = [word.cosine_drop for word in scores.words]
    assert [bar.value for bar in model.bars] == pytest.approx(drops, abs=1e-6)
    largest = max(map(abs, drops))
    assert [bar.extent for bar in model.bars] == pytest.approx([d / largest for d in drops])
    assert [bar.text for bar in model.phrases] == [TEXT, "pleural effusion"]
    model.set_view(View.RELEVANCE)
    relevances = [word.relevance for word in scores.words]
    assert [bar.value for bar in model.bars] == pytest.approx(relevances, abs=1e-6)
    assert f"{100 * (scores.marks_share or 0):.0f} %" in model.summary
    assert model.phrases == ()


def test_that_nothing_is_computed_while_nobody_looks(
    qtbot: QtBot, session: Session, active: ActiveSaliency
) -> None:
    session.put(query=QueryState(text=TEXT))
    model = WordsModel(session, active, session)
    with qtbot.assertNotEmitted(session.runner.job_started, wait=300):
        session.put(query=QueryState(text="pleural"))
    assert model.scores is None


def test_that_what_is_missing_is_said(
    qtbot: QtBot, session: Session, active: ActiveSaliency
) -> None:
    model = WordsModel(session, active, session)
    model.watch(True)
    assert "Type a prompt" in model.message
    session.put(query=QueryState(text="effusion"))
    qtbot.waitUntil(lambda: model.stage is Stage.READY, timeout=60_000)
    assert len(model.bars) == 1
    session.put(query=QueryState(text=""))
    assert (model.stage, model.bars) == (Stage.WAITING, ())
    session.put(query=QueryState(text="effusion"), encoder=None)
    assert "No encoder" in model.message


def test_that_a_words_map_lies_over_the_scan_until_it_is_taken_off(
    qtbot: QtBot, model: WordsModel, active: ActiveSaliency, encoder: Encoder, file: Path
) -> None:
    own = active.model.raw
    lay(qtbot, model, range(2, 3))
    raw = active.model.raw
    assert raw is not None
    assert raw.signed
    pixels = render(file).pixels
    grids = explain(encoder, pixels, [TEXT, "left pleural"], "decomp").grid
    np.testing.assert_allclose(raw.grid, grids[0] - grids[1], atol=1e-6)
    assert "“effusion”" in active.model.caption.title
    assert active.model.look_from_image(), "Esc in the viewer"
    assert active.model.raw is own
    assert model.chosen is None
    lay(qtbot, model, range(2, 3))
    model.watch(False)
    assert active.model.guest is None
    model.watch(True)
    assert active.model.guest is not None, "the word is still chosen"
    active.model.set_method("attention")
    assert (active.model.guest, model.chosen) == (None, None)


def test_that_words_are_chosen_together(
    qtbot: QtBot, model: WordsModel, active: ActiveSaliency, encoder: Encoder, file: Path
) -> None:
    lay(qtbot, model, range(1))
    model.extend(range(1, 2))
    qtbot.waitUntil(lambda: not model.mapping, timeout=60_000)
    assert model.chosen == range(2)
    grids = explain(encoder, render(file).pixels, [TEXT, "effusion"], "decomp").grid
    raw = active.model.raw
    assert raw is not None
    np.testing.assert_allclose(raw.grid, grids[0] - grids[1], atol=1e-6)


def test_that_a_patch_says_what_it_answers_to_each_word(
    qtbot: QtBot, model: WordsModel, active: ActiveSaliency, encoder: Encoder, file: Path
) -> None:
    active.model.look_from(60, 20)
    qtbot.waitUntil(lambda: model.cell is not None, timeout=60_000)
    texts = [TEXT, "pleural effusion", "left effusion", "left pleural"]
    grids = explain(encoder, render(file).pixels, texts, "decomp").grid[:, *model.cell]
    values = [bar.value for bar in model.bars]
    np.testing.assert_allclose(values, grids[0] - grids[1:], atol=1e-6)
    assert model.headline.startswith(f"Patch {model.cell[0] + 1}, {model.cell[1] + 1}")
    left, top, right, bottom = active.model.cell or (0, 0, 0, 0)
    assert left <= 60 <= right
    assert top <= 20 <= bottom
    assert model.step_back()
    assert model.cell is None
    assert [bar.value for bar in model.bars] != values
    assert not model.step_back()


def test_that_another_prompt_drops_the_map_of_the_last_ones_word(
    qtbot: QtBot, session: Session, model: WordsModel, active: ActiveSaliency
) -> None:
    lay(qtbot, model, range(1))
    session.put(query=QueryState(text="effusion"))
    assert (active.model.guest, model.chosen, model.bars) == (None, None, ())
    qtbot.waitUntil(lambda: model.stage is Stage.READY, timeout=60_000)
    assert [bar.text for bar in model.bars] == ["effusion"]


def test_that_numbers_have_as_many_places_as_they_need() -> None:
    assert signed(0.1234) == "+0.123"
    assert signed(-0.00123, 0.002) == "−0.0012"
    assert signed(0.00001) == "0"


def test_that_one_word_is_compared_with_an_empty_prompt(
    qtbot: QtBot, session: Session, model: WordsModel
) -> None:
    session.put(query=QueryState(text="effusion"))
    qtbot.waitUntil(lambda: model.stage is Stage.READY, timeout=60_000)
    assert "empty prompt" in model.headline


def test_that_slow_maps_tell_how_far_they_are_and_can_be_given_up(
    qtbot: QtBot, session: Session, model: WordsModel, active: ActiveSaliency
) -> None:
    told: list[str] = []

    def note() -> None:
        told.append(model.headline)
        if model.progress is not None and model.progress.done:
            model.step_back()

    model.changed.connect(note)
    model.set_method("occlusion")
    model.choose(range(1))
    qtbot.waitUntil(lambda: model.chosen is None, timeout=60_000)
    assert any(" of " in words and "Esc stops" in words for words in told)
    assert (model.mapping, active.model.guest) == (False, None)
    model.changed.disconnect(note)
    lay(qtbot, model, range(1))
    raw = active.model.raw
    assert raw is not None
    assert raw.unit == "cosine drop"


@pytest.mark.slow
def test_that_words_can_be_masked_where_the_tower_knows_masks(
    qtbot: QtBot, session: Session, model: WordsModel, file: Path, tmp_path: Path
) -> None:
    from model_folders import build_biomedclip_folder

    from vlm_explorer.encoders.load import load_encoder

    assert View.MASKED not in model.views
    bert = load_encoder(build_biomedclip_folder(tmp_path / "bert"), device="cpu", precision="fp32")
    session.put(encoder=bert)
    qtbot.waitUntil(lambda: model.stage is Stage.READY, timeout=60_000)
    assert View.MASKED in model.views
    model.set_view(View.MASKED)
    assert [bar.number for bar in model.bars] == ["", "", ""], "never those of words left out"
    qtbot.waitUntil(lambda: model.masked is not None, timeout=60_000)
    masked = score_words(bert, render(file).pixels, TEXT, replaced_by="mask")
    drops = [word.cosine_drop for word in masked.words]
    assert [bar.value for bar in model.bars] == pytest.approx(drops, abs=1e-6)
    assert len(model.phrases) == 2
