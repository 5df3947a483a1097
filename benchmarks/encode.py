"""Images a second from a folder to stored vectors, against what others make of the same images.

Side by side in one run, each in a process of its own, rounds interleaved, the best round of each:
the whole way (scan, decode, encode, store) as `vlm-explorer index` goes it, the bare forward pass
at the same batch and precision, open_clip's own loop in float32, a naive loop in bfloat16, and
`clip-retrieval inference` and `rclip` where they are installed. Weights are random, in the exact
layout. Loading is not counted for anybody; starting child processes is counted for
`vlm-explorer` alone.

VLM_TEST_DATA: a folder with `pairs/images`, real pictures; without it only those of the demo study.
VLM_BENCH_PEERS: an environment (venv) with `clip-retrieval`, or `rclip` and `onnx`, or several,
    separated by the system's path separator: their requirements exclude each other.
VLM_BENCH_IMAGES: how many images, 240 by default.
VLM_BENCH_MODELS: which of ViT-B-16,ViT-B-32,ViT-B-32-256 (rclip's own); all by default.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROUNDS = 2
LOOP_BATCH = 32
MODELS = "ViT-B-16,ViT-B-32,ViT-B-32-256"
WEIGHTS = "open_clip_model.safetensors"
PEER_OF = {"ViT-B-32": "clip-retrieval", "ViT-B-32-256": "rclip"}
MODULE_OF = {"clip-retrieval": "clip_retrieval", "rclip": "rclip"}
Figures = dict[str, Any]


def run() -> Figures:
    figures: Figures = {"processor": _processor(), "cores": os.cpu_count() or 1}
    count = int(os.environ.get("VLM_BENCH_IMAGES", "240"))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        pictures, dicom = _pictures(place, count)
        figures["images"] = len(list(pictures.iterdir()))
        for architecture in os.environ.get("VLM_BENCH_MODELS", MODELS).split(","):
            model = write_model(place, architecture)
            _compare(figures, place, model, pictures, dicom)
            shutil.rmtree(model)
    return figures


def _compare(figures: Figures, place: Path, model: Path, pictures: Path, dicom: Path) -> None:
    """Measure all contenders on one architecture and add their figures."""
    name = model.name
    # measures what is best, warms up, and is not timed: watching memory slows it down
    ours = _child(place, "watched", model, pictures, "auto", 0)
    precision, batch = ours["precision"], 0
    figures[f"{name}: device, precision"] = f"{ours['device']}, {precision}"
    figures[f"{name}: lowest cosine to fp32"] = ours["cosine"]
    figures[f"{name}: why"] = ours["why"]
    runs = {"end to end": ("ours", pictures, precision, batch)}
    runs["forward alone"] = ("forward", pictures, precision, batch)
    if name == "ViT-B-16":
        runs["end to end, demo DICOM"] = ("ours", dicom, precision, batch)
    if name != "ViT-B-32-256":
        runs["open_clip loop, fp32"] = ("open_clip", pictures, "fp32", LOOP_BATCH)
    if name == "ViT-B-32":
        runs["naive loop, bf16"] = ("open_clip", pictures, "bf16", LOOP_BATCH)
    peer = PEER_OF.get(name, "")
    python = _python_of(peer) if peer else None
    if peer and python is None:
        figures[f"{name}: {peer}"] = "not there: VLM_BENCH_PEERS names no environment that has it"
    if peer == "rclip" and python is not None:
        _peer(python, "export-onnx", model, pictures, place / "export")
    best: dict[str, float] = {}
    for number in range(ROUNDS):
        for label, (role, folder, kind, size) in runs.items():
            found = _child(place, role, model, folder, kind, size)
            best[label] = max(best.get(label, 0.0), found["images"] / found["seconds"])
        if python is not None:
            found = _peer(python, peer, model, pictures, place / f"{peer}-{number}")
            best[peer] = max(best.get(peer, 0.0), found["images"] / found["seconds"])
    figures |= {f"{name}: {label}, images/s": rate for label, rate in best.items()}
    figures[f"{name}: peak memory, MB (target 2000)"] = ours["megabytes"]
    _ratios(figures, name, best)


def _ratios(figures: Figures, name: str, best: dict[str, float]) -> None:
    forward, whole = best["forward alone"], best["end to end"]
    figures[f"{name}: end to end / forward alone (target 0.85)"] = whole / forward
    if "end to end, demo DICOM" in best:
        figures[f"{name}: the same of demo DICOM"] = best["end to end, demo DICOM"] / forward
    for label in ("open_clip loop, fp32", "clip-retrieval", "rclip"):
        if label in best:
            figures[f"{name}: end to end / {label} (target {_target()})"] = whole / best[label]
            figures[f"{name}: forward alone / {label}"] = forward / best[label]
    if "naive loop, bf16" in best:
        figures[f"{name}: end to end / naive loop, bf16"] = whole / best["naive loop, bf16"]


def _child(place: Path, role: str, model: Path, pictures: Path, precision: str, batch: int) -> Any:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks._encode_runs", role]
    command += [str(model), str(pictures), precision, str(batch)]
    return _last_line(command, {"VLM_EXPLORER_HOME": str(place / "home")})


def _peer(python: Path, peer: str, model: Path, pictures: Path, place: Path) -> Any:
    place.mkdir()
    script = Path(__file__).with_name("_encode_peers.py")
    command = [str(python), "-W", "ignore", str(script), peer]
    found = _last_line([*command, str(model), str(pictures), str(place)], {"HF_HUB_OFFLINE": "1"})
    shutil.rmtree(place)
    return found


def _last_line(command: list[str], extra: dict[str, str]) -> Any:
    """Return the JSON object that a command prints; all cores are its own."""
    environment = {**os.environ, **extra}
    environment.pop("OMP_NUM_THREADS", None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    # threads of a peer may still print after it is done
    return json.loads([line for line in done.stdout.splitlines() if line.startswith("{")][-1])


def _python_of(peer: str) -> Path | None:
    """Return the Python of an environment in VLM_BENCH_PEERS that has a peer, None if none has."""
    for folder in filter(None, os.environ.get("VLM_BENCH_PEERS", "").split(os.pathsep)):
        for python in (Path(folder) / "bin/python", Path(folder) / "Scripts/python.exe"):
            command = [str(python), "-c", f"import {MODULE_OF[peer]}"]
            if not python.exists():
                continue
            if not subprocess.run(command, capture_output=True, check=False).returncode:
                return python
    return None


def _pictures(place: Path, count: int) -> tuple[Path, Path]:
    """Return a folder of real and demo pictures, `count` in all, and one of demo DICOM files."""
    from PIL import Image

    from vlm_explorer.api import render
    from vlm_explorer.demo.study import write_study

    pictures, study = place / "pictures", place / "study"
    pictures.mkdir()
    real = []
    if data := os.environ.get("VLM_TEST_DATA"):
        real = sorted((Path(data) / "pairs" / "images").iterdir())
    wanted = min(len(real), count * 3 // 4)
    for number in range(wanted):
        file = real[number * len(real) // wanted]
        shutil.copy(file, pictures / file.name)
    write_study(study, images=count, seed=3)
    files = sorted(study.rglob("*.dcm"))
    for number in range(count - wanted):
        file = files[number * len(files) // (count - wanted)]
        Image.fromarray(render(file).pixels).save(pictures / f"demo-{number:04}.png")
    return pictures, study


def write_model(place: Path, architecture: str) -> Path:
    """Write a model folder in open_clip's layout with random weights."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    folder = place / architecture
    folder.mkdir()
    state = open_clip.create_model(architecture, pretrained=None).state_dict()
    save_file({key: value.contiguous() for key, value in state.items()}, folder / WEIGHTS)
    config = {"model_cfg": open_clip.get_model_config(architecture), "preprocess_cfg": {}}
    (folder / "open_clip_config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def _processor() -> str:
    """Return the processor's name and what it has for bfloat16."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    facts = {key.strip(): value.strip() for key, value in fields.items()}
    flags = facts.get("flags", "").split()
    has = [flag for flag in ("amx_bf16", "avx512_bf16") if flag in flags]
    return f"{facts.get('model name', 'unknown')}, {' and '.join(has) or 'no bfloat16 unit'}"


def _target() -> float:
    return 3.5 if "_bf16" in _processor() else 1.2
