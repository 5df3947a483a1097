"""A layout seen while it is made: the result is the same, and what is shown belongs to it."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_explorer.analysis import landmarks
from vlm_explorer.analysis.projection import Projection, ProjectionSpec, project
from vlm_explorer.jobs import JobContext


def rows(count: int, seed: int) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=(count, 16))
    unit: np.ndarray = (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)
    return unit


def watched(spec: ProjectionSpec, images: np.ndarray, texts: np.ndarray):
    seen: list[Projection] = []
    context = JobContext()
    context.on_frame = seen.append
    return project(spec, images, texts, context=context), seen


@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_that_a_seeded_layout_is_bit_equal_with_and_without_frames(method: str) -> None:
    spec = ProjectionSpec(method, "raw", n_neighbors=10, perplexity=10)
    images, texts = rows(200, 0), rows(20, 1)
    made, seen = watched(spec, images, texts)
    alone = project(spec, images, texts)
    np.testing.assert_array_equal(made.xy, alone.xy)
    np.testing.assert_array_equal(made.text_xy, alone.text_xy)
    assert seen
    for frame in seen:
        assert (frame.xy.shape, frame.text_xy.shape) == ((200, 2), (20, 2))
        assert np.isfinite(frame.xy).all()
        assert np.isfinite(frame.text_xy).all()


def test_that_what_is_placed_in_the_end_has_no_place_before(monkeypatch) -> None:
    monkeypatch.setattr(landmarks, "LANDMARKS", 60)
    made, seen = watched(ProjectionSpec("umap", "images"), rows(100, 2), rows(7, 3))
    for frame in seen:
        np.testing.assert_array_equal(np.isfinite(frame.xy[:, 0]), made.laid_out)
        assert np.isnan(frame.text_xy).all()
    assert seen
    assert np.isfinite(made.xy).all()
    assert np.isfinite(made.text_xy).all()
