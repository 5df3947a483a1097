"""Vectors against open_clip's own, and what must not change them."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.errors import BadModelFolder, ModelProblem, OutOfMemory, UsageError
from vlm_explorer.jobs import Cancelled, JobContext


def open_clips_own(folder: Path, place: Path):
    """Load a folder through open_clip alone, after doing to it what open_clip asks for.

    open_clip knows BiomedCLIP's first keys no longer, and finds the text tower's configuration
    without a network only by an absolute path.
    """
    import open_clip
    from transformers import BertConfig

    copy = shutil.copytree(folder, place, copy_function=os.link)
    file = copy / "open_clip_config.json"
    config = json.loads(file.read_text())
    text_cfg = config["model_cfg"]["text_cfg"]
    for old, new in (("proj", "hf_proj_type"), ("pooler_type", "hf_pooler_type")):
        if old in text_cfg:
            text_cfg[new] = text_cfg.pop(old)
    if "hf_model_name" in text_cfg:
        text_cfg["hf_model_name"] = str(copy)
        if not (copy / "config.json").exists():
            BertConfig(vocab_size=30522, pad_token_id=0).save_pretrained(copy)
    file.unlink()
    file.write_text(json.dumps(config))
    model, transform = open_clip.create_model_from_pretrained(f"local-dir:{copy}")
    return model.eval(), transform, open_clip.get_tokenizer(f"local-dir:{copy}")


def assert_same(ours: np.ndarray, theirs: torch.Tensor) -> None:
    expected = torch.nn.functional.normalize(theirs.double(), dim=-1).numpy()
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-5)


def test_that_vectors_equal_open_clips_own(kind, folders, encoders, images, tmp_path, texts):
    model, transform, tokenizer = open_clips_own(folders[kind], tmp_path / "copy")
    encoder = encoders[kind]

    with torch.no_grad():
        pictures = torch.stack([transform(Image.fromarray(image)) for image in images])
        theirs = model.encode_image(pictures)
        their_texts = model.encode_text(tokenizer(texts))

    assert_same(encoder.encode_images(images), theirs)
    assert_same(encoder.encode_texts(texts), their_texts)
    bias = None if model.logit_bias is None else model.logit_bias.item()
    assert encoder.logit_scale == pytest.approx(model.logit_scale.exp().item())
    assert encoder.logit_bias == bias


@pytest.mark.slow
def test_that_a_full_size_biomedclip_as_published_equals_open_clips(tmp_path, images, texts):
    import model_folders

    folder = model_folders.build_biomedclip_folder(
        tmp_path / "full", full_size=True, keys="old", weights="bin"
    )
    assert not (folder / "config.json").exists()
    encoder = load_encoder(folder, device="cpu", precision="fp32")
    assert sum(p.numel() for p in encoder.model.parameters()) == 195_902_721
    assert (encoder.dimension, encoder.context_length, encoder.preprocess.size) == (512, 256, 224)

    vectors, text_vectors = encoder.encode_images(images[:1]), encoder.encode_texts(texts[:1])
    del encoder

    model, transform, tokenizer = open_clips_own(folder, tmp_path / "copy")
    with torch.no_grad():
        pictures = torch.stack([transform(Image.fromarray(image)) for image in images[:1]])
        assert_same(vectors, model.encode_image(pictures))
        assert_same(text_vectors, model.encode_text(tokenizer(texts[:1])))
    for place in (folder, tmp_path / "copy"):  # pytest would keep 784 MB of the last runs
        (place / "open_clip_pytorch_model.bin").unlink()


def test_that_rows_are_unit_vectors_in_float32(kind, encoders, images, texts):
    for vectors in (encoders[kind].encode_images(images), encoders[kind].encode_texts(texts)):
        assert vectors.dtype == np.float32
        assert vectors.shape[1] == encoders[kind].dimension
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_that_different_inputs_have_different_vectors(kind, encoders, images, texts):
    for vectors in (encoders[kind].encode_images(images), encoders[kind].encode_texts(texts)):
        cosines = vectors @ vectors.T
        assert (cosines[~np.eye(len(vectors), dtype=bool)] < 0.9999).all()


def test_that_neither_order_nor_batch_size_changes_a_vector(kind, encoders, images, texts):
    encoder = encoders[kind]
    expected = encoder.encode_images(images)
    for size in (1, 2, 3):
        np.testing.assert_allclose(
            encoder.encode_images(images, batch_size=size), expected, rtol=0, atol=1e-5
        )
    np.testing.assert_allclose(
        encoder.encode_images(images[::-1]), expected[::-1], rtol=0, atol=1e-5
    )
    many = texts * 30
    found = encoder.encode_texts(many)
    np.testing.assert_allclose(found[::-1], encoder.encode_texts(many[::-1]), rtol=0, atol=1e-5)
    alone = np.concatenate([encoder.encode_texts([text]) for text in texts])
    np.testing.assert_allclose(found[: len(texts)], alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("threads", [1, 2])
def test_that_an_image_has_the_same_bits_at_its_place_whatever_its_neighbours(
    kind, precision, threads, folders, images
):
    encoder = load_encoder(folders[kind], device="cpu", precision=precision)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        expected = encoder.encode_images(images[:4], batch_size=4)
        for place in range(4):
            others = [images[6], images[5], images[4], images[6]]
            others[place] = images[place]
            found = encoder.encode_images(others, batch_size=4)
            np.testing.assert_array_equal(found[place], expected[place])
    finally:
        torch.set_num_threads(before)


@pytest.mark.slow
def test_that_texts_stay_in_float32_whatever_the_images_run_in(kind, folders, encoders, texts):
    half = load_encoder(folders[kind], device="cpu", precision="bf16")
    np.testing.assert_array_equal(half.encode_texts(texts), encoders[kind].encode_texts(texts))
    assert half.model.logit_scale.dtype == torch.float32
    assert {p.dtype for p in half.model.visual.parameters()} == {torch.bfloat16}


def test_that_texts_at_their_own_length_have_the_vectors_of_the_whole_window(kind, encoders, texts):
    encoder = encoders[kind]
    with torch.inference_mode():
        whole = encoder.model.encode_text(encoder.tokenizer(texts))
    assert_same(encoder.encode_texts(texts), whole)


def test_that_a_grey_image_equals_its_colour_stack(kind, encoders, images):
    grey = [image for image in images if image.ndim == 2]
    stacked = [np.stack([image] * 3, axis=-1) for image in grey]
    np.testing.assert_array_equal(
        encoders[kind].encode_images(grey), encoders[kind].encode_images(stacked)
    )


def test_that_a_view_has_the_vector_of_its_image(kind, encoders, images):
    encoder = encoders[kind]
    views = [encoder.view(image) for image in images]
    np.testing.assert_array_equal(encoder.encode_images(views), encoder.encode_images(images))


@pytest.mark.parametrize(("precision", "least"), [("bf16", 0.99), ("fp16", 0.9999)])
@pytest.mark.slow
def test_that_half_precision_keeps_the_direction_or_warns(
    kind, precision, least, folders, encoders, images
):
    half = load_encoder(folders[kind], device="cpu", precision=precision)
    assert (half.precision, half.choice.precision) == (precision, precision)
    vectors = half.encode_images(images)
    assert vectors.dtype == np.float32
    assert half.logit_scale == encoders[kind].logit_scale
    if kind == "mobileclip2":  # batch norms of made-up statistics
        assert "cosine of only" in half.choice.warning
    else:
        assert ((vectors * encoders[kind].encode_images(images)).sum(1) > least).all()


def test_that_nothing_in_gives_nothing_out(kind, encoders):
    assert encoders[kind].encode_images([]).shape == (0, encoders[kind].dimension)
    assert encoders[kind].encode_texts([]).shape == (0, encoders[kind].dimension)


def test_that_one_text_alone_is_a_list_of_one(encoders):
    encoder = encoders["clip-vit"]
    np.testing.assert_array_equal(encoder.encode_texts("lung"), encoder.encode_texts(["lung"]))


def test_that_gradients_reach_the_image_outside_of_encode(kind, encoders, images):
    from vlm_explorer.encoders.preprocess import to_tensor

    encoder = encoders[kind]
    encoder.encode_images(images[:1])
    tensor = to_tensor([encoder.view(images[0])], encoder.preprocess).requires_grad_()
    encoder.model.encode_image(tensor).square().sum().backward()
    assert tensor.grad is not None
    assert tensor.grad.abs().sum() > 0


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.float32),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros(4, np.uint8),
        [[0, 1], [2, 3]],
    ],
    ids=["float", "four channels", "empty", "one row", "list"],
)
def test_that_other_arrays_are_refused_in_words(image, encoders):
    with pytest.raises(UsageError, match="must be"):
        encoders["clip-vit"].encode_images([image])


class Hungry:
    """A tower that has room for `room` inputs at a time."""

    def __init__(self, real, room: int, error: Exception) -> None:
        self.real, self.room, self.error, self.sizes = real, room, error, []

    def __call__(self, tensor):
        self.sizes.append(len(tensor))
        if len(tensor) > self.room:
            raise self.error
        return self.real(tensor)


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes"),
    RuntimeError("MPS backend out of memory"),
    MemoryError(),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: str(error)[:30] or "MemoryError")
def test_that_a_batch_that_does_not_fit_is_halved(error, encoders, images, monkeypatch):
    encoder = dataclasses.replace(encoders["clip-vit"], _fitting={})
    expected = encoder.encode_images(images)
    assert encoder.batch_limit is None
    hungry = Hungry(encoder.model.encode_image, 2, error)
    monkeypatch.setattr(encoder.model, "encode_image", hungry)
    vectors = encoder.encode_images(images, batch_size=7)
    np.testing.assert_allclose(vectors, expected, rtol=0, atol=1e-5)
    assert hungry.sizes == [7, 3, 1, 1, 1, 1, 1, 1, 1]
    assert encoder.batch_limit == 1


def test_that_a_batch_that_did_not_fit_is_not_tried_again(encoders, images, monkeypatch):
    encoder = dataclasses.replace(encoders["clip-vit"], _fitting={})
    hungry = Hungry(encoder.model.encode_image, 3, torch.OutOfMemoryError("out of memory"))
    monkeypatch.setattr(encoder.model, "encode_image", hungry)
    encoder.encode_images(images, batch_size=6)
    encoder.encode_images(images, batch_size=6)
    assert hungry.sizes == [6, 3, 3, 1, 3, 3, 1]
    hungry.sizes.clear()
    encoder.encode_images(images[:2], batch_size=6)
    assert hungry.sizes == [2]


def test_that_one_image_too_many_for_the_memory_is_said(encoders, images, monkeypatch):
    encoder = dataclasses.replace(encoders["clip-vit"], _fitting={})
    monkeypatch.setattr(
        encoder.model, "encode_image", Hungry(None, 0, torch.OutOfMemoryError("out of memory"))
    )
    with pytest.raises(OutOfMemory, match="Not even one"):
        encoder.encode_images(images)


def test_that_other_failures_are_not_taken_for_a_lack_of_memory(encoders, images, monkeypatch):
    encoder = encoders["clip-vit"]
    monkeypatch.setattr(encoder.model, "encode_image", Hungry(None, 0, RuntimeError("shape")))
    with pytest.raises(RuntimeError, match="shape"):
        encoder.encode_images(images)


def test_that_progress_is_reported_and_cancelling_stops(encoders, images, texts):
    seen: list[tuple[int, int | None]] = []
    context = JobContext(lambda p: seen.append((p.done, p.total)), min_interval=0)
    encoders["clip-vit"].encode_images(images, batch_size=3, context=context)
    assert seen == [(3, 7), (6, 7), (7, 7)]
    encoders["biomedclip"].encode_texts(texts * 20, context=context)
    assert seen[3:] == [(64, 120), (120, 120)]
    context.cancel()
    with pytest.raises(Cancelled):
        encoders["clip-vit"].encode_images(images, context=context)


def test_that_numbers_that_are_not_finite_are_an_error(encoders, images, monkeypatch):
    encoder = encoders["clip-vit"]
    monkeypatch.setattr(
        encoder.model, "encode_image", lambda tensor: torch.full((len(tensor), 48), torch.nan)
    )
    with pytest.raises(ModelProblem, match="not finite"):
        encoder.encode_images(images)


def test_that_damaged_weights_are_found_while_loading(clip_folder):
    from safetensors.torch import load_file, save_file

    file = clip_folder / "open_clip_model.safetensors"
    weights = load_file(file)
    weights["visual.proj"] = torch.full_like(weights["visual.proj"], torch.nan)
    save_file(weights, file)
    with pytest.raises(ModelProblem, match="not finite"):
        load_encoder(clip_folder, device="cpu")


def test_that_towers_of_another_image_size_are_found_while_loading(folders, tmp_path, edit_config):
    folder = shutil.copytree(folders["siglip"], tmp_path / "siglip")
    edit_config(folder, lambda config: config["model_cfg"]["vision_cfg"].update(image_size=150))
    with pytest.raises(BadModelFolder, match="cannot encode"):
        load_encoder(folder, device="cpu")


def test_that_a_tokenizer_of_a_larger_model_is_named(folders, tmp_path):
    folder = shutil.copytree(folders["own vocabulary"], tmp_path / "own")
    config = json.loads((folder / "tokenizer.json").read_text())
    config["model"]["vocab"]["glorp"] = 4000
    (folder / "tokenizer.json").write_text(json.dumps(config))
    encoder = load_encoder(folder, device="cpu")
    assert encoder.encode_texts(["left"]).shape == (1, 48)
    with pytest.raises(BadModelFolder, match="more tokens"):
        encoder.encode_texts(["left", "glorp"])


def test_that_an_encoder_that_does_not_fit_is_said(clip_folder, monkeypatch):
    def full(*arguments, **settings):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9")

    monkeypatch.setattr(torch.nn, "Conv2d", full)
    with pytest.raises(OutOfMemory, match="does not fit"):
        load_encoder(clip_folder, device="cpu")
    monkeypatch.undo()
    monkeypatch.setattr(torch, "empty", full)
    with pytest.raises(OutOfMemory, match="does not fit"):
        load_encoder(clip_folder, device="cpu")


def test_that_checking_the_weights_is_reported_and_can_be_cancelled(clip_folder):
    context = JobContext(lambda progress: context.cancel())
    with pytest.raises(Cancelled):
        load_encoder(clip_folder, context=context, device="cpu")
