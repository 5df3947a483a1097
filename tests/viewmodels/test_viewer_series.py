from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from vlm_explorer.files.study_tree import build_tree
from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.tree_rows import tree_rows
from vlm_explorer.viewmodels.viewer_series import find_series


def table() -> ImageTable:
    """Two patients; the second has two studies. Slices come in another order than in space."""
    contents = (
        ("a", "a1", "s1", 3),
        ("b", "b1", "s2", 4),
        ("b", "b2", "s3", 5),
        ("b", "b2", "s4", 2),
        ("b", "b2", "", 2),
    )
    rows = [
        {
            "image_id": f"{study}-{series}-{number}",
            "file": str(Path("/scans") / study / f"{number}.dcm"),
            "frame": 0,
            "patient": patient,
            "study": study,
            "series": series,
            "stack": "axial",
            "series_number": None if series == "" else int(series[1]),
            "instance_number": number,
            "position": float((number * 3) % count) if count != 2 else None,
            "modality": "CT",
        }
        for patient, study, series, count in contents
        for number in range(count)
    ]
    return ImageTable(pa.Table.from_pylist(rows))


@pytest.mark.parametrize("image_id", list(table().ids))
def test_that_a_series_is_ordered_and_titled_as_in_the_library(image_id: str) -> None:
    images = table()
    place = find_series(images, image_id, context=JobContext())
    study, series = next(
        (study, series)
        for patient in build_tree(tree_rows(images))
        for study in patient.studies
        for series in study.series
        if image_id in series.image_ids
    )
    assert place.ids == series.image_ids
    assert place.key == series.key
    assert place.siblings == study.series
    assert place.study.startswith(study.label)
    assert place.title == series.label
