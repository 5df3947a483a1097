"""The questions of a review, as methods of a collection."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.registry import find_model_folder
from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    from vlm_explorer.queries.duplicates import DuplicatesAnswer
    from vlm_explorer.queries.mispaired import MispairedAnswer
    from vlm_explorer.queries.outliers import OutliersAnswer

StrPath = str | os.PathLike[str]


class Reviewing(Collection):
    """A collection that can be looked through for what deserves a second look.

    Every image is compared with every other, in the full space of `model`: an id, or a model
    folder; by default the encoder last used.
    """

    def duplicates(
        self,
        *,
        threshold: float = 0.98,
        across_series: bool = True,
        model: StrPath | None = None,
        context: JobContext | None = None,
    ) -> DuplicatesAnswer:
        """Find the pairs of images that are nearly the same; see `queries.duplicates`.

        Args:
            threshold: the least cosine of a pair.
            across_series: leave out pairs of one series.

        Raises:
            UsageError, ModelProblem: as they say.
        """
        from vlm_explorer.queries.duplicates import DuplicatesRequest, duplicates

        request = DuplicatesRequest(threshold, across_series)
        return duplicates(self, request, model=self._model_id(model), context=context)

    def outliers(
        self,
        *,
        threshold: float | None = None,
        k: int = 10,
        across_series: bool = True,
        model: StrPath | None = None,
        context: JobContext | None = None,
    ) -> OutliersAnswer:
        """Find the images that are unlike all others; see `queries.outliers`.

        Args:
            threshold: the least score, in robust standard deviations; by default where the scores
                themselves have a modified z-score of 3.5.
            k: how many of the nearest an image is compared with.
            across_series: count only neighbours of other series.

        Raises:
            UsageError, ModelProblem: as they say.
        """
        from vlm_explorer.queries.outliers import OutliersRequest, outliers

        request = OutliersRequest(threshold, k, across_series)
        return outliers(self, request, model=self._model_id(model), context=context)

    def mispaired(
        self,
        *,
        threshold: float = 0.25,
        model: StrPath | None = None,
        context: JobContext | None = None,
    ) -> MispairedAnswer:
        """Find images and captions that rank low for each other; see `queries.mispaired`.

        Args:
            threshold: the least share of all other captions and images that come before.

        Raises:
            UsageError, ModelProblem: as they say.
        """
        from vlm_explorer.queries.mispaired import MispairedRequest, mispaired

        request = MispairedRequest(threshold)
        return mispaired(self, request, model=self._model_id(model), context=context)

    def _model_id(self, model: StrPath | None) -> str | None:
        return None if model is None else self._known_name(model)

    def _known_name(self, model: StrPath) -> str:
        """Return the id under which the vectors of an encoder, named by id or folder, are kept."""
        name = os.fspath(model)
        if name in self.models() or not Path(name).is_dir():
            return name
        return find_model_folder(name)[0]
