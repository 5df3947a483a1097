"""The format of TensorBoard's Embedding Projector: a folder that `tensorboard --logdir` opens.

`tensors.tsv` or `tensors.bytes` (float32, little-endian, row after row), `metadata.tsv` with a
header, `sprite.png` where thumbnails were asked for, and `projector_config.pbtxt`, which names them
(tensorboard/plugins/projector/projector_config.proto).
"""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np

from vlm_explorer.collection.store import Collection
from vlm_explorer.export.answers import Answers
from vlm_explorer.export.columns import Exported
from vlm_explorer.jobs import JobContext

MOST_SHOWN = 100_000  # the projector shows no more
_MOST_AS_TEXT = 5_000_000  # numbers; more are written as bytes
_SPRITE = 8192  # px, the largest sprite that the projector takes
_LARGEST, _SMALLEST = 64, 8  # px, side of a thumbnail in it


def write_projector(
    collection: Collection,
    exported: Exported,
    answers: Answers,
    folder: Path,
    *,
    thumbnails: bool,
    context: JobContext,
) -> tuple[int, tuple[str, ...]]:
    """Write the images that have a vector.

    Returns:
        How many images were left out because they have none, and warnings.
    """
    held, vectors = collection.vector_rows(answers.model).among(exported.rows)
    tensors = "tensors.tsv" if vectors.size <= _MOST_AS_TEXT else "tensors.bytes"
    if tensors == "tensors.tsv":
        np.savetxt(folder / tensors, vectors, fmt="%.9g", delimiter="\t")
    else:
        vectors.astype("<f4", copy=False).tofile(folder / tensors)
    table = exported.table.filter(held)
    lines = ["\t".join(_cell(name) for name in table.column_names)]
    lines += ["\t".join(_cell(value) for value in row.values()) for row in table.to_pylist()]
    (folder / "metadata.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    warnings = []
    if len(vectors) > MOST_SHOWN:
        warnings.append(f"The projector shows the first {MOST_SHOWN:,} of {len(vectors):,} images.")
    side = 0
    if thumbnails:
        ids = table["image_id"].to_pylist()
        side = _write_sprite(collection, ids, folder / "sprite.png", context)
        if not side:
            warnings.append("There are too many images for a sprite; thumbnails were left out.")
    config = _config(answers.model, tensors, vectors.shape, side)
    (folder / "projector_config.pbtxt").write_text(config, encoding="utf-8")
    return int((~held).sum()), tuple(warnings)


def _cell(value: object) -> str:
    """Return a cell on one line and without tabs, which nothing in this format can quote."""
    if value is None:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return " ".join(text.split())


def _write_sprite(collection: Collection, ids: list[str], path: Path, context: JobContext) -> int:
    """Put thumbnails into one picture, row after row; return their side, 0 for too many of them."""
    from PIL import Image

    across = math.ceil(math.sqrt(len(ids)))
    side = min(_LARGEST, _SPRITE // max(across, 1))
    if side < _SMALLEST:
        return 0
    sprite = Image.new("RGB", (across * side, across * side))
    for begin in range(0, len(ids), 1000):
        context.report(begin, len(ids), "Collecting thumbnails")
        part = ids[begin : begin + 1000]
        known = collection.thumbnails(part)
        for place, key in enumerate(part, begin):
            if key in known:
                with Image.open(io.BytesIO(known[key])) as picture:
                    small = picture.convert("RGB")
                small.thumbnail((side, side))
                x, y = place % across * side, place // across * side
                middle = (side - small.width) // 2, (side - small.height) // 2
                sprite.paste(small, (x + middle[0], y + middle[1]))
    sprite.save(path, format="PNG")
    return side


def _config(model: str, tensors: str, shape: tuple[int, ...], side: int) -> str:
    """Return the configuration, a `ProjectorConfig` in the text format of protocol buffers."""
    name = model.replace("\\", "/").replace('"', "'")
    lines = [
        "embeddings {",
        f'  tensor_name: "{name}"',
        f'  tensor_path: "{tensors}"',
        '  metadata_path: "metadata.tsv"',
        *(f"  tensor_shape: {length}" for length in shape),
    ]
    if side:
        lines += [
            "  sprite {",
            '    image_path: "sprite.png"',
            f"    single_image_dim: {side}",
            f"    single_image_dim: {side}",
            "  }",
        ]
    return "\n".join([*lines, "}", ""])
