"""transformers' CLIP and SigLIP with open_clip's face, so that one encoder serves both."""

from __future__ import annotations

from typing import Any

import torch  # noqa: TID253 - only imported when an encoder is loaded

from vlm_explorer.encoders.quiet import quiet_transformers


def build_transformers_model(config: dict[str, Any]) -> torch.nn.Module:
    """Return transformers' `CLIPModel` or `SiglipModel`, its weights not those of any training.

    Args:
        config: the content of `config.json`, its `model_type` `clip` or `siglip`.
    """
    import transformers

    with quiet_transformers():
        if config["model_type"] == "clip":
            clip = transformers.CLIPConfig.from_dict(config)
            model: torch.nn.Module = transformers.CLIPModel(clip)
        else:
            model = transformers.SiglipModel(transformers.SiglipConfig.from_dict(config))
    return model


class TransformersVision(torch.nn.Module):
    """An image tower: pixels float (B, 3, S, S) to vectors (B, D), not normalised."""

    def __init__(self, tower: Any, projection: torch.nn.Module | None) -> None:
        super().__init__()
        self.tower = tower
        self.projection = projection

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the image's vector."""
        pooled: torch.Tensor = self.tower(pixel_values=pixels).pooler_output
        return pooled if self.projection is None else self.projection(pooled)


class TransformersText(torch.nn.Module):
    """A text tower: rows of token numbers int64 (B, L) to vectors (B, D), not normalised.

    Attributes:
        reads_padding: whether padding takes part in a text's vector, as in SigLIP.
        pooling: where a CLIP's vector is read: `argmax`, the first of the largest numbers in a
            row, or `eos`, the first token `eos_id`.
        eos_id: the number of the closing token.
    """

    def __init__(self, tower: Any, projection: torch.nn.Module | None) -> None:
        super().__init__()
        self.tower = tower
        self.projection = projection
        self.reads_padding = projection is None
        self.eos_id: int | None = getattr(tower, "eos_token_id", None)
        # configurations older than transformers 4.31 name a wrong closing token, 2
        self.pooling = "argmax" if self.eos_id == 2 else "eos"

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the text's vector."""
        pooled: torch.Tensor = self.tower(input_ids=rows).pooler_output
        return pooled if self.projection is None else self.projection(pooled)


class TransformersTowers(torch.nn.Module):
    """The towers of a `CLIPModel` or `SiglipModel`.

    Attributes:
        visual: the image tower.
        text: the text tower.
        logit_scale: the logarithm of what cosines are multiplied by.
        logit_bias: what is added after that, None where there is none.
        vocab_size: how many tokens the text tower knows.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.visual = TransformersVision(
            model.vision_model, getattr(model, "visual_projection", None)
        )
        self.text = TransformersText(model.text_model, getattr(model, "text_projection", None))
        self.logit_scale = model.logit_scale
        self.logit_bias = getattr(model, "logit_bias", None)
        self.vocab_size = int(model.config.text_config.vocab_size)

    def encode_image(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return vectors (B, D), not normalised, of pixels (B, 3, S, S)."""
        vectors: torch.Tensor = self.visual(pixels)
        return vectors

    def encode_text(self, rows: torch.Tensor) -> torch.Tensor:
        """Return vectors (B, D), not normalised, of rows of token numbers int64 (B, L)."""
        vectors: torch.Tensor = self.text(rows)
        return vectors
