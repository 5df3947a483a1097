"""`vlm-explorer localise`: whether maps lie where findings are marked."""

from __future__ import annotations

import math
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlm_explorer.commands.terminal import job, note, print_json
from vlm_explorer.paths import local_path

if TYPE_CHECKING:
    from vlm_explorer.analysis.resampling import Estimate
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.queries.localise import LocaliseAnswer
    from vlm_explorer.queries.localise_table import FindingRow, ScoredMap

_SHOWN = ("hit", "chance", "energy", "area", "cnr", "miou", "average_precision", "map_0.25")
_HEADS = ("hit rate", "chance", "energy", "area", "CNR", "mIoU", "pixel AP", "mAP@0.25")


def run(arguments: Namespace) -> int:
    """Explain every marked finding, and print how the maps lie."""
    answer, truth = _ask(arguments)
    for warning in _warnings(answer):
        note(f"warning: {warning}", arguments)
    if arguments.csv:
        path = Path(arguments.csv).expanduser()
        maps = path.with_name(f"{path.stem}-maps{path.suffix}")
        _write(path, [_flat(row) for row in answer.table])
        _write(maps, [_map_facts(each) for each in answer.maps])
        note(f"Wrote {len(answer.table)} rows to {path}, {len(answer.maps)} to {maps}.", arguments)
    if arguments.json:
        print_json(facts(answer, truth))
    elif not arguments.csv:
        _print(answer)
    return 0


def _ask(arguments: Namespace) -> tuple[LocaliseAnswer, Path]:
    from vlm_explorer.api import open_collection
    from vlm_explorer.collection.store import is_collection
    from vlm_explorer.files.truth import read_truth
    from vlm_explorer.queries.localise import PROMPT, LocaliseRequest, localise
    from vlm_explorer.queries.localise_scope import collection_truth

    place = local_path(arguments.place)
    collection = open_collection(place) if is_collection(place) else None
    if arguments.truth or collection is None:
        truth = read_truth(Path(arguments.truth).expanduser() if arguments.truth else place)
    else:
        truth = collection_truth(collection)
    request = LocaliseRequest(
        truth,
        tuple(arguments.method) or ("auto",),
        arguments.prompt or PROMPT,
        tuple(arguments.finding),
        tolerance=arguments.tolerance,
        ct_window=arguments.ct_window,
    )
    context, line = job(arguments)
    encoder = collection.encoder(arguments.model) if collection else _encoder(arguments)
    try:
        return localise(encoder, request, collection, context=context), truth.path
    finally:
        line.end()


def _encoder(arguments: Namespace) -> Encoder:
    from vlm_explorer.encoders.load import load_encoder
    from vlm_explorer.encoders.registry import default_model
    from vlm_explorer.settings import load_settings

    if arguments.model:
        return load_encoder(arguments.model)
    model, warnings = default_model(load_settings().model or None)
    for warning in warnings:
        note(f"warning: {warning}", arguments)
    return load_encoder(model)


def facts(answer: LocaliseAnswer, truth: Path) -> dict[str, Any]:
    """Return what `--json` prints; what does not exist is null."""
    return {
        "model": answer.model,
        "truth": str(truth),
        "prompt": answer.prompt,
        "tolerance": answer.tolerance,
        "methods": list(answer.methods),
        "refused": answer.refused,
        "rows": [
            {
                "finding": row.finding,
                "method": row.method,
                "n": row.n,
                "images": row.images,
                "patients": row.patients,
                "hits": row.hits,
                "flat": row.flat,
                **{name: _estimate(figure) for name, figure in row.measures.items()},
            }
            for row in answer.table
        ],
        "maps": [_map_facts(each) for each in answer.maps],
        "not_scored": [
            {"file": e.file, "frame": e.frame, "finding": e.finding, "reason": e.reason}
            for e in answer.not_scored
        ],
        "without_finding": answer.without_finding,
        "without_truth": answer.without_truth,
        "warnings": _warnings(answer),
    }


def _warnings(answer: LocaliseAnswer) -> list[str]:
    told = [*answer.problems]
    told += [f"{method} is left out: {reason}." for method, reason in answer.refused.items()]
    if answer.not_scored:
        told.append(f"{len(answer.not_scored)} marked findings could not be scored.")
    if answer.without_truth:
        told.append(f"{answer.without_truth} images are not marked, and not scored.")
    return told


def _estimate(figure: Estimate) -> dict[str, float | int | None]:
    return {
        "value": _known(figure.value),
        "low": _known(figure.low),
        "high": _known(figure.high),
        "n": figure.n,
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _map_facts(each: ScoredMap) -> dict[str, Any]:
    from vlm_explorer.queries.localise_table import MEASURES

    return {
        "image_id": each.image_id,
        "file": each.file,
        "frame": each.frame,
        "finding": each.finding,
        "side": each.side,
        "prompt": each.prompt,
        "method": each.method,
        "cosine": _known(each.score),
        "peak_x": each.scores.peak[0],
        "peak_y": each.scores.peak[1],
        "flat": each.scores.flat,
        **{name: _known(each.measure(name)) for name in MEASURES},
    }


def _flat(row: FindingRow) -> dict[str, Any]:
    cells: dict[str, Any] = {
        name: getattr(row, name)
        for name in ("finding", "method", "n", "images", "patients", "hits", "flat")
    }
    for name, figure in row.measures.items():
        told = _estimate(figure)
        cells |= {name: told["value"], f"{name}_low": told["low"], f"{name}_high": told["high"]}
        cells[f"{name}_n"] = told["n"]
    return cells


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    from vlm_explorer.export.row_tables import write_rows

    write_rows(path, tuple(rows[0]), rows)


def _print(answer: LocaliseAnswer) -> None:
    print(f"{answer.model}, prompt “{answer.prompt}”, 95 % intervals in brackets")
    width = max(len(row.finding) for row in answer.table) + 1
    print(f"{'finding':<{width}}{'method':<10}{'hits':>9}  " + "".join(f"{h:<20}" for h in _HEADS))
    for row in answer.table:
        cells = "".join(f"{_cell(row.measures[name]):<20}" for name in _SHOWN)
        hits = f"{row.hits}/{row.n}"
        print(f"{row.finding:<{width}}{row.method:<10}{hits:>9}  {cells}".rstrip())


def _cell(figure: Estimate) -> str:
    if math.isnan(figure.value):
        return "n/a"
    if math.isnan(figure.low):  # all maps are of one patient
        return f"{figure.value:.2f}"
    return f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}]"
