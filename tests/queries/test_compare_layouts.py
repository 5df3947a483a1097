"""Two encoders, and two layouts of one, of a real collection."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy import spatial
from two_encoders import FIRST, SECOND, build_two

from vlm_explorer.api import open_collection
from vlm_explorer.cli import main
from vlm_explorer.errors import ModelNotFound, UsageError
from vlm_explorer.queries.compare_layouts import CompareRequest, compare_layouts
from vlm_explorer.queries.layout_request import LayoutRequest

IMAGES, KNOWN = 24, 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_two(tmp_path_factory.mktemp("two") / "two.vlmx", IMAGES, KNOWN)


def neighbours(vectors: np.ndarray, k: int) -> list[set[int]]:
    cosine = vectors @ vectors.T
    np.fill_diagonal(cosine, -np.inf)
    return [set(row) for row in np.argsort(-cosine, axis=1)[:, :k]]


def test_that_the_overlap_is_that_of_exact_neighbours_among_the_images_of_both(
    folder: Path,
) -> None:
    collection = open_collection(folder)
    answer = collection.compare(SECOND, model=FIRST, method="pca", k=4)
    assert answer.image_ids == answer.second.image_ids
    assert (len(answer.image_ids), answer.images) == (KNOWN, IMAGES)
    assert (answer.only_first, answer.only_second, answer.k) == (IMAGES - KNOWN, 0, 4)
    assert answer.measured == "space"
    first = collection.vectors(FIRST)[:KNOWN]
    _, second = collection.present_vectors(SECOND)
    pairs = list(zip(neighbours(first, 4), neighbours(second, 4), strict=True))
    expected = [len(a & b) / len(a | b) for a, b in pairs]
    np.testing.assert_allclose(answer.overlap, expected)
    assert answer.mean == pytest.approx(np.mean(expected))
    assert answer.shared == pytest.approx(np.mean([len(a & b) / 4 for a, b in pairs]))
    assert answer.shared_by_chance == pytest.approx(4 / (KNOWN - 1))
    low, high = answer.interval
    assert low < answer.mean < high
    assert answer.mean > answer.chance
    assert answer.cka is not None
    assert 0.3 < answer.cka < 1


def test_that_the_second_map_is_aligned_to_the_first(folder: Path) -> None:
    answer = open_collection(folder).compare(SECOND, model=FIRST, method="pca")
    _, _, disparity = spatial.procrustes(answer.first.xy[:KNOWN], answer.second.xy)
    assert answer.alignment.disparity == pytest.approx(disparity, abs=1e-5)
    left = ((answer.aligned_xy - answer.first.xy[:KNOWN]) ** 2).sum()
    spread = ((answer.first.xy[:KNOWN] - answer.first.xy[:KNOWN].mean(axis=0)) ** 2).sum()
    assert left / spread == pytest.approx(disparity, abs=1e-5)
    assert answer.aligned_text_xy.shape == answer.second.text_xy.shape


def test_that_two_layouts_of_one_space_are_compared_on_the_maps(folder: Path) -> None:
    collection = open_collection(folder)
    answer = collection.compare(FIRST, model=FIRST, method="pca", other_space="images", k=4)
    assert (answer.measured, answer.cka) == ("map", None)
    same = collection.compare(FIRST, model=FIRST, method="pca", k=4)
    assert (same.mean, same.shared) == (1, 1)
    assert same.alignment.disparity == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(same.aligned_xy, same.first.xy, atol=1e-5)


def test_that_another_space_of_one_encoder_has_other_neighbours(folder: Path) -> None:
    answer = open_collection(folder).compare(
        FIRST, model=FIRST, method="pca", other_space="centred", k=4
    )
    assert answer.measured == "space"
    assert answer.cka is not None
    assert answer.mean < 1


def test_that_what_took_long_is_read_back_and_a_damaged_file_made_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_collection(folder).compare(SECOND, model=FIRST, method="pca", k=3)
    files = list((folder / "layouts").glob("overlap-*.npz"))
    with monkeypatch.context() as patch:
        patch.setattr("vlm_explorer.queries.compare_layouts.nearest", None)
        again = open_collection(folder).compare(SECOND, model=FIRST, method="pca", k=3)
    np.testing.assert_array_equal(first.overlap, again.overlap)
    assert (first.cka, first.cka_unbiased) == (again.cka, again.cka_unbiased)
    whole = files[0].read_bytes()
    for damaged in (b"damaged", b"", whole[: len(whole) // 2]):
        for file in files:
            file.write_bytes(damaged)
        third = open_collection(folder).compare(SECOND, model=FIRST, method="pca", k=3)
        np.testing.assert_array_equal(first.overlap, third.overlap)


def test_that_of_very_many_images_a_sample_is_measured_against_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = open_collection(folder).compare(SECOND, model=FIRST, method="pca", k=5)
    for file in (folder / "layouts").glob("overlap-*.npz"):
        file.unlink()
    with monkeypatch.context() as patch:
        patch.setattr("vlm_explorer.queries.compare_layouts._MOST_COSINES", KNOWN * 8)
        patch.setattr("vlm_explorer.queries.compare_layouts._FEWEST_MEASURED", 1)
        some = open_collection(folder).compare(SECOND, model=FIRST, method="pca", k=5)
        words = ["--model", FIRST, "--with", SECOND, "--k", "5", "--method", "pca"]
        assert main(["compare", str(folder), *words]) == 0
    assert "overlap measured on 8 of them, each against all" in capsys.readouterr().out
    measured = np.isfinite(some.overlap)
    assert (measured.sum(), some.measured_images, whole.measured_images) == (8, 8, KNOWN)
    np.testing.assert_array_equal(some.overlap[measured], whole.overlap[measured])
    assert some.mean == pytest.approx(whole.overlap[measured].mean())
    assert some.cka == whole.cka
    for file in (folder / "layouts").glob("overlap-*.npz"):
        file.unlink()


def test_that_a_map_that_is_there_is_not_laid_out_again(folder: Path) -> None:
    collection = open_collection(folder)
    map_ = collection.layout(method="pca", model=FIRST)
    turned = replace(map_, xy=map_.xy @ np.array([[0, 1], [-1, 0]], np.float32))
    request = CompareRequest(FIRST, SECOND, LayoutRequest("pca"), LayoutRequest("pca"), 4)
    answer = compare_layouts(collection, request, first=turned)
    assert answer.first is turned
    usual = collection.compare(SECOND, model=FIRST, method="pca", k=4)
    assert answer.alignment.disparity == pytest.approx(usual.alignment.disparity, abs=1e-6)
    np.testing.assert_array_equal(answer.overlap, usual.overlap)


def test_that_few_images_have_fewer_neighbours_or_none(tmp_path: Path) -> None:
    nine = open_collection(build_two(tmp_path / "nine.vlmx", 9))
    assert nine.compare(SECOND, model=FIRST, method="pca").k == 4
    three = open_collection(build_two(tmp_path / "three.vlmx", 3))
    answer = three.compare(SECOND, model=FIRST, method="pca")
    assert (answer.k, len(answer.image_ids)) == (0, 3)
    assert np.isnan([*answer.overlap, answer.mean, answer.chance, answer.shared]).all()


def test_that_what_cannot_be_compared_is_refused_in_words(folder: Path) -> None:
    collection = open_collection(folder)
    with pytest.raises(ModelNotFound, match="nobody"):
        collection.compare("nobody", method="pca")
    with pytest.raises(UsageError, match="neighbour"):
        collection.compare(SECOND, model=FIRST, method="pca", k=0)
    with pytest.raises(UsageError, match="method"):
        collection.compare(SECOND, model=FIRST, method="pca", other_method="none")


def test_that_the_command_prints_the_figures_of_the_api(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = open_collection(folder).compare(SECOND, model=FIRST, method="pca", k=4)
    words = ["compare", str(folder), "--model", FIRST, "--with", SECOND, "--k", "4"]
    words += ["--method", "pca"]
    assert main([*words, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["model"], facts["with"], facts["k"]) == (FIRST, SECOND, 4)
    assert facts["overlap"] == pytest.approx(answer.mean)
    assert facts["cka"] == pytest.approx(answer.cka)
    assert (facts["compared"], facts["images"]) == (KNOWN, IMAGES)
    assert len(facts["points"]) == KNOWN
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "20 of 24 images are on both maps (4 only on the first, 0 only on the second)" in said
    assert f"{answer.mean:.3f} (Jaccard of 4 neighbours in the full spaces" in said
    out = tmp_path / "compared.parquet"
    assert main([*words, "--out", str(out)]) == 0
    np.testing.assert_allclose(pq.read_table(out)["overlap"].to_numpy(), answer.overlap)
    assert main(["compare", str(folder), "--model", FIRST, "--with", "nobody"]) == 1


def test_that_a_kept_layout_is_compared_as_it_was_kept(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    collection = open_collection(folder)
    kept = collection.layout(method="pca", space="centred", model=SECOND)
    collection.layouts.keep(kept, "mine")
    answer = collection.compare(SECOND, model=FIRST, method="pca", other_name="mine")
    np.testing.assert_array_equal(answer.second.xy, kept.xy)
    assert (answer.first.model, answer.second.model) == (FIRST, SECOND)
    assert answer.second.request.space == "centred"
    afresh = collection.compare(SECOND, model=FIRST, method="pca", other_space="centred")
    np.testing.assert_array_equal(answer.overlap, afresh.overlap)
    words = ["compare", str(folder), "--model", FIRST, "--method", "pca", "--with-name", "mine"]
    assert main([*words, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["with"], facts["space"]) == (SECOND, ["raw", "centred"])
    assert main([*words[:-1], "none such"]) == 1
    assert "no layout named" in capsys.readouterr().err
