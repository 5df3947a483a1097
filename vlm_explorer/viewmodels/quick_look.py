"""One image, rendered whole, for a moment."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels import questions
from vlm_explorer.viewmodels.session import Session


class QuickLookModel(QObject):
    """Renders the image that is looked at.

    Attributes:
        image_id: the image, or None.

    Signals:
        captioned(): `caption` says other things.
        rendered(image_id, pixels): uint8 (rows, columns) or (rows, columns, 3).
    """

    rendered = Signal(str, object)
    captioned = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.image_id: str | None = None
        session.tags.changed.connect(self.captioned)

    @property
    def caption(self) -> str:
        """What is said about the image, and its tags; no names, and no note."""
        images, image_id = self._session.images, self.image_id
        row = None if image_id is None else images.row_of.get(image_id)
        if image_id is None or row is None:
            return ""
        words = images.modality[row], images.label[row], images.caption[row]
        return " · ".join(word for word in (self._session.tags.words(image_id), *words) if word)

    def tag(self, number: int) -> None:
        """Give the image a tag, or take it away."""
        if self.image_id is not None:
            self._session.tags.toggle(number, {self.image_id})

    def look_at(self, image_id: str) -> None:
        """Render an image; `rendered` brings it."""
        images = self._session.images
        row = images.row_of[image_id]
        self.image_id = image_id
        self._session.runner.start(
            questions.render_image,
            image_id,
            images.file[row],
            int(images.frame[row]),
            title="Rendering an image",
            key="look",
            lane="io",
            on_success=self._take,
            on_failure=self._session.messages.show_error,
        )

    @Slot(object)
    def _take(self, rendered: tuple[str, object]) -> None:
        image_id, pixels = rendered
        if image_id == self.image_id:
            self.rendered.emit(image_id, pixels)
