from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from scan_folder import FILES, IMAGES

from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import StorageProblem, UsageError
from vlm_explorer.jobs import Cancelled, JobContext, Progress
from vlm_explorer.pipeline.indexing import default_place, index
from vlm_explorer.pipeline.report import IndexReport
from vlm_explorer.pixels.render import render


def run(scans: Path, encoder: Encoder, **options: object) -> tuple[IndexReport, Collection]:
    report = index([scans], to=scans.parent / "own.vlmx", encoder=encoder, workers=2, **options)
    return report, Collection(Path(report.collection))


def test_that_every_file_is_an_image_or_a_row_with_a_reason(scans: Path, encoder: Encoder) -> None:
    report, collection = run(scans, encoder)
    files = {str(path) for path in scans.rglob("*") if path.is_file()}
    images = set(collection.images["file"].to_pylist())
    skipped = {row.file: row for row in report.skipped}
    assert report.files == len(files) == FILES
    assert images | set(skipped) == files
    assert not images & set(skipped)
    assert {Path(file).name: row.kind for file, row in skipped.items()} == {
        "captions.csv": "captions",
        "empty.dcm": "not-an-image",
        "notes.txt": "not-an-image",
        "same-as-a.png": "duplicate",
    }
    assert all(row.reason[0].isupper() and row.reason[-1] == "." for row in report.skipped)
    reasons = {Path(file).name: row.reason for file, row in skipped.items()}
    assert reasons["notes.txt"] == "Not a picture: text file."
    assert collection.problems.num_rows == len(report.skipped)


def test_that_each_frame_is_an_image_with_the_vector_of_its_rendering(
    scans: Path, encoder: Encoder
) -> None:
    report, collection = run(scans, encoder)
    assert report.images == report.encoded == collection.images.num_rows == IMAGES
    vectors = collection.vectors()
    rows = collection.images.select(["file", "frame"]).to_pylist()
    pixels = [render(Path(row["file"]), row["frame"]).pixels for row in rows]
    np.testing.assert_allclose(vectors, encoder.encode_images(pixels), atol=2e-3)


def test_that_captions_labels_and_further_columns_reach_their_images(
    scans: Path, encoder: Encoder
) -> None:
    report, collection = run(scans, encoder)
    rows = {Path(row["file"]).name: row for row in collection.images.to_pylist()}
    assert rows["a.png"]["label"] == "effusion; nodule"
    assert rows["a.png"]["caption"] == "A frontal chest radiograph."
    assert rows["b.png"]["site"] == "second"
    assert rows["c.png"]["modality"] == "CT"
    assert rows["a.png"]["patient"] != rows["b.png"]["patient"]
    assert "P1" not in str(rows)
    texts = collection.texts.to_pylist()
    assert report.texts == len(texts) == 4
    assert {text["text"] for text in texts if text["image_id"] == rows["a.png"]["image_id"]} == {
        "A frontal chest radiograph.",
        "Opacity of the left lower zone.",
    }
    expected = encoder.encode_texts(collection.texts["text"].to_pylist())
    np.testing.assert_allclose(collection.text_vectors(), expected, atol=2e-3)


def test_that_a_second_run_decodes_and_encodes_nothing(scans: Path, encoder: Encoder) -> None:
    _, before = run(scans, encoder)
    report, after = run(scans, encoder)
    assert (report.images, report.encoded, report.reused) == (IMAGES, 0, IMAGES)
    assert report.texts == 4
    assert after.images.equals(before.images)
    np.testing.assert_array_equal(after.vectors(), before.vectors())


def test_that_new_changed_and_removed_files_are_followed(scans: Path, encoder: Encoder) -> None:
    run(scans, encoder)
    shutil.copy(scans / "b.png", scans / "sub" / "later.png")
    (scans / "b.png").unlink()
    (scans / "sub" / "frames.tif").unlink()
    shutil.copy(scans / "sub" / "c.png", scans / "sub" / "frames.tif")
    report, collection = run(scans, encoder)
    names = sorted(Path(file).name for file in collection.images["file"].to_pylist())
    assert names == ["a.png", "c.png", "ct", "later.png"]
    assert report.images == collection.images.num_rows == len(collection.vectors()) == 4
    assert report.encoded == 0
    assert any("marked as removed" in warning for warning in report.warnings)
    gone = collection.removed_images
    # b.png is there by another name, and of the frames the file became a copy of c.png
    assert {Path(file).name for file in gone["file"].to_pylist()} == {"frames.tif"}
    assert gone.num_rows == 3


def test_that_a_changed_captions_table_relabels_without_decoding(
    scans: Path, encoder: Encoder
) -> None:
    run(scans, encoder)
    table = scans / "captions.csv"
    table.write_text("file,caption,label\nb.png,A better caption.,nodule\n")
    report, collection = run(scans, encoder)
    rows = {Path(row["file"]).name: row for row in collection.images.to_pylist()}
    assert report.encoded == 0
    assert (rows["b.png"]["label"], rows["a.png"]["label"]) == ("nodule", "")
    assert collection.texts["text"].to_pylist() == ["A better caption."]
    assert len(collection.text_vectors()) == 1


