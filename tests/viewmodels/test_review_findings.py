"""The review as the window sees it: findings, limits, marks, columns, and what is kept."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from shell_collection import IMAGES

from vlm_explorer.collection.store import Collection
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.review_marks import Mark, read_marks
from vlm_explorer.viewmodels import review_checks, user_file
from vlm_explorer.viewmodels.filters import Without
from vlm_explorer.viewmodels.job_runner import LANES
from vlm_explorer.viewmodels.review import Review, Stage
from vlm_explorer.viewmodels.review_checks import CAPTIONS, CHECKS, OUTLIERS, PAIRS
from vlm_explorer.viewmodels.review_list import (
    CAPTION,
    GROUP,
    IMAGE_IDS,
    VALUE,
    VERDICT,
    ReviewList,
)
from vlm_explorer.viewmodels.review_marks import DROP, DROP_FIRST, KEEP, UNSURE, ReviewMarks
from vlm_explorer.viewmodels.session import Session

Settle = Callable[[Session], None]


class Reviewed:
    """A session with a review of it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.review = Review(session, session)
        self.marks = ReviewMarks(session, session)
        self.list = ReviewList(session, self.review, self.marks, session)


@pytest.fixture
def reviewed(shell_session: Session, small: Path, settle: Settle) -> Reviewed:
    """The small collection, looked through for near-duplicates."""
    reviewed = Reviewed(shell_session)
    reviewed.review.watch(True)
    shell_session.open(small)
    settle(shell_session)
    assert reviewed.review.stage is Stage.READY
    return reviewed


def values(reviewed: Reviewed) -> list[str]:
    rows = range(reviewed.list.rowCount())
    return [reviewed.list.index(row).data(VALUE) for row in rows]


def test_that_nothing_is_looked_for_until_somebody_watches(
    shell_session: Session, small: Path, settle: Settle
) -> None:
    reviewed = Reviewed(shell_session)
    shell_session.open(small)
    settle(shell_session)
    assert reviewed.review.stage is Stage.EMPTY
    assert reviewed.list.rowCount() == 0
    reviewed.review.watch(True)
    assert reviewed.review.stage is Stage.WORKING
    settle(shell_session)
    assert reviewed.review.stage is Stage.READY


def test_that_the_count_follows_the_limit(reviewed: Reviewed) -> None:
    review, findings = reviewed.review, reviewed.list
    found = review.findings
    assert found is not None
    for limit in (found.least, 0.9, 0.95, 1.0):
        review.set_threshold(limit)
        assert findings.rowCount() == int((found.values >= np.float32(limit)).sum())
        noun = "pair" if findings.rowCount() == 1 else "pairs"
        assert findings.sentence.startswith(f"{findings.rowCount():,} {noun} at cosine {limit:.3f}")
    assert found.histogram(10).sum() == len(found.values)


def test_that_pairs_are_listed_group_by_group(reviewed: Reviewed) -> None:
    reviewed.review.set_threshold(0.9)
    findings = reviewed.list
    rows = range(findings.rowCount())
    groups = [findings.index(row).data(GROUP) for row in rows]
    assert findings.groups >= 2
    assert [name for name in dict.fromkeys(groups) if name] == sorted({*groups} - {""})
    members: dict[str, set[str]] = {}
    for row in rows:
        members.setdefault(groups[row], set()).update(findings.index(row).data(IMAGE_IDS))
    named = [ids for name, ids in members.items() if name]
    assert not named[0] & named[1]


def test_that_pairs_of_one_series_come_when_they_are_asked_for(
    reviewed: Reviewed, settle: Settle
) -> None:
    found = reviewed.review.findings
    assert found is not None
    images = reviewed.session.images
    series = images.series[found.rows]
    plain = images.stack[found.rows] == "plain"
    assert ((series[:, 0] != series[:, 1]) | plain.any(axis=1)).all()
    reviewed.review.set_across_series(False)
    settle(reviewed.session)
    more = reviewed.review.findings
    assert more is not None
    assert len(more.values) >= len(found.values)
    reviewed.review.set_across_series(True)
    assert reviewed.review.findings is found  # nothing is compared twice


@pytest.mark.parametrize("check", CHECKS)
def test_that_each_check_brings_its_column(reviewed: Reviewed, settle: Settle, check: str) -> None:
    reviewed.review.choose(check)
    settle(reviewed.session)
    found = reviewed.review.findings
    assert found is not None
    keys = {PAIRS: {"nearest-cosine"}, OUTLIERS: {"outlier", "outlier-distance"}}
    assert {key for key, _, _ in found.columns} == keys.get(check, {"caption-rank"})
    for key, _, column in found.columns:
        there = reviewed.session.columns.get(key)
        assert there is not None
        assert there.values.shape == (IMAGES,)
        np.testing.assert_array_equal(there.values, column)
    assert list(found.values) == sorted(found.values, reverse=True)
    assert found.least <= found.limit <= found.most


