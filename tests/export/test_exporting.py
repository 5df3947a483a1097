from __future__ import annotations

import csv
import hashlib
import json
import os
import shlex
import shutil
from pathlib import Path

import lance
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from scan_folder import IMAGES

from vlm_explorer.api import Collection
from vlm_explorer.cli import main
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import StorageProblem, UsageError
from vlm_explorer.export.cells import unquoted
from vlm_explorer.jobs import Cancelled, JobContext
from vlm_explorer.queries.classify import ClassifyRequest, classify
from vlm_explorer.queries.label_set import Label, LabelSet
from vlm_explorer.queries.label_shelf import find_label_set
from vlm_explorer.queries.map_trust import map_trust

PROMPT = "enlarged heart"
LABELS = ("effusion", "normal")
MAP = "pca/raw"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_that_a_csv_holds_the_numbers_of_search_labels_and_layout(
    collection: Collection, encoder: Encoder, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    report = collection.export(path, texts=[PROMPT], labels=LABELS, layout=MAP)
    rows = rows_of(path)
    assert (len(rows), report.images, report.of) == (IMAGES, IMAGES, IMAGES)
    assert [row["image_id"] for row in rows] == collection.images["image_id"].to_pylist()
    cosine = np.array([row[f"cosine to “{PROMPT}”"] for row in rows], np.float32)
    np.testing.assert_array_equal(cosine, collection.search(PROMPT).cosine)
    answer = classify(collection, encoder, ClassifyRequest(LABELS))
    for place, label in enumerate(LABELS):
        name = f"probability of “{label}” among these 2 labels"
        share = np.array([row[name] for row in rows], np.float32)
        np.testing.assert_array_equal(share, answer.probability[:, place])
        assert {row["zero-shot label"] for row in rows} <= set(LABELS)
        name = f"cosine to label “{label}”"
        np.testing.assert_array_equal(
            np.array([row[name] for row in rows], np.float32), answer.cosine[:, place]
        )
    xy = np.array([[row["x"], row["y"]] for row in rows], np.float32)
    np.testing.assert_array_equal(xy, collection.layout(method="pca").xy)


def test_that_text_which_a_spreadsheet_would_run_is_quoted_and_numbers_are_not(
    collection: Collection, tmp_path: Path
) -> None:
    collection.export(tmp_path / "a.csv", layout=MAP)
    rows = rows_of(tmp_path / "a.csv")
    captions = [row["caption"] for row in rows]
    assert "'=cmd|' /C calc'!A0" in captions
    wanted = [caption or "" for caption in collection.images["caption"].to_pylist()]
    assert [unquoted(caption) for caption in captions] == wanted
    numbers = [row["x"] for row in rows]
    assert any(number.startswith("-") for number in numbers)
    assert [float(x) for x in numbers] == pytest.approx(collection.layout(method="pca").xy[:, 0])


def test_that_parquet_has_the_same_rows_with_types_and_tells_where_it_comes_from(
    collection: Collection, tmp_path: Path
) -> None:
    collection.export(tmp_path / "a.csv", texts=[PROMPT], layout=MAP)
    collection.export(tmp_path / "a.parquet", texts=[PROMPT], layout=MAP)
    table = pq.read_table(tmp_path / "a.parquet")
    rows = rows_of(tmp_path / "a.csv")
    assert table.column_names == list(rows[0])
    assert [float(row["x"]) for row in rows] == pytest.approx(table["x"].to_pylist())
    facts = json.loads(table.schema.metadata[b"vlm-explorer"])
    beside = json.loads((tmp_path / "a.parquet.json").read_text(encoding="utf-8"))
    assert facts == beside
    assert set(facts["columns"]) == set(table.column_names)


def test_that_the_archive_holds_vectors_and_comes_back_as_vectors(
    collection: Collection, tmp_path: Path
) -> None:
    path = tmp_path / "a.npz"
    collection.export(path, layout=MAP)
    with np.load(path, allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["vectors"], collection.vectors())
        assert archive["image_ids"].tolist() == collection.images["image_id"].to_pylist()
        assert archive["texts"].tolist() == collection.texts["text"].to_pylist()
        np.testing.assert_array_equal(archive["text_vectors"], collection.text_vectors())
        answer = collection.layout(method="pca")
        np.testing.assert_array_equal(archive["xy"], answer.xy)
        np.testing.assert_array_equal(archive["text_xy"], answer.text_xy)


def test_that_the_archive_can_be_imported_again(
    collection: Collection, scans_exported: Path, encoder: Encoder, tmp_path: Path
) -> None:
    import vlm_explorer as vlm

    collection.export(tmp_path / "a.npz", layout="none")
    other = vlm.index([scans_exported], to=tmp_path / "other.vlmx", encoder=encoder)
    report = other.import_vectors(tmp_path / "a.npz", model="again")
    np.testing.assert_allclose(other.vectors(report.model), collection.vectors(), atol=1e-3)


@pytest.mark.parametrize("kind", ["npz", "tensorboard", "parquet", "atlas"])
def test_that_images_without_a_vector_are_counted_and_leave_the_others_theirs(
    kind: str, indexed: Path, encoder: Encoder, tmp_path: Path
) -> None:
    place = Path(shutil.copytree(indexed, tmp_path / "some.vlmx"))
    (vectors,) = place.glob("vectors/*.images.lance")
    whole = Collection(place, encoder)
    ids, all_vectors = whole.images["image_id"].to_pylist(), whole.vectors()
    lance.dataset(str(vectors)).delete(f"image_id = '{ids[2]}'")
    some = Collection(place, encoder)
    report = some.export(tmp_path / "out", format=kind, layout=MAP, like=ids[3])
    held = [row for row in range(IMAGES) if row != 2]
    if kind == "parquet":
        table = pq.read_table(tmp_path / "out")
        assert (report.images, report.left_out, table.num_rows) == (IMAGES, 0, IMAGES)
        cosine = table[f"cosine to image {ids[3]}"].to_pylist()
        assert cosine[3] == pytest.approx(1, abs=1e-3)
        assert [cosine[2], table["x"][2].as_py()] == [None, None]
        return
    assert (report.images, report.left_out) == (IMAGES - 1, 1)
    if kind == "npz":
        with np.load(tmp_path / "out", allow_pickle=False) as archive:
            assert archive["image_ids"].tolist() == [ids[row] for row in held]
            np.testing.assert_array_equal(archive["vectors"], all_vectors[held])
    elif kind == "atlas":
        table = pq.read_table(tmp_path / "out")
        assert table["image_id"].to_pylist() == [ids[row] for row in held]
        assert {row for found in table["neighbors"].to_pylist() for row in found["ids"]} == set(
            range(IMAGES - 1)
        )
    else:
        tensors = np.loadtxt(tmp_path / "out" / "tensors.tsv", np.float32, delimiter="\t")
        np.testing.assert_array_equal(tensors, all_vectors[held])


def test_that_chosen_images_alone_go_out_and_the_list_of_them_makes_the_same_export(
    collection: Collection, tmp_path: Path
) -> None:
    ids = collection.images["image_id"].to_pylist()[1:4]
    report = collection.export(
        tmp_path / "a.csv", what=[*ids, "unknown-0"], texts=[PROMPT, "-q"], layout=MAP
    )
    assert [row["image_id"] for row in rows_of(tmp_path / "a.csv")] == ids
    assert (report.images, report.of) == (3, IMAGES)
    assert report.warnings == ("1 of the images named are not in the collection.",)
    first = (tmp_path / "a.csv").read_bytes()
    facts = json.loads((tmp_path / "a.csv.json").read_text(encoding="utf-8"))
    assert facts["images"] == {"exported": 3, "of": IMAGES, "what": "list"}
    words = shlex.split(facts["command"])
    assert words[:2] == ["vlm-explorer", "export"]
    here = [word.replace("COLLECTION", str(collection.folder)) for word in words[1:]]
    (tmp_path / "a.csv").unlink()
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        assert main([*here, "--quiet"]) == 0
    finally:
        os.chdir(before)
    assert (tmp_path / "a.csv").read_bytes() == first


def test_that_a_kept_layout_gives_its_places_and_is_named_in_the_record(
    collection: Collection, tmp_path: Path
) -> None:
    answer = collection.layout(method="pca", space="images")
    collection.layouts.keep(answer, "my map")
    report = collection.export(tmp_path / "a.csv", layout="my map")
    xy = np.array([[row["x"], row["y"]] for row in rows_of(tmp_path / "a.csv")], np.float32)
    np.testing.assert_array_equal(xy, answer.xy)
    assert report.provenance["layout"]["name"] == "my map"
    assert "--layout 'my map'" in report.provenance["command"]
    collection.layouts.remove("my map")


def test_that_a_list_of_ids_may_be_plain_lines(collection: Collection, tmp_path: Path) -> None:
    ids = collection.images["image_id"].to_pylist()[:2]
    (tmp_path / "ids.txt").write_text("\n".join(ids) + "\n")
    words = ["export", str(collection.folder), "--to", str(tmp_path / "b.csv"), "--quiet"]
    assert main([*words, "--what", str(tmp_path / "ids.txt"), "--layout", "none"]) == 0
    assert [row["image_id"] for row in rows_of(tmp_path / "b.csv")] == ids


def test_that_the_record_of_all_images_stands_for_all(
    collection: Collection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    collection.export(tmp_path / "a.csv", layout="none")
    words = ["export", str(collection.folder), "--to", str(tmp_path / "b.csv"), "--layout", "none"]
    assert main([*words, "--what", str(tmp_path / "a.csv.json"), "--quiet"]) == 0
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
    for text in ("", '{"images": [{"file_name": "a.png"}], "image_ids": 3}', "{"):
        (tmp_path / "none.txt").write_text(text, encoding="utf-8")
        assert main([*words, "--what", str(tmp_path / "none.txt")]) == 1
        assert "names no images" in capsys.readouterr().err


def test_that_a_list_names_each_file_once(
    collection: Collection, scans_exported: Path, tmp_path: Path
) -> None:
    report = collection.export(tmp_path / "a.txt")
    files = (tmp_path / "a.txt").read_text(encoding="utf-8").splitlines()
    assert files == list(dict.fromkeys(collection.images["file"].to_pylist()))
    assert report.files == len(files) == IMAGES - 2  # three images are frames of one file
    assert all(Path(file).is_relative_to(scans_exported) for file in files)


def test_that_copies_are_whole_named_by_their_content_and_listed(
    collection: Collection, tmp_path: Path
) -> None:
    report = collection.export(tmp_path / "copies", format="copies")
    rows = rows_of(tmp_path / "copies" / "manifest.csv")
    assert [row["image_id"] for row in rows] == collection.images["image_id"].to_pylist()
    assert {row["state"] for row in rows} == {"copied"}
    assert "file" not in rows[0]
    copies = {path.name for path in (tmp_path / "copies").iterdir()}
    assert copies == {row["copy"] for row in rows} | {"manifest.csv", "provenance.json"}
    assert report.files == len(copies) - 2
    for row, source in zip(rows, collection.images["file"].to_pylist(), strict=True):
        copy = tmp_path / "copies" / row["copy"]
        assert copy.read_bytes() == Path(source).read_bytes()
        assert hashlib.sha256(copy.read_bytes()).hexdigest().startswith(copy.stem)


def test_that_copying_reports_files_that_are_gone_or_changed(
    scans: Path, encoder: Encoder, tmp_path: Path
) -> None:
    import vlm_explorer as vlm

    own = vlm.index([scans], to=tmp_path / "own.vlmx", encoder=encoder)
    (scans / "a.png").unlink()
    (scans / "same-as-a.png").unlink()
    (scans / "b.png").write_bytes(b"other")
    report = own.export(tmp_path / "copies", format="copies")
    states = [row["state"] for row in rows_of(tmp_path / "copies" / "manifest.csv")]
    assert sorted(set(states)) == ["changed", "copied", "missing"]
    assert len(report.warnings) == 2


def test_that_nothing_is_ever_overwritten_by_a_folder(
    collection: Collection, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="left as it is"):
        collection.export(tmp_path / "there", format="copies")
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    collection.export(tmp_path / "empty", format="copies")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "there"]


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.npz", "folder"])
def test_that_a_cancelled_export_leaves_nothing_behind_and_what_was_there(
    name: str, collection: Collection, tmp_path: Path
) -> None:
    if name != "folder":
        (tmp_path / name).write_text("before")
    context = JobContext(lambda progress: context.cancel(), min_interval=0)
    with pytest.raises(Cancelled):
        collection.export(
            tmp_path / name,
            format="copies" if name == "folder" else None,
            layout=MAP,
            context=context,
        )
    left = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert left == ({} if name == "folder" else {name: "before"})


def test_that_what_prevents_an_export_is_said_in_words(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StorageProblem, match="There is no folder"):
        collection.export(tmp_path / "nowhere" / "a.csv", layout="none")
    (tmp_path / "b.csv").mkdir()
    with pytest.raises(StorageProblem, match="is a folder"):
        collection.export(tmp_path / "b.csv", layout="none")
    with pytest.raises(UsageError, match="cannot be written as a whole"):
        collection.export(".", format="copies")
    with pytest.raises(UsageError, match="does not say which format"):
        collection.export(tmp_path / "a.xyz")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vlm_explorer.export.tables.write_csv", full)
    with pytest.raises(StorageProblem, match="no room left"):
        collection.export(tmp_path / "a.csv", layout="none")
    assert [path.name for path in tmp_path.iterdir()] == ["b.csv"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_that_a_place_without_permission_is_refused(collection: Collection, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageProblem, match="no permission"):
        collection.export(tmp_path / "a.csv", layout="none")
    tmp_path.chmod(0o700)


# Formats of other programs


def test_that_the_projector_reads_back_the_vectors_and_labels(
    collection: Collection, tmp_path: Path
) -> None:
    """By the rules of tensorboard/plugins/projector/projector_plugin.py."""
    collection.export(tmp_path / "tb", format="tensorboard", layout=MAP, with_thumbnails=True)
    config = read_config(tmp_path / "tb" / "projector_config.pbtxt")
    assert config["tensor_shape"] == [IMAGES, collection.vectors().shape[1]]
    tensors = np.loadtxt(tmp_path / "tb" / config["tensor_path"], dtype=np.float32, delimiter="\t")
    np.testing.assert_array_equal(tensors, collection.vectors())
    lines = (tmp_path / "tb" / config["metadata_path"]).read_text(encoding="utf-8").splitlines()
    header, *rows = [line.split("\t") for line in lines]
    assert [row[header.index("image_id")] for row in rows] == collection.images[
        "image_id"
    ].to_pylist()
    assert {len(row) for row in rows} == {len(header)}
    with Image.open(tmp_path / "tb" / config["image_path"]) as sprite:
        side = config["single_image_dim"][0]
        assert sprite.size == (3 * side, 3 * side)  # seven images


def test_that_bytes_of_many_vectors_are_what_the_projector_expects(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vlm_explorer.export.projector._MOST_AS_TEXT", 1)
    collection.export(tmp_path / "tb", format="tensorboard", layout="none")
    config = read_config(tmp_path / "tb" / "projector_config.pbtxt")
    path = tmp_path / "tb" / config["tensor_path"]
    with pytest.raises(UnicodeDecodeError):  # which is how TensorBoard tells the two apart
        path.read_text(encoding="utf-8")
    tensors = np.fromfile(path, np.float32).reshape(config["tensor_shape"])
    np.testing.assert_array_equal(tensors, collection.vectors())
    assert "image_path" not in config


def read_config(path: Path) -> dict[str, object]:
    """Read the text format of a `ProjectorConfig` by its own definition."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="projector.proto", syntax="proto3")

    def add(name: str, *fields: tuple[str, int, int, int, str]) -> None:
        message = file.message_type.add(name=name)
        for field, number, kind, label, type_name in fields:
            message.field.add(
                name=field, number=number, type=kind, label=label, type_name=type_name or None
            )

    one, many = kinds.LABEL_OPTIONAL, kinds.LABEL_REPEATED
    text, number = kinds.TYPE_STRING, kinds.TYPE_UINT32
    add("Sprite", ("image_path", 1, text, one, ""), ("single_image_dim", 2, number, many, ""))
    add(
        "Embedding",
        ("tensor_name", 1, text, one, ""),
        ("metadata_path", 2, text, one, ""),
        ("bookmarks_path", 3, text, one, ""),
        ("tensor_shape", 4, number, many, ""),
        ("sprite", 5, kinds.TYPE_MESSAGE, one, ".Sprite"),
        ("tensor_path", 6, text, one, ""),
    )
    add("Config", ("embeddings", 2, kinds.TYPE_MESSAGE, many, ".Embedding"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    config = message_factory.GetMessageClass(pool.FindMessageTypeByName("Config"))()
    text_format.Parse(path.read_text(encoding="utf-8"), config)
    (entry,) = config.embeddings
    found = {
        "tensor_path": entry.tensor_path,
        "metadata_path": entry.metadata_path,
        "tensor_shape": list(entry.tensor_shape),
    }
    if entry.HasField("sprite"):
        found["image_path"] = entry.sprite.image_path
        found["single_image_dim"] = list(entry.sprite.single_image_dim)
    return found


def test_that_embedding_atlas_gets_places_and_true_neighbours(
    collection: Collection, tmp_path: Path
) -> None:
    collection.export(tmp_path / "a.parquet", format="atlas", layout=MAP, with_thumbnails=True)
    table = pq.read_table(tmp_path / "a.parquet")
    vectors = collection.vectors().astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = vectors @ vectors.T
    for row, found in enumerate(table["neighbors"].to_pylist()):
        assert set(found) == {"ids", "distances"}
        assert found["ids"][0] == row
        np.testing.assert_allclose(found["distances"], 1 - cosine[row, found["ids"]], atol=1e-5)
        assert np.all(np.diff(found["distances"]) >= -1e-6)
        assert sorted(found["ids"]) == list(range(IMAGES))
    assert {"x", "y", "caption"} <= set(table.column_names)
    picture = table["image"][0].as_py()
    assert picture["bytes"][:2] == b"\xff\xd8"
    facts = json.loads((tmp_path / "a.parquet.json").read_text(encoding="utf-8"))
    assert "--neighbors neighbors" in facts["open_with"]


def test_that_the_command_says_what_it_wrote(
    collection: Collection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", str(collection.folder), "--to", str(tmp_path / "a.csv"), "--layout", "none"]
    assert main([*words, "--json", "--quiet"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["images"], report["of"], report["warnings"]) == (IMAGES, IMAGES, [])
    assert report["provenance"]["program"].startswith("VLM Explorer ")
    assert main([*words[:-2], "--layout", "none", "--format", "copies"]) == 1
    assert "left as it is" in capsys.readouterr().err


def test_that_what_is_computed_besides_is_what_the_review_says(
    collection: Collection, tmp_path: Path
) -> None:
    wanted = ["kept", "outlier", "duplicates", "caption-rank"]
    path = tmp_path / "a.parquet"
    report = collection.export(path, measures=wanted, layout=MAP)
    table = pq.read_table(path)
    duplicates, outliers = collection.duplicates(), collection.outliers()
    np.testing.assert_array_equal(table["outlier score"].to_numpy(), outliers.score)
    np.testing.assert_array_equal(table["outlier distance"].to_numpy(), outliers.distance)
    np.testing.assert_array_equal(table["cosine to the nearest"].to_numpy(), duplicates.nearest)
    np.testing.assert_array_equal(
        table["caption rank"].to_numpy(), collection.mispaired().caption_rank
    )
    group = table["duplicate group"].to_numpy()
    assert all(group[a] == group[b] > 0 for a, b in duplicates.pairs)
    assert (group > 0).sum() == len(np.unique(duplicates.pairs))
    kept = map_trust(collection, collection.layout(method="pca")).kept
    np.testing.assert_array_equal(table["neighbours kept"].to_numpy(), kept)
    measures = report.provenance["measures"]
    assert "10 nearest images of other series" in measures["outlier distance"]
    assert "Mahalanobis" in measures["outlier score"]
    assert set(measures) < set(report.provenance["columns"])
    assert "--measures kept outlier duplicates caption-rank" in report.provenance["command"]
    alone = tmp_path / "b.parquet"
    words = ["export", str(collection.folder), "--to", str(alone), "--layout", "none", "--quiet"]
    assert main([*words, "--measures", "outlier"]) == 0
    assert pq.read_table(alone)["outlier distance"].equals(table["outlier distance"])
    assert "cosine to the nearest" not in pq.read_table(alone).column_names
    with pytest.raises(UsageError, match="no map was asked for"):
        collection.export(tmp_path / "c.csv", measures=["kept"], layout="none")
    with pytest.raises(UsageError, match="no measure “beauty”"):
        collection.export(tmp_path / "c.csv", measures=["beauty"])


def test_that_an_export_asks_a_label_set_with_its_prompts_and_can_be_made_again(
    collection: Collection, encoder: Encoder, tmp_path: Path
) -> None:
    own = Label("effusion", ("fluid in the chest",), ("dry lungs",), ("hydrothorax",))
    chosen = LabelSet("", "Mine", (own, Label("fracture")), "multi", "chexzero")
    path = tmp_path / "table.csv"
    report = collection.export(path, labels=chosen, layout="none", temperature=2.0, margin=0.01)
    expected = classify(
        collection, encoder, ClassifyRequest.of(chosen, temperature=2.0, margin=0.01)
    )
    column = "probability of “effusion” present against absent"
    found = [float(row[column]) for row in rows_of(path)]
    np.testing.assert_allclose(found, expected.probability[:, 0], atol=1e-5)
    assert find_label_set(str(report.record)) == chosen
    words = shlex.split(report.provenance["command"])
    assert words[words.index("--labels-set") + 1] == report.record.name
    assert words[words.index("--temperature") + 1] == "2.0"
