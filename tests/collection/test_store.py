from __future__ import annotations

import json
import os
import stat
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.collection.manifest import FORMAT, EncoderEntry
from vlm_explorer.collection.records import (
    SHOWN_ONLY,
    ImageRecord,
    ImageVector,
    TextRecord,
    TextVector,
    image_id,
    salted,
    schema,
    text_id,
    text_key,
)
from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.writer import CollectionWriter
from vlm_explorer.errors import (
    CollectionDamaged,
    CollectionLocked,
    CollectionNotFound,
    CollectionTooNew,
    ModelNotFound,
    StorageProblem,
    UsageError,
)

ENTRY = EncoderEntry("m-1", "m", "f" * 64, "render-1", 4, 10.0, None)


def record(name: str, *, label: str = "", extra: str = "") -> ImageRecord:
    return ImageRecord(
        image_id=image_id(name, 0), file=f"/scans/{name}", frame=0, content_hash=name, size=1,
        mtime_ns=2, source="/scans", patient="p", study="s", series="r", stack="t",
        series_number=None, instance_number=3, position=1.5, modality="CT", body_part="",
        rows=8, columns=9, label=label, caption="", split="", extra=extra, thumbnail=b"jpeg",
    )  # fmt: skip


def unit(random: np.random.Generator, count: int) -> np.ndarray:
    rows = random.normal(size=(count, 4))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "own.vlmx"
    vectors = unit(np.random.default_rng(0), 3)
    with CollectionWriter(place) as writer:
        writer.use_encoder(ENTRY)
        rows = [ImageVector(image_id(n, 0), "render-1", v) for n, v in zip("abc", vectors)]
        writer.add_image_vectors(ENTRY, rows[::-1])
        writer.add_images([record(name) for name in "abc"])
    return place


def test_that_vectors_come_in_the_order_of_the_images_as_unit_rows(folder: Path) -> None:
    expected = unit(np.random.default_rng(0), 3)
    found = Collection(folder).vectors("m")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-3)
    np.testing.assert_array_equal(found, expected.astype(np.float16).astype(np.float32))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=5e-4)


def test_that_the_table_of_images_has_no_thumbnails_but_they_can_be_asked_for(folder: Path) -> None:
    collection = Collection(folder)
    assert "thumbnail" not in collection.images.column_names
    key = image_id("b", 0)
    assert collection.thumbnails([key, "unknown"]) == {key: b"jpeg"}


def test_that_further_caption_columns_become_columns(tmp_path: Path) -> None:
    with CollectionWriter(tmp_path / "c") as writer:
        writer.add_images([record("a", extra='{"site": "north"}'), record("b")])
    assert Collection(tmp_path / "c").images["site"].to_pylist() == ["north", ""]


def test_that_equal_texts_share_one_vector(folder: Path) -> None:
    with CollectionWriter(folder) as writer:
        keys = [image_id(name, 0) for name in "ab"]
        writer.set_texts([TextRecord(text_id("x", "caption", k), "x", "caption", k) for k in keys])
        writer.add_text_vectors(ENTRY, [TextVector(text_key("x"), np.eye(4)[2])])
    np.testing.assert_array_equal(Collection(folder).text_vectors(), np.eye(4)[[2, 2]])


def test_that_an_image_without_a_vector_is_named_and_not_made_up(folder: Path) -> None:
    with CollectionWriter(folder) as writer:
        writer.add_images([record("d")])
    with pytest.raises(CollectionDamaged, match="1 of 4 rows"):
        Collection(folder).vectors("m")


def test_that_vectors_of_another_recipe_do_not_count(folder: Path) -> None:
    with CollectionWriter(folder) as writer:
        writer.add_images([record("d")])
        writer.add_image_vectors(ENTRY, [ImageVector(image_id("d", 0), "render-0", np.eye(4)[0])])
    with pytest.raises(CollectionDamaged, match="1 of 4 rows"):
        Collection(folder).vectors("m")


