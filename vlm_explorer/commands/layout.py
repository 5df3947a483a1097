"""`vlm-explorer layout`: map coordinates of a collection's images and texts."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlm_explorer.commands.terminal import job, print_json
from vlm_explorer.errors import StorageProblem

if TYPE_CHECKING:
    from vlm_explorer.queries.layout import LayoutAnswer


def run(arguments: Namespace) -> int:
    """Lay out, and write what was asked for."""
    from vlm_explorer.api import open_collection

    collection = open_collection(Path(arguments.collection))
    context, line = job(arguments)
    try:
        answer = collection.layout(
            method=arguments.method,
            space=arguments.space,
            seed=arguments.seed,
            texts=arguments.text,
            model=arguments.model,
            context=context,
        )
    finally:
        line.end()
    if arguments.out:
        _write(Path(arguments.out), answer)
    facts = {
        "model": answer.model,
        "method": arguments.method,
        "space": arguments.space,
        "seed": arguments.seed,
        "images": len(answer.image_ids),
        "texts": len(answer.texts),
        "without_vector": answer.without_vector,
        "trust": answer.trust,
        "gap": answer.gap,
        "out": arguments.out,
    }
    if arguments.json:
        print_json(facts if arguments.out else {**facts, "points": points(answer)})
    else:
        print(
            f"{arguments.method}, {arguments.space}, seed {arguments.seed}: "
            f"{facts['images']} images and {facts['texts']} texts"
        )
        if answer.without_vector:
            total = len(answer.image_ids) + answer.without_vector
            print(f"{facts['images']} of {total} images have vectors of {answer.model}")
    return 0


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


def _write(path: Path, answer: LayoutAnswer) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            ("kind", pa.string()),
            ("image_id", pa.string()),
            ("text", pa.string()),
            ("x", pa.float32()),
            ("y", pa.float32()),
        ]
    )
    try:
        pq.write_table(pa.Table.from_pylist(points(answer), schema=schema), path)
    except OSError as error:
        raise StorageProblem(
            f"{path} cannot be written.", "Choose another place for --out."
        ) from error
