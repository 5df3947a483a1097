"""`vlm-explorer compare`: how far two encoders, or two layouts of one, agree."""

from __future__ import annotations

import math
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlm_explorer.commands.terminal import job, print_json

if TYPE_CHECKING:
    from vlm_explorer.queries.compare_layouts import CompareAnswer

_POINT = {
    "image_id": "string",
    "overlap": "float64",
    "x": "float64",
    "y": "float64",
    "with_x": "float64",
    "with_y": "float64",
}


def run(arguments: Namespace) -> int:
    """Compare, and print or write what was asked for."""
    from vlm_explorer.api import open_collection
    from vlm_explorer.export.places import check_place
    from vlm_explorer.export.row_tables import write_typed_rows

    check_place(arguments.out)
    collection = open_collection(arguments.collection)
    model = arguments.model or collection.encoder_entry().model
    context, line = job(arguments)
    try:
        answer = collection.compare(
            arguments.other or model,
            model=model,
            method=arguments.method,
            space=arguments.space,
            seed=arguments.seed,
            other_method=arguments.with_method,
            other_space=arguments.with_space,
            other_seed=arguments.with_seed,
            name=arguments.name,
            other_name=arguments.with_name,
            k=arguments.k,
            context=context,
        )
    finally:
        line.end()
    if arguments.out:
        write_typed_rows(Path(arguments.out), _POINT, points(answer))
    if arguments.json:
        facts = {**figures(answer), "out": arguments.out}
        print_json(facts if arguments.out else {**facts, "points": points(answer)})
    else:
        print("\n".join(sentences(answer)))
    return 0


def figures(answer: CompareAnswer) -> dict[str, Any]:
    """Return the numbers of a comparison; those that cannot be had are None."""
    first, second = answer.first, answer.second
    numbers = {
        "overlap": answer.mean,
        "overlap_low": answer.interval[0],
        "overlap_high": answer.interval[1],
        "overlap_chance": answer.chance,
        "shared": answer.shared,
        "shared_chance": answer.shared_by_chance,
        "cka": answer.cka,
        "cka_unbiased": answer.cka_unbiased,
        "disparity": answer.alignment.disparity,
    }
    return {
        "model": first.model,
        "with": second.model,
        "method": [first.request.method, second.request.method],
        "space": [first.request.space, second.request.space],
        "seed": [first.request.seed, second.request.seed],
        "images": answer.images,
        "compared": len(answer.image_ids),
        "only_first": answer.only_first,
        "only_second": answer.only_second,
        "k": answer.k,
        "measured": answer.measured,
        "measured_images": answer.measured_images,
        **{name: _number(value) for name, value in numbers.items()},
        "mirrored": answer.alignment.mirrored,
    }


def sentences(answer: CompareAnswer) -> list[str]:
    """Return what a comparison found, in words."""
    compared = f"{len(answer.image_ids):,} of {answer.images:,} images are on both maps"
    alone = f"{answer.only_first:,} only on the first, {answer.only_second:,} only on the second"
    lines = [f"{answer.first.model} and {answer.second.model}: {compared} ({alone})"]
    if answer.k and answer.measured_images < len(answer.image_ids):
        lines.append(f"overlap measured on {answer.measured_images:,} of them, each against all")
    where = "the full spaces" if answer.measured == "space" else "the two maps of one space"
    if answer.k:
        low, high = answer.interval
        lines += [
            f"neighbour overlap {answer.mean:.3f} (Jaccard of {answer.k} neighbours in {where}; "
            f"95 % interval {low:.3f} to {high:.3f}; by chance {answer.chance:.3f})",
            f"neighbours in common {answer.shared:.3f} (by chance {answer.shared_by_chance:.3f})",
        ]
    else:
        lines.append("too few images for neighbourhoods")
    if answer.cka is not None and answer.cka_unbiased is not None:
        lines.append(f"linear CKA {answer.cka:.3f} (without bias {answer.cka_unbiased:.3f})")
    return lines


def points(answer: CompareAnswer) -> list[dict[str, Any]]:
    """Return one row an image that is on both maps: overlap, and places, the second aligned."""
    first = dict(zip(answer.first.image_ids, answer.first.xy, strict=True))
    second = dict(zip(answer.second.image_ids, answer.aligned_xy, strict=True))
    return [
        {
            "image_id": key,
            "overlap": _number(overlap),
            "x": float(first[key][0]),
            "y": float(first[key][1]),
            "with_x": float(second[key][0]),
            "with_y": float(second[key][1]),
        }
        for key, overlap in zip(answer.image_ids, answer.overlap, strict=True)
    ]


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