def test_that_an_unknown_encoder_is_refused_and_the_known_ones_are_named(folder: Path) -> None:
    with pytest.raises(ModelNotFound, match="it holds: m"):
        Collection(folder).vectors("other")


def test_that_the_encoder_used_last_comes_first(folder: Path) -> None:
    other = EncoderEntry("n-1", "n", "0" * 64, "render-1", 2, 1.0, None)
    with CollectionWriter(folder) as writer:
        writer.use_encoder(other)
        assert writer.reader().models() == ["n", "m"]
        writer.use_encoder(ENTRY)
    assert Collection(folder).models() == ["m", "n"]


def test_that_updated_images_replace_and_removed_ones_are_left_out(folder: Path) -> None:
    with CollectionWriter(folder) as writer:
        writer.update_images([record("a", label="effusion")])
        writer.mark_removed([image_id("b", 0)], "2026-01-02T03:04:05+00:00")
    collection = Collection(folder)
    images = collection.images
    assert dict(zip(images["content_hash"].to_pylist(), images["label"].to_pylist())) == {
        "a": "effusion",
        "c": "",
    }
    assert "removed" not in images.column_names
    assert collection.vectors("m").shape == (2, 4)
    (gone,) = collection.removed_images.to_pylist()
    assert (gone["file"], gone["removed"]) == ("/scans/b", "2026-01-02T03:04:05+00:00")


def test_that_marked_images_come_back_with_vectors_texts_and_thumbnails(folder: Path) -> None:
    key = image_id("b", 0)
    with CollectionWriter(folder) as writer:
        writer.set_texts([TextRecord(text_id("x", "caption", key), "x", "caption", key)])
        writer.add_text_vectors(ENTRY, [TextVector(text_key("x"), np.eye(4)[2])])
        writer.mark_removed([key], "2026-01-02T03:04:05+00:00")
        assert writer.reader().texts.num_rows == 0
        writer.mark_removed([key], None)
    collection = Collection(folder)
    assert collection.removed_images.num_rows == 0
    assert collection.texts["text"].to_pylist() == ["x"]
    assert collection.vectors("m").shape == (3, 4)
    assert collection.thumbnails([key]) == {key: b"jpeg"}


def test_that_images_without_a_vector_are_counted_and_the_others_can_be_had(folder: Path) -> None:
    with CollectionWriter(folder) as writer:
        writer.update_images([record("a", label="moved to the end")])
        writer.add_images([record("d")])
    collection = Collection(folder)
    assert collection.missing_vectors("m") == 1
    rows, vectors = collection.present_vectors("m")
    names = np.array(collection.images["content_hash"].to_pylist())[rows]
    assert sorted(names) == ["a", "b", "c"]
    expected = dict(zip("abc", unit(np.random.default_rng(0), 3)))
    for name, vector in zip(names, vectors):
        np.testing.assert_allclose(vector, expected[name], atol=2e-3)


@pytest.mark.parametrize("count", [0, 1, 9000])
def test_that_a_table_can_be_read_in_parts(tmp_path: Path, count: int) -> None:
    with CollectionWriter(tmp_path / "c") as writer:
        writer.add_images([record(f"{number}") for number in range(count)])
    table = Collection(tmp_path / "c").table("images")
    parts = list(table.batches(schema(ImageRecord), ["image_id", "removed"]))
    whole = table.read(schema(ImageRecord), ["image_id", "removed"])
    assert [key for part in parts for key in part["image_id"].to_pylist()] == whole[
        "image_id"
    ].to_pylist()
    assert len(parts) == (0 if count == 0 else 1 if count == 1 else 2)


def test_that_conditions_on_many_keys_reach_every_row(tmp_path: Path) -> None:
    keys = [image_id(f"{number}", 0) for number in range(4500)]
    with CollectionWriter(tmp_path / "c") as writer:
        writer.add_images([record(f"{number}") for number in range(4500)])
        writer.mark_removed(keys[1:], "2026-01-02T03:04:05+00:00")
    assert Collection(tmp_path / "c").images["image_id"].to_pylist() == keys[:1]


