"""Model folders in the exact layouts of published encoders, with random weights.

Plain functions that write a folder and return it; all are seeded, so two calls give equal files.
Nothing in them is trained: they serve to test loading, encoding and everything built on it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from model_tokenizers import (
    WORDS,
    vocabulary_of_words,
    write_bert_tokenizer,
    write_gemma_tokenizer,
    write_json,
    write_t5_tokenizer,
)
from model_writing import (
    FULL_PREPROCESS,
    OPENAI_PREPROCESS,
    random_state,
    save,
    write_config,
)
from transformers_folders import (
    build_google_siglip2_folder,
    build_medsiglip_folder,
    build_pubmedclip_folder,
    build_tinyclip_folder,
)

PUBMEDBERT = "microsoft/BiomedNLP-PubMedBERT-base-uncased-abstract"
BIOMEDBERT = "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract"
SMALL_BERT = {
    "model_type": "bert",
    "architectures": ["BertForMaskedLM"],
    "vocab_size": 30522,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 128,
    "pad_token_id": 0,
}
FULL_BERT = {"model_type": "bert", "vocab_size": 30522, "pad_token_id": 0}


def build_biomedclip_folder(
    folder: Path,
    *,
    full_size: bool = False,
    keys: Literal["new", "old"] = "new",
    weights: Literal["bin", "safetensors"] = "bin",
    seed: int = 0,
) -> Path:
    """BiomedCLIP: timm ViT and transformers BERT, WordPiece vocabulary, 256 tokens.

    The full-size one has 195.9 million parameters and, like the repository that it copies, no
    config.json for its text tower.
    """
    folder.mkdir(parents=True, exist_ok=True)
    projection, pooler = (
        ("proj", "pooler_type")
        if keys == "old"
        else (
            "hf_proj_type",
            "hf_pooler_type",
        )
    )
    name = PUBMEDBERT if keys == "old" else BIOMEDBERT
    model_cfg: dict[str, Any] = {
        "embed_dim": 512,
        "vision_cfg": {
            "timm_model_name": "vit_base_patch16_224" if full_size else "test_vit",
            "timm_model_pretrained": False,
            "timm_pool": "",
            "timm_proj": "linear",
            "image_size": 224 if full_size else 160,
        },
        "text_cfg": {
            "hf_model_name": name,
            "hf_tokenizer_name": name,
            projection: "mlp",
            pooler: "cls_last_hidden_state_pooler",
            "context_length": 256,
        },
    }
    write_config(folder, model_cfg, OPENAI_PREPROCESS)
    write_bert_tokenizer(folder)
    if not full_size:
        write_json(folder / "config.json", SMALL_BERT)
    state = random_state(model_cfg, seed, FULL_BERT if full_size else SMALL_BERT)
    save(folder, state, weights)
    return folder


def build_clip_vit_folder(
    folder: Path, *, weights: Literal["bin", "safetensors"] = "safetensors", seed: int = 0
) -> Path:
    """OpenAI's CLIP with a Vision Transformer: native towers, byte-pair vocabulary, 77 tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    model_cfg: dict[str, Any] = {
        "embed_dim": 48,
        "quick_gelu": True,
        "vision_cfg": {
            "image_size": 64,
            "layers": 3,
            "width": 64,
            "head_width": 16,
            "patch_size": 16,
        },
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 32,
            "heads": 2,
            "layers": 2,
        },
    }
    write_config(folder, model_cfg, FULL_PREPROCESS)
    save(folder, random_state(model_cfg, seed), weights)
    return folder


def build_resnet_folder(
    folder: Path, *, weights: Literal["bin", "safetensors"] = "safetensors", seed: int = 0
) -> Path:
    """OpenAI's CLIP with a modified ResNet and attention pooling."""
    folder.mkdir(parents=True, exist_ok=True)
    model_cfg: dict[str, Any] = {
        "embed_dim": 48,
        "quick_gelu": True,
        "vision_cfg": {"image_size": 96, "layers": [1, 1, 1, 1], "width": 8, "patch_size": None},
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 32,
            "heads": 2,
            "layers": 2,
        },
    }
    write_config(folder, model_cfg, FULL_PREPROCESS)
    save(folder, random_state(model_cfg, seed), weights)
    return folder


