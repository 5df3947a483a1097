"""The window: pages, keys, selection in every pane, messages, sheets, names for the blind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot
from shell_collection import IMAGES, FakeEncoder, image_id

from vlm_explorer.viewmodels import background
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets import toast
from vlm_explorer.widgets.command_palette import CommandPalette
from vlm_explorer.widgets.main_menu import UNBOUND
from vlm_explorer.widgets.main_window import LEAST, MainWindow
from vlm_explorer.widgets.strip import LABELS, PROBLEMS, RESULTS, TABS
from vlm_explorer.widgets.theme import theme, themes
from vlm_explorer.widgets.toast import Note

Settle = Callable[[Session], None]
ENTER, ESCAPE = Qt.Key.Key_Return, Qt.Key.Key_Escape


@pytest.fixture(autouse=True)
def messages_that_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no message go by itself while a slow machine builds the window."""
    monkeypatch.setattr(toast, "LINGER", 600_000)


def press(widget: QWidget, key: Qt.Key | str, modifier: Qt.KeyboardModifier | None = None) -> None:
    QTest.keyClick(widget, key, modifier or Qt.KeyboardModifier.NoModifier)


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


# Pages


def test_that_the_window_begins_on_the_welcome_page(window: MainWindow) -> None:
    assert window.pages.currentWidget() is window.welcome
    assert window.windowTitle() == "VLM Explorer"
    assert not window.menu.actions["file.close"].isEnabled()
    assert window.status.notice.text() == "Research use. Not for diagnosis."


def test_that_an_open_collection_takes_the_place_of_the_welcome_page(opened: MainWindow) -> None:
    assert opened.pages.currentWidget() is opened.workspace
    assert opened.windowTitle() == "Small · VLM Explorer"
    assert opened.status.shown.text() == "24 of 24 shown"
    assert opened.status.encoder.text() == "fake · cpu · fp32"
    assert opened.status.seed.text() == "seed 42"


def test_that_closing_the_collection_leads_back_to_the_welcome_page(
    opened: MainWindow, small: Path
) -> None:
    opened.menu.actions["file.close"].trigger()
    assert opened.pages.currentWidget() is opened.welcome
    assert opened.session.recent.places == [small]


def test_that_the_welcome_page_opens_what_was_opened_before(
    qtbot: QtBot, shell_session: Session, small: Path, settle: Settle
) -> None:
    shell_session.recent.add(small)
    window = MainWindow(shell_session, Thumbnails(shell_session, shell_session))
    qtbot.addWidget(window)
    window.show()
    row = next(
        button
        for button in window.welcome.findChildren(QAbstractButton)
        if button.accessibleName() == f"Open {small.name}"
    )
    assert row.height() == 44, "two lines fit"
    qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    settle(shell_session)
    assert len(shell_session.images) == IMAGES


def test_that_the_recent_list_opens_places_and_can_be_cleared(
    opened: MainWindow, small: Path, settle: Settle
) -> None:
    (menu,) = (m for m in opened.findChildren(QMenu) if m.title() == "Recent")
    opened.session.close()
    menu.actions()[0].trigger()
    settle(opened.session)
    assert len(opened.session.images) == IMAGES
    menu.actions()[-1].trigger()
    assert opened.session.recent.places == []
    assert not menu.isEnabled()


def test_that_a_dropped_folder_is_opened(window: MainWindow, small: Path, settle: Settle) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(small))])
    event = QDropEvent(
        QPointF(10, 10),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)
    assert event.isAccepted()
    settle(window.session)
    assert len(window.session.images) == IMAGES


# Layout


def test_that_the_panes_have_their_sizes_at_first(opened: MainWindow) -> None:
    panes = opened.workspace
    assert (opened.width(), opened.height()) == (1280, 800)
    assert panes.library.width() == 220
    assert panes.viewer.width() == 420
    assert panes.strip.height() == 200
    assert panes.prompt.width() == panes.map.width()
    assert panes.strip.width() == panes.stage.width()
    assert opened.status.height() in (24, 25)


