"""Vectors that were computed elsewhere, in a collection: matched, kept, searched, laid out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scan_folder import IMAGES

import vlm_explorer as vlm
from vlm_explorer.cli import main
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import CollectionNotFound, ModelNotFound, UsageError
from vlm_explorer.pipeline.import_vectors import import_vectors
from vlm_explorer.queries.matching import matching_encoder, model_for_indexing


@pytest.fixture
def place(scans: Path, encoder: Encoder) -> Path:
    """A collection of the scans, indexed."""
    place = scans.parent / "own.vlmx"
    vlm.index([scans], to=place, encoder=encoder, workers=1)
    return place


def unit_rows(count: int, dimension: int = 8) -> np.ndarray:
    rows = np.random.default_rng(1).normal(size=(count, dimension)).astype(np.float32)
    unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def write_by_id(place: Path, path: Path, count: int | None = None) -> np.ndarray:
    """Write a vector for the first images of a collection, and two texts; return the former."""
    ids = vlm.open_collection(place).images["image_id"].to_pylist()[:count]
    vectors = unit_rows(len(ids))
    np.savez(
        path,
        image_ids=np.array(ids),
        image_vectors=vectors,
        texts=np.array(["Normal chest.", "something else"]),
        text_vectors=unit_rows(2),
        logit_scale=20.0,
    )
    return vectors


def test_that_vectors_are_matched_by_id_and_come_back_in_the_order_of_the_images(
    place: Path, tmp_path: Path
) -> None:
    vectors = write_by_id(place, tmp_path / "v.npz")
    collection = vlm.open_collection(place)
    report = collection.import_vectors(tmp_path / "v.npz", model="elsewhere")
    assert (report.images, report.missing, report.texts, report.captions) == (IMAGES, 0, 2, 1)
    assert report.unmatched == report.warnings == ()
    np.testing.assert_allclose(collection.vectors("elsewhere"), vectors, atol=1e-3)
    entry = collection.encoder_entry("elsewhere")
    assert (entry.fingerprint, entry.logit_scale, entry.dimension) == ("", 20.0, 8)
    assert entry.provenance["imported"]["file"] == str(tmp_path / "v.npz")
    assert len(entry.provenance["imported"]["sha256"]) == 64
    assert collection.models()[0] == "small-clip", "the encoder last used stays so"


def test_that_files_are_matched_by_path_and_frame_from_several_places(
    place: Path, scans: Path
) -> None:
    files = [str(scans / "a.png"), "b.png", "sub\\c.png", "sub/frames.tif", "sub/frames.tif"]
    frames = [None, 0, None, 2, 9]
    table = pa.table(
        {"file": [*files, "gone.png"], "frame": [*frames, 0], "vector": unit_rows(6).tolist()}
    )
    pq.write_table(table, scans.parent / "v.parquet")
    report = import_vectors(place, scans.parent / "v.parquet", "elsewhere")
    assert report.images == 4
    assert report.missing == IMAGES - 4
    assert report.unmatched == ("sub/frames.tif frame 9", "gone.png")
    assert any("3 images of the collection have no vector" in words for words in report.warnings)
    assert any("2 rows belong to no image" in words for words in report.warnings)
    collection = vlm.open_collection(place)
    rows, vectors = collection.present_vectors("elsewhere")
    found = {
        (Path(row["file"]).name, row["frame"]): vector
        for row, vector in zip(collection.images.take(rows).to_pylist(), vectors, strict=True)
    }
    np.testing.assert_allclose(found["c.png", 0], unit_rows(6)[2], atol=1e-3)
    np.testing.assert_allclose(found["frames.tif", 2], unit_rows(6)[3], atol=1e-3)


def test_that_a_second_import_adds_and_replaces(place: Path, tmp_path: Path) -> None:
    write_by_id(place, tmp_path / "some.npz", 3)
    assert import_vectors(place, tmp_path / "some.npz", "elsewhere").missing == IMAGES - 3
    keys = vlm.open_collection(place).images["image_id"].to_pylist()
    others = np.roll(unit_rows(IMAGES), 1, axis=0)
    np.savez(tmp_path / "all.npz", image_ids=np.array(keys), image_vectors=others)
    assert import_vectors(place, tmp_path / "all.npz", "elsewhere").missing == 0
    collection = vlm.open_collection(place)
    assert collection.models() == ["small-clip", "elsewhere"]
    np.testing.assert_allclose(collection.vectors("elsewhere"), others, atol=1e-3)


def test_that_imported_vectors_never_take_the_place_of_those_made_here(
    place: Path, tmp_path: Path
) -> None:
    before = vlm.open_collection(place).vectors("small-clip")
    write_by_id(place, tmp_path / "v.npz")
    report = import_vectors(place, tmp_path / "v.npz", "small-clip")
    assert report.model == "small-clip-imported"
    assert any("made here" in words for words in report.warnings)
    collection = vlm.open_collection(place)
    np.testing.assert_array_equal(collection.vectors("small-clip"), before)
    assert collection.vectors("small-clip-imported").shape == (IMAGES, 8)


def test_that_vectors_of_another_length_need_another_id(place: Path, tmp_path: Path) -> None:
    write_by_id(place, tmp_path / "v.npz")
    import_vectors(place, tmp_path / "v.npz", "elsewhere")
    keys = vlm.open_collection(place).images["image_id"].to_pylist()
    np.savez(tmp_path / "w.npz", image_ids=np.array(keys), image_vectors=unit_rows(IMAGES, 4))
    with pytest.raises(UsageError, match="have 4 numbers"):
        import_vectors(place, tmp_path / "w.npz", "elsewhere")
    assert import_vectors(place, tmp_path / "w.npz", "org/other model").missing == 0


@pytest.mark.parametrize("other", ["org-model", "ORG/model", "org model"])
def test_that_ids_that_differ_in_signs_or_case_only_are_kept_apart(
    place: Path, tmp_path: Path, other: str
) -> None:
    ids = np.array(vlm.open_collection(place).images["image_id"].to_pylist())
    vectors = {"org/model": unit_rows(IMAGES), other: unit_rows(IMAGES)[::-1]}
    for _ in range(2):
        for model, rows in vectors.items():
            np.savez(tmp_path / "v.npz", image_ids=ids, image_vectors=rows)
            import_vectors(place, tmp_path / "v.npz", model)
    collection = vlm.open_collection(place)
    assert set(collection.models()) == {"small-clip", "org/model", other}
    for model, rows in vectors.items():
        np.testing.assert_allclose(collection.vectors(model), rows, atol=1e-3)


def test_that_a_file_that_fits_no_image_is_refused_and_nothing_changes(
    place: Path, tmp_path: Path
) -> None:
    np.savez(tmp_path / "v.npz", image_ids=np.array(["x"]), image_vectors=unit_rows(1))
    before = (place / "collection.json").read_text()
    with pytest.raises(UsageError, match="belongs to an image"):
        import_vectors(place, tmp_path / "v.npz", "elsewhere")
    assert (place / "collection.json").read_text() == before
    with pytest.raises(CollectionNotFound):
        import_vectors(tmp_path / "none", tmp_path / "v.npz", "elsewhere")
    assert not (tmp_path / "none").exists()


def test_that_images_and_imported_texts_can_be_searched_for_and_others_are_refused_in_words(
    place: Path, tmp_path: Path
) -> None:
    vectors = write_by_id(place, tmp_path / "v.npz", 5)
    import_vectors(place, tmp_path / "v.npz", "elsewhere")
    collection = vlm.open_collection(place)
    third = collection.images["image_id"][2].as_py()
    answer = collection.search(images=[third], model="elsewhere", k=10)
    assert answer.hits[0].image_id == third
    assert len(answer.hits) == answer.searched == 5
    text = collection.search("something else", model="elsewhere", k=1)
    expected = vectors @ unit_rows(2)[1]
    assert text.hits[0].cosine == pytest.approx(float(expected.max()), abs=2e-3)
    with pytest.raises(ModelNotFound, match="computed elsewhere") as caught:
        collection.search("pneumothorax", model="elsewhere")
    assert "elsewhere" in caught.value.hint


@pytest.mark.slow
def test_that_an_encoder_of_that_id_on_this_machine_reads_other_texts_with_a_warning(
    place: Path, tmp_path: Path
) -> None:
    installed = vlm.load_encoder("demo", device="cpu")
    keys = vlm.open_collection(place).images["image_id"].to_pylist()
    rows = unit_rows(IMAGES, installed.dimension)
    np.savez(tmp_path / "v.npz", image_ids=np.array(keys), image_vectors=rows)
    import_vectors(place, tmp_path / "v.npz", "demo")
    collection = vlm.open_collection(place)
    encoder = matching_encoder(collection, "demo", lambda model: vlm.load_encoder(model))
    assert "cannot be verified" in encoder.warning
    answer = collection.search("effusion", model="demo")
    (vector,) = installed.encode_texts(["effusion"])
    np.testing.assert_allclose(answer.cosine, rows @ vector, atol=2e-3)


def test_that_a_map_is_made_of_the_images_that_have_vectors_and_says_how_many(
    place: Path, tmp_path: Path
) -> None:
    write_by_id(place, tmp_path / "v.npz", 5)
    import_vectors(place, tmp_path / "v.npz", "elsewhere")
    collection = vlm.open_collection(place)
    answer = collection.layout(method="pca", model="elsewhere")
    assert len(answer.image_ids) == len(answer.xy) == 5
    assert answer.without_vector == IMAGES - 5
    assert answer.texts == ("Normal chest.",)


def test_that_indexing_goes_on_with_the_encoder_that_made_vectors_here(
    place: Path, tmp_path: Path, model_folder: Path
) -> None:
    write_by_id(place, tmp_path / "v.npz")
    import_vectors(place, tmp_path / "v.npz", "elsewhere")
    assert model_for_indexing([], place, None) == (str(model_folder), [])


def test_that_the_command_prints_what_became_of_every_row(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_by_id(place, tmp_path / "v.npz", 5)
    command = ["import-vectors", str(place), str(tmp_path / "v.npz"), "--model", "elsewhere"]
    assert main([*command, "--json", "--quiet"]) == 0
    facts: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (facts["images"], facts["missing"], facts["texts"]) == (5, IMAGES - 5, 2)
    assert main([*command, "--quiet"]) == 0
    assert "5 of 7 images have a vector of it" in capsys.readouterr().out
    assert main(["info", str(place)]) == 0
    said = capsys.readouterr().out
    assert "2 images have no vector of it" in said
    assert "computed elsewhere" in said
    assert main(["search", str(place), "--text", "x", "--model", "elsewhere"]) == 1
    assert "computed elsewhere" in capsys.readouterr().err


def test_that_images_whose_files_are_gone_get_no_vectors(
    place: Path, scans: Path, encoder: Encoder, tmp_path: Path
) -> None:
    write_by_id(place, tmp_path / "v.npz")
    (scans / "b.png").unlink()
    shutil.rmtree(scans / "sub")
    vlm.index([scans], to=place, encoder=encoder, workers=1)
    report = import_vectors(place, tmp_path / "v.npz", "elsewhere")
    assert (report.images, report.missing, len(report.unmatched)) == (1, 0, IMAGES - 1)
