from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_explorer.analysis.zero_shot import template_set
from vlm_explorer.errors import UsageError
from vlm_explorer.queries import label_shelf
from vlm_explorer.queries.label_set import Calibration, Label, LabelSet
from vlm_explorer.queries.label_set_file import (
    parse_label_set,
    read_label_set,
    write_label_set,
)
from vlm_explorer.queries.truth_columns import match

EFFUSION = Label("effusion", ("fluid in the chest",), (), ("hydrothorax",))
CHEST = LabelSet("", "Chest, mine", (EFFUSION, Label("normal")), "single", "raw")

words = st.text(min_size=1).map(lambda text: " ".join(text.split())).filter(bool)
lists = st.lists(words, max_size=3, unique=True).map(tuple)
numbers = st.floats(-1e6, 1e6)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path / "home"))
    return tmp_path


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.builds(Label, words, lists, lists, lists), min_size=1, unique_by=lambda x: x.name),
    words,
    st.sampled_from(["single", "multi"]),
    st.lists(
        st.builds(
            Calibration,
            words,
            words,
            words,
            st.integers(1, 10**6),
            st.floats(0.01, 100),
            st.lists(st.tuples(words, numbers, numbers), unique_by=lambda x: x[0]).map(tuple),
        ),
        max_size=1,
    ),
)
def test_that_a_set_survives_its_file(labels, title, task, calibrations) -> None:
    found = LabelSet("a", title, tuple(labels), task, "raw", 3, tuple(calibrations))
    assert parse_label_set(write_label_set(found, (replace(found, version=2),))) == (
        found,
        (replace(found, version=2),),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("labels: [a, no]", "label 2 is False, and should be a text; put it in quotes"),
        ("labels: [a, a]", "given twice"),
        ("labels: []", "no labels"),
        ("labels: a", "labels is not a list"),
        ("labels: [{name: a, postive: [b]}]", "label 1 has 'postive'"),
        ("labels: [a]\ntask: both", "task is 'both'"),
        ("labels: [a]\nversion: 0", "version is 0"),
        ("labels: [a", "the YAML is damaged"),
        ("!!python/object/apply:os.getcwd []", "the YAML is damaged"),
        ("a: &a [x]\nb: &b [*a, *a]", "the file has 'a'"),
        ("- a", "the file is not a table"),
    ],
)
def test_that_a_file_that_is_no_set_says_why(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        read_label_set(file)
    assert said in error.value.text
    assert str(tmp_path) not in error.value.text


def test_that_prompts_take_the_place_of_templates_and_synonyms_go_through_them() -> None:
    radiology = template_set("biomedclip")
    assert EFFUSION.sentences(radiology) == ("fluid in the chest",)
    assert EFFUSION.denials(radiology) == (
        "this is a photo of no effusion",
        "this is a photo of no hydrothorax",
    )


def test_that_every_change_that_is_saved_is_a_version() -> None:
    first = label_shelf.save(CHEST)
    assert (first.name, first.version) == ("chest-mine", 1)
    assert label_shelf.save(first) == first, "nothing changed"
    second = label_shelf.save(replace(first, labels=(EFFUSION,)))
    fitted = Calibration("demo", "f", "p", 30, 2.0)
    calibrated = label_shelf.save(label_shelf.with_calibration(second, fitted))
    assert (second.version, calibrated.version) == (2, 2), "fitting changes no label"
    assert label_shelf.versions("chest-mine") == (first, calibrated)
    assert label_shelf.find_label_set("chest-mine") == calibrated


def test_that_a_ready_made_set_is_never_overwritten() -> None:
    modality = label_shelf.find_label_set("modality")
    saved = label_shelf.save(replace(modality, labels=modality.labels[:2]))
    assert saved.name == "modality-2"
    assert label_shelf.find_label_set("modality") == modality


def test_that_sets_are_renamed_deleted_and_put_back_with_their_versions() -> None:
    label_shelf.save(label_shelf.save(CHEST))
    label_shelf.save(replace(label_shelf.find_label_set("chest-mine"), labels=(EFFUSION,)))
    renamed = label_shelf.rename("chest-mine", "Thorax")
    assert renamed.name == "thorax"
    assert [each.version for each in label_shelf.versions("thorax")] == [1, 2]
    assert not label_shelf.is_own("chest-mine")
    label_shelf.delete("thorax")
    assert label_shelf.own_sets() == ((), ())
    assert label_shelf.restore("thorax") == renamed
    assert len(label_shelf.versions("thorax")) == 2


def test_that_no_deleted_set_takes_the_place_of_another() -> None:
    kept = []
    for labels in ((EFFUSION,), (Label("normal"),)):
        label_shelf.save(replace(CHEST, labels=labels))
        kept.append(label_shelf.delete("chest-mine"))
    assert kept == ["chest-mine", "chest-mine-2"]
    assert {each.name for each in label_shelf.deleted()} == set(kept)
    back = [label_shelf.restore(name) for name in kept]
    assert [each.names for each in back] == [("effusion",), ("normal",)]
    assert [each.name for each in back] == ["chest-mine", "chest-mine-2"]
    assert label_shelf.deleted() == ()


def test_that_a_set_is_shared_as_a_file(tmp_path: Path) -> None:
    saved = label_shelf.save(CHEST)
    shared = tmp_path / "shared.yaml"
    label_shelf.export_set(saved, shared)
    assert label_shelf.find_label_set(str(shared)) == saved
    assert label_shelf.import_set(shared).name == "chest-mine-2"


def test_that_a_damaged_file_hides_no_other_set() -> None:
    saved = label_shelf.save(CHEST)
    (label_shelf.own_folder() / "broken.yaml").write_text("labels: [", encoding="utf-8")
    sets, problems = label_shelf.own_sets()
    assert sets == (saved,)
    assert "broken.yaml" in problems[0].text


@pytest.mark.parametrize("name", ["../chest", "", "none such", "none.yaml"])
def test_that_a_name_without_a_set_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        label_shelf.find_label_set(name)


def test_that_every_ready_made_set_can_be_asked() -> None:
    for each in label_shelf.ready_made():
        chosen = template_set(each.templates)
        for label in each.labels:
            assert label.sentences(chosen)
            assert each.task == "single" or label.denials(chosen)
    assert len({each.title for each in label_shelf.ready_made()}) > 12


def test_that_no_label_of_a_choice_is_also_true_of_another() -> None:
    for each in label_shelf.ready_made():
        if each.task == "multi":
            continue
        chosen = template_set(each.templates)
        said = {
            label.name: [frozenset(text.casefold().split()) for text in label.sentences(chosen)]
            for label in each.labels
        }
        for name, own in said.items():
            for other, theirs in said.items():
                held = [mine for mine in own for text in theirs if mine <= text]
                assert other == name or not held, (each.name, name, other)


def test_that_every_ready_made_file_is_written_as_it_is_read() -> None:
    sets = {each.name: each for each in label_shelf.ready_made()}
    for each in sets.values():
        assert parse_label_set(write_label_set(each)) == (each, ())
    fourteen = sets["chest-radiograph-fourteen"]
    assert len(fourteen.labels) == 14
    assert "CheXpert" in fourteen.source
    assert sets["plane"].source == ""
    there = ["No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity",
             "Lung Lesion", "Edema", "Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax",
             "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices"]  # fmt: skip
    matched = match({label.name: label.synonyms for label in fourteen.labels}, there)
    assert list(matched.values()) == [(name,) for name in there]
