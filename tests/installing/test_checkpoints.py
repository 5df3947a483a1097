"""Bare checkpoints: what they are of, and the folders made of them."""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from model_folders import build_clip_vit_folder, build_siglip_folder
from PIL import Image

from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.encoders.model_folder import read_model_folder
from vlm_explorer.encoders.preprocess import OPENAI_MEAN, OPENAI_STD, PreprocessConfig
from vlm_explorer.errors import BadModelFolder, ModelNotFound, StorageProblem, UsageError
from vlm_explorer.installing.architectures import (
    OWN_CONFIGS,
    architectures,
    missing_files,
    model_configuration,
    preprocess_of,
    pretrained_tags,
)
from vlm_explorer.installing.checkpoints import make_model_folder, read_checkpoint
from vlm_explorer.installing.guessing import empty_model, guess_architecture
from vlm_explorer.jobs import JobContext

BIOMEDCLIP = "BiomedCLIP-PubMedBERT_256-vit_base_patch16_224"
OPENAI = {
    "mean": OPENAI_MEAN,
    "std": OPENAI_STD,
    "interpolation": "bicubic",
    "resize_mode": "shortest",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> dict[str, Path]:
    """Folders of two small architectures, which open_clip is told of by name."""
    root = tmp_path_factory.mktemp("architectures")
    builders = {"Small-ViT": build_clip_vit_folder, "Small-SigLIP": build_siglip_folder}
    folders = {name: build(root / "folders" / name) for name, build in builders.items()}
    for name, folder in folders.items():
        config = json.loads((folder / "open_clip_config.json").read_text())["model_cfg"]
        (root / f"{name}.json").write_text(json.dumps(config))
    open_clip.add_model_config(root)
    return folders


def state(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(folder / "open_clip_model.safetensors")


@pytest.fixture
def checkpoint(small, tmp_path) -> Path:
    """A plain state dict of the small ViT."""
    file = tmp_path / "tuned.pt"
    torch.save(state(small["Small-ViT"]), file)
    return file


FORMS = {
    "bare": lambda weights: weights,
    "training": lambda weights: {"epoch": 3, "state_dict": weights, "optimizer": {"lr": 0.1}},
    "model": lambda weights: {"model": weights, "epoch": 3},
    "distributed": lambda weights: {f"module.{key}": value for key, value in weights.items()},
    "compiled": lambda weights: {
        "state_dict": {f"module._orig_mod.{key}": value for key, value in weights.items()}
    },
    "half": lambda weights: {key: value.half() for key, value in weights.items()},
    "OpenAI": lambda weights: (
        weights
        | {name: torch.tensor(7) for name in ("input_resolution", "context_length", "vocab_size")}
    ),
    "shared memory": lambda weights: weights | {"logit_scale": weights["visual.proj"][0, 0]},
}


@pytest.mark.parametrize(
    ("form", "suffix"),
    [*((form, ".pt") for form in FORMS), *(("training", s) for s in (".pth", ".bin", ".ckpt"))],
)
def test_that_every_usual_form_becomes_the_same_folder(
    form, suffix, small, tmp_path, monkeypatch, images
):
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path / "home"))
    file = tmp_path / f"epoch_3{suffix}"
    torch.save(FORMS[form](state(small["Small-ViT"])), file)
    made = make_model_folder(file, "Small-ViT", tmp_path / "made", preprocess=OPENAI)
    assert made.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert made.bytes == file.stat().st_size
    encoder = load_encoder(made.folder, device="cpu", precision="fp32")
    expected = load_encoder(small["Small-ViT"], device="cpu", precision="fp32")
    cosines = (encoder.encode_images(images) * expected.encode_images(images)).sum(1)
    assert cosines.min() > 0.99999
    np.testing.assert_allclose(encoder.encode_texts(["left"]), expected.encode_texts(["left"]),
                               atol=2e-3 if form == "half" else 1e-7)  # fmt: skip
    assert sorted(path.name for path in made.folder.iterdir()) == [
        "open_clip_config.json",
        "open_clip_model.safetensors",
    ]


def test_that_open_clip_itself_loads_the_folder_with_the_same_vectors(
    checkpoint, tmp_path, monkeypatch, images, texts
):
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path / "home"))
    made = make_model_folder(checkpoint, "Small-ViT", tmp_path / "made", preprocess=OPENAI)
    model, transform = open_clip.create_model_from_pretrained(f"local-dir:{made.folder}")
    encoder = load_encoder(made.folder, device="cpu", precision="fp32")
    with torch.no_grad():
        pictures = torch.stack([transform(Image.fromarray(image)) for image in images])
        seen = model.eval().encode_image(pictures, normalize=True).numpy()
        read = model.encode_text(open_clip.get_tokenizer("ViT-B-32")(texts), normalize=True)
    np.testing.assert_allclose(encoder.encode_images(images), seen, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_texts(texts), read.numpy(), atol=1e-5)


