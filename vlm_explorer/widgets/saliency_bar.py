"""The slim bar of saliency controls under a scan, and the words beside the map."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QSizePolicy,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.saliency_caption import flat_words
from vlm_explorer.viewmodels.saliency_model import SaliencyModel, Stage
from vlm_explorer.viewmodels.saliency_request import SLOW
from vlm_explorer.viewmodels.saliency_states import hint_of
from vlm_explorer.widgets.controls import GlyphLabel, IconButton, Words
from vlm_explorer.widgets.saliency_attention import AttentionControls
from vlm_explorer.widgets.saliency_legend import SaliencyLegend
from vlm_explorer.widgets.saliency_menu import look_menu
from vlm_explorer.widgets.saliency_methods import MethodBox
from vlm_explorer.widgets.theme import ANNOTATION, font

WARNING = "annotation-warning"
_MARK = 12  # px


class SaliencyBar(QWidget):
    """Method and its settings; below, where a map is wanted, its colours and its caption.

    Signals:
        settled(): something was chosen from a list; the keys may go back to the scan.
    """

    settled = Signal()

    def __init__(self, model: SaliencyModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setProperty("pane", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._switches: Sequence[QAction] = ()
        self._method = MethodBox(model, self)
        self._attention = AttentionControls(model, self)
        self._message = Words(role="annotation", parent=self, lines=2)
        self._progress = QProgressBar(self)
        self._stop = IconButton("ph.x", "Stop explaining", parent=self)
        self._settings = self._make_settings()
        self._legend = SaliencyLegend(self)
        self._opacity = self._make_opacity()
        self._look = IconButton("ph.sliders-horizontal", "Looks of the overlay", parent=self)
        self._eye = IconButton("ph.eye", "Hide the overlay while held", "O", parent=self)
        self._title = Words(parent=self)
        self._note, self._warnings = Words(parent=self), Words(parent=self)
        self._mark = GlyphLabel("ph.warning", "warning", _MARK, self)
        self._details = self._make_details()
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 4, 8, 4)
        column.setSpacing(0)
        first = QHBoxLayout()
        first.setSpacing(8)
        first.addWidget(self._method)
        first.addWidget(self._settings, 1)
        column.addLayout(first)
        column.addWidget(self._details)
        self._connect()
        self._refresh()

    # Parts

    def _make_settings(self) -> QStackedWidget:
        """Layer and head, or a sentence, or the progress: one of them at a time."""
        running = QWidget(self)
        row = QHBoxLayout(running)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._progress, 1)
        row.addWidget(self._stop)
        self._progress.setTextVisible(False)
        self._progress.setAccessibleName("Progress of the explanation")
        self._running = running
        stack = QStackedWidget(self)
        for page in (self._attention, self._message, running):
            stack.addWidget(page)
        stack.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        stack.setFixedHeight(self._method.sizeHint().height())
        return stack

    def _make_opacity(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal, self)
        slider.setRange(0, 100)
        slider.setPageStep(10)
        slider.setFixedWidth(64)
        slider.setAccessibleName("Opacity of the overlay")
        return slider

    def _make_details(self) -> QWidget:
        details = QWidget(self)
        column = QVBoxLayout(details)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._legend, 1)
        row.addWidget(self._opacity)
        buttons = QHBoxLayout()
        buttons.setSpacing(0)
        buttons.addWidget(self._look)
        buttons.addWidget(self._eye)
        row.addLayout(buttons)
        column.addLayout(row)
        # one line each, always: the scan above must not move with the words
        roles = (self._title, ""), (self._note, "annotation"), (self._warnings, WARNING)
        for label, role in roles:
            label.setProperty("role", role)
            label.setFont(font(ANNOTATION))
        column.addWidget(self._title)
        column.addWidget(self._note)
        against = QHBoxLayout()
        against.setSpacing(4)
        against.addWidget(self._mark)
        against.addWidget(self._warnings, 1)
        column.addLayout(against)
        return details

    # From the user to the model

    def _connect(self) -> None:
        self._method.activated.connect(self._choose_method)
        self._look.clicked.connect(self._show_look)
        self._stop.clicked.connect(self._model.stop)
        self._opacity.valueChanged.connect(self._choose_opacity)
        self._eye.pressed.connect(self._hide)
        self._eye.released.connect(self._show)
        self._attention.settled.connect(self.settled)
        self._model.changed.connect(self._refresh)

    @Slot(int)
    def _choose_method(self, index: int) -> None:
        self._model.set_method(self._method.itemData(index))
        self.settled.emit()

    def set_switches(self, switches: Sequence[QAction]) -> None:
        """Offer these among the looks."""
        self._switches = switches

    @Slot()
    def _show_look(self) -> None:
        menu = look_menu(self._model, [*self._switches], self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        at = self._look.mapToGlobal(QPoint(self._look.width(), 0))
        menu.popup(at - QPoint(menu.sizeHint().width(), menu.sizeHint().height()))

    @Slot(int)
    def _choose_opacity(self, percent: int) -> None:
        self._model.set_opacity(percent / 100)

    @Slot()
    def _hide(self) -> None:
        self._model.set_hidden(True)

    @Slot()
    def _show(self) -> None:
        self._model.set_hidden(False)

    # From the model

    @Slot()
    def _refresh(self) -> None:
        model = self._model
        self._details.setVisible(model.choice.method != "off" or model.guest is not None)
        percent = round(100 * model.choice.opacity)
        with QSignalBlocker(self._opacity):
            self._opacity.setValue(percent)
        self._opacity.setToolTip(f"Opacity {percent} %")
        self._eye.set_icon("ph.eye-slash" if model.choice.hidden else "ph.eye")
        self._legend.show_map(model.shown)
        self._title.setText(model.caption.title)
        self._note.setText(model.caption.note)
        self._warnings.setText(" ".join(model.caption.warnings))
        self._warnings.setToolTip("\n".join(model.caption.warnings))
        self._mark.setVisible(bool(model.caption.warnings))
        self._show_settings()

    def _show_settings(self) -> None:
        model = self._model
        if model.guest is not None:
            self._message.setText("Another map lies here (Esc)")
            self._settings.setCurrentWidget(self._message)
            return
        self._message.setText(self._wrong() or hint_of(model.method))
        if model.stage is Stage.RUNNING and model.method in SLOW:
            progress = model.progress
            total = progress.total if progress is not None and progress.total else 0
            self._progress.setRange(0, total)
            self._progress.setValue(progress.done if progress is not None else 0)
            self._settings.setCurrentWidget(self._running)
        elif model.method == "attention" and not self._wrong():
            self._settings.setCurrentWidget(self._attention)
        else:
            self._settings.setCurrentWidget(self._message)

    def _wrong(self) -> str:
        """Return why there is no map, or no more of it; empty where there is."""
        model = self._model
        if model.message:
            return model.message
        if model.shown is not None and model.shown.flat:
            return flat_words(model.method)
        return ""
