from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from vlm_explorer import paths
from vlm_explorer.encoders import fingerprint as module
from vlm_explorer.encoders.fingerprint import fingerprint
from vlm_explorer.encoders.folder_files import find_weights
from vlm_explorer.encoders.model_folder import read_model_folder


def of(folder: Path) -> str:
    return fingerprint(read_model_folder(folder))


def settle(file: Path) -> None:
    """Make a file look as if it had not been touched for an hour."""
    long_ago = file.stat().st_mtime - 3600
    os.utime(file, (long_ago, long_ago))


@pytest.fixture
def settled(monkeypatch):
    """Take files for settled at once: a test cannot set the time at which a file was created."""
    monkeypatch.setattr(module, "SETTLED_NS", -1)


def test_that_a_copy_has_the_same_fingerprint(kind, folders, folder):
    assert of(folder) == of(folders[kind])
    assert of(folder.rename(folder.with_name("elsewhere"))) == of(folders[kind])


def test_that_kinds_differ(folders):
    assert len({of(folder) for folder in folders.values()}) == len(folders)


def test_that_old_and_new_keys_with_equal_weights_have_one_fingerprint(folders, tmp_path):
    import model_folders

    old = model_folders.build_biomedclip_folder(tmp_path / "old", keys="old", weights="bin")
    assert of(old) == of(folders["biomedclip"])


def test_that_any_change_of_a_weight_changes_it(folder, settled):
    before = of(folder)
    weights = find_weights(folder)
    content = bytearray(weights.read_bytes())
    content[-4000] ^= 1
    weights.write_bytes(content)
    assert of(folder) != before


@pytest.mark.parametrize("name", ["tokenizer.json", "vocab.txt", "config.json"])
def test_that_tokenizer_and_text_tower_take_part(biomedclip_folder, name):
    before = of(biomedclip_folder)
    file = biomedclip_folder / name
    text = file.read_text()
    file.write_text(
        text.replace('"hidden_size": 64', '"hidden_size": 65').replace("tumor", "tumour")
    )
    assert file.read_text() != text
    assert of(biomedclip_folder) != before


def test_that_preprocessing_takes_part_and_layout_of_the_file_does_not(clip_folder, edit_config):
    before = of(clip_folder)
    file = clip_folder / "open_clip_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()), indent=7, sort_keys=True))
    assert of(clip_folder) == before
    edit_config(clip_folder, lambda config: config["preprocess_cfg"].update(resize_mode="longest"))
    assert of(clip_folder) != before


def test_that_unchanged_weights_are_read_once(clip_folder, settled, monkeypatch):
    first = of(clip_folder)

    def reading(*arguments):
        raise AssertionError("the weights were read again")

    monkeypatch.setattr(module, "_sha256", reading)
    assert of(clip_folder) == first
    weights = find_weights(clip_folder)
    settle(weights)
    with pytest.raises(AssertionError, match="read again"):
        of(clip_folder)


def test_that_weights_changed_a_moment_ago_are_not_trusted(clip_folder):
    of(clip_folder)
    assert not (paths.cache_folder() / "weights").exists()


def test_that_a_damaged_or_forbidden_cache_does_no_harm(clip_folder, settled):
    expected = of(clip_folder)
    (entry,) = (paths.cache_folder() / "weights").iterdir()
    for text in ("", "[]", '{"stamp": 3}'):
        entry.write_text(text)
        assert of(clip_folder) == expected
    shutil.rmtree(paths.cache_folder())
    paths.cache_folder().write_text("a file in the way")
    assert of(clip_folder) == expected


def test_that_the_cache_holds_no_path(clip_folder, settled):
    of(clip_folder)
    (entry,) = (paths.cache_folder() / "weights").iterdir()
    assert "clip" not in entry.name + entry.read_text()
