"""Exporting, as a method of a collection."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.evaluating import Evaluating

if TYPE_CHECKING:
    from vlm_explorer.export.exporting import ExportReport
    from vlm_explorer.export.figure import Style
    from vlm_explorer.queries.label_set import LabelSet

StrPath = str | os.PathLike[str]


class Exportable(Evaluating):
    """A collection that can be written into files for other programs."""

    def export(
        self,
        to: StrPath,
        *,
        format: str | None = None,
        what: str | Sequence[str] = "all",
        texts: Sequence[str] = (),
        like: str = "",
        query: str = "",
        fuse: str = "sum",
        rank_by: str = "cosine",
        per: str = "image",
        reduce: str = "max",
        top: int = 5,
        diversity: float | None = None,
        labels: Sequence[str] | LabelSet = (),
        templates: str = "",
        task: str = "single",
        temperature: float | None = None,
        margin: float = 0.0,
        layout: str = "umap/centred",
        seed: int = 42,
        n_neighbors: int = 15,
        min_dist: float = 0.8,
        perplexity: float = 30.0,
        measures: Sequence[str] = (),
        with_files: bool = False,
        with_keys: bool = False,
        with_columns: bool = False,
        with_thumbnails: bool = False,
        with_tags: bool = False,
        with_notes: bool = False,
        style: Style | None = None,
        model: StrPath | None = None,
        context: JobContext | None = None,
    ) -> ExportReport:
        """Write tables, vectors, files or figures; see `export.request.FORMATS`.

        Args:
            format: by default what the suffix of `to` stands for.
            what: `all`, or the ids of the images wanted.
            texts: prompts, each a column of cosines; `like` the same for an image's id.
            query: an expression, a column of cosines and one of ranks; `fuse` to `diversity` say
                how it ranks, as in `search`, with diversity sought among the first 50.
            labels: words, or a label set, which says its templates and task itself.
            temperature, margin: as in `classify`.
            layout: `method/space` of the places on the map, the name of a kept layout, or `none`.
            seed, n_neighbors, min_dist, perplexity: as in `layout`.
            measures: what else is computed of each image, see `export.request.MEASURES`.
            with_files, with_keys, with_columns, with_thumbnails, with_tags, with_notes: see
                `export.request.Holding`.
            style: of a figure, see `export.figure.Style`.

        Raises:
            UsageError, ModelProblem, StorageProblem: as they say.
        """
        from vlm_explorer.analysis.projection import METHODS
        from vlm_explorer.export.exporting import export
        from vlm_explorer.export.figure import Style as FigureStyle
        from vlm_explorer.export.query import ExportQuery
        from vlm_explorer.export.request import (
            FIGURES,
            ExportRequest,
            Holding,
            format_of,
            parse_layout,
        )
        from vlm_explorer.queries.examples import resolved
        from vlm_explorer.queries.expression import parse_expression
        from vlm_explorer.queries.label_set import LabelSet as Chosen
        from vlm_explorer.queries.named_layouts import NamedLayouts
        from vlm_explorer.queries.ranking_choice import RankingChoice

        place, drawn = Path(to), style or FigureStyle()
        asked = parse_expression(query) if query else ()
        named = layout.partition("/")[0] not in (*METHODS, "none") and bool(
            NamedLayouts(self).find(layout)
        )
        settings = {"seed": seed, "n_neighbors": n_neighbors, "min_dist": min_dist}
        settings["perplexity"] = perplexity
        wanted = format_of(place, format)
        request = ExportRequest(
            place,
            wanted,
            None if what == "all" else tuple(what),
            "all" if what == "all" else "list",
            Holding(with_files, with_keys, with_columns, with_thumbnails, with_tags, with_notes),
            tuple(texts),
            like,
            labels.names if isinstance(labels, Chosen) else tuple(labels),
            templates,
            task,
            None if layout == "none" or named else parse_layout(layout, **settings),
            layout if named else "",
            tuple(measures),
            figure=drawn.options() if wanted in FIGURES else (),
            label_set=labels if isinstance(labels, Chosen) else None,
            temperature=temperature,
            margin=margin,
            query=ExportQuery(
                tuple(resolved(term, self.row_of) for term in asked),
                fuse,
                RankingChoice(rank_by, per, reduce, top, diversity),
            ),
        )
        name = None if model is None else self._model_id(model)
        return export(
            self,
            request,
            load=lambda: self.encoder(model),
            style=drawn,
            model=name,
            context=context,
        )
