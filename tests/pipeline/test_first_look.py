"""What is known of a folder before its images are decoded."""

from __future__ import annotations

from pathlib import Path

import pytest
from scan_folder import IMAGES

from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.writer import CollectionWriter
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import Cancelled, JobContext
from vlm_explorer.pipeline.first_look import FirstLook, foresee, look
from vlm_explorer.pipeline.indexing import index


def see(folder: Path) -> FirstLook:
    seen = FirstLook()
    look([folder], seen, context=JobContext())
    return seen


def test_that_the_images_foreseen_are_those_that_come(
    scans: Path, encoder: Encoder, tmp_path: Path
) -> None:
    place = tmp_path / "own.vlmx"
    with CollectionWriter(place):
        pass
    foreseen = foresee(Collection(place), see(scans))
    assert foreseen.num_rows == IMAGES
    index([scans], to=place, encoder=encoder, workers=1)
    collection = Collection(place)
    come = collection.described_images

    def by_id(table: object) -> list[dict[str, object]]:
        return sorted(table.to_pylist(), key=lambda row: row["image_id"])  # type: ignore[attr-defined]

    assert by_id(foreseen) == by_id(come)
    assert foresee(collection, see(scans)).equals(come), "nothing is foreseen any more"


def test_that_what_is_indexed_already_comes_first_and_once(
    scans: Path, encoder: Encoder, tmp_path: Path
) -> None:
    place = tmp_path / "own.vlmx"
    index([scans / "a.png"], to=place, encoder=encoder, workers=1)
    indexed = Collection(place).described_images["image_id"].to_pylist()
    foreseen = foresee(Collection(place), see(scans))["image_id"].to_pylist()
    assert foreseen[: len(indexed)] == indexed
    assert len(foreseen) == len(set(foreseen)) == IMAGES


def test_that_a_look_that_goes_on_foresees_what_a_whole_one_does(
    scans: Path, encoder: Encoder, tmp_path: Path
) -> None:
    place = tmp_path / "own.vlmx"
    index([scans / "a.png"], to=place, encoder=encoder, workers=1)
    collection, whole = Collection(place), see(scans)
    growing = FirstLook()
    for end in range(len(whole.files) + 1):
        growing.files = whole.files[:end]
        foresee(collection, growing)
    growing.tables = whole.tables  # it has words for images that were described without them
    assert foresee(collection, growing).equals(foresee(collection, see(scans)))


def test_that_a_first_look_can_be_stopped_and_keeps_what_it_saw(scans: Path) -> None:
    seen, context = FirstLook(), JobContext()
    context.on_check = lambda: context.cancel() if seen.files else None
    with pytest.raises(Cancelled):
        look([scans], seen, context=context)
    assert len(seen.files) == 1


def test_that_a_table_that_cannot_be_read_does_not_end_the_look(scans: Path) -> None:
    before = see(scans)
    with (scans / "captions.csv").open("ab") as table:
        table.write(b'b.png,"a quote that is never closed\n')
    seen = see(scans)
    assert seen.files == before.files
    assert (len(before.tables), len(seen.tables)) == (1, 0)


def test_that_looking_at_nothing_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        see(tmp_path / "nothing")
