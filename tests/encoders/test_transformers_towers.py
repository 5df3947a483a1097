"""Folders of transformers' own classes: vectors and rows against transformers itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from model_folders import TRANSFORMERS_BUILDERS, build_tinyclip_folder
from PIL import Image

from vlm_explorer.encoders.fingerprint import fingerprint
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.encoders.model_folder import is_model_folder, read_model_folder
from vlm_explorer.encoders.preprocess import OPENAI_MEAN, OPENAI_STD, PreprocessConfig
from vlm_explorer.errors import BadModelFolder, WeightsNotFound

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.fixture(params=TRANSFORMERS_BUILDERS)
def family(request) -> str:
    return request.param


@pytest.fixture
def tinyclip(transformers_folders, tmp_path) -> Path:
    """A copy that a test may change."""
    return shutil.copytree(transformers_folders["tinyclip"], tmp_path / "tinyclip")


def unit(output) -> np.ndarray:
    pooled = getattr(output, "pooler_output", output)
    return torch.nn.functional.normalize(pooled.double(), dim=-1).numpy()


def transformers_own(folder: Path, images, texts) -> tuple[np.ndarray, np.ndarray, torch.Tensor]:
    """Return vectors of images and texts, and rows, from transformers' model and processor."""
    from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(folder).eval()
    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    pictures = [Image.fromarray(image).convert("RGB") for image in images]
    rows = tokenizer(
        texts, padding="max_length", truncation=True,
        max_length=model.config.text_config.max_position_embeddings, return_tensors="pt",
    )  # fmt: skip
    named = {"input_ids": rows.input_ids}
    if model.config.model_type == "clip":
        named["attention_mask"] = rows.attention_mask
    with torch.no_grad():
        seen = model.get_image_features(processor(pictures, return_tensors="pt").pixel_values)
        read = model.get_text_features(**named)
    return unit(seen), unit(read), rows.input_ids


def test_that_vectors_equal_transformers_own(
    family, transformers_folders, transformers_encoders, images, texts
):
    encoder = transformers_encoders[family]
    seen, read, rows = transformers_own(transformers_folders[family], images, texts)
    np.testing.assert_allclose(encoder.encode_images(images), seen, rtol=0, atol=1e-6)
    np.testing.assert_allclose(encoder.encode_texts(texts), read, rtol=0, atol=2e-6)
    assert encoder.tokenizer(texts).tolist() == rows.tolist()


def test_that_the_default_image_processor_gives_nearly_the_same(
    family, transformers_folders, transformers_encoders
):
    """transformers 5 resizes tensors by default, whose rounding differs from PIL's."""
    from transformers import AutoImageProcessor, AutoModel

    down, across = np.mgrid[:200, :150]
    image = (60 + 0.5 * across + 0.3 * down + 40 * np.sin(down / 9)).astype(np.uint8)
    processor = AutoImageProcessor.from_pretrained(transformers_folders[family])
    model = AutoModel.from_pretrained(transformers_folders[family]).eval()
    picture = Image.fromarray(image).convert("RGB")
    with torch.no_grad():
        pixels = processor(picture, return_tensors="pt").pixel_values
        expected = unit(model.get_image_features(pixels))
    found = transformers_encoders[family].encode_images([image])
    assert (found * expected).sum() > 0.9999


def test_that_what_lies_in_the_folder_is_read(transformers_folders, transformers_encoders):
    clip, siglip = (transformers_encoders[kind] for kind in ("pubmedclip", "medsiglip"))
    assert (clip.dimension, clip.context_length, clip.logit_bias) == (24, 77, None)
    assert clip.preprocess == PreprocessConfig(
        64, OPENAI_MEAN, OPENAI_STD, "bicubic", "shortest", crop="floor"
    )
    assert (siglip.dimension, siglip.context_length) == (36, 64)
    assert siglip.logit_bias == pytest.approx(-11.5)
    assert siglip.preprocess == PreprocessConfig(
        84, (0.5,) * 3, (0.5,) * 3, "bilinear", "squash", crop="floor"
    )
    for encoder in (clip, siglip):
        assert encoder.logit_scale == pytest.approx(37.5)
    assert all(is_model_folder(folder) for folder in transformers_folders.values())


@pytest.mark.parametrize("side", [64, 65, 91, 127, 200])
def test_that_the_crop_is_transformers_own(transformers_folders, transformers_encoders, side):
    """transformers halves odd margins downwards, torchvision to even: one pixel apart."""
    from transformers import AutoImageProcessor

    from vlm_explorer.encoders.preprocess import to_tensor

    encoder = transformers_encoders["tinyclip"]
    processor = AutoImageProcessor.from_pretrained(transformers_folders["tinyclip"], backend="pil")
    random = np.random.default_rng(side)
    for shape in ((64, side), (side, 64), (side, 83, 3)):
        image = random.integers(0, 256, shape).astype(np.uint8)
        expected = processor(Image.fromarray(image).convert("RGB"), return_tensors="pt")
        found = to_tensor([encoder.view(image)], encoder.preprocess)
        torch.testing.assert_close(found, expected.pixel_values, rtol=0, atol=1e-6)


