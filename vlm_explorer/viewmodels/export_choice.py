"""What the user chooses about an export, and how the window calls it. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from vlm_explorer.export.figure import Style
from vlm_explorer.export.request import (
    FIGURES,
    FORMATS,
    HOLDING_WORDS,
    MEASURES,
    WITH_THUMBNAILS,
    Format,
    Holding,
)

SELECTION, SHOWN, ALL = "selection", "shown", "all"
TITLES = {SELECTION: "Selected", SHOWN: "All shown", ALL: "All"}
# Of these formats the name stands for the map, of the others for images.
SIZES = ((1200, 900), (1600, 900), (1000, 1000), (800, 600))
SCALES = ((1.0, "96 dpi"), (2.0, "192 dpi"), (3.0, "288 dpi"), (4.0, "384 dpi"))
THEMES = (("light", "Light"), ("dark", "Dark"))
GOES_OUT = (
    "The files go out as they are, with all that their headers say: names, dates, identifiers."
)


@dataclass(frozen=True, slots=True)
class ExportChoice:
    """All that is chosen in the sheet.

    Attributes:
        format: a name of `FORMATS`.
        what: SELECTION, SHOWN or ALL.
        holding: what goes out only when it is asked for.
        measures: what else is computed of each image, names of `measures`.
        folder, name: where it goes; `named`: whether the user gave the name.
        style: of a figure; `whole`: all of the map, and not what the screen shows of it.
    """

    format: str = "csv"
    what: str = ALL
    holding: Holding = Holding()
    measures: tuple[str, ...] = ()
    folder: Path = Path()
    name: str = ""
    named: bool = False
    style: Style = Style()
    whole: bool = True

    @property
    def kind(self) -> Format:
        """The format."""
        return FORMATS[self.format]

    @property
    def figure(self) -> bool:
        """Whether the map is drawn."""
        return self.format in FIGURES

    @property
    def to(self) -> Path:
        """The file or folder to be written."""
        return self.folder / self.name

    @property
    def replaces(self) -> bool:
        """Whether a file is there already."""
        return bool(self.name) and not self.kind.folder and self.to.is_file()

    @property
    def switches(self) -> tuple[str, ...]:
        """The names of what may be asked for besides, in this format."""
        if self.format == "copies":
            return ("files",)  # in the manifest
        if self.figure or self.format == "files":
            return ()
        if self.format == "npz":
            return ()
        thumbnails = self.format in WITH_THUMBNAILS
        return tuple(name for name in HOLDING_WORDS if thumbnails or name != "thumbnails")

    @property
    def measured(self) -> bool:
        """Whether columns can be computed besides: of tables."""
        return self.kind.scored and not self.figure and self.format != "npz"

    def fitting(self) -> ExportChoice:
        """Return the choice with nothing asked for that the format cannot hold."""
        kept = {
            name: getattr(self.holding, name) and name in self.switches for name in HOLDING_WORDS
        }
        measures = self.measures if self.measured else ()
        return replace(self, holding=Holding(**kept), measures=measures)

    def suggested(self, count: int) -> ExportChoice:
        """Return the choice with a name for the file, where the user gave none.

        It says nothing about whose images they are.
        """
        if self.named:
            return self
        stem = "map" if self.figure else f"{self.what}-{count}-images"
        if self.what == ALL and not self.figure:
            stem = f"{count}-images"
        if self.format in ("atlas", "tensorboard", "copies"):
            stem += f"-{self.format}"
        return replace(self, name=f"{stem}{self.kind.suffix}")


def formats() -> list[tuple[str, str]]:
    """Return name and title of each format."""
    return [(entry.name, entry.title) for entry in FORMATS.values()]


def measures() -> dict[str, tuple[str, str]]:
    """Return of what can be computed of each image besides: name, title and meaning."""
    return dict(MEASURES)


def switch_words(name: str) -> str:
    """Return what a switch lets out."""
    return HOLDING_WORDS[name]


def summary(choice: ExportChoice, count: int, total: int, columns: tuple[str, ...]) -> str:
    """Return what goes out, in a sentence or two."""
    if choice.figure:
        return "The map as it is coloured now, with legend, parameters, counts and encoder."
    images = f"{count:,} of {total:,} images"
    if choice.format == "copies":
        return f"The files of {images}, under names made of their content."
    if choice.format == "files":
        return f"The paths of the files of {images}; folders are often named after patients."
    parts = ["label, caption, place on the map, cluster", *columns]
    parts += [MEASURES[name][0].lower() for name in choice.measures]
    if choice.format == "npz":
        parts = ["vectors, places, captions and their vectors"]
    return f"{images}: {', '.join(parts)}. {_withheld(choice)}".strip()


def _withheld(choice: ExportChoice) -> str:
    names = {"files": "paths", "keys": "keys", "columns": "further columns",
             "tags": "tags", "notes": "notes",
             "thumbnails": "thumbnails"}  # fmt: skip
    left = [words for name, words in names.items() if not getattr(choice.holding, name)]
    if not left:
        return ""
    return f"Without {', '.join(left[:-1])} and {left[-1]}." if left[1:] else f"Without {left[0]}."
