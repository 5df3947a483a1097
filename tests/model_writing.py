"""Random weights, and the files of a model folder in open_clip's layout."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

from model_tokenizers import write_json

OPENAI_PREPROCESS = {
    "mean": [0.48145466, 0.4578275, 0.40821073],
    "std": [0.26862954, 0.26130258, 0.27577711],
}
# the extra keys that newer repositories carry
FULL_PREPROCESS = OPENAI_PREPROCESS | {"interpolation": "bicubic", "resize_mode": "shortest"}
# logarithm of a scale that no constructor starts with
LOGIT_SCALE = math.log(37.5)


def random_state(
    model_cfg: dict[str, Any], seed: int, bert: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the state of the model that open_clip builds from a configuration."""
    import open_clip
    import torch

    cfg = json.loads(json.dumps(model_cfg))
    text_cfg = cfg["text_cfg"]
    text_cfg["hf_proj_type"] = text_cfg.pop("proj", text_cfg.get("hf_proj_type", "mlp"))
    pooler = text_cfg.pop("pooler_type", text_cfg.get("hf_pooler_type", "mean_pooler"))
    text_cfg["hf_pooler_type"] = pooler
    custom_text = cfg.pop("custom_text", False) or bert is not None
    kind = open_clip.CustomTextCLIP if custom_text else open_clip.CLIP
    if "multimodal_cfg" in cfg:
        kind = open_clip.CoCa
    with tempfile.TemporaryDirectory() as place, torch.random.fork_rng():
        torch.manual_seed(seed)
        if bert is not None:
            write_json(Path(place, "config.json"), bert)
            text_cfg |= {"hf_model_name": place, "hf_model_pretrained": False}
        model = kind(**cfg)
        with torch.no_grad():
            model.logit_scale.fill_(LOGIT_SCALE)
            if model.visual.image_size != (224, 224):
                _spread(model)
                _settle(model.visual)
    state: dict[str, Any] = model.state_dict()
    if bert is not None:
        positions = torch.arange(512).unsqueeze(0)
        state["text.transformer.embeddings.position_ids"] = positions
    return state


def _spread(model: Any) -> None:
    """Draw matrices so that signals keep their size: fresh ones give all inputs one vector."""
    for name, parameter in model.named_parameters():
        if parameter.ndim >= 2 and "embedding" not in name:
            parameter.normal_(std=1.4 * (parameter.shape[0] / parameter.numel()) ** 0.5)
        elif name.endswith("weight") and not parameter.any():
            parameter.fill_(1.0)


def _settle(visual: Any) -> None:
    """Set the statistics of a convolutional tower of timm as training does, on noise."""
    import torch

    layers = [part for part in visual.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    if not layers or not hasattr(visual, "trunk"):
        return
    for layer in layers:
        layer.momentum = 1.0
    visual.train()(torch.rand(8, 3, *visual.image_size))
    visual.eval()


def save(folder: Path, state: dict[str, Any], weights: str) -> None:
    if weights == "bin":
        import torch

        torch.save(state, folder / "open_clip_pytorch_model.bin")
        return
    from safetensors.torch import save_file

    state.pop("text.transformer.embeddings.position_ids", None)
    tensors = {key: value.contiguous() for key, value in state.items()}
    save_file(tensors, folder / "open_clip_model.safetensors", {"format": "pt"})


def write_config(folder: Path, model_cfg: dict[str, Any], preprocess_cfg: dict[str, Any]) -> None:
    write_json(
        folder / "open_clip_config.json",
        {"model_cfg": model_cfg, "preprocess_cfg": preprocess_cfg},
    )


def write_blank_checkpoint(file: Path, architecture: str) -> Path:
    """Write a bare state dict of one of open_clip's architectures, all zeros, in few bytes."""
    import torch

    from vlm_explorer.installing.guessing import empty_model

    number = torch.zeros(())  # each tensor is this one, repeated
    tensors = empty_model(architecture).state_dict()
    torch.save({name: number.expand(tensor.shape) for name, tensor in tensors.items()}, file)
    return file