def test_that_map_and_viewer_grow_alike(opened: MainWindow, qtbot: QtBot) -> None:
    panes = opened.workspace
    before = panes.map.width(), panes.viewer.width(), panes.library.width()
    opened.resize(1880, 1000)
    qtbot.waitUntil(lambda: panes.map.width() > before[0])
    grown = panes.map.width() - before[0], panes.viewer.width() - before[1]
    assert abs(grown[0] - grown[1]) <= 2
    assert panes.library.width() == before[2]
    assert panes.strip.height() == 200


def test_that_the_window_fits_a_small_screen(opened: MainWindow, qtbot: QtBot) -> None:
    assert opened.minimumSizeHint().width() <= LEAST.width()
    assert opened.minimumSizeHint().height() <= LEAST.height()
    opened.resize(LEAST)
    qtbot.waitUntil(lambda: opened.width() == LEAST.width())
    assert opened.workspace.viewer.width() >= 384
    assert opened.workspace.map.width() >= 320


def test_that_the_strip_folds_to_its_tabs_and_back(opened: MainWindow, qtbot: QtBot) -> None:
    strip = opened.workspace.strip
    press(opened, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: strip.height() == TABS)
    assert strip.tabs.height() >= 30, "the tabs are whole"
    assert not strip.stack.isVisible()
    strip.show_tab(LABELS)
    qtbot.waitUntil(lambda: strip.height() == 200)
    assert strip.stack.currentIndex() == LABELS


def test_that_the_stage_shows_map_viewer_and_prompt_alone(opened: MainWindow) -> None:
    panes = opened.workspace
    press(opened, Qt.Key.Key_F11)
    assert panes.map.isVisible()
    assert panes.viewer.isVisible()
    assert panes.prompt.isVisible()
    hidden = (panes.library, panes.strip, opened.status, opened.menuBar())
    assert not any(each.isVisible() for each in hidden)
    press(opened, ESCAPE)
    assert all(each.isVisible() for each in hidden)


def test_that_the_keys_that_the_guide_names_are_those_of_the_window(window: MainWindow) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guide.md").read_text(encoding="utf-8")
    table = guide.split("| anywhere | |")[1].split("\n\n")[0]
    cells = [line.split(" | ")[0] for line in table.splitlines()[2:]]
    named = {key for cell in cells for key in re.findall("`([^`]+)`", cell)}
    known = {key for row in window.panes()["Window"] for key in row.shortcut.split()}
    assert len(named) > 20
    assert named - {"Esc"} <= known


def test_that_a_window_on_a_small_or_scaled_screen_fits_it_and_leaves_room_for_the_scan(
    window: MainWindow, small: Path, settle: Settle
) -> None:
    room = window.screen().availableSize()
    assert room.width() < LEAST.width(), "a small screen"
    window.restore_window()
    assert (window.width(), window.height()) == (room.width(), min(room.height(), 800))
    window.setMinimumHeight(533)  # as on a screen of 1280 × 800 pixels at 150 %
    window.resize(room.width(), 533)
    window.session.open(small)
    settle(window.session)
    panes = window.workspace
    assert not panes.library.isVisible()
    assert panes.strip.folded
    for pane in (panes.map, panes.viewer):
        corner = pane.mapTo(window, pane.rect().bottomRight())
        assert window.rect().contains(corner), "nothing lies beyond the edge"
    press(window, "B", Qt.KeyboardModifier.ControlModifier)
    press(window, "J", Qt.KeyboardModifier.ControlModifier)
    assert panes.library.isVisible()
    assert not panes.strip.folded


@pytest.mark.usefixtures("large_screen")
def test_that_the_panes_are_found_again_where_they_were(
    qtbot: QtBot, opened: MainWindow, shell_session: Session
) -> None:
    opened.workspace.columns.setSizes([300, 979])
    opened.close()
    again = MainWindow(shell_session, Thumbnails(shell_session, shell_session))
    qtbot.addWidget(again)
    again.restore_window()
    again.show()
    assert abs(again.workspace.library.width() - 300) <= 1


