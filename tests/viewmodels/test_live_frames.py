"""Points that move while their layout is made: what the map shows of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from map_session import PLACES, fill, lay_out, search
from pytestqt.qtbot import QtBot

from vlm_explorer.analysis.placing import place_among_images
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import Moving

NOWHERE = np.empty((0, 2), np.float32)


@pytest.fixture
def model(session: Session) -> MapModel:
    fill(session, captioned=["a", "c"])
    lay_out(
        session, captions={"a": (1.0, 2.0), "c": (3.0, 4.0)}, preliminary=True, pending=True,
        space="images",
    )  # fmt: skip
    return MapModel(session, session)


def go_on(session: Session, xy: np.ndarray, text_xy: np.ndarray, share: float = 0.4) -> None:
    session.moving = Moving(np.asarray(xy, np.float32), np.asarray(text_xy, np.float32), share)
    session.layout_moved.emit()


def places_of(model: MapModel) -> dict[str, tuple[float, ...]]:
    scene = model.scene
    return {
        f"{model.image_id(point)}{'' if scene.text[point] < 0 else ' caption'}": tuple(
            scene.points.xy[point].tolist()
        )
        for point in range(len(scene))
    }


def test_that_points_and_captions_go_where_the_layout_has_them(
    session: Session, model: MapModel
) -> None:
    before = model.scene
    elsewhere = PLACES[::-1] * 3 + 1
    go_on(session, elsewhere, [[7, 8], [9, 10]])
    expected = {key: tuple(xy) for key, xy in zip("abcdef", elsewhere.tolist(), strict=True)}
    assert places_of(model) == expected | {"a caption": (7, 8), "c caption": (9, 10)}
    assert model.scene.legend is before.legend
    np.testing.assert_array_equal(model.places.image_xy, elsewhere)


def test_that_it_is_said_that_they_still_move(session: Session, model: MapModel) -> None:
    _ = model.scene
    go_on(session, PLACES * 2, [[0, 0], [1, 1]], share=0.42)
    kept = model.scene
    session.select(["a", "b"])  # a scene that is built anew says the same
    for scene, chosen in ((kept, ""), (model.scene, "2 selected of ")):
        assert scene.caption == (
            f"UMAP, images only, seed 42 · {chosen}6 {'shown of 6' if chosen else 'of 6 shown'} · "
            "still moving, 42 % done"
        )
        assert scene.waiting == "UMAP: points still move"
        assert scene.moving


def test_that_a_prompt_goes_with_its_neighbours(session: Session, model: MapModel) -> None:
    cosine = np.linspace(0, 1, 6)
    search(session, "nodule", cosine)
    _ = model.scene
    elsewhere = np.random.default_rng(1).normal(size=(6, 2)).astype(np.float32)
    go_on(session, elsewhere, [[0, 0], [1, 1]])
    star, expected = model.scene.stars[0], place_among_images(cosine, elsewhere)
    assert expected is not None
    assert (star.x, star.y) == pytest.approx((expected.x, expected.y))


def test_that_what_has_no_place_yet_is_not_picked(session: Session, model: MapModel) -> None:
    _ = model.scene
    xy = PLACES.copy()
    xy[2] = np.nan
    go_on(session, xy, np.full((2, 2), np.nan))
    assert np.isnan(places_of(model)["c"][0])
    assert np.isnan(places_of(model)["a caption"][0])


def test_that_the_finished_layout_ends_it(session: Session, model: MapModel, qtbot: QtBot) -> None:
    go_on(session, PLACES * 2, [[0, 0], [1, 1]])
    session.moving = None
    with qtbot.waitSignal(model.moved):
        session.put(layout=replace(session.layout, preliminary=False, pending=False))
    assert not model.scene.moving
    np.testing.assert_array_equal(model.places.image_xy, PLACES)
    assert "still moving" not in model.scene.caption
