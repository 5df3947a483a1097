"""What the core's errors say in the window: where its controls are, not what to type elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from email.message import Message
from pathlib import Path

import pytest
from model_folders import build_clip_vit_folder
from pytestqt.qtbot import QtBot

from vlm_explorer import paths
from vlm_explorer.encoders.registry import describe, find_model_folder
from vlm_explorer.errors import ExplorerError
from vlm_explorer.installing.fetch_errors import Subject, refusal
from vlm_explorer.installing.importing import import_model, remove_model
from vlm_explorer.installing.network import find_network
from vlm_explorer.installing.stream import Answer
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.messages import Messages


def said(function: Callable[[], object]) -> str:
    with pytest.raises(ExplorerError) as raised:
        function()
    assert "`vlm-explorer models" in raised.value.hint, "in a shell the command is named"
    return error_words(raised.value, "")[1]


def test_that_a_missing_encoder_is_to_be_fetched_or_imported_in_the_window() -> None:
    hint = said(lambda: find_model_folder("biomedclip"))
    assert "vlm-explorer " not in hint
    assert hint.startswith("Fetch it (")
    assert " under File, Encoders; with no network, copy the files of https://" in hint
    assert hint.endswith(" into a folder and choose Import under File, Encoders.")


def test_that_the_list_of_encoders_is_named() -> None:
    for hint in (
        said(lambda: find_model_folder("no-such-encoder")),
        said(lambda: remove_model("no-such-encoder")),
    ):
        assert "The list under File, Encoders shows" in hint
        assert "vlm-explorer " not in hint


def test_that_a_token_is_taken_by_the_page_of_the_encoder() -> None:
    spec = describe("medsiglip-448")
    headers = Message()
    headers["X-Error-Code"] = "GatedRepo"
    answer = Answer(401, headers, f"https://huggingface.co/{spec.repository}")
    refused = refusal(Subject(spec, spec.repository), answer, find_network())
    assert "Its page under File, Encoders takes the token" in error_words(refused, "")[1]


def test_that_no_network_leads_to_the_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert said(find_network).endswith("of the encoder: Import under File, Encoders.")


def test_that_a_name_that_is_taken_is_made_free_in_the_window(tmp_path: Path) -> None:
    folder = build_clip_vit_folder(tmp_path / "mine")
    shutil.copytree(folder, paths.models_folder() / "mine")
    hint = said(lambda: import_model(folder, "mine"))
    assert hint == "Choose another id, or remove it first, under File, Encoders."


def test_that_messages_speak_of_the_window(qtbot: QtBot) -> None:
    messages = Messages()
    with pytest.raises(ExplorerError) as raised:
        find_model_folder("biomedclip")
    with qtbot.waitSignal(messages.message) as heard:
        messages.show_error(raised.value)
    assert heard.args == ["error", *error_words(raised.value, "")]
    assert "vlm-explorer " not in heard.args[2]


def test_that_what_has_no_control_stays() -> None:
    hint = "To take the newest one instead: `vlm-explorer models fetch X --revision main`."
    assert error_words(ExplorerError("Withdrawn.", hint), "") == ("Withdrawn.", hint)
