"""A review finds what was planted, and says the same as a count by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from planted_study import Planted, plant
from shell_collection import build_collection
from sklearn.metrics import roc_auc_score
from sklearn.metrics.pairwise import cosine_similarity

import vlm_explorer as vlm
from vlm_explorer.api import Collection
from vlm_explorer.collection.records import text_key
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.review_marks import Mark, read_marks, write_marks
from vlm_explorer.queries.review_rows import (
    COLUMNS,
    MARK_COLUMNS,
    duplicate_rows,
    mark_rows,
    mispaired_rows,
    outlier_rows,
)
from vlm_explorer.queries.series_codes import series_codes

Study = tuple[Planted, Collection]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The planted study, indexed with the bundled encoder; read-only."""
    root = tmp_path_factory.mktemp("planted")
    planted = plant(root / "study", images=120)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLM_EXPLORER_HOME", str(root / "home"))
        encoder = vlm.load_encoder("demo")
        collection = vlm.index([root / "study"], to=root / "own.vlmx", encoder=encoder, workers=1)
    return planted, collection


def names(study: Study) -> list[str]:
    planted, collection = study
    files = collection.images["file"].to_pylist()
    return [Path(file).relative_to(planted.folder).as_posix() for file in files]


@pytest.mark.slow
def test_that_planted_copies_are_found(study: Study) -> None:
    planted, collection = study
    answer = collection.duplicates(threshold=0.99)
    name = names(study)
    found = {frozenset(name[row] for row in pair) for pair in answer.pairs}
    wanted = {frozenset(pair) for pair in planted.copies}
    recall = len(found & wanted) / len(wanted)
    precision = len(found & wanted) / len(found)
    print(f"copies at cosine 0.99: precision {precision:.2f}, recall {recall:.2f}")
    assert recall == 1
    assert precision >= 0.6  # neighbours in the anatomy are nearly the same, too


def test_that_planted_pictures_of_nothing_lie_far_from_all_others(study: Study) -> None:
    planted, collection = study
    answer = collection.outliers()
    name = names(study)
    nothing = np.isin(name, planted.noise)
    auroc = roc_auc_score(nothing, answer.score)
    found = nothing[answer.outliers].sum()
    print(
        f"outliers at {answer.threshold:.3f}: {len(answer.outliers)} found, {found} of "
        f"{nothing.sum()} planted; AUROC {auroc:.3f}"
    )
    assert auroc >= 0.95  # rare kinds of scans are unlike all others, too
    assert auroc > roc_auc_score(nothing, answer.distance)
    assert np.median(answer.score[nothing]) > 2
    assert abs(np.nanmedian(answer.score)) < 0.5


def test_that_swapped_captions_are_found(study: Study) -> None:
    planted, collection = study
    answer = collection.mispaired()
    name = names(study)
    found = {name[answer.image[pair]] for pair in answer.mispaired}
    wanted = set(planted.swapped)
    recall, precision = (len(found & wanted) / len(of) for of in (wanted, found))
    print(f"swapped captions at 25 %: precision {precision:.2f}, recall {recall:.2f}")
    assert recall >= 0.8
    assert precision >= 0.8


def test_that_pairs_of_one_series_are_left_out_unless_asked_for(study: Study) -> None:
    _, collection = study
    series = series_codes(collection.images)
    assert len(set(series.tolist())) < len(series)  # some have several slices
    across = collection.duplicates(threshold=0.9)
    everything = collection.duplicates(threshold=0.9, across_series=False)
    pairs = {tuple(pair) for pair in everything.pairs.tolist()}
    apart = {pair for pair in pairs if series[pair[0]] != series[pair[1]]}
    assert {tuple(pair) for pair in across.pairs.tolist()} == apart
    assert len(apart) < len(pairs)
    assert (everything.nearest >= across.nearest).all()


def test_that_plain_images_of_a_folder_are_no_series(study: Study) -> None:
    planted, collection = study
    series = series_codes(collection.images)
    plain = [row for row, name in enumerate(names(study)) if name.startswith("planted/")]
    assert len(plain) == len(planted.copies) + len(planted.noise)
    assert len({int(series[row]) for row in plain}) == len(plain)


def test_that_groups_hold_all_that_hangs_together(study: Study) -> None:
    _, collection = study
    answer = collection.duplicates(threshold=0.95)
    for group in range(answer.groups):
        images = set(answer.pairs[answer.group == group].ravel().tolist())
        others = set(answer.pairs[answer.group != group].ravel().tolist())
        assert not images & others
    assert answer.group[0] == 0


