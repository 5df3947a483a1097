"""From a path to an open collection with its encoder: reading, indexing, the demo study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Slot

from vlm_explorer.viewmodels import background
from vlm_explorer.viewmodels.recent import RecentPlaces
from vlm_explorer.viewmodels.states import LabelState, QueryState

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session

PEEK_INTERVAL = 2000  # ms between looks at what an indexing run has stored


class Opening(QObject):
    """Opens what the user names, for the session."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.recent = RecentPlaces(self)
        self._path: Path | None = None
        self._peeking = QTimer(self)
        self._peeking.setInterval(PEEK_INTERVAL)
        self._peeking.timeout.connect(self._peek)
        session.opening_changed.connect(self._stop_peeking)

    def open(self, path: Path) -> None:
        """Open a collection, or index a folder or file and open what comes of it."""
        self._path = path.expanduser().absolute()
        name = self._path.name or str(self._path)
        self._session.begin(f"Opening {name}")
        self._start("open", "io", background.read_place, self._path, take=self._take_place)

    def open_demo(self, *, reset: bool) -> None:
        """Open the demo study, made first if need be, or anew."""
        self._path = None
        title = "Making the demo study anew" if reset else "Opening the demo study"
        self._session.begin(title, demo=True)
        self._start("open", "process", background.open_demo, take=self._take, reset=reset)

    def _start(self, key: str, lane: str, function: Any, *args: Any, take: Any, **kw: Any) -> None:
        self._session.runner.start(
            function,
            *args,
            title=self._session.opening,
            key=key,
            lane=lane,
            on_success=take,
            on_failure=self._fail,
            **kw,
        )

    @Slot(object)
    def _take_place(self, place: background.Place) -> None:
        """Show a collection, or index a folder into one."""
        if place.opened is not None:
            self._take(place.opened)
            return
        session = self._session
        session.put(opening=f"Indexing {place.path.name or place.path}")
        self._start(
            "open",
            "process",
            background.index_and_open,
            place.path,
            session.model,
            take=self._take,
        )
        self._peeking.start()

    # While a folder is being indexed

    @Slot()
    def _stop_peeking(self) -> None:
        if not self._session.opening.startswith("Indexing"):
            self._peeking.stop()
            self._session.runner.cancel("peek")

    @Slot()
    def _peek(self) -> None:
        if self._path is not None and self._session.runner.running("peek") is None:
            self._session.runner.start(
                background.peek,
                self._path,
                title="Looking at what is indexed",
                key="peek",
                lane="io",
                on_success=self._take_part,
            )

    @Slot(object)
    def _take_part(self, part: background.Opened | None) -> None:
        if part is not None and self._session.opening:
            grown = len(part.images) > len(self._session.images)
            if grown:
                self._session.take(part)

    # When it is done

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._session.begin("")
        self._session.messages.show_error(error)

    @Slot(object)
    def _take(self, content: background.Opened) -> None:
        """Show a collection as it was left, and start what follows from it."""
        session = self._session
        if self._path is not None:
            self.recent.add(self._path)
        session.kept.enter(None if session.demo else content.collection, content.left)
        session.take(content)
        session.put(opening="")
        for warning in content.warnings:
            session.messages.show_warning(warning)
        if len(session.images):
            self._restore()
            session.follow_up()
        session.opened.emit()

    def _restore(self) -> None:
        """Put back what was kept: layout, labels, query, the image in the viewer."""
        session = self._session
        if session.demo:
            return
        kept = session.kept
        match kept.get("layout", list):
            case [str(method), str(space), int(seed)]:
                session.layout = type(session.layout)(method=method, space=space, seed=seed)
        match kept.get("labels", list):
            case [list(labels), str(templates), str(task)]:
                session.label_state = LabelState(tuple(map(str, labels)), templates, task)
        if text := kept.get("query", str):
            session.put(query=QueryState(text=text, pending=True))
        if current := kept.get("current", str):
            session.select([current], current)

    # The encoder

    def load_encoder(self) -> None:
        """Load the encoder of the open collection."""
        session = self._session
        assert session.collection is not None
        model = background.model_of(session.collection, session.model)
        session.put(encoder_note=f"{model} · loading")
        session.runner.start(
            background.load_encoder,
            model,
            title=f"Loading the encoder {model}",
            key="encoder",
            on_success=self._take_encoder,
            on_failure=self._fail_to_load,
        )

    @Slot(object)
    def _take_encoder(self, encoder: Any) -> None:
        note = f"{encoder.id} · {encoder.device} · {encoder.precision}"
        self._session.put(encoder=encoder, encoder_note=note)
        self._session.answer_what_waits()

    @Slot(object)
    def _fail_to_load(self, error: Exception) -> None:
        session = self._session
        session.put(encoder_note="no encoder", query=QueryState(), label_state=LabelState())
        session.messages.show_error(error)
