from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scan_folder import IMAGES

import vlm_explorer as vlm
from vlm_explorer.encoders.encoder import Encoder


def test_that_importing_the_package_loads_neither_torch_nor_qt() -> None:
    code = (
        "import sys, vlm_explorer as vlm\n"
        "vlm.ExplorerError, vlm.index, vlm.render, vlm.open_collection, vlm.load_encoder\n"
        "heavy = {'torch', 'PySide6', 'open_clip', 'transformers', 'umap'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_that_the_readme_example_does_what_it_says(
    scans: Path, encoder: Encoder, tmp_path: Path
) -> None:
    collection = vlm.index([scans], to=tmp_path / "my.vlmx", encoder=encoder)
    assert collection.images.num_rows == IMAGES
    assert collection.vectors().shape == collection.vectors(encoder.id).shape
    assert collection.text_vectors().shape[0] == collection.texts.num_rows
    hits = collection.search("enlarged heart", k=3).hits
    assert [hit.rank for hit in hits] == [1, 2, 3]
    answer = collection.classify(["normal chest x-ray", "pleural effusion"])
    np.testing.assert_allclose(answer.probability.sum(axis=1), 1, atol=1e-5)
    assert collection.layout(method="pca").xy.shape == (IMAGES, 2)


def test_that_an_opened_collection_loads_the_encoder_that_made_it(
    scans: Path, model_folder: Path, tmp_path: Path
) -> None:
    encoder = vlm.load_encoder(model_folder, device="cpu")
    vlm.index([scans], to=tmp_path / "my.vlmx", encoder=encoder)
    collection = vlm.open_collection(tmp_path / "my.vlmx")
    assert collection.search("a").model == encoder.id
    assert collection.search("a", model=model_folder).model == encoder.id


def test_that_another_encoder_of_the_same_name_is_refused(
    scans: Path, encoder: Encoder, tmp_path: Path
) -> None:
    from model_folders import build_clip_vit_folder

    vlm.index([scans], to=tmp_path / "my.vlmx", encoder=encoder)
    other = build_clip_vit_folder(tmp_path / encoder.id, seed=9)
    collection = vlm.open_collection(tmp_path / "my.vlmx")
    with pytest.raises(vlm.ExplorerError, match="not the one that made the vectors"):
        collection.search("a", model=other)


def test_that_rendering_and_explaining_a_file_go_together(scans: Path, encoder: Encoder) -> None:
    file = scans / "sub" / "ct"
    rendering = vlm.render(file)
    assert rendering.pixels.dtype == np.uint8
    assert rendering.window.width > 0
    by_file = vlm.explain(file, ["effusion"], encoder=encoder, method="occlusion")
    by_pixels = vlm.explain(rendering.pixels, "effusion", encoder=encoder, method="occlusion")
    np.testing.assert_array_equal(by_file.grid, by_pixels.grid)
    assert by_file.overlay.shape == (1, *rendering.pixels.shape)
    assert by_file.unit
    assert isinstance(by_file.warnings, list)
    lung = vlm.render(file, window="lung").window
    assert (lung.centre, lung.width) == (-600, 1500)


def test_that_every_error_on_purpose_is_an_explorer_error(tmp_path: Path) -> None:
    with pytest.raises(vlm.ExplorerError) as caught:
        vlm.render(tmp_path / "none.dcm")
    assert caught.value.text
    assert isinstance(caught.value.hint, str)
