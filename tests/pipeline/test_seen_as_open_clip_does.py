"""From a real picture's file to its vector, by the decoders and by open_clip's own transform."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from model_folders import build_clip_vit_folder
from PIL import Image

from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.files.scan import scan
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.decoding import DecodedImage, decode_file

MODES = ("L", "RGB")


@pytest.fixture
def pictures() -> list[Path]:
    data = os.environ.get("VLM_TEST_DATA")
    if not data:
        pytest.skip("VLM_TEST_DATA names no folder of real pictures")
    found, sizes = [], set()
    for file in sorted((Path(data) / "pairs" / "images").iterdir())[::10]:
        with Image.open(file) as image:
            # a colour profile and a turned camera are honoured here, and ignored by open_clip
            if image.mode in MODES and not {"icc_profile", "exif"} & set(image.info):
                found.append(file)
                sizes.add(image.size)
    assert len(sizes) > 10
    return found


def test_that_real_pictures_have_the_vectors_of_open_clips_transform(
    pictures: list[Path], tmp_path: Path
) -> None:
    import open_clip

    folder = build_clip_vit_folder(tmp_path / "model")
    encoder = load_encoder(folder, device="cpu", precision="fp32")
    _, transform = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    views = [
        event.view
        for found in scan(pictures, context=JobContext())
        for event in decode_file(found, encoder.preprocess)
        if isinstance(event, DecodedImage)
    ]
    pixels = []
    for file in pictures:
        with Image.open(file) as image:
            pixels.append(transform(image))
    with torch.no_grad():
        tensor = torch.stack(pixels)
        theirs = torch.nn.functional.normalize(encoder.model.encode_image(tensor), dim=-1)
    np.testing.assert_allclose(encoder.encode_images(views), theirs.numpy(), rtol=0, atol=1e-4)
