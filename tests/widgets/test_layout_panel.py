from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from shell_collection import build_collection

from vlm_explorer.viewmodels import layout_choice
from vlm_explorer.viewmodels.map_trust import KEPT
from vlm_explorer.widgets.kept_layouts import KeptLayouts
from vlm_explorer.widgets.layout_panel import LayoutPanel
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.trust_panel import TrustPanel

pytestmark = pytest.mark.slow


@pytest.fixture
def large(window: MainWindow, tmp_path, settle):
    """The window on a collection that has neighbourhoods."""
    window.session.open(build_collection(tmp_path / "large.vlmx", images=90))
    settle(window.session)
    return window


@pytest.fixture
def panel(large, qtbot):
    large.workspace.map.tools.choose_layout()
    panel = large.workspace.map.tools.layouts.findChild(LayoutPanel)
    yield panel
    panel.close()


def button(group, key):
    return next(each for each in group.buttons() if each.property("key") == key)


def words(widget):
    """Return what labels and buttons of a widget say."""
    return " | ".join(
        each.text() for each in widget.findChildren(object) if hasattr(each, "text")
        and each.isVisibleTo(widget)
    )  # fmt: skip


def test_that_each_choice_says_what_it_means_and_the_gap_what_it_is(panel):
    said = words(panel)
    for note in ("with the gap between them as it is", "each less their own mean",
                 "each text stands where the images nearest to it are"):  # fmt: skip
        assert note in said
    assert "distance between the mean image and the mean text vector in the raw space" in said
    assert button(panel.methods, "pca").isChecked()
    assert button(panel.spaces, "raw").isChecked()


def test_that_a_method_that_is_missing_says_how_to_get_it(large, monkeypatch, qtbot):
    monkeypatch.setattr(layout_choice, "pacmap_is_here", lambda: False)
    large.workspace.map.tools.choose_layout()
    panel = large.workspace.map.tools.layouts.findChild(LayoutPanel)
    assert not button(panel.methods, "pacmap").isEnabled()
    assert "pip install 'vlm-explorer[pacmap]'" in words(panel)
    panel.close()


def test_that_a_space_is_laid_out_when_it_is_chosen(panel, large, settle):
    button(panel.spaces, "crossmodal").click()
    settle(large.session)
    answer = large.session.layout.answer
    assert answer.request.space == "crossmodal"
    assert "cross-modal space" in large.workspace.map.caption.lines[0]


@pytest.mark.slow
def test_that_settings_are_those_of_the_method_and_count_when_they_are_applied(
    panel, large, settle, qtbot
):
    assert not any(box.isVisible() for box in panel.settings.values())
    button(panel.methods, "tsne").click()
    settle(large.session)
    shown = [key for key, box in panel.settings.items() if box.isVisible()]
    assert shown == ["perplexity", "seed"]
    assert not panel.apply.isEnabled()
    panel.settings["perplexity"].setValue(10)
    assert panel.apply.isEnabled()
    qtbot.keyClick(panel.settings["perplexity"], Qt.Key.Key_Return)
    settle(large.session)
    assert large.session.layout.answer.request.perplexity == 10
    assert not panel.apply.isEnabled()


def test_that_a_layout_is_kept_opened_renamed_and_removed(panel, large, settle, qtbot):
    session, kept = large.session, panel.kept
    first = session.layout.answer.xy
    qtbot.keyClicks(kept.field, "First")
    qtbot.keyClick(kept.field, Qt.Key.Key_Return)
    settle(session)
    assert session.layout.name == "First"
    assert not kept.keep.isEnabled()
    session.set_layout(space="images", seed=5)
    settle(session)
    assert (session.layout.name, kept.keep.isEnabled()) == ("", True)
    large.workspace.map.model.layouts.open("First")
    settle(session)
    np.testing.assert_array_equal(session.layout.answer.xy, first)
    assert (session.layout.name, session.layout.space, session.layout.seed) == ("First", "raw", 42)
    press(kept, "Rename “First”")
    field = next(f for f in kept.findChildren(type(kept.field)) if f is not kept.field)
    field.setText("Second")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    settle(session)
    assert session.layout.name == "Second"
    qtbot.waitUntil(lambda: "Second" in words(kept))
    press(kept, "Remove “Second”")
    next(b for b in kept.findChildren(type(kept.keep)) if b.text() == "Remove").click()
    settle(session)
    assert session.layout.name == ""
    np.testing.assert_array_equal(session.layout.answer.xy, first)
    qtbot.waitUntil(lambda: "None yet" in words(kept))


