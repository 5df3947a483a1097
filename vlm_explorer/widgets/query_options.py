"""The panel of how results are ranked, and what that changed."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QComboBox, QLabel, QSlider, QWidget

from vlm_explorer.viewmodels.query_ranking import FUSE, PER, RANK_BY, REDUCE, QueryRanking
from vlm_explorer.widgets.controls import Words, choice_box, name_grid
from vlm_explorer.widgets.flyout import Flyout

_WIDTH = 400  # px
_NAMES = 80  # px
_CHOICES = (
    ("rank_by", "Rank by", RANK_BY),
    ("per", "List", PER),
    ("reduce", "Score", REDUCE),
    ("fuse", "Terms", FUSE),
)
_TIPS = {
    "rank_by": "Some images come up for everything. CSLS and inverted softmax compare an image's "
    "cosine with what unrelated prompts, and captions, score on it",
    "per": "List every image, or each series, study or patient once, by its best image",
    "reduce": "How the scores of its images make one; a mean thins out what few slices show",
    "fuse": "Images are more alike to images than to texts: z-scores put both on one scale",
}


class QueryOptions(Flyout):
    """Choices that take effect at once."""

    def __init__(self, owner: QWidget, ranking: QueryRanking) -> None:
        super().__init__(owner, _WIDTH)
        self._ranking = ranking
        self.column.addWidget(Words("Ranking", "heading", parent=self))
        grid = name_grid(_NAMES)
        self.boxes: dict[str, QComboBox] = {}
        for row, (key, title, choices) in enumerate(_CHOICES):
            box = choice_box(title, choices, self)
            box.setToolTip(_TIPS[key])
            box.activated.connect(partial(self._choose, key))
            grid.addWidget(Words(title, "secondary", parent=self), row, 0)
            grid.addWidget(box, row, 1)
            self.boxes[key] = box
        self.diversity = QSlider(Qt.Orientation.Horizontal, self)
        self.diversity.setRange(0, 10)
        self.diversity.setPageStep(1)
        self.diversity.setAccessibleName("Diversity")
        self.diversity.setToolTip("How much a hit's unlikeness to those before it counts")
        self.diversity.valueChanged.connect(self._diversify)
        self._diverse = Words("", "secondary", parent=self)
        grid.addWidget(self._diverse, len(_CHOICES), 0)
        grid.addWidget(self.diversity, len(_CHOICES), 1)
        self.column.addLayout(grid)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.words.setProperty("role", "annotation")
        self.column.addWidget(self.words)
        ranking.changed.connect(self._show)
        self._show()

    def first_focus(self) -> QWidget:
        """Return the first choice."""
        return self.boxes["rank_by"]

    def _choose(self, key: str, place: int) -> None:
        self._ranking.choose(key, self.boxes[key].itemData(place))

    @Slot(int)
    def _diversify(self, tenths: int) -> None:
        self._ranking.choose("diversity", tenths / 10)

    @Slot()
    def _show(self) -> None:
        for key, box in self.boxes.items():
            box.setCurrentIndex(box.findData(self._ranking.value(key)))
        self.boxes["reduce"].setEnabled(self._ranking.value("per") != "image")
        with QSignalBlocker(self.diversity):
            self.diversity.setValue(round(10 * self._ranking.diversity))
        share = self._ranking.diversity
        self._diverse.setText(f"Diverse {share:.1f}" if share else "Diverse")
        self.words.setText(self._ranking.words)
