"""How well images that do not belong are told from the others, by the review and by other ways.

Two kinds of planted cases, both seen by the bundled encoder: demo studies with pictures of nothing
(noise, even grey, test patterns), and real images with 15 of a demo study among them; these need
the folder VLM_TEST_DATA. The way was chosen by other seeds than those that the figures are of; both
are printed. AUROC and average precision (AP) are means over seeds.

Compared: the mean cosine distance to the k nearest of other series, the local outlier factor of
scikit-learn (Breunig et al. 2000), the Mahalanobis distance with the covariance of Ledoit and Wolf,
and means of two of them as modified z-scores.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from benchmarks._planted_outliers import Case, in_demo_study, planted_in, real_pairs
from vlm_explorer.analysis.outliers import (
    covariance_distance,
    mean_distance,
    modified_z,
    unusual,
    usual_limit,
)

CHOICE = (1, 2, 3)
FIGURE = tuple(int(seed) for seed in os.environ.get("VLM_BENCH_SEEDS", "11 12 13 14 15").split())
OURS, FORMER = "review (10 nearest + Mahalanobis)", "5 nearest"


def run() -> dict[str, float | int]:
    data = os.environ.get("VLM_TEST_DATA", "")
    real = real_pairs(Path(data) / "pairs") if data else None
    figures: dict[str, float | int] = {}
    for called, seeds in (("chosen by", CHOICE), ("figure", FIGURE)):
        studies = {seed: in_demo_study(seed) for seed in seeds}
        kinds = {"nothing in demo": list(studies.values())}
        if real is not None:
            kinds["demo in real"] = [planted_in(real, each, n) for n, each in studies.items()]
        for kind, cases in kinds.items():
            figures |= {
                f"{called}, {kind}, {name}": value for name, value in _compare(cases).items()
            }
    return figures


def _compare(cases: list[Case]) -> dict[str, float | int]:
    """Return AUROC and AP of every way, and how many are called outliers by the review."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    scored = [ways(case) for case in cases]
    found: dict[str, float | int] = {
        "images": sum(len(case.planted) for case in cases),
        "planted": sum(int(case.planted.sum()) for case in cases),
    }
    for way in scored[0]:
        pairs = [(case.planted, each[way]) for case, each in zip(cases, scored, strict=True)]
        found[f"AUROC, {way}"] = float(np.mean([roc_auc_score(*pair) for pair in pairs]))
        found[f"AP, {way}"] = float(np.mean([average_precision_score(*pair) for pair in pairs]))
    for way in (OURS, FORMER):
        called = [each[way] >= usual_limit(each[way]) for each in scored]
        found[f"called outliers, {way}"] = sum(int(each.sum()) for each in called)
        right = [case.planted & each for case, each in zip(cases, called, strict=True)]
        found[f"of these planted, {way}"] = sum(int(each.sum()) for each in right)
    return found


def ways(case: Case) -> dict[str, np.ndarray]:
    """Return by way of scoring the score of each image, the most unusual ones highest."""
    from sklearn.neighbors import LocalOutlierFactor

    near = {k: mean_distance(case.vectors, k, groups=case.series) for k in (1, 5, 10, 20)}
    overall = covariance_distance(case.vectors)
    factor = {
        k: -LocalOutlierFactor(n_neighbors=k).fit(case.vectors).negative_outlier_factor_
        for k in (10, 20)
    }
    return {
        OURS: unusual(near[10], overall),
        **{f"{k} nearest": score for k, score in near.items()},
        **{f"LOF {k}": score for k, score in factor.items()},
        "Mahalanobis": overall,
        "5 nearest + Mahalanobis": unusual(near[5], overall),
        "LOF 10 + Mahalanobis": unusual(factor[10], overall),
        "LOF 20 + 10 nearest": (modified_z(factor[20]) + modified_z(near[10])) / 2,
    }
