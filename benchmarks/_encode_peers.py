"""A peer of `encode.py`, run by the Python of its own environment: PEER MODEL PICTURES PLACE.

It imports nothing of this project. Each peer's own code runs over the folder, its model already
loaded; a line of the output is one JSON object: images, seconds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

FEW = 8


def clip_retrieval(model: Path, pictures: Path, place: Path) -> tuple[int, float]:
    """`clip-retrieval inference` with its defaults, but for the batch (256 there, 32 here).

    The start of its loaders, each of which imports torch, is measured with a few images and
    taken off.
    """
    import numpy as np
    from all_clip import load_clip
    from clip_retrieval.clip_inference.main import main as inference

    architecture = model.name
    settings = {
        "clip_model": f"open_clip:{architecture}/{model / 'open_clip_model.safetensors'}",
        "use_jit": False,
        "warmup_batch_size": 32,
        "clip_cache_path": None,
    }
    load_clip(**settings)  # kept by the function's own cache, under these very arguments
    few = place / "few"
    few.mkdir()
    for file in sorted(pictures.iterdir())[:FEW]:
        (few / file.name).symlink_to(file)
    spent = []
    for folder in (few, pictures):
        start = time.perf_counter()
        inference(
            input_dataset=str(folder),
            output_folder=str(place / "out" / folder.name),
            batch_size=32,
            enable_text=False,
            clip_model=settings["clip_model"],
            use_jit=False,
        )
        spent.append(time.perf_counter() - start)
    found = [np.load(file) for file in (place / "out" / pictures.name / "img_emb").glob("*.npy")]
    return sum(len(vectors) for vectors in found) - FEW, spent[1] - spent[0]


def rclip(model: Path, pictures: Path, place: Path) -> tuple[int, float]:
    """`rclip` over the folder with its defaults; its model is ONNX, exported by `export_onnx`."""
    os.environ["RCLIP_DATADIR"] = str(place)
    from rclip import model_download
    from rclip.db import DB
    from rclip.main import RClip
    from rclip.model import Model

    kept = place / model_download.MODEL_SUBDIR
    kept.mkdir(parents=True)
    (kept / model_download.VISUAL_ONNX).symlink_to(model / "visual.onnx")
    encoder, database = Model(), DB(place / "db.sqlite3")
    encoder._session_visual  # noqa: B018 - the session is made at the first look
    indexer = RClip(encoder, database, 8, None)
    start = time.perf_counter()
    indexer.ensure_index(str(pictures))
    seconds = time.perf_counter() - start
    count = sum(1 for _ in database.get_image_vectors_by_dir_path(str(pictures)))
    return count, seconds


def export_onnx(model: Path, _pictures: Path, _place: Path) -> tuple[int, float]:
    """Write the image tower of ViT-B-32-256 as rclip keeps it, `visual.onnx`, in float32."""
    import open_clip
    import torch

    weights = str(model / "open_clip_model.safetensors")
    tower = open_clip.create_model(model.name, pretrained=weights).eval().visual
    size = tower.image_size[0] if isinstance(tower.image_size, tuple) else tower.image_size
    start = time.perf_counter()
    torch.onnx.export(
        tower,
        (torch.zeros(2, 3, size, size),),
        str(model / "visual.onnx"),
        input_names=["input"],
        output_names=["output"],
        dynamic_axes={"input": {0: "n"}, "output": {0: "n"}},
        dynamo=False,
    )
    return 0, time.perf_counter() - start


PEERS = {"clip-retrieval": clip_retrieval, "rclip": rclip, "export-onnx": export_onnx}


def main() -> None:
    peer, *arguments = sys.argv[1:]
    images, seconds = PEERS[peer](*map(Path, arguments))
    print()
    print(json.dumps({"images": images, "seconds": seconds}))


if __name__ == "__main__":
    main()
