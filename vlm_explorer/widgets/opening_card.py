"""What stands in the place of the map while something is being opened."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from vlm_explorer.jobs import Progress
from vlm_explorer.viewmodels.job_runner import Job
from vlm_explorer.viewmodels.running_jobs import DELAY, describe_progress
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.controls import ProgressBar, Words, text_button
from vlm_explorer.widgets.theme import theme

WIDTH = 360


class OpeningCard(QWidget):
    """Title, progress in words and as a bar, and a button that stops it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job: Job | None = None
        # It has no gaps: the map below need not be drawn for every step of the bar.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.title = QLabel(self)
        self.title.setProperty("role", "title")
        self.title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.detail = Words("", "secondary", parent=self)
        self.detail.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.bar = ProgressBar(self)
        self.stop = text_button("Cancel", parent=self)
        self.stop.clicked.connect(self._cancel)
        self._content = QWidget(self)
        self._lay_out()
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(DELAY)
        self._delay.timeout.connect(self._content.show)
        if parent is not None:
            parent.installEventFilter(self)
        session.opening_changed.connect(self._follow)
        session.runner.job_started.connect(self._attend)
        self._follow()

    def _lay_out(self) -> None:
        self._content.setFixedWidth(WIDTH)
        column = QVBoxLayout(self._content)
        column.setSpacing(12)
        column.addWidget(self.title)
        column.addWidget(self.bar)
        column.addWidget(self.detail)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.stop)
        row.addStretch(1)
        column.addSpacing(4)
        column.addLayout(row)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        outer.addWidget(self._content, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(3)

    @Slot()
    def _follow(self) -> None:
        """Cover the map while something is being opened; say what, after a moment."""
        opening = self._session.opening
        self.title.setText(opening)
        if not opening:
            self._delay.stop()
            self.hide()
        elif self.isHidden():
            self._content.hide()
            self._cover()
            self.show()
            self.raise_()
            self._delay.start()

    def _cover(self) -> None:
        if (parent := self.parentWidget()) is not None:
            self.setGeometry(parent.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground; whoever is opaque has to, not the style sheet."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme().colour("map_ground"))
        painter.end()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as what is covered."""
        if event.type() == QEvent.Type.Resize:
            self._cover()
        return super().eventFilter(watched, event)

    @Slot(object)
    def _attend(self, job: Job) -> None:
        if job.key == "open":
            self._job = job
            self._advance(job.progress)
            job.progressed.connect(self._advance)

    @Slot(object)
    def _advance(self, progress: Progress) -> None:
        self.bar.set_progress(progress)
        rate = self._job.pace.rate if self._job is not None else None
        self.detail.setText(describe_progress(progress, rate))

    @Slot()
    def _cancel(self) -> None:
        self._session.runner.cancel("open")