def test_that_files_of_the_tokenizer_are_taken_from_beside_or_from_where_one_says(small, tmp_path):
    lone = tmp_path / "lone"
    lone.mkdir()
    file = shutil.copy(small["Small-SigLIP"] / "open_clip_model.safetensors", lone / "tuned.pt")
    file = file.rename(lone / "tuned.safetensors")
    with pytest.raises(BadModelFolder, match=r"tokenizer of timm/ViT-B-16-SigLIP \(tok") as caught:
        make_model_folder(file, "Small-SigLIP", tmp_path / "made", preprocess=OPENAI)
    assert "folder" in caught.value.hint
    assert not (tmp_path / "made").exists()
    made = make_model_folder(
        file, "Small-SigLIP", tmp_path / "made", preprocess=OPENAI, tokenizer=small["Small-SigLIP"]
    )
    assert (made.folder / "tokenizer.json").is_file()
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(small["Small-SigLIP"] / name, lone)
    again = make_model_folder(file, "Small-SigLIP", tmp_path / "again", preprocess=OPENAI)
    assert read_model_folder(again.folder).context_length == 64


def test_that_what_is_not_known_of_the_preprocessing_is_asked_for(checkpoint, tmp_path):
    with pytest.raises(UsageError, match="nothing of it was published") as caught:
        make_model_folder(checkpoint, "Small-ViT", tmp_path / "made")
    assert "mean, std, interpolation, resize_mode" in caught.value.hint
    with pytest.raises(UsageError, match="differ") as differing:
        make_model_folder(checkpoint, "ViT-L-14", tmp_path / "made", preprocess={"mean": [0.5] * 3})
    assert "std" in differing.value.hint
    assert "openai" in differing.value.hint
    with pytest.raises(UsageError, match="no setting fill"):
        make_model_folder(checkpoint, "Small-ViT", tmp_path / "made", preprocess={"fill": 1})


def test_that_the_tables_of_open_clip_say_how_images_are_prepared():
    assert preprocess_of("ViT-B-32") == OPENAI
    assert preprocess_of("ViT-B-16-SigLIP2") == {
        "mean": (0.5,) * 3,
        "std": (0.5,) * 3,
        "interpolation": "bicubic",
        "resize_mode": "squash",
    }
    assert preprocess_of("MobileCLIP2-S0") == {
        "mean": (0.0,) * 3,
        "std": (1.0,) * 3,
        "interpolation": "bilinear",
        "resize_mode": "shortest",
    }
    assert preprocess_of(BIOMEDCLIP) == OPENAI
    assert preprocess_of("ViT-L-14") is None
    assert preprocess_of("ViT-L-14", "openai") == OPENAI
    assert preprocess_of("ViT-L-14", "laion2b_s32b_b82k")["mean"] == (0.5,) * 3
    with pytest.raises(UsageError, match="no published weights"):
        preprocess_of("ViT-B-32", "mars")


def test_that_openais_activation_follows_from_the_weights_that_training_started_from():
    assert "openai" in pretrained_tags("ViT-B-32")
    assert not model_configuration("ViT-B-32").get("quick_gelu")
    assert model_configuration("ViT-B-32", "openai")["quick_gelu"]
    assert not model_configuration("ViT-B-32", "laion2b_s34b_b79k").get("quick_gelu")


def test_that_every_architecture_is_there_and_others_are_suggested():
    names = architectures()
    assert set(open_clip.list_models()) | set(OWN_CONFIGS) == set(names)
    with pytest.raises(UsageError, match="ViT-B32") as caught:
        model_configuration("ViT-B32")
    assert "ViT-B-32" in caught.value.hint


