from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.pixels.encoding_window import render_file_for_encoder
from vlm_explorer.queries.describe import DescribeRequest, describe
from vlm_explorer.queries.examples import Picture, Region, Several
from vlm_explorer.queries.expression import Term, parse_expression
from vlm_explorer.queries.null_bank import null_texts
from vlm_explorer.queries.search import SearchRequest, query_vector


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def vector_of(collection: Collection, encoder: Encoder, *terms: Term, fuse: str = "sum"):  # type: ignore[no-untyped-def]
    return query_vector(collection, encoder, SearchRequest(more=terms, fuse=fuse))


def shown(example: Picture | Region | Several, weight: float = 1.0) -> Term:
    return Term(example.words, weight, "image", example)


def test_that_pixels_are_searched_for_as_a_file_of_them_is(
    collection: Collection, encoder: Encoder
) -> None:
    file = collection.images.to_pylist()[0]["file"]
    pixels = render_file_for_encoder(Path(file)).pixels
    found = vector_of(collection, encoder, shown(Picture.of(pixels)))
    by_file = query_vector(collection, encoder, SearchRequest(images=(file,)))
    np.testing.assert_allclose(found, by_file, atol=1e-6)
    assert Picture.of(pixels) == Picture.of(pixels.copy())
    assert Picture.of(pixels) != Picture.of(255 - pixels)
    with pytest.raises(UsageError):
        Picture.of(pixels.astype(np.float32))


def test_that_a_region_is_the_crop_of_what_the_encoder_gets(
    collection: Collection, encoder: Encoder
) -> None:
    row = collection.images.to_pylist()[0]
    pixels = render_file_for_encoder(Path(row["file"]), row["frame"]).pixels
    expected = encoder.encode_images([np.ascontiguousarray(pixels[10:40, 5:50])])[0]
    by_id = shown(Region(row["image_id"], (5, 10, 50, 40)))
    np.testing.assert_allclose(vector_of(collection, encoder, by_id), expected, atol=1e-5)
    (typed,) = parse_expression(f'"{row["file"]}[5,10,50,40]"')
    np.testing.assert_allclose(vector_of(collection, encoder, typed), expected, atol=1e-5)


@pytest.mark.parametrize("box", [(0, 0, 5, 100), (9000, 0, 9100, 50), (50, 50, 10, 90)])
def test_that_a_region_that_shows_nothing_is_refused(
    collection: Collection, encoder: Encoder, box: tuple[int, int, int, int]
) -> None:
    image = collection.images["image_id"][0].as_py()
    with pytest.raises(UsageError):
        vector_of(collection, encoder, shown(Region(image, box)))


def test_that_several_images_count_as_the_mean_of_their_unit_vectors(
    collection: Collection, encoder: Encoder
) -> None:
    ids = tuple(collection.images["image_id"].to_pylist()[1:4])
    vectors = collection.vectors().astype(np.float64)[1:4]
    mean = unit(np.mean([unit(vector) for vector in vectors], axis=0))
    text = encoder.encode_texts(["nodule"])[0]
    found = vector_of(collection, encoder, shown(Several(ids), 2.0), Term("nodule", -1, "text"))
    np.testing.assert_allclose(found, unit(2 * mean - text), atol=1e-5)


def test_that_fusing_by_z_ranks_by_the_weighted_sum_of_z_scores(
    collection: Collection, encoder: Encoder
) -> None:
    vectors = collection.vectors().astype(np.float64)
    image = collection.images["image_id"][2].as_py()
    terms = (Term("effusion", 0.7, "text"), Term(image, 0.3, "image"))
    found = vectors @ vector_of(collection, encoder, *terms, fuse="z")
    parts = vectors @ np.stack([encoder.encode_texts(["effusion"])[0], vectors[2]]).T
    late = ((parts - parts.mean(axis=0)) / parts.std(axis=0)) @ [0.7, 0.3]
    np.testing.assert_array_equal(np.argsort(found), np.argsort(late))
    assert np.corrcoef(found, late)[0, 1] == pytest.approx(1, abs=1e-6)


def test_that_a_text_in_brackets_is_no_region(collection: Collection, encoder: Encoder) -> None:
    found = query_vector(collection, encoder, SearchRequest(query='"nodule[1,2,30,40]"'))
    np.testing.assert_allclose(found, encoder.encode_texts(["nodule[1,2,30,40]"])[0], atol=1e-6)


@pytest.fixture
def own(indexed: Path, tmp_path: Path) -> Collection:
    return Collection(Path(shutil.copytree(indexed, tmp_path / "own.vlmx")))


def test_that_texts_that_describe_an_image_are_ranked_with_a_z(
    own: Collection, encoder: Encoder
) -> None:
    row = own.images.to_pylist()[0]
    prompts = ("left pleural effusion", "a cat")
    request = DescribeRequest(row["image_id"], prompts, ("nodule",), k=999)
    found = describe(own, encoder, request)
    image = unit(own.vectors()[0].astype(np.float64))
    captions = {each["text"] for each in own.texts.to_pylist()}
    of_image = [each for each in own.texts.to_pylist() if each["image_id"] == row["image_id"]]
    assert {each.text for each in found.texts} == {*prompts, "nodule"} | captions
    assert found.ranked == len(found.texts)
    nulls = encoder.encode_texts(null_texts()) @ image
    for each in found.texts:
        cosine = encoder.encode_texts([each.text])[0] @ image
        assert each.cosine == pytest.approx(cosine, abs=1e-3)  # captions are stored as float16
        z = (each.cosine - nulls.mean()) / nulls.std(ddof=1)
        assert each.z == pytest.approx(z, abs=1e-3)
        assert each.own == (each.text in [own_text["text"] for own_text in of_image])
    cosines = [each.cosine for each in found.texts]
    assert cosines == sorted(cosines, reverse=True)
    assert {each.kind for each in found.texts} == {"prompt", "label", "caption"}


def test_that_describing_without_texts_is_refused(own: Collection, encoder: Encoder) -> None:
    image = own.images["image_id"][0].as_py()
    with pytest.raises(UsageError):
        describe(own, encoder, DescribeRequest(image, stored=False))
