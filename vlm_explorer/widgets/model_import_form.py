"""The form that imports a user's own encoder: a folder, or a checkpoint with its architecture."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.import_work import Candidate, describe_fits
from vlm_explorer.viewmodels.model_import import ModelImport
from vlm_explorer.widgets.controls import ProgressBar, Words, name_grid, text_button
from vlm_explorer.widgets.drop_target import dropped_paths
from vlm_explorer.widgets.notice import Notice

TEXT = (
    "A folder in open_clip's layout, a folder of transformers' CLIP or SigLIP, or the file of a "
    "bare checkpoint. It is copied; nothing in it is run."
)
CHECKPOINTS = "Checkpoints (*.safetensors *.bin *.pt *.pth *.ckpt *.index.json);;All files (*)"
NAMES = 104  # px, as on the page of an encoder


class ModelImportForm(QWidget):
    """Where it is, what it is, what to call it.

    Signals:
        left(): the user is done here.
    """

    left = Signal()

    def __init__(self, model: ModelImport, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._shown: object = None
        self.setAcceptDrops(True)
        self.path = QLineEdit(self)
        self.path.setPlaceholderText("Folder or file; it can be dropped here")
        self.path.setAccessibleName("Folder or file to import")
        self.folder = text_button("Choose a folder", parent=self)
        self.file = text_button("Choose a file", parent=self)
        self.found = Words("", parent=self)
        self.digest = Words("", "", Qt.TextElideMode.ElideMiddle, self)
        self.digest.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.architecture = QComboBox(self)
        self.architecture.setEditable(True)
        self.architecture.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.architecture.setAccessibleName("Architecture")
        self.fits = QLabel("", self)
        self.fits.setProperty("role", "annotation")
        self.fits.setWordWrap(True)
        self.pretrained = QComboBox(self)
        self.pretrained.setAccessibleName("Trained from")
        self.id = QLineEdit(self)
        self.id.setAccessibleName("Name of the encoder")
        self.bar = ProgressBar(self, width=120)
        self.words = Words("", "secondary", parent=self)
        self.go = text_button("Import", "primary", self)
        self.stop = text_button("Cancel", parent=self)
        self.problem = Notice("error", self)
        self._facts = QWidget(self)
        self._names: dict[QWidget, QLabel] = {}
        self._lay_out()
        self._connect()
        self._show()

    def _lay_out(self) -> None:
        intro = QLabel(TEXT, self)
        intro.setWordWrap(True)
        where = QHBoxLayout()
        where.setSpacing(8)
        where.addWidget(self.path, 1)
        where.addWidget(self.folder)
        where.addWidget(self.file)
        grid = name_grid(NAMES)
        grid.setContentsMargins(0, 0, 0, 0)
        self._facts.setLayout(grid)
        rows = {
            "Found": self.found,
            "SHA-256": self.digest,
            "Architecture": self.architecture,
            "": self.fits,
            "Trained from": self.pretrained,
            "Name": self.id,
        }
        for place, (name, part) in enumerate(rows.items()):
            self._names[part] = Words(name, "secondary", parent=self._facts)
            grid.addWidget(self._names[part], place, 0)
            grid.addWidget(part, place, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.go)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.bar)
        buttons.addWidget(self.words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 4, 24, 24)
        column.setSpacing(12)
        column.addWidget(Words("Import an encoder", "title", parent=self))
        column.addWidget(intro)
        column.addLayout(where)
        column.addWidget(self.problem)
        column.addWidget(self._facts)
        column.addLayout(buttons)
        column.addStretch(1)

    def _connect(self) -> None:
        self.path.returnPressed.connect(self._look)
        self.folder.clicked.connect(self._choose_folder)
        self.file.clicked.connect(self._choose_file)
        self.id.returnPressed.connect(self._import)
        self.id.textChanged.connect(self._decide)
        self.architecture.editTextChanged.connect(self._list_weights)
        self.go.clicked.connect(self._import)
        self.stop.clicked.connect(self._cancel)
        self._model.changed.connect(self._show)

    def look(self, path: Path) -> None:
        """Look at a folder or file."""
        self.path.setText(str(path))
        self._look()

    @Slot()
    def _look(self) -> None:
        if text := self.path.text().strip():
            self._model.look(Path(text))

    @Slot()
    def _choose_folder(self) -> None:
        if chosen := QFileDialog.getExistingDirectory(self, "Choose the folder of an encoder"):
            self.look(Path(chosen))

    @Slot()
    def _choose_file(self) -> None:
        title = "Choose a checkpoint"
        chosen, _ = QFileDialog.getOpenFileName(self, title, "", CHECKPOINTS)
        if chosen:
            self.look(Path(chosen))

    @Slot()
    def _import(self) -> None:
        if self.go.isEnabled():
            architecture, pretrained = (
                self.architecture.currentText(),
                self.pretrained.currentData(),
            )
            self._model.start(self.id.text().strip(), architecture, str(pretrained or ""))

    @Slot()
    def _cancel(self) -> None:
        """Stop what goes on; else leave."""
        if self._model.doing:
            self._model.stop()
        else:
            self.left.emit()

    @Slot()
    def _show(self) -> None:
        """Show how things stand."""
        model, candidate = self._model, self._model.candidate
        self.problem.say(model.problem, model.hint)
        self._facts.setVisible(candidate is not None)
        if candidate is not None and candidate is not self._shown:
            self.found.setText(candidate.words)
            self.digest.setText(candidate.sha256)
            self.id.setText(candidate.id)
            self._offer(candidate)
            for part in (self.architecture, self.fits, self.pretrained):
                part.setVisible(candidate.bare)
                self._names[part].setVisible(candidate.bare)
            (self.architecture if candidate.bare else self.id).setFocus()
        self._shown = candidate
        progress = model.progress
        self.bar.setVisible(bool(model.doing))
        self.bar.set_progress(progress)
        self.stop.setText("Cancel" if model.doing else "Back")
        self.words.setText((progress.message or "Looking") if model.doing else "")
        self._decide()

    def _offer(self, candidate: Candidate) -> None:
        """Offer the architectures, those that fit first; the first of them is the guess."""
        fits = candidate.fits
        others = [name for name in candidate.architectures if name not in fits]
        self.architecture.clear()
        self.architecture.addItems([*fits, *others])
        self.architecture.setEditText(fits[0] if fits else "")
        self.fits.setText(describe_fits(fits))
        self._list_weights()
        completer = self.architecture.completer()
        if completer is not None:
            completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)

    @Slot()
    def _list_weights(self) -> None:
        """Offer the published weights of the architecture, from which training may have begun."""
        candidate = self._model.candidate
        known = candidate.architectures if candidate is not None else {}
        self.pretrained.clear()
        self.pretrained.addItem("Not known", "")
        for tag in known.get(self.architecture.currentText(), ()):
            self.pretrained.addItem(tag, tag)
        self._decide()

    @Slot()
    def _decide(self) -> None:
        """What is known decides whether it can be imported."""
        candidate, doing = self._model.candidate, self._model.doing
        known = candidate is not None and (
            not candidate.bare or self.architecture.currentText() in candidate.architectures
        )
        self.go.setEnabled(known and bool(self.id.text().strip()) and not doing)
        for part in (self.path, self.folder, self.file):
            part.setEnabled(doing != "importing")

    # A folder that is dropped here is an encoder, not a folder of images.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take folders and files."""
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Look at what was dropped."""
        if found := dropped_paths(event.mimeData()):
            event.acceptProposedAction()
            self.look(found[0])
