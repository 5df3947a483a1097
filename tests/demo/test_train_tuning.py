"""Fine-tuning with explanations: its maps are the program's own, and nothing else moves far."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from vlm_explorer.demo import train, training_data
from vlm_explorer.demo.train_batches import BatchMaker
from vlm_explorer.demo.train_explanation import encode_explained, explanation_loss
from vlm_explorer.demo.train_loop import save_checkpoint
from vlm_explorer.demo.train_model import (
    GRID,
    IMAGE_SIZE,
    build_model,
    encode_images,
    encode_texts,
    model_config,
    to_input,
)
from vlm_explorer.demo.train_questions import FINDING_NAMES, MOST_QUESTIONS, draw_questions
from vlm_explorer.demo.train_statements import Facts
from vlm_explorer.demo.train_texts import FINDING_WORDS
from vlm_explorer.demo.train_tuning import Tuner, Tuning
from vlm_explorer.demo.training_data import load_shards, make_shard
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.paths import resources
from vlm_explorer.saliency.gradients import legrad

FOLDER = resources() / "demo-encoder"
SCHEDULE = Tuning(steps=6, warm_up=1, rate=3e-4, bfloat16=False)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Training works in threads of its own, and sets torch's for the whole process."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> BatchMaker:
    folder = tmp_path_factory.mktemp("tuning")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_data, "CASES_PER_SHARD", 6)
        (folder / "shards").mkdir()
        make_shard(folder / "shards", 5, 0)
    shards = load_shards(folder / "shards")
    tokenizer = train.training_tokenizer(folder / "tokenizer", shards, 1, draws=300)
    return BatchMaker(shards, tokenizer, size=6, seed=3)


def fresh() -> Any:
    torch.manual_seed(1)
    return build_model(model_config(2000, 1999)).train()


def unit_rows(count: int) -> Tensor:
    return functional.normalize(
        torch.randn(count, 256, generator=torch.Generator().manual_seed(2)), dim=-1
    )


@pytest.mark.skipif(not FOLDER.exists(), reason="no bundled encoder in resources")
def test_that_maps_and_vectors_in_training_are_those_of_the_program() -> None:
    grey = np.random.default_rng(3).integers(0, 256, (IMAGE_SIZE, IMAGE_SIZE), dtype=np.uint8)
    encoder = load_encoder("demo", device="cpu", precision="fp32")
    texts = encoder.encode_texts(["left pleural effusion", "nodule"])
    expected = legrad(encoder, np.repeat(grey[..., None], 3, axis=-1), texts)

    model, _ = open_clip.create_model_from_pretrained(f"local-dir:{FOLDER}")
    images = to_input(torch.from_numpy(grey)[None].float() / 255).expand(2, -1, -1, -1)
    joint, patches, maps = encode_explained(model, images, torch.from_numpy(texts))
    grids = maps.detach().reshape(2, GRID, GRID).numpy()
    np.testing.assert_allclose(grids, expected.grid, rtol=1e-3, atol=1e-9)
    with torch.no_grad():
        plain = encode_images(model, images)
    torch.testing.assert_close(joint.detach(), plain[0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(patches.detach(), plain[1], atol=1e-5, rtol=1e-4)


def test_that_maps_are_the_positive_gradient_by_attention_itself() -> None:
    model, texts = fresh(), unit_rows(2)
    images = torch.randn(2, 3, IMAGE_SIZE, IMAGE_SIZE, generator=torch.Generator().manual_seed(4))
    visual = model.visual
    tokens = visual._embeds(images)
    expected = torch.zeros(2, GRID * GRID)
    for block in visual.transformer.resblocks:
        heads = block.attn.num_heads
        rows = functional.linear(
            block.ln_1(tokens), block.attn.in_proj_weight, block.attn.in_proj_bias
        )
        query, key, value = (
            part.reshape(2, -1, heads, 64).transpose(1, 2) for part in rows.chunk(3, dim=-1)
        )
        attention = (query @ key.mT / query.shape[-1] ** 0.5).softmax(dim=-1)
        attention.retain_grad()
        given = (attention @ value).transpose(1, 2).flatten(2)
        tokens = tokens + block.attn.out_proj(given)
        tokens = tokens + block.mlp(block.ln_2(tokens))
        pooled = functional.normalize(visual.ln_post(tokens.mean(dim=1)) @ visual.proj, dim=-1)
        (gradient,) = torch.autograd.grad((pooled * texts).sum(), attention, retain_graph=True)
        expected += gradient.clamp(min=0).mean(dim=(1, 2))[:, 1:]
    maps = encode_explained(model, images, texts)[2]
    torch.testing.assert_close(maps.detach(), expected, rtol=1e-3, atol=1e-9)


def test_that_the_loss_is_the_logarithm_of_the_share_inside() -> None:
    inside = torch.zeros(3, 8)
    inside[:, :2] = 1.0
    maps = torch.ones(3, 8)
    maps[1, 2:] = 0.0
    maps[2] = 0.0
    maps.requires_grad_()
    loss = explanation_loss(maps, inside)
    assert loss[0].item() == pytest.approx(np.log(4))
    assert loss[1].item() == pytest.approx(0)
    assert torch.isfinite(loss).all()
    torch.autograd.backward(loss[0])
    assert maps.grad is not None
    assert (maps.grad[0, :2] < 0).all()
    assert (maps.grad[0, 2:] > 0).all()


def test_that_questions_name_a_marked_finding_once_an_image_and_only_a_sure_side() -> None:
    effusion, nodule = FINDING_NAMES.index("pleural effusion"), FINDING_NAMES.index("nodule")
    chest = ("XR", "chest")
    both = frozenset({("pleural effusion", "left"), ("pleural effusion", "right")})
    alone = frozenset({("nodule", "left")})
    kinds = [Facts(chest, frozenset(), found) for found in (both, alone, frozenset())]
    facts = [kinds[row % 3] for row in range(90)]
    inside = torch.zeros(90, 5, len(FINDING_NAMES))
    inside[0::3, 1, effusion] = 1.0
    inside[1::3, 2, nodule] = 1.0
    asked = draw_questions(np.random.default_rng(1), facts, inside)
    assert len(asked.rows) == len(asked.texts) == MOST_QUESTIONS
    assert (asked.rows.diff() > 0).all()
    named = {0: "pleural effusion", 1: "nodule"}
    for row, text, marked in zip(asked.rows.tolist(), asked.texts, asked.marked, strict=True):
        assert any(word in text for word in FINDING_WORDS[named[row % 3]])
        assert marked.tolist() == [float(place == row % 3 + 1) for place in range(5)]
        assert "right" not in text
        assert row % 3 == 1 or "left" not in text
    assert any("left" in text for text in asked.texts)
    nothing = draw_questions(np.random.default_rng(1), facts, torch.zeros_like(inside))
    assert nothing.texts == ()
    assert nothing.marked.shape == (0, 5)


def test_that_rare_findings_are_asked_for_as_often_as_common_ones() -> None:
    facts = [Facts(("XR", "chest"), frozenset(), frozenset())] * 400
    inside = torch.zeros(400, 1, len(FINDING_NAMES))
    inside[:360, 0, 0] = 1.0
    inside[360:, 0, 1] = 1.0
    rare = 0
    for seed in range(20):
        asked = draw_questions(np.random.default_rng(seed), facts, inside)
        rare += int((asked.rows >= 360).sum())
    assert 0.35 < rare / (20 * MOST_QUESTIONS) < 0.6


@pytest.mark.slow
def test_that_maps_move_while_texts_and_vectors_stay(batches: BatchMaker) -> None:
    model, batch = fresh(), batches(0)
    assert len(batch.explained) > 0
    with torch.no_grad():
        texts = encode_texts(model, batch.questions)
        before = encode_images(model, to_input(batch.views))[0]
    tuner = Tuner(model, SCHEDULE)
    losses = [tuner.train_step(batch) for _ in range(SCHEDULE.steps)]
    assert losses[0]["vectors"] == pytest.approx(0, abs=1e-5)
    assert losses[-1]["explanation"] < losses[0]["explanation"]
    with torch.no_grad():
        assert torch.equal(encode_texts(model, batch.questions), texts)
        after = encode_images(model, to_input(batch.views))[0]
    cosines = (after * before).sum(dim=-1)
    assert cosines.min() > 0.98
    assert losses[-1]["vectors"] < 0.02


@pytest.mark.slow
def test_that_tuning_resumes_to_the_last_bit(tmp_path: Path, batches: BatchMaker) -> None:
    whole = Tuner(fresh(), SCHEDULE)
    for step in range(4):
        whole.train_step(batches(step))
    first = Tuner(fresh(), SCHEDULE)
    for step in range(2):
        first.train_step(batches(step))
    save_checkpoint(first, tmp_path / "halfway.pt")
    second = Tuner(fresh(), SCHEDULE)
    second.load_state(torch.load(tmp_path / "halfway.pt", weights_only=True))
    for step in range(2, 4):
        second.train_step(batches(step))
    for name, tensor in whole.state()["model"].items():
        assert torch.equal(tensor, second.state()["model"][name]), name
