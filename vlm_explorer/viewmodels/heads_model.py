"""The heads of every layer as a table of small maps: layers down, heads across."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)

from vlm_explorer.jobs import Progress
from vlm_explorer.rendering.colour_maps import colour_map
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.heads_work import LayersOfHeads, read_heads, tile_words
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.saliency.head_maps import HeadMaps

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
TILE = Qt.ItemDataRole.UserRole + 1  # uint8 (gh, gw, 3), a head's map in colours; None for none
_FUSED = ("Mean", "Max")
_KEY = "heads"


class HeadsModel(QAbstractTableModel):
    """Reads the heads of the image on show while someone looks at them.

    Colours go from 0 to the greatest value of each small map. What is asked is where the query of
    the overlay looks: a patch where one was chosen, else what leads to the image's vector.

    Attributes:
        stage, message: how far it has come, and what to say where there is no table.

    Signals:
        changed(): stage, message, or what is chosen.
    """

    changed = Signal()

    def __init__(
        self, session: Session, saliency: ActiveSaliency, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._saliency = session, saliency
        self.stage, self.message = Stage.OFF, ""
        self._found = LayersOfHeads()
        self._shape = 0, 0
        self._asked: tuple[object, ...] = ()
        self._watched = False
        saliency.changed.connect(self._follow)

    # What the user asks for

    def watch(self, watched: bool) -> None:
        """Read the heads from now on, or no longer: nobody sees them."""
        self._watched = watched
        if watched:
            self._follow()
        elif self.stage is Stage.RUNNING:
            self._begin(())

    def choose(self, layer: int, column: int) -> None:
        """Show a head over the scan, or the mean or the max of all."""
        heads = self._found.heads[layer] if layer < len(self._found.heads) else 0
        if not 0 <= column < heads + len(_FUSED):
            return
        overlay = self._saliency.model
        if overlay.choice.method != "attention":
            overlay.set_method("attention")
        overlay.set_layer(layer)
        overlay.set_head(("mean", "max")[column] if column < 2 else column - 2)

    @property
    def chosen(self) -> tuple[int, int] | None:
        """Row and column of what lies over the scan; None where that is no attention."""
        choice, count = self._saliency.model.choice, len(self._found.names)
        if choice.method != "attention" or not count:
            return None
        column = choice.head + 2 if isinstance(choice.head, int) else choice.head == "max"
        return choice.layer % count, int(column)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers; empty until they are known."""
        return self._found.names

    def words(self, row: int, column: int) -> str:
        """Return what is known of a head, in a sentence."""
        maps = self._maps(row, column)
        return "" if maps is None else tile_words(self._found.names[row], maps, column)

    # What is asked

    @Slot()
    def _follow(self) -> None:
        """Ask anew if the question is another one."""
        if not self._watched:
            return
        request, cell = self._saliency.model.request, self._saliency.model.choice.cell
        if request is None:
            missing = self._session.encoder is None
            self._begin(("nothing", missing))
            scan = "Reading the scan." if self._session.selection.ids else "Open a scan first."
            self.message = "No encoder is loaded yet." if missing else scan
            self.stage = Stage.WAITING
        elif reason := self._saliency.model.reasons.get("attention", ""):
            self._begin(("not applicable", reason))
            self.stage = Stage.FAILED
            self.message = f"This encoder has no attention to show: {reason}."
        else:
            asked = request.image_id, request.encoder.fingerprint, request.ct_window, cell
            if asked != self._asked:
                self._begin(asked)
                self.stage, self.message = Stage.RUNNING, "Reading the heads."
                self._session.runner.start(
                    read_heads, request, self._saliency.model.attention, cell, self._found,
                    title="Reading heads", key=_KEY, lane="long",
                    on_success=self._take, on_failure=self._fail, on_progress=self._take_layers,
                )  # fmt: skip
        self.changed.emit()

    def _begin(self, asked: tuple[object, ...]) -> None:
        self._session.runner.cancel(_KEY)
        self.beginResetModel()
        self._asked, self._found, self._shape = asked, LayersOfHeads(), (0, 0)
        self.endResetModel()
        self.stage, self.message = Stage.OFF, ""

    @Slot(object)
    def _take_layers(self, _progress: Progress | None = None) -> None:
        """Show what has come."""
        found = self._found
        if found.names and self._shape == (0, 0):
            self.beginResetModel()
            self._shape = len(found.names), max(found.heads) + len(_FUSED)
            self.endResetModel()
            self.changed.emit()
        rows, columns = self._shape
        if rows:
            self.dataChanged.emit(self.index(0, 0), self.index(rows - 1, columns - 1))

    @Slot(object)
    def _take(self, _found: LayersOfHeads) -> None:
        self.stage, self.message = Stage.READY, ""
        self._take_layers()
        self.changed.emit()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.stage = Stage.FAILED
        self.message = " ".join(error_words(error, "The heads could not be read."))
        self.changed.emit()

    # The table

    def _maps(self, row: int, column: int) -> HeadMaps | None:
        """Return the layer's heads if that one is there."""
        layers = self._found.layers
        maps = layers[row] if row < len(layers) else None
        return maps if maps is not None and column < len(maps.heads) else None

    def rowCount(self, parent: Index = ROOT) -> int:
        """Return the number of layers."""
        return 0 if parent.isValid() else self._shape[0]

    def columnCount(self, parent: Index = ROOT) -> int:
        """Return the number of heads of the layer with most of them, and two for all in one."""
        return 0 if parent.isValid() else self._shape[1]

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the layer's name, or the head's number."""
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation == Qt.Orientation.Vertical:
            return self._found.names[section]
        return _FUSED[section] if section < len(_FUSED) else f"Head {section - len(_FUSED)}"

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return that heads can be chosen; a layer may have fewer than others."""
        if index.isValid() and index.column() < self._found.heads[index.row()] + len(_FUSED):
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return Qt.ItemFlag.NoItemFlags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a head's entropy, its words, or its small map."""
        maps = self._maps(index.row(), index.column())
        if maps is None:
            return None
        place = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            bits = maps.entropy[place]
            return f"{bits:.1f} bits" if np.isfinite(bits) else ""
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.words(index.row(), place)
        if role == TILE:
            return _coloured(maps.grid[place])
        return None


def _coloured(grid: np.ndarray) -> np.ndarray:
    """Return a map in colours from 0 to its greatest value, uint8 (gh, gw, 3)."""
    top = float(grid.max())
    shares = grid / top if top > 0 else np.zeros_like(grid)
    coloured: np.ndarray = colour_map(False)[np.rint(255 * shares).astype(np.uint8)]
    return coloured
