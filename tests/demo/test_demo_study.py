import csv
import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from vlm_explorer.demo import study
from vlm_explorer.demo.plan import BLOCK, plan_case
from vlm_explorer.demo.study import FINDINGS, generate_case, write_study
from vlm_explorer.errors import StorageProblem, UsageError
from vlm_explorer.jobs import Cancelled, JobContext


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "captions.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def truth_of(folder: Path) -> dict:
    return json.loads((folder / "truth.json").read_text(encoding="utf-8"))


def test_that_the_same_seed_gives_the_same_bytes_in_one_process_and_in_two(tmp_path, monkeypatch):
    write_study(tmp_path / "alone", images=14, seed=11)
    monkeypatch.setattr(study, "FEW_CASES", 1)
    write_study(tmp_path / "pool", images=14, seed=11)
    first, second = digests(tmp_path / "alone"), digests(tmp_path / "pool")
    assert first == second
    assert len(first) == 16


def test_that_a_smaller_study_replaces_a_larger_one_and_leaves_other_files(tmp_path):
    other = tmp_path / "DEMO-0001" / "notes.txt"
    write_study(tmp_path, images=8, seed=1)
    other.write_text("mine")
    write_study(tmp_path, images=3, seed=2)
    files = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.dcm")}
    assert files == set(truth_of(tmp_path))
    assert len(files) == 3
    assert other.read_text() == "mine"


def test_that_another_seed_gives_other_pictures():
    first, second = (generate_case(seed, 0)[0] for seed in (1, 2))
    assert first.stored.tobytes() != second.stored.tobytes()


def test_that_exactly_the_wanted_number_of_files_is_written(written_study):
    folder, summary, _ = written_study
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*.dcm")}
    rows = rows_of(folder)
    assert len(files) == summary.images == 90
    assert {row["file"] for row in rows} == files == set(truth_of(folder))
    assert summary.labels == dict(Counter(row["label"] for row in rows))
    assert summary.patients == len({row["patient"] for row in rows})


def test_that_the_table_of_captions_has_the_agreed_columns(written_study):
    folder, _, _ = written_study
    rows = rows_of(folder)
    assert list(rows[0]) == ["file", "caption", "label", "modality", "patient"]
    assert {row["modality"] for row in rows} == {"XR", "CT", "MR", "MG", "US"}
    assert all(row["caption"] for row in rows)
    assert all(row["file"].startswith(row["patient"] + "/") for row in rows)


def test_that_a_label_is_the_set_of_the_true_findings(written_study):
    folder, _, _ = written_study
    truth = truth_of(folder)
    for row in rows_of(folder):
        names = {f["name"] for f in truth[row["file"]]["findings"]}
        assert row["label"] == ("; ".join(sorted(names)) or "normal")


@pytest.mark.parametrize("index", range(0, 114, 3))
def test_that_boxes_lie_in_their_images_and_are_large_enough(index):
    for image in generate_case(3, index):
        rows, cols = image.stored.shape
        for finding in image.findings:
            x0, y0, x1, y1 = finding.box
            assert 0 <= x0 < x1 <= cols
            assert 0 <= y0 < y1 <= rows
            assert x1 - x0 >= 0.08 * cols
            assert y1 - y0 >= 0.08 * rows
            assert (image.modality_group, image.region) in FINDINGS[finding.name]
            assert finding.side in ("left", "right", "bilateral", "")


def test_that_every_finding_is_dealt_and_none_crowds_out_the_others():
    counts: dict[str, Counter] = {kind: Counter() for kind in BLOCK}
    images: Counter = Counter()
    for index in range(600):
        plan = plan_case(7, index)
        images[plan.kind] += plan.images
        counts[plan.kind].update({name for name, _ in plan.wanted} or {"normal"})
    assert {n for kind in counts.values() for n in kind} == {*FINDINGS, "normal"}
    for kind in counts.values():
        found = [number for name, number in kind.items() if name != "normal"]
        assert max(found) <= 2.2 * min(found)
    total = sum(images.values())
    assert images["radiograph"] / total == pytest.approx(0.35, abs=0.04)
    ct = sum(images[kind] for kind in images if kind.startswith("ct"))
    assert ct / total == pytest.approx(0.25, abs=0.04)
    assert images["mr head"] / total == pytest.approx(0.20, abs=0.04)


def test_that_a_case_has_as_many_images_as_its_plan_says():
    for index in range(14):
        assert len(generate_case(5, index)) == plan_case(5, index).images


def test_that_progress_is_told_and_that_the_writing_can_be_stopped(tmp_path):
    seen = []
    write_study(
        tmp_path / "whole", images=4, seed=1, context=JobContext(seen.append, min_interval=0)
    )
    assert seen[-1].done == seen[-1].total == 4
    context = JobContext(lambda progress: context.cancel(), min_interval=0)
    with pytest.raises(Cancelled):
        write_study(tmp_path / "part", images=200, seed=1, context=context)
    assert not (tmp_path / "part" / "captions.csv").exists()


@pytest.mark.parametrize(("images", "seed"), [(0, 1), (-3, 1), (4, -1)])
def test_that_impossible_numbers_are_refused(tmp_path, images, seed):
    with pytest.raises(UsageError):
        write_study(tmp_path, images=images, seed=seed)


def test_that_a_folder_that_cannot_be_made_is_told_in_plain_words(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StorageProblem) as caught:
        write_study(tmp_path / "taken", images=1)
    assert caught.value.hint


def test_that_a_lesion_hidden_behind_the_diaphragm_is_no_finding_of_that_slice() -> None:
    images = generate_case(91, 149)  # the dome covers all of its consolidation in one slice
    names = [[finding.name for finding in image.findings] for image in images]
    assert names == [["consolidation"], ["consolidation"], []]
