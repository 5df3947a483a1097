"""`vlm-explorer classify`: zero-shot labels."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlm_explorer.commands.terminal import note, print_json
from vlm_explorer.errors import UsageError, WrongOptions

if TYPE_CHECKING:
    from vlm_explorer.queries.classify_answer import ClassifyAnswer
    from vlm_explorer.queries.label_set import LabelSet

NO_CALL = "no call"
SET_SUFFIXES = (".yaml", ".yml", ".json")
CALLS = {1: "present", -1: "absent", 0: NO_CALL}
KINDS = ("cosine", "margin", "z", "percentile", "probability")


def run(arguments: Namespace) -> int:
    """Score every image against the labels."""
    from vlm_explorer.api import open_collection
    from vlm_explorer.export.places import check_place

    labels = chosen_labels(arguments)
    if not labels:
        raise WrongOptions(
            "There are no labels to choose among.", "Give them with --labels or --labels-file."
        )
    check_place(arguments.csv)
    collection = open_collection(arguments.collection)
    answer = collection.classify(
        labels,
        templates=arguments.templates or "",
        task=arguments.task or "",
        temperature=arguments.temperature,
        margin=arguments.margin,
        model=arguments.model,
    )
    files = collection.images.select(["image_id", "file", "frame"]).to_pylist()
    images = _rows(answer, files)
    _note(answer, len(files) - len(images), len(files), arguments)
    if arguments.csv:
        _write_csv(Path(arguments.csv), answer, images)
        note(f"Wrote {len(images)} images to {arguments.csv}.", arguments)
    elif arguments.json:
        print_json(_facts(answer, len(files) - len(images)) | {"images": images})
    else:
        _print(answer, images)
    return 0


def chosen_labels(arguments: Namespace) -> LabelSet | list[str]:
    """Return the label set, else the labels, that were given.

    Templates and task that were given count instead of the set's.

    Raises:
        UsageError: both were given, or they cannot be read.
    """
    from vlm_explorer.queries.label_shelf import find_label_set

    labels, name = read_labels(arguments), set_name(arguments)
    if not name:
        return labels
    if labels:
        raise WrongOptions("Labels are given twice.", "Give --labels or a label set.")
    found = find_label_set(name)
    given = {"templates": arguments.templates, "task": arguments.task}
    return replace(found, **{name: value for name, value in given.items() if value})


def _note(answer: ClassifyAnswer, without: int, total: int, arguments: Namespace) -> None:
    """Say what the numbers leave out, and what they rest on."""
    if without:
        note(
            f"warning: {without} of {total} images have no vector of {answer.model}. "
            f"Index their folders with --model {answer.model}.",
            arguments,
        )
    if answer.calibration is not None:
        note(f"Probabilities are calibrated on {answer.calibration.cases} cases.", arguments)
    if answer.no_calls:
        what = "images" if answer.task == "single" else "pairs of image and label"
        note(
            f"No call for {answer.no_calls} {what}: margin below {answer.least_margin}.", arguments
        )


def _facts(answer: ClassifyAnswer, without: int) -> dict[str, Any]:
    """Return what was asked."""
    calibration = answer.calibration
    return {
        "model": answer.model,
        "task": answer.task,
        "templates": answer.templates,
        "labels": list(answer.labels),
        "temperature": answer.temperature,
        "margin": answer.least_margin,
        "calibrated_on": None if calibration is None else calibration.cases,
        "no_calls": answer.no_calls,
        "without_vector": without,
    }


def _rows(answer: ClassifyAnswer, files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is said of each image with a vector; z and percentile where they are known."""
    scores = {
        name: values
        for name, values in (
            ("cosine", answer.cosine),
            ("probability", answer.probability),
            ("margin", answer.margin),
            ("z", answer.z),
            ("percentile", answer.percentile),
        )
        if values is not None
    }
    if len(answer.labels) == 1 and answer.task == "single":
        scores.pop("margin")  # there is no other label
    calls, called = answer.calls, answer.called
    return [
        {
            **files[row],
            **{name: values[row].tolist() for name, values in scores.items()},
            "called": called[row]
            if answer.task == "single"
            else [CALLS[call] for call in calls[row].tolist()],
        }
        for row in answer.known.nonzero()[0].tolist()
    ]


def set_name(arguments: Namespace) -> str:
    """Return the label set that is asked for; `--labels-file` may name one's YAML file, too."""
    file = arguments.labels_file or ""
    return arguments.labels_set or (file if Path(file).suffix.lower() in SET_SUFFIXES else "")


def read_labels(arguments: Namespace) -> list[str]:
    """Return the labels of `--labels` and of the lines of `--labels-file`.

    A single value with commas is a list, since one label alone leaves nothing to choose.

    Raises:
        UsageError: the file cannot be read.
    """
    labels = list(arguments.labels)
    if len(labels) == 1 and not arguments.labels_file:
        labels = labels[0].split(",")
    if arguments.labels_file and arguments.labels_file != set_name(arguments):
        try:
            text = Path(arguments.labels_file).expanduser().read_text(encoding="utf-8-sig")
        except FileNotFoundError as error:
            raise UsageError(
                f"There is no file {arguments.labels_file}.", "Check the path after --labels-file."
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"The labels file {arguments.labels_file} cannot be read.",
                "It should be plain text with one label a line.",
            ) from error
        labels += [line for line in text.splitlines() if not line.startswith("#")]
    return [label.strip() for label in labels if label.strip()]


def _write_csv(path: Path, answer: ClassifyAnswer, images: list[dict[str, Any]]) -> None:
    from vlm_explorer.export.row_tables import write_rows

    several = answer.task == "multi"
    kinds = [kind for kind in KINDS if images and kind in images[0]]
    scores = [f"{kind}: {label}" for kind in kinds for label in answer.labels]
    calls = [f"called: {label}" for label in answer.labels] if several else ["called"]
    names = ("image_id", "file", "frame")
    rows = [
        {name: row[name] for name in names}
        | dict(zip(calls, row["called"] if several else [row["called"]], strict=True))
        | dict(zip(scores, [value for kind in kinds for value in row[kind]], strict=True))
        for row in images
    ]
    write_rows(path, (*names, *calls, *scores), rows)


def _print(answer: ClassifyAnswer, images: list[dict[str, Any]]) -> None:
    for place, row in zip(answer.known.nonzero()[0].tolist(), images, strict=True):
        best = int(answer.logit[place].argmax())
        share = row["probability"][best]
        said = row["called"] if answer.task == "single" else row["called"][best]
        doubt = f" ({NO_CALL})" if said == NO_CALL else ""
        print(f"{share:>5.0%} {answer.of_what}: {answer.labels[best]}{doubt}  {row['file']}")
