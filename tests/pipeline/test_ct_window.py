from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scan_folder import IMAGES

from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import Cancelled, JobContext, Progress
from vlm_explorer.pipeline.indexing import index
from vlm_explorer.pipeline.report import IndexReport
from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.encoding_window import render_for_encoder
from vlm_explorer.queries.layout import LayoutRequest, layout
from vlm_explorer.queries.search import SearchRequest, query_vector
from vlm_explorer.viewmodels.viewer_encoder_view import see_as_encoder
from vlm_explorer.viewmodels.viewer_frames import FrameKey


class Recording:
    """An encoder that keeps what it was given."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.given: list[np.ndarray] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode_images(self, images: Sequence[np.ndarray], **options: Any) -> np.ndarray:
        self.given += list(images)
        return self._encoder.encode_images(images, **options)


def run(scans: Path, encoder: Any, **options: Any) -> tuple[IndexReport, Collection]:
    report = index([scans], to=scans.parent / "own.vlmx", encoder=encoder, workers=1, **options)
    return report, Collection(Path(report.collection))


def expected(collection: Collection, encoder: Encoder, choice: str) -> np.ndarray:
    rows = collection.images.select(["file", "frame"]).to_pylist()
    frames = [read_frame(Path(row["file"]), row["frame"]) for row in rows]
    pixels = [render_for_encoder(frame, choice).pixels for frame in frames]
    return encoder.encode_images(pixels)


@pytest.mark.parametrize("choice", ["lung", "three windows"])
def test_that_another_choice_encodes_only_ct_anew_and_is_kept(
    scans: Path, encoder: Encoder, choice: str
) -> None:
    first, before = run(scans, encoder)
    assert first.ct_window == before.encoder_entry().ct_window == "default"
    # c.png says CT in the captions table; its pixels are not, and its picture is the same
    changed, after = run(scans, encoder, ct_window=choice)
    assert (changed.encoded, changed.reused, changed.ct_window) == (2, IMAGES - 2, choice)
    assert after.encoder_entry().recipe == f"render-2+ct:{choice}"
    np.testing.assert_allclose(after.vectors(), expected(after, encoder, choice), atol=2e-3)
    again, _ = run(scans, encoder)
    assert (again.encoded, again.ct_window) == (0, choice), "without the option it stays"
    back, there = run(scans, encoder, ct_window="default")
    assert (back.encoded, back.ct_window) == (0, "default"), "vectors of both are there"
    np.testing.assert_array_equal(there.vectors(), before.vectors())


def test_that_only_ct_differs_between_two_choices(scans: Path, encoder: Encoder) -> None:
    _, before = run(scans, encoder)
    _, after = run(scans, encoder, ct_window="brain")
    files = [Path(file).name for file in after.images["file"].to_pylist()]
    differ = np.abs(before.vectors() - after.vectors()).max(axis=1) > 1e-2
    assert [name for name, other in zip(files, differ, strict=True) if other] == ["ct"]


def test_that_until_a_change_is_done_the_choice_before_it_holds(
    scans: Path, encoder: Encoder
) -> None:
    _, before = run(scans, encoder)
    # the duplicate comes first, then c.png, then the DICOM file
    context: JobContext

    def stop(progress: Progress) -> None:
        if progress.message.startswith("Reading images") and progress.done >= 2:
            context.cancel()

    context = JobContext(stop, min_interval=0)
    with pytest.raises(Cancelled):
        run(scans, encoder, ct_window="bone", context=context, batch_size=1)
    between = Collection(before.folder)
    assert between.encoder_entry().ct_window == "default"
    np.testing.assert_array_equal(between.vectors(), before.vectors())
    report, after = run(scans, encoder, ct_window="bone")
    assert report.encoded == 1, "what was encoded before the stop is used"
    np.testing.assert_allclose(after.vectors(), expected(after, encoder, "bone"), atol=2e-3)


def test_that_a_map_made_through_one_window_is_not_shown_for_another(
    scans: Path, encoder: Encoder
) -> None:
    request = LayoutRequest(method="pca", space="images")
    _, before = run(scans, encoder)
    old = layout(before, request)
    _, after = run(scans, encoder, ct_window="brain")
    assert not np.array_equal(layout(after, request).xy, old.xy)


def test_that_an_image_file_is_sought_through_the_collections_window(
    scans: Path, encoder: Encoder
) -> None:
    _, collection = run(scans, encoder, ct_window="bone")
    ct = scans / "sub" / "ct"
    row = [Path(file).name for file in collection.images["file"].to_pylist()].index("ct")
    found = query_vector(collection, encoder, SearchRequest(images=(str(ct),)))
    np.testing.assert_allclose(found, collection.vectors()[row], atol=2e-3)
    by_default = encoder.encode_images([render_for_encoder(read_frame(ct)).pixels])[0]
    assert np.abs(found - by_default).max() > 1e-2


@pytest.mark.parametrize("choice", ["default", "lung", "three windows"])
def test_that_the_model_view_is_what_was_encoded(
    scans: Path, encoder: Encoder, choice: str
) -> None:
    recording = Recording(encoder)
    index(
        [scans / "sub" / "ct"],
        to=scans.parent / "one.vlmx",
        encoder=recording,  # type: ignore[arg-type]
        ct_window=choice,
    )
    path = scans / "sub" / "ct"
    key = FrameKey(str(path), 0)
    view = see_as_encoder(encoder, read_frame(path), key, choice, context=JobContext())
    np.testing.assert_array_equal(recording.given[0], view)


def test_that_an_unknown_window_is_refused(scans: Path, encoder: Encoder) -> None:
    with pytest.raises(UsageError, match="liver"):
        run(scans, encoder, ct_window="liver")
