"""Train the bundled encoder: `python -m vlm_explorer.demo.train --help`.

Three parts, each going on where it was stopped: `generate` fills a cache of training pictures,
`fit` trains on it, `tune` moves the explanations of what was trained to where findings are marked;
`package` writes the model folder. Without a part, all four.
"""

# The training part is never imported on the way to the window.
# ruff: noqa: TID253

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from open_clip.model import CLIP
from tokenizers import Tokenizer

from vlm_explorer.demo.tokenizer import build_tokenizer, end_number, save_tokenizer, words_of
from vlm_explorer.demo.train_batches import BatchMaker
from vlm_explorer.demo.train_loop import Schedule, Trainer, run
from vlm_explorer.demo.train_model import CONTEXT_LENGTH, build_model, model_config
from vlm_explorer.demo.train_negatives import nonsense, unrelated
from vlm_explorer.demo.train_package import write_package
from vlm_explorer.demo.train_texts import false_prompt, true_prompt
from vlm_explorer.demo.train_tuning import Tuner, Tuning
from vlm_explorer.demo.training_data import Shards, load_shards, make_shards

PARTS = ("generate", "fit", "tune", "package")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts asked for; returns the exit code."""
    options = _parser().parse_args(arguments)
    parts = options.part or PARTS
    folder: Path = options.folder
    torch.set_num_threads(1)
    if "generate" in parts:
        make_shards(
            folder / "shards", options.seed, options.shards,
            processes=options.threads, report=_say_shards,
        )  # fmt: skip
    if "fit" in parts:
        fit(folder, _schedule(options), batch=options.batch, seed=options.seed)
    if "tune" in parts:
        tune(folder, _tuning(options), seed=options.seed)
    if "package" in parts:
        write_package(folder, options.out)
    return 0


def _parser() -> argparse.ArgumentParser:
    defaults = Schedule()
    parser = argparse.ArgumentParser(prog="python -m vlm_explorer.demo.train", description=__doc__)
    add = parser.add_argument
    add("part", nargs="*", choices=PARTS, help="default: all four")
    add("--folder", type=Path, default=Path("demo-training"), help="cache and checkpoints")
    add("--out", type=Path, default=Path("resources/demo-encoder"), help="the model folder")
    add("--seed", type=int, default=1001)
    add("--shards", type=int, default=110, help="of 100 patients, about 170 images, each")
    add("--batch", type=int, default=128, help="images a step")
    add("--steps", type=int, default=defaults.steps)
    add("--whole", type=int, default=defaults.whole, help="last steps, which see all patches")
    add("--rate", type=float, default=defaults.rate, help="highest learning rate")
    add("--tuning", type=int, default=Tuning().steps, help="steps of `tune`")
    add("--threads", type=int, default=2)
    add("--float32", action="store_true", help="no bfloat16")
    return parser


def _schedule(options: argparse.Namespace) -> Schedule:
    return Schedule(
        steps=options.steps, whole=options.whole, rate=options.rate,
        bfloat16=not options.float32, threads=options.threads,
    )  # fmt: skip


def _tuning(options: argparse.Namespace) -> Tuning:
    return Tuning(
        steps=options.tuning, batch=min(options.batch, Tuning().batch),
        bfloat16=not options.float32, threads=options.threads,
    )  # fmt: skip


def fit(folder: Path, schedule: Schedule, *, batch: int, seed: int) -> Trainer:
    """Train on the folder's shards, from its checkpoint if there is one.

    Args:
        folder: holds `shards/`; `tokenizer/`, `checkpoint.pt` and `losses.csv` are written there.
        schedule: how to train.
        batch: images a step.
        seed: of the fresh weights and of all batches.
    """
    shards, tokenizer, model = _prepared(folder, seed)
    trainer = Trainer(model, schedule)
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists():
        trainer.load_state(torch.load(checkpoint, weights_only=True))
    print(f"{len(shards)} images, from step {trainer.step} of {schedule.steps}", file=sys.stderr)
    batches = BatchMaker(shards, tokenizer, size=batch, seed=seed)
    run(trainer, batches, checkpoint, folder / "losses.csv", report=_say_step)
    return trainer


def tune(folder: Path, schedule: Tuning, *, seed: int) -> Tuner:
    """Fine-tune the averaged weights of `fit`, from this part's checkpoint if there is one.

    Args:
        folder: as `fit` left it; `tuned.pt` and `losses-tuning.csv` are written there.
        schedule: how to fine-tune.
        seed: that of `fit`; the batches are others.
    """
    shards, tokenizer, model = _prepared(folder, seed)
    trained = torch.load(folder / "checkpoint.pt", weights_only=True)
    model.load_state_dict(trained["averaged"])
    tuner = Tuner(model, schedule)
    checkpoint = folder / "tuned.pt"
    if checkpoint.exists():
        tuner.load_state(torch.load(checkpoint, weights_only=True))
    print(f"Fine-tuning, from step {tuner.step} of {schedule.steps}", file=sys.stderr)
    batches = BatchMaker(shards, tokenizer, size=schedule.batch, seed=seed + 1)
    run(tuner, batches, checkpoint, folder / "losses-tuning.csv", report=_say_step)
    return tuner


def _prepared(folder: Path, seed: int) -> tuple[Shards, Tokenizer, CLIP]:
    """Return the folder's shards and tokenizer, and a model with fresh weights."""
    shards = load_shards(folder / "shards")
    tokenizer = training_tokenizer(folder / "tokenizer", shards, seed)
    torch.manual_seed(seed)
    model = build_model(model_config(tokenizer.get_vocab_size(), end_number(tokenizer)))
    return shards, tokenizer, model.train()


def training_tokenizer(folder: Path, shards: Shards, seed: int, draws: int = 40_000) -> Tokenizer:
    """Return the tokenizer of the folder, made first if need be from the texts of training."""
    file = folder / "tokenizer.json"
    if file.exists():
        return Tokenizer.from_file(str(file))
    rng = np.random.default_rng([seed, 2])
    captions = [caption for captions in shards.captions for caption in captions]
    for _ in range(draws):
        facts = shards.facts[int(rng.integers(len(shards)))]
        captions += [true_prompt(rng, facts).text, false_prompt(rng, facts).text]
    seen = sorted({word for caption in captions for word in words_of(caption)})
    others = [unrelated(rng).text for _ in range(draws // 4)]
    # Made-up words shape the pieces, each met too rarely to become a token.
    made_up = sorted({nonsense(rng).text for _ in range(draws // 20)})
    tokenizer = build_tokenizer([*captions, *others, *made_up], context_length=CONTEXT_LENGTH)
    save_tokenizer(tokenizer, folder, context_length=CONTEXT_LENGTH, seen=seen)
    return tokenizer


def _say_shards(done: int, count: int) -> None:
    print(f"{time.strftime('%H:%M:%S')} shard {done} of {count}", file=sys.stderr, flush=True)


def _say_step(step: int, losses: dict[str, float]) -> None:
    if step % 10 == 0:
        told = "  ".join(f"{name} {value:.3g}" for name, value in losses.items())
        print(f"{time.strftime('%H:%M:%S')} step {step}  {told}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
