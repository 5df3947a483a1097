"""Very many images are searched by an index, whose recall is measured and said."""

from __future__ import annotations

import json
from pathlib import Path

import lance
import numpy as np
import pytest
from PIL import Image
from scan_folder import build_scan_folder
from shell_collection import FakeEncoder, build_collection, image_id

from vlm_explorer.cli import main
from vlm_explorer.collection.records import ImageVector
from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.writer import CollectionWriter
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries import approximate
from vlm_explorer.queries.search import SearchRequest, search

IMAGES = 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(approximate, "MOST_EXACT", IMAGES - 1)
        place = build_collection(tmp_path_factory.mktemp("large") / "large.vlmx", IMAGES)
        assert approximate.build(place, "fake", context=JobContext()) is not None
    return place


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approximate, "MOST_EXACT", IMAGES - 1)


def test_that_the_recall_is_measured_and_said_with_the_answer(folder: Path, many: None) -> None:
    answer = search(Collection(folder), FakeEncoder(), SearchRequest(texts=("left nodule",), k=20))
    found = answer.approximate
    assert found is not None
    assert 0.9 <= found.recall <= 1
    assert (found.at, found.rows) == (20, IMAGES)
    assert found.words == f"approximate, recall {found.recall:.2f} at 20"


def test_that_what_the_index_finds_has_its_exact_cosine_and_place(folder: Path, many: None) -> None:
    collection, request = Collection(folder), SearchRequest(texts=("left nodule",), k=20)
    answer = search(collection, FakeEncoder(), request)
    cosine = collection.vectors() @ FakeEncoder().encode_texts(["left nodule"])[0]
    np.testing.assert_allclose([hit.cosine for hit in answer.hits], cosine[answer.rows], atol=1e-6)
    known = np.isfinite(answer.cosine)
    np.testing.assert_allclose(answer.cosine[known], cosine[known], atol=1e-6)
    exact = np.argsort(-cosine, kind="stable")[:20]
    assert len(np.intersect1d(exact, answer.rows)) >= 18
    assert len(answer.order) == IMAGES == len(set(answer.order.tolist()))


def test_that_few_images_are_searched_exactly_though_there_is_an_index(folder: Path) -> None:
    answer = search(Collection(folder), FakeEncoder(), SearchRequest(texts=("nodule",), k=5))
    assert answer.approximate is None
    assert np.isfinite(answer.cosine).all()


def test_that_without_an_index_very_many_images_are_searched_exactly(
    tmp_path: Path, many: None
) -> None:
    place = build_collection(tmp_path / "large.vlmx", IMAGES)
    answer = search(Collection(place), FakeEncoder(), SearchRequest(texts=("nodule",), k=5))
    assert answer.approximate is None
    assert np.isfinite(answer.cosine).all()


def test_that_an_image_finds_its_like_by_its_stored_vector(folder: Path, many: None) -> None:
    answer = search(Collection(folder), FakeEncoder(), SearchRequest(images=(image_id(7),), k=3))
    assert answer.hits[0].image_id == image_id(7)
    assert answer.hits[0].cosine == pytest.approx(1, abs=2e-3)


def test_that_vectors_of_other_recipes_and_of_no_image_are_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = build_collection(tmp_path / "large.vlmx", 40)
    collection = Collection(place)
    best = FakeEncoder().encode_texts(["nodule"])[0]
    foreign = [ImageVector(image_id(3), "render-0", best)]
    foreign += [ImageVector(f"gone{number}-0", "render-1", best) for number in range(60)]
    with CollectionWriter(place) as writer:
        writer.add_image_vectors(collection.encoder_entry("fake"), foreign)
    monkeypatch.setattr(approximate, "MOST_EXACT", 39)
    monkeypatch.setattr(approximate, "FOUND", 5)
    approximate.build(place, "fake", context=JobContext())
    answer = search(Collection(place), FakeEncoder(), SearchRequest(texts=("nodule",), k=5))
    assert answer.approximate is not None
    cosine = Collection(place).vectors() @ best
    np.testing.assert_allclose([hit.cosine for hit in answer.hits], np.sort(cosine)[::-1][:5])


def test_that_a_small_collection_gets_no_index(tmp_path: Path) -> None:
    place = build_collection(tmp_path / "small.vlmx")
    assert approximate.build(place, "fake", context=JobContext()) is None
    assert not list((place / "vectors").glob("*.nearest.json"))


def test_that_a_damaged_measure_counts_as_none(folder: Path, many: None) -> None:
    file = next((folder / "vectors").glob("*.nearest.json"))
    kept = file.read_text()
    assert set(json.loads(kept)) == {"recall", "at", "queries", "probes", "rows"}
    file.write_text("{")
    collection = Collection(folder)
    assert approximate.approximation_of(collection, collection.encoder_entry()) is None
    file.write_text(kept)


def test_that_an_image_without_a_vector_is_refused_in_words(tmp_path: Path, many: None) -> None:
    place = build_collection(tmp_path / "large.vlmx", 3)
    with CollectionWriter(place) as writer:
        entry = writer.reader().encoder_entry("fake")
        table = writer.reader().table(f"vectors/{entry.key}.images")
        lance.dataset(str(table.path)).delete(f"image_id = '{image_id(1)}'")
    with pytest.raises(UsageError, match="no vector of fake"):
        search(Collection(place), FakeEncoder(), SearchRequest(images=(image_id(1),)))


def test_that_an_index_is_made_once_and_anew_when_many_images_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = build_collection(tmp_path / "large.vlmx", IMAGES)
    assert approximate.keep_ready(place, "fake", context=JobContext()) is None
    monkeypatch.setattr(approximate, "MOST_EXACT", IMAGES - 1)
    made = approximate.keep_ready(place, "fake", context=JobContext())
    assert made is not None
    assert made.rows == IMAGES
    monkeypatch.setattr(approximate, "build", lambda *_, **__: "anew")
    assert approximate.keep_ready(place, "fake", context=JobContext()) == made
    file = next((place / "vectors").glob("*.nearest.json"))
    file.write_text(json.dumps(json.loads(file.read_text()) | {"rows": IMAGES * 10 // 12}))
    assert approximate.keep_ready(place, "fake", context=JobContext()) == "anew"


def test_that_indexing_ends_with_an_index_where_there_are_too_many_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approximate, "MOST_EXACT", 20)
    scans = build_scan_folder(tmp_path / "scans")
    for number in range(30):
        pixels = np.full((16, 16), number, np.uint8)
        Image.fromarray(pixels).save(scans / f"grey-{number}.png")
    command = ["index", str(scans), "--to", str(tmp_path / "own.vlmx"), "--model", "demo"]
    assert main([*command, "--device", "cpu", "--precision", "fp32", "--quiet"]) == 0
    collection = Collection(tmp_path / "own.vlmx")
    found = approximate.approximation_of(collection, collection.encoder_entry())
    assert found is not None
    assert found.rows == collection.images.num_rows
