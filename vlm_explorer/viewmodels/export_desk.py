"""The window's exports: what is chosen, what goes on, what came of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QStandardPaths, Signal, Slot

from vlm_explorer.export.provenance import command
from vlm_explorer.export.query import ExportQuery
from vlm_explorer.export.request import ExportRequest, Holding
from vlm_explorer.jobs import Cancelled, Progress
from vlm_explorer.queries.expression import Term
from vlm_explorer.viewmodels import export_work
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.export_choice import ALL, SELECTION, SHOWN, ExportChoice, summary
from vlm_explorer.viewmodels.export_figure import COMMANDS, Look, scene_of, stays_within
from vlm_explorer.viewmodels.filters import TEXT, Filter
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import QueryState

KEY = "export"
# Filters by these say nothing about a person; of others the values are not written down.
_TOLD = ("only", "without", "column:modality", "column:label", "column:split", "column:cluster",
         "column:similarity", "column:zero-shot label")  # fmt: skip


class ExportDesk(QObject):
    """Keeps what is chosen from one export to the next, and runs one at a time.

    Attributes:
        choice: what is chosen.
        problem, hint: why the last export failed, and what to do; "" where it did not.
        progress: how far the present one is.

    Signals:
        changed(): read everything anew.
        exported(export_work.Exported): it is written.
    """

    changed = Signal()
    exported = Signal(object)

    def __init__(self, session: Session, map_: MapModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._map = session, map_
        place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        folder = Path(place) if place and Path(place).is_dir() else Path.home()
        self.choice = ExportChoice(folder=folder)
        self.problem, self.hint = "", ""
        self.progress = Progress(0, None)
        session.collection_changed.connect(self._look_again)
        session.selection_changed.connect(self._look_again)
        session.shown_changed.connect(self._look_again)
        session.query_changed.connect(self._look_again)
        session.labels_changed.connect(self._look_again)
        self._look_again()

    # What there is to export

    @property
    def doing(self) -> bool:
        """Whether an export goes on."""
        job = self._session.runner.running(KEY)
        return job is not None and not job.context.cancelled

    @property
    def counts(self) -> dict[str, int]:
        """How many images each choice stands for."""
        session, total = self._session, len(self._session.images)
        selected, shown = int(session.selected.sum()), int(session.shown.sum())
        return {SELECTION: selected, SHOWN: shown, ALL: total}

    @property
    def count(self) -> int:
        """How many images go out."""
        return self.counts[self.choice.what]

    @property
    def words(self) -> str:
        """What goes out, in a sentence."""
        session = self._session
        request = self.request()
        prompts = len(request.texts) + bool(request.like)
        asked = request.query
        columns = [f"cosine to the query, rank ({asked.ranking.words})"] if asked.terms else []
        columns += ["cosine to the prompt"] if prompts == 1 else []
        columns += [f"cosine to each of {prompts} prompts"] if prompts > 1 else []
        if (labels := session.label_state.answer) is not None:
            columns.append(f"cosine and probability of {len(labels.labels)} labels")
        return summary(self.choice, self.count, self.counts[ALL], tuple(columns))

    @property
    def missing(self) -> str:
        """Why nothing can be exported as chosen; "" where it can."""
        if not self.count and not self.choice.figure:
            return "No images are chosen."
        if self.choice.figure and self._session.layout.answer is None:
            return "The map is not laid out yet."
        if self.choice.figure and stays_within(self._map.scene, self._map.colour_by):
            return "What the map is coloured or sized by now stays in the window."
        return "" if self.choice.name.strip() else "Give it a name."

    # What is chosen

    def choose(self, **chosen: Any) -> None:
        """Choose otherwise: any of the attributes of `ExportChoice`."""
        self.choice = replace(self.choice, **chosen).fitting()
        self.problem = self.hint = ""
        self._suggest()

    def choose_place(self, path: Path) -> None:
        """Choose where it goes."""
        self.choose(folder=path.parent, name=path.name, named=True)

    def choose_holding(self, wanted: dict[str, bool]) -> None:
        """Choose what goes out besides."""
        self.choose(holding=Holding(**wanted))

    def choose_measures(self, wanted: dict[str, bool]) -> None:
        """Choose what else is computed of each image."""
        self.choose(measures=tuple(name for name, asked in wanted.items() if asked))

    def choose_style(self, **chosen: Any) -> None:
        """Choose how a figure looks."""
        self.choose(style=replace(self.choice.style, **chosen))

    def prefer(self) -> None:
        """Begin with what the user most likely wants: the selection, else what is shown."""
        counts = self.counts
        shown = SHOWN if counts[SHOWN] < counts[ALL] else ALL
        self.choose(what=SELECTION if counts[SELECTION] > 1 else shown)

    @Slot()
    def _look_again(self) -> None:
        if not self.counts[self.choice.what]:
            self.choice = replace(self.choice, what=ALL)
        self._suggest()

    def _suggest(self) -> None:
        self.choice = self.choice.suggested(self.count)
        self.changed.emit()

    # What is done

    def start(self, look: Callable[[str], Look], region: tuple[float, float, float] | None) -> None:
        """Export as chosen.

        Args:
            look: gives the colours of the scene in a theme.
            region: what the screen shows of the map.
        """
        if self.missing or self.doing:
            return
        self.problem = self.hint = ""
        self.progress = Progress(0, None)
        session, choice, request = self._session, self.choice, self.request()
        work: tuple[Any, ...]
        if choice.figure:
            scene = scene_of(self._map, look(choice.style.theme), None if choice.whole else region)
            work = export_work.export_figure, session.content, scene, choice.style, request
        else:
            work = export_work.export_images, session.content, self._chosen(), request
        words = request.needs_encoder and not choice.figure
        session.runner.start(
            *work,
            session.encoder,
            title="Exporting",
            key=KEY,
            lane="long" if words else "io",  # only words need the encoder's thread
            on_success=self._take,
            on_failure=self._fail,
            on_progress=self._advance,
        ).finished.connect(self._end)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; nothing is left behind."""
        self._session.runner.cancel(KEY)
        self.changed.emit()

    @property
    def why_no_command(self) -> str:
        """Why no command makes the same export; "" where one does."""
        choice = self.choice
        if choice.figure and (self._map.colour_by not in COMMANDS or not choice.whole):
            return "The command line cannot draw this figure."
        asked = queried(self._session.query)
        if choice.kind.scored and asked.why_no_command:
            return f"The command line cannot ask this. {asked.why_no_command}"
        return ""

    @property
    def command_line(self) -> str:
        """The command that makes the same export; "" where there is none."""
        session = self._session
        if session.collection is None or self.missing or self.why_no_command:
            return ""
        models = session.collection.models()
        model = session.content.model if session.content and len(models) > 1 else ""
        folder = str(session.collection.folder)
        return shlex.join(command(self.request(), folder, model=model))

    def request(self) -> ExportRequest:
        """Return what the core is asked for; which images, the job finds out."""
        session, choice = self._session, self.choice
        query, labels, made = session.query, session.label_state, session.layout.answer
        asked = queried(query)
        answered = query.answer is not None and not asked.terms
        typed = [query.text] if query.text and answered else []
        style = choice.style
        if choice.figure:
            style = replace(style, colour_by=COMMANDS.get(self._map.colour_by, ""))
        return ExportRequest(
            to=choice.to,
            format=choice.format,
            image_ids=None if choice.figure or choice.what == ALL else (),
            what="the map as shown" if choice.figure else choice.what,
            holding=choice.holding,
            texts=tuple(dict.fromkeys([*typed, *(pin.text for pin in session.pins.items)])),
            like=query.like or "" if answered else "",
            labels=labels.labels if labels.answer is not None else (),
            templates=labels.templates,
            task=labels.task,
            layout=None if made is None else made.request,
            named=session.layout.name if made is not None else "",
            measures=choice.measures,
            filters=tuple(_told(each) for each in session.filters),
            figure=style.options() if choice.figure else (),
            label_set=labels.chosen if labels.answer is not None and labels.special else None,
            temperature=labels.temperature if labels.warmed else None,
            margin=labels.margin,
            query=asked,
        )

    def _chosen(self) -> export_work.Chosen:
        """Return which images go out."""
        session, what = self._session, self.choice.what
        shown = session.shown.copy() if what == SHOWN else None
        return export_work.Chosen(
            session.images, session.selection.ids if what == SELECTION else None, shown
        )

    # What came of it

    @Slot(object)
    def _advance(self, progress: Progress) -> None:
        self.progress = progress
        self.changed.emit()

    @Slot(object)
    def _take(self, exported: export_work.Exported) -> None:
        self.choice = replace(self.choice, named=False)
        self._suggest()
        self.exported.emit(exported)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        if not isinstance(error, Cancelled):
            self.problem, self.hint = error_words(error, "The export failed unexpectedly.")
        self.changed.emit()

    @Slot()
    def _end(self) -> None:
        """The runner has forgotten the job: another export may begin."""
        self.changed.emit()


def queried(query: QueryState) -> ExportQuery:
    """Return what is searched for where it is more than one text or image ranked by cosine."""
    plain = not query.terms and query.fuse == "sum" and query.ranking.is_plain
    if plain or query.answer is None:
        return ExportQuery()
    like = () if query.like is None else (Term(query.like, 1.0, "image"),)
    return ExportQuery((*query.whole, *like), query.fuse, query.ranking)


def _told(each: Filter) -> str:
    """Return a filter in words that say nothing about a person."""
    if each.key in _TOLD or each.key.startswith("column:probability:"):
        return each.title
    if each.key == TEXT:
        return "words typed into the library (not written down)"
    return f"{each.key.removeprefix('column:').replace('_', ' ')} (values not written down)"
