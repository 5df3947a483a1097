"""Whether the maps of an encoder lie where the findings of a fresh study are."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from vlm_explorer.demo.evaluate_measures import Measure
from vlm_explorer.demo.study import write_study
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.files.truth import read_truth
from vlm_explorer.queries.localise import LocaliseRequest, localise

METHODS = ("patchsim", "gradattn", "decomp", "legrad", "gradcam")


def pointing_measures(
    folder: Path, *, images: int, seed: int, methods: tuple[str, ...] = METHODS
) -> list[Measure]:
    """Return how often a map's maximum lies in the finding, per finding and method.

    Args:
        folder: the model folder.
        images: how many of the fresh study.
        seed: of the fresh study; training's own seed would flatter.
        methods: of `saliency.explain.METHODS`.
    """
    encoder = load_encoder(str(folder), device="cpu", precision="fp32")
    with TemporaryDirectory() as place:
        write_study(Path(place), images=images, seed=seed)
        answer = localise(encoder, LocaliseRequest(read_truth(Path(place)), methods))
    measures = []
    for row in answer.table:
        hit, chance = row.measures["hit"], row.measures["chance"]
        name = f"pointing by {row.method}, {row.finding}"
        note = f"chance {chance.value:.3f}"
        measures.append(Measure(name, hit.value, hit.low, hit.high, hit.n, note))
    return measures
