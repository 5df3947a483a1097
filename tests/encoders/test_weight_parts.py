from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from weight_parts import cut_weights

from vlm_explorer import paths
from vlm_explorer.encoders.fingerprint import fingerprint
from vlm_explorer.encoders.folder_files import find_weights
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.encoders.model_folder import read_model_folder
from vlm_explorer.encoders.registry import describe, find_model_folder
from vlm_explorer.encoders.source import read_source
from vlm_explorer.encoders.weight_parts import join_digests, weight_files, weights_bytes
from vlm_explorer.encoders.weights import read_weights
from vlm_explorer.errors import BadModelFolder, ExplorerError, WeightsNotFound
from vlm_explorer.installing import model_copy
from vlm_explorer.installing.checkpoints import read_checkpoint
from vlm_explorer.installing.importing import import_checkpoint, import_model
from vlm_explorer.jobs import Cancelled, JobContext


@pytest.fixture(params=[".safetensors", ".bin"])
def suffix(request) -> str:
    return request.param


@pytest.fixture
def whole(transformers_folders, tmp_path) -> Path:
    return Path(shutil.copytree(transformers_folders["tinyclip"], tmp_path / "whole"))


@pytest.fixture
def cut(whole, tmp_path, suffix) -> Path:
    folder = Path(shutil.copytree(whole, tmp_path / "in-parts"))
    cut_weights(folder, suffix=suffix)
    return folder


def assert_words(error: ExplorerError, *words: str) -> None:
    assert all(word in error.text + error.hint for word in words), (error.text, error.hint)
    assert error.text.endswith(".")
    assert error.hint.endswith(".")


def test_that_parts_give_the_vectors_of_the_whole(whole, cut, images, texts):
    one, other = (
        load_encoder(whole, device="cpu", precision="fp32"),
        load_encoder(cut, device="cpu", precision="fp32"),
    )
    assert np.array_equal(one.encode_images(images), other.encode_images(images))
    assert np.array_equal(one.encode_texts(texts), other.encode_texts(texts))


def test_that_a_folder_saved_in_parts_by_transformers_loads(whole, tmp_path, images):
    from transformers import CLIPModel

    target = Path(shutil.copytree(whole, tmp_path / "saved"))
    (target / "model.safetensors").unlink()
    CLIPModel.from_pretrained(whole).save_pretrained(target, max_shard_size="200KB")
    assert len(weight_files(find_weights(target))) > 1
    one, other = (
        load_encoder(whole, device="cpu", precision="fp32"),
        load_encoder(target, device="cpu", precision="fp32"),
    )
    assert np.array_equal(one.encode_images(images), other.encode_images(images))


def test_that_open_clips_layout_may_be_in_parts_too(clip_folder, encoders, images):
    before = load_encoder(clip_folder, device="cpu", precision="fp32").encode_images(images)
    cut_weights(clip_folder)
    assert np.array_equal(
        load_encoder(clip_folder, device="cpu", precision="fp32").encode_images(images), before
    )


def test_that_one_file_is_preferred_to_parts_of_the_same_name(cut, suffix, whole):
    name = {".safetensors": "model.safetensors", ".bin": "pytorch_model.bin"}[suffix]
    torch.save(read_weights(whole / "model.safetensors"), cut / "pytorch_model.bin")
    if suffix == ".safetensors":
        shutil.copy(whole / "model.safetensors", cut)
    assert read_model_folder(cut).weights.name == name


def test_that_mapped_weights_are_the_same(cut):
    index = find_weights(cut)
    mapped, read = read_weights(index, mapped=True), read_weights(index)
    assert mapped.keys() == read.keys()
    assert all(torch.equal(mapped[name], read[name]) for name in read)


def test_that_a_missing_part_is_named(cut):
    missing = weight_files(find_weights(cut))[1]
    missing.unlink()
    with pytest.raises(WeightsNotFound) as caught:
        load_encoder(cut, device="cpu")
    assert_words(caught.value, "in 3 parts", "1 is missing", missing.name)


def test_that_a_part_that_is_gits_placeholder_is_named(cut):
    part = weight_files(find_weights(cut))[2]
    part.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n")
    with pytest.raises(WeightsNotFound) as caught:
        read_model_folder(cut)
    assert_words(caught.value, "placeholder", part.name)


def test_that_a_part_that_is_cut_short_is_named(cut):
    part = weight_files(find_weights(cut))[0]
    part.write_bytes(part.read_bytes()[:-100])
    with pytest.raises(BadModelFolder) as caught:
        load_encoder(cut, device="cpu")
    assert_words(caught.value, "damaged or incomplete", part.name)


