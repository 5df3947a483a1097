"""The session: opening, selecting, searching, laying out, labelling, coming back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from shell_collection import IMAGES, FakeEncoder, build_collection, image_id, keep_window_state

from vlm_explorer.analysis.null_scores import MATCH
from vlm_explorer.errors import ModelNotFound
from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels import background
from vlm_explorer.viewmodels.filters import OnlyThese, TextFilter, Without
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import LayoutState

Settle = Callable[[Session], None]


@pytest.fixture
def opened(shell_session: Session, small: Path, settle: Settle) -> Session:
    session = shell_session
    session.open(small)
    settle(session)
    return session


def test_that_opening_a_collection_shows_images_layout_and_encoder(opened: Session) -> None:
    assert len(opened.images) == IMAGES
    assert opened.shown.sum() == IMAGES
    assert opened.layout.answer is not None
    assert opened.layout.answer.xy.shape == (IMAGES, 2)
    assert not opened.layout.pending
    assert opened.encoder_note == "fake · cpu · fp32"
    assert len(opened.problems) == 2
    assert opened.opening == ""


def test_that_a_path_that_is_not_there_is_said_and_nothing_opens(
    shell_session: Session, tmp_path: Path, settle: Settle, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[tuple[str, str, str]] = []
    shell_session.messages.message.connect(lambda *words: said.append(words))
    shell_session.open(tmp_path / "nowhere")
    assert shell_session.opening == "Opening the folder"
    settle(shell_session)
    assert shell_session.collection is None
    assert shell_session.opening == ""
    assert said[0][0] == "error"
    assert "nowhere" in said[0][1]
    caplog.clear()


def test_that_a_damaged_collection_is_said_and_nothing_opens(
    shell_session: Session, small: Path, settle: Settle, caplog: pytest.LogCaptureFixture
) -> None:
    (small / "collection.json").write_text("{")
    said: list[str] = []
    shell_session.messages.message.connect(lambda level, text, hint: said.append(text))
    shell_session.open(small)
    settle(shell_session)
    assert shell_session.collection is None
    assert "damaged" in said[0]
    caplog.clear()


def test_that_an_encoder_that_is_not_here_leaves_the_images_to_look_at(
    shell_session: Session,
    small: Path,
    settle: Settle,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def absent(collection: object, model: str, *, context: JobContext) -> FakeEncoder:
        raise ModelNotFound("The encoder is not on this machine.", "Import it.")

    monkeypatch.setattr(background, "load_encoder", absent)
    shell_session.open(small)
    shell_session.search("left effusion")
    settle(shell_session)
    assert len(shell_session.images) == IMAGES
    assert shell_session.layout.answer is not None
    assert shell_session.encoder_note == "no encoder"
    assert not shell_session.query.active
    caplog.clear()


def test_that_a_search_ranks_every_image_and_tells_how_it_was_read(
    opened: Session, settle: Settle
) -> None:
    opened.search("  effusion zzz ")
    assert opened.query.pending
    settle(opened)
    query = opened.query
    assert query.text == "effusion zzz"
    assert query.answer is not None
    assert query.answer.cosine.shape == (IMAGES,)
    best = opened.images.row_of[query.answer.hits[0].image_id]
    assert query.answer.cosine.argmax() == best
    assert query.reading is not None
    assert query.reading.unknown == ("zzz",)


def test_that_a_search_is_compared_with_unrelated_prompts_as_soon_as_these_are_scored(
    opened: Session, settle: Settle, qtbot: QtBot
) -> None:
    opened.search("effusion")
    qtbot.waitUntil(lambda: opened.scale.nulls is not None, timeout=60_000)
    settle(opened)
    answer, nulls = opened.query.answer, opened.scale.nulls
    assert answer is not None
    assert nulls is not None
    assert answer.hits[0].z == pytest.approx(nulls.z_of_hits(answer.cosine.max()[None])[0])
    assert answer.matches == (answer.hits[0].z >= MATCH)
    opened.search("another")
    settle(opened)
    assert opened.query.answer is not None
    assert opened.query.answer.matches is not None
    opened.search_like(opened.images.ids[0])
    settle(opened)
    assert opened.query.answer is not None
    assert opened.query.answer.matches is None, "prompts are no scale for likeness of images"


def test_that_a_difference_of_texts_is_compared_with_differences_of_unrelated_ones(
    opened: Session, settle: Settle, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: opened.scale.nulls is not None, timeout=60_000)
    opened.terms.add_expression('"effusion" - "nodule"')
    qtbot.waitUntil(
        lambda: opened.query.answer is not None and opened.query.answer.matches is not None,
        timeout=60_000,
    )
    answer, alone = opened.query.answer, opened.scale.nulls
    assert answer is not None
    assert alone is not None
    assert answer.weights == (1.0, -1.0)
    best = answer.cosine.max()[None]
    assert answer.best_z == pytest.approx(opened.scale.z_of(answer)[0])
    assert answer.best_z != pytest.approx(alone.z_of_hits(best)[0])


def test_that_a_search_typed_while_the_encoder_loads_is_answered_then(
    shell_session: Session, small: Path, qtbot: QtBot, settle: Settle
) -> None:
    session = shell_session
    session.open(small)
    qtbot.waitUntil(lambda: session.collection is not None)
    session.search("nodule")
    settle(session)
    assert session.query.answer is not None


def test_that_only_the_last_of_several_searches_is_answered(
    opened: Session, settle: Settle
) -> None:
    answers: list[str] = []
    opened.query_changed.connect(
        lambda: answers.append(opened.query.text) if opened.query.answer else None
    )
    for text in ("effusion", "nodule", "normal"):
        opened.search(text)
    settle(opened)
    assert answers == ["normal"]


def test_that_clearing_the_query_forgets_an_answer_still_to_come(
    opened: Session, settle: Settle
) -> None:
    opened.search("effusion")
    opened.clear_query()
    settle(opened)
    assert not opened.query.active
    assert opened.query.answer is None


def test_that_more_like_this_finds_the_image_itself_first(opened: Session, settle: Settle) -> None:
    opened.search_like(image_id(4))
    settle(opened)
    assert opened.query.like == image_id(4)
    assert opened.query.answer is not None
    assert opened.query.answer.hits[0].image_id == image_id(4)


def test_that_selecting_keeps_known_images_and_a_current_one(opened: Session) -> None:
    opened.select([image_id(1)])
    assert opened.selection.current == image_id(1)
    opened.select([image_id(1), image_id(2), "stranger"])
    assert opened.selection.ids == {image_id(1), image_id(2)}
    assert opened.selection.current == image_id(1), "the current one stays while it is selected"
    opened.select([image_id(5), image_id(6)])
    assert opened.selection.current is None
    opened.select([])
    assert not opened.selection.ids


def test_that_selecting_the_same_again_tells_nobody(opened: Session, qtbot: QtBot) -> None:
    opened.select([image_id(1)])
    with qtbot.assertNotEmitted(opened.selection_changed):
        opened.select([image_id(1)])


def test_that_what_is_shown_is_what_every_filter_lets_through(opened: Session) -> None:
    opened.set_filter(TextFilter("ct"))
    opened.set_filter(Without(frozenset([image_id(3)])))
    computed = np.ones(IMAGES, bool)
    for each in opened.filters:
        computed &= each.mask(opened.images)
    np.testing.assert_array_equal(opened.shown, computed)
    assert opened.shown.sum() == 8
    assert opened.images.modality[opened.shown].tolist() == ["CT"] * 8


def test_that_a_filter_takes_the_place_of_the_one_of_its_key(opened: Session, qtbot: QtBot) -> None:
    opened.set_filter(TextFilter("ct"))
    opened.set_filter(OnlyThese(frozenset([image_id(3), image_id(4)])))
    opened.set_filter(TextFilter("mr"))
    assert [each.title for each in opened.filters] == ["“mr”", "only 2 chosen"]
    assert not opened.shown.any()
    opened.remove_filter("text")
    assert opened.shown.sum() == 2
    with qtbot.assertNotEmitted(opened.filters_changed):
        opened.remove_filter("text")
    opened.clear_filters()
    assert opened.shown.all()


def test_that_a_filter_asked_anew_follows_what_it_looks_at(opened: Session) -> None:
    wanted = {"CT"}

    class Named:
        key, title = "named", "named"

        def mask(self, images: ImageTable) -> np.ndarray:
            return np.isin(images.modality.astype(str), list(wanted))

    opened.set_filter(Named())
    assert set(opened.images.modality[opened.shown]) == {"CT"}
    wanted.add("MR")
    opened.apply_filters_anew()
    assert set(opened.images.modality[opened.shown]) == {"CT", "MR"}


def test_that_filters_and_selection_leave_each_other_alone(opened: Session) -> None:
    opened.select([image_id(0), image_id(3)], image_id(0))
    opened.set_filter(TextFilter("ct"))
    assert opened.selection.ids == {image_id(0), image_id(3)}
    opened.select([])
    assert [each.key for each in opened.filters] == ["text"]


def test_that_labels_score_every_image(opened: Session, settle: Settle) -> None:
    opened.set_labels(["effusion", "nodule", "normal"], "raw", "single")
    settle(opened)
    answer = opened.label_state.answer
    assert answer is not None
    assert answer.probability.shape == (IMAGES, 3)
    guessed = answer.probability.argmax(axis=1)
    truth = [["effusion", "nodule", "normal"].index(label) for label in opened.images.label]
    assert (guessed == truth).mean() > 0.9


def test_that_a_layout_of_another_kind_replaces_the_first(opened: Session, settle: Settle) -> None:
    opened.set_layout(method="pca", space="images")
    assert opened.layout.pending
    settle(opened)
    assert opened.layout.answer is not None
    assert opened.layout.answer.request.space == "images"
    assert not opened.layout.preliminary


def test_that_closing_forgets_everything_and_says_so(opened: Session, qtbot: QtBot) -> None:
    opened.select([image_id(1)])
    with qtbot.waitSignals([opened.collection_changed, opened.selection_changed]):
        opened.close()
    assert opened.collection is None
    assert len(opened.images) == 0
    assert opened.selection.current is None
    assert opened.layout.answer is None


def test_that_a_collection_is_found_again_as_it_was_left(
    opened: Session, small: Path, settle: Settle
) -> None:
    opened.search("nodule")
    opened.set_labels(["effusion", "normal"], "raw", "single")
    opened.select([image_id(7)])
    opened.set_layout(method="pca", space="images", seed=7)
    settle(opened)
    opened.close()
    settle(opened)
    opened.open(small)
    settle(opened)
    assert opened.query.text == "nodule"
    assert opened.query.answer is not None
    assert opened.label_state.labels == ("effusion", "normal")
    assert opened.selection.current == image_id(7)
    assert (opened.layout.method, opened.layout.space, opened.layout.seed) == ("pca", "images", 7)


def test_that_a_kept_state_which_makes_no_sense_is_passed_over(
    shell_session: Session, small: Path, settle: Settle
) -> None:
    keep_window_state(small, query=5, labels="x", current=["a"], history={})
    shell_session.open(small)
    settle(shell_session)
    assert len(shell_session.images) == IMAGES
    assert not shell_session.query.active


def test_that_an_empty_collection_opens_without_layout_or_encoder(
    shell_session: Session, tmp_path: Path, settle: Settle
) -> None:
    shell_session.open(build_collection(tmp_path / "empty.vlmx", images=0))
    settle(shell_session)
    assert shell_session.collection is not None
    assert shell_session.layout.answer is None
    assert shell_session.encoder is None


def test_that_the_bundled_encoder_is_foreign_to_other_images(opened: Session) -> None:
    assert not opened.foreign
    opened.put(encoder_id=background.BUNDLED)
    assert opened.foreign
    opened.demo = True
    assert not opened.foreign


def test_that_what_was_opened_is_listed_as_recent(opened: Session, small: Path) -> None:
    assert opened.recent.places == [small]


def test_that_what_was_chosen_about_a_layout_is_understood_again() -> None:
    state = LayoutState(method="tsne", space="raw", seed=3, min_dist=0, perplexity=12.5)
    assert LayoutState.of_kept(list(state.choices.values())) == state
    old = LayoutState(method="pca", space="images", seed=7)
    assert LayoutState.of_kept(["pca", "images", 7]) == old
    assert LayoutState.of_kept(["pca", "images", "7"]) is None
    assert LayoutState.of_kept([]) is None