def test_that_ranks_are_those_of_all_cosines(study: Study) -> None:
    _, collection = study
    answer = collection.mispaired(threshold=0)
    texts = collection.texts.to_pydict()
    vectors = dict(zip(texts["text"], collection.text_vectors(), strict=True))
    distinct = list(vectors)
    cosine = cosine_similarity(collection.vectors(), np.stack(list(vectors.values())))
    for pair in range(0, len(answer.captions), 7):
        image, text = int(answer.image[pair]), distinct.index(answer.captions[pair])
        own = {other["text"] for other in collection.texts.to_pylist() if other["image_id"]
               == answer.image_ids[image]}  # fmt: skip
        rivals = [column for column, other in enumerate(distinct) if other not in own]
        better = int((cosine[image, rivals] > cosine[image, text] + 1e-6).sum())
        assert answer.ranks.text_rank[pair] == better + 1
        assert answer.ranks.text_rivals[pair] == len(rivals)
        assert answer.ranks.cosine[pair] == pytest.approx(cosine[image, text], abs=1e-3)


def test_that_every_row_has_the_columns_of_its_check(study: Study) -> None:
    _, collection = study
    for check, rows in (
        ("duplicates", duplicate_rows(collection, collection.duplicates())),
        ("outliers", outlier_rows(collection, collection.outliers())),
        ("mispaired", mispaired_rows(collection, collection.mispaired())),
    ):
        assert rows
        assert all(tuple(row) == COLUMNS[check] for row in rows)


def test_that_requests_that_make_no_sense_are_refused(study: Study) -> None:
    _, collection = study
    for ask in (
        lambda: collection.duplicates(threshold=1.5),
        lambda: collection.outliers(threshold=float("nan")),
        lambda: collection.outliers(k=0),
        lambda: collection.mispaired(threshold=2),
    ):
        with pytest.raises(UsageError):
            ask()


def test_that_a_collection_without_captions_says_so(tmp_path: Path) -> None:
    from vlm_explorer.collection.writer import CollectionWriter

    folder = build_collection(tmp_path / "small.vlmx")
    with CollectionWriter(folder) as writer:
        writer.set_texts([])
    with pytest.raises(UsageError, match="has a caption"):
        vlm.open_collection(folder).mispaired()


def test_that_captions_of_the_same_words_are_no_rivals(tmp_path: Path) -> None:
    collection = vlm.open_collection(build_collection(tmp_path / "small.vlmx"))
    answer = collection.mispaired(threshold=0)
    distinct = len(set(answer.captions))
    assert distinct < len(answer.captions) == len(answer.image_ids)
    assert set(answer.ranks.text_rivals.tolist()) == {distinct - 1}
    assert text_key(answer.captions[0]) == text_key(answer.captions[9])  # shared by their images
    alike = sum(caption == answer.captions[0] for caption in answer.captions)
    assert answer.ranks.image_rivals[0] == len(answer.image_ids) - alike
    assert (answer.caption_rank == answer.ranks.text_rank).all()  # one caption an image


def test_that_marks_are_kept_whole_and_what_is_none_is_passed_over(tmp_path: Path) -> None:
    collection = vlm.open_collection(build_collection(tmp_path / "small.vlmx"))
    assert read_marks(collection) == []
    marks = [
        Mark("duplicates", ("image0001-0", "image0002-0"), verdict="drop first"),
        Mark("outliers", ("image0003-0",), verdict="keep"),
        Mark("mispaired", ("image0003-0",), "=SUM(A1)", "drop"),
    ]
    write_marks(collection, marks)
    assert read_marks(collection) == marks
    kept = collection.user_state("review")
    kept["marks"] += [{"check": "outliers"}, 7, {**kept["marks"][1], "verdict": "burn"}]
    collection.set_user_state("review", kept)
    assert read_marks(collection) == marks
    rows = mark_rows(collection, marks, {marks[0]: 0.99})
    assert all(tuple(row) == MARK_COLUMNS for row in rows)
    assert [row["drop_image_id"] for row in rows] == ["image0001-0", "", "image0003-0"]
    assert [row["mark"] for row in rows] == ["drop", "keep", "drop"]
    assert rows[0]["value"] == 0.99
