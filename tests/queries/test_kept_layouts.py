from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shell_collection import build_collection

from vlm_explorer.analysis import landmarks
from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.queries import kept_layouts, map_trust
from vlm_explorer.queries.layout import LayoutRequest, layout
from vlm_explorer.queries.named_layouts import NamedLayouts


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    """A small collection of the test's own."""
    return Collection(build_collection(tmp_path / "small.vlmx"))


@pytest.fixture
def large_collection(tmp_path: Path) -> Collection:
    """One that has neighbourhoods."""
    return Collection(build_collection(tmp_path / "large.vlmx", images=120))


def names(collection: Collection) -> list[str]:
    return [named.name for named in NamedLayouts(collection)]


def test_that_a_named_layout_opens_as_it_was_kept(collection: Collection) -> None:
    request = LayoutRequest(method="pca", space="crossmodal", seed=11)
    answer = layout(collection, request)
    named = NamedLayouts(collection).keep(answer, "  By   images ")
    again = NamedLayouts(Collection(collection.folder)).open("by images")
    assert (named.name, named.images, named.texts) == (
        "By images",
        len(answer.image_ids),
        len(answer.texts),
    )
    assert again.request == named.request == request
    for field in ("model", "image_ids", "text_ids", "texts", "gap", "trust", "quality", "key"):
        assert getattr(again, field) == getattr(answer, field)
    np.testing.assert_array_equal(again.xy, answer.xy)
    np.testing.assert_array_equal(again.text_xy, answer.text_xy)


def test_that_named_layouts_are_listed_renamed_and_removed(collection: Collection) -> None:
    answer = layout(collection, LayoutRequest(method="pca"))
    for name in ("first", "second"):
        NamedLayouts(collection).keep(answer, name)
    assert names(collection) == ["first", "second"]
    NamedLayouts(collection).rename("FIRST", "First of all")
    assert sorted(names(collection)) == ["First of all", "second"]
    np.testing.assert_array_equal(NamedLayouts(collection).open("First of all").xy, answer.xy)
    NamedLayouts(collection).remove("second")
    assert names(collection) == ["First of all"]
    assert NamedLayouts(collection).find("second") is None


def test_that_a_name_that_is_taken_empty_or_unknown_is_refused(collection: Collection) -> None:
    answer = layout(collection, LayoutRequest(method="pca"))
    NamedLayouts(collection).keep(answer, "Taken")
    NamedLayouts(collection).keep(answer, "Other")
    for wrong in ("taken", "  ", "x" * 200, "two\x07lines"):
        with pytest.raises(UsageError):
            NamedLayouts(collection).keep(answer, wrong)
    with pytest.raises(UsageError):
        NamedLayouts(collection).rename("Other", "TAKEN")
    assert NamedLayouts(collection).rename("Other", "OTHER").name == "OTHER"
    with pytest.raises(UsageError, match="no layout named “Gone”") as raised:
        NamedLayouts(collection).open("Gone")
    assert "“Taken”" in raised.value.hint


def test_that_a_damaged_named_layout_is_not_listed_and_harms_nothing(
    collection: Collection,
) -> None:
    answer = layout(collection, LayoutRequest(method="pca"))
    named = NamedLayouts(collection).keep(answer, "Fine")
    (named.file.parent / "damaged.npz").write_bytes(b"PK\x03\x04 nothing")
    assert names(collection) == ["Fine"]


def test_that_settings_that_a_method_does_not_know_do_not_make_another_layout(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = layout(collection, LayoutRequest(method="pca"))
    monkeypatch.setattr("vlm_explorer.queries.layout.project", None)
    other = layout(collection, LayoutRequest(method="pca", perplexity=50, n_neighbors=5))
    np.testing.assert_array_equal(first.xy, other.xy)
    assert other.request.perplexity == 50


def test_that_texts_placed_by_images_belong_to_the_map_with_their_gap(
    collection: Collection,
) -> None:
    raw = layout(collection, LayoutRequest(method="pca", space="raw"))
    placed = layout(collection, LayoutRequest(method="pca", space="crossmodal"))
    images = layout(collection, LayoutRequest(method="pca", space="images"))
    assert placed.texts == raw.texts
    assert placed.gap == pytest.approx(raw.gap)
    np.testing.assert_array_equal(placed.xy, images.xy)


def test_that_trust_is_measured_judged_or_not_and_kept(
    large_collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = LayoutRequest(method="pca", space="centred", seed=3)
    unjudged = layout(large_collection, request, judged=False)
    assert (unjudged.trust, unjudged.quality) == (None, ())
    judged = layout(large_collection, request)
    trust = map_trust.map_trust(large_collection, unjudged)
    assert trust.quality == judged.quality
    assert judged.trust == pytest.approx(trust.quality[0].trustworthiness)
    assert trust.kept.shape == (len(judged.image_ids),)
    assert np.mean(trust.kept) == pytest.approx(trust.quality[0].kept, abs=1e-3)
    monkeypatch.setattr(map_trust, "judge", None)
    again = map_trust.map_trust(large_collection, unjudged)
    np.testing.assert_array_equal(again.kept, trust.kept)
    assert again.quality == trust.quality


def test_that_both_parts_of_a_map_with_landmarks_have_their_trust(
    large_collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landmarks, "LANDMARKS", 50)
    answer = layout(large_collection, LayoutRequest(method="umap", space="images", seed=8))
    assert answer.laid_out is not None
    whole, laid_out, placed = answer.quality
    assert (laid_out.points, placed.points) == (50, answer.placed)
    assert whole.points == laid_out.points + placed.points
    again = kept_layouts.read_layout(large_collection.folder / "layouts" / f"{answer.key}.npz")
    assert again is not None
    np.testing.assert_array_equal(again.laid_out, answer.laid_out)
    assert again.quality == answer.quality
    assert map_trust.map_trust(large_collection, answer).quality == answer.quality


def test_that_a_layout_named_before_some_images_were_gone_is_judged_by_the_others(
    large_collection: Collection,
) -> None:
    answer = layout(large_collection, LayoutRequest(method="pca", seed=2))
    strange = type(answer)(
        answer.request,
        answer.model,
        (*answer.image_ids, "gone-0"),
        np.concatenate([answer.xy, [[0, 0]]]).astype(np.float32),
        (), (), np.empty((0, 2), np.float32), None, None,
    )  # fmt: skip
    trust = map_trust.map_trust(large_collection, strange)
    assert np.isnan(trust.kept[-1])
    assert np.isfinite(trust.kept[:-1]).all()
