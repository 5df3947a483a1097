"""The models behind library, results, labels, problems, prompt, thumbnails and running jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from map_session import show_only
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot
from shell_collection import IMAGES, build_collection, image_id, keep_window_state

from vlm_explorer.jobs import JobContext, Progress
from vlm_explorer.queries.label_shelf import ready_made
from vlm_explorer.viewmodels import labels as label_columns
from vlm_explorer.viewmodels import numbers
from vlm_explorer.viewmodels.filters import filter_mask
from vlm_explorer.viewmodels.job_runner import JobRunner
from vlm_explorer.viewmodels.label_sets import LabelSets
from vlm_explorer.viewmodels.labels import LabelsModel
from vlm_explorer.viewmodels.library import DETAIL, IMAGE_IDS, KIND, LibraryModel
from vlm_explorer.viewmodels.pace import Pace
from vlm_explorer.viewmodels.problems import ProblemsModel
from vlm_explorer.viewmodels.prompt import Prompt
from vlm_explorer.viewmodels.recent import RecentPlaces
from vlm_explorer.viewmodels.results import COSINE, IMAGE_ID, RANK, ResultsModel
from vlm_explorer.viewmodels.running_jobs import RunningJobs, describe_progress
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails

Settle = Callable[[Session], None]
# a warning of Qt fails the test
STRICT = QAbstractItemModelTester.FailureReportingMode.Warning


@pytest.fixture
def opened(shell_session: Session, small: Path, settle: Settle) -> Session:
    shell_session.open(small)
    settle(shell_session)
    return shell_session


def walk(model: LibraryModel, parent: QModelIndex | None = None) -> list[QModelIndex]:
    above = QModelIndex() if parent is None else parent
    rows = [model.index(row, 0, above) for row in range(model.rowCount(above))]
    return [each for row in rows for each in (row, *walk(model, row))]


def of_kind(model: LibraryModel, kind: str) -> list[QModelIndex]:
    return [index for index in walk(model) if index.data(KIND) == kind]


# The library


def test_that_the_library_lists_patients_studies_and_series_without_names(
    opened: Session, qtbot: QtBot
) -> None:
    model = LibraryModel(opened)
    QAbstractItemModelTester(model, STRICT, model)
    patients = of_kind(model, "patient")
    assert [index.data() for index in patients] == [f"Patient {n}" for n in range(1, 5)]
    series = of_kind(model, "series")
    assert len(series) == model.series_count == IMAGES // 3
    assert series[0].data() == "Series 1"
    assert series[0].data(DETAIL) == "XR · Chest · 3 images"
    assert series[0].data(IMAGE_IDS) == (image_id(0), image_id(1), image_id(2))
    shown = [index.data(IMAGE_IDS) for index in patients]
    assert {key for ids in shown for key in ids} == set(opened.images.ids)


def test_that_the_filter_shows_only_what_holds_every_word(opened: Session) -> None:
    model = LibraryModel(opened)
    QAbstractItemModelTester(model, STRICT, model)
    model.set_filter("ct EFFUSION")
    shown = opened.images.ids[opened.shown]
    rows = [opened.images.row_of[key] for key in shown]
    assert set(opened.images.modality[rows]) == {"CT"}
    assert set(opened.images.label[rows]) == {"effusion"}
    assert of_kind(model, "series")[0].data(DETAIL) == "CT · Chest · 1 of 3"
    model.set_filter("")
    assert opened.shown.all()


def test_that_a_word_with_a_minus_leaves_images_out() -> None:
    words = np.array(["ct effusion", "ct normal", "mr normal"], dtype=object)
    assert filter_mask(words, "ct -normal").tolist() == [True, False, False]
    assert filter_mask(words, "-").tolist() == [False, False, False]
    assert filter_mask(words, "  ").tolist() == [True, True, True]


def test_that_an_image_is_found_in_its_series_unless_it_is_filtered_out(opened: Session) -> None:
    model = LibraryModel(opened)
    assert image_id(4) in model.index_of_image(image_id(4)).data(IMAGE_IDS)
    model.set_filter("xr")
    assert not model.index_of_image(image_id(4)).isValid()


def test_that_levels_with_a_single_member_are_folded_into_the_one_above(opened: Session) -> None:
    images = opened.images
    images.patient = np.array([f"p{row}" if row < 12 else "many" for row in range(IMAGES)], object)
    images.study = np.where(np.arange(IMAGES) < 21, "one", "two").astype(object)
    series = ["s" if row < 12 else f"s{row // 3}" for row in range(IMAGES)]
    images.series = np.array(series, object)
    for name in ("tree", "stacks"):  # as read, it was sorted by other keys
        images.__dict__.pop(name)
    model = LibraryModel(opened)
    top = [model.index(row, 0) for row in range(model.rowCount())]
    assert [index.data(KIND) for index in top] == ["series"] * 12 + ["patient"]
    assert (top[0].data(), top[0].data(DETAIL)) == ("Patient 1", "XR · Chest · 1 image")
    assert [index.data() for index in of_kind(model, "study")] == ["Study 1"]
    assert [index.data() for index in of_kind(model, "series")][-3:] == [
        "Series 1",
        "Series 2",
        "Study 2",
    ]


# The results


def test_that_results_without_a_query_are_in_the_order_of_the_files(opened: Session) -> None:
    model = ResultsModel(opened)
    QAbstractItemModelTester(model, STRICT, model)
    assert [model.image_id(row) for row in range(model.rowCount())] == list(opened.images.ids)
    assert model.index(0).data(RANK) is None
    assert model.summary == "24 of 24 shown · in the order of the files"


def test_that_results_are_ranked_by_cosine_among_the_shown(opened: Session, settle: Settle) -> None:
    model = ResultsModel(opened)
    QAbstractItemModelTester(model, STRICT, model)
    opened.search("nodule")
    assert model.summary.endswith("ranking")
    settle(opened)
    show_only(opened, opened.images.modality == "CT")
    cosines = [model.index(row).data(COSINE) for row in range(model.rowCount())]
    assert cosines == sorted(cosines, reverse=True)
    assert model.index(0).data(RANK) == 1
    assert model.summary == "9 of 24 shown · by cosine to “nodule”"
    first = opened.images.row_of[model.index(0).data(IMAGE_ID)]
    assert opened.images.label[first] == "nodule"


def test_that_results_can_be_the_selection_alone(opened: Session) -> None:
    model = ResultsModel(opened)
    opened.select([image_id(3), image_id(1)])
    model.set_selected_only(True)
    assert [model.image_id(row) for row in range(model.rowCount())] == [image_id(1), image_id(3)]
    opened.select([image_id(9)])
    assert model.rowCount() == 1
    assert model.row_of(image_id(3)) == -1


def test_that_a_result_is_described_without_the_name_of_its_file(opened: Session) -> None:
    model = ResultsModel(opened)
    words = model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert "XR with effusion" in words
    assert ".png" not in words


# The labels


def test_that_labels_begin_with_a_ready_made_set(opened: Session, settle: Settle) -> None:
    model = LabelsModel(opened)
    QAbstractItemModelTester(model, STRICT, model)
    LabelSets(opened, model)
    settle(opened)
    assert model.labels == ready_made()[0].names
    assert opened.label_state.chosen == ready_made()[0]
    assert not opened.history.can_undo


def test_that_labels_are_added_renamed_and_removed_in_place(
    opened: Session, settle: Settle
) -> None:
    model = LabelsModel(opened)
    QAbstractItemModelTester(model, STRICT, model)
    opened.set_labels(["effusion"], "raw", "single")
    last = model.index(1, label_columns.LABEL)
    assert last.data() == label_columns.ADD_HERE
    assert model.setData(last, "  nodule  of lung ")
    assert model.labels == ("effusion", "nodule of lung")
    assert not model.setData(model.index(2, 0), "effusion"), "no label twice"
    assert model.setData(model.index(0, 0), "pleural effusion")
    model.setData(model.index(1, 0), "")
    assert model.labels == ("pleural effusion",)
    model.remove([0])
    assert model.labels == ()
    settle(opened)


def test_that_the_scores_are_those_of_the_selection(opened: Session, settle: Settle) -> None:
    model = LabelsModel(opened)
    opened.set_labels(["effusion", "nodule", "normal"], "raw", "single")
    settle(opened)
    assert model.summary == ""
    opened.select([image_id(0)])
    shares = [
        model.index(row, label_columns.PROBABILITY).data(label_columns.VALUE) for row in (0, 1, 2)
    ]
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    assert model.index(0, label_columns.PROBABILITY).data(label_columns.BEST)
    assert model.summary.startswith("effusion: ")
    assert model.summary.endswith("among these 3 labels")
    opened.select([image_id(n) for n in range(6)])
    assert model.summary.startswith("6 images: 2 ")


def test_that_the_words_of_a_multi_label_score_do_not_speak_of_a_choice(
    opened: Session, settle: Settle
) -> None:
    model = LabelsModel(opened)
    opened.set_labels(["effusion", "nodule"], "chexzero", "multi")
    settle(opened)
    opened.select([image_id(0)])
    assert "among" not in model.summary


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0 %"), (0.004, "< 1 %"), (0.5, "50 %"), (0.996, "> 99 %"), (1.0, "100 %")],
)
def test_that_a_probability_never_claims_more_than_it_says(value: float, words: str) -> None:
    assert numbers.percent(value) == words


def test_that_cosines_have_a_true_minus_and_sizes_a_unit() -> None:
    assert numbers.cosine(-0.0364) == "−0.036"
    assert [numbers.size(count) for count in (None, 0, 305_000, 783_734_497, 1_500_000_000)] == [
        "",
        "",
        "305 kB",
        "784 MB",
        "1.5 GB",
    ]


# The problems


def test_that_problems_put_losses_first_and_can_be_copied(
    shell_session: Session, tmp_path: Path, settle: Settle
) -> None:
    model = ProblemsModel(shell_session)
    QAbstractItemModelTester(model, STRICT, model)
    assert model.sentence == ""
    shell_session.open(build_collection(tmp_path / "one.vlmx", images=3, problems=1))
    settle(shell_session)
    assert model.sentence == "1 file could not be read."
    assert model.index(0, 0).data() == "broken0.dcm"
    assert model.as_text() == "/scans/broken0.dcm\tunreadable\tThe file ends early."


# The prompt


def test_that_the_prompt_tells_words_without_effect(opened: Session, qtbot: QtBot) -> None:
    prompt = Prompt(opened)
    with qtbot.waitSignal(prompt.read, timeout=10_000):
        prompt.type("left effuzion")
    assert prompt.unknown == ("effuzion",)
    with qtbot.waitSignal(prompt.read, timeout=10_000):
        prompt.type("left " * 12)
    assert prompt.unread == ("left", "left")
    prompt.type("")
    assert prompt.unread == ()


def test_that_the_history_walks_back_and_returns_to_what_was_being_typed(
    opened: Session, settle: Settle
) -> None:
    prompt = Prompt(opened)
    for text in ("effusion", "nodule", "effusion"):
        prompt.type(text)
        prompt.enter()
    prompt.type("nor")
    assert [prompt.earlier(), prompt.earlier(), prompt.earlier()] == [
        "effusion",
        "nodule",
        "nodule",
    ]
    assert [prompt.later(), prompt.later(), prompt.later()] == ["effusion", "nor", "nor"]
    settle(opened)


def test_that_the_history_is_there_again_with_the_collection(
    shell_session: Session, small: Path, settle: Settle
) -> None:
    keep_window_state(small, history=["effusion"])
    prompt = Prompt(shell_session)
    shell_session.open(small)
    settle(shell_session)
    assert prompt.earlier() == "effusion"


# Thumbnails


def test_that_thumbnails_arrive_in_batches_and_stay(opened: Session, qtbot: QtBot) -> None:
    thumbnails = Thumbnails(opened)
    ids = [image_id(number) for number in range(IMAGES)]
    assert thumbnails.get(ids[0]) is None
    with qtbot.waitSignal(thumbnails.loaded, timeout=10_000) as loaded:
        for key in ids:
            thumbnails.get(key)
    assert loaded.args == [set(ids)]
    data = thumbnails.get(ids[0])
    assert data is not None
    assert data.startswith(b"\xff\xd8")


def test_that_a_thumbnail_which_does_not_exist_is_asked_for_once(
    opened: Session, qtbot: QtBot
) -> None:
    thumbnails = Thumbnails(opened)
    thumbnails.get("stranger")
    with qtbot.waitSignal(thumbnails.loaded, timeout=10_000):
        pass
    with qtbot.assertNotEmitted(thumbnails.loaded, wait=100):
        assert thumbnails.get("stranger") is None


def test_that_thumbnails_are_forgotten_with_their_collection(opened: Session, qtbot: QtBot) -> None:
    thumbnails = Thumbnails(opened)
    with qtbot.waitSignal(thumbnails.loaded, timeout=10_000):
        thumbnails.get(image_id(0))
    opened.close()
    assert thumbnails.get(image_id(0)) is None


def test_that_thumbnails_stay_while_their_collection_grows(opened: Session, qtbot: QtBot) -> None:
    thumbnails = Thumbnails(opened)
    with qtbot.waitSignal(thumbnails.loaded, timeout=10_000):
        thumbnails.get(image_id(0))
    assert opened.content is not None
    opened.take(opened.content)
    assert thumbnails.get(image_id(0)) is not None


# Running jobs


def test_that_a_job_is_shown_after_a_moment_and_can_be_cancelled(
    runner: JobRunner, qtbot: QtBot
) -> None:
    running = RunningJobs(runner)
    gate = threading.Event()

    def work(*, context: JobContext) -> None:
        context.report(3, 10, "Reading")
        while not gate.wait(0.01):
            context.check()

    job = runner.start(work, title="Reading images", key="read")
    assert running.jobs == []
    with qtbot.waitSignal(running.changed, timeout=10_000):
        pass
    shown = running.jobs[0]
    assert (shown.title, shown.share) == ("Reading images", 0.3)
    assert shown.detail.startswith("3 of 10")
    with qtbot.waitSignal(job.cancelled, timeout=10_000):
        running.cancel(shown.key)
    qtbot.waitUntil(lambda: running.jobs == [])


def test_that_a_quick_job_is_never_shown(runner: JobRunner, qtbot: QtBot) -> None:
    running = RunningJobs(runner)
    with qtbot.assertNotEmitted(running.changed, wait=400):
        runner.start(lambda *, context: 1, title="Quick", key="quick")


@pytest.mark.parametrize(
    ("progress", "rate", "words"),
    [
        (Progress(0, None, "Loading the encoder"), None, "Loading the encoder"),
        (Progress(1204, 10_000), 86.0, "1,204 of 10,000 · 86/s · 2 min left"),
        (Progress(5, 10), None, "5 of 10"),
        (Progress(5, 10), 0.5, "5 of 10 · 0.5/s · 10 s left"),
        (Progress(10, 10), 1.0, "10 of 10 · 1.0/s"),
        (Progress(10, 100_000), 0.1, "10 of 100,000 · 0.1/s · 277.8 h left"),
    ],
)
def test_that_progress_is_told_with_rate_and_time_left(
    progress: Progress, rate: float | None, words: str
) -> None:
    assert describe_progress(progress, rate) == words


def rates(*heard: tuple[float, int]) -> list[float | None]:
    """Return the rate after each report (seconds, done)."""
    now = 0.0
    pace = Pace(lambda: now)
    found = []
    for now, done in heard:  # noqa: B007 - the clock reads it
        pace.hear(Progress(done, 1000))
        found.append(pace.rate)
    return found


def test_that_the_rate_is_that_of_the_stretch_which_is_counted() -> None:
    first = rates((2, 20), (4, 40), (6, 60), (8, 80))
    assert first == [None, None, 10.0, 10.0]
    of_two = rates((2, 20), (4, 40), (6, 60), (8, 0), (10, 4), (12, 8), (14, 16))
    assert of_two[3:] == [None, None, None, 2.0], "since the first were done"


def test_that_a_rate_is_told_of_what_is_counted_now_and_of_no_single_report() -> None:
    loading = rates((1, 1), (61, 9), (62, 17), (63, 25), (64, 33))
    assert loading == [None, None, None, None, 8.0], "the encoder is loaded after the first file"
    slow = rates(*((60.0 * n, n) for n in range(1, 10)))
    assert slow[-1] == pytest.approx(1 / 60)
    changing = rates(*((n, 10 * n) for n in range(1, 30)), *((30.0 + n, 300) for n in range(30)))
    assert changing[28] == pytest.approx(10)
    assert changing[-1] is not None
    assert changing[-1] < 1, "it stands still"


# Recent places


def test_that_recent_places_are_kept_newest_first_while_they_exist(
    qtbot: QtBot, tmp_path: Path
) -> None:
    for name in ("a", "b", "gone"):
        (tmp_path / name).mkdir()
        RecentPlaces().add(tmp_path / name)
    RecentPlaces().add(tmp_path / "a")
    (tmp_path / "gone").rmdir()
    recent = RecentPlaces()
    assert recent.places == [tmp_path / "a", tmp_path / "b"]
    recent.clear()
    assert RecentPlaces().places == []
