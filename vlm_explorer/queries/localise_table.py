"""Figures of single maps to a table: one row a finding and method, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from vlm_explorer.analysis.detection import IOUS, Matches, detection_precision
from vlm_explorer.analysis.localisation import MapScores
from vlm_explorer.analysis.resampling import (
    Draws,
    Estimate,
    balanced_estimate,
    draw,
    estimate,
    mean_estimate,
)

BALANCED = "balanced over findings"
# What a table holds of each map, in its order; `MapScores` says what they are.
MEASURES = (
    "hit", "chance", "energy", "area", "cnr", "miou", "iou_otsu", "dice_otsu", "dice_oracle",
    "average_precision", "box_iou",
)  # fmt: skip
DETECTION = tuple(f"map_{least:g}" for least in IOUS)


@dataclass(frozen=True, slots=True, eq=False)
class ScoredMap:
    """One map, of one finding of one image, and what it is worth.

    Attributes:
        image_id: "" where no collection was asked.
        patient: of the table's own count; tells only which maps belong together.
        score: the prompt's cosine.
        matches: boxes found by the map; values are in the map's own unit.
    """

    image_id: str
    file: str
    frame: int
    patient: int
    finding: str
    side: str
    prompt: str
    method: str
    score: float
    scores: MapScores
    matches: Matches

    def measure(self, name: str) -> float:
        """Return one of `MEASURES`."""
        return self.matches.best_iou if name == "box_iou" else float(getattr(self.scores, name))


@dataclass(frozen=True, slots=True)
class FindingRow:
    """All maps of a finding by one method, or, for `BALANCED`, each finding counted once.

    Attributes:
        hits: how many maxima lie in the truth.
        flat: how many maps have no difference anywhere; they count as misses.
        measures: by the names of `MEASURES` and `DETECTION`. Detection is average precision of
            boxes pooled over the images that have the finding, at an IoU of 0.1, 0.25 and 0.5.
    """

    finding: str
    method: str
    n: int
    images: int
    patients: int
    hits: int
    flat: int
    measures: dict[str, Estimate]


def make_table(
    maps: Sequence[ScoredMap], methods: Iterable[str], *, replicates: int, seed: int
) -> tuple[FindingRow, ...]:
    """Return rows by finding, then method, and for each method the balanced one at the end.

    Intervals are percentile bootstraps over patients, the same draws for all rows, so that methods
    are compared on the same samples.
    """
    draws = draw(max((each.patient for each in maps), default=0) + 1, replicates, seed)
    findings = sorted({each.finding for each in maps})
    rows: list[FindingRow] = []
    balanced: list[FindingRow] = []
    for method in methods:
        parts: dict[str, list[tuple[Estimate, np.ndarray]]] = {}
        mine = [each for each in maps if each.method == method]
        for finding in findings:
            of_finding = [each for each in mine if each.finding == finding]
            figures = _figures(of_finding, draws)
            for name, part in figures.items():
                parts.setdefault(name, []).append(part)
            measures = {name: part[0] for name, part in figures.items()}
            rows.append(_row(finding, method, of_finding, measures))
        measures = {name: balanced_estimate(part) for name, part in parts.items()}
        if mine:
            balanced.append(_row(BALANCED, method, mine, measures))
    rows.sort(key=lambda row: row.finding)  # stable: methods stay in the order they were asked in
    return (*rows, *balanced)


def _figures(maps: list[ScoredMap], draws: Draws) -> dict[str, tuple[Estimate, np.ndarray]]:
    """Return each measure's estimate and its replicates."""
    patient = np.array([each.patient for each in maps], np.intp)
    found = {
        name: mean_estimate(np.array([each.measure(name) for each in maps], float), patient, draws)
        for name in MEASURES
    }
    value = np.concatenate([each.matches.value for each in maps])
    owner = np.repeat(np.arange(len(maps)), [len(each.matches.value) for each in maps])
    given = np.array([each.matches.given for each in maps], float)
    weights = np.vstack([np.ones(len(maps)), draws[:, patient]])
    for row, name in enumerate(DETECTION):
        right = np.concatenate([each.matches.right[row] for each in maps])
        precision = detection_precision(value, right, weights[:, owner], weights @ given)
        whole = float(precision[0])
        found[name] = estimate(whole, precision[1:], len(maps), groups=patient), precision[1:]
    return found


def _row(
    finding: str, method: str, maps: list[ScoredMap], measures: dict[str, Estimate]
) -> FindingRow:
    return FindingRow(
        finding=finding,
        method=method,
        n=len(maps),
        images=len({(each.file, each.frame) for each in maps}),
        patients=len({each.patient for each in maps}),
        hits=int(sum(each.scores.hit for each in maps)),
        flat=sum(each.scores.flat for each in maps),
        measures=measures,
    )
