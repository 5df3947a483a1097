"""What the window's sheet of models works with; it outlives the sheet."""

from __future__ import annotations

from PySide6.QtCore import QObject

from vlm_explorer.viewmodels.compute_choice import ComputeChoice
from vlm_explorer.viewmodels.encoder_switch import EncoderSwitch
from vlm_explorer.viewmodels.model_import import ModelImport
from vlm_explorer.viewmodels.model_shelf import ModelShelf
from vlm_explorer.viewmodels.session import Session


class ModelsDesk(QObject):
    """Holds the four parts together.

    Attributes:
        switch: which encoder the open collection is looked at with.
        shelf: the encoders, and what goes on with each.
        importing: the import of one's own.
        compute: device and precision.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.switch = EncoderSwitch(session, self)
        self.shelf = ModelShelf(session, self.switch, self)
        self.importing = ModelImport(session, self)
        self.compute = ComputeChoice(session, self.switch, self)
