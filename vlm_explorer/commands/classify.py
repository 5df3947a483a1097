"""`vlm-explorer classify`: zero-shot labels."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from vlm_explorer.commands.terminal import note, print_json
from vlm_explorer.errors import UsageError


def run(arguments: Namespace) -> int:
    """Score every image against the labels."""
    from vlm_explorer.api import open_collection

    collection = open_collection(Path(arguments.collection))
    answer = collection.classify(
        read_labels(arguments),
        templates=arguments.templates or "",
        task=arguments.task or "single",
        model=arguments.model,
    )
    files = collection.images.select(["image_id", "file", "frame"]).to_pylist()
    images = [
        {**row, "cosine": cosine.tolist(), "probability": probability.tolist()}
        for row, cosine, probability, known in zip(
            files, answer.cosine, answer.probability, answer.known, strict=True
        )
        if known
    ]
    without = len(files) - len(images)
    if without:
        note(
            f"warning: {without} of {len(files)} images have no vector of {answer.model}. "
            f"Index their folders with --model {answer.model}.",
            arguments,
        )
    if arguments.csv:
        _write_csv(Path(arguments.csv), list(answer.labels), images)
        note(f"Wrote {len(images)} images to {arguments.csv}.", arguments)
    elif arguments.json:
        print_json(
            {
                "model": answer.model,
                "task": answer.task,
                "templates": answer.templates,
                "labels": list(answer.labels),
                "without_vector": without,
                "images": images,
            }
        )
    else:
        _print(list(answer.labels), images, answer.task)
    return 0


def read_labels(arguments: Namespace) -> list[str]:
    """Return the labels of `--labels` and of the lines of `--labels-file`.

    A single value with commas is a list, since one label alone leaves nothing to choose.

    Raises:
        UsageError: the file cannot be read.
    """
    labels = list(arguments.labels)
    if len(labels) == 1 and not arguments.labels_file:
        labels = labels[0].split(",")
    if arguments.labels_file:
        try:
            text = Path(arguments.labels_file).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"The labels file {arguments.labels_file} cannot be read.",
                "It should be plain text with one label a line.",
            ) from error
        labels += [line for line in text.splitlines() if not line.startswith("#")]
    return [label.strip() for label in labels if label.strip()]


def _write_csv(path: Path, labels: list[str], images: list[dict[str, Any]]) -> None:
    from vlm_explorer.export.row_tables import write_rows

    names = ("image_id", "file", "frame")
    scores = [f"{kind}: {label}" for kind in ("cosine", "probability") for label in labels]
    rows = [
        {name: row[name] for name in names}
        | dict(zip(scores, [*row["cosine"], *row["probability"]], strict=True))
        for row in images
    ]
    write_rows(path, (*names, *scores), rows)


def _print(labels: list[str], images: list[dict[str, Any]], task: str) -> None:
    meaning = f"among these {len(labels)} labels" if task == "single" else "present against absent"
    for row in images:
        best = max(range(len(labels)), key=lambda index: row["probability"][index])
        share = row["probability"][best]
        print(f"{share:>5.0%} {meaning}: {labels[best]}  {row['file']}")
