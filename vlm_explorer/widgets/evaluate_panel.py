"""The tab that holds labels and captions against what is known of the images."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from vlm_explorer.viewmodels.evaluate_model import EvaluateModel
from vlm_explorer.viewmodels.retrieval_model import RetrievalModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.curves_page import CurvesPage
from vlm_explorer.widgets.difference_page import DifferencePage
from vlm_explorer.widgets.evaluate_page import EvaluatePage
from vlm_explorer.widgets.pages_panel import PagesPanel
from vlm_explorer.widgets.retrieval_page import RetrievalPage

FIGURES, CURVES, COMPARE, RETRIEVAL = "Figures", "Curves", "Compare", "Retrieval"


class EvaluatePanel(PagesPanel):
    """Figures of labels, what they are beside others', and retrieval."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, (FIGURES, CURVES, COMPARE, RETRIEVAL), "evaluate.page", parent)
        self.model = EvaluateModel(session, self)
        self.figures = EvaluatePage(self.model)
        self.curves = CurvesPage(self.model)
        self.differences = DifferencePage(self.model)
        self.retrieval = RetrievalPage(RetrievalModel(session, self))
        self.add_page(
            FIGURES, self.figures, tip="How well labels fit, where it is known what is true"
        )
        self.add_page(CURVES, self.curves, tip="Curves, calibration and confusion of a label")
        self.add_page(
            COMPARE, self.differences, tip="Other templates or encoders on the same cases"
        )
        self.add_page(
            RETRIEVAL, self.retrieval, tip="How captions find their images, and images theirs"
        )
