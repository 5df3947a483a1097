"""What is read from a model folder, and what is said of folders that cannot be used."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch

from vlm_explorer.encoders.folder_files import find_weights
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.encoders.model_folder import read_model_folder
from vlm_explorer.encoders.preprocess import PreprocessConfig
from vlm_explorer.errors import BadModelFolder, ExplorerError, ModelNotFound, WeightsNotFound


def assert_words(error: ExplorerError) -> None:
    """An error for the user is a sentence with a hint."""
    assert error.text.endswith(".")
    assert error.hint.endswith(".")


def test_that_old_and_new_keys_mean_the_same(folders):
    new, old = (read_model_folder(folders[kind]) for kind in ("biomedclip", "biomedclip, old keys"))
    for folder in (new, old):
        text_cfg = folder.model_cfg["text_cfg"]
        assert text_cfg["hf_proj_type"] == "mlp"
        assert text_cfg["hf_pooler_type"] == "cls_last_hidden_state_pooler"
        assert not {"proj", "pooler_type"} & text_cfg.keys()
    assert new.text_config == old.text_config


def test_that_nothing_points_to_the_hub(folders):
    folder = read_model_folder(folders["biomedclip"])
    text_cfg = folder.model_cfg["text_cfg"]
    assert Path(text_cfg["hf_model_name"]) == folders["biomedclip"]
    assert Path(text_cfg["hf_tokenizer_name"]) == folders["biomedclip"]
    assert text_cfg["hf_model_pretrained"] is False
    assert folder.model_cfg["vision_cfg"]["timm_model_pretrained"] is False


def test_that_a_relative_path_is_made_absolute(folders, monkeypatch):
    monkeypatch.chdir(folders["biomedclip"].parent)
    assert read_model_folder(Path("biomedclip")).path == folders["biomedclip"]


def test_that_preprocessing_is_resolved_as_open_clip_does(folders, clip_folder, edit_config):
    assert read_model_folder(folders["biomedclip"]).preprocess == PreprocessConfig(size=160)
    assert read_model_folder(folders["siglip"]).preprocess == PreprocessConfig(
        160, (0.5,) * 3, (0.5,) * 3, "bicubic", "squash"
    )
    assert read_model_folder(folders["own vocabulary"]).preprocess == PreprocessConfig(
        56, (0.5,) * 3, (0.25,) * 3, "bilinear", "longest", 7
    )

    def size_from_tower(config):
        config["model_cfg"]["vision_cfg"]["image_size"] = [64, 64]
        config["preprocess_cfg"] = {"size": 999, "mean": 0.25, "std": None}

    edit_config(clip_folder, size_from_tower)
    assert read_model_folder(clip_folder).preprocess == PreprocessConfig(64, (0.25,) * 3)


@pytest.mark.parametrize(
    ("preprocess", "size"),
    [
        ({"resize_mode": "stretch"}, 64),
        ({"interpolation": "nearest"}, 64),
        ({"mean": [0.5, 0.5]}, 64),
        ({"mean": "grey"}, 64),
        ({}, [64, 32]),
        ({}, 0.5),
    ],
)
def test_that_preprocessing_that_makes_no_sense_is_refused(
    clip_folder, edit_config, preprocess, size
):
    def change(config):
        config["preprocess_cfg"] = preprocess
        config["model_cfg"]["vision_cfg"]["image_size"] = size

    edit_config(clip_folder, change)
    with pytest.raises(BadModelFolder) as caught:
        read_model_folder(clip_folder)
    assert_words(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"model_cfg": 3}', '{"model_cfg": {"embed_dim": 512}}'],
)
def test_that_a_broken_configuration_is_refused_in_words(clip_folder, text):
    (clip_folder / "open_clip_config.json").write_text(text)
    with pytest.raises(BadModelFolder, match=r"open_clip_config\.json") as caught:
        load_encoder(clip_folder)
    assert_words(caught.value)


def test_that_folders_of_another_kind_are_refused(tmp_path):
    with pytest.raises(ModelNotFound) as caught:
        read_model_folder(tmp_path / "nowhere")
    assert_words(caught.value)
    with pytest.raises(BadModelFolder, match=r"no open_clip_config\.json") as refused:
        load_encoder(tmp_path)
    assert_words(refused.value)


def test_that_missing_weights_are_never_made_up(folder):
    for file in [*folder.glob("*.bin"), *folder.glob("*.safetensors")]:
        file.unlink()
    with pytest.raises(WeightsNotFound, match="no weights") as caught:
        load_encoder(folder)
    assert_words(caught.value)


def test_that_gits_placeholder_is_no_weights(clip_folder):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 783734497\n"
    (clip_folder / "open_clip_model.safetensors").write_text(pointer)
    with pytest.raises(WeightsNotFound, match="placeholder") as caught:
        load_encoder(clip_folder)
    assert_words(caught.value)


def test_that_weights_are_chosen_in_open_clips_order(tmp_path):
    names = ["pytorch_model.bin", "open_clip_pytorch_model.bin", "open_clip_model.safetensors"]
    (tmp_path / "training_args.bin").write_bytes(b"x")
    for name in names:
        (tmp_path / name).write_bytes(b"x")
        assert find_weights(tmp_path).name == name


def test_that_one_file_of_another_name_is_taken_and_several_are_not(tmp_path):
    (tmp_path / "epoch_32.pt").write_bytes(b"x")
    assert find_weights(tmp_path).name == "epoch_32.pt"
    (tmp_path / "epoch_31.pt").write_bytes(b"x")
    with pytest.raises(BadModelFolder, match=r"epoch_31\.pt, epoch_32\.pt") as caught:
        find_weights(tmp_path)
    assert_words(caught.value)


def test_that_towers_from_elsewhere_are_refused(folders, biomedclip_folder, edit_config):
    edit_config(
        biomedclip_folder,
        lambda config: config["model_cfg"]["vision_cfg"].update(
            timm_model_name="hf-hub:someone/tower"
        ),
    )
    with pytest.raises(BadModelFolder, match="fetched") as caught:
        load_encoder(biomedclip_folder)
    assert_words(caught.value)


def test_that_an_unknown_text_tower_needs_its_configuration(biomedclip_folder, edit_config):
    (biomedclip_folder / "config.json").unlink()
    edit_config(
        biomedclip_folder,
        lambda config: config["model_cfg"]["text_cfg"].update(hf_model_name="someone/tower"),
    )
    with pytest.raises(BadModelFolder, match=r"config\.json for its text tower") as caught:
        load_encoder(biomedclip_folder)
    assert_words(caught.value)


def test_that_the_text_towers_configuration_may_lie_in_a_folder_inside(
    biomedclip_folder, edit_config
):
    (biomedclip_folder / "bert").mkdir()
    (biomedclip_folder / "config.json").rename(biomedclip_folder / "bert" / "config.json")
    edit_config(
        biomedclip_folder,
        lambda config: config["model_cfg"]["text_cfg"].update(hf_model_name="bert"),
    )
    assert load_encoder(biomedclip_folder, device="cpu").encode_texts(["left"]).shape == (1, 512)


def test_that_code_named_by_the_text_towers_configuration_is_never_run(biomedclip_folder, tmp_path):
    file = biomedclip_folder / "config.json"
    config = json.loads(file.read_text())
    trace = tmp_path / "trace"
    (biomedclip_folder / "evil.py").write_text(f"open({str(trace)!r}, 'w').close()")
    names = {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}
    file.write_text(json.dumps(config | {"auto_map": names}))
    assert load_encoder(biomedclip_folder, device="cpu").dimension == 512
    file.write_text(json.dumps(config | {"auto_map": names, "model_type": "evil"}))
    with pytest.raises(BadModelFolder) as caught:
        load_encoder(biomedclip_folder, device="cpu")
    assert_words(caught.value)
    assert not trace.exists()


class Payload:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return (Path.touch, (self.file,))


@pytest.mark.parametrize("in_zip", [True, False])
def test_that_a_pickle_with_code_is_refused_and_not_run(biomedclip_folder, tmp_path, in_zip):
    weights = biomedclip_folder / "open_clip_pytorch_model.bin"
    payload = {"state_dict": Payload(tmp_path / "ran")}
    if in_zip:
        torch.save(payload, weights)
    else:
        weights.write_bytes(pickle.dumps(payload, protocol=2))
    with pytest.raises(BadModelFolder, match="more than numbers") as caught:
        load_encoder(biomedclip_folder, device="cpu")
    assert_words(caught.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kept", [0, 100, 5000, -1000])
def test_that_weights_cut_short_are_said_to_be_damaged(folder, kept):
    weights = find_weights(folder)
    weights.write_bytes(weights.read_bytes()[:kept])
    with pytest.raises(BadModelFolder, match=r"damaged|more than numbers") as caught:
        load_encoder(folder, device="cpu")
    assert_words(caught.value)


def change_weights(folder: Path, change) -> None:
    from safetensors.torch import load_file, save_file

    file = folder / "open_clip_model.safetensors"
    save_file(change(load_file(file)), file)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: {k: v for k, v in w.items() if k != "visual.proj"}, "1 are missing"),
        (lambda w: w | {"visual.extra": torch.zeros(3)}, r"1 have no place \(visual.extra\)"),
        (lambda w: w | {"visual.proj": torch.zeros(64, 40)}, "instead of"),
        (lambda w: w | {"visual.positional_embedding": torch.zeros(50, 64)}, "instead of"),
        (lambda w: {"a": torch.zeros(2)}, "are missing"),
    ],
    ids=["missing", "surplus", "another shape", "another grid", "another model"],
)
def test_that_weights_of_another_model_are_refused(clip_folder, change, words):
    change_weights(clip_folder, change)
    with pytest.raises(BadModelFolder, match=words) as caught:
        load_encoder(clip_folder, device="cpu")
    assert_words(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda state: {"state_dict": state, "epoch": 32},
        lambda state: {"state_dict": {f"module.{key}": value for key, value in state.items()}},
        lambda state: state | {"logit_scale": state["logit_scale"].reshape(1)},
        lambda state: {key: value.half() for key, value in state.items()},
    ],
    ids=["training checkpoint", "distributed training", "scale as a vector", "half precision"],
)
def test_that_usual_variants_of_checkpoints_load(clip_folder, encoders, images, change):
    from safetensors.torch import load_file

    file = clip_folder / "open_clip_model.safetensors"
    torch.save(change(load_file(file)), clip_folder / "open_clip_pytorch_model.bin")
    file.unlink()
    encoder = load_encoder(clip_folder, device="cpu")
    cosines = (encoder.encode_images(images) * encoders["clip-vit"].encode_images(images)).sum(1)
    assert (cosines > 0.9999).all()


def test_that_a_native_text_tower_under_its_first_names_loads(folders, tmp_path, encoders):
    import shutil

    folder = shutil.copytree(folders["own vocabulary"], tmp_path / "own")
    names = ("text.",)
    change_weights(
        folder,
        lambda w: {key.removeprefix(names[0]): value for key, value in w.items()},
    )
    encoder = load_encoder(folder, device="cpu")
    expected = encoders["own vocabulary"].encode_texts(["left lung"])
    assert abs(encoder.encode_texts(["left lung"]) - expected).max() < 1e-6


@pytest.mark.parametrize(
    "change",
    [
        lambda config: config["model_cfg"]["text_cfg"].update(flux="high"),
        lambda config: config["model_cfg"]["vision_cfg"].update(timm_model_name="no_such_tower"),
        lambda config: config["model_cfg"]["vision_cfg"].update(width=65),
        lambda config: config["model_cfg"].update(quick="gelu"),
    ],
    ids=["unknown key", "unknown tower", "odd width", "unknown argument"],
)
def test_that_a_configuration_open_clip_cannot_build_is_refused(clip_folder, edit_config, change):
    edit_config(clip_folder, change)
    with pytest.raises(BadModelFolder) as caught:
        load_encoder(clip_folder, device="cpu")
    assert_words(caught.value)
