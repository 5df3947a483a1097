"""Which pages the tab "Explain" has; what each of them shows is its own affair."""

from __future__ import annotations

from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.boxes_model import BoxesModel
from vlm_explorer.viewmodels.check_model import CheckModel
from vlm_explorer.viewmodels.compare_maps import CompareMaps
from vlm_explorer.viewmodels.heads_model import HeadsModel
from vlm_explorer.viewmodels.hide_model import HideModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.words_model import WordsModel
from vlm_explorer.widgets.boxes_page import BoxesPage
from vlm_explorer.widgets.check_page import CheckPage
from vlm_explorer.widgets.compare_page import ComparePage
from vlm_explorer.widgets.explain_panel import ExplainPanel
from vlm_explorer.widgets.heads_page import HeadsPage
from vlm_explorer.widgets.hide_page import HidePage
from vlm_explorer.widgets.words_page import WordsPage


def add_pages(panel: ExplainPanel, session: Session, saliency: ActiveSaliency) -> None:
    """Add all pages; `saliency` says which overlay the pages are about."""
    panel.add_page(
        "Checks",
        CheckPage(CheckModel(session, saliency, panel)),
        tip="How far to trust this map",
    )
    panel.add_page(
        "Words",
        WordsPage(WordsModel(session, saliency, panel)),
        tip="Which words of the prompt moved the score, and where each of them asks",
    )
    panel.add_page(
        "Heads",
        HeadsPage(HeadsModel(session, saliency, panel)),
        tip="Where each head of each layer of attention looks",
    )
    panel.add_page(
        "Hide",
        HidePage(HideModel(session, saliency, panel)),
        tip="What hangs on a part of the scan: hide it, and the encoder looks again",
    )
    panel.add_page(
        "Compare",
        ComparePage(CompareMaps(session, saliency, panel)),
        tip="Maps of several prompts, or by several methods, beside each other",
    )
    panel.add_page(
        "Boxes",
        BoxesPage(BoxesModel(session, panel)),
        tip="Whether maps lie where findings are marked, per finding and method",
    )
