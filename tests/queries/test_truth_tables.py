"""Truth from tables as CheXpert, NIH and VinDr have them, against scikit-learn and by hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from shell_collection import LABELS, FakeEncoder, build_collection
from sklearn import metrics

from vlm_explorer.api import Collection as ApiCollection
from vlm_explorer.api import open_collection
from vlm_explorer.cli import main
from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.classify import ClassifyRequest, classify
from vlm_explorer.queries.evaluate import evaluate
from vlm_explorer.queries.evaluate_answer import EvaluateAnswer, EvaluateRequest
from vlm_explorer.queries.evaluate_truth import FINDINGS, find_cases
from vlm_explorer.queries.prompt_sensitivity import prompt_sensitivity
from vlm_explorer.queries.sensitivity_answer import SensitivityRequest
from vlm_explorer.queries.text_memory import TextMemory
from vlm_explorer.queries.truth_columns import (
    BLANK,
    NO,
    UNCERTAIN,
    YES,
    finding_columns,
    match,
    state_of,
    truth_columns,
)
from vlm_explorer.queries.truth_counting import Counting
from vlm_explorer.queries.truth_source import CollectionColumns, read_truth_table

IMAGES = 60
ASKED = ClassifyRequest(LABELS, task="multi")


@pytest.fixture
def opened(small: Collection, monkeypatch: pytest.MonkeyPatch) -> ApiCollection:
    """The same as of the API, whose encoder is the one that made its vectors."""
    found = open_collection(small.folder)
    monkeypatch.setattr(type(found), "encoder", lambda _self, _model=None: FakeEncoder())
    return found


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return Collection(build_collection(tmp_path_factory.mktemp("truth") / "small.vlmx", IMAGES))


def write(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def chexpert(path: Path, small: Collection, seed: int = 0) -> tuple[Path, dict[str, np.ndarray]]:
    """Write a table as CheXpert has it, with files of another place, and say what is in it."""
    random = np.random.default_rng(seed)
    names = ["No Finding", "Pleural Effusion", "Nodule", "Lung Lesion"]
    cells = {name: random.choice(["1.0", "0.0", "-1.0", ""], IMAGES) for name in names}
    files = small.images["file"].to_pylist()
    rows = [
        [f"CheXpert-v1.0-small/train/scans/{Path(files[n]).name}", "Female", n, "Frontal",
         *(cells[name][n] for name in names)]
        for n in random.permutation(IMAGES).tolist()
    ]  # fmt: skip
    return write(path, ["Path", "Sex", "Age", "Frontal/Lateral", *names], rows), cells


def ask(small: Collection, table: Path, **more: object) -> EvaluateAnswer:
    request = EvaluateRequest(ASKED, FINDINGS, table=str(table), replicates=40, **more)
    return evaluate(small, [FakeEncoder()], request).answers[0]


def test_that_columns_of_0_and_1_are_truth_and_the_unclear_are_left_out_by_label(
    small: Collection, tmp_path: Path
) -> None:
    table, cells = chexpert(tmp_path / "train.csv", small)
    answer = ask(small, table)
    scored = classify(small, FakeEncoder(), ASKED)
    columns = {"effusion": "Pleural Effusion", "nodule": "Nodule", "normal": "No Finding"}
    assert {label: own[0].title() for label, own in answer.cases.stands.items()} == columns
    for place, row in enumerate(answer.rows):
        said = cells[columns[row.label]]
        known = np.isin(said, ["1.0", "0.0"])
        assert (row.n, row.positives) == (known.sum(), (said == "1.0").sum())
        assert answer.cases.unsure[row.label] == ((said == "-1.0").sum(), (said == "").sum())
        assert row.auroc.estimate.value == pytest.approx(
            metrics.roc_auc_score(said[known] == "1.0", scored.logit[known, place])
        )
        assert row.average_precision.estimate.value == pytest.approx(
            metrics.average_precision_score(said[known] == "1.0", scored.logit[known, place])
        )
        held = [answer.cell(t, c, place) for t in (0, 1) for c in (0, 1)]
        assert [len(each) for each in held] == answer.confusion_of(place).ravel().tolist()
        inside = {key for each in held for key in each}
        unknown = {answer.image_ids[n] for n in np.flatnonzero(~answer.cases.known[:, place])}
        assert not inside & unknown
    wrong = {(each.image_id, each.truth or each.called) for each in answer.wrong}
    for place, label in enumerate(LABELS):
        off = answer.confusion_of(place)[[0, 1], [1, 0]].sum()
        assert sum(of == label for _, of in wrong) == off
    assert answer.cases.other_values == {"lung lesion": (cells["Lung Lesion"] == "1.0").sum()}


def test_that_what_was_left_out_is_told(small: Collection, tmp_path: Path) -> None:
    table, cells = chexpert(tmp_path / "train.csv", small)
    with table.open("a", encoding="utf-8") as file:
        file.write("elsewhere/none-such.jpg,Male,1,Frontal,1.0,,,\n")
    request = EvaluateRequest(ASKED, FINDINGS, table=str(table), replicates=10)
    told = " ".join(evaluate(small, [FakeEncoder()], request).warnings)
    unclear, blank = ((cells["Nodule"] == said).sum() for said in ("-1.0", ""))
    assert f"nodule ({unclear} uncertain, {blank} not mentioned)" in told
    assert "1 of its 61 rows name no image here" in told
    assert str(tmp_path) not in told


def test_that_one_label_takes_images_with_exactly_one_and_nothing_uncertain(
    small: Collection, tmp_path: Path
) -> None:
    table, cells = chexpert(tmp_path / "train.csv", small)
    source = read_truth_table(table, small)
    cases = find_cases(small, LABELS, "single", column=FINDINGS, source=source)
    said = np.stack([cells[name] for name in ("Pleural Effusion", "Nodule", "No Finding")], axis=1)
    expected = ((said == "1.0").sum(axis=1) == 1) & ~(said == "-1.0").any(axis=1)
    np.testing.assert_array_equal(cases.rows, np.flatnonzero(expected))
    np.testing.assert_array_equal(cases.truth, said[expected] == "1.0")
    assert cases.known.all()
    assert sum(cases.left_out.values()) == (~expected).sum()


def test_that_a_label_without_a_column_has_no_figures_until_one_is_named(
    small: Collection, tmp_path: Path
) -> None:
    table, cells = chexpert(tmp_path / "train.csv", small)
    asked = ClassifyRequest((*LABELS, "head"), task="multi")
    request = EvaluateRequest(asked, FINDINGS, table=str(table), replicates=10)
    answer = evaluate(small, [FakeEncoder()], request).answers[0]
    assert answer.rows[-1].skipped == "no column of its own"
    named = EvaluateRequest(
        asked, FINDINGS, (("head", ("Lung Lesion",)),), table=str(table), replicates=10
    )
    row = evaluate(small, [FakeEncoder()], named).answers[0].rows[-1]
    assert row.positives == (cells["Lung Lesion"] == "1.0").sum()
    exactly = (("effusion", ("Lung Lesion",)), ("nodule", ()))
    corrected = EvaluateRequest(asked, FINDINGS, stands=exactly, table=str(table), replicates=10)
    rows = evaluate(small, [FakeEncoder()], corrected).answers[0].rows
    assert rows[0].positives == (cells["Lung Lesion"] == "1.0").sum()
    assert rows[1].skipped == "no column of its own"


def test_that_lists_as_of_nih_are_read(small: Collection, tmp_path: Path) -> None:
    said = ["Effusion|Nodule", "No Finding", "Nodule", "Effusion", ""]
    rows = [[f"{n}.png", said[n % 5], n % 7] for n in range(IMAGES)]
    table = write(tmp_path / "nih.csv", ["Image Index", "Finding Labels", "Follow-up #"], rows)
    source = read_truth_table(table, small)
    assert finding_columns(source) == ()
    for name in ("Finding Labels", "finding labels"):
        cases = find_cases(small, ("pleural effusion", "nodule", "normal"), "multi",
                           column=name, source=source)  # fmt: skip
        assert cases.truth.sum(axis=0).tolist() == [24, 24, 12]
        assert cases.left_out == {"not labelled": 12}
        assert cases.known.all()


def test_that_readers_who_disagree_are_uncertain(small: Collection, tmp_path: Path) -> None:
    rows = [[f"{n}", "1" if reader < n % 4 else "0"] for n in range(IMAGES) for reader in range(3)]
    table = write(tmp_path / "vindr.csv", ["image_id", "Nodule/Mass"], rows)
    source = read_truth_table(table, small)
    cases = find_cases(small, ("lump",), "multi", column=FINDINGS, source=source,
                       values={"lump": ("nodule/mass",)})  # fmt: skip
    assert cases.unsure == {"lump": (30, 0)}
    assert cases.truth.sum() == 15
    assert len(cases.rows) == 30


def test_that_rows_go_to_the_file_that_shares_most_folders_with_them(tmp_path: Path) -> None:
    collection = Collection(build_collection(tmp_path / "one.vlmx", 1))
    (file,) = collection.images["file"].to_pylist()
    name = f"{Path(file).parent.name}/{Path(file).name}"
    rows = [[f"other/{Path(file).name}", "0"], [f"far/{name}", "1"], ["", "1"], ["x.png", "1"]]
    table = write(tmp_path / "t.csv", ["Path", "Nodule"], rows)
    source = read_truth_table(table, collection)
    assert source.cells("nodule") == ["1"]
    assert source.unmatched == 3, "that of another folder, and those of no file"
    for header, row in ((["Path", "a"], ["none.png", "1"]), (["x", "a"], [name, "1"])):
        with pytest.raises(UsageError):
            read_truth_table(write(tmp_path / "bad.csv", header, [row]), collection)


@pytest.mark.parametrize(
    ("cell", "state"),
    [("1", YES), ("1.0", YES), ("0", NO), ("-1.0", UNCERTAIN), ("", BLANK), ("nan", BLANK),
     ("0; 1", UNCERTAIN), ("1; 1.0", YES), ("; 1", YES), ("True", YES), ("2", None), ("x", None)],
)  # fmt: skip
def test_that_cells_say_what_they_say(cell: str, state: int | None) -> None:
    assert state_of(cell) == state


def test_that_names_of_public_tables_are_matched_and_nothing_else() -> None:
    there = ["No Finding", "Edema", "Pleural_Thickening", "Effusion", "Mass", "Fractures"]
    names = {
        "normal": (), "pulmonary oedema": (), "pleural thickening": (), "pleural effusion": (),
        "lung mass": (), "fracture": (), "pericardial effusion": (), "mine": ("EDEMA",),
    }  # fmt: skip
    found = match(names, there)
    assert {label: own for label, own in found.items() if own} == {
        "normal": ("No Finding",),
        "pulmonary oedema": ("Edema",),
        "pleural thickening": ("Pleural_Thickening",),
        "pleural effusion": ("Effusion",),
        "lung mass": ("Mass",),
        "fracture": ("Fractures",),
        "mine": ("Edema",),
    }
    assert match({"effusion": ()}, ["effusion", "pleural effusion"])["effusion"] == ("effusion",)


def test_that_collections_without_such_columns_are_as_before(small: Collection) -> None:
    assert FINDINGS not in truth_columns(CollectionColumns(small))
    with pytest.raises(UsageError, match="0 and 1"):
        find_cases(small, LABELS, "multi", column=FINDINGS)


def test_that_a_wording_is_measured_by_the_truth_that_is_named(
    small: Collection, tmp_path: Path
) -> None:
    table, cells = chexpert(tmp_path / "train.csv", small)
    memory = TextMemory(FakeEncoder())
    request = SensitivityRequest("fluid", None, "Lung Lesion", FINDINGS, str(table))
    answer = prompt_sensitivity(small, memory, request)
    said = cells["Lung Lesion"]
    known = np.isin(said, ["1.0", "0.0"])
    np.testing.assert_array_equal(answer.labelled, known)
    for variant in answer.variants[:4]:
        figure = variant.auroc
        assert figure.n == known.sum()
        assert figure.low <= figure.value <= figure.high
        assert figure.value == pytest.approx(
            metrics.roc_auc_score(said[known] == "1.0", variant.cosine[known])
        )
    with pytest.raises(UsageError):
        prompt_sensitivity(small, memory, SensitivityRequest("x", None, "y", FINDINGS, str(table)))


def test_that_api_and_commands_take_the_table(
    small: Collection,
    opened: ApiCollection,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table, cells = chexpert(tmp_path / "train.csv", small)
    capsys.readouterr()
    where = ["--truth-table", str(table)]
    asked = ["evaluate", str(small.folder), "--labels", *LABELS, "--json", "--quiet"]
    assert main([*asked, *where, "--map", "effusion=Lung Lesion"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["truth"]["column"] == FINDINGS
    assert facts["truth"]["stands_for"]["effusion"] == ["lung lesion"]
    assert facts["answers"][0]["labels"][0]["positives"] == (cells["Lung Lesion"] == "1.0").sum()
    found = opened.evaluate(LABELS, truth="", table=table).answers[0]
    assert found.rows[0].positives == (cells["Pleural Effusion"] == "1.0").sum()
    asked = ["sensitivity", str(small.folder), "--label", "nodule", "--json", "--quiet"]
    assert main([*asked, *where]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["labelled"] == np.isin(cells["Nodule"], ["1.0", "0.0"]).sum()
    assert facts["variants"][0]["auroc"]["low"] <= facts["variants"][0]["auroc"]["high"]


WAYS = [
    (blank, uncertain)
    for blank in ("left-out", "absent")
    for uncertain in ("left-out", "present", "absent")
]


@pytest.mark.parametrize(("blank", "uncertain"), WAYS)
def test_that_blanks_and_uncertain_cells_count_as_chosen_and_it_is_said(
    small: Collection, tmp_path: Path, blank: str, uncertain: str
) -> None:
    table, cells = chexpert(tmp_path / "train.csv", small)
    lines = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join(lines[:-7]), encoding="utf-8")  # of 7 images nothing is known
    files = [Path(file).name for file in small.images["file"].to_pylist()]
    listed = np.isin(files, [line.split(",")[0].rpartition("/")[2] for line in lines[1:-7]])
    assert listed.sum() == IMAGES - 7
    request = EvaluateRequest(
        ASKED, FINDINGS, table=str(table), replicates=10, counting=Counting(blank, uncertain)
    )
    found = evaluate(small, [FakeEncoder()], request)
    answer, told = found.answers[0], " ".join(found.warnings)
    scored = classify(small, FakeEncoder(), ASKED)
    yes = ["1.0", *(["-1.0"] if uncertain == "present" else [])]
    no = ["0.0", *(["-1.0"] if uncertain == "absent" else []), *([""] if blank == "absent" else [])]
    for place, name in enumerate(("Pleural Effusion", "Nodule", "No Finding")):
        row, said = answer.rows[place], cells[name]
        known = listed & np.isin(said, [*yes, *no])
        assert (row.n, row.positives) == (known.sum(), np.isin(said[known], yes).sum())
        assert row.auroc.estimate.value == pytest.approx(
            metrics.roc_auc_score(np.isin(said[known], yes), scored.logit[known, place])
        )
        unclear, silent = (said == "-1.0") & listed, said == ""
        blanks = (silent & listed).sum() if blank == "absent" else (silent | ~listed).sum()
        assert answer.cases.unsure[row.label] == (unclear.sum(), blanks)
        kinds = {f"{unclear.sum()} uncertain": uncertain, f"{blanks} not mentioned": blank}
        begins = {"left-out": "Left out label by label", "present": "Counted as present",
                  "absent": "Counted as absent"}  # fmt: skip
        for count, way in kinds.items():
            sentence = told.split(begins[way])[1].split(".")[0]
            assert count in sentence.split(f"{row.label} (")[1].split(")")[0]
    if blank == "absent":
        assert answer.cases.left_out["not labelled"] == 7


def test_that_a_captions_table_with_columns_of_0_and_1_counts_alike(small: Collection) -> None:
    class Columns:
        names = ("image_id", "caption", "Nodule", "Effusion")
        warnings = ()
        listed = np.array([True] * 40 + [False] * 20)

        def cells(self, name: str) -> list[str]:
            return (["1"] * 10 + ["0"] * 10 + [""] * 40) if name == "Nodule" else [""] * IMAGES

        def distinct(self, name: str) -> list[str]:
            return list(dict.fromkeys(self.cells(name)))

    cases = find_cases(small, ("nodule", "head"), "multi", column=FINDINGS, source=Columns(),
                       counting=Counting("absent"))  # fmt: skip
    assert cases.truth[:, 0].sum() == 10
    assert len(cases.rows) == 40, "those of whom no row speaks are not known to have none"
    assert not cases.known[:, 1].any(), "a label without a column stays unknown"


def test_that_only_columns_of_0_and_1_are_counted_so(small: Collection) -> None:
    for counting in (Counting("absent"), Counting(uncertain="present"), Counting("sometimes")):
        with pytest.raises(UsageError):
            find_cases(small, LABELS, "multi", counting=counting)
    memory = TextMemory(FakeEncoder())
    with pytest.raises(UsageError, match="0 and 1"):
        prompt_sensitivity(small, memory, SensitivityRequest("x", counting=Counting("absent")))


def test_that_api_and_commands_count_as_chosen(
    small: Collection,
    opened: ApiCollection,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table, cells = chexpert(tmp_path / "train.csv", small)
    said = cells["Nodule"]
    unsure = {"uncertain": (said == "-1.0").sum(), "not_mentioned": (said == "").sum()}
    how = ["--truth-table", str(table), "--blank", "absent", "--uncertain", "present", "--json"]
    assert main(["evaluate", str(small.folder), "--labels", *LABELS, "--quiet", *how]) == 0
    truth = json.loads(capsys.readouterr().out)["truth"]
    assert (truth["blank"], truth["uncertain"]) == ("absent", "present")
    assert truth["unsure_by_label"]["nodule"] == unsure
    assert truth["left_out_by_label"]["nodule"] == {"uncertain": 0, "not_mentioned": 0}
    assert main(["sensitivity", str(small.folder), "--label", "nodule", *how]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["labelled"] == IMAGES
    assert facts["positives"] == np.isin(said, ["1.0", "-1.0"]).sum()
    assert facts["truth"]["unsure_by_label"] == {"nodule": unsure}
    assert any("Counted as absent: nodule" in warning for warning in facts["warnings"])
    found = opened.sensitivity("nodule", table=table, uncertain="absent")
    assert found.true.sum() == (said == "1.0").sum()
    assert found.labelled.sum() == (said != "").sum()
    rows = opened.evaluate(LABELS, truth="", table=table, blank="absent").answers[0].rows
    assert rows[1].n == (said != "-1.0").sum()
