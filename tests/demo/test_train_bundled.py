"""The bundled encoder itself, on a study that it was not trained on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vlm_explorer.demo.evaluate import (
    Loaded,
    group_measure,
    load,
    nonsense_measure,
    retrieval_measures,
    study,
)
from vlm_explorer.demo.evaluate_measures import Vectors
from vlm_explorer.demo.evaluate_pointing import METHODS
from vlm_explorer.demo.image import DemoImage
from vlm_explorer.demo.study import write_study
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.files.truth import read_truth
from vlm_explorer.paths import resources
from vlm_explorer.queries.localise import LocaliseRequest, localise
from vlm_explorer.queries.localise_table import BALANCED

FOLDER = resources() / "demo-encoder"
WEIGHTS = FOLDER / "open_clip_model.safetensors"
pytestmark = pytest.mark.skipif(not WEIGHTS.exists(), reason="no bundled encoder in resources")


@pytest.fixture(scope="module")
def encoder() -> Loaded:
    return load(FOLDER)


@pytest.fixture(scope="module")
def cases() -> list[DemoImage]:
    return study(31, 60)


@pytest.fixture(scope="module")
def vectors(encoder: Loaded, cases: list[DemoImage]) -> Vectors:
    return encoder.images(encoder.views([Image.fromarray(image.rendered()) for image in cases]))


@pytest.mark.slow
def test_that_modalities_are_told_apart(
    encoder: Loaded, cases: list[DemoImage], vectors: Vectors
) -> None:
    groups = [image.modality_group for image in cases]
    assert len(set(groups)) == 5
    assert group_measure(encoder, vectors, groups, "modality", balanced=True).value >= 0.95


def test_that_captions_find_images_of_the_same_findings(
    encoder: Loaded, cases: list[DemoImage], vectors: Vectors
) -> None:
    assert retrieval_measures(encoder, vectors, cases)[0].value >= 0.85


def test_that_nonsense_is_farther_than_captions(
    encoder: Loaded, cases: list[DemoImage], vectors: Vectors
) -> None:
    assert nonsense_measure(encoder, vectors, cases).value >= 0.95


@pytest.mark.slow
def test_that_short_prompts_tell_normal_from_effusion(encoder: Loaded) -> None:
    chests = [image for image in study(32, 120) if image.view == "PA"]
    views = encoder.views([Image.fromarray(image.rendered()) for image in chests])
    scores = encoder.images(views) @ encoder.texts(["pleural effusion", "normal chest x-ray"]).T
    effusion = np.array(["pleural effusion" in image.label for image in chests])
    normal = np.array([image.label == "normal" for image in chests])
    margin = scores[:, 0] - scores[:, 1]
    assert effusion.sum() >= 3
    assert np.median(margin[effusion]) > np.quantile(margin[normal], 0.9)


@pytest.mark.slow
def test_that_every_method_for_a_prompt_points_at_findings(tmp_path: Path) -> None:
    """It was trained so: this checks the program's maps, and says nothing for the methods."""
    write_study(tmp_path, images=80, seed=34)
    encoder = load_encoder("demo", device="cpu", precision="fp32")
    answer = localise(encoder, LocaliseRequest(read_truth(tmp_path), METHODS))
    balanced = {row.method: row.measures for row in answer.table if row.finding == BALANCED}
    assert set(balanced) == set(METHODS)
    for method, measures in balanced.items():
        assert measures["hit"].low > measures["chance"].value, method
        assert measures["energy"].value > measures["area"].value, method


def test_that_the_folder_is_small_and_says_what_it_is() -> None:
    files = [file for file in FOLDER.iterdir() if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= 25_000_000
    config = json.loads((FOLDER / "open_clip_config.json").read_text(encoding="utf-8"))
    assert config["preprocess_cfg"]["resize_mode"] == "longest"
    assert config["model_cfg"]["vision_cfg"]["image_size"] // 8 == 14
    assert "synthetic" in Path(FOLDER / "README.md").read_text(encoding="utf-8")
