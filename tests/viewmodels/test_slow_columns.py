"""Columns that take long: made off the window's thread when asked for, and kept while they hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event, get_ident

import numpy as np
import pytest
from shell_collection import LABELS, FakeEncoder, build_collection

from vlm_explorer.collection.store import Collection
from vlm_explorer.queries import hub_counts
from vlm_explorer.queries.classify import ClassifyRequest, against_nulls, classify
from vlm_explorer.queries.hub_bank import hubs_of
from vlm_explorer.viewmodels.session import Session

Settle = Callable[[Session], None]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return build_collection(tmp_path / "small.vlmx", 48)


@pytest.fixture
def opened(shell_session: Session, place: Path, settle: Settle) -> Session:
    """A session with a small collection and its three labels scored."""
    shell_session.open(place)
    settle(shell_session)
    shell_session.set_labels(LABELS, "", "multi")
    settle(shell_session)
    return shell_session


def test_that_each_label_has_a_column_of_every_kind(
    opened: Session, place: Path, settle: Settle
) -> None:
    request = ClassifyRequest(LABELS, task="multi")
    collection, encoder = Collection(place), FakeEncoder()
    answer = against_nulls(collection, encoder, classify(collection, encoder, request))
    for offer in opened.columns.offers():
        opened.columns.get(offer.key)
    settle(opened)
    expected = {
        "probability": answer.probability * 100,
        "z": answer.z,
        "percentile": answer.percentile * 100,
        "margin": answer.margin,
        "cosine": answer.cosine,
    }
    for kind, values in expected.items():
        for number, label in enumerate(LABELS):
            column = opened.columns.get(f"{kind}:{label}")
            assert column.title == f"{label}: {kind}"
            assert column.group == f"Labels: {kind}"
            assert column.note
            np.testing.assert_allclose(column.values, values[:, number], rtol=1e-4, atol=1e-5)
    assert opened.columns.get("margin:nodule").centre == 0
    assert "unrelated prompts" in opened.columns.get("percentile:nodule").note


def test_that_hubs_are_columns_that_say_what_was_counted(
    opened: Session, place: Path, settle: Settle
) -> None:
    keys = [offer.key for offer in opened.columns.offers() if offer.group == "Hubs"]
    assert len(keys) == 4
    for key in keys:
        assert opened.columns.get(key).pending
        assert np.isnan(opened.columns.get(key).values).all()
    settle(opened)
    collection = Collection(place)
    bank = hubs_of(collection, FakeEncoder())
    expected = {
        "hubs:prompts": bank.counts,
        "hubs:nearest prompts": bank.nearest,
        "hubs:images": hub_counts.image_hubs(collection, "fake").counts,
        "hubs:captions": hub_counts.caption_hubs(collection, "fake").counts,
    }
    for key, values in expected.items():
        column = opened.columns.get(key)
        np.testing.assert_allclose(column.values, values)
        assert not column.pending
        assert column.title == opened.columns.title(key)
    said = f"{bank.over.prompts:,} unrelated prompts and {bank.over.captions:,} of "
    assert said in opened.columns.get("hubs:prompts").note
    assert bank.over.prompts + bank.over.captions == bank.asked
    assert "N₁₀" in opened.columns.get("hubs:images").note
    assert "48 images" in opened.columns.get("hubs:images").note


def test_that_a_slow_column_is_made_once_and_off_the_windows_thread(
    opened: Session, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    plain = hub_counts.image_hubs

    def watched(*args, **kwargs):
        threads.append(get_ident())
        return plain(*args, **kwargs)

    monkeypatch.setattr(hub_counts, "image_hubs", watched)
    taken = []
    opened.columns.when_made("hubs:images", taken.append)
    assert not taken
    settle(opened)
    made = opened.columns.get("hubs:images")
    assert taken == [made]
    opened.columns.when_made("hubs:images", taken.append)
    assert taken == [made, made]
    opened.search("nodule")
    settle(opened)
    opened.set_labels(LABELS[:2], "", "single")
    settle(opened)
    assert opened.columns.get("hubs:images") is made
    assert len(threads) == 1
    assert get_ident() not in threads


def test_that_z_lasts_as_long_as_the_cosines_it_is_of(opened: Session, settle: Settle) -> None:
    opened.columns.get("z:nodule")
    opened.columns.get("probability:nodule")
    settle(opened)
    z, share = opened.columns.get("z:nodule"), opened.columns.get("probability:nodule")
    opened.labelling.change(temperature=2.0)
    settle(opened)
    assert opened.columns.get("z:nodule") is z
    assert opened.columns.get("probability:nodule") is not share
    chosen = opened.label_state.chosen
    opened.labelling.change(chosen=replace(chosen, templates="radiology"))
    assert opened.columns.get("z:nodule") is None, "the labels are being asked anew"
    settle(opened)
    assert opened.columns.get("z:nodule").pending
    settle(opened)
    assert not np.array_equal(opened.columns.get("z:nodule").values, z.values)


def test_that_a_column_that_was_stopped_is_not_begun_again(
    opened: Session, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = [], Event()

    def endless(*_args, context, **_kwargs):
        begun.append(1)
        while True:
            context.check()
            go.wait(0.01)

    monkeypatch.setattr(hub_counts, "image_hubs", endless)
    taken = []
    opened.columns.when_made("hubs:images", taken.append)
    assert opened.runner.running("column hubs:images").title.startswith("Computing hub score")
    opened.runner.cancel("column hubs:images")
    settle(opened)
    column = opened.columns.get("hubs:images")
    assert not column.pending
    assert column.note == "could not be computed"
    assert not taken
    settle(opened)
    assert len(begun) <= 1


def test_that_what_is_being_made_ends_with_its_collection(opened: Session, settle: Settle) -> None:
    changes = []
    opened.columns.get("hubs:images")
    opened.close()
    opened.columns.changed.connect(lambda: changes.append(opened.columns.names()))
    settle(opened)
    assert changes == []
    assert opened.columns.get("hubs:images") is None
