from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.settings import MOST_RECENT, Settings, load_settings, save_settings


def test_that_settings_come_back_as_they_were_saved() -> None:
    settings = Settings(theme="light", model="biomedclip", recent=("/a", "/b"))
    save_settings(settings)
    assert load_settings() == settings


@pytest.mark.parametrize("text", ["", "not toml [", 'theme = "pink"\nmodel = 7\nrecent = "x"'])
def test_that_settings_without_sense_fall_back_to_their_defaults(own_home: Path, text: str) -> None:
    (own_home / "config").mkdir()
    (own_home / "config" / "settings.toml").write_text(text)
    assert load_settings() == Settings()


def test_that_keys_of_a_later_version_are_kept(own_home: Path) -> None:
    file = own_home / "config" / "settings.toml"
    file.parent.mkdir()
    file.write_text('later = "kept"\n')
    save_settings(Settings(theme="light"))
    assert 'later = "kept"' in file.read_text()


@given(st.lists(st.text(min_size=1, max_size=5)))
def test_that_the_list_of_recent_collections_is_short_and_has_none_twice(opened: list[str]) -> None:
    settings = Settings()
    for folder in opened:
        settings = settings.with_recent(folder)
    assert len(settings.recent) == len(set(settings.recent)) <= MOST_RECENT
    assert not opened or settings.recent[0] == opened[-1]