def test_that_compacting_again_leaves_large_files_alone(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    with CollectionWriter(folder) as writer:
        for begin in range(0, 10_000, 2500):
            writer.add_images([record(f"{n}") for n in range(begin, begin + 2500)])
        writer.compact(ENTRY)
        data = {path.name for path in (folder / "images.lance" / "data").iterdir()}
        writer.compact(ENTRY)
        assert {path.name for path in (folder / "images.lance" / "data").iterdir()} == data
    names = Collection(folder).images["content_hash"].to_pylist()
    assert names == [f"{number}" for number in range(10_000)]


def test_that_compacting_changes_no_row(folder: Path) -> None:
    before = Collection(folder).images
    with CollectionWriter(folder) as writer:
        for name in "defgh":
            writer.add_images([record(name)])
            writer.add_image_vectors(
                ENTRY, [ImageVector(image_id(name, 0), "render-1", np.eye(4)[0])]
            )
        writer.compact(ENTRY)
    after = Collection(folder)
    assert after.images.slice(0, 3).equals(before)
    assert after.vectors("m").shape == (8, 4)


def test_that_a_reader_keeps_its_snapshot_while_a_writer_adds(folder: Path) -> None:
    reader = Collection(folder)
    assert reader.images.num_rows == 3
    with CollectionWriter(folder) as writer:
        writer.add_images([record("d")])
    assert reader.images.num_rows == 3
    assert Collection(folder).images.num_rows == 4


def test_that_a_second_writer_is_refused_while_the_first_is_at_work(folder: Path) -> None:
    with CollectionWriter(folder), pytest.raises(CollectionLocked, match="is writing"):
        CollectionWriter(folder).__enter__()
    with CollectionWriter(folder):
        pass


def test_that_what_the_user_made_is_kept(folder: Path) -> None:
    collection = Collection(folder)
    assert collection.user_state("labels") is None
    collection.set_user_state("labels", {"set": ["a", "é"]})
    assert Collection(folder).user_state("labels") == {"set": ["a", "é"]}


def test_that_a_failed_write_leaves_the_old_state_and_no_other_file(folder: Path) -> None:
    collection = Collection(folder)
    collection.set_user_state("labels", [1])
    with pytest.raises(TypeError):
        collection.set_user_state("labels", [object()])
    assert collection.user_state("labels") == [1]
    assert [path.name for path in (folder / "user").iterdir()] == ["labels.json"]


def test_that_a_missing_collection_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CollectionNotFound, match="vlm-explorer index"):
        Collection(tmp_path / "none")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 1}', '{"format": "x"}', '{"format":1,"salt":"zz"}']
)
def test_that_a_damaged_collection_is_told_apart_from_none(folder: Path, text: str) -> None:
    (folder / "collection.json").write_text(text)
    with pytest.raises(CollectionDamaged, match="index|Index"):
        Collection(folder)


def test_that_a_collection_of_a_later_version_is_left_alone(folder: Path) -> None:
    file = folder / "collection.json"
    value = json.loads(file.read_text()) | {"format": FORMAT + 1}
    file.write_text(json.dumps(value))
    for opening in (Collection, lambda place: CollectionWriter(place).__enter__()):
        with pytest.raises(CollectionTooNew, match="later version"):
            opening(folder)
    assert json.loads(file.read_text()) == value


def test_that_a_table_cut_off_in_the_middle_is_called_damaged(folder: Path) -> None:
    for data in (folder / "images.lance" / "data").iterdir():
        data.write_bytes(data.read_bytes()[:20])
    with pytest.raises(CollectionDamaged, match="damaged"):
        _ = Collection(folder).images


def test_that_a_folder_of_other_things_does_not_become_a_collection(tmp_path: Path) -> None:
    (tmp_path / "scan.dcm").touch()
    with pytest.raises(UsageError, match="holds other files"):
        CollectionWriter(tmp_path).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["scan.dcm"]


def test_that_a_place_below_a_file_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises((StorageProblem, UsageError, CollectionDamaged)) as caught:
        CollectionWriter(tmp_path / "file" / "collection").__enter__()
    assert str(tmp_path) in caught.value.text


