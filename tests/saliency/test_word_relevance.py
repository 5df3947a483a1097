import copy

import numpy as np
import pytest
import torch
from plain_attention import written_out
from torch.nn.functional import normalize

from vlm_explorer.errors import UsageError
from vlm_explorer.saliency.left_out import read_for
from vlm_explorer.saliency.text_taps import capture_text
from vlm_explorer.saliency.word_relevance import relevance_of
from vlm_explorer.saliency.words import score_words

TEXT = "left pleural effusion of the lung's hilum"

KINDS = ("clip", "biomedclip", "siglip", "padded", "plip", "medsiglip")


def every_kind(*often):
    """Each kind of text tower in turn, but for `often` in the slow set only."""
    return [kind if kind in often else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]


# By kind, where in a row the text's vector is read.
READ_AT = {
    "clip": lambda row: int(row.argmax()),
    "padded": lambda row: int(row.argmax()),
    "plip": lambda row: int(row.argmax()),
    "biomedclip": lambda row: 0,
    "siglip": lambda row: -1,
    "medsiglip": lambda row: -1,
}


def plain(encoder, row, image):
    """Return cosine, attention weights and token vectors in torch's graph, of the whole row.

    open_clip's towers with their attention written out; transformers' with their own eager
    attention, whose weights they give out.
    """
    model, embedded = copy.deepcopy(encoder.model), []

    def embed(_module, _inputs, output):
        embedded.append(output.detach().requires_grad_())
        return embedded[0]

    text = getattr(model, "text", model)
    kind = type(text).__name__
    if kind in ("HFTextEncoder", "TransformersText"):
        tower = text.transformer if kind == "HFTextEncoder" else text.tower
        tower.set_attn_implementation("eager")
        layer = tower.embeddings
        module = layer.word_embeddings if kind == "HFTextEncoder" else layer.token_embedding
        module.register_forward_hook(embed)
        if kind == "HFTextEncoder":
            mask = (row[None] != text.config.pad_token_id).long()
            out = tower(input_ids=row[None], attention_mask=mask, output_attentions=True)
            vector = text.proj(out.last_hidden_state[:, 0])
        else:
            out = tower(input_ids=row[None], output_attentions=True)
            pooled = out.pooler_output
            vector = pooled if text.projection is None else text.projection(pooled)
        weights = list(out.attentions)
    else:
        model, weights = written_out(model)
        getattr(model, "text", model).token_embedding.register_forward_hook(embed)
        vector = model.encode_text(row[None])
    return normalize(vector, dim=-1)[0] @ torch.from_numpy(image), weights, embedded[0]


@pytest.mark.parametrize("start", [0, pytest.param(-1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", every_kind("clip", "biomedclip", "siglip"))
def test_that_relevance_is_the_rule_as_published(encoders, photo, kind, start):
    encoder = encoders[kind]
    image = encoder.encode_images([photo])[0]
    found = relevance_of(encoder, image, read_for(encoder, TEXT), start_layer=start)
    row = encoder.tokenizer([TEXT])[0]
    cosine, weights, _ = plain(encoder, row, image)
    gradients = torch.autograd.grad(encoder.logit_scale * cosine, weights)
    relevance = torch.eye(len(row))
    for gradient, attention in list(zip(gradients, weights, strict=True))[start:]:
        step = (gradient * attention)[0].clamp(min=0).mean(dim=0)
        relevance = relevance + step @ relevance
    at = READ_AT[kind](row)
    expected = relevance[at].clone()
    expected[at] -= 1
    expected = (expected / expected.sum()).detach().numpy()
    length = len(found.tokens)
    np.testing.assert_allclose(found.tokens, expected[:length], rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal(expected[length:], 0)


@pytest.mark.parametrize("kind", every_kind("clip", "biomedclip", "siglip"))
def test_that_gradient_times_embedding_is_autograds(encoders, photo, kind):
    encoder = encoders[kind]
    image = encoder.encode_images([photo])[0]
    found = relevance_of(encoder, image, read_for(encoder, TEXT))
    cosine, _, embedded = plain(encoder, encoder.tokenizer([TEXT])[0], image)
    (gradient,) = torch.autograd.grad(cosine, embedded)
    expected = (gradient * embedded).sum(dim=-1)[0].detach().numpy()
    length = len(found.token_gradients)
    np.testing.assert_allclose(found.token_gradients, expected[:length], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("kind", every_kind("siglip"))
def test_that_tokens_are_summed_to_words_and_the_rest_is_said(encoders, photo, kind):
    encoder = encoders[kind]
    found = score_words(encoder, photo, TEXT)
    detail = relevance_of(encoder, encoder.encode_images([photo])[0], read_for(encoder, TEXT))
    assert found.reason == ""
    assert sum(word.relevance for word in found.words) + found.marks_share == pytest.approx(1)
    row = encoder.tokenizer([TEXT])[0].tolist()
    for word, part in zip(found.words, detail.places, strict=True):
        assert row[part.start : part.stop] == encoder.tokenizer.tokens(word.word)
        assert word.relevance == pytest.approx(detail.tokens[part.start : part.stop].sum())
        gradient = detail.token_gradients[part.start : part.stop].sum()
        assert word.gradient == pytest.approx(gradient, abs=1e-7)


@pytest.mark.parametrize("kind", every_kind("biomedclip"))
def test_that_a_captured_tower_encodes_as_the_tower_itself(encoders, kind):
    encoder = encoders[kind]
    with capture_text(encoder) as captured:
        vector = captured.trace(encoder.tokenizer([TEXT])[0])
    expected = encoder.encode_texts([TEXT])[0]
    np.testing.assert_allclose(vector.detach().numpy(), expected, atol=2e-6)


def test_that_a_block_that_is_not_there_is_refused(encoders, photo):
    encoder = encoders["clip"]
    with pytest.raises(UsageError, match="no block 9"):
        score_words(encoder, photo, TEXT, start_layer=9)
