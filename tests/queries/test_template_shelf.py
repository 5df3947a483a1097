"""The user's template sets, written as they are read."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_explorer.analysis.zero_shot import (
    TemplateSet,
    load_template_sets,
    own_templates_file,
    template_set,
)
from vlm_explorer.errors import UsageError
from vlm_explorer.queries import template_shelf

MINE = TemplateSet("", "My scans", ("a scan of {}", "“{}”, seen"), ("no \\ {}",), "from a paper")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path / "home"))
    return tmp_path


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(
    lambda text: "{" not in text and "}" not in text
)
filled = st.tuples(words, words).map(lambda parts: f"{parts[0]}{{}}{parts[1]}")


@settings(deadline=None)
@given(words, st.lists(filled, min_size=1, max_size=3), st.lists(filled, max_size=2), words, words)
def test_that_any_set_survives_its_file(name, templates, negatives, title, note) -> None:
    given_ = TemplateSet(name, title, tuple(templates), tuple(negatives), note)
    (table,) = tomllib.loads(template_shelf.write_sets({name: given_})).items()
    assert table[0] == name
    assert table[1]["title"] == title
    assert table[1]["templates"] == templates
    assert table[1].get("negatives", []) == negatives
    assert table[1].get("note", "") == note


def test_that_a_set_is_saved_changed_and_deleted() -> None:
    saved = template_shelf.save(MINE)
    assert saved.name == "my-scans"
    assert template_set("my-scans") == saved
    other = template_shelf.save(MINE)
    assert other.name == "my-scans-2"
    changed = TemplateSet("my-scans", "Mine", ("just {}",))
    template_shelf.save(changed)
    assert template_shelf.own_sets() == {"my-scans": changed, "my-scans-2": other}
    assert template_shelf.delete("my-scans-2") == other
    assert template_shelf.delete("my-scans-2") is None
    assert list(load_template_sets())[-1] == "my-scans"
    assert [file.name for file in own_templates_file().parent.iterdir()] == ["templates.toml"]


def test_that_what_was_written_by_hand_is_kept_beside() -> None:
    file = own_templates_file()
    file.parent.mkdir(parents=True)
    by_hand = '# my comment\n[old]\ntemplates = ["{} there"]\n'
    file.write_text(by_hand, encoding="utf-8")
    template_shelf.save(MINE)
    template_shelf.save(TemplateSet("my-scans", "Mine", ("just {}",)))
    assert set(template_shelf.own_sets()) == {"old", "my-scans"}
    assert file.with_name("templates-by-hand.toml").read_text(encoding="utf-8") == by_hand


def test_that_a_damaged_file_is_left_as_it_is() -> None:
    file = own_templates_file()
    file.parent.mkdir(parents=True)
    file.write_text("[broken", encoding="utf-8")
    with pytest.raises(UsageError):
        template_shelf.save(MINE)
    assert file.read_text(encoding="utf-8") == "[broken"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("a {}\n\n  {} b", ""),
        ("a {}\nb", "Line 2 has no {}"),
        ("{} and {}", "Line 1 has {} 2 times"),
    ],
)
def test_that_a_mistake_is_named_by_its_line(lines: str, told: str) -> None:
    found = template_shelf.mistake(lines)
    assert found.startswith(told)
    assert bool(found) == bool(told)
