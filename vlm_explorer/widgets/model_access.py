"""How to get access to an encoder whose publisher asks for it, and the token that proves it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from vlm_explorer.viewmodels.model_facts import ModelFacts
from vlm_explorer.viewmodels.model_shelf import ModelShelf
from vlm_explorer.widgets.controls import GlyphLabel, Words, text_button
from vlm_explorer.widgets.notice import Notice

KEPT = {
    "keyring": "A token is kept in this machine's keyring.",
    "hub login": "The token of the hub's own login on this machine is used.",
    "environment": "The token of the environment variable HF_TOKEN is used.",
}
WHERE = "It goes into this machine's keyring, and to the hub when something is fetched."


class ModelAccess(QWidget):
    """Words and a link, and a masked field; shown for gated encoders that are not here yet."""

    def __init__(self, shelf: ModelShelf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shelf = shelf
        self._address = ""
        self._looked = False
        self.setProperty("notice", "plain")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.words = QLabel("", self)
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.page = text_button("Open its page", "link", self)
        self.page.setProperty("flush", True)
        self.field = QLineEdit(self)
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setPlaceholderText("Token, hf_…")
        self.field.setAccessibleName("Token for the hub")
        self.field.setToolTip(WHERE)
        self.keep = text_button("Keep the token", parent=self)
        self.kept = Words("", "secondary", parent=self)
        self.forget = text_button("Forget the token", "link", self)
        self.problem = Notice("error", self)
        self._entry, self._state = QWidget(self), QWidget(self)
        self._lay_out()
        self.page.clicked.connect(self._open_page)
        self.keep.clicked.connect(self._keep)
        self.field.returnPressed.connect(self._keep)
        self.field.textChanged.connect(self._decide)
        self.forget.clicked.connect(shelf.forget_token)
        shelf.token_changed.connect(self._take_outcome)
        self.hide()

    def _lay_out(self) -> None:
        entry = QHBoxLayout(self._entry)
        state = QHBoxLayout(self._state)
        for row in (entry, state):
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(8)
        entry.addWidget(self.field, 1)
        entry.addWidget(self.keep)
        state.addWidget(GlyphLabel("ph.key", "secondary", parent=self))
        state.addWidget(self.kept, 1)
        state.addWidget(self.forget)
        link = QHBoxLayout()
        link.setContentsMargins(0, 0, 0, 0)
        link.addWidget(self.page)
        link.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addWidget(self.words)
        column.addLayout(link)
        column.addWidget(self._entry)
        column.addWidget(self._state)
        column.addWidget(self.problem)

    def show_model(self, facts: ModelFacts) -> None:
        """Say how to get access to an encoder; nothing for one that needs none."""
        self._address = facts.address
        self.words.setText(facts.access)
        self.page.setVisible(bool(facts.address))
        self.page.setToolTip(facts.address)
        self._show_token()
        wanted = facts.gated and not facts.installed and not facts.not_offered
        self.setVisible(wanted)
        if wanted and not self._looked:
            self._looked = True
            self._shelf.look_for_token()
        self._decide()

    def _show_token(self) -> None:
        token = self._shelf.token
        self._entry.setVisible(not token)
        self._state.setVisible(bool(token))
        self.kept.setText(KEPT.get(token, ""))
        self.forget.setVisible(token == "keyring")

    def clear(self) -> None:
        """Forget what was typed."""
        self.field.clear()
        self.problem.say("", "")

    @Slot()
    def _decide(self) -> None:
        self.keep.setEnabled(bool(self.field.text().strip()))

    @Slot()
    def _keep(self) -> None:
        if token := self.field.text().strip():
            self._shelf.keep_token(token)

    @Slot(str, str)
    def _take_outcome(self, problem: str, hint: str) -> None:
        """What was typed does not stay in the field, unless it has to be corrected."""
        if not problem:
            self.field.clear()
        self._show_token()
        self.problem.say(problem, hint)

    @Slot()
    def _open_page(self) -> None:
        QDesktopServices.openUrl(QUrl(self._address))
