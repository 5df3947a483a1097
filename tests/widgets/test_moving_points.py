"""The window while a layout is made by another process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from shell_collection import build_collection

from vlm_explorer import jobs
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.main_window import MainWindow

pytestmark = pytest.mark.slow
Settle = Callable[[Session], None]


@pytest.fixture
def large(window: MainWindow, tmp_path: Path, settle: Settle) -> MainWindow:
    """The window on so many images that their layout takes more than a moment."""
    window.session.open(build_collection(tmp_path / "large.vlmx", 900))
    settle(window.session)
    return window


def finish(session: Session, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not session.layout.pending, timeout=120_000)


def test_that_points_move_until_the_layout_is_done(
    large: MainWindow, settle: Settle, qtbot: QtBot
) -> None:
    session, view = large.session, large.workspace.map
    canvas = view.canvas
    seen: list[np.ndarray] = []
    slanted: list[bool] = []

    def look() -> None:
        canvas.repaint()
        seen.append(view.model.scene.points.xy.copy())
        slanted.append(view.caption.font().italic())
        screen = canvas.view.to_screen(seen[-1].astype(np.float64))
        assert not view.waiting.geometry().intersects(view.tools.geometry())
        assert (screen >= 0).all()
        assert (screen <= (canvas.width(), canvas.height())).all()

    session.layout_moved.connect(look)
    session.set_layout(method="umap")
    finish(session, qtbot)
    settle(session)
    assert len(seen) > 1
    assert not np.array_equal(seen[0], seen[-1])
    assert all(slanted)
    answer = session.layout.answer
    assert answer is not None
    assert session.moving is None
    assert not view.caption.font().italic()
    assert "still moving" not in view.model.scene.caption
    np.testing.assert_array_equal(view.model.places.image_xy, answer.xy)
    session.frames_wanted = bool  # as where the system wants no motion
    session.set_layout(method="umap", seed=7)
    count = len(seen)
    finish(session, qtbot)
    settle(session)
    assert len(seen) == count


def test_that_stopping_the_layout_leaves_the_map_by_pca(
    large: MainWindow, settle: Settle, qtbot: QtBot
) -> None:
    session, view = large.session, large.workspace.map
    session.set_layout(method="umap", seed=3)
    with qtbot.waitSignal(session.layout_moved, timeout=60_000):
        pass
    session.runner.cancel("layout")
    settle(session)
    assert session.moving is None
    assert (session.layout.method, session.layout.pending) == ("pca", False)
    assert view.waiting.text == ""
    assert view.model.scene.caption.startswith("PCA, ")
    answer = session.layout.answer
    assert answer is not None
    np.testing.assert_array_equal(view.model.places.image_xy, answer.xy)


def test_that_frames_come_no_oftener_than_a_few_a_second() -> None:
    assert 0.2 <= jobs.FRAMES_EVERY <= 0.3
