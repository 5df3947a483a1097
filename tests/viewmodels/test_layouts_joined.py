"""Layouts are joined with the images where they are made, not in the window's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vlm_explorer.viewmodels import map_places
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.map_places import NONE, find_places
from vlm_explorer.viewmodels.session import Session


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """The threads that joined a layout with the images."""
    found: list[threading.Thread] = []
    join = map_places._places

    def places(*parts: Any) -> map_places.Places:
        found.append(threading.current_thread())
        return join(*parts)

    monkeypatch.setattr(map_places, "_places", places)
    return found


def test_that_the_worker_that_makes_a_layout_joins_it_with_the_images(
    shell_session: Session,
    small: Path,
    settle: Callable[[Session], None],
    threads: list[threading.Thread],
) -> None:
    model = MapModel(shell_session)
    shell_session.open(small)
    settle(shell_session)
    assert len(model.scene) > 0
    assert threads
    assert threading.main_thread() not in threads


def test_that_a_layout_is_joined_anew_where_the_images_are_others(
    shell_session: Session,
    small: Path,
    settle: Callable[[Session], None],
    threads: list[threading.Thread],
) -> None:
    shell_session.open(small)
    settle(shell_session)
    content, answer = shell_session.content, shell_session.layout.answer
    assert content is not None
    assert answer is not None
    threads.clear()
    known = find_places(answer, content.images, content.collection)
    assert not threads
    images = type(content.images)(content.collection.described_images.slice(1))
    fewer = find_places(answer, images, content.collection)
    assert len(threads) == 1
    assert len(fewer.image_xy) == len(known.image_xy) - 1
    np.testing.assert_array_equal(fewer.image_xy, known.image_xy[1:])
    without = np.flatnonzero(known.row[~known.images] == 0)
    assert len(without)
    assert (fewer.row[~fewer.images][without] == NONE).all()
