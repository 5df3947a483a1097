"""What a saliency map costs, in forward passes, and beside the methods' own packages.

ViT-B/16 with random weights on the CPU in float32, one image of 224 pixels, prompts as vectors, the
encoder loaded: rounds of everything in turn, of each the median, and the median of its ratio to the
forward pass of the same round. One thread, and the processor's time: what else the machine does
moves it less than a clock's. One prompt for what follows gradients, twenty for what needs none.
Peers run in processes of their own, each its method from pixels to map: legrad-torch (all blocks),
grad-cam (the last block's first norm), captum (occlusion, the same windows).

VLM_BENCH_PEERS: environments (venv) that have `legrad-torch`, `grad-cam` or `captum`, separated by
    the system's path separator.
VLM_BENCH_ROUNDS: rounds, 9 by default.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.encode import write_model

PROMPTS = 20
WINDOW = 7  # in patches, so that the peer needs 4 passes more, and not 49
PEERS = {"legrad": "legrad-torch", "gradcam": "grad-cam", "occlusion": "captum"}
BARS = {"legrad": 2.2, "gradattn": 2.2, "decomp": 1.3, "patchsim": 1.3}

Run = Callable[[], float]


def run() -> dict[str, Any]:
    """Return medians in milliseconds and ratios."""
    rounds = int(os.environ.get("VLM_BENCH_ROUNDS", "9"))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        model = write_model(Path(folder), "ViT-B-16")
        runs = _ours(model)
        for python in _pythons():
            peers = stack.enter_context(_worker(python))
            runs |= {f"{PEERS[name]}": ask for name, ask in peers.items()}
        for ask in runs.values():
            ask()  # caches
        taken: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(rounds):
            for name, ask in runs.items():
                taken[name].append(ask())
    return _figures(taken)


def _ours(model: Path) -> dict[str, Run]:
    """Return every method of ours, and the forward pass alone; the names of methods are theirs."""
    import torch

    from vlm_explorer.encoders.load import load_encoder
    from vlm_explorer.encoders.preprocess import to_tensor
    from vlm_explorer.saliency import contributions, gradients
    from vlm_explorer.saliency.found import tower_of
    from vlm_explorer.saliency.occlusion import occlude

    torch.set_num_threads(1)
    encoder: Any = load_encoder(model, device="cpu", precision="fp32")
    chance = np.random.default_rng(0)
    view = chance.integers(0, 256, (224, 224, 3), dtype=np.uint8)
    texts = chance.normal(size=(PROMPTS, encoder.dimension)).astype(np.float32)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    tower = tower_of(encoder)

    def forward() -> None:
        with torch.no_grad():
            encoder.model.visual(to_tensor(view[None], encoder.preprocess))

    def hide() -> None:
        settings: Any = {"window": WINDOW, "stride": WINDOW, "baseline": "zero"}
        occlude(encoder, tower, view, texts[:1], **settings)

    return {
        "forward": _timed(forward),
        "legrad": _timed(lambda: gradients.legrad(encoder, view, texts[:1])),
        "gradattn": _timed(lambda: gradients.gradattn(encoder, view, texts[:1])),
        "gradcam": _timed(lambda: gradients.gradcam(encoder, view, texts[:1])),
        "occlusion": _timed(hide),
        "decomp": _timed(lambda: contributions.decomp(encoder, view, texts)),
        "patchsim": _timed(lambda: contributions.patchsim(encoder, view, texts)),
    }


def _timed(work: Callable[[], object]) -> Run:
    def ask() -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    return ask


def _pythons() -> Iterator[Path]:
    for folder in filter(None, os.environ.get("VLM_BENCH_PEERS", "").split(os.pathsep)):
        for python in (Path(folder) / "bin/python", Path(folder) / "Scripts/python.exe"):
            if python.exists():
                yield python


@contextmanager
def _worker(python: Path) -> Iterator[dict[str, Run]]:
    """Start an environment's peers; yields how to ask each for the seconds of one map."""
    script = Path(__file__).with_name("_saliency_peers.py")
    command = [str(python), "-W", "ignore", str(script), str(WINDOW)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, answers = process.stdin, process.stdout

        def ask(name: str) -> float:
            print(name, file=asked, flush=True)
            return float(json.loads(answers.readline()))

        there = json.loads(answers.readline() or "[]")
        yield {name: partial(ask, name) for name in there}
        asked.close()


def _figures(taken: dict[str, list[float]]) -> dict[str, Any]:
    figures: dict[str, Any] = {"python": sys.version.split()[0], "cores": os.cpu_count() or 1}
    figures |= {f"{name}, median ms": 1000 * statistics.median(of) for name, of in taken.items()}
    for name in ("legrad", "gradattn", "gradcam", "occlusion", "decomp", "patchsim"):
        bar = f" (bar {BARS[name]})" if name in BARS else ""
        prompts = PROMPTS if name in ("decomp", "patchsim") else 1
        label = f"{name}, prompts: {prompts}, forward passes{bar}"
        figures[label] = _ratio(taken[name], taken["forward"])
    for name, peer in PEERS.items():
        if peer in taken:
            figures[f"{peer} / our {name} (bar 1)"] = _ratio(taken[peer], taken[name])
        else:
            figures[peer] = "not there: VLM_BENCH_PEERS names no environment that has it"
    return figures


def _ratio(these: list[float], those: list[float]) -> float:
    """Return the median of the rounds' ratios, which a machine's other work moves least."""
    return statistics.median(one / other for one, other in zip(these, those, strict=True))
