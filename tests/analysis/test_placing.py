"""Where a text is placed on a map: compared with neighbours found the slow way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_explorer.analysis.placing import (
    NEIGHBOURS,
    TextsOfMap,
    place_among_all,
    place_among_images,
    shares_texts,
    spread_of,
    text_side,
)
from vlm_explorer.analysis.projection import ProjectionSpec, place_texts, space_points
from vlm_explorer.analysis.similarity import unit


def modalities(seed: int, images: int = 80, texts: int = 40, dimension: int = 12):
    """Two cones with a gap between them, their places, and a text that was not laid out."""
    chance = np.random.default_rng(seed)
    gap = chance.normal(size=dimension)

    def cone(count, side):
        return unit(chance.normal(size=(count, dimension)) + side * gap).astype(np.float16)

    return (
        cone(images, 1.5), cone(texts, -1.5), unit(cone(1, -1.5))[0],
        chance.normal(size=(images, 2)).astype(np.float32),
        chance.normal(size=(texts, 2)).astype(np.float32) + 9,
    )  # fmt: skip


def slowly(to_images, to_texts, image_xy, text_xy):
    """The weighted middle of the nearest of both, and how many of them are images."""
    cosine = np.concatenate([to_images, to_texts])
    xy = np.concatenate([image_xy, text_xy])
    best = np.argsort(-cosine, kind="stable")[:NEIGHBOURS]
    behind = cosine[best[0]] - cosine[best]
    weight = np.exp(-3 * behind / behind[-1])
    return weight @ xy[best] / weight.sum(), int((best < len(to_images)).sum())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_that_raw_neighbours_are_those_of_images_and_texts_alike(seed):
    images, texts, text, image_xy, text_xy = modalities(seed)
    raw = images.astype(np.float32) @ text
    place = place_among_all(text, raw, image_xy, TextsOfMap(texts, text_xy))
    expected, among = slowly(raw, texts.astype(np.float32) @ text, image_xy, text_xy)
    assert (place.x, place.y) == pytest.approx(tuple(expected), abs=1e-3)
    assert (place.among_images, place.among_texts) == (among, NEIGHBOURS - among)
    assert place.images == tuple(np.argsort(-raw, kind="stable")[:10])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_that_centred_neighbours_are_those_in_the_space_of_the_layout(seed):
    images, texts, text, image_xy, text_xy = modalities(seed)
    mean = texts.mean(axis=0, dtype=np.float64)
    found = TextsOfMap(texts, text_xy, spread_of(images, mean), spread_of(texts, mean))
    raw = images.astype(np.float32) @ text
    place = place_among_all(text, raw, image_xy, found)
    laid_out = space_points(ProjectionSpec(space="centred"), images, texts)
    centred = unit((text - mean)[None])[0]
    expected, among = slowly(laid_out[0] @ centred, laid_out[1] @ centred, image_xy, text_xy)
    assert (place.x, place.y) == pytest.approx(tuple(expected), abs=2e-3)
    assert place.among_images == among


def test_that_centring_mixes_what_the_gap_keeps_apart():
    shares = {}
    for space in ("raw", "centred"):
        count = 0
        for seed in range(20):
            images, texts, text, image_xy, text_xy = modalities(seed)
            mean = texts.mean(axis=0, dtype=np.float64)
            spreads = (spread_of(images, mean), spread_of(texts, mean))
            found = TextsOfMap(texts, text_xy, *(spreads if space == "centred" else ()))
            raw = images.astype(np.float32) @ text
            count += place_among_all(text, raw, image_xy, found).among_images
        shares[space] = count / (20 * NEIGHBOURS)
    assert shares["raw"] < 0.05
    assert 0.4 < shares["centred"] < 0.9  # two thirds of all points are images


def test_that_a_text_placed_by_images_stands_where_a_caption_of_its_vector_stands():
    images, _, text, image_xy, _ = modalities(3)
    place = place_among_images(images.astype(np.float32) @ text, image_xy)
    expected = place_texts(text[None], images.astype(np.float32), image_xy)[0]
    assert (place.x, place.y) == pytest.approx(tuple(expected), abs=1e-5)


def test_that_images_without_a_place_or_a_cosine_have_no_say():
    xy = np.array([[0, 0], [np.nan, np.nan], [5, 5]], np.float32)
    place = place_among_images(np.array([0.1, 0.9, np.nan]), xy)
    assert (place.x, place.y, place.images) == (0.0, 0.0, (0,))
    nowhere = np.full((1, 2), np.nan, np.float32)
    assert place_among_images(np.array([0.9]), nowhere) is None
    assert place_among_images(np.array([0.9, 0.8]), nowhere) is None


def test_that_a_text_as_near_to_all_images_stands_in_their_middle():
    xy = np.array([[0, 0], [2, 0], [0, 2], [2, 2]], np.float32)
    place = place_among_images(np.full(4, -0.2), xy)
    assert (place.x, place.y) == (1.0, 1.0)


def test_that_the_side_of_the_texts_is_beyond_all_images():
    xy = np.array([[-1, 0], [3, 1], [np.nan, np.nan]], np.float32)
    place = place_among_images(np.array([0.3, 0.9, 1.0]), xy, beyond=True)
    assert place.x == text_side(xy)
    assert place.x > 3
    assert 0 <= place.y <= 1
    assert place.beyond


@pytest.mark.parametrize(
    ("space", "texts", "shared"),
    [("raw", 1, True), ("raw", 0, False), ("centred", 2, False), ("centred", 3, True),
     ("images", 9, False), ("crossmodal", 9, False)],
)  # fmt: skip
def test_that_texts_take_part_where_they_were_laid_out_with_the_images(space, texts, shared):
    assert shares_texts(space, texts) is shared


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_that_a_place_moves_with_those_that_share_in_it(seed, beyond):
    images, texts, text, image_xy, text_xy = modalities(seed)
    raw = images.astype(np.float32) @ text
    turned, drawn = image_xy[:, ::-1] * 3, text_xy[:, ::-1] - 20
    among_all = place_among_all(text, raw, image_xy, TextsOfMap(texts, text_xy))
    there = place_among_all(text, raw, turned, TextsOfMap(texts, drawn))
    assert among_all.moved(turned, drawn) == there
    alone = place_among_images(raw, image_xy, beyond=beyond)
    assert alone.moved(turned, drawn) == place_among_images(raw, turned, beyond=beyond)


def test_that_a_place_moves_with_those_of_its_neighbours_that_have_a_place_by_now():
    images, _, text, image_xy, _ = modalities(3)
    raw = images.astype(np.float32) @ text
    placed = place_among_images(raw, image_xy)
    nearest, share = placed.shares[0]
    nowhere, nothing = np.full_like(image_xy, np.nan), np.empty((0, 2), np.float32)
    partly = nowhere.copy()
    partly[nearest] = image_xy[nearest]
    moved = placed.moved(partly, nothing)
    assert 0 < share < 1
    assert (moved.x, moved.y) == pytest.approx(tuple(image_xy[nearest]))
    assert np.isnan(placed.moved(nowhere, nothing).x)