def test_that_the_tab_is_found_again_but_no_filter_whose_words_may_be_a_name(
    opened: MainWindow, small: Path, settle: Settle
) -> None:
    opened.workspace.library.focus_filter()
    QTest.keyClicks(focused(), "ct")
    press(focused(), ENTER)
    assert opened.session.shown.sum() == 9
    opened.workspace.strip.show_tab(LABELS)
    opened.session.close()
    settle(opened.session)
    assert opened.workspace.library.filter.text() == ""
    opened.session.open(small)
    settle(opened.session)
    assert opened.workspace.library.filter.text() == ""
    assert opened.session.shown.all()
    assert opened.workspace.strip.stack.currentIndex() == LABELS


# Keys


def test_that_no_two_actions_of_a_pane_share_a_key(opened: MainWindow) -> None:
    panes = opened.panes()
    in_window = [sequence.toString() for row in panes["Window"] for sequence in row.sequences]
    for name, rows in panes.items():
        own = [sequence.toString() for row in rows for sequence in row.sequences]
        taken = own if name == "Window" else [*own, *(k for k in in_window if k != "Esc")]
        assert not [key for key, count in Counter(taken).items() if count > 1], name


def test_that_every_action_has_an_id_of_its_own_and_a_title(opened: MainWindow) -> None:
    rows = [row for rows in opened.panes().values() for row in rows]
    assert len({row.id for row in rows}) == len(rows)
    for row in rows:
        assert row.title[0].isupper()
        assert not row.title.endswith((".", "!"))
        assert all(not sequence.isEmpty() for sequence in row.sequences), row.id


def test_that_the_actions_of_the_window_are_bound(opened: MainWindow) -> None:
    for row in opened.menu.rows():
        if row.id not in UNBOUND:
            action = opened.menu.actions[row.id]
            assert action.shortcuts() == [QKeySequence(key) for key in row.shortcut.split()]


def test_that_slash_focuses_the_prompt_and_enter_searches(
    opened: MainWindow, settle: Settle
) -> None:
    opened.workspace.map.setFocus()
    press(focused(), "/")
    assert focused() is opened.workspace.prompt.field
    QTest.keyClicks(focused(), "nodule")
    press(focused(), ENTER)
    assert opened.session.query.text == "nodule"
    settle(opened.session)
    assert opened.workspace.prompt.note.text().startswith("24 images ranked · best cosine 0.")


def test_that_a_slash_in_a_text_is_a_slash(opened: MainWindow) -> None:
    opened.workspace.library.focus_filter()
    QTest.keyClicks(focused(), "t1/t2?")
    assert opened.workspace.library.filter.text() == "t1/t2?"


def test_that_escape_clears_one_thing_at_a_time(opened: MainWindow, settle: Settle) -> None:
    session, panes = opened.session, opened.workspace
    opened.toast.dismiss()
    session.select([image_id(1)])
    session.search("nodule")
    settle(session)
    panes.library.focus_filter()
    QTest.keyClicks(focused(), "ct")
    press(focused(), ENTER)
    assert session.shown.sum() == 9
    press(focused(), ESCAPE)
    assert session.shown.sum() == IMAGES
    assert session.query.active
    press(focused(), ESCAPE)
    assert not session.query.active
    assert panes.prompt.field.text() == ""
    press(focused(), ESCAPE)
    assert not session.selection.ids


def test_that_the_arrows_walk_through_the_history_of_prompts(
    opened: MainWindow, settle: Settle
) -> None:
    field = opened.workspace.prompt.field
    field.setFocus()
    for text in ("effusion", "nodule"):
        field.setText(text)
        press(field, ENTER)
    press(field, Qt.Key.Key_Up)
    press(field, Qt.Key.Key_Up)
    assert field.text() == "effusion"
    press(field, Qt.Key.Key_Down)
    assert field.text() == "nodule"
    settle(opened.session)


