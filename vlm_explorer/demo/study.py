"""The synthetic study: cases, captions, and the folder of DICOM files with its ground truth.

Everything is a pure function of the seed: the same seed and number of images give the same bytes.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from vlm_explorer.demo.captions import paraphrases
from vlm_explorer.demo.cases import make_case
from vlm_explorer.demo.findings import FINDINGS, Finding
from vlm_explorer.demo.image import DemoImage, Geometry
from vlm_explorer.demo.plan import Patient, plan_case
from vlm_explorer.errors import StorageProblem, UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.processes import map_in_processes

__all__ = [
    "FINDINGS",
    "DemoImage",
    "Finding",
    "Geometry",
    "StudySummary",
    "generate_case",
    "paraphrases",
    "write_study",
]

CAPTIONS, TRUTH = "captions.csv", "truth.json"
FILE_NAME = re.compile(r"DEMO-\d{4,}/[a-z]{2}-\d{2}-\d{3}\.dcm")

# Below this many cases, starting processes takes longer than the work.
FEW_CASES = 24


@dataclass(frozen=True, slots=True)
class StudySummary:
    """What was written: the folder, and how many images, patients, and images of each label."""

    folder: Path
    images: int
    patients: int
    labels: dict[str, int]


def generate_case(seed: int, index: int) -> list[DemoImage]:
    """One patient's study: a radiograph, a short CT or MR series, a mammogram, an ultrasound.

    Args:
        seed: the study's seed, 0 or more.
        index: which patient, from 0.

    Returns:
        The images, in the order of their instance numbers; a pure function of the arguments.
    """
    plan = plan_case(seed, index)
    rng = np.random.default_rng([seed, 4, index])
    patient = Patient(
        id=f"DEMO-{index + 1:04d}",
        sex=str(rng.choice(("F", "M"))),
        age=int(rng.integers(21, 90)),
    )
    out = []
    for number, image in enumerate(make_case(plan, patient, rng)):
        words = np.random.default_rng([seed, 5, index, number])
        out.append(replace(image, caption=paraphrases(image, words, 1)[0]))
    return out


def write_study(
    folder: Path, *, images: int = 400, seed: int = 7, context: JobContext | None = None
) -> StudySummary:
    """Write a study of exactly `images` DICOM files with `captions.csv` and `truth.json`.

    Args:
        folder: made if missing; a study written there before is replaced, other files stay.
        images: how many, 1 or more.
        seed: 0 or more; fixes every byte.
        context: progress and cancellation.

    Raises:
        UsageError: if `images` or `seed` is out of range.
        StorageProblem: if the folder cannot be written.
    """
    if images < 1 or seed < 0:
        raise UsageError(
            "A demo study needs at least one image and a seed of 0 or more.",
            "Choose other numbers.",
        )
    jobs = _jobs(seed, images)
    rows: list[dict[str, Any]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with closing(_written(folder, seed, jobs, context)) as cases:
            for written in cases:
                rows += written
                if context is not None:
                    context.report(len(rows), images, "Writing the demo study")
        _remove_former(folder, {row["file"] for row in rows})
        _write_tables(folder, rows)
    except OSError as error:
        raise StorageProblem(
            f"The demo study could not be written to {folder}: {error.strerror}.",
            "Choose a folder with room that you may write to.",
        ) from error
    labels = Counter(str(row["label"]) for row in rows)
    patients = len({row["patient"] for row in rows})
    return StudySummary(folder, len(rows), patients, dict(sorted(labels.items())))


def _jobs(seed: int, images: int) -> list[tuple[int, int]]:
    """(case, how many of its images) until there are enough images."""
    jobs, left = [], images
    for index in count():
        take = min(left, plan_case(seed, index).images)
        jobs.append((index, take))
        left -= take
        if left == 0:
            return jobs
    raise AssertionError("count() never ends")


def _written(
    folder: Path, seed: int, jobs: list[tuple[int, int]], context: JobContext | None
) -> Generator[list[dict[str, Any]], None, None]:
    """Rows of each case in order, written here for a few, by two processes for many."""
    calls = [(folder, seed, *job) for job in jobs]
    if len(jobs) < FEW_CASES:
        yield from (_write_case(*call) for call in calls)
    else:
        yield from map_in_processes(_write_case, calls, 2, context)


def _write_case(folder: Path, seed: int, index: int, take: int) -> list[dict[str, Any]]:
    """Write the first `take` images of a case; returns their rows."""
    from vlm_explorer.demo.dicom_writer import write_dicom

    rows = []
    for image in generate_case(seed, index)[:take]:
        place = image.geometry
        name = f"{image.modality.lower()}-{place.series:02d}-{place.instance:03d}.dcm"
        (folder / place.patient).mkdir(exist_ok=True)
        write_dicom(image, folder / place.patient / name, seed)
        rows.append(
            {
                "file": f"{place.patient}/{name}",
                "caption": image.caption,
                "label": image.label,
                "modality": image.modality_group,
                "patient": place.patient,
                "findings": [
                    {"name": f.name, "side": f.side, "box": list(f.box)} for f in image.findings
                ],
            }
        )
    return rows


def _remove_former(folder: Path, written: set[str]) -> None:
    """Remove what a larger study left in the folder, going by its own list of files."""
    try:
        former = json.loads((folder / TRUTH).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for name in set(former) - written:
        if FILE_NAME.fullmatch(name):
            file = folder / name
            file.unlink(missing_ok=True)
            if file.parent.is_dir() and not any(file.parent.iterdir()):
                file.parent.rmdir()


def _write_tables(folder: Path, rows: list[dict[str, Any]]) -> None:
    columns = ["file", "caption", "label", "modality", "patient"]
    with (folder / CAPTIONS).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    truth = {row["file"]: {"findings": row["findings"]} for row in rows}
    text = json.dumps(truth, indent=1, sort_keys=True) + "\n"
    (folder / TRUTH).write_text(text, encoding="utf-8")
