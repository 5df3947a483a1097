"""Model folders of transformers' own classes in the layouts of published encoders."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from model_tokenizers import (
    write_clip_tokenizer,
    write_gemma_tokenizer,
    write_json,
    write_sentencepiece_tokenizer,
)
from model_writing import LOGIT_SCALE, OPENAI_PREPROCESS

CLIP_TEXT = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "projection_dim": 24,
}
CLIP_VISION = {
    "hidden_size": 48,
    "image_size": 64,
    "intermediate_size": 96,
    "num_attention_heads": 3,
    "num_hidden_layers": 3,
    "patch_size": 16,
    "projection_dim": 24,
}
NORMALISATION = {"image_mean": OPENAI_PREPROCESS["mean"], "image_std": OPENAI_PREPROCESS["std"]}


def build_pubmedclip_folder(folder: Path, *, seed: int = 0) -> Path:
    """PubMedCLIP and PLIP: an early layout, with plain sizes, `.bin` weights and counters in it."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "_name_or_path": "openai/clip-vit-base-patch32",
        "architectures": ["CLIPModel"],
        "initializer_factor": 1.0,
        "logit_scale_init_value": 2.6592,
        "model_type": "clip",
        "projection_dim": 24,
        "text_config": CLIP_TEXT | {"model_type": "clip_text_model", "eos_token_id": 2},
        "text_config_dict": CLIP_TEXT | {"eos_token_id": 2},
        "torch_dtype": "float32",
        "vision_config": CLIP_VISION | {"model_type": "clip_vision_model"},
        "vision_config_dict": CLIP_VISION,
    }
    write_json(folder / "config.json", config)
    processor = {
        "crop_size": 64,
        "do_center_crop": True,
        "do_normalize": True,
        "do_resize": True,
        "feature_extractor_type": "CLIPFeatureExtractor",
        **NORMALISATION,
        "resample": 3,
        "size": 64,
    }
    write_json(folder / "preprocessor_config.json", processor)
    write_clip_tokenizer(folder, whole=False)
    _save_bin(folder, _random_state(config, seed))
    return folder


def build_tinyclip_folder(folder: Path, *, seed: int = 0) -> Path:
    """TinyCLIP: today's layout of a CLIP, the closing token named, sizes in words."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "architectures": ["CLIPModel"],
        "model_type": "clip",
        "projection_dim": 24,
        "text_config": CLIP_TEXT | {"bos_token_id": 49406, "eos_token_id": 49407},
        "torch_dtype": "float32",
        "vision_config": CLIP_VISION,
    }
    write_json(folder / "config.json", config)
    processor = {
        "crop_size": {"height": 64, "width": 64},
        "do_center_crop": True,
        "do_convert_rgb": True,
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_processor_type": "CLIPImageProcessor",
        **NORMALISATION,
        "resample": 3,
        "rescale_factor": 1 / 255,
        "size": {"shortest_edge": 64},
    }
    write_json(folder / "preprocessor_config.json", processor)
    write_clip_tokenizer(folder, whole=True)
    _save_safetensors(folder, _random_state(config, seed))
    return folder


def build_medsiglip_folder(folder: Path, *, seed: int = 0) -> Path:
    """MedSigLIP: a sigmoid bias, squashed bilinearly, 64 tokens of sentencepiece."""
    folder.mkdir(parents=True, exist_ok=True)
    write_sentencepiece_tokenizer(folder)
    config = _siglip_config(200)
    write_json(folder / "config.json", config)
    _write_siglip_processor(folder, resample=2)
    _save_safetensors(folder, _random_state(config, seed))
    return folder


def build_google_siglip2_folder(folder: Path, *, seed: int = 0) -> Path:
    """SigLIP2 of a fixed resolution: SigLIP's class with Gemma's tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    write_gemma_tokenizer(folder)
    config = _siglip_config(512)
    write_json(folder / "config.json", config)
    _write_siglip_processor(folder, resample=2)
    _save_safetensors(folder, _random_state(config, seed))
    return folder


def _siglip_config(vocabulary: int) -> dict[str, Any]:
    tower = {
        "hidden_size": 36,
        "intermediate_size": 54,
        "num_attention_heads": 3,
        "num_hidden_layers": 3,
    }
    text = {"max_position_embeddings": 64, "vocab_size": vocabulary, "projection_size": 36}
    return {
        "architectures": ["SiglipModel"],
        "initializer_factor": 1.0,
        "model_type": "siglip",
        "text_config": tower
        | text
        | {"model_type": "siglip_text_model", "bos_token_id": 0, "eos_token_id": 1},
        "torch_dtype": "float32",
        "vision_config": tower
        | {"model_type": "siglip_vision_model", "image_size": 84, "patch_size": 14},
    }


def _write_siglip_processor(folder: Path, resample: int) -> None:
    processor = {
        "do_convert_rgb": None,
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_processor_type": "SiglipImageProcessor",
        "image_std": [0.5, 0.5, 0.5],
        "processor_class": "SiglipProcessor",
        "resample": resample,
        "rescale_factor": 1 / 255,
        "size": {"height": 84, "width": 84},
    }
    write_json(folder / "preprocessor_config.json", processor)


def _random_state(config: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return the state of the model that transformers builds from a configuration."""
    import torch
    import transformers

    kinds: dict[str, Any] = {
        "clip": (transformers.CLIPConfig, transformers.CLIPModel),
        "siglip": (transformers.SiglipConfig, transformers.SiglipModel),
    }
    settings, kind = kinds[config["model_type"]]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = kind(settings.from_dict(config))
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim >= 2:
                    # spread so that signals keep their size, and inputs differ
                    parameter.normal_(std=1.4 / math.sqrt(parameter[0].numel()))
            model.logit_scale.fill_(LOGIT_SCALE)
            if config["model_type"] == "siglip":
                model.logit_bias.fill_(-11.5)
    state: dict[str, Any] = model.state_dict()
    return state


def _save_bin(folder: Path, state: dict[str, Any]) -> None:
    import torch

    counters = {
        "text_model.embeddings.position_ids": torch.arange(77).unsqueeze(0),
        "vision_model.embeddings.position_ids": torch.arange(17).unsqueeze(0),
    }
    torch.save(state | counters, folder / "pytorch_model.bin")


def _save_safetensors(folder: Path, state: dict[str, Any]) -> None:
    from safetensors.torch import save_file

    tensors = {key: value.contiguous() for key, value in state.items()}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
