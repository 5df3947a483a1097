"""Saliency maps into files, from the window: what is chosen, what goes on, what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QStandardPaths, Signal, Slot

from vlm_explorer.jobs import Cancelled, JobContext, Progress
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.export_work import Exported
from vlm_explorer.viewmodels.saliency_request import Request
from vlm_explorer.viewmodels.saliency_states import Choice
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.export.map_exporting import MapExport, Scan
    from vlm_explorer.saliency.explanation import Explanation

KEY = "export.maps"
FORMATS = {
    "png": ("PNG", "Caption, colour bar; record and raw arrays beside it"),
    "svg": ("SVG", "Caption, colour bar; record and raw arrays beside it"),
    "parametric-map": ("DICOM, raw values", "Parametric Map on the scan's own pixels"),
    "secondary-capture": ("DICOM, picture", "Secondary Capture, its words burned in"),
}
THEMES = (("light", "Light"), ("dark", "Dark"))
SWITCHES = {
    "with_file": "Name the scan's file",
    "keep_uids": "Keep the scan's UIDs, so that viewers lay the map over it",
}
UIDS_GO_OUT = "The scan's UIDs can lead back to the patient."
_DICOM = ("parametric-map", "secondary-capture")


@dataclass(frozen=True, slots=True)
class MapChoice:
    """What is chosen.

    Attributes:
        format: a key of `FORMATS`.
        folder, name: where it goes; `named`: whether the user gave the name.
        theme: of a figure.
        with_file, keep_uids: what goes out only when it is asked for.
    """

    format: str = "png"
    folder: Path = field(default_factory=Path.home)
    name: str = "map.png"
    named: bool = False
    theme: str = "light"
    with_file: bool = False
    keep_uids: bool = False

    @property
    def to(self) -> Path:
        """The file to be written."""
        return self.folder / self.name

    @property
    def dicom(self) -> bool:
        """Whether a DICOM object is written."""
        return self.format in _DICOM


class MapExportDesk(QObject):
    """Keeps what is chosen from one export to the next, and runs one at a time.

    Attributes:
        choice: what is chosen.
        maps: what goes out.
        problem, hint: why the last export failed; "" where it did not.
        progress: how far the present one is.

    Signals:
        changed(): read everything anew.
        exported(export_work.Exported): it is written.
    """

    changed = Signal()
    exported = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        self.choice = MapChoice(folder=Path(place) if Path(place).is_dir() else Path.home())
        self.maps: tuple[Explanation, ...] = ()
        self.problem, self.hint = "", ""
        self.progress = Progress(0, None)
        self._request: Request | None = None
        self._looks = Choice()

    def take(self, maps: Sequence[Explanation], request: Request | None, looks: Choice) -> None:
        """Take what is to go out: maps of one scan, as the overlay shows them."""
        self.maps, self._request, self._looks = tuple(maps), request, looks
        self.problem = self.hint = ""
        # what may lead to a person is asked for anew each time
        self.choice = replace(self.choice, keep_uids=False, with_file=False)
        self._suggest()

    # What is chosen

    def choose(self, **chosen: Any) -> None:
        """Choose otherwise: any of the attributes of `MapChoice`."""
        self.choice = replace(self.choice, **chosen)
        self.problem = self.hint = ""
        self._suggest()

    def choose_place(self, path: Path) -> None:
        """Choose where it goes."""
        self.choose(folder=path.parent, name=path.name, named=True)

    def _suggest(self) -> None:
        choice = self.choice
        suffix = "dcm" if choice.dicom else choice.format
        if not choice.named:
            stem = "map" if len(self.maps) < 2 else f"{len(self.maps)}-maps"
            self.choice = replace(choice, name=f"{stem}.{suffix}")
        self.changed.emit()

    # What there is

    @property
    def doing(self) -> bool:
        """Whether an export goes on."""
        job = self._session.runner.running(KEY)
        return job is not None and not job.context.cancelled

    @property
    def missing(self) -> str:
        """Why nothing can be exported; "" where it can."""
        if not self.maps or self._request is None:
            return "No map is shown: switch the overlay on."
        return "" if self.choice.name.strip() else "Give it a name."

    @property
    def words(self) -> str:
        """What goes out, in a sentence or two."""
        count, choice = len(self.maps), self.choice
        maps = "The map that is shown" if count == 1 else f"{count} maps"
        if choice.format == "parametric-map":
            files = ", each in a file of its own" if count > 1 else ""
            kept = "names or dates" if choice.keep_uids else "names, dates or identifiers"
            return f"{maps}{files}: raw values, float32. No {kept}."
        if choice.format == "secondary-capture":
            return f"{maps} over the scan, as a picture. Its header names nobody."
        return f"{maps} over the scan, with {choice.name}.json and {choice.name}.npz beside it."

    @property
    def warning(self) -> str:
        """What the user should know before it goes out."""
        return UIDS_GO_OUT if self.choice.keep_uids and self.choice.dicom else ""

    # What is done

    def start(self) -> None:
        """Export as chosen."""
        if self.missing or self.doing or self._request is None:
            return
        self.problem = self.hint = ""
        self.progress = Progress(0, None)
        self._session.runner.start(
            write_maps,
            self.choice,
            self._looks,
            self.maps,
            self._request,
            self._session.collection,
            title="Exporting maps",
            key=KEY,
            lane="io",
            on_success=self.exported.emit,
            on_failure=self._fail,
            on_progress=self._advance,
        ).finished.connect(self._end)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; nothing is left behind."""
        self._session.runner.cancel(KEY)
        self.changed.emit()

    @Slot(object)
    def _advance(self, progress: Progress) -> None:
        self.progress = progress
        self.changed.emit()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        if not isinstance(error, Cancelled):
            self.problem, self.hint = error_words(error, "The export failed unexpectedly.")
        self.changed.emit()

    @Slot()
    def _end(self) -> None:
        """The runner has forgotten the job: another export may begin."""
        self.changed.emit()