def test_that_a_captions_table_elsewhere_is_used_when_it_is_named(
    scans: Path, encoder: Encoder, tmp_path: Path
) -> None:
    table = tmp_path / "reports" / "mine.csv"
    table.parent.mkdir()
    table.write_text("file,caption,label\n../scans/b.png,From elsewhere.,nodule\n")
    _, collection = run(scans, encoder, captions=table)
    labels = {Path(row["file"]).name: row["label"] for row in collection.images.to_pylist()}
    assert labels["b.png"] == "normal; nodule"
    assert "From elsewhere." in collection.texts["text"].to_pylist()


def test_that_captions_are_counted_through_all_their_batches(
    scans: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vlm_explorer.pipeline.settling._TEXT_BATCH", 2)
    lines = [f"b.png,The caption of number {number}." for number in range(5)]
    (scans / "captions.csv").write_text("\n".join(["file,caption", *lines]))
    told: list[Progress] = []
    context = JobContext(told.append, min_interval=0)
    _, collection = run(scans, encoder, context=context)
    captions = [each for each in told if each.message.startswith("Reading captions")]
    assert len(collection.text_vectors()) == 5
    assert {each.total for each in captions} == {5}
    assert [each.done for each in captions] == [0, 2, 2, 4, 4, 5]


class _Stop:
    """Cancels a job once it has reported some files done."""

    def __init__(self, after: int) -> None:
        self._after = after
        self.context = JobContext(self._see, min_interval=0)

    def _see(self, progress: Progress) -> None:
        if progress.message.startswith("Reading") and progress.done >= self._after:
            self.context.cancel()


def test_that_an_interrupted_run_keeps_what_it_did_and_the_next_goes_on(
    scans: Path, encoder: Encoder
) -> None:
    with pytest.raises(Cancelled):
        run(scans, encoder, context=_Stop(4).context, batch_size=1)
    partial = Collection(scans.parent / "own.vlmx")
    kept = partial.images.num_rows
    assert 0 < kept < IMAGES
    assert len(partial.vectors()) == kept
    report, collection = run(scans, encoder)
    assert report.encoded == IMAGES - kept
    assert collection.images.num_rows == len(collection.vectors()) == IMAGES


def test_that_image_ids_are_the_same_in_every_collection(
    scans: Path, encoder: Encoder, tmp_path: Path
) -> None:
    _, one = run(scans, encoder)
    shutil.copytree(scans, tmp_path / "copy" / "elsewhere")
    _, two = run(tmp_path / "copy" / "elsewhere", encoder)
    keys = [set(each.images["image_id"].to_pylist()) for each in (one, two)]
    assert keys[0] == keys[1]
    patients = [set(each.images["patient"].to_pylist()) - {""} for each in (one, two)]
    assert len(patients[0]) == len(patients[1]) == 4
    assert not patients[0] & patients[1]


def test_that_another_encoder_adds_its_vectors_beside_the_first(
    scans: Path, encoder: Encoder, tmp_path: Path
) -> None:
    from model_folders import build_siglip_folder

    from vlm_explorer.encoders.load import load_encoder

    run(scans, encoder)
    other = load_encoder(build_siglip_folder(tmp_path / "siglip"), device="cpu", precision="fp32")
    report, collection = run(scans, other)
    assert report.encoded == IMAGES
    assert collection.models() == ["siglip", encoder.id]
    assert collection.vectors("siglip").shape == (IMAGES, 96)
    assert collection.vectors(encoder.id).shape == (IMAGES, 48)
    assert len(collection.text_vectors(encoder.id)) == len(collection.text_vectors("siglip")) == 4


def test_that_a_folder_added_later_keeps_the_images_of_the_first(
    scans: Path, encoder: Encoder, tmp_path: Path
) -> None:
    place = tmp_path / "own.vlmx"
    index([scans / "sub"], to=place, encoder=encoder, workers=1)
    index([scans / "b.png"], to=place, encoder=encoder, workers=1)
    assert Collection(place).images.num_rows == 6


def test_that_an_empty_folder_gives_an_empty_collection(tmp_path: Path, encoder: Encoder) -> None:
    (tmp_path / "scans").mkdir()
    report, collection = run(tmp_path / "scans", encoder)
    assert (report.files, report.images, collection.images.num_rows) == (0, 0, 0)
    assert collection.vectors().shape == (0, 48)


def test_that_a_missing_folder_is_refused_and_nothing_is_made(
    tmp_path: Path, encoder: Encoder
) -> None:
    with pytest.raises(UsageError, match="missing"):
        run(tmp_path / "missing", encoder)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_that_a_place_without_write_permission_is_named(
    scans: Path, encoder: Encoder, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(StorageProblem, match="cannot be written"):
        index([scans], to=closed / "own.vlmx", encoder=encoder)


def test_that_the_default_place_is_the_same_for_the_same_folder(tmp_path: Path) -> None:
    (tmp_path / "my scans").mkdir()
    one = default_place(tmp_path / "my scans")
    assert one == default_place(tmp_path / "my scans" / ".." / "my scans")
    assert one.name.startswith("my-scans-")
    assert one != default_place(tmp_path)
