"""Token numbers against open_clip's own tokenizers, and what a text encoder reads."""

from __future__ import annotations

import json

import open_clip
import pytest
from encoder_fixtures import MadeWhenAsked
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_explorer.encoders.model_folder import read_model_folder
from vlm_explorer.encoders.tokenizer import (
    BytePairTokenizer,
    FileTokenizer,
    TransformersTokenizer,
    load_tokenizer,
)
from vlm_explorer.errors import BadModelFolder

CLASSES = {
    "biomedclip": FileTokenizer,
    "biomedclip, old keys": FileTokenizer,
    "clip-vit": BytePairTokenizer,
    "clip-resnet": BytePairTokenizer,
    "coca": BytePairTokenizer,
    "siglip": TransformersTokenizer,
    "siglip2": TransformersTokenizer,
    "mobileclip2": BytePairTokenizer,
    "quiltnet-pmb": FileTokenizer,
    "own vocabulary": FileTokenizer,
}


@pytest.fixture(scope="session")
def pairs(folders):
    """Our tokenizer and open_clip's, of every kind."""
    return MadeWhenAsked(
        folders,
        lambda kind: (
            load_tokenizer(read_model_folder(folders[kind])),
            open_clip.get_tokenizer(f"local-dir:{folders[kind]}"),
        ),
    )


@pytest.mark.parametrize("kind", CLASSES)
def test_that_rows_equal_open_clips(kind, pairs, texts):
    ours, theirs = pairs[kind]
    assert isinstance(ours, CLASSES[kind])
    assert ours(texts).tolist() == theirs(texts).tolist()
    assert ours("pleural effusion").tolist() == theirs("pleural effusion").tolist()


@settings(max_examples=200, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=60),
        st.lists(st.sampled_from(["left", "PNEUMONIA,", "x-ray", "[SEP]", "é", "☃", "12"])).map(
            " ".join
        ),
    )
)
def test_that_any_text_gives_open_clips_row(text, pairs):
    for ours, theirs in pairs.values():
        assert ours([text]).tolist() == theirs([text]).tolist()


@pytest.mark.parametrize("kind", CLASSES)
def test_that_marks_and_tokens_make_up_a_row(kind, pairs):
    tokenizer, _ = pairs[kind]
    pad = tokenizer([""])[0, -1].item()
    for text in ("normal chest", "pleural effusion on the left"):
        tokens = tokenizer.tokens(text)
        row = tokenizer([text])[0].tolist()
        start = row.index(tokens[0])
        assert row[start : start + len(tokens)] == tokens
        assert len(tokens) + tokenizer.marks <= tokenizer.context_length
        assert set(row[len(tokens) + tokenizer.marks :]) == {pad}


@pytest.mark.parametrize(
    "change",
    [
        lambda folder, config: config.update(do_lower_case=False),
        lambda folder, config: config.update(padding_side="left"),
        lambda folder, config: config.update(strip_accents=False),
        lambda folder, config: (folder / "tokenizer.json").unlink(),
    ],
    ids=["cased", "padded on the left", "accents kept", "no tokenizer.json"],
)
def test_that_files_that_disagree_are_left_to_transformers(biomedclip_folder, change, texts):
    file = biomedclip_folder / "tokenizer_config.json"
    config = json.loads(file.read_text())
    change(biomedclip_folder, config)
    file.write_text(json.dumps(config))
    tokenizer = load_tokenizer(read_model_folder(biomedclip_folder))
    theirs = open_clip.get_tokenizer(f"local-dir:{biomedclip_folder}")
    assert isinstance(tokenizer, TransformersTokenizer)
    assert tokenizer(texts).tolist() == theirs(texts).tolist()


def test_that_a_folder_without_tokenizer_files_is_refused(biomedclip_folder):
    for file in read_model_folder(biomedclip_folder).tokenizer_files:
        file.unlink()
    with pytest.raises(BadModelFolder, match="tokenizer files"):
        load_tokenizer(read_model_folder(biomedclip_folder))


def test_that_a_training_mask_is_left_out(clip_folder, edit_config, texts):
    edit_config(
        clip_folder,
        lambda config: config["model_cfg"]["text_cfg"].update(
            tokenizer_kwargs={"reduction_mask": "syntax"}
        ),
    )
    tokenizer = load_tokenizer(read_model_folder(clip_folder))
    assert tokenizer(texts).tolist() == open_clip.SimpleTokenizer()(texts).tolist()
