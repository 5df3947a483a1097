from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_explorer.encoders.word_tokens import tokens_by_word, word_places
from vlm_explorer.errors import NotSupported, UsageError
from vlm_explorer.saliency import word_relevance
from vlm_explorer.saliency.left_out import phrases_in, read_for
from vlm_explorer.saliency.words import score_words

TEXT = "left pleural effusion of the lung"
WITHOUT = [
    "pleural effusion of the lung", "left effusion of the lung", "left pleural of the lung",
    "left pleural effusion the lung", "left pleural effusion of lung",
    "left pleural effusion of the",
]  # fmt: skip
KINDS = ("clip", "biomedclip", "siglip", "padded", "plip", "medsiglip")


def every_kind(*often):
    """Each kind of text tower in turn, but for `often` in the slow set only."""
    return [kind if kind in often else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]


@pytest.mark.parametrize("kind", every_kind("clip", "biomedclip", "siglip"))
def test_that_a_word_is_worth_what_the_cosine_loses_without_it(encoders, photo, kind):
    encoder = encoders[kind]
    found = score_words(encoder, photo, TEXT)
    image = encoder.encode_images([photo])[0]
    whole, *without = encoder.encode_texts([TEXT, *WITHOUT]) @ image
    assert found.score == pytest.approx(whole, abs=1e-6)
    assert [word.word for word in found.words] == TEXT.split()
    assert [TEXT[word.start : word.end] for word in found.words] == TEXT.split()
    drops = [word.cosine_drop for word in found.words]
    np.testing.assert_allclose(drops, whole - np.array(without), atol=1e-6)


@pytest.mark.parametrize("kind", every_kind("siglip"))
def test_that_words_beyond_the_window_have_no_effect_at_all(encoders, photo, kind):
    encoder = encoders[kind]
    room = encoder.context_length - encoder.tokenizer.marks
    text = f"{'left ' * room}lung effusion"
    found = score_words(encoder, photo, text)
    beyond = found.words[room:]
    assert [word.read for word in found.words] == [True] * room + [False] * 2
    assert [(word.cosine_drop, word.relevance, word.gradient) for word in beyond] == [(0, 0, 0)] * 2
    assert len(found.warnings) == 1
    assert "2 of" in found.warnings[0]
    # the encoder is of the same mind, and nothing moves up into a place that becomes free
    np.testing.assert_allclose(*encoder.encode_texts([text, f"{'left ' * room}lung"]), atol=1e-6)
    shorter = encoder.encode_texts(["left " * (room - 1)])[0] @ encoder.encode_images([photo])[0]
    assert found.words[0].cosine_drop == pytest.approx(found.score - shorter, abs=1e-6)


def test_that_a_word_that_the_window_ends_in_is_read_in_part(encoders, photo):
    encoder = encoders["biomedclip"]
    long = "qxqxqx"  # spelled by letters
    tokens = len(encoder.tokenizer.tokens(long))
    room = encoder.context_length - encoder.tokenizer.marks
    found = score_words(encoder, photo, "left " * (room - tokens + 2) + f"{long} lung")
    assert [(word.read, word.cut) for word in found.words[-2:]] == [(True, True), (False, False)]
    assert found.words[-2].cosine_drop != 0
    assert found.words[-2].relevance > 0


@settings(max_examples=25)
@given(words=st.lists(st.sampled_from(["left", "lung's", "x-ray", "qwxz", "Ü,", "…"]), min_size=1))
@pytest.mark.parametrize("kind", every_kind("clip"))
def test_that_every_token_belongs_to_one_word(encoders, kind, words):
    tokenizer = encoders[kind].tokenizer
    text = "  ".join(words)
    parts = tokens_by_word(tokenizer, text)
    room = tokenizer.context_length - tokenizer.marks
    assert len(parts) == len(word_places(text))
    count = min(len(tokenizer.tokens(text)), room)
    assert [number for part in parts for number in part] == list(range(count))
    for word, part in zip(words, parts, strict=True):
        if part.stop < room:
            assert tokenizer.tokens(text)[part.start : part.stop] == tokenizer.tokens(word)


def test_that_words_are_parted_as_the_tokenizers_themselves_part_them(encoders):
    text = "Normal chest-xray, of the lung's hilum (2.5 mm) qwxz"
    tokenizer = encoders["biomedclip"].tokenizer
    offsets = tokenizer._whole.encode(text, add_special_tokens=False).offsets
    for (start, end), part in zip(word_places(text), tokens_by_word(tokenizer, text), strict=True):
        inside = [number for number, (a, b) in enumerate(offsets) if start <= a < b <= end]
        assert list(part) == inside
    pairs = encoders["clip"].tokenizer
    ends = [pairs._simple.decoder[token].endswith("</w>") for token in pairs.tokens(text)]
    for part in tokens_by_word(pairs, text):
        assert ends[part.stop - 1]


