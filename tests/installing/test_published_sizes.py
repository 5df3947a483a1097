"""Architectures in their published size, by open_clip's name, with random weights."""

from __future__ import annotations

import shutil

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.encoders.towers import build_open_clip_model
from vlm_explorer.installing.architectures import model_configuration, preprocess_of
from vlm_explorer.installing.checkpoints import make_model_folder, read_checkpoint
from vlm_explorer.installing.guessing import guess_architecture


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ViT-B-32-quickgelu", "RN50", "MobileCLIP2-S0"])
def test_that_a_checkpoint_of_published_size_gives_open_clips_vectors(
    name, tmp_path, monkeypatch, images, texts
):
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path / "home"))
    file = tmp_path / "weights.pt"
    torch.save(build_open_clip_model(model_configuration(name)).state_dict(), file)
    assert name in guess_architecture(read_checkpoint(file))

    made = make_model_folder(file, name, tmp_path / "made")
    assert made.preprocess == preprocess_of(name)
    encoder = load_encoder(made.folder, device="cpu", precision="fp32")
    seen, read = encoder.encode_images(images), encoder.encode_texts(texts)
    del encoder

    model, transform = open_clip.create_model_from_pretrained(f"local-dir:{made.folder}")
    with torch.no_grad():
        pictures = torch.stack([transform(Image.fromarray(image)) for image in images])
        expected = model.eval().encode_image(pictures, normalize=True).numpy()
        written = model.encode_text(open_clip.get_tokenizer(name)(texts), normalize=True).numpy()
    np.testing.assert_allclose(seen, expected, rtol=0, atol=1e-4)
    np.testing.assert_allclose(read, written, rtol=0, atol=1e-4)
    shutil.rmtree(made.folder)
    file.unlink()  # pytest would keep 600 MB of the last runs
