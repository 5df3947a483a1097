"""Pictures of the map's points: at once while that is quick, else from the drawing thread."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from vlm_explorer.jobs import JobContext
from vlm_explorer.rendering.rasteriser import Brush, Points, is_quick, rasterise
from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.job_runner import Job
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.qimages import to_qimage


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What is to be drawn; the same objects from the same view give the same picture.

    Attributes:
        world: what the coordinates belong to: pictures of two worlds cannot be laid over each
            other.
    """

    points: Points
    brush: Brush
    view: View
    ratio: float
    world: object = None

    def same_as(self, other: Request | None) -> bool:
        """Whether the other would give the same picture."""
        return (
            other is not None
            and self.points is other.points
            and self.brush is other.brush
            and self.view == other.view
            and self.ratio == other.ratio
        )


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A picture, and what it was asked to show."""

    request: Request
    image: QImage


def draw(request: Request, *, context: JobContext | None = None) -> Frame:
    """Draw the points (any thread)."""
    if context is not None:
        context.check()
    image = to_qimage(rasterise(request.points, request.brush, request.view, request.ratio))
    image.setDevicePixelRatio(request.ratio)
    return Frame(request, image)


class FrameSource(QObject):
    """Gives the newest picture there is. One is drawn at a time; only the last wish is kept.

    Signals:
        arrived(): a better picture can be had.
    """

    arrived = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._frame: Frame | None = None
        self._wanted: Request | None = None
        self._job: Job | None = None

    @property
    def busy(self) -> bool:
        """Whether a better picture is on its way."""
        return self._job is not None

    def frame(self, request: Request) -> Frame | None:
        """Return the picture asked for, or the last one while that is drawn; None: none yet."""
        if self._frame is not None and request.same_as(self._frame.request):
            self._wanted = None
        elif is_quick(len(request.points), request.brush.diameter, request.ratio):
            self._drop_job()
            self._frame = draw(request)
        else:
            self._wanted = request
            if self._job is None:
                self._start()
        return self._frame

    def _drop_job(self) -> None:
        """Let what is being drawn never arrive: something newer is there already."""
        if self._job is not None:
            self._job.cancel()
        self._job = self._wanted = None

    def _start(self) -> None:
        request, self._wanted = self._wanted, None
        self._job = self._session.runner.start(
            draw,
            request,
            title="Drawing the map",
            key=f"map {id(self)}",
            lane="draw",
            on_success=self._take,
            on_failure=self._session.messages.show_error,
        )
        self._job.finished.connect(self._go_on)

    @Slot(object)
    def _take(self, frame: Frame) -> None:
        self._frame = frame
        self.arrived.emit()

    @Slot(object)
    def _go_on(self, job: Job) -> None:
        """Draw what was wished for meanwhile; not when all work was stopped."""
        if job is not self._job:
            return
        self._job = None
        if self._wanted is not None and not job.context.cancelled:
            self._start()