def build_siglip_folder(
    folder: Path, *, weights: Literal["bin", "safetensors"] = "safetensors", seed: int = 0
) -> Path:
    """SigLIP: timm ViT with a pooling head, text without causal mask, sigmoid bias, squash."""
    folder.mkdir(parents=True, exist_ok=True)
    model_cfg: dict[str, Any] = {
        "embed_dim": 96,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {
            "image_size": 160,
            "timm_model_name": "test_vit3",
            "timm_model_pretrained": False,
            "timm_pool": "map",
            "timm_proj": "none",
        },
        "text_cfg": {
            "context_length": 64,
            "vocab_size": 512,
            "hf_tokenizer_name": "timm/ViT-B-16-SigLIP",
            "tokenizer_kwargs": {"clean": "canonicalize"},
            "width": 96,
            "heads": 3,
            "layers": 2,
            "no_causal_mask": True,
            "proj_bias": True,
            "pool_type": "last",
            "norm_kwargs": {"eps": 1e-6},
        },
    }
    preprocess = {
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "interpolation": "bicubic",
        "resize_mode": "squash",
    }
    write_config(folder, model_cfg, preprocess)
    write_t5_tokenizer(folder)
    save(folder, random_state(model_cfg, seed), weights)
    return folder


def build_siglip2_folder(
    folder: Path, *, weights: Literal["bin", "safetensors"] = "safetensors", seed: int = 0
) -> Path:
    """SigLIP2: as SigLIP, with Gemma's tokenizer and its own activation."""
    build_siglip_folder(folder, weights=weights, seed=seed)
    config = json.loads((folder / "open_clip_config.json").read_text(encoding="utf-8"))
    text_cfg = config["model_cfg"]["text_cfg"]
    text_cfg["hf_tokenizer_name"] = "timm/ViT-B-16-SigLIP2"
    text_cfg["act_kwargs"] = {"approximate": "tanh"}
    write_json(folder / "open_clip_config.json", config)
    write_gemma_tokenizer(folder)
    return folder


def build_mobileclip2_folder(
    folder: Path, *, weights: Literal["bin", "safetensors"] = "safetensors", seed: int = 0
) -> Path:
    """MobileCLIP2: a convolutional image tower of timm, text without causal mask."""
    folder.mkdir(parents=True, exist_ok=True)
    model_cfg: dict[str, Any] = {
        "embed_dim": 64,
        "vision_cfg": {
            "timm_model_name": "fastvit_mci0",
            "timm_model_pretrained": False,
            "timm_pool": "avg",
            "timm_proj": None,
            "timm_drop": 0.0,
            "timm_drop_path": 0.0,
            "image_size": 128,
        },
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 32,
            "heads": 2,
            "layers": 2,
            "no_causal_mask": True,
        },
        "custom_text": True,
    }
    preprocess = {
        "mean": [0.0, 0.0, 0.0],
        "std": [1.0, 1.0, 1.0],
        "interpolation": "bilinear",
        "resize_mode": "shortest",
    }
    write_config(folder, model_cfg, preprocess)
    save(folder, random_state(model_cfg, seed), weights)
    return folder