def test_that_captions_come_with_their_words(reviewed: Reviewed, settle: Settle) -> None:
    reviewed.review.choose(CAPTIONS)
    settle(reviewed.session)
    reviewed.review.set_threshold(0)
    assert reviewed.list.rowCount() == IMAGES
    index = reviewed.list.index(0)
    (image,) = index.data(IMAGE_IDS)
    row = reviewed.session.images.row_of[image]
    assert index.data(CAPTION) == reviewed.session.images.caption[row]
    assert index.data(VALUE).endswith("%")


def test_that_what_a_filter_hides_is_not_listed_but_counted(reviewed: Reviewed) -> None:
    reviewed.review.set_threshold(0.9)
    before = reviewed.list.rowCount()
    first = reviewed.list.image_ids(0)[0]
    reviewed.session.set_filter(Without(frozenset({first})))
    after = reviewed.list.rowCount()
    assert after + reviewed.list.filtered == before
    assert reviewed.list.filtered > 0
    assert "a filter hides" in reviewed.list.sentence
    assert all(first not in reviewed.list.image_ids(row) for row in range(after))


def test_that_marks_are_kept_counted_and_undone(
    reviewed: Reviewed, settle: Settle, small: Path
) -> None:
    reviewed.review.set_threshold(0.9)
    findings, marks = reviewed.list, reviewed.marks
    for row, verdict in enumerate((KEEP, DROP, DROP_FIRST, UNSURE)):
        findings.mark(row, verdict)
    assert findings.reviewed == 4
    assert findings.next_open(0) == 4
    assert [findings.index(row).data(VERDICT) for row in range(5)] == [
        KEEP, DROP, DROP_FIRST, UNSURE, None,
    ]  # fmt: skip
    settle(reviewed.session)
    assert [mark.verdict for mark in read_marks(Collection(small))] == [
        KEEP, DROP, DROP_FIRST, UNSURE,
    ]  # fmt: skip
    findings.mark(0, DROP)
    finding = marks.undo()
    assert finding is not None
    assert findings.row_of(finding) == 0
    assert findings.index(0).data(VERDICT) == KEEP
    for _ in range(4):
        marks.undo()
    assert findings.reviewed == 0
    assert not marks.can_undo
    assert marks.undo() is None
    settle(reviewed.session)
    assert read_marks(Collection(small)) == []


def test_that_marks_and_limits_are_there_again(
    reviewed: Reviewed, settle: Settle, small: Path
) -> None:
    session = reviewed.session
    reviewed.review.set_threshold(0.9)
    reviewed.list.mark(0, KEEP)
    reviewed.review.choose(OUTLIERS)
    settle(session)
    found = reviewed.review.findings
    assert found is not None
    limit = (found.least + found.most) / 2
    reviewed.review.set_threshold(limit)
    session.close()
    assert reviewed.list.rowCount() == 0
    assert reviewed.marks.all() == ()
    settle(session)
    session.open(small)
    settle(session)
    assert reviewed.review.check == OUTLIERS
    assert reviewed.review.threshold == pytest.approx(limit)
    reviewed.review.choose(PAIRS)
    settle(session)
    assert reviewed.review.threshold == pytest.approx(0.9)
    assert reviewed.list.reviewed == 1


def test_that_marks_made_right_before_the_end_are_kept(reviewed: Reviewed, small: Path) -> None:
    reviewed.review.set_threshold(0.9)
    for row in range(reviewed.list.rowCount()):
        reviewed.list.mark(row, DROP)
    reviewed.session.close()
    assert len(read_marks(Collection(small))) > 4