@given(st.binary(min_size=16, max_size=16), st.text(min_size=1), st.text(min_size=1))
def test_that_salted_keys_join_equal_values_and_hide_them(salt: bytes, one: str, two: str) -> None:
    assert (salted(salt, one) == salted(salt, two)) == (one == two)
    assert salted(salt, one) != salted(salt[::-1] + b"x", one)
    assert salted(salt, "") == ""


def old_collection(folder: Path) -> dict[str, object]:
    """Turn a collection into one of the first format: fewer columns, and that number."""
    import lance

    new = [field.name for field in fields(ImageRecord)]
    new = new[new.index("described") :]
    lance.dataset(str(folder / "images.lance")).drop_columns(new)
    file = folder / "collection.json"
    value: dict[str, object] = json.loads(file.read_text()) | {"format": 1}
    file.write_text(json.dumps(value))
    return value


def test_that_a_collection_of_the_first_format_opens_with_empty_columns(folder: Path) -> None:
    old = old_collection(folder)
    opened = Collection(folder)
    assert opened.images["content_hash"].to_pylist() == list("abc")
    assert opened.images["position_xyz"].to_pylist() == [None] * 3
    assert opened.described_images["series_description"].to_pylist() == [None] * 3
    assert opened.vectors("m").shape == (3, 4)
    assert json.loads((folder / "collection.json").read_text()) == old  # readers change nothing


def test_that_a_writer_brings_the_first_format_to_this_one(folder: Path) -> None:
    old_collection(folder)
    with CollectionWriter(folder) as writer:
        writer.add_images([replace(record("d"), position_xyz=(1.0, 2.0, 3.0), described=1)])
        writer.update_images([replace(record("a"), series_description="Scout", described=1)])
    assert Collection(folder).manifest.format == FORMAT
    rows = {row["content_hash"]: row for row in Collection(folder).described_images.to_pylist()}
    assert rows["d"]["position_xyz"] == [1.0, 2.0, 3.0]
    assert rows["a"]["series_description"] == "Scout"
    assert rows["b"]["described"] is None
    assert Collection(folder).thumbnails([image_id("b", 0)]) == {image_id("b", 0): b"jpeg"}


def test_that_a_writer_adds_a_column_that_came_later_within_a_format(folder: Path) -> None:
    import lance

    lance.dataset(str(folder / "images.lance")).drop_columns(["sop_instance"])
    assert Collection(folder).images.num_rows == 3
    with CollectionWriter(folder) as writer:
        writer.add_images([replace(record("d"), sop_instance="key")])
    rows = {row["content_hash"]: row for row in Collection(folder).described_images.to_pylist()}
    assert rows["a"].get("sop_instance") is None
    assert Collection(folder).images.num_rows == 4


def test_that_descriptions_stay_within_the_program(folder: Path) -> None:
    assert not set(SHOWN_ONLY) & set(Collection(folder).images.column_names)
    assert set(SHOWN_ONLY) <= set(Collection(folder).described_images.column_names)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX modes")
def test_that_only_the_user_may_read_a_collection(folder: Path) -> None:
    (folder / "collection.json").chmod(0o644)
    folder.chmod(0o755)
    with CollectionWriter(folder) as writer:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700  # while it writes, too
        writer.add_images([record("d")])
    modes = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    assert modes == {True: 0o700, False: 0o600}


def test_that_a_table_whose_first_version_did_not_fit_on_the_disk_is_begun_anew(
    folder: Path,
) -> None:
    table = Collection(folder).table("new")
    (table.path / "_versions").mkdir(parents=True)
    (table.path / "data").mkdir()
    assert table.read(schema(TextRecord)).num_rows == 0
    row = TextRecord(text_id("words", "prompt", None), "words", "prompt", None)
    table.append(pa.Table.from_pylist([asdict(row)], schema(TextRecord)))
    assert table.read(schema(TextRecord)).num_rows == 1
