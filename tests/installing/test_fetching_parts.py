from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hub_fixtures import installed, left_over
from hub_server import LocalHub, Repository, repository_of
from weight_parts import cut_weights

from vlm_explorer import paths
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.encoders.registry import describe
from vlm_explorer.encoders.source import read_source
from vlm_explorer.encoders.weight_parts import join_digests
from vlm_explorer.errors import FetchProblem, StorageProblem
from vlm_explorer.installing.fetching import fetch_model, fetched_bytes

NAME = "someone/hf-clip"


@pytest.fixture(params=[".safetensors", ".bin"])
def suffix(request) -> str:
    return request.param


@pytest.fixture
def whole(transformers_folders) -> Path:
    return transformers_folders["tinyclip"]


@pytest.fixture
def parts(hub, whole, tmp_path, suffix) -> list[Path]:
    """The repository of an encoder of transformers whose weights are in three parts."""
    folder = Path(shutil.copytree(whole, tmp_path / "repository"))
    files = cut_weights(folder, suffix=suffix)
    hub.repositories[NAME] = repository_of(folder)
    return files


def repository(hub: LocalHub) -> Repository:
    return hub.repositories[NAME]


def ranges(hub: LocalHub, part: Path) -> list[str]:
    asked = hub.asked_for(part.name)
    return [request.range for request in asked if request.server == "store"]


def index_name(hub: LocalHub) -> str:
    return next(name for name in repository(hub).files if name.endswith(".index.json"))


def test_that_parts_are_fetched_and_joined(hub, parts, whole, images, texts):
    spec = fetch_model("hf-clip")
    folder = paths.models_folder() / "hf-clip"
    assert [file.name for file in folder.glob("*model*")] == ["model.safetensors"]
    one, other = (
        load_encoder(whole, device="cpu", precision="fp32"),
        load_encoder("hf-clip", device="cpu", precision="fp32"),
    )
    assert np.array_equal(one.encode_images(images), other.encode_images(images))
    assert np.array_equal(one.encode_texts(texts), other.encode_texts(texts))
    assert (
        other.fingerprint
        == load_encoder(parts[0].parent, device="cpu", precision="fp32").fingerprint
    )
    assert spec.bytes == sum(part.stat().st_size for part in parts)
    assert left_over() == []


def test_that_open_clips_layout_may_be_in_parts(hub, folders, tmp_path, images):
    folder = Path(shutil.copytree(folders["clip-vit"], tmp_path / "repository"))
    cut_weights(folder)
    hub.repositories["timm/clip"] = repository_of(folder)
    fetch_model("clip")
    one = load_encoder(folders["clip-vit"], device="cpu", precision="fp32")
    other = load_encoder("clip", device="cpu", precision="fp32")
    assert np.array_equal(one.encode_images(images), other.encode_images(images))


def test_that_each_part_is_pinned_with_its_digest(hub, parts):
    fetch_model("hf-clip")
    pinned = {file.name: file for file in describe("hf-clip").files}
    digests = [hashlib.sha256(part.read_bytes()).hexdigest() for part in parts]
    assert [pinned[part.name].sha256 for part in parts] == digests
    assert pinned[index_name(hub)].bytes == len(repository(hub).bytes_of(index_name(hub)))
    source = read_source(paths.models_folder() / "hf-clip")
    assert (source.file, source.sha256) == (index_name(hub), join_digests(digests))


def test_that_what_was_removed_is_fetched_again_by_its_pins(hub, parts):
    from vlm_explorer.installing.importing import remove_model

    fetch_model("hf-clip")
    remove_model("hf-clip")
    repository(hub).files["model.safetensors"] = b"a newer file that is not pinned"
    fetch_model("hf-clip")
    assert installed() == ["hf-clip"]
    assert not hub.asked_for("/model.safetensors")


def test_that_a_drop_in_the_middle_of_a_part_is_gone_on_from_there(hub, parts):
    hub.faults.drop_after[parts[1].name] = (5000, 2)
    fetch_model("hf-clip")
    assert ranges(hub, parts[0]) == [""]
    assert ranges(hub, parts[1]) == ["", "bytes=5000-", "bytes=10000-"]
    assert installed() == ["hf-clip"]


def test_that_a_later_fetch_goes_on_in_the_part_where_the_first_was_stopped(hub, parts):
    hub.faults.status[parts[1].name] = (403, {}, 1)
    hub.faults.drop_after[parts[2].name] = (5000, 1)
    with pytest.raises(FetchProblem):
        fetch_model("hf-clip")
    assert fetched_bytes("hf-clip") >= parts[0].stat().st_size
    hub.requests.clear()
    fetch_model("hf-clip")
    assert ranges(hub, parts[0]) == []
    assert ranges(hub, parts[1]) == [""]
    assert ranges(hub, parts[2]) == ["", "bytes=5000-"]


def test_that_an_altered_part_is_named_and_the_others_are_kept(hub, parts):
    hub.faults.altered.add(parts[1].name)
    with pytest.raises(FetchProblem, match=f"{parts[1].name} arrived .* other contents"):
        fetch_model("hf-clip")
    assert installed() == []
    names = {file.name for file in left_over()}
    assert parts[0].name in names
    assert parts[1].name not in names
    hub.faults.altered.clear()
    hub.requests.clear()
    fetch_model("hf-clip")
    assert ranges(hub, parts[0]) == []


def test_that_a_part_that_the_repository_lacks_is_named_before_any_is_fetched(hub, parts):
    del repository(hub).files[parts[2].name]
    with pytest.raises(FetchProblem, match=f"has no file {parts[2].name}"):
        fetch_model("hf-clip")
    assert not ranges(hub, parts[0])


def test_that_a_part_without_a_checksum_is_not_fetched(hub, parts):
    repository(hub).without_checksums = True
    with pytest.raises(FetchProblem, match="no checksum"):
        fetch_model("hf-clip")


@pytest.mark.parametrize("index", [b"<html>", b'{"weight_map": {"a": "../../x.safetensors"}}'])
def test_that_an_index_that_is_none_or_leads_elsewhere_is_said(hub, parts, index):
    repository(hub).files[index_name(hub)] = index
    with pytest.raises(FetchProblem, match=r"index\.json in someone/hf-clip cannot be read"):
        fetch_model("hf-clip")


def test_that_an_index_of_other_weights_is_said(hub, parts):
    name = index_name(hub)
    index = json.loads(repository(hub).bytes_of(name))
    index["weight_map"]["one.more"] = parts[0].name
    repository(hub).files[name] = json.dumps(index).encode()
    with pytest.raises(Exception, match="does not hold what") as caught:
        fetch_model("hf-clip")
    assert parts[0].name in caught.value.text
    assert installed() == []


def test_that_room_is_needed_for_all_parts_and_for_what_they_are_joined_to(hub, parts, monkeypatch):
    size = sum(part.stat().st_size for part in parts)
    total = sum(len(repository(hub).bytes_of(name)) for name in repository(hub).files)
    usage = shutil.disk_usage("/")._replace(free=int(1.2 * total + 0.9 * size))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(StorageProblem, match="are needed"):
        fetch_model("hf-clip")
    assert not ranges(hub, parts[0])
    usage = usage._replace(free=int(1.2 * total + 1.1 * size))
    fetch_model("hf-clip")
    assert installed() == ["hf-clip"]


def test_that_a_fetch_by_the_command_tells_of_all_parts(hub, parts, capsys):
    from vlm_explorer.cli import main

    assert main(["models", "fetch", "hf-clip", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["installed"]
