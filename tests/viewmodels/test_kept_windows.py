"""The windows that the user set are found again with the collection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from vlm_explorer.pixels.windowing import Window
from vlm_explorer.viewmodels.job_runner import JobRunner
from vlm_explorer.viewmodels.kept_state import KeptState
from vlm_explorer.viewmodels.viewer_windows import SeriesWindows

LUNG = Window(-600.0, 1500.0, "preset: lung")
BONE = Window(480.0, 2500.0, "user", "LINEAR_EXACT")


@pytest.fixture
def kept(qtbot: QtBot) -> Iterator[KeptState]:
    runner = JobRunner()
    yield KeptState(runner)
    assert runner.shutdown()


def windows(kept: KeptState, *key: str) -> SeriesWindows:
    made = SeriesWindows(None, kept)
    made.forget()
    made.key = key
    return made


def shown(made: SeriesWindows, *key: str) -> Window | None:
    return made._set.get(key)


def test_that_each_series_finds_its_window_again(kept: KeptState) -> None:
    before = windows(kept, "p", "s1")
    before._put(LUNG)
    before.key = ("p", "s2")
    before._put(BONE)
    after = windows(kept)
    assert shown(after, "p", "s1") == LUNG
    assert shown(after, "p", "s2") == BONE


def test_that_two_panes_keep_each_their_own_and_a_reset_window_is_gone(kept: KeptState) -> None:
    one, other = windows(kept, "a"), windows(kept, "b")
    one._put(LUNG)
    other._put(BONE)
    one.reset()
    after = windows(kept)
    assert shown(after, "a") is None
    assert shown(after, "b") == BONE


@pytest.mark.parametrize(
    "value",
    [[1, 0, "user", "LINEAR"], [1, -3.0, "user", "LINEAR"], [1, 2], "x", None, ["a", 2, "u", "L"]],
)
def test_that_what_is_no_window_is_passed_over(kept: KeptState, value: Any) -> None:
    kept.put("windows", {"a": value, "b": [40, 400, "user", "LINEAR"]})
    after = windows(kept)
    assert shown(after, "a") is None
    assert shown(after, "b") == Window(40, 400, "user")
