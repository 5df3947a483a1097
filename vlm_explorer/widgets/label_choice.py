"""Which label set is asked, and how: the column beside the table of labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Slot
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSlider,
    QStackedLayout,
    QStyle,
    QStyleOptionSlider,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.label_dials import STEPS, LabelDials
from vlm_explorer.viewmodels.label_sets import LabelSets
from vlm_explorer.viewmodels.label_templates import LabelTemplates
from vlm_explorer.viewmodels.labels import LabelsModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.controls import Words, choice_box
from vlm_explorer.widgets.label_menu import LabelMenu
from vlm_explorer.widgets.template_panel import TemplatePanel
from vlm_explorer.widgets.theme import theme, themes

WIDTH = 268  # px
TASKS = (("single", "One label"), ("multi", "Several labels"))
TASK_NOTE = (
    "One label an image: the labels share 100 %.\n"
    "Several labels: each by itself, present against absent; none may apply, too"
)
EDIT = "\0edit"  # the entry of the list of templates that opens them to be written
YAML = "Label sets (*.yaml *.yml)"


class MarkedSlider(QSlider):
    """A slider with marks under its groove."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setAccessibleName(name)
        self.setFixedHeight(28)
        self.marks: tuple[int, ...] = ()
        themes.changed.connect(self.update)

    def set_marks(self, marks: tuple[int, ...]) -> None:
        """Mark other values."""
        self.marks = marks
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the marks below the slider."""
        super().paintEvent(event)
        option, painter = QStyleOptionSlider(), QPainter(self)
        self.initStyleOption(option)
        painter.setPen(theme().colour("secondary"))
        for mark in self.marks:
            option.sliderPosition = mark
            handle = self.style().subControlRect(
                QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self
            )
            top = handle.bottom() + 1
            painter.drawLine(handle.center().x(), top, handle.center().x(), top + 3)
        painter.end()


class LabelChoice(QWidget):
    """Chooses the set, its templates and its task, and dials temperature and margin."""

    def __init__(
        self, session: Session, labels: LabelsModel, sets: LabelSets, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setFixedWidth(WIDTH)
        self._session, self._labels = session, labels
        self.model = sets
        self.own_templates = LabelTemplates(session, self)
        self.dials = LabelDials(session, self)
        self.sets = choice_box("Label set", (), self)
        self.name = QLineEdit(self)
        self.name.setAccessibleName("Name of the label set")
        self.name.installEventFilter(self)
        self.menu = LabelMenu(self.model, self)
        self.templates = choice_box("Prompt templates", (), self)
        self.task = choice_box("Task", TASKS, self)
        self.task.setToolTip(TASK_NOTE)
        self.temperature = MarkedSlider("Temperature", self)
        self.temperature.setRange(-STEPS, STEPS)
        self.margin = MarkedSlider("Margin", self)
        self.margin.setRange(0, STEPS)
        self.temperature_words = Words("", "annotation", parent=self)
        self.margin_words = Words("", "annotation", parent=self)
        self.no_calls = Words("", "annotation", parent=self)
        self.calibrated = QPushButton(self)
        self.calibrated.setCheckable(True)
        self.calibrated.setProperty("chip", True)
        self._lay_out()
        self._connect()
        self._list()
        self._show()

    def _lay_out(self) -> None:
        holder = QWidget(self)
        self._title = QStackedLayout(holder)
        self._title.addWidget(self.sets)
        self._title.addWidget(self.name)
        first, second, third, fourth = (QHBoxLayout() for _ in range(4))
        first.addWidget(holder, 1)
        first.addWidget(self.menu)
        second.addWidget(self.templates, 10)
        second.addWidget(self.task, 11)
        third.addWidget(self.temperature_words, 1)
        third.addWidget(self.calibrated)
        fourth.addWidget(self.margin_words)
        fourth.addWidget(self.no_calls, 1)
        self.no_calls.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for box in (self.sets, self.templates, self.task):
            box.setMinimumWidth(64)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 2)
        layout.setSpacing(0)
        for row in (first, second):
            row.setSpacing(4)
            layout.addLayout(row)
            layout.addSpacing(4)
        layout.addLayout(third)
        layout.addWidget(self.temperature)
        layout.addLayout(fourth)
        layout.addWidget(self.margin)
        layout.addStretch(1)

    def _connect(self) -> None:
        self.sets.activated.connect(self._use_set)
        self.templates.activated.connect(self._use_templates)
        self.own_templates.changed.connect(self._list_templates)
        self.task.activated.connect(lambda place: self._labels.set_task(self.task.itemData(place)))
        self.temperature.valueChanged.connect(self.dials.set_temperature)
        self.margin.valueChanged.connect(self.dials.set_margin)
        self.calibrated.clicked.connect(self.dials.set_calibrated)
        self.menu.rename_wanted.connect(self.rename)
        self.menu.import_wanted.connect(self.import_file)
        self.menu.export_wanted.connect(self.export_file)
        self.model.changed.connect(self._list)
        self.dials.changed.connect(self._show)

    # What the user does

    @Slot(int)
    def _use_set(self, place: int) -> None:
        self.model.use(self.sets.itemData(place))

    @Slot(int)
    def _use_templates(self, place: int) -> None:
        name = self.templates.itemData(place)
        if name != EDIT:
            self._labels.set_templates(name)
            return
        _choose(self.templates, self._session.label_state.templates)
        self.edit_templates()

    @Slot()
    def edit_templates(self) -> None:
        """Open the template sets, to be read, copied and written."""
        TemplatePanel(self.templates, self.own_templates).open(above=True)

    @Slot()
    def rename(self) -> None:
        """Ask for another title, in the place of the list."""
        self.name.setText(self.model.current.title)
        self.name.selectAll()
        self._title.setCurrentWidget(self.name)
        self.name.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter takes the title, Esc and leaving leave it as it was."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.model.rename(self.name.text())
                self._end_renaming()
                return True
            if event.key() == Qt.Key.Key_Escape:
                self._end_renaming()
                return True
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            event.setAccepted(event.key() == Qt.Key.Key_Escape)
        if event.type() == QEvent.Type.FocusOut:
            self._title.setCurrentWidget(self.sets)
        return super().eventFilter(watched, event)

    def _end_renaming(self) -> None:
        self._title.setCurrentWidget(self.sets)
        self.sets.setFocus()

    @Slot()
    def import_file(self) -> None:
        """Ask for the file of a set."""
        chosen, _ = QFileDialog.getOpenFileName(self, "Import a label set", "", YAML)
        if chosen:
            self.model.import_file(Path(chosen))

    @Slot()
    def export_file(self) -> None:
        """Ask where to write the set."""
        name = f"{self.model.current.name or 'label-set'}.yaml"
        chosen, _ = QFileDialog.getSaveFileName(self, "Export the label set", name, YAML)
        if chosen:
            self.model.export_file(Path(chosen))

    # What is seen

    @Slot()
    def _list(self) -> None:
        """List the sets; what is not saved is said of the one in use."""
        current = self.model.current
        with QSignalBlocker(self.sets):
            self.sets.clear()
            for title, sets in (("Your own", self.model.own), ("", self.model.ready_made)):
                if sets and self.sets.count():
                    self.sets.insertSeparator(self.sets.count())
                for each in sets:
                    note = " · own" if title else ""
                    self.sets.addItem(f"{each.title}{note}", each.name)
            edited = " · edited" if self.model.edited else ""
            self.sets.setPlaceholderText(f"{current.title}{edited}")
            place = self.sets.findData(current.name) if current.name else -1
            if place >= 0 and edited:
                self.sets.setItemText(place, f"{current.title}{edited}")
            self.sets.setCurrentIndex(place)
        version = f", version {current.version}" if self.model.is_own else ""
        told = (f"{current.title}{version}{edited}", current.source)
        self.sets.setToolTip("\n".join(filter(None, told)))

    @Slot()
    def _show(self) -> None:
        """Show what is asked, and how."""
        state, dials = self._session.label_state, self.dials
        if not self.templates.count() and dials.ready:
            self._list_templates()
        _choose(self.templates, state.templates)
        _choose(self.task, state.task)
        self.templates.setToolTip(
            str(self.templates.currentData(Qt.ItemDataRole.ToolTipRole) or "Prompt templates")
        )
        for slider, step in (
            (self.temperature, dials.temperature_step),
            (self.margin, dials.margin_step),
        ):
            with QSignalBlocker(slider):
                slider.setValue(step)
        self.temperature.set_marks(dials.temperature_marks)
        self._say()

    def _say(self) -> None:
        dials = self.dials
        self.temperature.setToolTip(dials.temperature_note)
        self.temperature.setAccessibleDescription(dials.temperature_words)
        self.margin.setToolTip(dials.margin_note)
        self.margin.setAccessibleDescription(f"{dials.margin_words} {dials.no_calls}")
        self.temperature_words.setText(dials.temperature_words)
        self.margin_words.setText(dials.margin_words)
        self.no_calls.setText(dials.no_calls)
        self.calibrated.setText(dials.calibration_words)
        self.calibrated.setVisible(bool(dials.calibration_words))
        self.calibrated.setChecked(dials.calibrated)
        self.calibrated.setToolTip("Probabilities fitted to labelled images, or the model's own")
        for control in (self.templates, self.task, self.temperature, self.margin, self.sets):
            control.setEnabled(dials.ready)

    @Slot()
    def _list_templates(self) -> None:
        listed = [*self.own_templates.choices(), (EDIT, "Edit template sets…", "")]
        first = not self.templates.count()
        with QSignalBlocker(self.templates):
            self.templates.clear()
            for name, title, note in listed:
                if name == EDIT:
                    self.templates.insertSeparator(self.templates.count())
                self.templates.addItem(title, name)
                place = self.templates.count() - 1
                self.templates.setItemData(place, note, Qt.ItemDataRole.ToolTipRole)
            _choose(self.templates, self._session.label_state.templates)
        problem = self.own_templates.problem
        if first and problem is not None:
            self._session.messages.show_error(problem)


def _choose(combo: QComboBox, data: Any) -> None:
    combo.setCurrentIndex(combo.findData(data))
