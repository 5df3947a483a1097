from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from viewer_scans import open_files, ramp, write_scan

from vlm_explorer.viewmodels.comparison import Comparison
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.viewer_model import Status

SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


@pytest.fixture
def ids(session: Session, tmp_path: Path) -> dict[str, list[str]]:
    """Three series: every mm, every other mm in the same space, and across."""
    files: dict[str, list[Path]] = {}
    for name, step, orientation, reference in (
        ("fine", 1, None, "1.7"),
        ("coarse", 2, None, "1.7"),
        ("across", 1, SAGITTAL, "1.7"),
    ):
        files[name] = [
            write_scan(
                tmp_path / f"{name}{number}.dcm",
                ramp() + number,
                number=number * step,
                series=f"1.2.{len(name)}",
                FrameOfReferenceUID=reference,
                **({} if orientation is None else {"orientation": orientation}),
            )
            for number in range(9 // step)
        ]
    flat = open_files(session, [file for group in files.values() for file in group])
    by_name = {image_id.split("/")[0]: image_id for image_id in flat}
    return {name: [by_name[file.name] for file in group] for name, group in files.items()}


@pytest.fixture
def comparison(qtbot: QtBot, session: Session, ids: dict[str, list[str]]) -> Comparison:
    """The fine series at 2 mm beside the coarse one at 0 mm."""
    comparison = Comparison(session, session)
    session.select([ids["fine"][2]])
    settle(qtbot, session)
    comparison.open(ids["coarse"][0])
    settle(qtbot, session)
    return comparison


def settle(qtbot: QtBot, session: Session) -> None:
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=30_000)


def shown(comparison: Comparison) -> tuple[str | None, str | None]:
    return comparison.first.image_id, comparison.second.image_id


def test_that_the_image_beside_stays_where_it_was_asked_for_until_one_scrolls(
    qtbot: QtBot, session: Session, comparison: Comparison, ids: dict[str, list[str]]
) -> None:
    assert shown(comparison) == (ids["fine"][2], ids["coarse"][0])
    assert comparison.words == "Linked by position · 2.0 mm apart"
    comparison.first.series.step(4)
    settle(qtbot, session)
    assert shown(comparison) == (ids["fine"][6], ids["coarse"][3])
    assert comparison.words == "Linked by position"
    assert session.selection.current == ids["fine"][6]


def test_that_the_active_pane_follows_the_selection_and_the_other_does_not(
    qtbot: QtBot, session: Session, comparison: Comparison, ids: dict[str, list[str]]
) -> None:
    comparison.activate(comparison.second)
    assert session.selection.current == ids["coarse"][0]
    session.select([ids["across"][3]])
    settle(qtbot, session)
    assert shown(comparison) == (ids["fine"][2], ids["across"][3])
    comparison.activate_other()
    assert session.selection.current == ids["fine"][2]
    assert shown(comparison) == (ids["fine"][2], ids["across"][3])


def test_that_scrolling_in_either_pane_moves_the_other(
    qtbot: QtBot, session: Session, comparison: Comparison, ids: dict[str, list[str]]
) -> None:
    comparison.activate(comparison.second)
    comparison.second.series.step(2)
    settle(qtbot, session)
    assert shown(comparison) == (ids["fine"][4], ids["coarse"][2])


def test_that_planes_that_cross_go_along_by_number(
    qtbot: QtBot, session: Session, comparison: Comparison, ids: dict[str, list[str]]
) -> None:
    comparison.open(ids["across"][4])
    settle(qtbot, session)
    assert comparison.words == "Linked by image number, +2 (planes not parallel)"
    comparison.first.series.step(1)
    settle(qtbot, session)
    assert shown(comparison) == (ids["fine"][3], ids["across"][5])


def test_that_without_the_link_each_scrolls_alone_and_a_new_link_begins_where_they_are(
    qtbot: QtBot, session: Session, comparison: Comparison, ids: dict[str, list[str]]
) -> None:
    comparison.open(ids["across"][0])
    settle(qtbot, session)
    comparison.toggle_link()
    assert comparison.words == "Not linked"
    comparison.first.series.step(3)
    settle(qtbot, session)
    assert shown(comparison) == (ids["fine"][5], ids["across"][0])
    comparison.toggle_link()
    assert shown(comparison) == (ids["fine"][5], ids["across"][0])
    comparison.first.series.step(-1)
    settle(qtbot, session)
    assert shown(comparison) == (ids["fine"][4], ids["across"][0])
    comparison.first.series.step(2)
    settle(qtbot, session)
    assert shown(comparison) == (ids["fine"][6], ids["across"][1])


def test_that_what_is_chosen_after_opening_a_second_pane_comes_beside_the_first(
    qtbot: QtBot, session: Session, ids: dict[str, list[str]]
) -> None:
    comparison = Comparison(session, session)
    session.select([ids["fine"][2]])
    comparison.toggle()
    assert shown(comparison) == (ids["fine"][2], ids["fine"][2])
    session.select([ids["across"][1]])
    settle(qtbot, session)
    assert shown(comparison) == (ids["fine"][2], ids["across"][1])
    comparison.toggle()
    assert not comparison.comparing
    assert comparison.active.image_id == ids["across"][1]
    assert comparison.passive.status is Status.EMPTY
    assert comparison.words == ""
    session.select([ids["fine"][0]])
    settle(qtbot, session)
    assert comparison.active.image_id == ids["fine"][0]
    assert comparison.passive.status is Status.EMPTY


def test_that_linked_windows_are_one_and_unlinked_ones_are_not(
    qtbot: QtBot, session: Session, comparison: Comparison, ids: dict[str, list[str]]
) -> None:
    first, second = comparison.first.windows, comparison.second.windows
    first.drag(60, 10)
    assert first.current != second.current
    comparison.set_windows_linked(True)
    assert first.current == second.current
    first.drag(-20, 30)
    assert first.current == second.current
    comparison.activate(comparison.second)
    second.drag(15, 0)
    assert first.current == second.current
    comparison.open(ids["across"][0])
    settle(qtbot, session)
    assert first.current == second.current
    comparison.set_windows_linked(False)
    second.drag(5, 5)
    assert first.current != second.current


def test_that_the_second_scan_is_kept_with_its_side_and_found_again(
    qtbot: QtBot, session: Session, comparison: Comparison, ids: dict[str, list[str]]
) -> None:
    comparison.activate(comparison.second)
    comparison.second.series.step(1)
    settle(qtbot, session)
    before = shown(comparison)
    again = Comparison(session, session)
    session.opened.emit()
    settle(qtbot, session)
    assert shown(again) == before
    assert again.active is again.second


def test_that_closing_the_collection_leaves_one_empty_pane(
    session: Session, comparison: Comparison
) -> None:
    session.images = ImageTable()
    session.select([])
    session.collection_changed.emit()
    assert not comparison.comparing
    assert {comparison.first.status, comparison.second.status} == {Status.EMPTY}