def test_that_a_part_of_other_weights_is_named(cut):
    one, other, _ = weight_files(find_weights(cut))
    shutil.copy(one, other)
    with pytest.raises(BadModelFolder) as caught:
        load_encoder(cut, device="cpu")
    assert_words(caught.value, "does not hold what", other.name)


def test_that_parts_without_their_index_are_said(cut, suffix):
    index = find_weights(cut)
    index.unlink()
    with pytest.raises(BadModelFolder) as caught:
        read_model_folder(cut)
    assert_words(caught.value, "in 3 parts", index.name)


@pytest.mark.parametrize(
    "index",
    [
        "no JSON",
        "[]",
        "{}",
        '{"weight_map": {}}',
        '{"weight_map": {"a": 1}}',
        '{"weight_map": {"a": "../other.safetensors"}}',
        '{"weight_map": {"a": "C:\\\\other.safetensors"}}',
        '{"weight_map": {"a": "config.json"}}',
    ],
)
def test_that_an_index_that_is_none_or_leads_elsewhere_is_refused(whole, index):
    (whole / "other.safetensors").write_bytes((whole / "model.safetensors").read_bytes())
    (whole / "model.safetensors").rename(whole / "model-00001-of-00001.safetensors")
    (whole / "model.safetensors.index.json").write_text(index)
    with pytest.raises(BadModelFolder, match="which part of the weights") as caught:
        read_model_folder(whole)
    assert_words(caught.value)


def test_that_code_in_a_part_is_never_run(cut, suffix, tmp_path):
    if suffix == ".safetensors":
        pytest.skip("safetensors has no place for code")

    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "run",))

    part = weight_files(find_weights(cut))[1]
    torch.save({"weights": Trap()}, part)
    with pytest.raises(BadModelFolder, match="more than numbers"):
        load_encoder(cut, device="cpu")
    assert not (tmp_path / "run").exists()


# --- imported -----------------------------------------------------------------------------------


def test_that_an_imported_folder_in_parts_becomes_one_whole(cut, whole, images):
    spec = import_model(cut, "own")
    folder = find_model_folder("own")[1]
    assert [file.name for file in folder.glob("*model*")] == ["model.safetensors"]
    assert spec.bytes == describe("own").bytes == (folder / "model.safetensors").stat().st_size
    source = read_source(folder)
    assert source.file == source.converted_from == find_weights(cut).name
    one, other = (
        load_encoder(whole, device="cpu", precision="fp32"),
        load_encoder("own", device="cpu", precision="fp32"),
    )
    assert np.array_equal(one.encode_images(images), other.encode_images(images))


def test_that_parts_and_what_they_were_joined_to_have_one_fingerprint(cut):
    import_model(cut, "own")
    joined = read_model_folder(find_model_folder("own")[1])
    assert fingerprint(joined) == fingerprint(read_model_folder(cut))


def test_that_another_part_gives_another_fingerprint(cut):
    before = fingerprint(read_model_folder(cut))
    part = weight_files(find_weights(cut))[2]
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    assert fingerprint(read_model_folder(cut)) != before


def test_that_an_import_that_does_not_fit_counts_all_parts(cut, monkeypatch):
    needed = weights_bytes(find_weights(cut))
    usage = shutil.disk_usage("/")._replace(free=needed - 1)
    monkeypatch.setattr(model_copy.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ExplorerError, match="could not be copied"):
        import_model(cut, "own")


def test_that_an_import_tells_its_progress_and_leaves_nothing_when_stopped(cut):
    seen = []

    def stop(progress):
        seen.append(progress.message)
        if "Converting" in progress.message:
            context.cancel()

    context = JobContext(on_progress=stop, min_interval=0)
    with pytest.raises(Cancelled):
        import_model(cut, "own", context=context)
    assert "Reading the weights" in seen
    assert not [path for path in paths.models_folder().iterdir() if path.name != "pins.json"]


def test_that_a_bare_checkpoint_may_be_in_parts(clip_folder, tmp_path):
    parts = cut_weights(clip_folder)
    index = find_weights(clip_folder)
    assert len(read_checkpoint(index)) == sum(len(read_weights(part)) for part in parts)
    with pytest.raises(BadModelFolder, match="one part") as caught:
        import_checkpoint(parts[0], "ViT-B-32")
    assert_words(caught.value, index.name)


def test_that_one_digest_is_that_of_the_file():
    assert join_digests(["ab"]) == "ab"
    assert len(join_digests(["ab", "cd"])) == 64
    assert join_digests(["ab", "cd"]) != join_digests(["cd", "ab"])
