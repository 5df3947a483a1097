"""The scan with its words: the canvas joined to the viewing pane's state."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QTimer, Slot
from PySide6.QtGui import QFocusEvent, QHelpEvent, QImage, QKeyEvent, QPainter
from PySide6.QtWidgets import QToolTip, QWidget

from vlm_explorer.viewmodels.patient_details import PatientDetailsReader
from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.viewmodels.viewer_cine import Cine
from vlm_explorer.viewmodels.viewer_corners import Corners
from vlm_explorer.viewmodels.viewer_layers import Layer, ViewerLayers
from vlm_explorer.viewmodels.viewer_measurements import Measurements
from vlm_explorer.viewmodels.viewer_measuring import Measuring
from vlm_explorer.viewmodels.viewer_model import Status, ViewerModel
from vlm_explorer.widgets.image_canvas import ImageCanvas
from vlm_explorer.widgets.measure_layer import MeasureLayer
from vlm_explorer.widgets.overlay_keys import OverlayKeys
from vlm_explorer.widgets.overlay_layer import OverlayLayer
from vlm_explorer.widgets.swipe_edge import SwipeEdge
from vlm_explorer.widgets.truth_layer import paint_truth
from vlm_explorer.widgets.viewer_annotations import (
    Annotations,
    paint_annotations,
    paint_message,
    paint_skeleton,
    paint_thumbnail,
)
from vlm_explorer.widgets.viewer_graphics import FileGraphics
from vlm_explorer.widgets.viewer_place import ViewerPlace

NOTICE = 4000  # ms that a passing sentence stays
_NOTHING = "No image open", "Click a point on the map, a result, or an image in the library."


class ViewerPane(ImageCanvas):
    """Draws what the models say and passes gestures on to them."""

    def __init__(
        self,
        model: ViewerModel,
        saliency: SaliencyModel,
        thumbnails: Thumbnails,
        parent: QWidget | None = None,
        measurements: Measurements | None = None,
    ) -> None:
        """Make a pane; panes that share `measurements` show the same ones."""
        super().__init__(parent)
        self._model = model
        self._saliency = saliency
        self._thumbnails = thumbnails
        self._notice = ""
        self._probe: tuple[str, ...] = ()
        self._series: tuple[str, ...] = ()
        self._patient = PatientDetailsReader(model.session, model.name, self)
        self.layers = ViewerLayers(model, self)
        self.cine = Cine(model.series, self._show_in_cine, self._is_ready, self)
        self.measuring = Measuring(model, measurements or Measurements(self), self)
        self._marks = MeasureLayer(self, self.measuring)
        self._graphics = FileGraphics()
        self._overlay_layer = OverlayLayer(self, saliency, self.layers)
        self._overlay_keys = OverlayKeys(self, saliency)
        self._swipe = SwipeEdge(self, saliency)
        self._place = ViewerPlace(self, model)
        self._badge = QRectF()
        self._where: tuple[float, float] | None = None
        self._notice_timer = QTimer(self)
        self._notice_timer.setSingleShot(True)
        self._notice_timer.setInterval(NOTICE)
        self._notice_timer.timeout.connect(self._drop_notice)
        self.set_painter_above(self._paint_above)
        self._connect(model, saliency, thumbnails)
        self._take_image()

    def _connect(self, model: ViewerModel, saliency: SaliencyModel, thumbnails: Thumbnails) -> None:
        self.scrolled.connect(model.series.step)
        self.windowed.connect(lambda dx, dy: model.drag_window(dx, dy, self.drag_number))
        self.double_clicked.connect(self.reset)
        self.pointed.connect(self._say_what_is_under)
        self.clicked.connect(self._look_from)
        self.shift_clicked.connect(self._look_at)
        self.draw_began.connect(self._drop_notice)
        saliency.changed.connect(self._say_again)
        model.image_changed.connect(self._take_image)
        model.display_changed.connect(self._take_display)
        model.session.encoder_changed.connect(self._overlay_layer.take)
        model.series.changed.connect(self.update)
        model.session.truth.changed.connect(self.update)
        model.noticed.connect(self.show_notice)
        self._patient.changed.connect(self._take_patient)
        model.session.tags.changed.connect(self._take_tags)
        self.cine.refused.connect(self.show_notice)
        self.cine.changed.connect(self._take_cine)
        thumbnails.loaded.connect(self._take_thumbnails)

    # From the model

    @Slot()
    def _take_image(self) -> None:
        if self._model.status is not Status.LOADING:
            self._drop_notice()
        if self._model.series.key != self._series:  # zoom and pan stay within a series
            self._series = self._model.series.key
            self.set_camera(self.camera.fit())
        self._patient.show(self._model.image_id)
        self._take_display()

    @Slot()
    def _take_display(self) -> None:
        if self.camera.orientation != self._model.orientation:
            self.set_camera(self.camera.turned(self._model.orientation))
        self.set_picture(self._model.picture)
        self._place.take_picture()
        self._overlay_layer.take()
        self._say_again()
        self._describe()

    @Slot()
    def _say_again(self) -> None:
        """Say what is under the pointer: the map there is another."""
        self._say_what_is_under(self._where)

    @Slot()
    def _take_patient(self) -> None:
        self._describe()
        self.update()

    @Slot()
    def _take_tags(self) -> None:
        if self._model.image_id in self._model.session.images.row_of:  # not of what was left
            self._take_patient()

    @Slot(object)
    def _take_thumbnails(self, ids: set[str]) -> None:
        if self._model.image_id in ids and self._model.status is Status.LOADING:
            self.update()

    @Slot()
    def reset(self) -> None:
        """Show the series as at first: window, orientation, zoom."""
        self._model.reset()
        self.set_camera(self.camera.fit())

    @Slot(str)
    def show_notice(self, text: str) -> None:
        """Say something in passing."""
        self._notice = text
        self._notice_timer.start()
        self.setAccessibleDescription(text)
        self.update()

    @Slot()
    def _drop_notice(self) -> None:
        self._notice = ""
        self._notice_timer.stop()
        self.update()

    def _describe(self) -> None:
        """Say in words what is shown, for those who do not see it."""
        corners = self._model.corners(self.camera.zoom, patient=self._patient.lines)
        lines = (
            *corners.top_left,
            *corners.top_right,
            *corners.bottom_left,
            *corners.bottom_right,
            *self._model.warnings,
        )
        states = {Status.EMPTY: _NOTHING, Status.FAILED: self._model.failure}
        self.setAccessibleDescription(", ".join((*states.get(self._model.status, ()), *lines)))

    # Cine: the selection, and all that follows it, waits for the image where it stops

    def run_cine(self, on: bool | None = None) -> None:
        """Run through the series at the rate of its file, or stop; None: the other way round."""
        loaded = self._model.loaded
        if self.cine.running != (not self.cine.running if on is None else on):
            self.cine.toggle(loaded.frame.frame_rate if loaded is not None else None)

    def _is_ready(self) -> bool:
        return self._model.status is not Status.LOADING

    def _show_in_cine(self, index: int) -> None:
        self._model.show(self._model.series.ids[index])

    @Slot()
    def _take_cine(self) -> None:
        self.update()
        image_id, selected = self._model.image_id, self._model.session.selection.ids
        if not self.cine.running and self._model.following and image_id is not None:
            self._model.session.select([image_id] if len(selected) <= 1 else selected, image_id)

    # Under the pointer

    @Slot(object)
    def _say_what_is_under(self, where: tuple[float, float] | None) -> None:
        self._where = where
        self._probe = ()
        if where is not None:
            row, column = int(where[1]), int(where[0])
            value = self._model.probe(row, column), self._saliency.probe(*where)
            first = " · ".join(part for part in value if part)
            self._probe = first, self._model.probe_place(row, column)
        self.update()

    @Slot(object)
    def _look_from(self, where: tuple[float, float] | None) -> None:
        if where is not None:
            self._saliency.look_from(*where)

    @Slot(object)
    def _look_at(self, where: tuple[float, float] | None) -> None:
        if where is not None:
            self._saliency.look_from(*where, column=True)

    # Painting

    def words(self) -> Annotations:
        """Return the words that lie on the scan now."""
        model = self._model
        passing = *self._probe, self.cine.describe()
        corners = model.corners(self.camera.zoom, *passing, patient=self._patient.lines)
        return Annotations(
            corners if self.layers.shows(Layer.WORDS) else Corners(),
            model.letters if self.layers.shows(Layer.LETTERS) else None,
            model.warnings,
            self._notice,
        )

    def _paint_above(self, painter: QPainter) -> None:
        model = self._model
        pane = QRectF(self.rect())
        if model.status is Status.EMPTY:
            paint_message(painter, pane, "ph.image", *_NOTHING)
        elif model.status is Status.FAILED:
            paint_message(painter, pane, "ph.warning-circle", *model.failure)
        elif model.status is Status.LOADING:
            self._paint_skeleton(painter, pane)
        if (drawn := self.layers.graphics()) is not None:
            self._graphics.paint(painter, drawn, self.transform(), self.camera.zoom)
        if model.status is Status.READY:
            paint_truth(painter, model.session.truth.of(model.image_id), self.transform(), pane)
        self._marks.paint(painter)
        self._badge = paint_annotations(painter, pane, self.words())

    def _paint_skeleton(self, painter: QPainter, pane: QRectF) -> None:
        """Draw the thumbnail: where the scan will be, if the last one had the same shape."""
        thumbnail = self._thumbnail()
        if thumbnail is not None and self._model.shape == (self.camera.rows, self.camera.columns):
            painter.save()
            painter.setTransform(self.transform(), combine=True)
            whole = QRectF(0, 0, self.camera.columns, self.camera.rows)
            paint_thumbnail(painter, whole, thumbnail)
            painter.restore()
        else:
            paint_skeleton(painter, pane, thumbnail)

    def _thumbnail(self) -> QImage | None:
        image_id = self._model.image_id
        data = self._thumbnails.get(image_id) if image_id is not None else None
        return QImage.fromData(data) if data is not None else None

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show the overlay again: the release of the key will not be heard."""
        if self._saliency.choice.hidden:
            self._saliency.set_hidden(False)
        super().focusOutEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Hand on the keys of what is being measured, and of the overlay."""
        hearer = self._hearer(event)
        if hearer is not None:
            hearer.press(event)
        else:
            super().keyPressEvent(event)

    def _hearer(self, event: QKeyEvent) -> MeasureLayer | OverlayKeys | None:
        """Return whose key it is; None where it is the series'."""
        hearers = self._marks, self._overlay_keys
        return next((each for each in hearers if each.hears(event)), None)

    def event(self, event: QEvent) -> bool:
        """Show all warnings over their badge; keep keys of what lies over it from the series."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if self._hearer(event) is not None:
                event.accept()
                return True
            return super().event(event)
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            inside = self._badge.contains(QPointF(event.pos()))
            words = "\n".join(self._model.warnings) if inside else ""
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)
