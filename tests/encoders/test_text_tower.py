"""Texts at their own length give the vectors of the whole window."""

from __future__ import annotations

import threading
from collections import ChainMap

import pytest
import torch
from encoder_fixtures import MadeWhenAsked
from model_folders import BUILDERS, TRANSFORMERS_BUILDERS

from vlm_explorer.encoders.model_folder import read_model_folder
from vlm_explorer.encoders.text_tower import encode_rows, used_tokens
from vlm_explorer.encoders.tokenizer import load_tokenizer
from vlm_explorer.encoders.towers import load_towers

READ_WHOLE = ("siglip", "siglip2", "mobileclip2", "coca", "medsiglip", "google-siglip2")


@pytest.fixture(scope="module")
def towers(folders, transformers_folders) -> MadeWhenAsked:
    """Towers and tokenizer of every kind and layout."""
    every = ChainMap(folders, transformers_folders)

    def load(kind):
        folder = read_model_folder(every[kind])
        return load_towers(folder), load_tokenizer(folder)

    return MadeWhenAsked(every, load)


def whole(model, rows: torch.Tensor) -> torch.Tensor:
    found = model.encode_text(rows)
    return found[0] if isinstance(found, tuple) else found


@pytest.mark.parametrize("kind", BUILDERS | TRANSFORMERS_BUILDERS)
def test_that_a_cut_row_gives_the_vector_of_the_whole(kind, towers, texts):
    model, tokenizer = towers[kind]
    rows = tokenizer(texts)
    used = used_tokens(model, rows)
    assert (used is None) == (kind in READ_WHOLE)
    with torch.no_grad():
        expected = whole(model, rows)
        torch.testing.assert_close(encode_rows(model, rows), expected)
        if used is None:
            return
        assert used.max() == rows.shape[1]
        assert used.min() == tokenizer.marks
        for number, length in enumerate(used.tolist()):
            for cut in {length, min(length + 3, rows.shape[1])}:
                found = encode_rows(model, rows[number : number + 1, :cut])
                torch.testing.assert_close(
                    found, expected[number : number + 1], rtol=1e-4, atol=2e-5
                )


@pytest.mark.parametrize("kind", [k for k in BUILDERS | TRANSFORMERS_BUILDERS
                                  if k not in READ_WHOLE])  # fmt: skip
def test_that_the_closing_token_takes_part_and_padding_does_not(kind, towers):
    model, tokenizer = towers[kind]
    row = tokenizer(["pleural effusion"])
    used = int(used_tokens(model, row))
    other = row.clone()
    other[:, used:] = 5
    with torch.no_grad():
        closing = row[:, used - 1]
        assert (row[:, : used - 1] != closing[:, None]).all()
        if not kind.startswith(("biomedclip", "quiltnet")):  # other numbers are no padding there
            torch.testing.assert_close(whole(model, other), whole(model, row))


def test_that_threads_do_not_disturb_each_other(towers):
    model, tokenizer = towers["clip-vit"]
    texts = ["no", "left pleural effusion", "the left lung " * 20]
    rows = tokenizer(texts)
    used = used_tokens(model, rows)
    with torch.no_grad():
        expected = whole(model, rows)
    wrong = []

    def encode(number: int) -> None:
        with torch.no_grad():
            for _ in range(20):
                found = encode_rows(model, rows[number : number + 1, : int(used[number])])
                if not torch.allclose(found[0], expected[number], rtol=1e-4, atol=2e-5):
                    wrong.append(number)

    threads = [threading.Thread(target=encode, args=(number,)) for number in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert model.attn_mask.shape == (77, 77)
    assert model.positional_embedding.shape[0] == 77
