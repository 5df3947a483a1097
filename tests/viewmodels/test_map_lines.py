"""Lines between captions and images, and the modality gap, out of made-up sessions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from map_session import PLACES, fill, image_ids, lay_out, search, show_only

from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_lines import FEW, MOST_LINES, star_lines
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.session import Session

FAR = View(scale=1.0, width=10, height=10, x=1e6, y=1e6)  # nothing is in view


@pytest.fixture
def session(qtbot):
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()


@pytest.fixture
def model(session):
    return MapModel(session)


def many(session, count, seed=0):
    """So many images, each with a caption elsewhere; return both places by image id."""
    ids = image_ids(count)
    chance = np.random.default_rng(seed)
    xy = chance.uniform(0, 100, (count, 2)).astype(np.float32)
    captions = {key: tuple(chance.uniform(200, 300, 2).astype(np.float32)) for key in ids}
    fill(session, modalities=["CT"] * count, labels=[""] * count, captioned=ids)
    lay_out(session, xy, captions=captions)
    return dict(zip(ids, map(tuple, xy), strict=True)), captions


def drawn(model, view):
    lines = model.overlays.pair_lines(model.scene, view)
    return {(tuple(start), tuple(end)) for start, end in lines.tolist()}


def everything(model):
    return View(width=400, height=400).fitted(model.places.xy)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(chosen=st.sets(st.integers(0, 199), max_size=40))
def test_that_each_selected_image_has_a_line_to_its_own_caption(session, model, chosen):
    images, captions = many(session, 200)
    keys = [image_ids(200)[row] for row in chosen]
    session.select(keys)
    assert drawn(model, FAR) == {(tuple(captions[key]), tuple(images[key])) for key in keys}


def test_that_all_pairs_have_lines_where_few_points_are_in_view(session, model):
    many(session, FEW // 2)
    assert len(drawn(model, everything(model))) == FEW // 2
    assert drawn(model, FAR) == set()


def test_that_every_caption_of_an_image_has_its_line_though_only_the_image_is_in_view(
    session, model
):
    fill(session, captioned=["a"])
    owners = {"text_id": ["one", "two", "three"], "image_id": ["a", "a", "d"]}
    session.collection.texts = pa.table(owners)
    answer = lay_out(session, captions={"a": (500.0, 500.0)})
    xy = np.array([[500, 500], [600, 600], [700, 700]], np.float32)
    answer = replace(
        answer, text_ids=tuple(owners["text_id"]), texts=("one", "two", "three"), text_xy=xy
    )
    session.put(layout=replace(session.layout, answer=answer))
    view = View(x=0, y=0, scale=50, width=100, height=100)
    assert drawn(model, view) == {((500, 500), (0, 0)), ((600, 600), (0, 0))}


def test_that_many_points_in_view_have_lines_of_the_selection_only(session, model):
    many(session, FEW + 20)
    assert drawn(model, everything(model)) == set()
    session.select(["image-0", "image-7"])
    assert len(drawn(model, everything(model))) == 2


def test_that_what_is_filtered_out_or_without_captions_has_no_lines(session, model):
    many(session, 10)
    show_only(session, np.arange(10) != 3)
    assert len(drawn(model, everything(model))) == 9
    model.set_captions(False)
    assert drawn(model, everything(model)) == set()


def test_that_a_huge_selection_has_some_lines_and_says_how_many(session, model):
    images, _ = many(session, 2 * MOST_LINES + 10)
    session.select(images)
    count = len(drawn(model, FAR))
    assert MOST_LINES / 2 < count <= MOST_LINES
    assert f"lines of {count:,} of {2 * MOST_LINES + 10:,} selected pairs" in model.scene.notes


def test_that_lines_and_gap_can_be_left_out_and_are_said_to_be(session, model):
    many(session, 10)
    assert model.overlays.gap(model.scene) is not None
    model.overlays.lines.show(pairs=False, gap=False)
    assert drawn(model, everything(model)) == set()
    assert model.overlays.gap(model.scene) is None
    assert session.kept.get("map lines", dict) == {"pairs": False, "gap": False}


def test_that_the_gap_is_the_layouts_number_between_the_middles(session, model):
    fill(session, captioned=["a", "b"])
    answer = lay_out(session, captions={"a": (20.0, 0.0), "b": (30.0, 4.0)})
    gap = model.overlays.gap(model.scene)
    assert gap.gap == answer.gap
    assert gap.images == pytest.approx(tuple(PLACES.mean(axis=0)))
    assert gap.texts == (25.0, 2.0)
    assert gap.note.startswith(
        "modality gap 0.52: distance between the mean image and the mean text"
    )


def test_that_only_the_raw_space_has_a_gap_to_draw(session, model):
    fill(session, captioned=["a"])
    lay_out(session, captions={"a": (20.0, 0.0)}, space="centred")
    assert model.overlays.gap(model.scene) is None
    lay_out(session, space="raw")
    assert model.overlays.gap(model.scene) is None


def test_that_a_prompt_is_linked_to_its_nearest_images(session, model):
    fill(session)
    lay_out(session, space="images")
    search(session, "effusion", [0.1, 0.9, 0.3, 0.2, 0.0, -0.1])
    star = model.scene.stars[0]
    assert star.links[0] == 1
    lines = star_lines(star, model.places)
    np.testing.assert_array_equal(lines[:, 1], PLACES[list(star.links)])
    np.testing.assert_allclose(lines[:, 0], [(star.x, star.y)] * len(lines), rtol=1e-6)
