"""What is exported, frozen: which images, what of them, in which format, to where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vlm_explorer.errors import UsageError
from vlm_explorer.export.query import ExportQuery
from vlm_explorer.queries.classify import ClassifyRequest
from vlm_explorer.queries.label_set import LabelSet, as_labels
from vlm_explorer.queries.layout import LayoutRequest

DEFAULT_LAYOUT = LayoutRequest("umap", "centred", 42)


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of export.

    Attributes:
        name: what users type.
        title: what the window calls it.
        suffix: of the file; "" where it is a folder.
        scored: whether layout, cosines and probabilities go into it.
        words: what it is, in a sentence.
    """

    name: str
    title: str
    suffix: str
    scored: bool
    words: str

    @property
    def folder(self) -> bool:
        """Whether several files are written into a folder."""
        return not self.suffix


FORMATS = {
    entry.name: entry
    for entry in (
        Format("csv", "Table (CSV)", ".csv", True, "One row an image, for spreadsheets."),
        Format("parquet", "Table (Parquet)", ".parquet", True, "One row an image, with types."),
        Format(
            "npz", "Vectors (NPZ)", ".npz", True,
            "Vectors of images and captions, and their places, for NumPy.",
        ),
        Format("files", "List of files", ".txt", False, "The path of each file, one a line."),
        Format(
            "copies", "Copies of the files", "", False,
            "The files themselves, with all that their headers say.",
        ),
        Format(
            "atlas", "Embedding Atlas", ".parquet", True,
            "A table with places and neighbours, as Embedding Atlas reads it.",
        ),
        Format(
            "tensorboard", "TensorBoard Projector", "", True,
            "A folder of vectors and labels, as TensorBoard's projector reads it.",
        ),
        Format("png", "Figure (PNG)", ".png", True, "The map as a picture, with its legend."),
        Format("svg", "Figure (SVG)", ".svg", True, "The map as a drawing, with words as text."),
    )
}  # fmt: skip
FIGURES = ("png", "svg")
WITH_THUMBNAILS = ("parquet", "atlas", "tensorboard")


@dataclass(frozen=True, slots=True)
class Holding:
    """What goes out only when it is asked for.

    Attributes:
        files: paths of the files, which often name patients.
        keys: keys of patient, study and series, which tell which images belong together.
        columns: the further columns of the captions table, whatever they say.
        thumbnails: small pictures.
        tags: the tags that the user gave.
        notes: what the user noted about images, which may be names.
    """

    files: bool = False
    keys: bool = False
    columns: bool = False
    thumbnails: bool = False
    tags: bool = False
    notes: bool = False


HOLDING_WORDS = {
    "files": "File paths; folders and files are often named after patients",
    "keys": "Keys of patient, study and series: no names, but what belongs together",
    "columns": "Further columns of the captions table, whatever they say",
    "tags": "Tags, by the names that you gave them",
    "notes": "Notes, word by word; they may hold names",
    "thumbnails": "Thumbnails; text burned into a picture goes with it",
}

# What can be computed of each image besides: its name, what the window calls it, and what it is.
MEASURES = {
    "kept": ("Neighbours kept", "Share of the nearest images that are the nearest on the map, too"),
    "outlier": ("Outlier score", "How unlike its nearest in other series, and all others, it is"),
    "duplicates": ("Near-duplicates", "Cosine with the most similar image, and the group's number"),
    "caption-rank": ("Caption rank", "Rank of an image's own caption among all captions for it"),
}


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to write.

    Attributes:
        to: the file or folder to be written.
        format: a name of `FORMATS`.
        image_ids: which images; None for all.
        what: what these are called, such as "selection"; for the record.
        holding: what goes out only when it is asked for.
        texts: prompts, a column of cosines each.
        like: the id of an image to compare all others with; "" for none.
        query: what was searched for, of several parts or ranked otherwise than by cosine.
        labels, templates, task: zero-shot labels, as in `queries.classify`.
        label_set: the same with prompts of their own, and what they were calibrated to; counts
            instead of the three where it is given.
        temperature, margin: as in `queries.classify`; without a temperature what `label_set` was
            calibrated to, else the model's own.
        layout: where the images lie; None leaves places out.
        named: the name of a kept layout, which counts instead of `layout`; "" for none.
        measures: what else is computed of each image, names of `MEASURES`.
        filters: what the window filtered by, in words; for the record.
        figure: the options of a figure, as the command line spells them; for the record.
    """

    to: Path
    format: str
    image_ids: tuple[str, ...] | None = None
    what: str = "all"
    holding: Holding = Holding()
    texts: tuple[str, ...] = ()
    like: str = ""
    labels: tuple[str, ...] = ()
    templates: str = ""
    task: str = "single"
    layout: LayoutRequest | None = DEFAULT_LAYOUT
    named: str = ""
    measures: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    figure: tuple[str, ...] = ()
    label_set: LabelSet | None = None
    temperature: float | None = None
    margin: float = 0.0
    query: ExportQuery = ExportQuery()

    @property
    def kind(self) -> Format:
        """The format.

        Raises:
            UsageError: there is none of that name.
        """
        if self.format not in FORMATS:
            raise UsageError(
                f"There is no format “{self.format}”.", f"Choose one of: {', '.join(FORMATS)}."
            )
        return FORMATS[self.format]

    @property
    def classified(self) -> ClassifyRequest | None:
        """The question of which labels fit; None where no label is asked."""
        asked = self.label_set
        if asked is None:
            rows = as_labels(self.labels)
            asked = LabelSet("", "", rows, self.task, self.templates)
        if not asked.labels:
            return None
        return ClassifyRequest.of(asked, temperature=self.temperature, margin=self.margin)

    @property
    def needs_encoder(self) -> bool:
        """Whether words have to be encoded."""
        return self.kind.scored and bool(self.texts or self.query.terms or self.classified)


def format_by_suffix(to: Path) -> str | None:
    """Return the format that a file's name stands for, None where it stands for none."""
    suffix = to.suffix.lower()
    return next((f.name for f in FORMATS.values() if suffix and f.suffix == suffix), None)


def format_of(to: Path, wanted: str | None) -> str:
    """Return the format that was asked for, else that of the file's suffix.

    Raises:
        UsageError: neither says.
    """
    found = wanted or format_by_suffix(to)
    if found is None:
        raise UsageError(
            f"The name “{to.name}” does not say which format is wanted.",
            f"Give --format, one of: {', '.join(FORMATS)}.",
        )
    return found


def parse_layout(text: str, **settings: Any) -> LayoutRequest:
    """Return the layout of "method/space" or "method", with the settings that are given.

    Its method and space are checked when it is made.
    """
    method, _, space = text.partition("/")
    given = {name: value for name, value in settings.items() if value is not None}
    return LayoutRequest(method, space or DEFAULT_LAYOUT.space, **given)