def build_quiltnet_pmb_folder(
    folder: Path, *, weights: Literal["bin", "safetensors"] = "bin", seed: int = 0
) -> Path:
    """QuiltNet-B-16-PMB: a native image tower with PubMedBERT, the first keys, 256 tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    model_cfg: dict[str, Any] = {
        "embed_dim": 48,
        "vision_cfg": {
            "image_size": 64,
            "layers": 2,
            "width": 64,
            "head_width": 16,
            "patch_size": 16,
        },
        "text_cfg": {
            "hf_model_name": PUBMEDBERT,
            "hf_tokenizer_name": PUBMEDBERT,
            "proj": "mlp",
            "pooler_type": "cls_last_hidden_state_pooler",
            "context_length": 256,
        },
    }
    write_config(folder, model_cfg, OPENAI_PREPROCESS)
    write_bert_tokenizer(folder)
    write_json(folder / "config.json", SMALL_BERT)
    save(folder, random_state(model_cfg, seed, SMALL_BERT), weights)
    return folder


def build_coca_folder(
    folder: Path, *, weights: Literal["bin", "safetensors"] = "safetensors", seed: int = 0
) -> Path:
    """CoCa: attentional pooling of the image, a class token at the end of the text."""
    folder.mkdir(parents=True, exist_ok=True)
    text = {"context_length": 76, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
    model_cfg: dict[str, Any] = {
        "embed_dim": 32,
        "custom_text": True,
        "vision_cfg": {
            "image_size": 64,
            "layers": 2,
            "width": 48,
            "head_width": 16,
            "patch_size": 16,
            "attentional_pool": True,
            "attn_pooler_heads": 4,
            "output_tokens": True,
        },
        "text_cfg": text | {"embed_cls": True, "output_tokens": True},
        "multimodal_cfg": text | {"attn_pooler_heads": 4},
    }
    write_config(folder, model_cfg, FULL_PREPROCESS)
    save(folder, random_state(model_cfg, seed), weights)
    return folder


def build_own_vocabulary_folder(
    folder: Path, *, weights: Literal["bin", "safetensors"] = "safetensors", seed: int = 0
) -> Path:
    """Native towers with a small vocabulary of their own, padded input, and a list of words.

    This is the layout of the encoder that comes with the program.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = vocabulary_of_words()
    model_cfg: dict[str, Any] = {
        "embed_dim": 48,
        "custom_text": True,
        "vision_cfg": {
            "image_size": 56,
            "layers": 2,
            "width": 48,
            "head_width": 16,
            "patch_size": 8,
        },
        "text_cfg": {
            "context_length": 24,
            "vocab_size": len(vocabulary),
            "hf_tokenizer_name": "own",
            "width": 32,
            "heads": 2,
            "layers": 2,
            "pool_type": "eos",
            "eos_id": vocabulary["[SEP]"],
        },
    }
    preprocess = {
        "mean": [0.5] * 3,
        "std": [0.25] * 3,
        "interpolation": "bilinear",
        "resize_mode": "longest",
        "fill_color": 7,
    }
    write_config(folder, model_cfg, preprocess)
    write_bert_tokenizer(folder, context_length=24, kind="PreTrainedTokenizerFast")
    (folder / "words.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    save(folder, random_state(model_cfg, seed), weights)
    return folder


# A model folder of every kind in open_clip's layout, small.
BUILDERS: dict[str, Callable[[Path], Path]] = {
    "biomedclip": build_biomedclip_folder,
    "biomedclip, old keys": lambda folder: build_biomedclip_folder(
        folder, keys="old", weights="safetensors"
    ),
    "clip-vit": build_clip_vit_folder,
    "clip-resnet": build_resnet_folder,
    "siglip": build_siglip_folder,
    "siglip2": build_siglip2_folder,
    "mobileclip2": build_mobileclip2_folder,
    "quiltnet-pmb": build_quiltnet_pmb_folder,
    "coca": build_coca_folder,
    "own vocabulary": build_own_vocabulary_folder,
}
# The same in the layout of transformers' own classes.
TRANSFORMERS_BUILDERS: dict[str, Callable[[Path], Path]] = {
    "pubmedclip": build_pubmedclip_folder,
    "tinyclip": build_tinyclip_folder,
    "medsiglip": build_medsiglip_folder,
    "google-siglip2": build_google_siglip2_folder,
}
