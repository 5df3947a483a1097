"""The status line: what is shown, the encoder, running jobs, and what the program is not for."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from vlm_explorer.viewmodels.compute_choice import ComputeChoice
from vlm_explorer.viewmodels.running_jobs import RunningJob, RunningJobs
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.controls import IconButton, Line, ProgressBar, Words

HEIGHT = 24
PADDING = 5  # px beside the words of a button, its border included
NOTICE = "Research use. Not for diagnosis."


class JobRow(QWidget):
    """One running job: title, bar, how far, and a button that cancels it.

    Signals:
        cancelled(key): the user wants it to stop.
    """

    cancelled = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = ""
        self.title = Words("", "annotation", parent=self)
        self.detail = Words("", "annotation", parent=self)
        self.bar = ProgressBar(self, width=80)
        self.stop = IconButton("ph.x", "Cancel", parent=self)
        self.stop.setFixedSize(HEIGHT - 4, HEIGHT - 4)
        self.stop.setProperty("small", True)
        self.stop.clicked.connect(self._cancel)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for part in (self.title, self.bar, self.detail, self.stop):
            layout.addWidget(part, 0, Qt.AlignmentFlag.AlignVCenter)

    @Slot()
    def _cancel(self) -> None:
        self.cancelled.emit(self._key)

    def show_job(self, job: RunningJob) -> None:
        """Show how a job stands."""
        self._key = job.key
        self.title.setText(job.title)
        self.detail.setText(job.detail)
        self.detail.setVisible(bool(job.detail))
        self.stop.set_title(f"Cancel: {job.title}")
        self.bar.set_share(job.share)


class LinkButton(QPushButton):
    """Small words that can be clicked, and elide instead of being clipped."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self.setProperty("status", True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def minimumSizeHint(self) -> QSize:
        """Any width will do."""
        return QSize(0, super().minimumSizeHint().height())

    def tell(self, text: str, more: str) -> None:
        """Show words; `more` goes into the tool tip, below what the button is for."""
        self.setText(text)
        self.setToolTip("\n".join(part for part in (self._title, more) if part))
        self.setAccessibleName(f"{self._title}: {text}")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as much of the words as fits."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        room = self.width() - 2 * PADDING
        option.text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)


class StatusLine(QWidget):
    """The line at the bottom of the window, 24 px high.

    Signals:
        models_wanted(): the user wants another encoder.
    """

    models_wanted = Signal()

    def __init__(
        self, session: Session, compute: ComputeChoice, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._compute = compute
        self._jobs = RunningJobs(session.runner, self)
        self.setProperty("ground", "window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT + 1)
        self.shown = Words("", "annotation", parent=self)
        self.rest = LinkButton("Indexing was stopped: there may be more in the folder", self)
        self.rest.tell("Index the rest", "What is indexed stays.")
        self.encoder = LinkButton("Encoders (Ctrl+Shift+E)", self)
        self.seed = Words("", "annotation", parent=self)
        self.job = JobRow(self)
        self.more = Words("", "annotation", parent=self)
        self.notice = QLabel(NOTICE, self)
        self.notice.setProperty("role", "annotation")
        self._lay_out()
        self.job.cancelled.connect(self._jobs.cancel)
        self.encoder.clicked.connect(self.models_wanted)
        self.rest.clicked.connect(session.index_the_rest)
        self._jobs.changed.connect(self._show_jobs)
        for signal in (
            session.shown_changed,
            session.encoder_changed,
            session.layout_changed,
            session.opening_changed,
        ):
            signal.connect(self._show_state)
        self._show_state()
        self._show_jobs()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 1, 12, 0)
        row.setSpacing(16)
        for part in (self.shown, self.rest, self.encoder, self.seed):
            part.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            row.addWidget(part)
        row.addStretch(1)
        row.addWidget(self.job)
        row.addWidget(self.more)
        row.addWidget(self.notice)
        self._line = Line(parent=self)

    def resizeEvent(self, event: object) -> None:
        """Keep the line at the top as wide as the window."""
        self._line.setGeometry(0, 0, self.width(), 1)

    @Slot()
    def _show_state(self) -> None:
        session = self._session
        total = len(session.images)
        self.shown.setText(f"{int(session.shown.sum()):,} of {total:,} shown" if total else "")
        self.encoder.tell(session.encoder_note, self._compute.warning or self._compute.why)
        self.seed.setText(f"seed {session.layout.seed}" if session.layout.answer else "")
        self.rest.setVisible(session.cut_short)
        for part in (self.shown, self.encoder, self.seed):
            part.setVisible(bool(part.text()))

    @Slot()
    def _show_jobs(self) -> None:
        jobs = self._jobs.jobs
        self.job.setVisible(bool(jobs))
        self.more.setVisible(len(jobs) > 1)
        if jobs:
            self.job.show_job(jobs[0])
            self.more.setText(f"and {len(jobs) - 1} more")
            self.more.setToolTip("\n".join(job.title for job in jobs[1:]))