def test_that_files_an_architecture_needs_are_named(tmp_path):
    assert missing_files("ViT-B-32", tmp_path) == []
    assert "timm/ViT-B-16-SigLIP2" in missing_files("ViT-B-16-SigLIP2", tmp_path)[0]
    assert len(missing_files(BIOMEDCLIP, tmp_path)) == 1
    tokenizer, tower = missing_files("roberta-ViT-B-32", tmp_path)
    assert "tokenizer" in tokenizer
    assert "config.json" in tower


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ViT-B-32", ["ViT-B-32", "ViT-B-32-quickgelu"]),
        ("RN50", ["RN50", "RN50-quickgelu"]),
        ("ViT-B-16-SigLIP2", ["ViT-B-16-SigLIP2"]),
        ("MobileCLIP2-S0", ["MobileCLIP2-S0"]),
        ("coca_ViT-B-32", ["coca_ViT-B-32"]),
        (BIOMEDCLIP, [BIOMEDCLIP]),
    ],
)
@pytest.mark.slow
def test_that_an_architecture_is_recognised_by_its_tensors(name, expected):
    weights = dict(empty_model(name).state_dict())
    framed = {f"module.{key}": value for key, value in weights.items()}
    assert guess_architecture(framed)[: len(expected)] == expected


def test_that_openais_own_checkpoints_are_recognised_by_the_numbers_in_them():
    weights = dict(empty_model("ViT-B-32").state_dict())
    weights |= {name: torch.tensor(1) for name in ("input_resolution", "vocab_size")}
    assert guess_architecture(weights)[0] == "ViT-B-32-quickgelu"


def test_that_comparing_architectures_tells_its_progress(checkpoint):
    seen = []
    context = JobContext(lambda progress: seen.append(progress.message))
    assert guess_architecture(read_checkpoint(checkpoint), context=context) == ["Small-ViT"]
    assert set(seen) == {"Comparing architectures"}


def test_that_other_tensors_fit_nothing(small):
    assert guess_architecture({"fc.weight": torch.zeros(3, 4), "fc.bias": torch.zeros(3)}) == []
    weights = state(small["Small-ViT"])
    assert guess_architecture(weights) == ["Small-ViT"]
    del weights["visual.proj"]
    assert guess_architecture(weights) == []


def test_that_weights_of_another_architecture_are_refused_with_the_right_one(checkpoint, tmp_path):
    with pytest.raises(BadModelFolder, match="not those of ViT-B-32") as caught:
        make_model_folder(checkpoint, "ViT-B-32", tmp_path / "made")
    assert caught.value.hint == "They fit Small-ViT."
    torch.save({"fc.weight": torch.zeros(2, 2)}, checkpoint)
    with pytest.raises(BadModelFolder) as nothing:
        make_model_folder(checkpoint, "ViT-B-32", tmp_path / "made")
    assert "none of the architectures" in nothing.value.hint
    assert list(tmp_path.iterdir()) == [checkpoint]


def test_that_a_program_in_torchscript_is_refused_and_how_to_save_its_numbers(tmp_path):
    file = tmp_path / "ViT-B-32.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # TorchScript itself is on its way out
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), file)
    with pytest.raises(BadModelFolder, match="TorchScript") as caught:
        read_checkpoint(file)
    assert "state_dict()" in caught.value.hint


class Payload:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return (Path.touch, (self.file,))


def test_that_code_in_a_checkpoint_is_not_run(tmp_path):
    file = tmp_path / "tuned.ckpt"
    torch.save({"state_dict": {}, "hyper_parameters": Payload(tmp_path / "ran")}, file)
    with pytest.raises(BadModelFolder, match="more than numbers"):
        read_checkpoint(file)
    assert not (tmp_path / "ran").exists()


def test_that_files_that_are_no_checkpoints_are_refused_in_words(tmp_path):
    with pytest.raises(ModelNotFound):
        read_checkpoint(tmp_path / "nowhere.pt")
    (tmp_path / "words.txt").write_text("words")
    with pytest.raises(BadModelFolder, match="not a file of weights"):
        read_checkpoint(tmp_path / "words.txt")
    (tmp_path / "cut.pt").write_bytes(b"PK\x03\x04nothing")
    with pytest.raises(BadModelFolder, match="damaged"):
        read_checkpoint(tmp_path / "cut.pt")


def test_that_a_folder_that_is_there_is_left_alone(checkpoint, tmp_path):
    target = tmp_path / "made"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    with pytest.raises(StorageProblem):
        make_model_folder(checkpoint, "Small-ViT", target, preprocess=OPENAI)
    assert [path.name for path in target.iterdir()] == ["mine.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made", "tuned.pt"]


def test_that_the_users_word_on_preprocessing_counts(checkpoint, tmp_path):
    own = OPENAI | {"mean": (0.398,) * 3, "std": (0.327,) * 3, "resize_mode": "squash"}
    made = make_model_folder(checkpoint, "Small-ViT", tmp_path / "made", preprocess=own)
    assert made.preprocess == own
    assert read_model_folder(made.folder).preprocess == PreprocessConfig(
        64, (0.398,) * 3, (0.327,) * 3, "bicubic", "squash"
    )
