"""`vlm-explorer evaluate`: how well labels fit, where it is known what is true."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlm_explorer.commands.evaluate_facts import (
    evaluation_facts,
    figure_rows,
    retrieval_facts,
    wrong_rows,
)
from vlm_explorer.commands.evaluate_lines import print_evaluation, print_retrieval
from vlm_explorer.commands.terminal import job, note, print_json
from vlm_explorer.errors import UsageError, WrongOptions

if TYPE_CHECKING:
    from vlm_explorer.api import Collection
    from vlm_explorer.queries.evaluate_answer import Evaluation
    from vlm_explorer.queries.retrieve import RetrieveAnswer


def run(arguments: Namespace) -> int:
    """Measure labels, retrieval or both."""
    from vlm_explorer.api import open_collection

    collection = open_collection(arguments.collection)
    asked = bool(arguments.labels or arguments.labels_file or arguments.labels_set)
    if not asked and not arguments.retrieval:
        raise WrongOptions(
            "There is nothing to evaluate.",
            "Give labels with --labels or --labels-set, or ask for --retrieval.",
        )
    context, line = job(arguments)
    ids = _only(arguments, collection)
    try:
        labelled = _labels(arguments, collection, ids) if asked else None
        found = [
            collection.retrieval(image_ids=ids, model=model, seed=arguments.seed, context=context)
            for model in (arguments.model or [None] if arguments.retrieval else [])
        ]
    finally:
        line.end()
    for warning in labelled.warnings if labelled else ():
        note(f"warning: {warning}", arguments)
    if arguments.csv:
        _write(arguments, collection, labelled, found)
    if arguments.json:
        print_json(_facts(collection, labelled, found))
    elif not arguments.csv:
        if labelled is not None:
            print_evaluation(labelled)
        for each in found:
            print_retrieval(each)
    return 0


def _labels(
    arguments: Namespace, collection: Collection, ids: tuple[str, ...] | None
) -> Evaluation:
    from vlm_explorer.commands.classify import read_labels, set_name

    labels, name = read_labels(arguments), set_name(arguments)
    if name and labels:
        raise WrongOptions("Labels are given twice.", "Give --labels or a label set.")
    return collection.evaluate(
        name or labels,
        truth=arguments.truth_column,
        table=arguments.truth_table,
        values=_values(arguments.map, "--map 'pleural effusion=effusion'"),
        blank=arguments.blank,
        uncertain=arguments.uncertain,
        templates=arguments.templates,
        task=arguments.task or "",
        models=arguments.model,
        image_ids=ids,
        split=arguments.split_column,
        seed=arguments.seed,
        context=arguments.context,
    )


def _values(pairs: list[str], example: str) -> dict[str, tuple[str, ...]]:
    """Return the values of "NAME=VALUE", by name."""
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        name, sign, value = (part.strip() for part in pair.partition("="))
        if not sign or not name or not value:
            raise UsageError(f"“{pair}” is not of the form NAME=VALUE.", f"As in {example}.")
        found[name] = (*found.get(name, ()), value)
    return found


def _only(arguments: Namespace, collection: Collection) -> tuple[str, ...] | None:
    """Return the ids of the images that `--only` leaves; None for all."""
    wanted = _values(arguments.only, "--only modality=CT")
    if not wanted:
        return None
    images = collection.images
    for name in wanted:
        if name not in images.column_names:
            there = ", ".join(images.column_names)
            raise UsageError(f"The images have no column “{name}”.", f"They have: {there}.")
    columns = [images[name].to_pylist() for name in ("image_id", *wanted)]
    return tuple(
        key
        for key, *cells in zip(*columns, strict=True)
        if all(str(cell) in values for cell, values in zip(cells, wanted.values(), strict=True))
    )


def _facts(
    collection: Collection, labelled: Evaluation | None, found: list[RetrieveAnswer]
) -> dict[str, Any]:
    files = dict(
        zip(*(collection.images[name].to_pylist() for name in ("image_id", "file")), strict=True)
    )
    facts: dict[str, Any] = {}
    if labelled is not None:
        facts = evaluation_facts(labelled, files)
    if found:
        facts["retrieval"] = [retrieval_facts(each) for each in found]
    return facts


def _write(
    arguments: Namespace,
    collection: Collection,
    labelled: Evaluation | None,
    found: list[RetrieveAnswer],
) -> None:
    from vlm_explorer.export.row_tables import write_rows

    path = Path(arguments.csv).expanduser()
    rows = figure_rows(labelled, found)
    write_rows(path, tuple(rows[0]), rows)
    note(f"Wrote {len(rows)} figures to {path}.", arguments)
    if labelled is None:
        return
    files = collection.images.select(["image_id", "file", "frame"]).to_pylist()
    cases = wrong_rows(labelled, {row["image_id"]: row for row in files})
    beside = path.with_name(f"{path.stem}-cases{path.suffix}")
    columns = (
        "variant", "image_id", "file", "frame", "truth", "called", "probability",
    )  # fmt: skip
    write_rows(beside, columns, cases)
    note(f"Wrote {len(cases)} wrongly called images to {beside}.", arguments)
