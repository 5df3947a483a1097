"""One contender of `encode.py` in a process of its own: `python -m benchmarks._encode_runs ROLE`.

Prints one JSON object: images, seconds (without start and loading), peak memory in MB.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Figures = dict[str, Any]


class PeakMemory(threading.Thread):
    """Watches the memory of this process and its children, in MB.

    A page that several of them share is divided among its users (PSS), where the system tells it.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0
        self._ended = threading.Event()

    def run(self) -> None:
        import psutil

        me = psutil.Process()
        while not self._ended.wait(0.1):
            total = 0.0
            for process in (me, *me.children(recursive=True)):
                try:
                    full = process.memory_full_info()
                    total += getattr(full, "pss", full.uss) / 1e6
                except psutil.Error:
                    continue
            self.peak = max(self.peak, total)

    def end(self) -> float:
        self._ended.set()
        self.join()
        return self.peak


def watched(model: Path, pictures: Path, precision: str, batch: int) -> Figures:
    """The whole way with its peak memory; looking at it takes a third of a core."""
    memory = PeakMemory()
    memory.start()
    return {**ours(model, pictures, precision, batch), "megabytes": memory.end()}


def ours(model: Path, pictures: Path, precision: str, batch: int) -> Figures:
    """The whole way: scan, decode in child processes, encode, store with thumbnails."""
    from vlm_explorer.encoders.load import load_encoder
    from vlm_explorer.pipeline.indexing import index

    encoder = load_encoder(model, precision=precision, batch_size=batch or None)
    with tempfile.TemporaryDirectory() as place:
        start = time.perf_counter()
        report = index([pictures], to=Path(place) / "c.vlmx", encoder=encoder)
        seconds = time.perf_counter() - start
    return {
        "images": report.encoded,
        "seconds": seconds,
        "precision": encoder.precision,
        "cosine": encoder.choice.cosine,
        "device": encoder.device,
        "why": encoder.choice.why,
    }


def forward(model: Path, pictures: Path, precision: str, batch: int) -> Figures:
    """The image tower alone, on one batch that is in memory, as often as there are images."""
    import torch

    from vlm_explorer.encoders.image_batch import DTYPES
    from vlm_explorer.encoders.load import load_encoder

    encoder = load_encoder(model, precision=precision, batch_size=batch or None)
    size = encoder.preprocess.size
    tensor = torch.randn(encoder.choice.batch_size, 3, size, size).to(
        encoder.device, DTYPES[encoder.precision]
    )
    rounds = max(2, _count(pictures) // len(tensor))
    with torch.inference_mode():
        encoder.model.encode_image(tensor)
        start = time.perf_counter()
        for _ in range(rounds):
            encoder.model.encode_image(tensor)
        seconds = time.perf_counter() - start
    return {"images": rounds * len(tensor), "seconds": seconds}


def open_clip_loop(model: Path, pictures: Path, precision: str, batch: int) -> Figures:
    """What open_clip's README shows, over a folder: its own transform, one process, batches."""
    import open_clip
    import torch
    from PIL import Image

    tower, transform = open_clip.create_model_from_pretrained(f"local-dir:{model}")
    dtype = {"bf16": torch.bfloat16}.get(precision, torch.float32)
    tower.eval().to(dtype)
    files, done = sorted(pictures.iterdir()), 0
    start = time.perf_counter()
    with torch.no_grad():
        for first in range(0, len(files), batch):
            part = files[first : first + batch]
            tensor = torch.stack([transform(Image.open(file)) for file in part])
            features = tower.encode_image(tensor.to(dtype), normalize=True)
            done += len(features.float().numpy())
    return {"images": done, "seconds": time.perf_counter() - start}


def _count(pictures: Path) -> int:
    return sum(1 for path in pictures.rglob("*") if path.is_file())


ROLES: dict[str, Callable[[Path, Path, str, int], Figures]] = {
    "watched": watched,
    "ours": ours,
    "forward": forward,
    "open_clip": open_clip_loop,
}


def main() -> None:
    role, model, pictures, precision, batch = sys.argv[1:]
    print(json.dumps(ROLES[role](Path(model), Path(pictures), precision, int(batch))))


if __name__ == "__main__":
    main()
