"""The strip below map and viewer: results, labels, problems and more; it folds to its tabs."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.query_ranking import QueryRanking
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.alignment_pages import add_alignment_pages
from vlm_explorer.widgets.alignment_panel import AlignmentPanel
from vlm_explorer.widgets.controls import IconButton, Line, Words
from vlm_explorer.widgets.evaluate_panel import EvaluatePanel
from vlm_explorer.widgets.explain_pages import add_pages
from vlm_explorer.widgets.explain_panel import ExplainPanel
from vlm_explorer.widgets.labels_panel import LabelsPanel
from vlm_explorer.widgets.problems_panel import ProblemsPanel
from vlm_explorer.widgets.query_options import QueryOptions
from vlm_explorer.widgets.results_grid import ResultsGrid
from vlm_explorer.widgets.review_panel import ReviewPanel
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

TABS = 33  # px, height of the row of tabs with its line
RESULTS, LABELS, PROBLEMS, REVIEW, EXPLAIN, ALIGNMENT, EVALUATE = range(7)


class Strip(QWidget):
    """Results, Labels, Problems, Review, Explain, Alignment, Evaluate.

    Signals:
        fold_wanted(): the button that folds and unfolds was pressed, or a tab of a folded strip.
    """

    fold_wanted = Signal()

    def __init__(
        self,
        session: Session,
        painter: ThumbnailPainter,
        saliency: ActiveSaliency,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self.setProperty("pane", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumHeight(TABS)
        self.results = ResultsGrid(session, painter, self)
        self.labels = LabelsPanel(session, self)
        self.problems = ProblemsPanel(session, self)
        self.review = ReviewPanel(session, painter, self)
        self.explain = ExplainPanel(session, self)
        add_pages(self.explain, session, saliency)
        self.alignment = AlignmentPanel(session, self)
        add_alignment_pages(self.alignment, session, painter)
        self.evaluate = EvaluatePanel(session, self)
        self.tabs = QTabBar(self)
        self.stack = QStackedWidget(self)
        self.summary = Words("", "annotation", parent=self)
        self.only = QPushButton("Selection only", self)
        self.only.setCheckable(True)
        self.only.setProperty("chip", True)
        self.grouped = QPushButton("One per series", self)
        self.grouped.setCheckable(True)
        self.grouped.setProperty("chip", True)
        self.grouped.setToolTip("List each series once, by its nearest image")
        self.ranking = QueryRanking(session, self)
        self.options = IconButton(
            "ph.sliders-horizontal", "How results are ranked", "Ctrl+R", parent=self
        )
        self.z = QPushButton("z", self)
        self.z.setCheckable(True)
        self.z.setProperty("chip", True)
        self.z.setAccessibleName("Show z on tiles")
        self.loud = QPushButton("Show all the same", self)
        self.loud.setProperty("chip", True)
        self.loud.setToolTip("Show these hits as bright as those of a prompt that matches")
        self.fold = IconButton("ph.caret-down", "Fold the strip", "Ctrl+J", parent=self)
        self._folded = False
        self._lay_out()
        self._connect()
        self._count_problems()
        self._summarise()

    def _lay_out(self) -> None:
        for title, panel in (
            ("Results", self.results),
            ("Labels", self.labels),
            ("Problems", self.problems),
            ("Review", self.review),
            ("Explain", self.explain),
            ("Alignment", self.alignment),
            ("Evaluate", self.evaluate),
        ):
            self.tabs.addTab(title)
            self.stack.addWidget(panel)
        self.tabs.setTabVisible(EXPLAIN, bool(self.explain.titles))
        self.tabs.setTabVisible(ALIGNMENT, bool(self.alignment.titles))
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.tabs.setAccessibleName("Panels")
        row = QHBoxLayout()
        row.setContentsMargins(4, 0, 4, 0)
        row.setSpacing(8)
        row.addWidget(self.tabs)
        row.addSpacing(8)
        row.addWidget(self.summary, 1)
        row.addWidget(self.loud)
        row.addWidget(self.options)
        row.addWidget(self.z)
        row.addWidget(self.grouped)
        row.addWidget(self.only)
        row.addWidget(self.fold)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(Line(parent=self))
        layout.addWidget(self.stack, 1)

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(self.stack.setCurrentIndex)
        self.tabs.currentChanged.connect(self._keep)
        self.tabs.currentChanged.connect(self._summarise)
        self.tabs.tabBarClicked.connect(self._unfold)
        self.only.toggled.connect(self.results.model.set_selected_only)
        self.grouped.clicked.connect(self.results.model.set_grouped)
        self.z.clicked.connect(self.results.model.set_with_z)
        self.loud.clicked.connect(self.results.model.show_all_the_same)
        self.results.model.scored.connect(self._summarise)
        self.options.clicked.connect(self.open_options)
        self.fold.clicked.connect(self.fold_wanted)
        self.results.model.arranged.connect(self._summarise)
        self.problems.model.changed.connect(self._count_problems)
        self._session.selection_changed.connect(self._summarise)
        self.ranking.changed.connect(self._summarise)
        self._session.opened.connect(self._restore)

    @Slot()
    def open_options(self) -> None:
        """Offer how results are ranked."""
        QueryOptions(self.options, self.ranking).open(above=True)

    @Slot(int)
    def _keep(self, tab: int) -> None:
        self._session.kept.put("tab", tab)

    @Slot()
    def _restore(self) -> None:
        """Show the tab at which the collection was left."""
        self.tabs.setCurrentIndex(self._session.kept.get("tab", int, RESULTS))

    @property
    def folded(self) -> bool:
        """Whether only the tabs are to be seen."""
        return self._folded

    def set_folded(self, folded: bool) -> None:
        """Hide the panel or show it, and say on the button what it does next."""
        self._folded = folded
        self.stack.setVisible(not folded)
        self.fold.set_icon("ph.caret-up" if folded else "ph.caret-down")
        self.fold.set_title("Unfold the strip" if folded else "Fold the strip", "Ctrl+J")

    def show_tab(self, tab: int) -> None:
        """Bring a tab to the front, and unfold."""
        self.tabs.setCurrentIndex(tab)
        self._unfold()

    def show_problems(self) -> None:
        """Bring the problems to the front."""
        self.show_tab(PROBLEMS)

    @Slot()
    def _unfold(self) -> None:
        if self._folded:
            self.fold_wanted.emit()

    @Slot()
    def _count_problems(self) -> None:
        losses = self.problems.model.losses
        self.tabs.setTabText(PROBLEMS, f"Problems ({losses:,})" if losses else "Problems")

    @Slot()
    def _summarise(self) -> None:
        results = self.tabs.currentIndex() == RESULTS
        chosen = len(self._session.selection.ids)
        self.summary.setText(self.results.model.summary if results else "")
        self.loud.setVisible(results and self.results.model.subdued)
        self.z.setVisible(results and self.results.model.compared)
        self.z.setChecked(self.results.model.with_z)
        self.z.setToolTip(f"Show z on tiles. {self._session.scale.words}")
        self.only.setText(f"Selection only ({chosen:,})" if chosen > 1 else "Selection only")
        self.grouped.setChecked(self.results.model.grouped)
        self.grouped.setVisible(
            results and len(self._session.images) > 0 and self.results.model.per == "image"
        )
        self.options.setVisible(results and len(self._session.images) > 0)
        self.options.set_role("secondary" if self.ranking.is_plain else "accent")
        self.only.setChecked(self.results.model.selected_only)
        self.only.setVisible(results and (chosen > 1 or self.only.isChecked()))