def press(kept: KeptLayouts, title: str) -> None:
    next(
        b for b in kept.findChildren(object) if getattr(b, "accessibleName", str)() == title
    ).click()


def test_that_a_name_that_is_taken_is_refused_in_words(panel, large, settle, caplog):
    shelf, session = large.workspace.map.model.layouts, large.session
    shelf.keep("Mine")
    settle(session)
    session.set_layout(seed=9)
    settle(session)
    shelf.keep("mine")
    settle(session)
    assert "There is a layout named “Mine” already" in panel.kept.problem.text()
    assert panel.kept.problem.isVisible()
    assert "UsageError" in caplog.text
    caplog.clear()


def test_that_a_kept_layout_is_shown_again_when_the_collection_is_opened_again(
    large, settle, monkeypatch
):
    session = large.session
    large.workspace.map.model.layouts.keep("Mine")
    settle(session)
    first, place = session.layout.answer.xy, session.collection.folder
    session.kept.put("layout name", "Mine")
    session.close()
    settle(session)
    monkeypatch.setattr("vlm_explorer.queries.layout.project", None)  # nothing is laid out
    session.open(place)
    settle(session)
    assert session.layout.name == "Mine"
    np.testing.assert_array_equal(session.layout.answer.xy, first)


def test_that_a_kept_layout_that_is_gone_is_made_anew_and_said(large, settle, caplog):
    said = []
    large.session.messages.message.connect(lambda level, text, hint: said.append((level, text)))
    large.session.set_layout(name="Gone", seed=4)
    settle(large.session)
    assert said[0][0] == "error"
    assert "keeps no layout named “Gone”" in said[0][1]
    assert large.session.layout.name == ""
    assert large.session.layout.answer.request.seed == 4
    assert "UsageError" in caplog.text
    caplog.clear()


# Trust


def test_that_the_trust_of_the_map_is_measured_said_and_a_column(large, settle, qtbot):
    session, view = large.session, large.workspace.map
    trust = session.layout.trust
    assert f"trust {trust.quality[0].trustworthiness:.2f}" in view.caption.lines[0]
    column = session.columns.get(KEPT)
    assert column.is_number
    rows = session.images.rows_of(session.layout.answer.image_ids)
    np.testing.assert_allclose(column.values[rows], trust.kept)
    view.show_trust()
    panel = view.caption.findChild(TrustPanel)
    settle(session)
    # what is put into a panel that is open already is shown by an event
    qtbot.waitUntil(lambda: f"{trust.quality[0].continuity:.3f}" in words(panel))
    said = words(panel)
    assert "always computed in the full space" in said
    assert "mean nothing on this map" in said
    panel.colour.click()
    assert view.model.colour_by == KEPT
    session.set_layout(space="images")
    assert np.isnan(session.columns.get(KEPT).values).all()
    settle(session)
    assert view.model.colour_by == KEPT
    assert np.isfinite(session.columns.get(KEPT).values).all()


def test_that_groups_are_compared_by_the_cosines_of_their_means(large, settle):
    from vlm_explorer.analysis.centroids import centroid_cosines

    session, desk = large.session, large.workspace.map.model.trust
    groups = desk._compared()
    if len(groups) < 2:
        pytest.skip("there is one group only on this map")
    desk.compare_groups()
    settle(session)
    expected = centroid_cosines(session.content.vectors, [g.members for g in groups])
    alike = desk.alike(0)
    best = max(range(1, len(groups)), key=lambda group: expected[0, group])
    assert alike[0] == (desk.groups[best], f"{expected[0, best]:.2f}".replace("-", "−"))
