"""`vlm-explorer layout`: map coordinates of a collection's images and texts."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlm_explorer.commands.terminal import job, print_json
from vlm_explorer.errors import UsageError

if TYPE_CHECKING:
    from vlm_explorer.api import Collection
    from vlm_explorer.queries.layout import LayoutAnswer

_CHOICES = ("method", "space", "seed", "n_neighbors", "min_dist", "perplexity", "model")
_POINT = {"kind": "string", "image_id": "string", "text": "string", "x": "float32", "y": "float32"}


def run(arguments: Namespace) -> int:
    """Lay out, and write what was asked for; or look after the named layouts."""
    from vlm_explorer.api import open_collection
    from vlm_explorer.export.places import check_place
    from vlm_explorer.export.row_tables import write_typed_rows

    check_place(arguments.out)
    collection = open_collection(arguments.collection)
    if arguments.list:
        return _list(collection, arguments)
    if arguments.rename:
        named = collection.layouts.rename(*arguments.rename)
        _tell({"renamed": arguments.rename[0], "name": named.name}, arguments)
        return 0
    if arguments.remove is not None:
        collection.layouts.remove(arguments.remove)
        _tell({"removed": arguments.remove}, arguments)
        return 0
    answer = _answer(collection, arguments)
    if arguments.out:
        write_typed_rows(Path(arguments.out), _POINT, points(answer))
    facts = _facts(answer, arguments)
    if arguments.json:
        print_json(facts if arguments.out else {**facts, "points": points(answer)})
    else:
        _print(facts, answer)
    return 0


def _answer(collection: Collection, arguments: Namespace) -> LayoutAnswer:
    """Return the layout that is asked for: named and kept before, or made now."""
    chosen = {
        name: getattr(arguments, name) for name in _CHOICES if getattr(arguments, name) is not None
    }
    chosen |= {"texts": tuple(arguments.text)} if arguments.text else {}
    if arguments.name is not None and collection.layouts.find(arguments.name) is not None:
        answer = collection.layouts.open(arguments.name)
        made = {**asdict(answer.request), "model": answer.model}
        if any(made[name] != value for name, value in chosen.items()):
            raise UsageError(
                f"The layout “{arguments.name}” was made otherwise: {_how(answer)}.",
                "Choose another --name, or --remove it first.",
            )
        return answer
    context, line = job(arguments)
    try:
        answer = collection.layout(**chosen, context=context)
    finally:
        line.end()
    if arguments.name is not None:
        collection.layouts.keep(answer, arguments.name)
    return answer


def _facts(answer: LayoutAnswer, arguments: Namespace) -> dict[str, Any]:
    """Return what is printed as JSON."""
    facts: dict[str, Any] = {
        "model": answer.model,
        "method": answer.request.method,
        "space": answer.request.space,
        "seed": answer.request.seed,
        "settings": answer.request.spec().settings,
        "images": len(answer.image_ids),
        "texts": len(answer.texts),
        "without_vector": answer.without_vector,
        "trust": answer.trust,
        "continuity": answer.quality[0].continuity if answer.quality else None,
        "neighbours_kept": answer.quality[0].kept if answer.quality else None,
        "landmarks": len(answer.image_ids) - answer.placed,
        "placed_by_neighbours": answer.placed,
        "gap": answer.gap,
        "name": arguments.name,
        "out": arguments.out,
    }
    if answer.placed and answer.quality:
        facts["trust_of_landmarks"] = answer.quality[1].trustworthiness
        facts["trust_of_placed"] = answer.quality[2].trustworthiness
    return facts


def _print(facts: dict[str, Any], answer: LayoutAnswer) -> None:
    print(f"{_how(answer)}: {facts['images']} images and {facts['texts']} texts")
    if answer.without_vector:
        total = len(answer.image_ids) + answer.without_vector
        print(f"{facts['images']} of {total} images have vectors of {answer.model}")
    if answer.placed:
        print(
            f"{facts['landmarks']:,} images laid out, {answer.placed:,} placed by their neighbours"
        )
    if answer.quality:
        whole = answer.quality[0]
        print(
            f"trustworthiness {whole.trustworthiness:.3f}, continuity {whole.continuity:.3f}, "
            f"neighbours kept {whole.kept:.3f} (15 neighbours, computed in the full space)"
        )


def _how(answer: LayoutAnswer) -> str:
    """Return how a layout was made, in one line."""
    settings = answer.request.spec().settings
    known = [f"{name} {value:g}" for name, value in settings.items()]
    return ", ".join([answer.request.method, answer.request.space, *known])


def _list(collection: Collection, arguments: Namespace) -> int:
    """List the named layouts."""
    named = list(collection.layouts)
    if arguments.json:
        print_json(
            [
                {
                    "name": each.name,
                    **asdict(each.request),
                    "model": each.model,
                    "images": each.images,
                    "texts": each.texts,
                    "made": each.made,
                }
                for each in named
            ]
        )
        return 0
    for each in named:
        print(
            f"{each.name}: {each.request.method}, {each.request.space}, {each.model}, "
            f"{each.images} images and {each.texts} texts, {each.made}"
        )
    if not named:
        print("no named layouts")
    return 0


def _tell(facts: dict[str, str], arguments: Namespace) -> None:
    if arguments.json:
        print_json(facts)
    else:
        print(", ".join(f"{name}: {value}" for name, value in facts.items()))


def points(answer: LayoutAnswer) -> list[dict[str, Any]]:
    """Return one row a point: kind, image_id or text, x, y."""
    images = [
        {"kind": "image", "image_id": key, "text": None, "x": float(x), "y": float(y)}
        for key, (x, y) in zip(answer.image_ids, answer.xy, strict=True)
    ]
    texts = [
        {"kind": "text", "image_id": None, "text": text, "x": float(x), "y": float(y)}
        for text, (x, y) in zip(answer.texts, answer.text_xy, strict=True)
    ]
    return images + texts