def test_that_undo_takes_no_marks_back_that_had_not_been_read_yet(
    reviewed: Reviewed,
    small: Path,
    settle: Settle,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> None:
    reviewed.review.set_threshold(0.9)
    reviewed.list.mark(0, DROP)
    settle(reviewed.session)
    session, marks, read = reviewed.session, reviewed.marks, user_file._read
    session.close()
    may_read = Event()

    def read_late(collection: Collection, how: object, *, context: JobContext) -> object:
        if how is read_marks:
            may_read.wait()
        return read(collection, how, context=context)

    monkeypatch.setattr(user_file, "_read", read_late)
    with qtbot.waitSignal(session.opened, timeout=30_000):
        session.open(small)
    session.select([str(session.images.ids[0])])
    assert not marks.ready
    may_read.set()
    settle(session)
    assert len(marks.all()) == 1
    session.history.undo()
    assert not session.selection.ids
    settle(session)
    assert len(marks.all()) == len(read_marks(Collection(small))) == 1


def test_that_no_earlier_marks_replace_later_ones(
    reviewed: Reviewed, small: Path, settle: Settle
) -> None:
    reviewed.review.set_threshold(0.9)
    gate = Event()
    for number in range(LANES["io"]):  # so that what is to be written has to wait
        reviewed.session.runner.start(
            lambda *, context: gate.wait(), title="Waiting", key=f"wait {number}", lane="io"
        )
    reviewed.list.mark(0, DROP)
    reviewed.list.mark(1, KEEP)
    reviewed.session.close()
    gate.set()
    settle(reviewed.session)
    assert [mark.verdict for mark in read_marks(Collection(small))] == [DROP, KEEP]


def test_that_marks_are_exported_as_a_table(
    reviewed: Reviewed, settle: Settle, tmp_path: Path
) -> None:
    reviewed.review.set_threshold(0.9)
    first, second = reviewed.list.image_ids(0)
    reviewed.list.mark(0, DROP_FIRST)
    reviewed.marks.put(Mark(CAPTIONS, (first,), "-1 is no caption", KEEP))
    said = []
    reviewed.session.messages.message.connect(lambda *words: said.append(words))
    reviewed.list.export(tmp_path / "marks.csv")
    settle(reviewed.session)
    assert said[0][1] == "2 marks were written."
    with (tmp_path / "marks.csv").open(newline="", encoding="utf-8") as file:
        pair, caption = list(csv.DictReader(file))
    assert (pair["mark"], pair["drop_image_id"]) == ("drop", first)
    assert (pair["image_id"], pair["other_image_id"]) == (first, second)
    assert float(pair["value"]) >= 0.9
    assert (caption["caption"], caption["mark"]) == ("'-1 is no caption", "keep")


def test_that_a_mark_that_cannot_be_kept_is_said(
    reviewed: Reviewed, settle: Settle, small: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said = []
    reviewed.session.messages.message.connect(lambda *words: said.append(words))
    (small / "user" / "review.json").mkdir()
    reviewed.review.set_threshold(0.9)
    reviewed.list.mark(0, KEEP)
    settle(reviewed.session)
    assert said
    assert said[0][0] == "error"
    caplog.clear()


def test_that_no_captions_is_a_state_with_a_reason(
    shell_session: Session, small: Path, settle: Settle, caplog: pytest.LogCaptureFixture
) -> None:
    from vlm_explorer.collection.writer import CollectionWriter

    with CollectionWriter(small) as writer:
        writer.set_texts([])
    reviewed = Reviewed(shell_session)
    reviewed.review.choose(CAPTIONS)
    reviewed.review.watch(True)
    shell_session.open(small)
    settle(shell_session)
    assert reviewed.review.stage is Stage.FAILED
    assert "has a caption" in reviewed.review.problem[0]
    reviewed.review.choose(PAIRS)
    settle(shell_session)
    assert reviewed.review.stage is Stage.READY
    caplog.clear()


def test_that_stopped_work_can_be_begun_again(
    shell_session: Session, small: Path, settle: Settle
) -> None:
    reviewed = Reviewed(shell_session)
    shell_session.open(small)
    settle(shell_session)
    reviewed.review.watch(True)
    reviewed.review.stop()
    assert reviewed.review.stage is Stage.FAILED
    reviewed.review.retry()
    assert reviewed.review.stage is Stage.WORKING  # though the first job may still be ending
    settle(shell_session)
    assert reviewed.review.stage is Stage.READY
    reviewed.review.choose(OUTLIERS)
    shell_session.runner.cancel("review")  # as the status line does
    settle(shell_session)
    assert reviewed.review.stage is Stage.FAILED
    assert reviewed.review.problem == ("This check was stopped.", "")


def test_that_select_all_listed_selects_their_images(reviewed: Reviewed) -> None:
    reviewed.review.set_threshold(0.95)
    reviewed.list.select_listed()
    rows = range(reviewed.list.rowCount())
    wanted = {key for row in rows for key in reviewed.list.image_ids(row)}
    assert reviewed.session.selection.ids == wanted


def test_that_descriptions_name_no_file(reviewed: Reviewed) -> None:
    from PySide6.QtCore import Qt

    reviewed.review.set_threshold(0.9)
    reviewed.list.mark(0, DROP)
    words = reviewed.list.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert words.startswith("Cosine ")
    assert "Marked: drop the right" in words
    assert ".png" not in words


def test_that_findings_are_found_again_by_their_codes(reviewed: Reviewed, qtbot: QtBot) -> None:
    content = reviewed.session.content
    assert content is not None
    for check in CHECKS:
        found = review_checks.find(content, check, True, context=JobContext())
        assert len(set(found.codes.tolist())) == len(found.values)
        for place in (0, len(found.values) - 1):
            caption = found.captions[place] if found.captions else ""
            assert found.code(found.rows[place].tolist(), caption) == found.codes[place]