def test_that_down_leads_from_the_prompt_to_the_first_result_and_enter_opens_it(
    opened: MainWindow, settle: Settle
) -> None:
    field, results = opened.workspace.prompt.field, opened.workspace.strip.results
    field.setFocus()
    field.setText("nodule")
    press(field, ENTER)
    settle(opened.session)
    press(field, Qt.Key.Key_Down)
    assert focused() is results.view
    assert opened.session.selection.current == results.model.image_id(0)
    press(focused(), ENTER)
    assert opened.workspace.viewer.isAncestorOf(focused())


def test_that_unknown_words_are_named_below_the_prompt(opened: MainWindow, qtbot: QtBot) -> None:
    prompt = opened.workspace.prompt
    height = prompt.height()
    prompt.field.setText("left zzz")
    qtbot.waitUntil(lambda: "zzz" in prompt.note.text())
    assert prompt.note.text() == "This encoder never met: zzz. Try other words."
    assert prompt.height() == height, "nothing jumps"
    prompt.field.setText("left nodule")
    qtbot.waitUntil(lambda: "zzz" not in prompt.note.text())


# One selection


def test_that_a_series_in_the_library_is_selected_everywhere(
    opened: MainWindow, qtbot: QtBot
) -> None:
    tree = opened.workspace.library.tree
    series = tree.model().index_of_image(image_id(4))
    tree.scrollTo(series)
    where = tree.visualRect(series).center()
    qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=where)
    expected = {image_id(3), image_id(4), image_id(5)}
    assert opened.session.selection.ids == expected
    assert opened.session.selection.current == image_id(3)
    results = opened.workspace.strip.results
    chosen = results.view.selectionModel().selectedIndexes()
    assert {results.model.image_id(index.row()) for index in chosen} == expected


def test_that_an_image_chosen_elsewhere_marks_its_series_in_the_library(
    opened: MainWindow,
) -> None:
    opened.session.select([image_id(10)])
    tree = opened.workspace.library.tree
    (index,) = tree.selectionModel().selectedIndexes()
    assert index == tree.model().index_of_image(image_id(10))
    assert opened.session.selection.ids == {image_id(10)}, "following selects nothing itself"


def test_that_the_grid_is_walked_with_the_arrows_and_enter_opens(
    opened: MainWindow, qtbot: QtBot
) -> None:
    results = opened.workspace.strip.results
    view = results.view
    view.setFocus()
    view.setCurrentIndex(results.model.index(0))
    press(view, Qt.Key.Key_Right)
    assert opened.session.selection.current == image_id(1)
    with qtbot.waitSignal(results.opened):
        press(view, ENTER)
    assert opened.workspace.viewer.isAncestorOf(focused())


def test_that_space_looks_and_space_looks_away(opened: MainWindow, settle: Settle) -> None:
    results = opened.workspace.strip.results
    results.view.setFocus()
    results.view.setCurrentIndex(results.model.index(0))
    press(results.view, Qt.Key.Key_Space)
    assert opened.workspace.quick_look.isVisible()
    assert opened.workspace.quick_look.caption.text() == "XR · effusion · XR with effusion"
    press(focused(), Qt.Key.Key_Right)
    assert opened.workspace.quick_look.picture.image_id == image_id(1)
    press(focused(), Qt.Key.Key_Space)
    assert not opened.workspace.quick_look.isVisible()
    assert focused() is results.view
    settle(opened.session)


