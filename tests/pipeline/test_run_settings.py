"""What a run leaves for the next: how vectors are made, and where the captions lie."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from vlm_explorer.cli import main
from vlm_explorer.collection.manifest import EncoderEntry, read_manifest
from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.writer import CollectionWriter
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import Cancelled, JobContext, Progress
from vlm_explorer.pipeline.indexing import index
from vlm_explorer.pipeline.run_settings import RunSettings, recorded_settings

ENTRY = EncoderEntry("demo-1", "demo", "f" * 64, "render-2", 4, 10.0, None)


def place_with(folder: Path, **provenance: object) -> Path:
    with CollectionWriter(folder) as writer:
        writer.use_encoder(replace(ENTRY, provenance=dict(provenance)))
    return folder


def test_that_device_precision_and_batch_size_are_used_again(tmp_path: Path) -> None:
    place = place_with(tmp_path / "c", device="cpu", precision="bf16", batch_size=5)
    assert recorded_settings(place, "demo") == RunSettings("cpu", "bf16", 5)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (RunSettings(batch_size=3), RunSettings("cpu", "bf16", 3)),
        (RunSettings(precision="fp32"), RunSettings("cpu", "fp32", None)),
        (RunSettings(precision="bf16"), RunSettings("cpu", "bf16", 5)),
        (RunSettings(device="cuda"), RunSettings("cuda", "auto", None)),
    ],
)
def test_that_what_is_asked_for_goes_first(
    tmp_path: Path, asked: RunSettings, expected: RunSettings
) -> None:
    place = place_with(tmp_path / "c", device="cpu", precision="bf16", batch_size=5)
    assert recorded_settings(place, "demo", asked) == expected


def test_that_a_device_which_is_not_here_is_chosen_anew(tmp_path: Path) -> None:
    place = place_with(tmp_path / "c", device="cuda:99", precision="fp16", batch_size=64)
    assert recorded_settings(place, "demo") == RunSettings()


def test_that_nothing_is_recorded_for_others(tmp_path: Path) -> None:
    assert recorded_settings(None, "demo") == RunSettings()
    assert recorded_settings(tmp_path / "none", "demo") == RunSettings()
    place = place_with(tmp_path / "c", imported={"encoder": "demo"})
    assert recorded_settings(place, "demo") == RunSettings()
    assert recorded_settings(place, "no-such-encoder") == RunSettings()


def test_that_a_run_which_was_stopped_tells_the_next_how_it_went_about_it(
    scans: Path, encoder: Encoder
) -> None:
    place = scans.parent / "own.vlmx"

    def stop(progress: Progress) -> None:
        if progress.message.startswith("Reading images") and progress.done >= 2:
            context.cancel()

    context = JobContext(stop, min_interval=0)
    with pytest.raises(Cancelled):
        index([scans], to=place, encoder=encoder, batch_size=3, workers=1, context=context)
    (unfinished,) = read_manifest(place).unfinished
    assert unfinished.provenance["batch_size"] == 3
    report = index([scans], to=place, encoder=encoder, workers=1)
    assert report.batch_size == 3
    assert report.warnings == ()
    assert read_manifest(place).unfinished == ()
    assert Collection(place).encoder_entry().provenance["batch_size"] == 3


def test_that_a_run_which_goes_about_it_otherwise_says_so(scans: Path, encoder: Encoder) -> None:
    place = scans.parent / "own.vlmx"
    index([scans], to=place, encoder=encoder, batch_size=3, workers=1)
    report = index([scans], to=place, encoder=encoder, batch_size=4, workers=1)
    (words,) = report.warnings
    assert "3 images at a time" in words
    assert "4 images at a time" in words


def test_that_the_command_goes_on_as_it_began(
    scans: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = str(scans.parent / "own.vlmx")
    command = ["index", str(scans), "--to", place, "--model", "demo", "--json", "--quiet"]
    assert main([*command, "--precision", "fp32", "--batch-size", "3", "--device", "cpu"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert main(command) == 0
    second = json.loads(capsys.readouterr().out)
    kept = ("device", "precision", "batch_size")
    assert [first[name] for name in kept] == [second[name] for name in kept] == ["cpu", "fp32", 3]
    assert second["warnings"] == []


@pytest.fixture
def table(scans: Path) -> Path:
    """A table of captions that lies elsewhere."""
    table = scans.parent / "reports" / "mine.csv"
    table.parent.mkdir()
    table.write_text("file,caption,label\n../scans/b.png,From elsewhere.,nodule\n")
    return table


def test_that_a_captions_table_elsewhere_is_named_once(
    scans: Path, table: Path, encoder: Encoder
) -> None:
    place = scans.parent / "own.vlmx"
    index([scans], to=place, encoder=encoder, captions=table, workers=1)
    assert read_manifest(place).captions == str(table)
    report = index([scans], to=place, encoder=encoder, workers=1)
    collection = Collection(place)
    labels = {
        Path(row["file"]).name: row["label"]
        for row in collection.images.select(["file", "label"]).to_pylist()
    }
    assert labels["b.png"] == "normal; nodule"
    assert "From elsewhere." in collection.texts["text"].to_pylist()
    assert report.texts == 5


def test_that_labels_and_captions_stay_while_their_table_cannot_be_read(
    scans: Path, table: Path, encoder: Encoder
) -> None:
    place = scans.parent / "own.vlmx"
    index([scans], to=place, encoder=encoder, captions=table, workers=1)
    before = Collection(place)
    table.unlink()
    report = index([scans], to=place, encoder=encoder, workers=1)
    (words,) = report.warnings
    assert str(table) in words
    assert Collection(place).images.equals(before.images)
    assert sorted(Collection(place).texts["text"].to_pylist()) == sorted(
        before.texts["text"].to_pylist()
    )
    report = index([scans], to=place, encoder=encoder, captions=Path("none"), workers=1)
    assert report.warnings == ()
    assert read_manifest(place).captions == ""
    assert "From elsewhere." not in Collection(place).texts["text"].to_pylist()


def test_that_a_table_which_is_named_and_cannot_be_read_is_refused(
    scans: Path, encoder: Encoder
) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        index([scans], to=scans.parent / "c", encoder=encoder, captions=scans / "none.csv")
    assert not (scans.parent / "c").exists()


def test_that_a_manifest_of_the_format_before_is_read(tmp_path: Path) -> None:
    place = place_with(tmp_path / "c", device="cpu")
    file = place / "collection.json"
    value = json.loads(file.read_text())
    del value["captions"], value["unfinished"]
    file.write_text(json.dumps(value | {"format": 2}))
    manifest = read_manifest(place)
    assert (manifest.format, manifest.captions, manifest.unfinished) == (2, "", ())
    with CollectionWriter(place):
        assert read_manifest(place).format == 3
