"""The Python API: what notebooks and scripts call. Imports neither torch nor Qt by itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.export.exportable import Exportable
from vlm_explorer.jobs import JobContext
from vlm_explorer.paths import local_path

if TYPE_CHECKING:
    from vlm_explorer.pipeline.import_vectors import ImportReport
    from vlm_explorer.pixels.render import Rendering
    from vlm_explorer.pixels.windowing import Window
    from vlm_explorer.queries.classify import ClassifyAnswer
    from vlm_explorer.queries.label_set import Label, LabelSet
    from vlm_explorer.queries.localise import LocaliseAnswer

StrPath = str | os.PathLike[str]


def load_encoder(model: StrPath, *, device: str = "auto", precision: str = "auto") -> Encoder:
    """Load an encoder by its id or from a model folder; never from the network.

    Args:
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        precision: `auto`, `fp32`, `bf16` or `fp16`.

    Raises:
        ModelProblem: no such encoder, no weights, or a folder that cannot be loaded.
    """
    from vlm_explorer.encoders import load

    return load.load_encoder(os.fspath(model), device=device, precision=precision)


class Collection(Exportable):
    """A collection with its questions; the encoder is loaded when the first text needs it."""

    def __init__(self, folder: Path, encoder: Encoder | None = None) -> None:
        super().__init__(folder)
        self._encoder = encoder

    def encoder(self, model: StrPath | None = None) -> Encoder:
        """Return the encoder of the collection (or `model`), loaded once.

        Raises:
            ModelProblem: it is not on this machine, or not the one that made the vectors.
        """
        from vlm_explorer.queries.matching import matching_encoder

        if self._encoder is None or model is not None:
            self._encoder = matching_encoder(self, model, load_encoder)
        return self._encoder

    def classify(
        self,
        labels: Sequence[str | Label] | LabelSet | str,
        *,
        templates: str = "",
        task: str = "",
        temperature: float | None = None,
        margin: float = 0.0,
        model: StrPath | None = None,
    ) -> ClassifyAnswer:
        """Score every image against labels; see `queries.classify`.

        Args:
            labels: words or `Label`s, a label set, or the name or YAML file of one.
            templates: name of a template set; by default the label set's, else the task's.
            task: `single` or `multi`; by default the label set's, else `single`.
            temperature: divides the model's logits; by default 1, or what the label set was
                calibrated to.
            margin: cosines; below it there is no call.

        Raises:
            UsageError, ModelProblem: as they say.
        """
        from vlm_explorer.queries.classify import ClassifyRequest, against_nulls, classify
        from vlm_explorer.queries.label_set import LabelSet, as_labels
        from vlm_explorer.queries.label_shelf import find_label_set

        if isinstance(labels, str):
            labels = find_label_set(labels)
        if not isinstance(labels, LabelSet):
            labels = LabelSet("", "", as_labels(labels))
        request = ClassifyRequest.of(
            labels, templates=templates, task=task, temperature=temperature, margin=margin
        )
        encoder = self.encoder(model)
        return against_nulls(self, encoder, classify(self, encoder, request))

    def localise(
        self,
        methods: str | Sequence[str] = "auto",
        *,
        truth: StrPath | None = None,
        prompt: str = "{side} {finding}",
        findings: Sequence[str] = (),
        image_ids: Sequence[str] | None = None,
        tolerance: float = 0.0,
        model: StrPath | None = None,
        context: JobContext | None = None,
    ) -> LocaliseAnswer:
        """Compare maps of marked findings with where they lie; see `queries.localise`.

        Args:
            truth: `truth.json` or a table; by default the one beside the images.

        Raises:
            UsageError, ModelProblem, NotSupported: as they say.
        """
        from vlm_explorer.files.truth import read_truth
        from vlm_explorer.queries.localise import LocaliseRequest, localise
        from vlm_explorer.queries.localise_scope import collection_truth

        request = LocaliseRequest(
            collection_truth(self) if truth is None else read_truth(Path(truth).expanduser()),
            (methods,) if isinstance(methods, str) else tuple(methods),
            prompt,
            tuple(findings),
            None if image_ids is None else tuple(image_ids),
            tolerance=tolerance,
        )
        return localise(self.encoder(model), request, self, context=context)

    def import_vectors(
        self, file: StrPath, *, model: str, context: JobContext | None = None
    ) -> ImportReport:
        """Take vectors that were computed elsewhere; see `pipeline.vector_files` for the file.

        Args:
            model: the encoder that made them, an id of the registry or a new one.

        Returns:
            What became of every row; `report.model` is the id under which the vectors are kept.

        Raises:
            UsageError, CollectionProblem, StorageProblem: as they say.
        """
        from vlm_explorer.collection.manifest import read_manifest
        from vlm_explorer.pipeline.import_vectors import import_vectors

        report = import_vectors(self.folder, Path(file).expanduser(), model, context=context)
        self.manifest = read_manifest(self.folder)
        return report


def open_collection(folder: StrPath) -> Collection:
    """Open a collection, given by its folder or a `file:` URI.

    Raises:
        UsageError: a URI of another kind.
        CollectionNotFound, CollectionTooNew, CollectionDamaged: as they say.
    """
    return Collection(local_path(folder))


def index(
    paths: StrPath | Sequence[StrPath],
    *,
    to: StrPath | None = None,
    encoder: Encoder | None = None,
    captions: StrPath | None = None,
    ct_window: str | None = None,
    workers: int | None = None,
    batch_size: int | None = None,
    retry: bool = False,
    context: JobContext | None = None,
) -> Collection:
    """Index folders into a collection and return it; see `pipeline.indexing.index`.

    Above two million images the vectors get an index for searching (`queries.approximate`).

    Args:
        paths: files and folders, one or several.
        encoder: by default the collection's own, on the device and in the precision of its
            vectors, else the best on this machine.
        captions: a table that lies elsewhere; remembered, so that it need be named once only.
        ct_window: through which window CT is encoded: `default` (the file's own), `soft tissue`,
            `lung`, `bone`, `brain` or `three windows`; by default as before in the collection.
        retry: try files again that are known to give no image.

    Raises:
        UsageError, CollectionProblem, StorageProblem, ModelProblem: as they say.
        Cancelled: `context` asked to stop.
    """
    from vlm_explorer.pipeline import indexing
    from vlm_explorer.pipeline.run_settings import recorded_settings
    from vlm_explorer.queries.approximate import keep_ready
    from vlm_explorer.queries.matching import model_for_indexing

    given = [paths] if isinstance(paths, str | os.PathLike) else paths
    folders = [local_path(path) for path in given]
    place = local_path(to) if to is not None else None
    if encoder is None:
        model, _ = model_for_indexing(folders, place, None)
        known = place or (indexing.default_place(folders[0]) if folders else None)
        settings = recorded_settings(known, model)
        encoder = load_encoder(model, device=settings.device, precision=settings.precision)
    report = indexing.index(
        folders,
        to=place,
        encoder=encoder,
        captions=None if captions is None else Path(captions),
        ct_window=ct_window,
        workers=workers,
        batch_size=batch_size,
        retry=retry,
        context=context,
    )
    keep_ready(Path(report.collection), encoder.id, context=context or JobContext())
    return Collection(Path(report.collection), encoder)


def render(path: StrPath, frame: int = 0, window: Window | str | None = None) -> Rendering:
    """Return the picture that viewer and encoder get.

    Args:
        window: a `Window`, a preset's name, `auto`, `centre,width`, or None for the file's own.

    Raises:
        FileProblem, UsageError: as they say.
    """
    from vlm_explorer.pixels import render as pixels
    from vlm_explorer.pixels.windowing import parse_window

    chosen = parse_window(window) if isinstance(window, str) else window
    return pixels.render(Path(path), frame, chosen)