def write_maps(
    choice: MapChoice,
    looks: Choice,
    maps: Sequence[Explanation],
    request: Request,
    collection: Any,
    *,
    context: JobContext,
) -> Exported:
    """Write maps off the GUI thread.

    Args:
        choice: what is wanted.
        looks: palettes and scaling of the overlay.
        maps: of one scan.
        request: names the scan.
        collection: whose salt stands for identities; None for one of this export alone.

    Raises:
        ExplorerError: see `export.map_exporting.export_maps`.
    """
    from vlm_explorer.export.map_exporting import export_maps

    wanted, scan = _wanted(choice, looks, request, collection)
    written = export_maps(wanted, scan, maps, context=context)
    what = "the map" if len(maps) == 1 else f"{len(maps)} maps"
    return Exported(written[0], f"Exported {what}.", "")


def _wanted(
    choice: MapChoice, looks: Choice, request: Request, collection: Any
) -> tuple[MapExport, Scan]:
    from vlm_explorer.export.map_exporting import MAP_KINDS, MapExport, Scan
    from vlm_explorer.export.map_figure import MapStyle

    style = MapStyle(
        # maps seen before share the overlay's range, but stand in no figure of this one
        scaling="minmax" if looks.scaling == "shared" else looks.scaling,
        sequential=looks.sequential,
        diverging=looks.diverging,
        theme=choice.theme,
    )
    wanted = MapExport(
        choice.to.expanduser(),
        next((kind for kind in MAP_KINDS if kind == choice.format), "figure"),
        style,
        keep_uids=choice.keep_uids,
        with_file=choice.with_file,
    )
    if collection is not None:
        wanted = replace(wanted, salt=collection.salt)
    return wanted, Scan(Path(request.source.file), request.source.frame, request.ct_window)