def test_that_masks_take_the_place_of_words_where_the_tower_knows_them(encoders, photo):
    encoder = encoders["biomedclip"]
    found = score_words(encoder, photo, "left qxq lung", replaced_by="mask")
    image = encoder.encode_images([photo])[0]
    texts = ["left qxq lung", "[MASK] qxq lung", "left [MASK] [MASK] [MASK] lung",
             "left qxq [MASK]"]  # fmt: skip
    whole, *masked = encoder.encode_texts(texts) @ image
    drops = [word.cosine_drop for word in found.words]
    np.testing.assert_allclose(drops, whole - np.array(masked), atol=1e-6)
    for kind in ("clip", "siglip", "plip"):
        with pytest.raises(NotSupported, match="mask"):
            score_words(encoders[kind], photo, TEXT, replaced_by="mask")


def test_that_phrases_are_found_with_the_side_before_them(encoders):
    def found(text):
        read = read_for(encoders["clip"], text)
        return [read.words(part) for part in phrases_in(read, ["pleural effusion", "lung"])]

    assert found("small Left pleural effusion, right lung") == [
        "Left pleural effusion,", "pleural effusion,", "right lung"
    ]  # fmt: skip
    assert found("effusion left") == []


def test_that_a_phrase_is_left_out_as_a_whole(encoders, photo):
    encoder = encoders["clip"]
    known = score_words(encoder, photo, TEXT, phrases=["pleural effusion"])
    assert [phrase.text for phrase in known.phrases] == [
        "left pleural effusion",
        "pleural effusion",
    ]
    texts = [TEXT, "of the lung", "left of the lung"]
    whole, *without = encoder.encode_texts(texts) @ encoder.encode_images([photo])[0]
    drops = [phrase.cosine_drop for phrase in known.phrases]
    np.testing.assert_allclose(drops, whole - np.array(without), atol=1e-6)
    chosen = score_words(encoder, photo, TEXT, phrases=[range(1, 3)])
    assert [phrase.words for phrase in chosen.phrases] == [range(1, 3)]
    assert chosen.phrases[0].cosine_drop == pytest.approx(drops[1], abs=1e-6)
    with pytest.raises(UsageError):
        score_words(encoder, photo, TEXT, phrases=[range(4, 9)])


def test_that_a_single_word_is_compared_with_an_empty_prompt(encoders, photo):
    encoder = encoders["siglip"]
    found = score_words(encoder, photo, " effusion ")
    empty = encoder.encode_texts([""])[0] @ encoder.encode_images([photo])[0]
    assert found.words[0].cosine_drop == pytest.approx(found.score - empty, abs=1e-6)
    with pytest.raises(UsageError, match="no word"):
        score_words(encoder, photo, " \n")


def test_that_words_can_be_left_out_where_no_tower_can_be_looked_into(encoders, photo):
    from dataclasses import replace

    from vlm_explorer.saliency import text_taps

    encoder = replace(encoders["clip"])
    with pytest.MonkeyPatch.context() as patch:
        reason = text_taps.TextTower(reason="it is a riddle")
        patch.setattr(text_taps, "read_text_tower", lambda _model: reason)
        found = score_words(encoder, photo, TEXT)
    assert "riddle" in found.reason
    assert found.marks_share is None
    assert all(word.relevance is None for word in found.words)
    assert any(word.cosine_drop for word in found.words)


@pytest.mark.parametrize("kind", every_kind("biomedclip"))
def test_that_nothing_is_left_behind_after_an_error(encoders, photo, kind, monkeypatch):
    encoder = encoders[kind]
    before = score_words(encoder, photo, TEXT)
    modules = list(encoder.model.modules())
    state = [(len(module._forward_hooks), len(module._forward_pre_hooks), set(module.__dict__))
             for module in modules]  # fmt: skip

    def fail(_tap):
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patch:
        patch.setattr(word_relevance, "attention_of", fail)
        with pytest.raises(RuntimeError, match="middle"):
            score_words(encoder, photo, TEXT)
    assert state == [
        (len(module._forward_hooks), len(module._forward_pre_hooks), set(module.__dict__))
        for module in modules
    ]
    assert score_words(encoder, photo, TEXT) == before


def test_that_threads_do_not_disturb_each_other(encoders, photo):
    texts = [TEXT, "normal chest", "a nodule of the left lung", "no effusion"] * 2
    encoder = encoders["biomedclip"]
    expected = [score_words(encoder, photo, text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: score_words(encoder, photo, text), texts))
    assert found == expected


@pytest.mark.slow
def test_that_the_finding_carries_more_than_its_side_in_the_demo_study(tmp_path):
    import json

    import vlm_explorer as vlm
    from vlm_explorer.demo.study import write_study

    write_study(tmp_path, images=90, seed=11)
    encoder = vlm.load_encoder("demo", device="cpu", precision="fp32")
    truth = json.loads((tmp_path / "truth.json").read_text())
    drops = []
    for file, facts in truth.items():
        for finding in facts["findings"]:
            if finding["name"] == "pleural effusion":
                pixels = vlm.render(tmp_path / file).pixels
                text = f"{finding['side']} pleural effusion"
                found = score_words(encoder, pixels, text, phrases=["pleural effusion"])
                side, _, effusion = (word.cosine_drop for word in found.words)
                drops.append((side, effusion, found.phrases[-1].cosine_drop))
    side, effusion, phrase = np.mean(drops, axis=0)
    assert len(drops) >= 5
    assert phrase > effusion > side
