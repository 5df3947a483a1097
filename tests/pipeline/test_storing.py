"""When what a run makes is committed, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vlm_explorer.pipeline.storing as storing
from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.records import ImageRecord, image_id
from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.writer import CollectionWriter
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.known import Known
from vlm_explorer.pipeline.refusals import Refusals
from vlm_explorer.pipeline.storing import Storing

ENTRY = EncoderEntry("m-1", "m", "f" * 64, "render-2", 4, 10.0, None)
VIEW = np.zeros((2, 2, 3), np.uint8)


class Numbering:
    """Encodes the brightness of an image, and its place in the batch."""

    batch_limit = None

    def encode_images(self, images: Any, **_: Any) -> np.ndarray:
        return np.array([[1, 0, i, image[0, 0, 0]] for i, image in enumerate(images)], np.float32)


def record(file: str, frame: int = 0) -> ImageRecord:
    return ImageRecord(
        image_id=image_id(file.encode().hex() * 20, frame), file=file, frame=frame,
        content_hash=file.encode().hex() * 20, size=1, mtime_ns=2, source="/s", patient="",
        study="", series="", stack="", series_number=None, instance_number=None, position=None,
        modality="", body_part="", rows=2, columns=2, label="", caption="", split="", extra="",
        thumbnail=b"",
    )  # fmt: skip


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[CollectionWriter]:
    with CollectionWriter(tmp_path / "c") as writer:
        writer.use_encoder(ENTRY)
        yield writer


def storing_into(writer: CollectionWriter, batch_size: int = 2) -> Storing:
    known = Known(writer.reader(), ENTRY, Refusals(writer.reader(), ""))
    return Storing(writer, ENTRY, Numbering(), batch_size, known)  # type: ignore[arg-type]


def files_in(writer: CollectionWriter) -> list[tuple[str, int]]:
    rows = Collection(writer.folder).images.select(["file", "frame"]).to_pylist()
    return [(row["file"], row["frame"]) for row in rows]


def test_that_a_file_is_written_whole_or_not_at_all(writer: CollectionWriter) -> None:
    store = storing_into(writer)
    store.add(record("a"), VIEW)
    store.close_file(0)
    for frame in range(3):
        store.add(record("b", frame), VIEW)
    store.stop()
    assert files_in(writer) == [("a", 0)]
    again = storing_into(writer)
    for frame in range(4):
        again.add(record("b", frame), VIEW)
    again.close_file(0)
    again.finish(JobContext())
    assert files_in(writer) == [("a", 0), *(("b", frame) for frame in range(4))]
    assert (again.encoded, again.reused) == (1, 3), "vectors of the part before are used"


def test_that_rows_keep_their_order_where_some_have_vectors_already(
    writer: CollectionWriter,
) -> None:
    first = storing_into(writer)
    for frame in range(2):
        first.add(record("b", frame), VIEW)
    first.stop()
    store = storing_into(writer)
    for file, frames in {"a": 1, "b": 2, "c": 1}.items():
        for frame in range(frames):
            store.add(record(file, frame), VIEW)
        store.close_file(0)
    store.finish(JobContext())
    assert files_in(writer) == [("a", 0), ("b", 0), ("b", 1), ("c", 0)]
    assert (store.encoded, store.reused) == (2, 2)


def test_that_a_dropped_file_leaves_no_row(writer: CollectionWriter) -> None:
    store = storing_into(writer)
    store.add(record("a"), VIEW)
    store.add(record("a", 1), VIEW)
    assert store.drop_file() == 2
    store.add(record("b"), VIEW)
    store.close_file(0)
    store.finish(JobContext())
    assert files_in(writer) == [("b", 0)]


def test_that_refused_frames_are_counted_in_the_rows_of_their_file(
    writer: CollectionWriter,
) -> None:
    store = storing_into(writer)
    store.add(record("a"), VIEW)
    store.close_file(3)
    store.finish(JobContext())
    table = writer.reader().table("images").read(storing_schema(), ["refused"])
    assert table["refused"].to_pylist() == [3]


def storing_schema() -> Any:
    from vlm_explorer.collection.records import schema

    return schema(ImageRecord)


def test_that_what_waits_is_encoded_and_stored_by_the_clock(
    writer: CollectionWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "_FIRST_COMMIT", 0.0)
    store = storing_into(writer, batch_size=50)
    store.add(record("a"), VIEW)
    store.close_file(0)
    while not files_in(writer):  # the batch is encoded in a thread
        store.tick()
    assert files_in(writer) == [("a", 0)]


def test_that_the_files_of_a_table_stay_few_while_it_grows(
    writer: CollectionWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "_TIDY", 5)
    store = storing_into(writer, batch_size=1)
    for number in range(20):
        store.add(record(f"{number:03}"), VIEW)
        store.close_file(0)
        store.stop()
    import lance

    folder = writer.folder / "images.lance"
    assert len(lance.dataset(str(folder)).get_fragments()) <= 6
    assert files_in(writer) == [(f"{number:03}", 0) for number in range(20)]


def test_that_a_row_of_a_file_that_moved_takes_its_new_name(writer: CollectionWriter) -> None:
    store = storing_into(writer)
    store.add(record("a"), VIEW)
    store.close_file(0)
    store.finish(JobContext())
    writer.mark_removed([record("a").image_id], "2026-01-02T03:04:05+00:00")
    moved = storing_into(writer)
    moved.add(replace(record("a"), file="elsewhere"), VIEW)
    moved.close_file(0)
    moved.finish(JobContext())
    assert files_in(writer) == [("elsewhere", 0)]
    assert (moved.encoded, moved.reused) == (0, 1)


def test_that_a_run_that_goes_on_encodes_at_the_places_of_one_that_was_not_cut_off(
    writer: CollectionWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "_FIRST_COMMIT", 0.0)  # no batch waits to be full
    monkeypatch.setattr(storing, "COMMIT_SECONDS", 0.0)
    for begin, end in ((0, 5), (5, 6), (6, 13)):
        store = storing_into(writer, batch_size=4)
        for number in range(begin, end):
            store.add(record(chr(97 + number)), VIEW)
            store.close_file(0)
            store.tick()
        store.finish(JobContext())
    places = Collection(writer.folder).vectors()[:, 2]
    assert places.tolist() == [number % 4 for number in range(13)]
