"""Training on a few generated cases: it learns, it resumes exactly, its folder loads."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from tokenizers import Tokenizer

from vlm_explorer.demo import train, training_data
from vlm_explorer.demo.train_batches import FINDING_NAMES, BatchMaker
from vlm_explorer.demo.train_loop import Schedule, Trainer, run, save_checkpoint
from vlm_explorer.demo.train_model import (
    GRID,
    IMAGE_SIZE,
    build_model,
    encode_images,
    encode_texts,
    model_config,
)
from vlm_explorer.demo.train_package import write_package
from vlm_explorer.demo.training_data import Shards, load_shards, make_shard, make_shards
from vlm_explorer.demo.training_views import ViewMaker, choose_patches

SCHEDULE = Schedule(steps=6, warm_up=1, rate=1e-3, patches=60, whole=2, bfloat16=False)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Training works in threads of its own, and sets torch's for the whole process."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_data, "CASES_PER_SHARD", 6)
        (folder / "shards").mkdir()
        make_shard(folder / "shards", 5, 0)
    return folder


@pytest.fixture(scope="module")
def shards(folder: Path) -> Shards:
    return load_shards(folder / "shards")


@pytest.fixture(scope="module")
def tokenizer(folder: Path, shards: Shards) -> Tokenizer:
    return train.training_tokenizer(folder / "tokenizer", shards, 1, draws=300)


def fresh(tokenizer: Tokenizer, schedule: Schedule = SCHEDULE) -> Trainer:
    torch.manual_seed(1)
    config = model_config(tokenizer.get_vocab_size(), tokenizer.get_vocab_size() - 1)
    return Trainer(build_model(config).train(), schedule)


def test_that_a_shard_there_is_not_made_again(folder: Path) -> None:
    file = folder / "shards" / "shard-5-0000.npz"
    before = file.stat().st_mtime_ns
    make_shards(folder / "shards", 5, 1, processes=1, report=lambda done, count: None)
    assert file.stat().st_mtime_ns == before
    assert [found.name for found in (folder / "shards").iterdir()] == [file.name]


def test_that_boxes_lie_on_the_padded_square(shards: Shards) -> None:
    boxes = np.array([box for found in shards.boxes for _, *box in found])
    assert len(boxes) > 0
    assert (boxes >= 0).all()
    assert (boxes <= 1).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    # The padded square of a tall picture keeps what its captions and facts tell.
    assert {name for found in shards.boxes for name, *_ in found} == {
        name for facts in shards.facts for name, _ in facts.findings
    }


def test_that_clean_views_are_the_picture_itself_and_patches_know_where_they_lie() -> None:
    ramp = np.tile(np.linspace(0, 255, training_data.SIDE, dtype=np.uint8), (40, 144, 1))
    views, centres = ViewMaker(torch.Generator().manual_seed(2))(torch.from_numpy(ramp))
    again, _ = ViewMaker(torch.Generator().manual_seed(2))(torch.from_numpy(ramp))
    assert views.shape == (40, IMAGE_SIZE, IMAGE_SIZE)
    assert torch.equal(views, again)
    assert views.min() >= 0
    assert views.max() <= 1
    middle = (torch.arange(GRID) + 0.5) / GRID
    plain = [k for k in range(40) if torch.allclose(centres[k, :GRID, 0], middle, atol=1e-4)]
    assert 0 < len(plain) < 40
    blocks = views[plain].view(len(plain), GRID, 8, GRID, 8).mean(dim=(2, 4)).reshape(-1)
    torch.testing.assert_close(blocks, centres[plain][..., 0].reshape(-1), atol=0.01, rtol=0)


def test_that_empty_patches_are_chosen_last() -> None:
    views = torch.zeros(3, IMAGE_SIZE, IMAGE_SIZE)
    views[:, ::2, : IMAGE_SIZE // 2] = 1.0
    chosen = choose_patches(views, GRID * GRID // 2, torch.Generator().manual_seed(0))
    full = (chosen % GRID) < GRID // 2
    assert full.float().mean() > 0.85
    assert (chosen[:, 1:] > chosen[:, :-1]).all()


def test_that_a_batch_is_a_function_of_its_step(shards: Shards, tokenizer: Tokenizer) -> None:
    batches = BatchMaker(shards, tokenizer, size=4, seed=3)
    one, two, other = batches(7), batches(7), batches(8)
    assert torch.equal(one.views, two.views)
    assert torch.equal(one.prompts, two.prompts)
    assert not torch.equal(one.captions, other.captions)
    texts = len(one.captions) + len(one.prompts)
    assert one.fits.shape == one.own.shape == (4, texts)
    assert (one.fits | ~one.own).all()
    assert one.own.sum(0).max() == 1
    assert one.inside.shape == (4, GRID * GRID, len(FINDING_NAMES))


def test_that_embeddings_are_those_of_open_clip(tokenizer: Tokenizer) -> None:
    model = fresh(tokenizer).model.eval()
    images = torch.randn(3, 3, IMAGE_SIZE, IMAGE_SIZE)
    texts = ["left effusion", "a", "normal chest radiograph without any abnormality"] * 30
    tokens = torch.tensor([row.ids for row in tokenizer.encode_batch(texts)])
    with torch.inference_mode():
        joint, patches = encode_images(model, images)
        torch.testing.assert_close(joint, model.encode_image(images, normalize=True))
        torch.testing.assert_close(encode_texts(model, tokens), model.encode_text(tokens, True))
    assert patches.shape == (3, GRID * GRID, 256)


@pytest.mark.slow
def test_that_steps_on_one_batch_lower_its_loss(shards: Shards, tokenizer: Tokenizer) -> None:
    batch = BatchMaker(shards, tokenizer, size=8, seed=3)(0)
    trainer = fresh(tokenizer, replace(SCHEDULE, steps=40, whole=40))
    losses = [trainer.train_step(batch) for _ in range(8)]
    assert losses[-1]["contrastive"] < 0.8 * losses[0]["contrastive"]
    assert losses[-1]["localisation"] < losses[0]["localisation"]
    assert 1.0 <= losses[-1]["scale"] <= 100.0


@pytest.mark.slow
def test_that_training_resumes_to_the_last_bit(
    tmp_path: Path, shards: Shards, tokenizer: Tokenizer
) -> None:
    batches = BatchMaker(shards, tokenizer, size=4, seed=3)
    whole = fresh(tokenizer)
    losses = tmp_path / "losses.csv"
    run(whole, batches, tmp_path / "whole.pt", losses, report=lambda step, told: None)

    first = fresh(tokenizer)
    for step in range(3):
        first.train_step(batches(step))
    save_checkpoint(first, tmp_path / "halfway.pt")
    second = fresh(tokenizer)
    second.load_state(torch.load(tmp_path / "halfway.pt", weights_only=True))
    for step in range(3, 6):
        second.train_step(batches(step))

    for name, tensor in whole.state()["averaged"].items():
        assert torch.equal(tensor, second.state()["averaged"][name]), name
    with losses.open(newline="", encoding="utf-8") as stream:
        assert [row["step"] for row in csv.DictReader(stream)] == list("012345")


def test_that_the_program_goes_on_from_its_checkpoint_and_packages_it(
    folder: Path, tmp_path: Path, tokenizer: Tokenizer, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["fit", "package", "--folder", str(folder), "--out", str(tmp_path / "out")]
    arguments += ["--batch", "4", "--whole", "1", "--seed", "1"]
    assert train.main([*arguments, "--steps", "1"]) == 0
    assert train.main([*arguments, "--steps", "2"]) == 0
    assert "from step 1 of 2" in capsys.readouterr().err
    name = f"local-dir:{tmp_path / 'out'}"
    model, _ = open_clip.create_model_from_pretrained(name)
    state = torch.load(folder / "checkpoint.pt", weights_only=True)["averaged"]
    assert torch.equal(model.state_dict()["visual.proj"], state["visual.proj"])
    assert open_clip.get_tokenizer(name)(["x"]).shape == (1, 64)
    tuning = ["tune", "package", "--folder", str(folder), "--out", str(tmp_path / "out")]
    tuning += ["--batch", "4", "--seed", "1"]
    assert train.main([*tuning, "--tuning", "1"]) == 0
    assert train.main([*tuning, "--tuning", "2"]) == 0
    assert "from step 1 of 2" in capsys.readouterr().err
    tuned, _ = open_clip.create_model_from_pretrained(name)
    after = tuned.state_dict()
    assert not torch.equal(after["visual.conv1.weight"], state["visual.conv1.weight"])
    assert torch.equal(after["token_embedding.weight"], state["token_embedding.weight"])
    assert write_package(folder, tmp_path / "out") == tmp_path / "out"
