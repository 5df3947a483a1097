"""A session for tests that open scans in it; folders of tests share it through their conftest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from vlm_explorer.viewmodels.session import Session


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    """A session with nothing open; its work must end with the test."""
    session = Session()
    yield session
    assert session.runner.shutdown()
    session.deleteLater()