def test_that_more_like_this_shows_a_chip_that_ends_it(
    opened: MainWindow, qtbot: QtBot, settle: Settle
) -> None:
    results, prompt = opened.workspace.strip.results, opened.workspace.prompt
    results.view.setFocus()
    results.view.setCurrentIndex(results.model.index(5))
    press(results.view, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    settle(opened.session)
    assert prompt.chip.isVisible()
    assert results.model.image_id(0) == image_id(5)
    summary = opened.workspace.strip.summary.text()
    assert summary == "8 series, 24 of 24 images shown · most alike first"
    qtbot.mouseClick(prompt.chip, Qt.MouseButton.LeftButton)
    assert not prompt.chip.isVisible()
    assert not opened.session.query.active


def test_that_the_grid_makes_no_widget_for_an_image(opened: MainWindow) -> None:
    assert not opened.workspace.strip.results.view.viewport().findChildren(QWidget)


# Labels and problems


def test_that_a_label_is_added_in_the_table(
    opened: MainWindow, qtbot: QtBot, settle: Settle
) -> None:
    panel = opened.workspace.strip.labels
    opened.workspace.strip.show_tab(LABELS)
    opened.session.set_labels(["effusion"], "raw", "single")
    settle(opened.session)
    where = panel.table.visualRect(panel.model.index(1, 0)).center()
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    editor = focused()
    QTest.keyClicks(editor, "nodule")
    press(editor, ENTER)
    qtbot.waitUntil(lambda: opened.session.label_state.labels == ("effusion", "nodule"))
    settle(opened.session)
    assert panel.choice.sets.currentText().endswith(" · edited")


def test_that_a_ready_made_set_is_asked_in_its_own_way(opened: MainWindow, settle: Settle) -> None:
    panel = opened.workspace.strip.labels
    sets = panel.choice.sets
    place = sets.findData("chest-radiograph")
    sets.setCurrentIndex(place)
    sets.activated.emit(place)
    settle(opened.session)
    assert opened.session.label_state.task == "multi"
    assert panel.choice.task.currentData() == "multi"
    assert "20.0" in panel.choice.temperature.toolTip()
    opened.session.select([image_id(0)])
    assert panel.summary.text() == panel.model.summary != ""


def test_that_losses_are_said_with_a_way_to_see_them(opened: MainWindow, qtbot: QtBot) -> None:
    assert opened.toast.isVisible()
    assert opened.toast.words.text() == "2 files could not be read."
    strip = opened.workspace.strip
    assert strip.tabs.tabText(PROBLEMS) == "Problems (2)"
    qtbot.mouseClick(opened.toast.button, Qt.MouseButton.LeftButton)
    assert strip.stack.currentWidget() is strip.problems
    strip.problems.copy_all()
    assert QGuiApplication.clipboard().text().count("\n") == 1


# Messages


def test_that_messages_wait_for_each_other_and_lie_above_the_strip(
    opened: MainWindow, qtbot: QtBot
) -> None:
    toast = opened.toast
    toast.dismiss()
    opened.session.messages.show_warning("First.", "Do this.")
    opened.session.messages.show_warning("Second.")
    opened.session.messages.show_warning("Second.")
    assert toast.words.text() == "First. Do this."
    bottom = toast.mapTo(opened, QPoint(0, toast.height())).y()
    assert bottom < opened.workspace.strip.mapTo(opened, QPoint(0, 0)).y()
    qtbot.mouseClick(toast.close_button, Qt.MouseButton.LeftButton)
    assert toast.words.text() == "Second."
    with qtbot.waitSignal(toast.emptied):
        qtbot.mouseClick(toast.close_button, Qt.MouseButton.LeftButton)
    assert not toast.isVisible()


def test_that_a_warning_takes_the_place_of_mere_news(opened: MainWindow) -> None:
    opened.toast.dismiss()
    opened.toast.show_note(Note("info", "News."))
    opened.toast.show_note(Note("error", "Loss."))
    assert opened.toast.words.text() == "Loss."


def test_that_a_long_message_is_not_clipped(opened: MainWindow, qtbot: QtBot) -> None:
    opened.toast.dismiss()
    opened.session.messages.show_warning("Something happened to a file. " * 8)
    words = opened.toast.words
    qtbot.waitUntil(lambda: words.height() >= words.heightForWidth(words.width()))
    assert opened.workspace.map_column.rect().contains(opened.toast.geometry())


def test_that_a_message_leaves_the_scan_and_its_tools_alone(opened: MainWindow) -> None:
    opened.toast.dismiss()
    opened.session.messages.show_warning("Something happened to a file. " * 8)
    toast, viewer = opened.toast, opened.workspace.viewer
    right = toast.mapTo(opened, QPoint(toast.width(), 0)).x()
    assert right < viewer.mapTo(opened, QPoint(0, 0)).x()


def test_that_the_banner_speaks_of_the_demo_encoder_until_dismissed(
    opened: MainWindow, qtbot: QtBot
) -> None:
    banner = opened.workspace.banner
    assert not banner.isVisible()
    bundled = FakeEncoder()
    bundled.id = background.BUNDLED
    opened.session.put(encoder=bundled, encoder_id=bundled.id)
    assert banner.isVisible()
    assert banner.get.text() == "Get BiomedCLIP (784 MB)"
    qtbot.mouseClick(banner.get, Qt.MouseButton.LeftButton)
    sheet = opened.sheets.shown
    assert sheet is not None
    assert sheet.isVisible()
    press(focused(), ESCAPE)
    assert not sheet.isVisible()
    qtbot.mouseClick(banner.close_button, Qt.MouseButton.LeftButton)
    assert not banner.isVisible()
    opened.session.put(encoder=bundled)
    assert not banner.isVisible()


# Sheets


def test_that_the_help_sheet_lists_every_key(opened: MainWindow, qtbot: QtBot) -> None:
    press(opened, "?")
    sheet = opened.sheets.shown
    assert sheet is not None
    assert sheet.isVisible()
    from PySide6.QtWidgets import QLabel

    shown = {label.text() for label in sheet.findChildren(QLabel)}
    titles = {row.title for row in opened.menu.rows() if row.shortcut}
    assert titles <= shown
    press(focused(), ESCAPE)
    assert not sheet.isVisible()


def test_that_the_palette_finds_an_action_by_its_words(opened: MainWindow) -> None:
    press(opened, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = opened.sheets.shown
    assert isinstance(palette, CommandPalette)
    assert focused() is palette.field
    QTest.keyClicks(palette.field, "THEME light")
    assert palette.list.count() == 1
    press(palette.field, ENTER)
    assert not palette.isVisible()
    assert not theme().dark


def test_that_the_palette_is_walked_with_the_arrows(opened: MainWindow) -> None:
    opened.sheets.open_palette()
    palette = opened.sheets.shown
    assert isinstance(palette, CommandPalette)
    assert palette.list.count() == sum(map(len, opened.panes().values()))
    press(palette.field, Qt.Key.Key_Down)
    press(palette.field, Qt.Key.Key_Down)
    press(palette.field, Qt.Key.Key_Up)
    assert palette.list.currentRow() == 1
    press(palette.field, ESCAPE)
    assert not palette.isVisible()


def test_that_the_theme_is_kept_for_the_next_start(opened: MainWindow) -> None:
    from vlm_explorer.settings import load_settings

    opened.menu.actions["view.theme"].trigger()
    assert load_settings().theme == "light"
    assert opened.menu.actions["view.theme"].text() == "Dark theme"
    themes.set_theme("dark")


def test_that_system_information_holds_versions_and_no_places(
    opened: MainWindow, small: Path
) -> None:
    opened.copy_system_information()
    text = QGuiApplication.clipboard().text()
    assert "VLM Explorer" in text
    assert "PySide6-Essentials 6" in text
    assert str(small.parent) not in text


# Access


def test_that_every_button_has_words_or_a_name(opened: MainWindow, qtbot: QtBot) -> None:
    opened.sheets.open_help()
    for button in opened.findChildren(QAbstractButton):
        if button.isHidden():
            continue  # it is given its words when it is shown
        named = button.text() or button.accessibleName() or button.toolTip()
        internal = button.objectName().startswith("qt_") or "Scroll" in type(button).__name__
        inside = type(button.parent()).__name__
        assert (
            named or internal or inside in ("QLineEdit", "PromptField", "QTabBar", "QTableView")
        ), f"{type(button).__name__} in {inside}"


def test_that_every_pane_can_be_reached_by_the_tab_key(opened: MainWindow) -> None:
    panes = opened.workspace
    wanted = {panes.library.tree, panes.prompt.field, panes.strip.results.view, panes.strip.tabs}
    reached: set[QWidget] = set()
    panes.library.filter.setFocus()
    for _ in range(80):
        press(focused(), Qt.Key.Key_Tab)
        reached.add(focused())
    assert wanted <= reached
    assert opened.workspace.strip.stack.currentIndex() == RESULTS
