"""Towers whose attention is written out, so that torch differentiates by its weights."""

from __future__ import annotations

import copy
from types import MethodType

import torch


def written_out(visual):
    """Return a copy of a tower, and the list its attention weights (B, H, Q, N) go to."""
    twin, weights = copy.deepcopy(visual), []

    def attend(query, key, value, mask=0):
        logits = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
        found = torch.softmax(logits + mask, dim=-1)
        weights.append(found)
        return (found @ value).transpose(1, 2).flatten(2)

    def split(tokens, heads):
        return tokens.unflatten(-1, (heads, -1)).transpose(1, 2)

    def timm_block(self, tokens, **_settings):
        parts = [split(part, self.num_heads) for part in self.qkv(tokens).chunk(3, dim=-1)]
        return self.proj(attend(self.q_norm(parts[0]), self.k_norm(parts[1]), parts[2]))

    def timm_pool(self, tokens, **_settings):
        query = split(self.q(self.latent.expand(len(tokens), -1, -1)), self.num_heads)
        key, value = (split(part, self.num_heads) for part in self.kv(tokens).chunk(2, dim=-1))
        pooled = self.proj(attend(self.q_norm(query), self.k_norm(key), value))
        return (pooled + self.mlp(self.norm(pooled)))[:, 0]

    def torch_block(self, *inputs, attn_mask=None, **_settings):
        linear = torch.nn.functional.linear
        sources = zip(inputs, self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3), strict=True)
        parts = [split(linear(*source), self.num_heads) for source in sources]
        return self.out_proj(attend(*parts, 0 if attn_mask is None else attn_mask)), None

    forms = {
        "Attention": timm_block, "AttentionPoolLatent": timm_pool,
        "MultiheadAttention": torch_block,
    }  # fmt: skip
    for module in twin.modules():
        if (form := forms.get(type(module).__name__)) is not None:
            module.forward = MethodType(form, module)
    return twin, weights
