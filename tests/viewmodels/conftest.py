"""Fixtures of the view-models: a runner whose threads must end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from vlm_explorer.viewmodels.job_runner import JobRunner


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[JobRunner]:
    """A job runner that must be able to stop all its work in the end."""
    runner = JobRunner()
    yield runner
    assert runner.shutdown()
    runner.deleteLater()
