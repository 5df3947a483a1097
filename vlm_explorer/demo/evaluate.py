"""Measure the bundled encoder: `python -m vlm_explorer.demo.evaluate --help`.

On a fresh synthetic study and, if given, on a folder of real pictures with captions.
"""

# The training part is never imported on the way to the window.
# ruff: noqa: TID253

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from vlm_explorer.demo.evaluate_measures import (
    Measure,
    Vectors,
    accuracy,
    auroc,
    balanced_accuracy,
    measure,
    recall_at,
    table,
)
from vlm_explorer.demo.evaluate_pointing import pointing_measures
from vlm_explorer.demo.findings import FINDINGS
from vlm_explorer.demo.image import DemoImage
from vlm_explorer.demo.study import generate_case
from vlm_explorer.demo.train_negatives import nonsense
from vlm_explorer.paths import resources

GROUP_PROMPTS = {
    "XR": ("x-ray", "chest x-ray", "radiograph"),
    "CT": ("CT", "CT scan", "computed tomography"),
    "MR": ("MRI", "MR image", "magnetic resonance imaging"),
    "MG": ("mammogram", "mammography"),
    "US": ("ultrasound", "sonogram"),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """An encoder as open_clip itself loads it."""

    model: open_clip.CLIP
    preprocess: object
    tokenizer: object

    def views(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Return float (N,3,S,S), normalised."""
        return torch.stack([self.preprocess(picture) for picture in pictures])  # type: ignore[operator]

    def images(self, views: Tensor) -> Vectors:
        """Return unit rows (N,D)."""
        with torch.inference_mode():
            rows = [
                self.model.encode_image(part, normalize=True) for part in torch.split(views, 64)
            ]
        return torch.cat(rows).numpy()

    def texts(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows (M,D)."""
        with torch.inference_mode():
            tokens = self.tokenizer(list(texts))  # type: ignore[operator]
            rows = [
                self.model.encode_text(part, normalize=True) for part in torch.split(tokens, 128)
            ]
        return torch.cat(rows).numpy()

    def ensemble(self, texts: Sequence[str]) -> Vectors:
        """Return the unit mean (D,) of several texts."""
        mean = self.texts(texts).mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)


def load(folder: Path) -> Loaded:
    """Load a model folder through open_clip, as any other program would."""
    name = f"local-dir:{folder.resolve()}"
    model, preprocess = open_clip.create_model_from_pretrained(name)
    return Loaded(model.eval(), preprocess, open_clip.get_tokenizer(name))


def study(seed: int, count: int) -> list[DemoImage]:
    """Return the first `count` images of a study."""
    images: list[DemoImage] = []
    case = 0
    while len(images) < count:
        images += generate_case(seed, case)
        case += 1
    return images[:count]


def group_measure(
    encoder: Loaded, images: Vectors, groups: Sequence[str], name: str, *, balanced: bool
) -> Measure:
    """Zero-shot accuracy of the modality group among those that occur."""
    names = sorted(set(groups))
    classes = np.stack([encoder.ensemble(GROUP_PROMPTS[group]) for group in names])
    truth = np.array([names.index(group) for group in groups])
    guess = (images @ classes.T).argmax(axis=1)
    statistic = balanced_accuracy if balanced else accuracy
    by_class = {n: round(float((guess[truth == k] == k).mean()), 3) for k, n in enumerate(names)}
    return measure(
        name, lambda rows: statistic(truth[rows], guess[rows]), len(truth), note=str(by_class)
    )


def finding_measures(
    encoder: Loaded, vectors: Vectors, images: Sequence[DemoImage]
) -> list[Measure]:
    """AUROC of each finding in each modality and region: present against absent prompt.

    The note holds that of the present prompt's cosine alone.
    """
    out = []
    for finding, pairs in FINDINGS.items():
        present, absent = encoder.texts([finding, f"no {finding}"])
        for pair in pairs:
            kinds = [(image.modality_group, image.region) for image in images]
            rows = np.array([k for k, kind in enumerate(kinds) if kind == pair])
            if not len(rows):
                continue
            truth = np.array([finding in {f.name for f in images[k].findings} for k in rows])
            cosine = vectors[rows] @ present
            margin = cosine - vectors[rows] @ absent
            alone = auroc(cosine, truth)
            note = f"{int(truth.sum())} present; cosine alone {alone:.3f}"
            name = f"{finding}, {pair[0]} {pair[1]}"
            out.append(_auroc_measure(name, margin, truth, note))
    return out


def _auroc_measure(
    name: str, scores: NDArray[np.floating], truth: NDArray[np.bool_], note: str
) -> Measure:
    return measure(name, lambda rows: auroc(scores[rows], truth[rows]), len(truth), note=note)


def side_measure(encoder: Loaded, vectors: Vectors, images: Sequence[DemoImage]) -> Measure:
    """How often the prompt with the right side is nearer than that with the wrong one."""
    right = []
    for vector, image in zip(vectors, images, strict=True):
        for name in {f.name for f in image.findings}:
            sides = {f.side for f in image.findings if f.name == name}
            if sides in ({"left"}, {"right"}):
                left_right = encoder.texts([f"left {name}", f"right {name}"]) @ vector
                right.append((left_right[0] > left_right[1]) == (sides == {"left"}))
    told = np.array(right, dtype=float)
    return measure("side of a finding, accuracy", lambda rows: float(told[rows].mean()), len(told))


def retrieval_measures(
    encoder: Loaded, vectors: Vectors, images: Sequence[DemoImage]
) -> list[Measure]:
    """Text-to-image recall at 5, every caption a query among all images."""
    texts = encoder.texts([image.caption for image in images])
    labels = np.array([image.label for image in images])
    groups = np.array([f"{image.modality_group} {image.region}" for image in images])
    same = labels[:, None] == labels[None, :]
    both = same & (groups[:, None] == groups[None, :])
    out = []
    for name, hit in (("recall@5, same label set", same), ("recall@5, and modality, region", both)):
        found = recall_at(texts, vectors, hit, 5).astype(float)
        out.append(measure(name, lambda rows, f=found: float(f[rows].mean()), len(found)))  # type: ignore[misc]
    return out


def nonsense_measure(encoder: Loaded, vectors: Vectors, images: Sequence[DemoImage]) -> Measure:
    """How often an image is nearer to its caption than to the nearest of 50 nonsense texts."""
    rng = np.random.default_rng(5)
    noise = (vectors @ encoder.texts([nonsense(rng).text for _ in range(50)]).T).max(axis=1)
    own = (vectors * encoder.texts([image.caption for image in images])).sum(axis=1)
    won = (own > noise).astype(float)
    note = f"mean cosine {own.mean():.3f} against {noise.mean():.3f}"
    return measure(
        "caption above nonsense", lambda rows: float(won[rows].mean()), len(won), note=note
    )


def real_measure(encoder: Loaded, folder: Path) -> Measure:
    """Balanced accuracy of XR, CT and MR on `captions.csv` and its pictures."""
    with (folder / "captions.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["modality"] in ("XR", "CT", "MR")]
    pictures = [Image.open(folder / row["file"]).convert("RGB") for row in rows]
    vectors = encoder.images(encoder.views(pictures))
    groups = [row["modality"] for row in rows]
    return group_measure(
        encoder, vectors, groups, "real pictures, balanced accuracy", balanced=True
    )


def evaluate(
    folder: Path, *, images: int, seed: int, pairs: Path | None, pointing: int
) -> list[Measure]:
    """Return all measures of a model folder, macro AUROC among them.

    Args:
        folder: the model folder.
        images: how many of the fresh study.
        seed: of the fresh study; training's own seed would flatter.
        pairs: folder with `captions.csv` (file, modality) and pictures, or none.
        pointing: images of the study whose findings are explained; 0: none.
    """
    encoder = load(folder)
    cases = study(seed, images)
    views = encoder.views([Image.fromarray(image.rendered()) for image in cases])
    vectors = encoder.images(views)
    groups = [image.modality_group for image in cases]
    out = [group_measure(encoder, vectors, groups, "modality, accuracy", balanced=False)]
    found = finding_measures(encoder, vectors, cases)
    values = [m.value for m in found]
    macro = float(np.nanmean(values))
    out.append(Measure("macro AUROC of findings", macro, *_spread(found), len(cases)))
    out += [*found, side_measure(encoder, vectors, cases)]
    out += retrieval_measures(encoder, vectors, cases)
    out.append(nonsense_measure(encoder, vectors, cases))
    if pointing:
        out += pointing_measures(folder, images=pointing, seed=seed)
    if pairs is not None:
        out.append(real_measure(encoder, pairs))
    return out


def _spread(found: Sequence[Measure]) -> tuple[float, float]:
    """Return the interval of a mean of independent figures, from their own intervals."""
    middle = float(np.nanmean([m.value for m in found]))
    error = float(np.sqrt(np.nansum([((m.high - m.low) / 3.92) ** 2 for m in found])) / len(found))
    return middle - 1.96 * error, min(1.0, middle + 1.96 * error)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table, then one line of JSON; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m vlm_explorer.demo.evaluate", description=__doc__
    )
    parser.add_argument("--model", type=Path, default=resources() / "demo-encoder")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--pairs", type=Path, help="folder with captions.csv and pictures")
    parser.add_argument("--pointing", type=int, default=150, help="images to explain; 0: skip")
    options = parser.parse_args(arguments)
    measures = evaluate(
        options.model, images=options.images, seed=options.seed,
        pairs=options.pairs, pointing=options.pointing,
    )  # fmt: skip
    print(table(measures))
    print(json.dumps([asdict(one) for one in measures]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