def test_that_a_folder_saved_by_transformers_loads(tinyclip, tmp_path, transformers_encoders):
    """Its version 5 keeps the image processor's settings in a file of the whole processor."""
    from transformers import CLIPModel, CLIPProcessor

    saved = tmp_path / "saved"
    CLIPModel.from_pretrained(tinyclip).save_pretrained(saved)
    CLIPProcessor.from_pretrained(tinyclip).save_pretrained(saved)
    image = np.random.default_rng(0).integers(0, 256, (90, 70)).astype(np.uint8)
    expected = transformers_encoders["tinyclip"]
    encoder = load_encoder(saved, device="cpu", precision="fp32")
    np.testing.assert_array_equal(encoder.encode_images([image]), expected.encode_images([image]))
    np.testing.assert_array_equal(encoder.encode_texts(["left"]), expected.encode_texts(["left"]))


def test_that_open_clips_layout_wins_where_both_are_there(tinyclip, folders):
    for file in folders["clip-vit"].iterdir():
        shutil.copy(file, tinyclip / file.name)
    folder = read_model_folder(tinyclip)
    assert folder.loader == "open_clip"
    assert folder.weights.name == "open_clip_model.safetensors"


def test_that_the_fingerprint_covers_the_preprocessing(tinyclip):
    before = fingerprint(read_model_folder(tinyclip))
    change(tinyclip / "preprocessor_config.json", resample=2)
    assert fingerprint(read_model_folder(tinyclip)) != before


def test_that_half_precision_weights_are_computed_with_in_single(tmp_path, tinyclip, texts):
    from safetensors.torch import load_file, save_file

    file = tinyclip / "model.safetensors"
    halves = {key: value.half() for key, value in load_file(file).items()}
    save_file(halves, file)
    change(tinyclip / "config.json", torch_dtype="float16")
    encoder = load_encoder(tinyclip, device="cpu", precision="fp32")
    assert {p.dtype for p in encoder.model.parameters()} == {torch.float32}


def change(file: Path, **values) -> None:
    content = json.loads(file.read_text())
    content.update(values)
    file.write_text(json.dumps({k: v for k, v in content.items() if v is not ...}))


@pytest.mark.parametrize(
    "values",
    [
        {"size": {"shortest_edge": 80}},
        {"size": {"height": 64, "width": 80}},
        {"size": {"shortest_edge": 64}, "do_center_crop": False},
        {"crop_size": {"height": 32, "width": 32}},
        {"do_resize": False},
        {"do_rescale": False},
        {"rescale_factor": 1.0},
        {"resample": 0},
        {"image_mean": [0.5]},
        {"size": {}},
        {"size": "large"},
    ],
)
def test_that_a_preprocessing_that_is_not_done_here_is_refused(tinyclip, values):
    change(tinyclip / "preprocessor_config.json", **values)
    with pytest.raises(BadModelFolder, match=r"preprocessor_config\.json") as caught:
        read_model_folder(tinyclip)
    assert caught.value.hint


@pytest.mark.parametrize("kind", ["siglip2", "bert", "vision-text-dual-encoder", None])
def test_that_models_of_other_types_are_refused_in_words(tinyclip, kind):
    change(tinyclip / "config.json", model_type=kind)
    with pytest.raises(BadModelFolder, match="of type") as caught:
        read_model_folder(tinyclip)
    assert "CLIP and SigLIP" in caught.value.hint


def test_that_code_named_in_a_folder_is_never_run(tinyclip, tmp_path):
    trace = tmp_path / "trace"
    (tinyclip / "evil.py").write_text(f"open({str(trace)!r}, 'w').close()")
    names = {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}
    change(tinyclip / "config.json", auto_map=names)
    change(tinyclip / "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.Tok", None]})
    assert load_encoder(tinyclip, device="cpu").dimension == 24
    assert not trace.exists()


def test_that_weights_that_do_not_fit_are_refused(tinyclip):
    change(tinyclip / "config.json", projection_dim=25)
    with pytest.raises(BadModelFolder, match="have another shape"):
        load_encoder(tinyclip, device="cpu")


def test_that_missing_weights_are_named(tinyclip):
    for file in tinyclip.glob("*.safetensors"):
        file.unlink()
    with pytest.raises(WeightsNotFound) as missing:
        read_model_folder(tinyclip)
    assert "model.safetensors or pytorch_model.bin" in missing.value.hint


def test_that_a_folder_without_a_tokenizer_is_refused(tmp_path):
    folder = build_tinyclip_folder(tmp_path / "bare")
    for file in read_model_folder(folder).tokenizer_files:
        file.unlink()
    with pytest.raises(BadModelFolder, match="tokenizer files"):
        load_encoder(folder, device="cpu")


def test_that_loading_says_nothing_on_the_way(family, transformers_folders, capfd):
    load_encoder(transformers_folders[family], device="cpu", precision="fp32")
    assert capfd.readouterr() == ("", "")
